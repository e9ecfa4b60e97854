# Each target works alone on a machine with Python 3.11 (with pip), git and make.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format types contract check docs clean

PYTHON ?= python3
DEMO_DIR ?= demo
DEMO_ARGS ?=
TEST_ARGS ?=
export PYTHON

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo "  Options: PYTHON=$(PYTHON) DEMO_DIR=$(DEMO_DIR) DEMO_ARGS=... TEST_ARGS=..."

setup: ## make .venv with napari, the tests and the checkers
	@tools/setup.sh full

demo: ## set up, run the whole method on the sample data, and name the report
	@tools/setup.sh base
	.venv/bin/napari-npm demo "$(DEMO_DIR)" $(DEMO_ARGS)
	@test -s "$(DEMO_DIR)/report.html" && echo "Report: $(DEMO_DIR)/report.html"

test: setup ## set up and run every test, under a virtual display where there is none
	@tools/system.sh
	tools/with_display.sh .venv/bin/python -m pytest -n 2 --dist loadfile $(TEST_ARGS)

lint: setup ## ruff: lint and format
	.venv/bin/ruff check
	.venv/bin/ruff format --check

format: setup ## let ruff repair what it can
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

types: setup ## mypy
	.venv/bin/mypy

contract: setup ## import-linter: imports go down only
	.venv/bin/lint-imports

check: lint types contract ## lint, types and contract

docs: setup ## write docs/steps.md from the steps, and build the guide's site into build/site
	@tools/system.sh
	.venv/bin/python tools/write_steps.py
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "Guide: build/site/index.html"

clean: ## remove .venv, caches and build outputs (not the demo's study)
	rm -rf .venv .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
