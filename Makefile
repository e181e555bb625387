# make run        environment, the sample company, the whole job, a summary
# make test       every promise that needs no second whole job (about 7 minutes on 2 cores)
# make test-fast  those of plain functions (under a minute)
# make test-slow  whole jobs that are stopped, repeated or corrected, and companies never looked at
# make cases      small files from the field beside their right values (ALMANAC_CASES; skipped with a reason without)
# make test-real  the whole job on public data sets beside the repository (ALMANAC_DATASETS; skipped with a reason without)
PYTHON ?= python3
BIN := .venv/bin
DEMO := data/demo
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: run demo dev test test-fast test-slow test-real cases lint format bench docs lock audit soak check-superset clean

run: .venv/.installed
	$(BIN)/almanac --home $(DEMO) demo
	$(BIN)/almanac --home $(DEMO) run

demo: .venv/.installed
	$(BIN)/almanac --home $(DEMO) demo

dev: .venv/.installed
	$(BIN)/almanac --home $(DEMO) dev

# A module is a worker's whole: what it makes for its tests is made once. The order is that of tests/conftest.py.
test: .venv/.installed
	$(BIN)/python -m pytest -m "not real and not slow" -n 2 --dist loadfile --no-loadscope-reorder --durations=40

# Only the modules that are marked are imported: Dagster and dbt alone take four seconds.
test-fast: .venv/.installed
	$(BIN)/python -m pytest -m "fast and not real and not slow" -n 2 --dist loadfile $$(grep -l "mark.fast" tests/test_*.py)

test-slow: .venv/.installed
	$(BIN)/python -m pytest -m slow -n 2 --maxschedchunk 1 --durations=20

test-real: .venv/.installed
	$(BIN)/python -m pytest -m "real and not slow"

cases: .venv/.installed
	$(BIN)/almanac bench cases

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests --processes 2 --disable-progress-bar

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.installed
	$(BIN)/almanac bench ingest
	$(BIN)/almanac bench match
	$(BIN)/almanac bench forecast

docs: .venv/.installed
	$(BIN)/almanac --home $(DEMO) docs

# The lock carries pins and hashes and no address; install it with any index you trust.
lock: .venv/.installed
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra train --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --python-version 3.11 -o requirements.lock

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
		|| { echo "Almanac needs Python 3.11 or 3.12, $(PYTHON) is another: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r .venv/uv.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(BIN)/python -m forecasts   # compile once, here, what every process would compile again
	touch $@

# Known faults of every pinned package, and a bill of materials; a package that could not be looked up is an error too.
audit: .venv/.installed
	$(BIN)/uv tool run --python $(BIN)/python --from pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip \
		--requirement requirements.lock --format cyclonedx-json --output data/sbom.json
	$(BIN)/python tests/audit_complete.py requirements.lock data/sbom.json

# Superset in an environment of its own: an import, each chart against its table, SQL Lab that must read no file.
check-superset: .venv/.installed
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python data/superset
	$(BIN)/uv pip install --quiet --python data/superset/bin/python -r tests/superset.txt
	$(BIN)/python tests/check_superset.py data/superset/bin/superset $(DEMO) data/superset.png

# Killed runs, nights in a row, publishing under readers: each goes on where it was stopped (docs/operating.md has figures).
soak: .venv/.installed
	$(BIN)/almanac bench soak --set part=readers
	$(BIN)/almanac bench soak --set part=kills
	$(BIN)/almanac bench soak --set part=nights

clean:
	rm -rf .venv $(DEMO)
