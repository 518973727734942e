#!/usr/bin/env bash
# test.sh: every test there is. Ends with the runners' own summaries; a failing step ends it.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
cd "$CHECKOUT"
SUMMARY=$(mktemp)
# In CI the cluster goes; at a desk it stays for the next run. The runners' own summaries are the last lines.
ended() {
  local status=$?
  [ "${CI:-}" != true ] || make -s down
  cat "$SUMMARY"
  rm -f "$SUMMARY"
  [ "$status" = 0 ] || printf '%smake test failed%s\n' "$RED" "$PLAIN" >&2
}
trap ended EXIT
run_tests() { make -s "$1" 2>&1 | tee >(grep '^test result:' >>"$SUMMARY"); }

say "lints: rustfmt, clippy, cargo-deny, shellcheck, actionlint"
make -s lint deny shellcheck workflows
say "the cluster and its services"
make -s cluster
say "chart"
make -s chart
say "the image and the chart's installation"
make -s install
say "deploy/compose, with podman"
run_tests compose
say "unit tests, and tests against the real services"
run_tests services
say "the path builder and the bearer parser, fuzzed"
make -s fuzz FUZZ_SECONDS=12
say "the operator's life: killed at every step, disturbed, compared with a model"
run_tests lifecycle
say "the official MCP conformance suite"
run_tests conformance
say "real MCP clients: the official SDKs, the inspector, mcp-remote"
run_tests clients
say "end-to-end tests"
run_tests e2e
say "every set of values installed, upgraded, rolled back and uninstalled"
run_tests chart-ci
say "the commands of the documentation"
run_tests docs
say "the connect page in a browser"
run_tests browser
say "deploy/oauth2-proxy: sign-in, tokens, and headers made up"
run_tests expose
say "the dashboard, with a real Prometheus"
make -s dashboard
