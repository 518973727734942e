#!/usr/bin/env bash
# install.sh: installs the programs from npm into the cache, once for each lock file, and prints where.
set -euo pipefail
. "$(dirname "$0")/../testbed/env.sh"
LOCK=$CHECKOUT/tests/npm/package-lock.json
NPM=$CACHE/npm
key=$(sha256sum <"$LOCK" | cut -c1-64)
if [ "$(cat "$NPM/.stamp" 2>/dev/null)" != "$key" ]; then
  command -v npm >/dev/null || {
    say "installing the Debian package npm"
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends npm >/dev/null
  }
  mkdir -p "$NPM"
  cp "$CHECKOUT/tests/npm/package.json" "$LOCK" "$NPM/"
  # Nothing of them needs a script of its own at installation.
  progress "programs from npm" npm ci --prefix "$NPM" --ignore-scripts --no-audit --no-fund
  echo "$key" >"$NPM/.stamp"
fi
echo "$NPM"
