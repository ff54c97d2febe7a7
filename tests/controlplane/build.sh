#!/usr/bin/env bash
# Builds the control plane: build.sh OUTPUT. Compiling Kubernetes takes minutes, so it says how far it is.
# build.sh --vet checks the code of our own instead.
set -euo pipefail

# About how many packages there are to compile, Go's own included: `go list -deps . | wc -l`.
readonly packages=2700

need_go() {
  command -v go >/dev/null && return
  echo "Go is missing: it builds the Kubernetes control plane for tests and demo. Install it from https://go.dev/dl" >&2
  exit 1
}

# Reads what `go build -v` says: downloads and packages are counted, everything else is passed on.
progress() {
  local line read_status compiled=0 downloaded=0 told=0
  while true; do
    read_status=0
    IFS= read -r -t 1 line || read_status=$?
    if ((read_status == 0)); then
      case $line in
        "go: downloading "*) downloaded=$((downloaded + 1)) ;;
        *" "* | "#"*) printf '%s\n' "$line" ;;
        *) compiled=$((compiled + 1)) ;;
      esac
    elif ((read_status <= 128)); then
      break # the end; above 128 it is the time-out, which keeps the clock going while Go links
    fi
    report
  done
  if [[ -t 1 ]]; then printf '\r\e[K'; fi
}

# In place on a terminal, else a line every 20 seconds.
report() {
  local state="$downloaded modules downloaded, $compiled of about $packages packages compiled, $SECONDS s"
  if [[ -t 1 ]]; then
    printf '\r\e[K  %s' "$state"
  elif ((SECONDS >= told + 20)); then
    printf '  %s\n' "$state"
    told=$SECONDS
  fi
}

build() {
  local output=$1 version=v1.36.3
  local component=k8s.io/component-base/version
  local names="-X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=36"
  mkdir -p "$(dirname "$output")"
  output=$(realpath "$output")
  cd "$(dirname "$0")"
  echo "Building the control plane: Kubernetes $version and etcd from source. The first time this takes about ten minutes."
  # Moved into place when it is whole, so that an interrupted build is not taken for a finished one.
  CGO_ENABLED=0 go build -v -trimpath -ldflags "-s -w $names" -o "$output.new" . 2>&1 | progress
  mv "$output.new" "$output"
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

need_go
case ${1:-} in
  --vet) vet ;;
  "") echo "usage: build.sh OUTPUT" >&2; exit 2 ;;
  *) build "$1" ;;
esac
