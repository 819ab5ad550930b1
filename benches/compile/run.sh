#!/usr/bin/env bash
# Times what chango's macros cost the compiler beside tokio's, and prints markdown tables.
#
#   ./run.sh [--quick] [--rounds N] [--lines "250 ..."]
#
# Fifteen rounds, with --quick five; the compilations of a round are interleaved. The time of the
# expansion is the compiler's own (`-Ztime-passes`, `macro_expand_crate`), which the stable compiler
# gives out under RUSTC_BOOTSTRAP=1; that is set for the programs alone, so that no dependency
# sees it. With valgrind on the path the instructions are counted too: a busy machine does not
# change them.
set -euo pipefail
cd "$(dirname "$0")"

rounds=15 clean_rounds=3 counted=4000 lines="200 1000 4000"
while (($#)); do
    case $1 in
        --quick) rounds=5 clean_rounds=1 counted=1000 ;;
        --rounds) rounds=$2; shift ;;
        --lines) lines=$2; shift ;;
        *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
work=$CARGO_TARGET_DIR/compile
results=$work/results
mkdir -p "$work" src/bin
rm -f src/bin/*.rs "$work"/*.command
: > "$results"
peers=(chango tokio)
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
pinned() { sed -nE "s/^$1 = .*\"=([0-9.]+)\".*/\1/p" Cargo.toml; }
TIMEFORMAT='%R %U'

# The programs, and whether they print the same.
cargo build --quiet --bin generate
for n in $lines 0 200; do
    "$CARGO_TARGET_DIR/debug/generate" "$n" src/bin
done
echo "building and running both programs" >&2
cargo build --quiet --bin chango_200 --bin tokio_200
said=$(for peer in "${peers[@]}"; do "$CARGO_TARGET_DIR/debug/${peer}_200"; done | uniq)
[[ $said =~ ^[0-9]+$ ]] || { printf 'the programs differ:\n%s\n' "$said" >&2; exit 1; }

# How cargo calls the compiler for a program, with the macros as cargo builds them (unoptimised
# in every profile) and optimised, less the incremental compilation. Only for a program's path
# and name does it matter which program is asked.
cat > "$work/wrapper" <<'WRAPPER'
#!/usr/bin/env bash
for a; do [[ ${last-} != --crate-name ]] || name=$a; last=$a; done
[[ ! ${name-} =~ _0$ ]] || printf '%q ' "$@" > "$COMMANDS/$name.command"
exec "$@"
WRAPPER
chmod +x "$work/wrapper"
optimised=(--config 'profile.dev.build-override.opt-level=3')
for macros in plain optimised; do
    config=()
    [[ $macros == plain ]] || config=("${optimised[@]}")
    for peer in "${peers[@]}"; do
        touch "src/bin/${peer}_0.rs"
        COMMANDS=$work RUSTC_WORKSPACE_WRAPPER=$work/wrapper \
            cargo check --quiet "${config[@]}" --bin "${peer}_0" 2> /dev/null
        sed -E 's/-C incremental=[^ ]+//' "$work/${peer}_0.command" > "$work/$macros-$peer.command"
    done
done

# A compilation of a program: "macros peer lines", and what else the compiler is told.
compile() {
    local command
    command=$(sed "s/${2}_0/${2}_$3/g" "$work/$1-$2.command")
    eval "RUSTC_BOOTSTRAP=1 ${4-} $command ${*:5}"
}
pass() { sed -nE "s/^time: .*\"pass\":\"$1\",\"time\":([0-9.e-]+).*/\1/p"; }
passes=(-Ztime-passes -Ztime-passes-format=json)
for ((round = 1; round <= rounds; round++)); do
    echo "expansion: round $round of $rounds" >&2
    for macros in plain optimised; do
        for n in $lines; do
            for peer in "${peers[@]}"; do
                seconds=$(compile $macros "$peer" "$n" "" -Zno-analysis "${passes[@]}" 2>&1 |
                    pass macro_expand_crate)
                echo "expand $macros $n $peer $seconds" >> "$results"
            done
        done
    done
done

# All of a check, and its passes; beyond a thousand lines one body takes both minutes.
for ((round = 1; round <= clean_rounds; round++)); do
    echo "check: round $round of $clean_rounds" >&2
    for n in $lines; do
        ((n <= 1000)) || continue
        for peer in "${peers[@]}"; do
            output=$(compile plain "$peer" "$n" "" "${passes[@]}" 2>&1)
            for name in type_check_crate MIR_borrow_checking total; do
                echo "$name - $n $peer $(pass $name <<< "$output")" >> "$results"
            done
        done
    done
