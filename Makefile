# Two commands on a fresh machine with python3, venv, make and git: `make demo` and `make test`.
# As root with a network, `make test` also installs the real programs that the tests talk to (scripts/install-peers).

PYTHON ?= python3
WORKERS ?= 2
bin := .venv/bin

.PHONY: demo test test-long lint bench docs lock clean peers pictures

demo: .venv/run  ## the whole story, then stay up for a browser; ONCE=1: check itself and end
	$(bin)/dotlocal demo $(if $(ONCE),--once)

test: .venv/dev peers  ## unit, story and peers
	$(bin)/pytest -n $(WORKERS) --dist loadgroup -m "not long"

test-long: .venv/dev peers  ## kills, cuts and churn
	$(bin)/pytest -n $(WORKERS) --dist loadgroup -m long

lint: .venv/dev  ## style, types, arrows, generated docs
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	cd src && ../$(bin)/lint-imports --no-cache --config ../pyproject.toml
	$(bin)/python scripts/render-docs --check

bench: .venv/dev  ## ratios against peers, run side by side on this machine
	$(bin)/python bench/boot.py
	$(bin)/python bench/handshake.py
	$(bin)/python bench/memory.py

docs: .venv/dev  ## write the generated parts of the docs
	$(bin)/python scripts/render-docs

pictures: .venv/dev peers  ## write docs/images, by the browser test that takes them
	mkdir -p docs/images
	DOTLOCAL_PICTURES=$(CURDIR)/docs/images $(bin)/pytest -q -k pictures tests/help/test_help_browsers.py \
	    tests/own_pages/test_pages_looks.py

peers:
	scripts/install-peers

lock: .venv/dev  ## resolve requirements/*.in again
	$(bin)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml requirements/run.in -o requirements/run.txt
	$(bin)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(bin)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate requirements/acme2certifier.in -o requirements/acme2certifier.txt

sources := pyproject.toml README.md bin/dotlocal $(shell find src -type f -not -path '*/__pycache__/*')

.venv/run: requirements/run.txt $(sources)
	$(PYTHON) -m venv .venv
	$(bin)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(bin)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall .
	touch $@

.venv/dev: requirements/dev.txt .venv/run
	$(bin)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
