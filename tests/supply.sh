#!/usr/bin/env bash
# What comes in as a dependency: licences, sources and bans by cargo-deny, known vulnerabilities where the database of
# RustSec can be reached, and a bill of materials (CycloneDX) of the binary in target/sbom.
# Usage: tests/supply.sh [FOLDER_OF_TOOLS]
set -uo pipefail
cd "$(dirname "$0")/.."
tools=${1:-${TOLLGATE_TOOLS:-$HOME/.cache/tollgate}}
export PATH=$tools/bin:$PATH
failed=0

for tool in cargo-deny@0.20.2 cargo-cyclonedx@0.5.9; do
    [ -x "$tools/bin/${tool%@*}" ] || nice -n 15 cargo install --locked --quiet --root "$tools" "$tool" || exit 1
done

cargo deny --log-level error check bans licenses sources || failed=1
if ! said=$(cargo deny --log-level error check advisories 2>&1); then
    if grep -q 'failed to fetch advisory database' <<<"$said"; then
        echo "left out: advisories: the database of RustSec is not reachable"
    else
        echo "$said"
        failed=1
    fi
fi

mkdir -p target/sbom
cargo cyclonedx --quiet --format json --describe binaries && mv ./*.cdx.json target/sbom/ || failed=1
rm -f fuzz/*.cdx.json
bill=target/sbom/tollgate_bin.cdx.json
known=$(grep -c '"purl"' "$bill")
for crate in rustls prost hyper; do
    grep -q "pkg:cargo/$crate@" "$bill" || { echo "the bill of materials does not name $crate"; failed=1; }
done
echo "$bill names $known components"
[ $failed -eq 0 ]
