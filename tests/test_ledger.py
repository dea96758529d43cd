"""The ledger fails loudly, and every numbered equation of a lesson has exactly one check in it."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from trpobook.book.ledger import Ledger
from trpobook.book.references import CITATIONS, references

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
CHECK = re.compile(r'ledger\.(?:equal|at_most)\(\s*"(\d+\.\d+)"')


def sources(notebook, kind):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    return "\n".join("".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == kind)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_numbered_equation_has_exactly_one_check(notebook):
    tags, checks = TAG.findall(sources(notebook, "markdown")), CHECK.findall(sources(notebook, "code"))
    assert tags == checks, "equations and checks differ, or stand in another order"
    assert not [tag for tag, count in Counter(tags).items() if count > 1]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_with_equations_shows_its_ledger(notebook):
    if TAG.search(sources(notebook, "markdown")):
        assert "ledger.table()" in sources(notebook, "code")


def test_equal_sides_are_entered_and_printed(capsys):
    ledger = Ledger("01")
    ledger.equal("1.1", "two sides", [1.0, np.inf], [1.0 + 1e-14, np.inf], bite={"twice": 2.0})
    assert capsys.readouterr().out == "(1.1) holds: two sides, 2 compared\n"
    assert ledger.entries["1.1"].count == 2
    assert "| (1.1) | two sides (=) | 2 | rounding | 1e-12 |" in ledger.table().data


def test_the_table_shows_an_error_that_is_not_rounding():
    ledger = Ledger("01")
    ledger.equal("1.1", "near", 1.0, 1.02, tol=0.1, bite={"4 times": 4.0})
    ledger.at_most("1.2", "below", 1.0, 2.0, bite={"a third": 0.6})
    assert "| 2.0e-02 | 1e-01 |" in ledger.table().data
    assert "| (1.2) | below (≤) | 1 | none |" in ledger.table().data


@pytest.mark.parametrize(
    "left,right",
    [(1.0, 1.1), ([1.0, 2.0], [1.0, 2.1]), (np.nan, np.nan), (np.nan, 1.0), (np.inf, 1.0), (np.inf, -np.inf)],
)
def test_unequal_sides_raise(left, right):
    ledger = Ledger("01")
    with pytest.raises(AssertionError, match=r"Equation \(1\.1\) fails: what"):
        ledger.equal("1.1", "what", left, right, bite={"−7": -7.0})
    assert "1.1" not in ledger.entries


@pytest.mark.parametrize(
    "small,large", [(1.1, 1.0), ([0.0, 2.0], [1.0, 1.0]), (np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0)]
)
def test_a_violated_inequality_raises(small, large):
    with pytest.raises(AssertionError, match=r"Equation \(1\.1\) fails"):
        Ledger("01").at_most("1.1", "what", small, large, bite={"−7": -7.0}, slack="it fails")


def test_an_inequality_may_be_slack_or_infinite_on_the_large_side():
    Ledger("01").at_most("1.1", "what", [0.0, 1.0, 5.0], [1.0, 1.0, np.inf], bite={"0": 0.0})


def test_comparing_nothing_raises():
    with pytest.raises(AssertionError, match="nothing was compared"):
        Ledger("01").equal("1.1", "what", [], [], bite={"1": 1.0})


def test_references_name_the_source_and_the_place():
    text = references(schulman2015="equation 8").data
    assert "".join(CITATIONS["schulman2015"].split()) in "".join(text.split())
    assert "equation 8" in text
    with pytest.raises(KeyError):
        references(nobody1900="page 1")


def test_a_wrong_version_must_fail_and_the_table_says_by_how_much():
    ledger = Ledger("01")
    ledger.equal("1.1", "half", [0.5, 1.0], [0.5, 1.0], bite={"without the ½": [1.0, 2.0]})
    ledger.at_most("1.2", "below", [1.0, 3.0], [2.0, 4.0], bite={"a third of it": [0.7, 1.3]})
    assert ledger.entries["1.1"].bites == {"without the ½": 1.0}
    lines = ledger.table().data.splitlines()
    assert lines[2] == "| (1.1) | half (=) | 2 | rounding | 1e-12 |  | without the ½ | 1 |"
    assert lines[3] == "| (1.2) | below (≤) | 2 | none | 1e-12 | 0.75 | a third of it | 1.7 |"


@pytest.mark.parametrize("wrong", [[0.5, 1.0], [0.5, 1.0 + 5e-12]])
def test_a_wrong_version_that_passes_is_an_error_of_the_page(wrong):
    with pytest.raises(AssertionError, match=r"\(1\.1\), half: its wrong version passes, the same"):
        Ledger("01").equal("1.1", "half", [0.5, 1.0], [0.5, 1.0], bite={"the same": wrong})
    with pytest.raises(AssertionError, match="its wrong version passes"):
        Ledger("01").at_most("1.1", "half", [0.5, 0.9], [0.5, 1.0], bite={"the same": wrong})


def test_an_equation_without_a_wrong_version_is_an_error_of_the_page():
    with pytest.raises(AssertionError, match="give a wrong version of it"):
        Ledger("01").equal("1.1", "half", 0.5, 0.5, bite={})
    with pytest.raises(TypeError, match="bite"):
        Ledger("01").at_most("1.1", "half", 0.5, 1.0)


def test_a_wrong_version_that_has_no_value_fails():
    Ledger("01").equal("1.1", "half", 0.5, 0.5, bite={"0/0": np.nan, "1/0": np.inf})


def test_an_inequality_with_a_bite_needs_a_witness_or_says_why_there_is_none():
    ledger = Ledger("01")
    with pytest.raises(AssertionError, match=r"at most 0\.10 of the bound is reached"):
        ledger.at_most("1.1", "far", [1.0, 0.0], [10.0, 5.0], bite={"0.05 of it": [0.5, 0.25]})
    ledger.at_most("1.1", "far", 1.0, 10.0, bite={"0.05 of it": 0.5}, slack="none is known")
    assert "| 0.10 (none is known) |" in ledger.table().data
    ledger.at_most("1.2", "0, and what touches it", 0.0, [2.0, 0.0], bite={"less 1": [1.0, -1.0]})
    assert ledger.entries["1.2"].closest == 1.0