done

# Clean builds of the macro crates: in a package of their own, so that no other dependency
# unifies its features with theirs, and as a dependency, so that they are built as for a user.
crate() { # peer, dependency
    mkdir -p "$work/$1/src"
    : > "$work/$1/src/lib.rs"
    printf '[workspace]\n[package]\nname = "clean"\nedition = "2024"\n[dependencies]\n%s\n' "$2" \
        > "$work/$1/Cargo.toml"
    cargo update --quiet --manifest-path "$work/$1/Cargo.toml"
}
crate chango "chango-macros = { path = \"$(realpath ../../macros)\" }"
crate tokio "tokio-macros = \"=$(pinned tokio-macros)\""
clean() { # profile, peer, what is cleaned before
    local target=$work/$2/target
    cargo clean --quiet --manifest-path "$work/$2/Cargo.toml" --target-dir "$target" "${@:3}"
    { time cargo build --quiet --manifest-path "$work/$2/Cargo.toml" --target-dir "$target" \
        --profile "$1" > /dev/null 2>&1; } 2>&1
}
for ((round = 1; round <= clean_rounds; round++)); do
    echo "clean builds: round $round of $clean_rounds" >&2
    for profile in dev release; do
        for peer in "${peers[@]}"; do
            echo "clean_all $profile 0 $peer $(clean $profile "$peer")" >> "$results"
            alone=(--profile "$profile" -p "$peer-macros")
            echo "clean_one $profile 0 $peer $(clean $profile "$peer" "${alone[@]}")" >> "$results"
        done
    done
done

# Instructions up to the end of the expansion, less those of a program without a body.
count() {
    compile "$1" "$2" "$3" "valgrind --tool=callgrind --callgrind-out-file=/dev/null" \
        -Zno-analysis 2>&1 | sed -nE 's/.*Collected : ([0-9]+).*/\1/p'
}
if command -v valgrind > /dev/null; then
    # Valgrind wants the compiler itself, and not rustup's proxy of it.
    sysroot=$(rustc --print sysroot)
    sed -i -E "s#^[^ ]*rustc #$sysroot/bin/rustc #" "$work"/*-*.command
    export LD_LIBRARY_PATH=$sysroot/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    for macros in plain optimised; do
        for peer in "${peers[@]}"; do
            empty=$(count $macros "$peer" 0)
            for n in $lines; do
                ((n <= counted)) || continue
                echo "counting instructions: $peer, $n lines, $macros" >&2
                echo "count $macros $n $peer $(($(count $macros "$peer" "$n") - empty))" >> "$results"
            done
        done
    done
fi

echo "$(uname -sm), $(getconf _NPROCESSORS_ONLN) processors; $(rustc --version);" \
    "tokio $(pinned tokio), tokio-macros $(pinned tokio-macros);" \
    "commit $(git rev-parse --short HEAD 2> /dev/null || echo none); $(date -u +%F);" \
    "medians of $rounds rounds, of $clean_rounds for checks and clean builds"
row() { # title, key, unit's factor, digits, column
    local chango tokio
    chango=$(grep "^$2 chango " "$results" | cut -d' ' -f"${5-5}" | median)
    tokio=$(grep "^$2 tokio " "$results" | cut -d' ' -f"${5-5}" | median)
    [[ -z $chango ]] || awk -v t="$1" -v c="$chango" -v p="$tokio" -v f="$3" -v d="$4" 'BEGIN {
        printf "| %s | %.*f | %.*f | %.2f |\n", t, d, c * f, d, p * f, c / p }'
}
table() { printf '\n| %s | chango | tokio | chango ÷ tokio |\n|---|---:|---:|---:|\n' "$1"; }

table "expansion, ms"
for macros in plain optimised; do
    for n in $lines; do row "$n lines, macros $macros" "expand $macros $n" 1000 1; done
done
table "expansion, million instructions"
for macros in plain optimised; do
    for n in $lines; do row "$n lines, macros $macros" "count $macros $n" 0.000001 1; done
done
table "check, s"
for n in $lines; do
    for name in type_check_crate MIR_borrow_checking total; do
        ((n > 1000)) || row "$n lines, ${name//_/ }" "$name - $n" 1 2
    done
done
table "clean build of the macro crate, s"
for profile in dev release; do
    row "with its dependencies, $profile" "clean_all $profile 0" 1 1
    row "with its dependencies, $profile, CPU" "clean_all $profile 0" 1 1 6
    row "alone, $profile" "clean_one $profile 0" 1 1
    row "alone, $profile, CPU" "clean_one $profile 0" 1 1 6
done
