# One-Stop. `make demo` shows it at work, `make test` checks it; `make help` lists the rest.
SHELL := /bin/bash
ARGS ?=
COVERAGE_MINIMUM ?= 0
BIN := .venv/bin

# The first Python on this machine that is new enough; when none is, install.py says so in one sentence.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help install messages demo demo-reset test coverage benchmarks faults journeys walk screenshots lint types lock ci

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

install: ## install packages into .venv and node_modules (nothing to do: no time)
ifeq ($(strip $(PYTHON)),)
	@echo "Python 3.11 or newer was not found: install it (with its venv module), or name one: make PYTHON=/path/to/python3.11" >&2; exit 1
else
	@"$(PYTHON)" install.py
endif

CATALOGUE := locale/zh_Hans/LC_MESSAGES/django.mo
messages: install $(CATALOGUE) ## compile the translations, when a part of them is newer

$(CATALOGUE): $(wildcard locale/parts/*.po) | install
	@$(BIN)/python manage.py compile_catalogues

demo: messages ## run the whole portal here and show the main job (ARGS="--once --json out.json")
	@$(BIN)/python -m portal.demo $(ARGS)

demo-reset: install ## forget everything the demo keeps
	@$(BIN)/python -m portal.demo.servers --clear var

# Three on two cores: the workers that have the journeys and the faults spend much of their time waiting for others.
TEST_WORKERS ?= 3

test: messages ## run the whole suite on real servers, which it starts and stops itself
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup $(ARGS)

coverage: messages ## the same, and how much of the workflows and operations it covers
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup --cov=workflows --cov=services --cov-report= $(ARGS)
	@$(BIN)/coverage report --include='workflows/*,services/*/operations.py,services/*/operations/*' \
		--skip-covered --fail-under=$(COVERAGE_MINIMUM)

benchmarks: messages ## measure speed against a floor in the same run
	@$(BIN)/python -m pytest -m slow tests/benchmarks $(ARGS)

journeys: messages ## every journey in a real browser in all four ways: Chinese and English, phone and desktop
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m journey tests/journeys $(ARGS)

walk: messages ## every page of every door along its links in both languages: words, weight, structure, naughty strings
	@$(BIN)/python -m pytest -m "slow or not slow" tests/walk $(ARGS)

faults: messages ## kill, stop and cut things while cases run
	@$(BIN)/python -m pytest -m slow tests/faults $(ARGS)

screenshots: messages ## every page in both languages and four widths, into var/screenshots
	@$(BIN)/python -m tests.journeys.screenshots $(ARGS)

lint: install ## style, layers, templates, translations, migrations, production settings
	@.ci/checks lint

types: install ## mypy --strict on the pure cores, operations and queries
	@.ci/checks types

lock: install ## pin the newest allowed packages again
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header requirements/production.in --output-file requirements/production.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header requirements/development.in --output-file requirements/development.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm install --package-lock-only --ignore-scripts

ci: ## all that must hold before a change goes in
	@.ci/run
