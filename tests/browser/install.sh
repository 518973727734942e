#!/usr/bin/env bash
# install.sh: installs Chromium, and selenium into the cache; prints where its Python is.
set -euo pipefail
. "$(dirname "$0")/../testbed/env.sh"
missing=()
for package in chromium chromium-driver; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  say "installing Debian packages: ${missing[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi
python3 -m venv "$CACHE/browser"
"$CACHE/browser/bin/pip" install -q -r "$CHECKOUT/tests/browser/requirements.txt"
echo "$CACHE/browser/bin/python"
