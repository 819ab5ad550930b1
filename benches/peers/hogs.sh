#!/usr/bin/env bash
# By how much a ticker is late beside goroutines that do not give way, on every peer, as markdown.
#
#   ./hogs.sh [ROUNDS] [SECONDS]
#
# Rounds are interleaved; each figure is the median of its column. What runs is said in
# src/bin/ticker_hogs.rs. Go as in run.sh: without it its row is left out.
set -euo pipefail
cd "$(dirname "$0")"
rounds=${1:-5} seconds=${2:-3}
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --bin ticker_hogs
peers=(chango tokio smol)
go=$(command -v go || echo "$target/go/bin/go")
if [[ -x $go ]] && "$go" build -C go -o "$(realpath "$target")/release/go-peer" . >&2; then
    peers=(chango go tokio smol)
else
    echo "no Go here (run.sh brings one): its row is left out" >&2
fi

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 1; round <= rounds; round++)); do
    for peer in "${peers[@]}"; do
        case $peer in
            go) late=$("$target/release/go-peer" ticker_hogs "$seconds") ;;
            *) late=$("$target/release/ticker_hogs" "$peer" "$seconds") ;;
        esac
        echo "$peer $late" >> "$results"
    done
done

printf '| ms late | median | p99 | most |\n|---|---:|---:|---:|\n'
for peer in "${peers[@]}"; do
    printf '| %s |' "$peer"
    for column in 2 3 4; do
        awk -v peer="$peer" -v column="$column" '$1 == peer { print $column }' "$results" |
            sort -n | awk '{ all[NR] = $1 } END { printf " %s |", all[int((NR + 1) / 2)] }'
    done
    printf '\n'
done
