"""Every lesson is stored as one clean run of all its cells. test_browser.py runs it again and compares the text."""

import json
import re

from conftest import LESSONS, each_lesson

MACHINE_PATH = re.compile(r"(?<![\w.])(?:/(?:home|Users|root|tmp|work|mnt|media|private|usr|opt|var)/|[A-Z]:\\)\w")


def code_cells(lesson):
    return [cell for cell in json.loads(lesson.read_text())["cells"] if cell["cell_type"] == "code"]


def outputs(lesson):
    return [output for cell in code_cells(lesson) for output in cell["outputs"]]


def texts(output):
    """Return what an output says in words: its stream, or each of its forms that isn't a picture."""
    data = {kind: value for kind, value in output.get("data", {}).items() if kind.startswith("text/")}
    return ["".join(text) for text in [output.get("text", ""), *data.values()]]


def test_there_are_lessons():
    assert LESSONS


@each_lesson
def test_is_executed_in_order_from_the_first_cell_to_the_last(lesson):
    counts = [cell["execution_count"] for cell in code_cells(lesson)]
    assert counts == list(range(1, len(counts) + 1))


@each_lesson
def test_stores_a_picture_and_text(lesson):
    kinds = {kind for output in outputs(lesson) for kind in output.get("data", {})}
    assert "image/png" in kinds
    assert any(output["output_type"] == "stream" for output in outputs(lesson))


@each_lesson
def test_stores_neither_error_nor_standard_error(lesson):
    assert [output["output_type"] for output in outputs(lesson) if output["output_type"] == "error"] == []
    assert ["".join(output["text"]) for output in outputs(lesson) if output.get("name") == "stderr"] == []
    assert [text for output in outputs(lesson) for text in texts(output) if "Traceback (most" in text] == []


@each_lesson
def test_stores_no_path_of_the_machine_that_ran_it(lesson):
    said = [text for output in outputs(lesson) for text in texts(output)]
    written = ["".join(cell["source"]) for cell in json.loads(lesson.read_text())["cells"]]
    assert [text for text in said + written if MACHINE_PATH.search(text)] == []


@each_lesson
def test_no_backslash_of_a_formula_became_a_tab_or_a_bell(lesson):
    written = ["".join(cell["source"]) for cell in json.loads(lesson.read_text())["cells"]]
    assert [text for text in written if re.search(r"[\x00-\x09\x0b-\x1f]", text)] == []


@each_lesson
def test_stores_nothing_that_changes_from_run_to_run(lesson):
    assert set(json.loads(lesson.read_text())["metadata"]) == {"kernelspec", "language_info"}
    assert [cell["metadata"] for cell in code_cells(lesson) if "execution" in cell["metadata"]] == []
    views = [output for output in outputs(lesson) if any("widget-view" in kind for kind in output.get("data", {}))]
    assert views == [], "make notebooks stores a picture in place of each widget"
