#!/usr/bin/env bash
# chart.sh IMAGE DIGEST DIRECTORY: packs the chart into DIRECTORY so that it installs this very image without a value being set.
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: chart.sh IMAGE DIGEST DIRECTORY" >&2; exit 2; }
image=$1 digest=$2 directory=$3
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r charts/aurora-mcp "$work/"
sed -i -e "s|^  repository: aurora-mcp\$|  repository: $image|" -e "s|^  digest: \"\"|  digest: \"$digest\"|" "$work/aurora-mcp/values.yaml"
images=$(helm template aurora-mcp "$work/aurora-mcp" --namespace aurora-oss --set helmTest.user=you@example.com | sed -n 's/^ *image: //p' | sort -u)
[ "$images" = "$image@$digest" ] || { echo "error: the chart would run: $images" >&2; exit 1; }
helm package "$work/aurora-mcp" --destination "$directory"
