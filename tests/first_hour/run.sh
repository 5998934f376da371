#!/usr/bin/env bash
# README's lines with the newest releases of their libraries: one line a guide.
#     tests/first_hour/run.sh BINARY             with the pinned releases (make test)
#     tests/first_hour/run.sh BINARY --newest    with what is newest today (make newest); prints what that is
# What it installs goes into build/first-hour.
set -euo pipefail
binary=$(realpath "${1:-target/debug/tollgate}")
newest=${2:-}
cd "$(dirname "$0")"
here=$PWD build=$(realpath -m "../../build/first-hour$newest")
mkdir -p "$build"

# fresh STAMP FILE: true when what is pinned in FILE is installed.
fresh() { [ -z "$newest" ] && cmp -s "$1" "$2"; }

# resolver uv …: uv, ours where there is none.
resolver() {
    if ! command -v uv >/dev/null; then
        PATH=$build/uv/bin:$PATH
        [ -x "$build/uv/bin/uv" ] || { python3 -m venv "$build/uv" && "$build/uv/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9; }
    fi
    "$@"
}

for name in python litellm openllmetry; do
    list=$here/$name/pinned.txt
    [ -z "$newest" ] || list=$here/$name/names.txt
    if ! fresh "$build/$name/stamp" "$list"; then
        python3 -m venv --clear "$build/$name"
        if [ -z "$newest" ]; then
            "$build/$name/bin/pip" install --quiet --disable-pip-version-check -r "$list"
        else
            # pip looks for hours through old releases of what does not fit together; uv takes seconds.
            resolver uv pip install --quiet --python "$build/$name/bin/python" -r "$list"
            resolver uv pip freeze --python "$build/$name/bin/python" | grep -E "^($(paste -sd '|' "$name/names.txt"))=="
        fi
        cp "$list" "$build/$name/stamp"
    fi
    cp "$name"/*.py "$build/$name"
done
for name in node vercel; do
    mkdir -p "$build/$name"
    if ! fresh "$build/$name/stamp" "$name/package-lock.json"; then
        cp "$name/package.json" "$name/package-lock.json" "$build/$name"
        cd "$build/$name"
        if [ -z "$newest" ]; then
            npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
        else
            # README says of its line for Node that it reads openai up to 6.
            newest_openai=$([ "$name" = node ] && echo 6 || echo latest)
            names=$(node -p 'Object.keys(require("./package.json").dependencies).map((name) => name + "@" + (name === "openai" ? process.argv[1] : "latest")).join(" ")' "$newest_openai")
            # shellcheck disable=SC2086 # one word a package
            npm install --no-audit --no-fund --ignore-scripts --loglevel=error $names && npm ls --depth 0
        fi
        cd "$here"
        cp "$name/package-lock.json" "$build/$name/stamp"
    fi
    cp "$name"/app.*js "$build/$name"
done
exec python3 run.py "$binary" "$build"
