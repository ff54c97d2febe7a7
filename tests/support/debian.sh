#!/usr/bin/env bash
# Gets a program for the tests from Debian's packages, where it is missing:
#   debian.sh install COMMAND PACKAGE
#   debian.sh unpack COMMAND PACKAGE FOLDER   only unpacks it, for a package whose installation would start a server
set -euo pipefail

fail() {
  echo "$command is missing: $1. Install it; in Debian it is in the package $package." >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing it takes root, and there is no sudo"
  fi
}

# A fresh machine knows no packages yet, or versions that have been replaced since.
knowing() {
  "$@" && return
  as_root apt-get update -qq
  "$@"
}

install() {
  command -v "$command" >/dev/null && return
  command -v apt-get >/dev/null || fail "this is no Debian"
  echo "Installing Debian's package $package, for the command $command."
  knowing as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq --yes --no-install-recommends "$package" >/dev/null
}

unpack() {
  local folder=$1 scratch
  command -v "$command" >/dev/null && return
  [[ -x $folder/usr/bin/$command ]] && return
  command -v apt-get >/dev/null || fail "this is no Debian"
  echo "Unpacking Debian's package $package into $folder, for the command $command."
  mkdir -p "$folder"
  scratch=$(mktemp -d "$folder/download.XXXXXX")
  # The user that downloads has no business in the folders above.
  (cd "$scratch" && knowing apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$package")
  dpkg-deb --extract "$scratch"/*.deb "$folder"
  rm -r "$scratch"
}

command=${2:?} package=${3:?}
case $1 in
  install) install ;;
  unpack) unpack "${4:?}" ;;
  *) echo "debian.sh knows no $1" >&2; exit 2 ;;
esac
