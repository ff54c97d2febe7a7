# Everything that is built, tested and tried here; `make` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CONTROLPLANE := target/controlplane/controlplane
CONTROLPLANE_SOURCES := tests/controlplane/build.sh tests/controlplane/go.mod tests/controlplane/go.sum \
	$(wildcard tests/controlplane/*.go tests/controlplane/supervisor/*.go)

# The demo: CLUSTER=current takes the kubeconfig's current context instead of a control plane of its own,
# ONCE=1 ends when everything is ready.
CLUSTER ?=
ONCE ?=
demo_flags := $(if $(CLUSTER),--cluster $(CLUSTER)) $(if $(filter-out 0 no false,$(ONCE)),--once)

.PHONY: help
help: ## List the targets
	@echo "make TARGET, where TARGET is one of"
	@sed -nE 's/^([a-z]+):.*## (.*)/  \1\t\2/p' Makefile | expand -t 16

.PHONY: demo
demo: build $(if $(CLUSTER),,controlplane) ## Try it without a cloud account (CLUSTER=current, ONCE=1)
	@cargo run --locked --quiet -- demo $(demo_flags)

.PHONY: build
build: | needs-cargo ## Build clusterwright
	@cargo build --locked

.PHONY: controlplane
controlplane: $(CONTROLPLANE) ## Build the Kubernetes control plane for tests and demo

$(CONTROLPLANE): $(CONTROLPLANE_SOURCES)
	@tests/controlplane/build.sh $@

.PHONY: crds
crds: build ## Write the definitions in crds/ and their reference in docs/ anew
	@cargo run --locked --quiet -- crds --output crds
	@cargo run --locked --quiet -- crds --markdown > docs/reference.md

.PHONY: lint
lint: | needs-cargo ## Check the format and everything that clippy and go vet know
	@if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then \
		rustup component add rustfmt clippy || true; \
	fi
	@if cargo fmt --version >/dev/null 2>&1; then cargo fmt --check; \
	else echo "The format is not checked: rustfmt is missing, and cannot be added with rustup."; fi
	@if cargo clippy --version >/dev/null 2>&1; then cargo clippy --locked --all-targets -- -D warnings; \
	else echo "Clippy's lints are skipped: clippy is missing, and cannot be added with rustup."; fi
	@tests/controlplane/build.sh --vet

.PHONY: test
test: controlplane | needs-cargo ## Run all tests
	cargo test --locked
	cd tests/controlplane && go test ./supervisor

.PHONY: needs-cargo
needs-cargo:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
