#!/usr/bin/env bash
# Servers on every peer, in interleaved rounds, as markdown: TCP echo, idle connections, echo beside busy
# channels, and HTTP/1.1.
#
#   ./net.sh [--quick] [--rounds N] [--seconds N] [--workers N] [SCENARIO...]
#
# Scenarios: echo_64 echo_1000 echo_10000 idle busy http; what each is stands in README.md. --quick is three
# rounds of one second; without it seven of three. The servers are told how many workers to have; the load
# takes one more thread, of another process. A peer that fails, hangs or gives a wrong answer shows as FAILED
# (its message goes to stderr). Go as in run.sh: without it its columns are left out, and so is HTTP where
# there is no `wrk`. Linux only.
set -euo pipefail
cd "$(dirname "$0")"

rounds=7 seconds=3 workers=2 scenarios=()
while (($#)); do
    case $1 in
        --quick) rounds=3 seconds=1 ;;
        --rounds) rounds=$2; shift ;;
        --seconds) seconds=$2; shift ;;
        --workers) workers=$2; shift ;;
        -*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) scenarios+=("$1") ;;
    esac
    shift
done
((${#scenarios[@]})) || scenarios=(echo_64 echo_1000 echo_10000 idle busy http)

target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet
bin=$(realpath "$target")/release
go=$(command -v go || echo "$target/go/bin/go")
peers=(chango tokio smol may)
if [[ -x $go ]] && "$go" build -C go -o "$bin/go-peer" . >&2; then
    peers+=(go)
else
    echo "no Go here (run.sh brings one): its columns are left out" >&2
fi
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

# One measurement: five numbers.
measure() { # SCENARIO PEER
    local run=(timeout 120 "$bin/echo_load") command
    case $1 in
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
            echo "$scenario $peer $cost" >> "$results"
        done
    done
done

echo "$(uname -sm), $(getconf _NPROCESSORS_ONLN) processors, $workers workers; $(rustc --version);" \
    "commit $(git rev-parse --short HEAD 2> /dev/null || echo none); $(date -u +%F);" \
    "medians of $rounds rounds of $seconds s"
awk -v peers="${peers[*]}" -f net.awk "$results"
