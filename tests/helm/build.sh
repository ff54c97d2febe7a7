#!/usr/bin/env bash
# Builds Helm from its Go module: build.sh OUTPUT.
set -euo pipefail
source "$(dirname "$0")/../support/go.sh"

readonly package_count=1200
readonly command=helm.sh/helm/v4/cmd/helm

need_go "Helm, with which the chart is tested"
output=${1:?usage: build.sh OUTPUT}
mkdir -p "$(dirname "$output")"
output=$(realpath "$output")
cd "$(dirname "$0")"
version=$(go list -m -f '{{.Version}}' helm.sh/helm/v4)
echo "Building Helm $version from source. The first time this takes some minutes."
go_build "$output" "$package_count" -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" "$command"
