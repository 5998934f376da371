# Installs the exporters of OpenTelemetry for Python and Node into build/exporters, for `source` from a folder beside this
# one; $build is that folder afterwards.
exporters=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath -m "$exporters/../../build/exporters")
mkdir -p "$build/node"

# fresh STAMP FILE…: true when FILEs are as they were when STAMP was written.
fresh() { [ -f "$1" ] && cat "${@:2}" | cmp -s - "$1"; }

if ! fresh "$build/python.stamp" "$exporters/python/requirements.txt"; then
    python3 -m venv --clear "$build/python"
    "$build/python/bin/pip" install --quiet --disable-pip-version-check -r "$exporters/python/requirements.txt"
    cp "$exporters/python/requirements.txt" "$build/python.stamp"
fi
cp "$exporters"/node/{package.json,package-lock.json,send.js} "$build/node"
if ! fresh "$build/node.stamp" "$exporters/node/package-lock.json"; then
    (cd "$build/node" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
    cp "$exporters/node/package-lock.json" "$build/node.stamp"
fi
