#!/usr/bin/env bash
# install.sh: builds the programs and their image from this checkout and installs the chart beside Aurora's services.
# Repeated without a change it does nothing new: the image's tag is the hash of what is in it.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
[ "${CLUSTER:-testbed}" = existing ] || export KUBECONFIG=$RUN/kubeconfig
cd "$CHECKOUT"

say "building the operator, the gateway and the stand-in of the Aurora API"
build_programs
say "making the images and loading them into the cluster"
tests/testbed/testbed load
image=$(cat "$RUN/image")
say "helm upgrade --install aurora-mcp charts/aurora-mcp -n aurora-oss"
helm upgrade --install aurora-mcp charts/aurora-mcp --namespace aurora-oss --wait --timeout 180s \
  --set image.repository="${image%:*}" --set image.tag="${image##*:}" \
  --set operator.databaseSecret=aurora-mcp-operator-db --set gateway.databaseSecret=aurora-mcp-gateway-db \
  --set helmTest.user=alice@alpha.example "$@" >"$RUN/helm.log" 2>&1 || {
  tail -n 20 "$RUN/helm.log" >&2
  kubectl -n aurora-oss get pods >&2
  kubectl -n aurora-oss get events --sort-by=.lastTimestamp | tail -n 15 >&2
  die "the chart did not become ready"
}
