# The commands of the README. `make help` lists them.
SHELL := /bin/sh
SWIFT := swift
# Debian's names; the Swift toolchain, git and make are there already.
PACKAGES := libssl-dev libsqlite3-dev openssl pkg-config
TEST_PACKAGES := $(PACKAGES) curl strace shellcheck sqlite3

.PHONY: help demo test generated mutants sim bench build release format check clean packages test-packages

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: packages ## five cities on this machine: agree, share, cut off, heal, kill, recover
	@Deploy/demo/run

test: test-packages build ## every test, and 200 simulated alliances
	$(SWIFT) test --skip-build --skip ClusterTests
	$(SWIFT) test --skip-build --filter ClusterTests
	$(MAKE) sim

generated: packages ## requests generated from the API's description, against two cities
	@python3 -c 'import ensurepip, venv' || Deploy/packages python3-venv
	@Deploy/generated/run

mutants: packages ## see that the simulator finds bugs that are planted for it
	@Tests/Mutations/run

bench: packages release ## the measurements of docs/performance.md
	.build/release/citysync-bench all

sim: packages ## whole alliances from seeds, faults and all: make sim SEEDS=200 FROM=1
	$(SWIFT) build -c release --product citysync-sim
	.build/release/citysync-sim --seeds $(or $(SEEDS),200) --from $(or $(FROM),1)

build: packages ## a debug build of everything, tests included
	$(SWIFT) build --build-tests

release: packages ## a release build of the programs
	$(SWIFT) build -c release

format: ## rewrite the sources in the house's format
	$(SWIFT) format -i -r -p Sources Tests Package.swift

check: test-packages ## format, shell scripts, the mutants' patches, unit file
	@Deploy/check

clean: ## remove everything that was built
	rm -rf .build .build-*

packages:
	@Deploy/packages $(PACKAGES)

test-packages:
	@Deploy/packages $(TEST_PACKAGES)
