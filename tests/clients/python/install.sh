#!/usr/bin/env bash
# install.sh MAJOR: installs a major version of the official Python SDK into the cache and prints where its Python is.
set -euo pipefail
. "$(dirname "$0")/../../testbed/env.sh"
VENV=$CACHE/python-sdk-$1
python3 -m venv "$VENV"
"$VENV/bin/pip" install -q -r "$CHECKOUT/tests/clients/python/requirements-$1.txt"
echo "$VENV/bin/python"
