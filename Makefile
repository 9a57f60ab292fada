# Every target bootstraps what it needs. Debian with Python 3.11, make and git, or macOS.
PYTHON ?= python3
BIN := .venv/bin
SECONDS ?= 600
JOBS ?= 4
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header
PACKAGES := receiver shared standalone uploader worklist
SERVICES := receiver uploader worklist page sandbox standalone
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format stack bench chaos fuzz docs screenshots site sbom up lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: .venv/.installed ## .venv from the hashed requirements

.venv/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## a study in, a study out, a worklist asked: the main job in one minute
	$(BIN)/dicomweb-proxy demo $(ARGS)

# Compiled first: each service that a test starts would do it anew where nothing may be written, or
# many at once where it may, and be ready twice as late.
test: check .venv/.browser ## check, unit and component tests
	$(BIN)/python -m compileall -q -j $(JOBS) .venv/lib $(PACKAGES)
	$(BIN)/pytest -m 'not stack and not chaos' -n $(JOBS) --dist loadfile $(ARGS)

# Playwright has wheels for most systems; where it has none, the tests in a browser are skipped.
.venv/.browser: requirements/browser.txt .venv/.installed
	$(BIN)/pip install --quiet --no-deps --no-compile --require-hashes -r requirements/browser.txt && \
	  touch $@ || echo "Playwright cannot be installed here: no tests in a browser"

screenshots: setup .venv/.browser ## the pictures of the status page in docs/images, by Chromium
	$(BIN)/python -m tests.support.screenshots

check: setup ## format, lint, strict types, import contracts, file lengths
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tests/support/file_lengths.py

format: setup ## put the code in order
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

stack: setup ## the container tests
	$(BIN)/pytest -m stack -n 2 --dist loadfile --timeout 900 tests/stack $(ARGS)

bench: setup ## against DCMTK, Orthanc and pynetdicom, as ratios
	$(BIN)/python -m bench $(ARGS)

chaos: setup ## break everything while modalities send: lost must be 0 (CHAOS=short|default|long)
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: setup ## ten minutes of looking for what breaks the DIMSE side (SECONDS=600)
	$(BIN)/pip install --quiet --no-deps --no-compile --require-hashes -r requirements/fuzz.txt || \
	  echo "atheris cannot be installed here: our own fuzzer alone"
	$(BIN)/python -m tests.fuzz.campaign --seconds $(SECONDS) $(ARGS)

docs: setup ## proxy.example.toml, the reference pages and the plots of docs/ anew from the program
	$(BIN)/python -m tests.support.settings_reference
	$(BIN)/python -m tests.support.metrics_reference
	$(BIN)/python -m tests.support.events_reference
	$(BIN)/python -m tests.support.alert_rules
	$(BIN)/python -m tests.support.commands_reference
	$(BIN)/python -m bench.capacity

site: ## the pages of docs/ as a site, in dist/site
	$(PYTHON) -m venv --clear .venv-site
	.venv-site/bin/pip install --quiet --no-compile --require-hashes -r requirements/site.txt
	.venv-site/bin/mkdocs build --strict --quiet --site-dir dist/site

sbom: setup ## a CycloneDX bill of materials for each image, in dist/sbom
	$(BIN)/python -m tests.support.sbom dist/sbom

up: ## docker compose up
	docker compose up --build -d --wait

lock: ## requirements/*.txt anew, hashed, without an index
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet uv
	for service in $(SERVICES); do \
	  $(COMPILE) --extra $$service pyproject.toml -o requirements/$$service.txt; done
	$(COMPILE) --extra standalone --extra aws --extra tracing --group dev pyproject.toml -o requirements/dev.txt
	for extra in aws tracing; do \
	  $(COMPILE) --constraints requirements/dev.txt --extra $$extra pyproject.toml -o requirements/$$extra.txt; done
	$(COMPILE) --constraints requirements/dev.txt --group browser -o requirements/browser.txt
	$(COMPILE) --group fuzz -o requirements/fuzz.txt
	$(COMPILE) --group site -o requirements/site.txt

clean: ## remove what setup made
	rm -rf .venv .venv-lock .venv-site .pytest_cache .mypy_cache .ruff_cache .hypothesis
