# The commands of this repository. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
CTEST_FLAGS ?=
PREFIX ?= /usr/local
stage := scripts/stage.sh
ccache := $(if $(shell command -v ccache),-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
# A clone that only serves needs no test libraries; `make test` turns them on.
configure = cmake --preset $(1) $(ccache) $(2) $(CMAKE_FLAGS) >/dev/null

.PHONY: help
help: ## this list
	@echo "Tidemark. Two commands do everything; both can be run again safely:"
	@echo "  make demo    install, build, start the server with the EC2 sample and a generator"
	@echo "  make test    install, build, run every test"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  %-18s %s\n' "$$name" "$$text"; done
	@echo
	@echo "Variables: JOBS=$(JOBS)  FRESH=1 PORT=4580 (demo)  CTEST_FLAGS='-L unit' (test)  PREFIX=$(PREFIX) (install)"

.PHONY: demo
demo: server ## the EC2 sample end to end, until Ctrl-C; FRESH=1 begins anew
# On a terminal the demo gets a process group of its own, so that Ctrl-C stops it and not make: exit status 0.
	@if [ -t 0 ]; then bash -c 'set -m; FRESH="$(FRESH)" scripts/demo.sh; exit $$?'; else FRESH="$(FRESH)" scripts/demo.sh; fi

.PHONY: test
test: build ## every test
	@echo "One test: ctest --test-dir build/release --output-on-failure -R 'ShardLog.KeepsAckedRecords'"
	@echo "One kind: make test CTEST_FLAGS='-L unit'   (unit, model, crash, check, e2e)"
	@$(stage) tests ctest --test-dir build/release --output-on-failure -j $(JOBS) -LE soak $(CTEST_FLAGS) </dev/null

.PHONY: soak
soak: build ## hours: 200 kills, every bit flip, an hour of views under load, other configurations
	@$(stage) soak ctest --test-dir build/release --output-on-failure -j $(JOBS) -L soak $(CTEST_FLAGS) </dev/null

.PHONY: build
build: deps ## everything in release, tests included, in build/release
	@$(stage) web scripts/build_web.sh
	@$(stage) build $(MAKE) compile PRESET=release

.PHONY: server
server: deps-server ## only the server, build/release/tidemark
	@$(stage) web scripts/build_web.sh
	@$(stage) build bash -c '$(call configure,release) && cmake --build build/release -j $(JOBS) --target tidemark'

.PHONY: compile
compile:
	@$(call configure,$(PRESET),-DTM_TESTS=ON)
	@cmake --build build/$(PRESET) -j $(JOBS)

.PHONY: deps
deps: ## Debian and npm packages of build and test
	@$(stage) apt scripts/install_packages.sh build test
	@$(stage) npm scripts/npm_ci.sh third_party/duckdb web tests/e2e tests/clients

.PHONY: deps-server
deps-server:
	@$(stage) apt scripts/install_packages.sh build
	@$(stage) npm scripts/npm_ci.sh third_party/duckdb web

.PHONY: bench
bench: deps ## all benchmarks, one table at the end
	@scripts/build_web.sh
# ClickHouse, to compare with; 560 MB that nothing else needs. Without it its columns stay empty.
	@scripts/npm_ci.sh bench/third_party/chdb || echo "going on without ClickHouse"
	@$(call configure,release,-DTM_TESTS=ON)
	@cmake --build build/release -j $(JOBS) --target benches tidemark
	@scripts/bench.py build/release/bench

.PHONY: lint
lint: ## thread safety, format, layers, the clang-tidy checks that are errors
	@$(stage) apt scripts/install_packages.sh build test lint
	@$(stage) npm scripts/npm_ci.sh third_party/duckdb web tests/e2e tests/clients
	@$(stage) web scripts/build_web.sh
	@$(stage) lint scripts/lint.sh

.PHONY: lint-all
lint-all: lint ## also all of .clang-tidy, and every header alone
	@scripts/lint.sh --all

.PHONY: format
format: ## clang-format over all sources
	@scripts/install_packages.sh lint
	@scripts/sources.sh | xargs clang-format-19 -i

.PHONY: test-pixels
test-pixels: build ## the pictures of the console against those that are kept; BLESS=1 keeps these
	@cd tests/e2e && TIDEMARK_BINARY="$(CURDIR)/build/release/tidemark" TIDEMARK_PIXELS=$(if $(BLESS),bless,compare) node cases.mjs $(CASES)

.PHONY: test-debug test-asan test-tsan
test-debug: ## the tests with checks of the library on
test-asan: ## the tests under the address and undefined sanitizers
test-tsan: ## the tests under the thread sanitizer
# Suppressions: what DuckDB's uninstrumented library does. Its locks confuse the deadlock detector.
test-tsan: export TSAN_OPTIONS := suppressions=$(CURDIR)/tests/tsan.supp detect_deadlocks=0
test-asan test-tsan: export TM_SANITIZER := 1
test-debug test-asan test-tsan: test-%: deps
	@scripts/build_web.sh
	@$(MAKE) compile PRESET=$*
	@ctest --test-dir build/$* --output-on-failure -j $(JOBS) -LE soak $(CTEST_FLAGS) </dev/null

.PHONY: build-time
build-time: ## the ten slowest files of the last full release build, and the bound
	@scripts/build_time.sh build/release

.PHONY: clean
clean: ## removes build/ and the built pages; keeps data and npm packages
	@rm -rf build web/dist

.PHONY: install
install: server ## the server and its library below PREFIX
	@cmake --install build/release --prefix "$(PREFIX)" --component tidemark
