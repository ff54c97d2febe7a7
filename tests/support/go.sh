# For the scripts that build test-only programs from Go modules: sourced, not run.

need_go() {
  command -v go >/dev/null && return
  echo "Go is missing: it builds $1. Install it from https://go.dev/dl" >&2
  exit 1
}

# go_build OUTPUT PACKAGES ARGUMENT...: runs `go build` in the current folder. PACKAGES is about how many there are to
# compile, Go's own included: `go list -deps … | wc -l`.
go_build() {
  local output=$1 packages=$2
  shift 2
  # Moved into place when it is whole, so that an interrupted build is not taken for a finished one.
  CGO_ENABLED=0 go build -v -trimpath -o "$output.new" "$@" 2>&1 | progress "$packages"
  mv "$output.new" "$output"
}

# Reads what `go build -v` says: downloads and packages are counted, everything else is passed on.
progress() {
  local packages=$1 line read_status compiled=0 downloaded=0 told=0
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
