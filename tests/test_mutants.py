"""The list of planted bugs in tests/mutants/, which `make mutants` tries, fits the library as it is."""

import importlib
from collections import Counter
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[1] / "lib" / "trpobook"
BUGS = [
    (f"{room}/{file}", *bug)
    for room in ("finite", "agents", "algorithms", "runs")
    for file, *bug in importlib.import_module(f"mutants.{room}").BUGS
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug[0]}: {bug[3]}")
def test_a_planted_bug_has_one_place_and_compiles(bug):
    file, text, planted, *_ = bug
    code = (LIBRARY / file).read_text(encoding="utf-8")
    assert code.count(text) == 1
    assert text != planted
    compile(code.replace(text, planted), file, "exec")


def test_at_least_150_bugs_are_planted_in_every_file_of_the_four_rooms_and_no_two_are_named_alike():
    assert len(BUGS) >= 150
    files = {path for room in ("finite", "agents", "algorithms", "runs") for path in (LIBRARY / room).glob("*.py")}
    assert {file for file, *_ in BUGS} == {
        f"{path.parent.name}/{path.name}" for path in files if path.name not in ("__init__.py", "columns.py")
    }
    assert [name for name, count in Counter((bug[0], bug[3]) for bug in BUGS).items() if count > 1] == []
