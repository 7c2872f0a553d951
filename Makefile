# `make run` sets up the environment and runs the workflow; `make test` sets it up and runs the tests.
# ARGS="..." passes extra arguments to Snakemake or pytest: make run ARGS="-n", make test ARGS="-k sweep".

PYTHON ?= python3
ARGS ?=
CORES ?= 4
RESULTS ?= results
GPU ?= 1
WORKERS ?= 3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: help setup run verify test test-long zoo campaigns kills accidents lint lock docs bundle site benchmarks clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# An old environment stays in place when the pins change: uv only replaces what differs.
$(READY): requirements.lock requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lucidag needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0])'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --require-hashes --compile-bytecode -r requirements.lock
	touch $@

setup: $(READY) ## create .venv with the pinned packages

run: $(READY) ## run the default workflow
	@$(VENV)/bin/python -B -m lucidag.ground.compiled
	@$(VENV)/bin/python -B -m lucidag.config.lock
	$(VENV)/bin/snakemake --cores $(CORES) --resources gpu=$(GPU) $(ARGS)

verify: $(READY) ## compare all files in RESULTS with what the jobs recorded
	@$(VENV)/bin/python -m lucidag.report verify $(RESULTS)

test: $(READY) ## lint, types and the everyday test suite
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow/Snakefile rules
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

test-long: $(READY) ## the tests that `make test` leaves out, for their time, but for those of `make zoo`
	$(VENV)/bin/python -m pytest -m "long and not zoo" -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

zoo: $(READY) ## every architecture of torchvision through every stage
	$(VENV)/bin/python -m pytest -m "zoo and not heavy" tests/zoo -n 2 --dist load $(ARGS)
	$(VENV)/bin/python -m pytest -m "zoo and heavy" tests/zoo $(ARGS)

campaigns: $(READY) ## thousands of odd, damaged and malicious inputs; what ends in neither success nor one sentence
	$(VENV)/bin/python -m tests.campaigns configurations --number 5000
	$(VENV)/bin/python -m tests.campaigns tables --number 2000
	$(VENV)/bin/python -m tests.campaigns images --number 5000
	$(VENV)/bin/python -m tests.campaigns checkpoints --number 2000
	$(VENV)/bin/python -m tests.campaigns polygons --number 500

kills: $(READY) ## runs that are killed 200 times and resumed; every byte is compared with an undisturbed run
	$(VENV)/bin/python -m tests.campaigns kills --number 200

accidents: $(READY) ## full disks, read-only results, clocks, limits, killed jobs: what is told, and the bytes after it
	$(VENV)/bin/python -m tests.campaigns accidents

lint: $(READY) ## rewrite layout, then check
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/snakefmt Snakefile workflow/Snakefile rules
	$(VENV)/bin/mypy

lock: $(READY) ## resolve the pins anew from pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --all-extras pyproject.toml -o requirements.lock
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --group pyproject.toml:setup -o requirements-setup.lock

docs: $(READY) ## write the generated pages: configuration reference and JSON schema
	$(VENV)/bin/python -m lucidag.config.docs

bundle: ## build the script and the style of the atlas anew, from npm's packages (needs Node.js)
	cd atlas && npm ci && npm run build

site: $(READY) ## the documents and the docstrings as a site: docs/_build/index.html
	$(VENV)/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build

benchmarks: $(READY) ## ours and its peer side by side; writes docs/speed.md
	$(VENV)/bin/python -m benchmarks $(or $(ARGS),--write)

clean: ## remove the environment and caches, never the results
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
