#!/usr/bin/env bash
# Builds a Collector with Tollgate's connector by the official builder, once; later calls find it in the cache.
#
#   build.sh            prints the path of the binary
#   build.sh --cached   the same, but builds nothing: exits 3 when it is not there
#
# Some test-only modules of the components are not served by every proxy; `go mod tidy -e` passes over them.
set -euo pipefail
cd "$(dirname "$0")"
version=v0.155.0
cache=${TOLLGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tollgate}
sources=$(cat builder.yaml build.sh tollgateconnector/*.go tollgateconnector/go.mod | sha256sum | cut -c1-16)
binary=$cache/otelcol-tollgate-$sources

if [ -x "$binary" ]; then echo "$binary"; exit; fi
if [ "${1:-}" = --cached ]; then exit 3; fi
command -v go >/dev/null || { echo "needs go 1.25 or newer" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"
export GOBIN=$cache GOFLAGS=-mod=mod
echo "-- building the Collector $version with the connector: a few minutes, once" >&2
[ -x "$cache/builder" ] || go install "go.opentelemetry.io/collector/cmd/builder@$version" >&2
sed -e "s#output_path: .*#output_path: $work#" -e "s#path: ./tollgateconnector#path: $PWD/tollgateconnector#" builder.yaml >"$work.yaml"
"$cache/builder" --skip-compilation --config "$work.yaml" >&2 || true # its own tidy stops at the first module that is not served
rm -f "$work.yaml"
cd "$work"
go mod tidy -e >&2
go build -trimpath -ldflags "-s -w" -o "$binary" .
echo "$binary"
