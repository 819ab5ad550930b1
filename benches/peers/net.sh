#!/usr/bin/env bash
# Servers on every peer, in interleaved rounds, as markdown: TCP echo, idle connections, echo beside busy
# channels, and HTTP/1.1.
#
#   ./net.sh [--quick] [--rounds N] [--seconds N] [--workers N] [--peers "chango go …"] [--keep FILE]
#            [--plot DIR] [SCENARIO…]
#
# Scenarios: echo_64 echo_1000 echo_10000 echo_16k idle busy http; what each is stands in README.md. --quick is three
# rounds of one second; without it seven of three. The servers are told how many workers to have; the load
# takes one more thread, of another process. A peer that fails, hangs or gives a wrong answer shows as FAILED
# (its message goes to stderr). The rest is as in run.sh; HTTP is left out where there is no `wrk`. Linux only.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=common.sh
source common.sh

rounds=7 seconds=3 workers=2 plot='' keep='' scenarios=()
peers="chango tokio smol may go"
while (($#)); do
    case $1 in
        --quick) rounds=3 seconds=1 ;;
        --rounds) rounds=$2; shift ;;
        --seconds) seconds=$2; shift ;;
        --workers) workers=$2; shift ;;
        --peers) peers=$2; shift ;;
        --keep) keep=$2; shift ;;
        --plot) plot=$2; shift ;;
        -*) usage ;;
        *) scenarios+=("$1") ;;
    esac
    shift
done
((${#scenarios[@]})) || scenarios=(echo_64 echo_1000 echo_10000 echo_16k idle busy http)

build
[[ $go ]] || peers=$(tr ' ' '\n' <<< "$peers" | grep -vx go)
read -ra peers <<< "${peers//$'\n'/ }"
# A connection takes a descriptor on either side.
ulimit -n "$(ulimit -Hn)"

# The command of a peer's server of this kind.
server() { # KIND PEER ARGUMENT...
    if [[ $2 == go ]]; then
        echo "$bin/go-peer $1_server ${*:3}"
    else
        echo "$bin/$1_server $2 ${*:3}"
    fi
}

# One measurement: as many numbers as `named` has names for.
measure() { # SCENARIO PEER
    local run=(within 120 "$bin/echo_load") command
    case $1 in
        echo_16k) read -ra command <<< "$(server echo "$2" "$workers" 16384)"
            "${run[@]}" 64 16384 "$seconds" "${command[@]}" ;;
        echo_*) read -ra command <<< "$(server echo "$2" "$workers" 4096)"
            "${run[@]}" "${1#echo_}" 64 "$seconds" "${command[@]}" ;;
        busy) read -ra command <<< "$(server echo "$2" "$workers" 4096 64)"
            "${run[@]}" 64 64 "$seconds" "${command[@]}" ;;
        idle) read -ra command <<< "$(server echo "$2" "$workers" 64)"
            "${run[@]}" --idle 10000 "${command[@]}" ;;
        http) read -ra command <<< "$(server http "$2" "$workers")"
            "${run[@]}" --wrk 256 "$seconds" "${command[@]}" ;;
        *) echo "no scenario is called $1" >&2; return 2 ;;
    esac
}

# The numbers by their names, as table.awk reads them.
named() { # SCENARIO COST
    local numbers keys=(requests request_cpu latency_median latency_p99 server_memory) at
    [[ $1 != idle ]] || keys=(before server_memory bytes)
    read -ra numbers <<< "$2"
    ((${#numbers[@]} == ${#keys[@]})) || { echo FAILED; return; }
    for at in "${!keys[@]}"; do
        printf '%s=%s ' "${keys[at]}" "${numbers[at]}"
    done
}

# Whether a peer takes part.
takes_part() { # SCENARIO PEER
    case $1 in
        http) [[ $2 =~ ^(chango|tokio|go)$ ]] && command -v wrk > /dev/null ;;
        # may's channels have no bounds: that is another load.
        busy) [[ $2 != may ]] ;;
    esac
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for scenario in "${scenarios[@]}"; do
        # Each round begins with another peer, so that none always follows the same.
        for ((at = 0; at < ${#peers[@]}; at++)); do
            peer=${peers[(at + round) % ${#peers[@]}]}
            takes_part "$scenario" "$peer" || continue
            cost=$(measure "$scenario" "$peer") || cost=FAILED
            echo "$round $scenario $workers $peer $(named "$scenario" "$cost")" >> "$results"
        done
    done
done

[[ -z $keep ]] || cp "$results" "$keep"
echo "$(header); medians of $rounds rounds of $seconds s"
awk -v peers="${peers[*]}" -v goals=reach.txt -f table.awk "$results"
[[ -z $plot ]] || python3 plot.py bars "$results" "$plot"
