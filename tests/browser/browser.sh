#!/usr/bin/env bash
# browser.sh: the connect page of the installed gateway in headless Chromium, through a port-forward and with a token of its own.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../testbed/env.sh"
[ "${CLUSTER:-testbed}" = existing ] || export KUBECONFIG=$RUN/kubeconfig

python=$("$HERE/install.sh")
WORK=$(mktemp -d)
ended() {
  [ -z "${FORWARD:-}" ] || kill "$FORWARD"
  kubectl -n aurora-oss delete mcptoken connect-page --ignore-not-found >/dev/null
  rm -rf "$WORK"
}
trap ended EXIT

sed 's/^  name: .*/  name: connect-page/' "$CHECKOUT/deploy/examples/mcptoken.yaml" | kubectl apply -f - >/dev/null
kubectl -n aurora-oss wait mcptoken/connect-page --for=condition=Ready --timeout=60s >/dev/null
token=$(kubectl -n aurora-oss get secret connect-page -o 'jsonpath={.data.token}' | base64 -d)
kubectl -n aurora-oss port-forward svc/aurora-oss-mcp :8811 >"$WORK/forward" &
FORWARD=$!
port() { sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$WORK/forward"; }
forwarded() { [ -n "$(port)" ]; }
until_ok 30 "the port-forward" forwarded

say "the connect page in Chromium"
timeout 300 "$python" "$HERE/connect_page.py" "http://127.0.0.1:$(port)" "$token" "$@"
