#!/usr/bin/env bash
# Measures what an operator takes, for the chart's resources: footprint.sh [CLUSTERS], after `make image controlplane`.
# It prints the memory and the processor time while CLUSTERS databases of the simulator are created, and over a minute of rest.
set -euo pipefail
cd "$(dirname "$0")/../.."

count=${1:-100}
program=target/x86_64-unknown-linux-musl/container/clusterwright
controlplane=target/controlplane/controlplane
work=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

# The first line of a program's output, which ends when it is ready.
first_line() {
  until [[ -s $1 ]]; do sleep 0.2; done
  head -n 1 "$1"
}

usage() {
  local ticks
  ticks=$(awk '{print $14 + $15}' "/proc/$operator/stat")
  echo "$1: $(awk '/VmRSS|VmHWM/ {printf "%s %d MiB, ", $1, $2 / 1024}' "/proc/$operator/status")$((ticks * 1000 / $(getconf CLK_TCK))) ms of processor time so far"
}

mkfifo "$work/end"
"$controlplane" up <"$work/end" >"$work/ready" &
pids+=($!)
exec 3>"$work/end"
"$program" simulate --listen 127.0.0.1:0 --speed 60 >"$work/simulator" 2>/dev/null &
pids+=($!)
KUBECONFIG=$(first_line "$work/ready")
export KUBECONFIG=${KUBECONFIG#ready }
url=$(first_line "$work/simulator")
url=${url#listening on }
kubectl() { "$controlplane" kubectl "$@"; }

kubectl apply --filename deploy/helm/clusterwright/files/crds >/dev/null
kubectl create namespace clusterwright-system >/dev/null
sed "s|http://127.0.0.1:8090|$url|" deploy/samples/typedb/account.yaml | kubectl apply --filename - >/dev/null
"$program" run --listen 127.0.0.1:0 --insecure-endpoints --allowed-endpoints "$url" 2>"$work/log" &
operator=$!
pids+=("$operator")
sleep 5
usage "with nothing to do"
for ((number = 1; number <= count; number++)); do
  printf -- '---\n'
  sed "s/^  name: orders/&-$number/" deploy/samples/typedb/paid-cluster.yaml
done | kubectl apply --filename - >/dev/null
kubectl wait typedbclusters --all --for=condition=Ready --timeout=20m >/dev/null
usage "$count databases created"
sleep 60
usage "a minute of rest later"
