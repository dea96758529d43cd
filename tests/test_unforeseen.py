"""Answers by readers who knew the lessons and not their checks: the right ones are accepted, none of the wrong ones is.

What the wrong ones are told takes minutes to find out: tools/measure_answers.py counts it.
"""

import importlib
from pathlib import Path

import pytest

from trpobook.exercises import diagnose
from trpobook.exercises.explain import Search

pytestmark = pytest.mark.slow

LESSONS = sorted(path.stem for path in (Path(__file__).parent / "unforeseen").glob("lesson_*.py"))


def answers(kind):
    return [
        pytest.param(number, answer, id=answer.__name__)
        for lesson in LESSONS
        for number, listed in getattr(importlib.import_module(f"unforeseen.{lesson}"), kind).items()
        for answer, _ in listed
    ]


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    """Without the search for a reason."""
    monkeypatch.setattr(Search, "explanation", lambda search: None)


@pytest.mark.parametrize("number,answer", answers("RIGHT"))
def test_a_right_answer_in_any_style_is_accepted(number, answer):
    verdict = diagnose(number, answer)
    assert verdict.status == "correct", verdict


@pytest.mark.parametrize("number,answer", answers("WRONG"))
def test_a_wrong_answer_that_nobody_foresaw_is_not_accepted(number, answer, monkeypatch):
    monkeypatch.setattr("trpobook.exercises.checks.LIMIT", 3.0)
    assert diagnose(number, answer).status == "wrong"
