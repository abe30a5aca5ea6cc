# The one list of things to do with the project. `make` alone explains them.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test bench conformance accuracy format check install clean

PREFIX ?= /usr/local
SETUP ?= scripts/setup
BUILD := .build/release
SWIFT_BUILD := swift build -c release --explicit-target-dependency-import-check error --static-swift-stdlib -Xlinker --strip-debug

help: ## explain these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## install the system packages that are missing
	@$(SETUP)

build: setup ## build .build/release/mass and .build/release/libmass.so
	$(SWIFT_BUILD) --product mass
	$(SWIFT_BUILD) --product MassCABI
	scripts/build-libmass $(BUILD)

demo: build ## compile the demo model and read a handwritten digit with it
	@scripts/demo

test: build ## run every test: Swift, C under Valgrind, Python, command line, without a toolchain
	@scripts/test

bench: build ## measure against ONNX Runtime (MODELS="resnet50 path/to/model.onnx" THREADS="1 2")
	@scripts/python-env benchmarks benchmarks/compare.py $(if $(THREADS),--threads $(THREADS)) $(if $(MODELS),-- $(MODELS))

conformance: build ## run the ONNX node tests and print the score by operator
	@scripts/conformance

accuracy: build ## compare every model of MODELS_DIR (../shared/models/real) with its stored outputs
	@scripts/python-env conformance benchmarks/accuracy.py $(MODELS_DIR)

format: ## format the Swift sources in place
	swift format format --in-place --parallel --recursive Package.swift Sources Tests

check: ## lint, size budgets, no machine paths, no warnings
	@scripts/check

install: build ## install mass, libmass, headers and a pkg-config file below PREFIX
	@DESTDIR="$(DESTDIR)" scripts/install "$(PREFIX)"

clean: ## remove what was built here
	swift package clean
	rm -rf .build-tests
