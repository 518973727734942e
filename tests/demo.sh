#!/usr/bin/env bash
# demo.sh [down]: the whole way that a user takes, on a real cluster, left running at the end.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
[ "${CLUSTER:-testbed}" = existing ] || export KUBECONFIG=$RUN/kubeconfig
cd "$CHECKOUT"
PORT=${MCP_PORT:-8811}

FORWARD=$STATE.port-forward # process group and port of the port-forward; one per machine, as the test bed is

forwarded_port() { # the port, if it is kept
  local group port
  [ -f "$FORWARD" ] && read -r group port <"$FORWARD" && kill -0 -- "-$group" 2>/dev/null && echo "$port"
}
end_forward() {
  local group
  [ -z "$(forwarded_port)" ] || { read -r group _ <"$FORWARD" && kill -- "-$group"; }
  rm -f "$FORWARD"
}
if [ "${1:-}" = down ]; then
  end_forward
  exit 0
fi

if [ "${CLUSTER:-testbed}" = existing ]; then tests/testbed/testbed aurora; else tests/testbed/testbed up; fi
tests/install.sh

say "kubectl apply: an McpToken for alice@alpha.example"
kubectl apply -f deploy/examples/mcptoken.yaml
until_ok 60 "McpToken alice" kubectl -n aurora-oss wait --for=condition=Ready mcptoken/alice --timeout=1s
kubectl -n aurora-oss get mcptokens

say "kubectl port-forward svc/aurora-oss-mcp $PORT:8811 -n aurora-oss"
answers() { curl -fsS -m 2 "http://127.0.0.1:$PORT/healthz"; }
if [ "$(forwarded_port)" != "$PORT" ] || ! answers >/dev/null 2>&1; then
  end_forward
  # Its port is free a moment later.
  for _ in 1 2 3 4 5; do answers >/dev/null 2>&1 || break; sleep 0.2; done
  ! answers >/dev/null 2>&1 || die "something else already listens on 127.0.0.1:$PORT; end it, or choose another port: make demo MCP_PORT=18811"
  # A port-forward ends with its pod; this one is started again. The inner shell expands $0.
  # shellcheck disable=SC2016
  setsid bash -c 'while :; do kubectl port-forward svc/aurora-oss-mcp "$0:8811" -n aurora-oss; sleep 1; done' "$PORT" \
    >"$RUN/port-forward.log" 2>&1 </dev/null &
  echo "$! $PORT" >"$FORWARD"
fi
until_ok 30 "the gateway through the port-forward" answers

# As the Secret has it, but for the address.
(umask 077 && kubectl -n aurora-oss get secret alice -o 'jsonpath={.data.mcp\.json}' | base64 -d |
  jq --arg url "http://127.0.0.1:$PORT/mcp" '.mcpServers[].url = $url' >"$RUN/mcp.json")

say "calling it with the official Python SDK"
python=$(tests/clients/python/install.sh 2)
"$python" tests/clients/python/demo.py "$RUN/mcp.json"

say "all of it is running; \`make down\` ends it"
printf '\nFor Cursor (~/.cursor/mcp.json) and Claude (.mcp.json), also in %s:\n\n' "$RUN/mcp.json"
cat "$RUN/mcp.json"
if [ "${CLUSTER:-testbed}" != existing ]; then
  cat <<END

To look around, with the helm and kubectl that fit this cluster:

  export KUBECONFIG=$RUN/kubeconfig PATH=$BIN:\$PATH
END
fi
cat <<END

  kubectl get mcptokens -A
  make plugin    # the kubectl plugin; then:
  kubectl aurora-mcp connect -n aurora-oss eddie --client cursor --user eddie@alpha.example --port 18811

Port $PORT of this machine leads to the gateway already: leave out the port-forward and the helm install of the README and the quick start.
END
