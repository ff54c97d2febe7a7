#!/usr/bin/env bash
# Builds the control plane: build.sh OUTPUT. Compiling Kubernetes takes minutes, so it says how far it is.
# build.sh --vet checks the code of our own instead.
set -euo pipefail
source "$(dirname "$0")/../support/go.sh"

readonly package_count=2700

build() {
  local output=$1 version=v1.36.3
  local component=k8s.io/component-base/version
  local names="-X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=36"
  mkdir -p "$(dirname "$output")"
  output=$(realpath "$output")
  cd "$(dirname "$0")"
  echo "Building the control plane: Kubernetes $version and etcd from source. The first time this takes about ten minutes."
  go_build "$output" "$package_count" -ldflags "-s -w $names" .
}

vet() {
  cd "$(dirname "$0")"
  local unformatted
  unformatted=$(gofmt -l .)
  if [[ -n $unformatted ]]; then
    echo "gofmt would change: $unformatted" >&2
    exit 1
  fi
  go vet ./supervisor
}

need_go "the Kubernetes control plane for tests and demo"
case ${1:-} in
  --vet) vet ;;
  "") echo "usage: build.sh OUTPUT" >&2; exit 2 ;;
  *) build "$1" ;;
esac
