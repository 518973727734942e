#!/usr/bin/env bash
# needs.sh: what `make check` needs of a bare machine: Rust with rustfmt and clippy, and a C linker.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
cd "$CHECKOUT"
command -v cargo >/dev/null || {
  [ ! -x "$HOME/.cargo/bin/cargo" ] || die "Rust is in $HOME/.cargo/bin, which is not in PATH yet: . \"\$HOME/.cargo/env\""
  die "Rust is missing: install it from https://rustup.rs, then run this again"
}
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | cut -d ' ' -f 2)
[ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] || die "Rust $wanted or newer is needed, this is $found: rustup update stable"
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
