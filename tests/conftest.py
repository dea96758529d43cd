"""What all tests share: where the book and its lessons are, a copy of the lessons to run them in, a browser."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

BOOK = Path(__file__).resolve().parents[1]
LESSONS = sorted((BOOK / "notebooks").glob("*.ipynb"))
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# One thread a process: what runs beside the tests then can't change how long they take.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def each_lesson(function):
    """Run a test once for each lesson, as its argument ``lesson``, the path of the notebook."""
    return pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)(function)


@pytest.fixture(autouse=True)
def single_precision():
    """Restore PyTorch's default float type after each test: lessons change it too, and tests run their cells."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(torch.float32)


@pytest.fixture
def float64(single_precision):
    """Double precision in PyTorch for one test."""
    import torch  # here: most tests need none

    torch.set_default_dtype(torch.float64)


@pytest.fixture(scope="module")
def lessons_copy(tmp_path_factory):
    """A temporary copy of notebooks/ beside a link to figures/: what a lesson writes stays in it."""
    book = tmp_path_factory.mktemp("book")
    (book / "figures").symlink_to(BOOK / "figures")
    shutil.copytree(BOOK / "notebooks", book / "notebooks", ignore=shutil.ignore_patterns(".*"))
    return book / "notebooks"


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; where there is none the test is skipped, in continuous integration failed."""
    if not CHROMIUM.exists():
        how = f"no {CHROMIUM}: on Debian, sudo apt-get install chromium"
        pytest.fail(how) if os.environ.get("CI") == "true" else pytest.skip(how)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def pytest_terminal_summary(terminalreporter):
    """Print what tests measured by ``record_property``, above the closing line."""
    reports = [report for report in terminalreporter.getreports("passed") if report.user_properties]
    if reports:
        terminalreporter.section("measured")
    for report in reports:
        for name, value in report.user_properties:
            terminalreporter.line(f"{report.nodeid}: {name}: {value}")
