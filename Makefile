# Everything that is built, tested and tried here; `make` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CONTROLPLANE := target/controlplane/controlplane
CONTROLPLANE_SOURCES := tests/support/go.sh tests/controlplane/build.sh tests/controlplane/go.mod tests/controlplane/go.sum \
	$(wildcard tests/controlplane/*.go tests/controlplane/supervisor/*.go)
HELM := target/helm/helm
# Most tests wait for other processes most of the time.
TEST_THREADS = $(shell echo $$((2 * $$(nproc))))
MUSL := x86_64-unknown-linux-musl
IMAGE := target/image/clusterwright.tar
# The same from a program that is quicker to build, for the tests.
TRIED_IMAGE := target/image/tried.tar
CHART := deploy/helm/clusterwright

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

.PHONY: helm
helm: $(HELM) ## Build Helm, with which the chart is tested

$(HELM): tests/support/go.sh tests/helm/build.sh tests/helm/go.mod tests/helm/go.sum
	@tests/helm/build.sh $@

.PHONY: crds
crds: build ## Write the definitions anew, in crds/ and in the chart, and their reference in docs/
	@cargo run --locked --quiet -- crds --output crds
	@cp crds/*.yaml $(CHART)/files/crds/
	@cargo run --locked --quiet -- crds --markdown > docs/reference.md

.PHONY: image
image: | needs-cargo needs-image-tools ## Make target/image/clusterwright.tar, an OCI archive of a static program
	$(call image,container,container,$(IMAGE))

.PHONY: tried-image
tried-image: | needs-cargo needs-image-tools
	$(call image,dev,debug,$(TRIED_IMAGE))

# An image from a profile of Cargo's, whose programs lie in a folder of its own.
define image
@rustup target list --installed 2>/dev/null | grep -qx $(MUSL) || rustup target add $(MUSL)
@cargo build --locked --profile $(1) --target $(MUSL) --bin clusterwright
@deploy/image.sh target/$(MUSL)/$(2)/clusterwright $(3)
endef

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
test: controlplane helm tried-image | needs-cargo needs-curl needs-lua needs-prometheus ## Run all tests
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$(TEST_THREADS)} cargo test --locked
	cd tests/controlplane && go test ./supervisor

.PHONY: needs-cargo
needs-cargo:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }

# A command of the README is tried as it stands.
.PHONY: needs-curl
needs-curl:
	@tests/support/debian.sh install curl curl

# Argo CD's health scripts are tried in the language that they are written in.
.PHONY: needs-lua
needs-lua:
	@tests/support/debian.sh install lua5.1 lua5.1

# The rules of the alerts are tried in Prometheus' own tool, and the metrics are scraped by Prometheus itself. It is not
# installed, since that would start a server.
.PHONY: needs-prometheus
needs-prometheus:
	@tests/support/debian.sh unpack prometheus prometheus target/debian

# A C compiler for what the static program has of C, and something that makes images.
.PHONY: needs-image-tools
needs-image-tools:
	@tests/support/debian.sh install musl-gcc musl-tools
	@deploy/image.sh --tool >/dev/null 2>&1 || tests/support/debian.sh install buildah buildah
