# What the peers' scripts share. Source it; it sets `root` and `target`.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

# venv FOLDER: a virtual environment for the peer in FOLDER, with what its requirements.txt pins; prints its path.
venv() {
    local venv=$target/peers/$(basename "$1") wanted=$1/requirements.txt
    if ! cmp -s "$wanted" "$venv/installed.txt"; then
        rm -rf "$venv"
        python3 -m venv "$venv" &&
            "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2 &&
            cp "$wanted" "$venv/installed.txt" || return 1
    fi
    echo "$venv"
}

# needs PROGRAM: installs a Debian package of the same name where the program is missing.
needs() {
    command -v "$1" >/dev/null && return
    apt-get update -qq >/dev/null && apt-get install -y -qq "$1" >/dev/null 2>&1 && return
    echo "error: $1 is not installed, and apt-get cannot install it" >&2
    exit 1
}

# rehearse STAGE EVIDENCE [OPTION...]: a whole ceremony; what it shows only when it fails.
rehearse() {
    local stage=$1 evidence=$2
    shift 2
    (cd "$root" && cargo rehearse -- --stage "$stage" --out "$evidence" "$@") >"$stage.log" 2>&1 || {
        cat "$stage.log" >&2
        return 1
    }
    (cd "$root" && cargo run --quiet -p keyferry -- verify --complete --no-pin "$evidence") >"$stage.verify.log" || {
        cat "$stage.verify.log" >&2
        return 1
    }
}

# await_port PORT SECONDS: until something listens there.
await_port() {
    local end=$((SECONDS + $2))
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        ((SECONDS < end)) || { echo "error: nothing listens on port $1" >&2; return 1; }
        sleep 0.2
    done
}

# free_port: a port of the loopback that nobody uses now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
