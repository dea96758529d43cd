# Each command makes .venv and installs requirements.txt first, where that is still to do.

PYTHON ?= python3
VENV = .venv/bin/python
READY = .venv/.ready
SITE_READY = .venv/.site
TESTS = $(VENV) -m pytest
IN_BROWSER = tests/test_browser.py tests/test_flagships.py tests/test_live.py tests/test_notebooks.py tests/test_site.py

.PHONY: help lab test check lint mutants bench results figures notebooks site debian

help:
	@echo "make lab        open the lessons in JupyterLab, in a working copy of your own (my_notebooks/)"
	@echo "make test       everything: check, the slow tests, and each lesson in a browser"
	@echo "make check      the fast part: lint, and the library's tests"
	@echo "make lint       check style, formatting and types, of the code and of the notebooks"
	@echo "make mutants    plant each bug of tests/mutants/ in a copy, and see which test finds it: an hour"
	@echo "make bench      measure the performance table on this machine"
	@echo "make results    train the agents whose curves the book shows: hours; finished runs are kept"
	@echo "make figures    draw the pictures that stand outside the lessons"
	@echo "make notebooks  execute every lesson again and store its outputs"
	@echo "make site       the web edition, from the stored lessons, in site/_build/html"

lab: $(READY)
	$(VENV) -m trpobook.book.lab

# What is timed comes last and alone.
test: lint debian $(SITE_READY)
	$(TESTS) -n 2 --dist loadfile -m "not alone"
	$(TESTS) -m alone

check: lint
	$(TESTS) -n 2 --dist loadfile -m "not alone and not slow" $(IN_BROWSER:%=--ignore=%)

lint: $(READY)
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy

mutants: $(READY)
	$(VENV) tools/run_mutants.py

bench: $(READY)
	$(VENV) -m trpobook bench

results: $(READY)
	$(VENV) -m trpobook.book.cliff
	$(VENV) -m trpobook.book.results

figures: $(READY)
	$(VENV) -m trpobook.book.figures
	$(VENV) -m trpobook.widgets.stills

notebooks: $(READY)
	$(VENV) tools/execute_notebooks.py notebooks/*.ipynb

site: $(SITE_READY)
	$(VENV) site/builder.py

debian:
	@sh tools/install_debian_packages.sh

# Without pip at first, for Debian leaves out the module that would put it there; the outer pip installs it.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("trpobook needs Python 3.11 or newer; $(PYTHON) is " \
		+ sys.version.split()[0] + ". Try: make PYTHON=python3.12 lab" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(VENV) install pip -r requirements.txt
	@touch $(READY)

$(SITE_READY): $(READY) requirements-site.txt
	$(PYTHON) -m pip --python $(VENV) install -r requirements-site.txt
	@touch $(SITE_READY)
