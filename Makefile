# `make demo` and `make test` need git, Python >= 3.11, make and a C++ compiler, nothing else:
# all that they install goes into .venv, and all that they build into build/.
PYTHON ?= python3
ARGS ?=
# Whether tensors can be on NVIDIA GPUs: enabled, disabled, or auto.
CUDA ?= $(if $(filter Linux,$(shell uname -s)),enabled,auto)

VENV := .venv
BIN := $(VENV)/bin
# Some tools start others by name: meson starts cython, cython-lint starts pycodestyle.
ACTIVE = PATH="$(CURDIR)/$(BIN):$$PATH"
PIP = $(ACTIVE) $(BIN)/python -m pip --disable-pip-version-check --quiet

# A directory is newer than the stamp when a file was added or taken away.
SOURCES := $(shell find tensorlib tools meson.build pyproject.toml README.md LICENSE.txt \
             -name __pycache__ -prune -o -name '*.so' -prune -o -print)

# What runs here is the installed package, whatever the caller's environment points to.
unexport PYTHONPATH PYTHONHOME

.PHONY: demo test lint docs bench instructions clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed $(VENV)/extra-examples
	$(BIN)/python examples/digits.py $(ARGS)

# PARITY=1 installs PyTorch too, with which many tests compare.
test: $(VENV)/installed $(VENV)/extra-test $(if $(PARITY),$(VENV)/extra-parity)
	$(BIN)/pytest $(ARGS)

lint: $(VENV)/extra-dev
	$(BIN)/ruff check .
	$(ACTIVE) cython-lint tensorlib

docs: $(VENV)/installed $(VENV)/extra-docs
	$(BIN)/sphinx-build -q -W --keep-going -b html doc/source doc/build/html $(ARGS)

# With what is compared; about 1 GB. ARGS="--group small" leaves the rest out.
bench: $(VENV)/installed $(VENV)/extra-bench
	$(BIN)/python asv_bench/compare.py $(ARGS)

# ARGS=--update keeps the numbers found.
instructions: $(VENV)/installed
	$(BIN)/python asv_bench/instructions.py $(ARGS)

clean:
	rm -rf $(VENV) build doc/build doc/source/api/generated doc/source/api/*.inc.rst

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tensorlib needs Python 3.11 or newer; $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) could not make a virtual environment (Debian: install python3-venv)." >&2; \
	  rm -rf $(VENV); exit 1; }

$(VENV)/build-tools: pyproject.toml tools/requirements.py | $(BIN)/python
	@echo "installing the build tools"
	@$(BIN)/python tools/requirements.py build > $@.txt
	@$(PIP) install -r $@.txt
	@touch $@

# Meson's build directory is kept, so that only what changed is compiled again.
$(VENV)/installed: $(VENV)/build-tools $(SOURCES)
	@echo "building tensorlib"
	@# PyTorch brings older headers of CUDA.
	@$(PIP) install -r $(VENV)/build-tools.txt
	@$(PIP) install --no-build-isolation -Cbuild-dir=build/venv -Csetup-args=-Dcuda=$(CUDA) .
	@touch $@

$(VENV)/extra-%: pyproject.toml tools/requirements.py | $(BIN)/python
	@echo "installing what '$*' needs"
	@$(BIN)/python tools/requirements.py $* > $@.txt
	@$(PIP) install -r $@.txt
	@touch $@
