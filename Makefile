# The one entry to everything; `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OP_SOURCES := $(wildcard mmdet_plus/ops/csrc/* mmdet_plus/ops/csrc/*/*)
CXX_FILES := $(filter %.h %.cpp %.cu %.cuh,$(OP_SOURCES))

.PHONY: help install demo test test-slow fuzz lint type format docs site bench evidence cuda-check gpu-check clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

install: $(INSTALLED) ## make .venv and fill it; safe to repeat

$(INSTALLED): setup.py pyproject.toml tools/dev/install_mmcv.py $(OP_SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q $(TORCH) 'setuptools>=64,<81' wheel ninja numpy packaging
	$(BIN)/python tools/dev/install_mmcv.py
	$(BIN)/pip install -q --no-build-isolation -e '.[tests,dev,docs]'
	touch $@

demo: $(INSTALLED) ## train D2Det and its baseline on generated images and compare them
	$(BIN)/python tools/demo/shapes_demo.py

test: $(INSTALLED) ## the fast test suite
	$(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile

test-slow: $(INSTALLED) ## the tests that train or build something
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile

fuzz: $(INSTALLED) ## random batches for every method, ops under sanitizers, some minutes; FUZZ_BATCHES=1000 for more
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile tests/integration/test_fuzz.py tests/ops/test_sanitizers.py

lint: $(INSTALLED) ## ruff and clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CXX_FILES)

format: $(INSTALLED) ## let ruff and clang-format rewrite the files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CXX_FILES)

type: $(INSTALLED) ## mypy
	$(BIN)/mypy

bench: $(INSTALLED) ## measure again what docs/benchmarks.md shows, an hour; ARGS='--only WORDS'
	$(BIN)/python tools/dev/write_benchmarks.py $(ARGS)

evidence: $(INSTALLED) data/shapes_v2 ## train what docs/evidence.md rests on, hours; ARGS=--dry-run lists what is left
	$(BIN)/python tools/analysis_tools/compare.py $(wildcard configs/*/evidence*.yml) --page docs/evidence.md $(ARGS)

data/shapes_v2: | $(INSTALLED)
	$(BIN)/python tools/dataset_converters/make_shapes.py $@ --version 2

cuda-check: $(INSTALLED) ## compile the CUDA kernels to objects; needs nvcc, no GPU
	$(BIN)/python tools/dev/cuda_check.py

gpu-check: ## build, test and time on a GPU what needs one; writes docs/gpu_check.md
	$(or $(wildcard $(BIN)/python),$(PYTHON)) tools/dev/gpu_check.py $(ARGS)

docs: $(INSTALLED) ## check the links of the documents, and that the zoo page is fresh
	$(BIN)/python tools/dev/make_model_zoo.py --check
	$(BIN)/python tools/dev/check_docs.py
	$(MAKE) site

site: $(INSTALLED) ## build the documentation in site/; a broken link or reference fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --clean

clean: ## remove what builds and the demo leave, but not .venv
	rm -rf build dist site work_dirs/demo *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -exec rm -rf {} +
