# The words of this repository; `make help` explains them. Python 3.11 or newer is all they need.
PYTHON ?= python3
VENV := .venv/bin/python
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help setup run test check fuzz bench schema screenshots marks format requirements

help: ## These words
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-13s %s\n", $$1, $$2 }'

setup: ## .venv with everything pinned; the other words do it by themselves
	@$(PYTHON) dev/bootstrap.py

run: setup ## The whole shop with its own servers. PORT=8000 NEXOTP_DATA=.data move it
	@exec $(VENV) -m dev.run

test: setup ## The whole test suite with its own servers. ARGS="tests/wallet -k hold" narrows it
	@exec $(VENV) -m dev.test $(ARGS)

fuzz: setup ## Schemathesis on the whole API, 50,000 cases with servers of its own. ARGS=5000 for fewer
	@exec $(VENV) -m dev.fuzz $(ARGS)

check: setup ## Lint, types, layers, migrations, deployment, image, pinned requirements
	@exec $(VENV) -m dev.check $(ARGS)

bench: setup ## The benchmarks, as a table
	@exec $(VENV) -m bench $(ARGS)

schema: setup ## What changed in the API since docs/public/openapi.json. ARGS=--write takes it
	@exec $(VENV) -m dev.schema $(ARGS)

screenshots: setup ## The pictures of README and docs, from a fresh demo shop. ARGS=icons for the icons only
	@exec $(VENV) -m dev.screenshots $(ARGS)

marks: setup ## The brands' pictures in static/marks. ARGS=--check compares
	@exec $(VENV) -m dev.marks $(ARGS)

format: setup ## Rewrite the Python files in the house's layout
	@$(VENV) -m ruff check --fix-only --quiet .
	@$(VENV) -m ruff format .

requirements: setup ## Pin again what requirements*.in name. ARGS="--upgrade" takes newer versions
	@exec $(VENV) -m dev.requirements $(ARGS)
