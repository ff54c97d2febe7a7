#!/usr/bin/env bash
# Makes an OCI archive of the program: image.sh PROGRAM ARCHIVE. IMAGE_TOOL names docker, podman or buildah; otherwise the
# first of them that works is taken, which image.sh --tool tells.
set -euo pipefail

# A client of Docker is of no use without its engine.
works() {
  case $1 in
    docker) docker info ;;
    podman) podman info ;;
    buildah) buildah --version ;;
    *) false ;;
  esac >/dev/null 2>&1
}

choose() {
  local tool
  for tool in ${IMAGE_TOOL:-docker podman buildah}; do
    if works "$tool"; then
      echo "$tool"
      return
    fi
  done
  echo "No image can be made: of ${IMAGE_TOOL:-docker, with a running engine, podman and buildah} none works here." \
    "Debian's buildah needs no engine: apt-get install buildah" >&2
  exit 1
}

if [[ ${1:-} == --tool ]]; then
  choose
  exit
fi
(($# == 2)) || { echo "usage: image.sh PROGRAM ARCHIVE" >&2; exit 2; }
program=$1
archive=$(realpath -m "$2")
dockerfile=$(realpath "$(dirname "$0")/Dockerfile")
work=$(dirname "$archive")/work
tool=$(choose)
version=$("$program" --version | cut -d ' ' -f 2)
revision=$(git -C "$(dirname "$dockerfile")" rev-parse HEAD 2>/dev/null || echo unknown)
name=clusterwright:$version
build=(--file "$dockerfile" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --tag "$name" "$work/context")

# What was there before cannot be told from what is made now.
rm -rf "$work" "$archive"
mkdir -p "$work/context"
cp "$program" "$work/context/clusterwright"
echo "Making $archive with $tool"
case $tool in
  docker)
    docker build --quiet "${build[@]}" >/dev/null
    docker save --output "$archive" "$name"
    if ! tar --list --file "$archive" oci-layout >/dev/null 2>&1; then
      echo "$archive is no OCI archive: that takes Docker 25 or newer, podman or buildah." >&2
      exit 1
    fi
    ;;
  podman)
    podman build --quiet --format oci "${build[@]}" >/dev/null
    podman save --quiet --format oci-archive --output "$archive" "$name"
    ;;
  buildah)
    # A store of its own, and drivers that need neither an engine nor privileges.
    store=(--root "$work/store" --runroot "$work/run" --storage-driver vfs)
    buildah "${store[@]}" build --quiet --isolation chroot --format oci "${build[@]}" >/dev/null
    buildah "${store[@]}" push --quiet "$name" "oci-archive:$archive:$name"
    ;;
esac
rm -rf "$work"
