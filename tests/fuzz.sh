#!/usr/bin/env bash
# fuzz.sh SECONDS: fuzzes the path builder and the bearer parser, so long each. Starts from fuzz/seeds and what earlier runs found.
# Without a sanitizer, so that the stable compiler will do: no code of ours is unsafe, and what is looked for are wrong answers.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
SECONDS_EACH=$1
CARGO_FUZZ=0.13.2
TOOL=$CACHE/cargo-fuzz-$CARGO_FUZZ/bin/cargo-fuzz
if [ ! -x "$TOOL" ]; then
  command -v c++ >/dev/null || {
    say "installing the Debian package g++"
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends g++ >/dev/null
  }
  progress "cargo-fuzz" cargo install --quiet --locked --root "$CACHE/cargo-fuzz-$CARGO_FUZZ" "cargo-fuzz@$CARGO_FUZZ"
fi
cd "$CHECKOUT/fuzz"
export CARGO_TARGET_DIR=$CACHE/fuzz-target
progress "the fuzz targets" "$TOOL" build --sanitizer none
for target in api_path bearer; do
  mkdir -p "corpus/$target"
  log=$CACHE/log/fuzz-$target.log
  if ! "$TOOL" run --sanitizer none "$target" "corpus/$target" "seeds/$target" -- -max_total_time="$SECONDS_EACH" -max_len=400 >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "$target: the input that breaks it is in fuzz/artifacts/$target"
  fi
  say "$target: $(grep '^Done ' "$log"), $(grep -oE 'cov: [0-9]+' "$log" | tail -n 1) edges, nothing found"
done
