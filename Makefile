# Every target does its own set-up in .venv (see scripts/venv); nothing has to be installed before but Python 3.11-3.13 and make.

bin := .venv/bin
export PYTHON

.PHONY: demo test lint bench constraints clean

# What a recorded coding-agent session cost.
demo:
	@scripts/venv runtime
	@$(bin)/agentgauge demo

# Everything that must pass before a commit. Compiled modules are kept: the tests start hundreds of processes.
test: lint
	@scripts/components
	@PYTHONDONTWRITEBYTECODE= $(bin)/python -m pytest -q --numprocesses auto --dist worksteal

lint:
	@scripts/venv dev
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy --strict src
	$(bin)/lint-imports --no-logo

# Ratios between alternatives run side by side; bench/RESULTS.md keeps the figures.
bench:
	@scripts/venv bench
	@set -e; for script in bench/*.py; do echo "== $$script"; $(bin)/python -m bench.$$(basename $$script .py); done

# Pins of every dependency and extra but [spark], for all supported Pythons, with no index address in them.
constraints:
	@scripts/venv dev
	@command -v uv >/dev/null || $(bin)/python -m pip install --quiet uv
	PATH="$$PATH:$(CURDIR)/$(bin)" uv pip compile pyproject.toml --extra all --group dev --group bench \
	    --universal --python-version 3.11 --upgrade --quiet --no-header --no-annotate --output-file constraints/pins.txt

clean:
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
