# Two doors: `make demo` to see it, `make test` to trust it.

.PHONY: help demo test proof faults fuzz newest bench instructions check docs

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build and run with made-up traffic; needs cargo and nothing else
	@[ -x target/release/tollgate ] || echo "Building Tollgate with full optimisation, once: four to six minutes on two cores. Then the demo starts by itself."
	@cargo build --release --locked
	@target/release/tollgate demo

test: ## Everything: fetches what it needs, ends by naming what it left out
	tests/run.sh

proof: ## What takes too long for `make test`; writes docs/proof.md; STEPS="scenes week" runs those alone
	tests/proof.sh $(STEPS)

fuzz: ## Bytes of strangers at every reader, for an hour; what breaks something stays in target/fuzz-found
	fuzz/run.sh 600 fuzz

bench: ## Speed and cost against baselines; writes docs/performance.md; half an hour on two quiet cores
	cargo bench --locked --bench speed >target/speed.tsv
	python3 scripts/performance.py target/speed.tsv docs/performance.md

instructions: ## Instructions of the hot path against their bounds; needs valgrind
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo bench --locked --bench instructions

faults: ## Ten minutes of kills, full disks and wrong clocks at once; SEED=1
	cargo build --locked
	python3 tests/faults/run.py target/debug/tollgate --seconds 600 --seed $(or $(SEED),1) $(addprefix --collector ,$(shell collector/build.sh --cached))

newest: ## README's lines with what is newest today, unpinned
	cargo build --locked
	tests/first_hour/run.sh target/debug/tollgate --newest

check: ## The quick loop: formatting, lints, unit tests
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	cargo test --lib --locked

docs: ## Write the generated parts of docs/ anew from the code
	UPDATE_DOCS=1 cargo test --locked --test documentation
