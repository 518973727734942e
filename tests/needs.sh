#!/usr/bin/env bash
# needs.sh: what `make check` needs of a bare machine: Rust with rustfmt and clippy, and a C linker.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
command -v cargo >/dev/null || die "Rust is missing: install it from https://rustup.rs, then run this again"
for component in fmt clippy; do
  cargo "$component" --version >/dev/null 2>&1 && continue
  name=${component/fmt/rustfmt}
  command -v rustup >/dev/null || die "$name is missing, and there is no rustup to add it"
  say "adding $name to Rust"
  rustup component add "$name"
done
command -v cc >/dev/null || {
  command -v apt-get >/dev/null || die "a C compiler is missing: install gcc or clang"
  [ "$(id -u)" = 0 ] || die "a C compiler is missing: sudo apt-get install gcc libc6-dev"
  say "installing Debian packages: gcc libc6-dev"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends gcc libc6-dev >/dev/null
}
