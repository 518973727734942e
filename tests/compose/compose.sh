#!/usr/bin/env bash
# compose.sh: deploy/compose beside a cut-down Aurora, for real and in namespaces of its own; nothing is left when it ends.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../testbed/env.sh"
cd "$CHECKOUT"
[ "$(id -u)" = 0 ] || die "containers in namespaces of their own need root"

missing=()
for entry in podman:podman runc:runc conmon:conmon iptables:iptables mmdebstrap:mmdebstrap jq:jq curl:curl openssl:openssl ip:iproute2 \
  /usr/lib/podman/netavark:netavark /usr/lib/podman/aardvark-dns:aardvark-dns; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  say "installing Debian packages: ${missing[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi

PYTHON_SDK=$(tests/clients/python/install.sh 2)
export PYTHON_SDK
build_programs
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
{ tests/testbed/images.sh data; tests/testbed/images.sh product; } >"$WORK/archives"
cat >"$WORK/containers.conf" <<'C'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
C
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "/run/storage"\n' "$WORK" >"$WORK/storage.conf"

say "deploy/compose beside Aurora's services"
CONTAINERS_CONF=$WORK/containers.conf CONTAINERS_STORAGE_CONF=$WORK/storage.conf \
  timeout --kill-after=10 300 unshare --mount --net --pid --uts --ipc --fork --kill-child --mount-proc "$HERE/inside.sh" "$WORK/archives"
