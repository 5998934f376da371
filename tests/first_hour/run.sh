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

for name in python litellm; do
    list=$here/$name/pinned.txt
    [ -z "$newest" ] || list=$here/$name/names.txt
    if ! fresh "$build/$name/stamp" "$list"; then
        python3 -m venv --clear "$build/$name"
        "$build/$name/bin/pip" install --quiet --disable-pip-version-check -r "$list"
        cp "$list" "$build/$name/stamp"
    fi
    [ -z "$newest" ] || "$build/$name/bin/pip" freeze | grep -E "^($(paste -sd '|' "$name/names.txt"))=="
    cp "$name"/*.py "$build/$name"
done
mkdir -p "$build/node"
if ! fresh "$build/node/stamp" node/package-lock.json; then
    cp node/package.json node/package-lock.json "$build/node"
    names=$(node -p 'Object.keys(require("./node/package.json").dependencies).map((name) => name + "@latest").join(" ")')
    cd "$build/node"
    if [ -z "$newest" ]; then
        npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
    else
        # shellcheck disable=SC2086 # one word a package
        npm install --no-audit --no-fund --ignore-scripts --loglevel=error $names && npm ls --depth 0
    fi
    cd "$here"
    cp node/package-lock.json "$build/node/stamp"
fi
cp node/app.js "$build/node"
exec python3 run.py "$binary" "$build"
