#!/usr/bin/env bash
# How cost grows with the size of a scenario, for every peer, as markdown and as lines.
#
#   ./growth.sh [--quick] [--rounds N] [--divisor N] [--peers "chango go …"] [--keep FILE] [--plot DIR] [AXIS…]
#
# Axes: goroutines (100 to a million), ends (2 to 64 senders and receivers of a channel), arms (of a select,
# 1 to 64), message (8 bytes to 4 KiB, by value), workers (1 to as many as there are processors) and connections
# (10 to 10,000). --quick is one round at a fiftieth of the operations, up to 100,000 goroutines and 1,000
# connections; without it three rounds at full size, some hours. Each size is one interleaved run of run.sh or
# net.sh, whose options these are.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=common.sh
source common.sh

rounds=3 divisor=1 seconds=2 most=1000000 connections=10000 peers='' keep='' plot='' axes=()
while (($#)); do
    case $1 in
        --quick) rounds=1 divisor=50 seconds=1 most=100000 connections=1000 ;;
        --rounds) rounds=$2; shift ;;
        --divisor) divisor=$2; shift ;;
        --peers) peers=$2; shift ;;
        --keep) keep=$2; shift ;;
        --plot) plot=$2; shift ;;
        -*) usage ;;
        *) axes+=("$1") ;;
    esac
    shift
done
((${#axes[@]})) || axes=(goroutines ends arms message workers connections)
processors=$(getconf _NPROCESSORS_ONLN)
workers=$((processors < 2 ? processors : 2))

build
results=$(mktemp) one=$(mktemp)
trap 'rm -f "$results" "$one"' EXIT
chosen=()
[[ -z $peers ]] || chosen=(--peers "$peers")

# Runs one size, and adds its measurements under the name of the axis.
point() { # AXIS SIZE SCRIPT ARGUMENT…
    echo "$1: $2" >&2
    "./$3" --rounds "$rounds" "${chosen[@]}" --keep "$one" "${@:4}" > /dev/null
    # Arms, bytes and connections are counted in the scenario's name.
    awk -v axis="$1" -v size="$2" '{
        if (axis == "arms" || axis == "message" || axis == "connections") sub(/_[0-9]+$/, "", $2)
        $2 = axis ":" $2
        $3 = size
        print
    }' "$one" >> "$results"
}

runs() { # AXIS SIZE ARGUMENT…
    point "$1" "$2" run.sh --divisor "$divisor" --workers "$workers" "${@:3}"
}

for axis in "${axes[@]}"; do
    case $axis in
        goroutines) for ((n = 100; n <= most; n *= 10)); do
            runs "$axis" "$n" --size "$n" yield spawn_join ring_1 parked
        done ;;
        ends) for n in 2 4 8 16 32 64; do
            runs "$axis" "$n" --size "$n" mpsc_128 mpmc_128
        done ;;
        arms) for n in 1 2 4 8 16 32 64; do
            runs "$axis" "$n" "select_$n"
        done ;;
        message) for n in 8 64 256 1024 4096; do
            runs "$axis" "$n" "spsc_message_$n" "mpmc_message_$n"
        done ;;
        workers) for ((n = 1; n <= processors; n *= 2)); do
            runs "$axis" "$n" --workers "$n" yield spawn_detached pingpong_1 spsc_128 mpmc_128 select_4 skynet
        done ;;
        connections) for ((n = 10; n <= connections; n *= 10)); do
            point "$axis" "$n" net.sh --seconds "$seconds" --workers "$workers" "echo_$n"
        done ;;
        *) echo "no axis is called $axis" >&2; exit 2 ;;
    esac
done

[[ -z $keep ]] || cp "$results" "$keep"
echo "$(header); operations divided by $divisor, medians of $rounds rounds"
awk -v peers="$(awk '!seen[$4]++ { printf "%s ", $4 }' "$results")" -v second=size -f table.awk "$results"
[[ -z $plot ]] || python3 plot.py lines "$results" "$plot"
