# Everything a developer does, each by one word. The environment is made when it is missing:
# `make demo` and `make test` are all a fresh machine needs (with git, make, python3, python3-venv).
#
#   make demo      the whole product in your browser, on simulated serial hardware (no terminal: the self-checking story)
#   make test      every test but the long runs
#   make postgresql  the centre's tests once more, its books in PostgreSQL
#   make check     format, lint, types, architecture and the fast tests: under a minute
#   make soak      the long fault runs
#   make teeth     known-bad variants of the code: each must turn its test red
#   make bench     measure, and write docs/benchmarks.md
#   make pictures  play the story and draw the README's pictures from it; draw the boxes of docs/wiring.md, the panels of docs/people.md, the console's pages
#   make contract  write what docs/ say of the declared messages, status and metrics: tables, JSON Schemas, the AsyncAPI document
#   make words     bring the Chinese catalogues up to the code (agent/locale, centre/locale), and name what is not translated
#   make deb       the Debian packages, in build/deb (needs debhelper, dh-python, dpkg-dev); VERSION=… gives them another version
#   make stick     a folder for a USB stick: the unit's package and all it needs, with no network; ARCH=arm64, PACKAGE=doorward-centre
#   make image     a disk image of Debian with the unit's package (ARCH=amd64 or arm64), as root; make bundle: a signed update for it. Each makes what it lacks
#   make claims    run the tests that prove a rule, keep their figures, write docs/claims.md
#
# PYTHON=… chooses the Python (3.11 or newer), VENV=… another environment, ARGS=… goes to pytest.

VENV ?= .venv
PYTHON ?=
ARGS ?=
ARCH ?= amd64
IMAGES ?= build/image
IMAGE_KEYS ?= $(IMAGES)/keys
DEB ?= $(wildcard build/deb/doorward_*_all.deb)
WORKERS ?= 2
TEST_WORKERS ?= 5

MADE := $(VENV)/.made
STAMP := $(VENV)/.made-for-developers
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# What is compiled is kept: thousands of modules by every worker and every process that a test starts would be compiled anew.
unexport PYTHONDONTWRITEBYTECODE
FAST := -m "not slow and not soak"
# A few that fail are tried once more, alone (tests/again.py).
AGAIN = { [ $$? -eq 1 ] && $(BIN)/python -m tests.again; }
PACKAGES := contract agent drivers centre simulator panel

.DEFAULT_GOAL := help
.PHONY: help venv demo test postgresql check soak bench teeth pictures contract words deb stick image bundle claims clean

help:
	@sed -n 's/^#   //p' Makefile

venv: $(STAMP)

# What the demo needs, and no more: somebody who only wants to look waits for no type checker.
$(MADE): pyproject.toml Makefile
	@set -eu; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  found=; old=; \
	  for candidate in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	    "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	    "$$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1 || { old=$${old:-$$candidate}; continue; }; \
	    found=$$candidate; break; \
	  done; \
	  if [ -z "$$found" ] && [ -n "$$old" ]; then \
	    echo "make: $$old has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; \
	  elif [ -z "$$found" ]; then \
	    echo "make: no Python 3.11 or newer here$(if $(PYTHON), at PYTHON=$(PYTHON),): install one (Debian, Ubuntu: apt install python3 python3-venv)" >&2; exit 1; \
	  fi; \
	  echo "making $(VENV) with $$found"; \
	  "$$found" -m venv --clear $(VENV); \
	fi; \
	echo "installing what pyproject.toml asks for"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'; \
	touch $@

$(STAMP): $(MADE)
	@echo "installing what its development needs"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,postgresql]' --group dev
	@touch $@

demo: $(MADE)
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/doorward demo; else exec $(BIN)/doorward demo --story; fi

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(BIN)/python -m tests.again --forget
	$(PYTEST) $(FAST) -n $(WORKERS) --dist loadgroup $(ARGS) || $(AGAIN)

# Many of the slow tests wait, for lines at line speed, for brokers and databases: more workers than there are cores.
test: $(STAMP)
	@$(BIN)/python -m tests.again --forget
	$(PYTEST) -n $(TEST_WORKERS) --dist loadgroup $(ARGS) || $(AGAIN)

postgresql: $(STAMP)
	@$(BIN)/python -m tests.again --forget
	$(PYTEST) -m "twin and not soak" -n $(TEST_WORKERS) --dist loadgroup $(ARGS) tests/centre || $(AGAIN)

soak: $(STAMP)
	$(PYTEST) -m soak --keep-figures -v $(ARGS)
	$(BIN)/python -m tests.claims

bench: $(STAMP)
	$(BIN)/python -m benchmarks

teeth: $(STAMP)
	$(BIN)/python -m tests.teeth $(ARGS)

pictures: $(STAMP)
	$(BIN)/doorward demo --story --pictures docs/img
	$(BIN)/python docs/img/boxes.py
	$(BIN)/python docs/img/panels.py
	$(BIN)/python docs/img/tjc_steps.py
	$(BIN)/python docs/img/install_steps.py
	$(BIN)/python -m tests.browser.pictures docs/img

contract: $(STAMP)
	$(BIN)/python docs/contract/make.py

words: $(STAMP)
	$(BIN)/python -m tests.catalogue

deb: $(STAMP)
	$(BIN)/python packaging/make_deb.py $(if $(VERSION),--version $(VERSION))

stick: deb
	$(BIN)/python packaging/make_stick.py $(or $(PACKAGE),doorward) $(if $(ARCH),--arch $(ARCH)) $(if $(MIRROR),--mirror $(MIRROR))

claims: $(STAMP)
	$(PYTEST) -m "claim and not soak" --keep-figures $(ARGS)
	$(BIN)/python -m tests.claims

# The keys are made by whoever builds, once. Keep $(IMAGE_KEYS)/update.key: without it the units made from this image take no update of yours.
$(IMAGE_KEYS)/update.pem:
	packaging/image/keys $(IMAGE_KEYS)

# The package that was built goes in, or the one of DEB=…; where there is none it is built first.
image: $(IMAGE_KEYS)/update.pem $(if $(DEB),,deb)
	KEYRING=$(IMAGE_KEYS)/update.pem packaging/image/build $(ARCH) $(IMAGES) $(or $(DEB),build/deb/doorward_*_all.deb)

bundle: $(if $(wildcard $(IMAGES)/doorward-$(ARCH).ext4),,image)
	packaging/image/bundle $(ARCH) $(IMAGES) $(IMAGE_KEYS)

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
