# The two commands a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RESULTS ?= results/quick
MINUTES ?= 9
FUZZ_MINUTES ?= 10
FUZZ_SEED ?= 0
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
# Each process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types tests docs speed peers fuzz constraints gpu-evidence cpu-evidence clean

demo: $(VENV)/.demo  ## install, run the quick study, write its report
	$(BIN)/nasbench run quick --jobs 2 --out $(RESULTS)
	$(BIN)/nasbench report $(RESULTS)

test: lint  ## everything that is checked before a change lands; types beside the tests, since mypy keeps one core busy
	$(MAKE) -j 2 types tests

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

tests: $(VENV)/.test
	$(BIN)/python -m pytest -q -n auto --maxprocesses 2 --dist worksteal

docs: $(VENV)/.docs  ## the site, in docs/_build/html; what its pages show is run, tables are compared, and a warning is an error
	$(BIN)/python docs/generate.py --check
	$(BIN)/codespell
	$(BIN)/python -m sphinx -q -W --keep-going -j 2 -b html docs docs/_build/html

speed: $(VENV)/.test  ## the figures of docs/RESULTS.md on speed; growth and live search of docs/SPEED.md
	$(BIN)/python -m pytest -q tests/performance --benchmark-enable --benchmark-columns=min,median,rounds
	$(BIN)/nasbench growth --page docs/SPEED.md
	$(BIN)/python -m tests.performance.live_rates docs/SPEED.md

peers: $(VENV)/.test  ## the same searches by other libraries, as far as they are installed, in docs/SPEED.md
	$(BIN)/python -m tests.performance.peers docs/SPEED.md

fuzz: $(VENV)/.test  ## damaged files and nonsense for some minutes: nothing may be read in silence, end in a traceback or not end
	$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES) --seed $(FUZZ_SEED)

# What the tests ran on, with hashes. Torch is left out: its build depends on the machine.
constraints: $(VENV)/.test  ## constraints.txt anew, from the environment of the tests
	$(BIN)/python -m pip install -q uv
	$(BIN)/python -m pip freeze --exclude-editable | grep -vE '^(torch|uv)==' > constraints.txt
	echo "torch ; sys_platform == 'never'" | UV_CUSTOM_COMPILE_COMMAND="make constraints" $(BIN)/uv pip compile -q pyproject.toml \
		--extra tune --extra cluster --extra federated --extra edge --extra nas-bench-201 --extra theory --override /dev/stdin --generate-hashes \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-annotate --no-emit-index-url -o constraints.txt

# Status 3 says that the minutes are used and that the same command goes on from there: no error of make's.
gpu-evidence: $(VENV)/.test  ## one GPU: search and train on CIFAR-10; run again to resume (needs `nasbench data fetch cifar10`)
	$(BIN)/python -m nasbench.live.evidence --minutes $(MINUTES) || test $$? -eq 3

cpu-evidence: $(VENV)/.test  ## the same on two cores, for some thirty hours at the lowest priority; run again to resume
	PYTHON=$(abspath $(BIN)/python) scripts/cpu-evidence.sh

# Stamps: what is installed is installed again only when pyproject.toml changes.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nasbench needs Python 3.11 or newer; set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install -q -e '.[theory]'
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install -q -e '.[live,theory,tune,cluster,federated,edge,test]'
	touch $@

$(VENV)/.docs: $(VENV)/.test
	$(BIN)/python -m pip install -q -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build docs/_build *.egg-info
