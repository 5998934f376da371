#!/bin/sh
# rustc for the crates of this workspace: their code counts where it has been, for libfuzzer. It is cargo's
# RUSTC_WORKSPACE_WRAPPER, so that dependencies are built once for all, and by the stable toolchain as it is.
case " $* " in
*" --crate-name build_script_"* | *" -vV "* | *" --print"*) exec "$@" ;;
esac
exec "$@" --cfg fuzzing -C passes=sancov-module \
    -C llvm-args=-sanitizer-coverage-level=4 \
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
    -C llvm-args=-sanitizer-coverage-pc-table \
    -C llvm-args=-sanitizer-coverage-trace-compares
