#!/usr/bin/env bash
# inside.sh ARCHIVES: the test itself, on a machine that has no network but its own and ends with this script.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../testbed/env.sh"
ip link set lo up
mount -t tmpfs tmpfs /run
passed() { echo "ok  $*"; PASSED=$((${PASSED:-0} + 1)); }

while read -r archive; do podman load -q -i "$archive"; done <"$1" >/dev/null
image() { podman images --format '{{.Repository}}:{{.Tag}}' | grep "/$1:"; }
AURORA_MCP_IMAGE=$(image aurora-mcp) AURORA_API_IMAGE=$(image aurora-api) AURORA_TABLES=$TESTBED/aurora
export AURORA_MCP_IMAGE AURORA_API_IMAGE AURORA_TABLES
compose() { podman-compose --env-file "$HERE/aurora.env" -f "$@"; }
gateway() { compose "$CHECKOUT/deploy/compose/compose.yaml" "$@"; }
sql() { podman exec -i aurora-postgres psql -qAtX -h /tmp -U aurora -d aurora -v ON_ERROR_STOP=1; }
status_of() { # HTTP status of a tools/list with this token
  curl -s -m 10 -o /dev/null -w '%{http_code}' "${2:-http}://127.0.0.1:8811/mcp" -k -H "Authorization: Bearer $1" -H 'MCP-Protocol-Version: 2025-11-25' \
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
}

compose "$HERE/aurora.yaml" up -d >/run/aurora.log 2>&1 || { cat /run/aurora.log; die "Aurora's services did not start"; }
until_ok 60 "Aurora's tables" sql <<<"SELECT count(*) FROM mcp_tokens"

! podman-compose -f "$CHECKOUT/deploy/compose/compose.yaml" config >/run/unset.log 2>&1 || die "compose.yaml accepts a missing password"
grep -q "pass Aurora's file of variables" /run/unset.log || { cat /run/unset.log; die "the missing variable is not explained"; }
passed "without Aurora's variables it says which file to pass"

gateway up -d >/run/gateway.log 2>&1 || { cat /run/gateway.log; die "the gateway did not start"; }
until_ok 30 "the gateway" curl -fsS -m 2 http://127.0.0.1:8811/readyz
passed "the gateway is ready, as uid $(podman inspect -f '{{.Config.User}}' aurora-mcp-gateway)"

missing_said() { podman logs aurora-mcp-gateway 2>&1 | grep -q 'changes of tokens are not announced'; }
until_ok 10 "a word on what is missing" missing_said
passed "it says what is missing without the operator"

[ "$(status_of aurora_mcp_wrong)" = 401 ] || die "a wrong token was not refused"
passed "a wrong token is refused"

# As Aurora's own page makes one: in clear, with the organisation set for row-level security.
TOKEN=aurora_mcp_$(head -c 48 /dev/urandom | base64 -w0 | tr '+/' '-_')
sql >/dev/null <<S
BEGIN;
SELECT set_config('myapp.current_org_id', 'a1fa0000-0000-4000-8000-00000000000a', true);
INSERT INTO mcp_tokens (token, user_id, org_id, name)
VALUES ('$TOKEN', '0a11ce00-0000-4000-8000-000000000001', 'a1fa0000-0000-4000-8000-00000000000a', 'my laptop');
COMMIT;
S
"$PYTHON_SDK" "$HERE/call.py" http://127.0.0.1:8811/mcp "$TOKEN" || { podman logs aurora-mcp-gateway; die "the call failed"; }
passed "a token in clear works, with the official Python SDK"

certificate() { # as a renewal puts it there: for 127.0.0.1, readable for the gateway's user alone
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj "/CN=$1" -addext subjectAltName=IP:127.0.0.1 -addext keyUsage=digitalSignature,keyCertSign \
    -keyout /run/certificates/tls.key -out /run/certificates/tls.crt 2>/dev/null
  chown 65532:65532 /run/certificates/tls.*
}
https() { curl -fsS -m 2 --cacert /run/certificates/tls.crt https://127.0.0.1:8811/readyz; }
mkdir /run/certificates
certificate first
gateway down >/run/down.log 2>&1 || { cat /run/down.log; die "the gateway did not stop"; }
MCP_CERTIFICATES=/run/certificates MCP_TLS_CERT=/certificates/tls.crt MCP_TLS_KEY=/certificates/tls.key gateway up -d >/run/gateway.log 2>&1 ||
  { cat /run/gateway.log; die "the gateway did not start with TLS"; }
until_ok 30 "the gateway over TLS" https
SSL_CERT_FILE=/run/certificates/tls.crt "$PYTHON_SDK" "$HERE/call.py" https://127.0.0.1:8811/mcp "$TOKEN" || { podman logs aurora-mcp-gateway; die "the call over TLS failed"; }
passed "with a certificate of its own it speaks TLS"
curl -s -m 10 http://127.0.0.1:8811/mcp | grep -q https_needed || die "plain HTTP is not told to write https"
passed "plain HTTP is told to write https"
certificate second
until_ok 30 "the renewed certificate" https
passed "a renewed certificate is served without a restart"

sql <<<"SET myapp.mcp_token_resolve = 'true'; UPDATE mcp_tokens SET status = 'revoked' WHERE token = '$TOKEN'" >/dev/null
refused() { [ "$(status_of "$TOKEN" https)" = 401 ]; }
until_ok 15 "the end of a revoked token" refused
passed "revoked in Aurora, it stops working without an operator"

gateway down >/run/down.log 2>&1 || { cat /run/down.log; die "the gateway did not stop"; }
passed "it stops, and leaves Aurora's services running: $(podman ps --format '{{.Names}}' | sort | paste -sd ' ')"
podman rm -fa -t 1 >/dev/null 2>&1
echo "test result: ok. $PASSED passed; 0 failed (deploy/compose)"
