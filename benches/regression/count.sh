#!/usr/bin/env bash
# Counts the instructions of one operation, by valgrind's callgrind, and prints them as markdown.
#
#   ./count.sh [--base REV] [--rounds N] [SCENARIO...]
#
# Each scenario runs on one worker for N operations and for 2N; the difference over N is what one costs, so
# that whatever is done once cancels. Of three rounds the fewest count: what sysmon does, by the clock, to a
# worker that another process keeps from running only adds to them.
# With --base the same scenarios are built on chango as it is in REV too.
# Scenarios are as `count` lists them, or the beginnings of such names; without any all of them are counted.
# The profiles stay in the target directory, where callgrind_annotate reads them.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD

base='' rounds=3 wanted=()
while (($#)); do
    case $1 in
        --base) base=${2:?--base wants a revision}; shift ;;
        --rounds) rounds=${2:?--rounds wants a number}; shift ;;
        -*) sed -n '2,11s/^# \{0,1\}//p' count.sh >&2; exit 2 ;;
        *) wanted+=("$1") ;;
    esac
    shift
done
command -v valgrind > /dev/null || {
    echo "instructions are counted by valgrind, and there is none: apt-get install valgrind" >&2
    exit 1
}

root=$(realpath ../..)
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target/count"
target=$(realpath "$target/count")

# Builds `count` on the chango in $2, as $target/$1/release/count. Both revisions are built alike: with these
# sources, in a workspace of their own, since REV may not have this crate.
build() {
    mkdir -p "$target/$1/package"
    cat > "$target/$1/package/Cargo.toml" << MANIFEST
[workspace]
[package]
name = "chango-benches"
version = "0.0.0"
edition = "2024"
[lib]
path = "$here/src/lib.rs"
[[bin]]
name = "count"
path = "$here/src/bin/count.rs"
[dependencies]
chango = { path = "$2" }
[profile.release]
codegen-units = 1
debug = "line-tables-only"
lto = "fat"
MANIFEST
    cp "$target/here/package/Cargo.lock" "$target/$1/package/" 2> /dev/null || true
    (cd "$root" && cargo build --quiet --release --bin count --target-dir "$target/$1" \
        --manifest-path "$target/$1/package/Cargo.toml")
}

build here "$root"
names=$("$target/here/release/count")
if [[ -n $base ]]; then
    revision=$(git rev-parse --verify --short "$base^{commit}")
    git worktree prune
    [[ -e $target/tree ]] || git worktree add --quiet --detach "$target/tree" "$revision"
    git -C "$target/tree" checkout --quiet --force --detach "$revision"
    trap 'git worktree remove --force "$target/tree"' EXIT
    build base "$target/tree"
fi

instructions() { # of the chango in $1, all that scenario $2 takes for $3 operations, at best
    local profile=$target/$1/${2//\//-}.callgrind round said collected fewest=''
    for ((round = 0; round < rounds; round++)); do
        said=$(timeout 600 valgrind --tool=callgrind --callgrind-out-file="$profile" \
            "$target/$1/release/count" "$2" "$3" 2>&1 < /dev/null) || { printf '%s\n' "$said" >&2; return 1; }
        collected=$(sed -nE 's/.*Collected : ([0-9]+).*/\1/p' <<< "$said")
        [[ -n $fewest ]] && ((fewest <= collected)) || fewest=$collected
    done
    echo "$fewest"
}
each() { # of the chango in $1, what one of scenario $2 takes, by $3 operations
    local once twice
    once=$(instructions "$1" "$2" "$3") || return
    twice=$(instructions "$1" "$2" "$((2 * $3))") || return
    awk -v once="$once" -v twice="$twice" -v n="$3" 'BEGIN { printf "%.1f", (twice - once) / n }'
}
is_wanted() {
    ((${#wanted[@]})) || return 0
    local name
    for name in "${wanted[@]}"; do [[ $1 != "$name"* ]] || return 0; done
    return 1
}

commit=$(git describe --always --dirty --exclude '*')
echo "$(uname -sm); $(rustc --version); $(valgrind --version); $(date -u +%F)"
if [[ -n $base ]]; then
    printf '\n| instructions an operation | %s | %s | ratio |\n|---|---:|---:|---:|\n' "$revision" "$commit"
else
    printf '\n| instructions an operation | %s |\n|---|---:|\n' "$commit"
fi
counted=0
while read -r name operations; do
    is_wanted "$name" || continue
    counted=$((counted + 1))
    now=$(each here "$name" "$operations")
    if [[ -n $base ]]; then
        before=$(each base "$name" "$operations")
        awk -v s="$name" -v b="$before" -v n="$now" 'BEGIN { printf "| `%s` | %s | %s | %.3f |\n", s, b, n, n / b }'
    else
        printf '| `%s` | %s |\n' "$name" "$now"
    fi
done <<< "$names"
((counted)) || {
    printf 'no scenario begins so; there are\n%s\n' "$(cut -d' ' -f1 <<< "$names")" >&2
    exit 2
}
