# What people run; each target sets up first what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup vendors demo test kill-matrix lint bench up lock
ARGS ?=
RUNS ?= 30
bin := .venv/bin

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: ## Install everything into .venv: packages by hash, face models, system packages when root
	@deploy/setup.sh

vendors: setup ## Install the vendors' own clients into .vendors, which tests run against us
	@deploy/setup.sh --vendors

demo: setup ## Make covers and a storyboard of the demo's own media through API, queue, worker and store
	@$(bin)/firstframe demo $(ARGS)

test: vendors ## Run the whole test suite; ARGS="-k crop" runs part of it
	$(bin)/python -m pytest $(ARGS)

kill-matrix: setup ## Kill workers at each step of a record, 30 times each; RUNS=5 as the tests do
	KILL_MATRIX_RUNS=$(RUNS) $(bin)/python -m pytest -q tests/e2e/kill_matrix $(ARGS)

lint: setup ## Check style, types and the architecture
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/python -m pytest -q tests/architecture

bench: setup ## Measure against plain use of the same libraries
	@$(bin)/firstframe bench $(ARGS)

up: setup ## Run Redis, workers, chores and API on this machine until Ctrl-C
	@$(bin)/firstframe up $(ARGS)

lock: setup ## Resolve the dependencies again into the lock files
	@deploy/lock.sh
