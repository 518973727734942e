#!/usr/bin/env bash
# images.sh cluster | data | services | product | expose: makes the images without a registry, once for the same inputs, and prints their archives.
set -euo pipefail
. "$(dirname "$0")/env.sh"
mkdir -p "$IMAGES"
WORK=$(mktemp -d)
FAILING=
trap '[ -z "$FAILING" ] || { tail -n 20 "$WORK/$FAILING.log"; printf "error: the image %s could not be made\n" "$FAILING"; } >&2; rm -rf "$WORK"' EXIT

# image NAME TAG KEY FILL -- FLAG…: the archive of an image; FILL puts the files into the directory it is given.
image() {
  local name=$1 tag=$2 key=$3 fill=$4 archive
  shift 5
  archive=$IMAGES/$name-$(printf '%s' "$key" "$(cat "$TESTBED/images/pack-oci.py")" "$(declare -f "$fill")" "$*" | sha256sum | cut -c1-16).tar
  if [ ! -f "$archive" ]; then
    say "making the image $name"
    mkdir -p "$WORK/$name"
    FAILING=$name
    "$fill" "$WORK/$name" >"$WORK/$name.log" 2>&1
    FAILING=
    rm -f "$IMAGES/$name"-*.tar
    python3 "$TESTBED/images/pack-oci.py" "$archive" "$REGISTRY/$name:$tag" "$WORK/$name" "$@"
    rm -rf "${WORK:?}/$name"
  fi
  echo "$archive"
}

hash_of() { cat "$@" | sha256sum | cut -c1-12; }

# debootstrap ROOT PACKAGE…: files of Debian packages, without documentation, translations and what only the package manager needs.
debootstrap() {
  local root=$1
  shift
  mmdebstrap --quiet --variant=extract --include="$(IFS=,; echo "$*")" bookworm "$root"
  (cd "$root" && rm -rf usr/share/{doc,man,locale,info,lintian,zoneinfo/right} var/lib/dpkg var/cache usr/lib/llvm* usr/lib/x86_64-linux-gnu/{libLLVM*,perl,gconv} \
    usr/lib/postgresql/15/lib/bitcode usr/share/perl* dev/*)
  printf 'root:x:0:0::/root:/bin/sh\nservice:x:999:999::/tmp:/bin/sh\nnonroot:x:65532:65532::/tmp:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nservice:x:999:\nnonroot:x:65532:\n' >"$root/etc/group"
}

fill_pause() { gcc -Os -static -s -o "$1/pause" "$TESTBED/images/pause.c"; }
fill_coredns() { cp "$BIN/coredns" "$1/coredns"; }
fill_weaviate() { cp "$BIN/weaviate" "$1/weaviate"; mkdir -m 1777 "$1/tmp"; }
fill_postgres() { debootstrap "$1" postgresql-15 bash dash coreutils; }
fill_redis() { debootstrap "$1" redis-server; }
# Celery, redis-py and kombu in Aurora's versions; async-timeout is what redis-py needs on Debian's Python 3.11.2.
fill_celery() {
  debootstrap "$1" python3-minimal libpython3-stdlib
  python3 -m pip install -q --no-compile --only-binary=:all: --target "$1/app" celery==5.3.6 redis==5.0.1 async-timeout 'kombu<5.7'
  cp "$TESTBED/images/celery/celery_config.py" "$1/app/"
}

# For the tests of deploy/oauth2-proxy.
fill_traefik() { cp "$BIN/traefik" "$1/traefik"; mkdir -m 1777 "$1/tmp"; }
fill_oauth2_proxy() { cp "$BIN/oauth2-proxy" "$1/oauth2-proxy"; }
fill_nginx() { debootstrap "$1" nginx; }
OIDC=$CHECKOUT/tests/expose/oidc
fill_oidc_provider() {
  debootstrap "$1" libstdc++6
  mkdir "$1/app"
  cp "$OIDC"/package*.json "$1/app/"
  npm ci --prefix "$1/app" --ignore-scripts --no-audit --no-fund
}

ROOTFS=$CHECKOUT/deploy/image/rootfs.sh # as in the Containerfile
fill_product() { "$ROOTFS" "$1" "$TARGET"/aurora-mcp-{operator,gateway}; }
fill_aurora_api() { "$ROOTFS" "$1" "$TARGET/aurora-api-stand-in"; }

case ${1:-} in
  cluster)
    image pause 1 "$(cat "$TESTBED/images/pause.c")" fill_pause -- --entrypoint /pause --user 65535:65535
    image coredns 1 "$(hash_of "$BIN/coredns")" fill_coredns -- --entrypoint /coredns
    ;;
  data | services)
    image redis 7 "" fill_redis -- --user 999:999
    image postgres 15 "" fill_postgres -- --user 999:999 --env PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin
    [ "$1" = services ] || exit 0
    image weaviate 1 "$(hash_of "$BIN/weaviate")" fill_weaviate -- --entrypoint /weaviate
    image celery 5.3.6 "$(cat "$TESTBED/images/celery/celery_config.py")" fill_celery -- --env PYTHONPATH=/app --env PYTHONDONTWRITEBYTECODE=1
    ;;
  product)
    TARGET=${CARGO_TARGET_DIR:-$CHECKOUT/target}/$PROFILE
    product=$(hash_of "$ROOTFS" "$TARGET"/aurora-mcp-{operator,gateway})
    image aurora-mcp "$product" "$product" fill_product --
    stand_in=$(hash_of "$ROOTFS" "$TARGET/aurora-api-stand-in")
    image aurora-api "$stand_in" "$stand_in" fill_aurora_api -- --entrypoint /usr/local/bin/aurora-api-stand-in
    ;;
  expose)
    image oauth2-proxy 7.15.2 "$(hash_of "$BIN/oauth2-proxy")" fill_oauth2_proxy -- --entrypoint /oauth2-proxy
    image nginx 1.22 "" fill_nginx -- --env PATH=/usr/sbin:/usr/bin:/bin
    image oidc-provider 9.13.3 "$(cat "$OIDC/package-lock.json")" fill_oidc_provider --
    image traefik 3.5.3 "$(hash_of "$BIN/traefik")" fill_traefik -- --entrypoint /traefik
    ;;
  *) die "usage: images.sh cluster|data|services|product|expose" ;;
esac
