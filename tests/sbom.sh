#!/usr/bin/env bash
# sbom.sh CARGO-CYCLONEDX: what operator, gateway and plugin are made of, into sbom/; the same source gives the same files.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
cd "$CHECKOUT"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

mkdir -p sbom
made() { find . -name '*.cdx.json' -not -path './sbom/*' -not -path './target/*'; }
trap 'made | xargs -r rm -f' EXIT
"$1" cyclonedx --quiet --format json --all --describe crate --target x86_64-unknown-linux-gnu
for program in operator gateway kubectl-aurora-mcp; do
  name=$(basename "$(find "$program" -maxdepth 1 -name '*.cdx.json')")
  cp "$program/$name" "sbom/$name"
  components=$(jq '.components | length' "sbom/$name")
  [ "$components" -gt 50 ] || die "sbom/$name names $components components only"
  # Each must be the very version that Cargo.lock builds.
  jq -r '.components[] | "\(.name) \(.version)"' "sbom/$name" | sort -u >"sbom/.listed"
  awk -F '"' '/^name = /{n=$2} /^version = /{print n, $2}' Cargo.lock | sort -u | comm -23 sbom/.listed - >sbom/.foreign
  [ ! -s sbom/.foreign ] || die "sbom/$name names what Cargo.lock doesn't: $(head -n 3 sbom/.foreign)"
  rm sbom/.listed sbom/.foreign
  echo "sbom/$name: $components components"
done
