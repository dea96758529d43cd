"""Each exercise: the solution passes, a wrong answer gets its own diagnosis, the stub isn't attempted."""

import copy
import dataclasses
import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from trpobook.exercises import Exercise, check, diagnose, load
from trpobook.exercises.checks import examine
from trpobook.exercises.mistakes import mistakes

BOOK = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((BOOK / "notebooks").glob("*.ipynb"))
SOLUTION = re.compile(r"<summary>Solution (\d+\.\d+)</summary>(.*?)</details>", re.DOTALL)
FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)
LESSONS = sorted(path.stem for path in (BOOK / "lib/trpobook/exercises").glob("lesson_*.py"))


def cells(notebook, kind):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == kind]


def solutions(notebook):
    """Return {number: code} of the solutions in a lesson's <details> blocks."""
    text = "\n\n".join(cells(notebook, "markdown"))
    return {number: "\n".join(FENCE.findall(block)) for number, block in SOLUTION.findall(text)}


def stubs(notebook):
    """Return {number: code of the cell that defines the function which the check of that number is given}."""
    code = cells(notebook, "code")
    checks = [found for source in code for found in re.findall(r'check\(\s*"(\d+\.\d+)",\s*(\w+)', source)]
    return {number: next(s for s in code if f"def {name}(" in s) for number, name in checks}


def define(notebook, number, source):
    """Run the lesson's first code cell, which imports, then `source`; return the exercise's function."""
    namespace = {}
    exec(cells(notebook, "code")[0], namespace)
    exec(source, namespace)
    return namespace[load(number).function]


def registered():
    return [n for lesson in LESSONS for n in importlib.import_module(f"trpobook.exercises.{lesson}").EXERCISES]


def in_lessons(extract):
    return [pytest.param(book, n, code, id=n) for book in NOTEBOOKS for n, code in extract(book).items()]


def wrong_answers():
    return [
        pytest.param(number, answer, diagnosis, id=f"{number}-{answer.__name__}")
        for lesson in LESSONS
        for number, answers in importlib.import_module(f"wrong_answers.{lesson}").WRONG_ANSWERS.items()
        for answer, diagnosis in answers
    ]


@pytest.mark.parametrize("extract", [solutions, stubs])
def test_lessons_have_each_registered_exercise_once(extract):
    found = [number for book in NOTEBOOKS for number in extract(book)]
    assert sorted(found) == sorted(registered())


@pytest.mark.parametrize("notebook,number,code", in_lessons(solutions))
def test_the_books_solution_is_correct(notebook, number, code):
    verdict = diagnose(number, define(notebook, number, code))
    assert verdict.status == "correct", verdict.message


@pytest.mark.parametrize("notebook,number,code", in_lessons(stubs))
def test_the_untouched_stub_is_not_attempted(notebook, number, code):
    assert diagnose(number, define(notebook, number, code)).status == "not attempted"


@pytest.mark.parametrize("number,answer,diagnosis", wrong_answers())
def test_a_wrong_answer_gets_its_own_diagnosis(number, answer, diagnosis, monkeypatch):
    if "the value is wrong" not in diagnosis:  # what there is to be found is found on a slow machine too
        monkeypatch.setattr("trpobook.exercises.explain.BUDGET", 20.0)
    verdict = diagnose(number, answer)
    assert verdict.status == "wrong"
    assert diagnosis in verdict.message
    others = {text for text, _ in load(number).misconceptions if diagnosis not in text}
    assert not any(text in verdict.message for text in others)


@pytest.mark.parametrize("number", registered())
def test_every_misconception_has_a_wrong_answer(number):
    lesson = importlib.import_module(f"wrong_answers.lesson_{int(number.split('.')[0]):02d}")
    catalogued = [diagnosis for _, diagnosis in lesson.WRONG_ANSWERS[number]]
    for text, _ in [*load(number).misconceptions, *load(number).requires]:
        assert any(diagnosis in text for diagnosis in catalogued), text


def slipped(value):
    """Return a copy of an expected result whose last number is off by a hundred-thousandth, or no longer infinite."""
    if isinstance(value, tuple):
        return (*value[:-1], slipped(value[-1]))
    array = np.asarray(value).copy()
    last = array.flat[-1]
    if array.dtype == bool:
        array.flat[-1] = not last
        return array
    array = array.astype(float)
    array.flat[-1] = last + 1e-5 * max(1, abs(last)) if np.isfinite(last) else 0
    return array


def one_by_one(values):
    """Return a function that gives the values one by one, whatever its arguments."""
    left = iter(values)
    return lambda *args: next(left)


@pytest.mark.parametrize("notebook,number,code", in_lessons(solutions))
def test_a_check_notices_a_slip_in_one_number_of_any_one_input(notebook, number, code):
    exercise, solution = load(number), define(notebook, number, code)
    wanted = [exercise.expected(*args) for args in exercise.cases]
    results = [exercise.apply(solution, *args) for args in copy.deepcopy(exercise.cases)]
    for case in range(len(wanted)):
        values = list(results if exercise.many else wanted)
        values[case] = slipped(values[case])
        expected, given = (wanted, values) if exercise.many else (values, results)
        recorded = dataclasses.replace(
            exercise, expected=one_by_one(expected), apply=one_by_one(given), misconceptions=()
        )
        assert examine(recorded, solution).status == "wrong", f"input {case}"


# The generic part, on exercises made for the purpose.

DOUBLE = Exercise("double", cases=[(np.array([1.0]),), (np.array([1.0, 2.0]),)], expected=lambda x: 2 * x)


class Hostile:
    """An object that raises whatever one does with it."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")

    def __bool__(self):
        raise RuntimeError("no")


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raises(error):
    def answer(*args):
        raise error

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        3,
        "text",
        Hostile(),
        lambda: None,
        lambda *args: None,
        lambda *args: "text",
        lambda *args: [[1, 2], [3]],
        lambda *args: {},
        lambda *args: Hostile(),
        lambda *args: (Hostile(), Hostile(), Hostile()),
        lambda *args: 1j,
        lambda *args: True,
        lambda *args: float("nan"),
        lambda *args: np.array(["a"]),
        lambda *args: np.array([], dtype=object),
        raises(ValueError("bad")),
        raises(SystemExit(1)),
        raises(RecursionError()),
        raises(MuteError()),
    ],
)
@pytest.mark.parametrize("number", registered())
def test_a_check_never_raises_and_never_accepts_nonsense(number, answer, capsys):
    assert check(number, answer, otherwise="library") == "library"
    assert "not yet: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer,diagnosis",
    [
        (lambda x: 2 * x[:1], "the shape is wrong: expected (2,), got (1,)"),
        (lambda x: 2j * x, "the type is wrong: expected real numbers, got complex"),
        (lambda x: x / 0, "infinite where a finite number is expected"),
        (lambda x: x * np.nan, "NaN where a number is expected"),
        (lambda x: -2 * x, "the sign is wrong"),
        (lambda x: x, "every value is half the expected one"),
        (lambda x: 2 * x + 1, "the value is wrong"),
        (lambda x: -2 * x[:1], "the shape is wrong"),
        (lambda x: -x, "every value is minus half the expected one"),
    ],
)
def test_complaints_come_in_the_order_shape_dtype_finite_sign_factor_value(answer, diagnosis):
    assert diagnosis in examine(DOUBLE, answer).message


def test_two_mistakes_of_one_term_are_not_said_to_be_made_at_once():
    one_term = [("no 1", {"term": lambda x: x}), ("no term", {"term": lambda x: 0 * x})]
    pull = dataclasses.replace(
        DOUBLE, expected=lambda x: x - 1, misconceptions=list(mistakes(lambda term: lambda x: term(x), one_term))
    )
    assert "no 1" in examine(pull, lambda x: x).message
    assert "two things at once" not in examine(pull, lambda x: x * 0 + 1).message  # x + 0 − (x − 1)


PAIR = Exercise(
    "pair",
    cases=[(1.0,), (2.0,), (5.0,)],
    expected=lambda x: (x, x**2),
    misconceptions=[("you halve x", lambda x: (x / 2, x**2 / 4)), ("you add 1 to x", lambda x: (x + 1, (x + 1) ** 2))],
    parts=("the first", "the second"),
)


@pytest.mark.parametrize(
    "answer,said",
    [
        (lambda x: (x / 2, x**2 / 4), "not yet: you halve x."),
        (lambda x: (x / 2, x**2), "the first alone is wrong, as this mistake would make it: you halve x."),
        (lambda x: (x / 2, (x + 1) ** 2), "taken one by one, the first: you halve x; the second: you add 1 to x."),
        (lambda x: (3 * x, x**2), "the first: every value is three times"),
    ],
)
def test_a_mistake_that_a_right_part_refutes_is_not_said_to_be_made(answer, said):
    assert said in examine(PAIR, answer).message


def test_a_diagnosis_of_nan_is_shown_where_there_is_one():
    root = Exercise(
        "root",
        cases=[(np.array([1.0]),), (np.array([2.0]),), (np.array([-1.0]),)],
        expected=lambda x: x,
        misconceptions=[("NaN below 0", lambda x: 3 * np.sqrt(x))],
    )
    message = examine(root, lambda x: 3 * np.sqrt(x)).message
    assert "NaN below 0" in message and "root([-1])" in message


def test_mere_rounding_is_shown_as_zero():
    assert (
        "expected 0, got 2"
        in examine(dataclasses.replace(DOUBLE, expected=lambda x: -1e-17 * x), DOUBLE.expected).message
    )


def test_the_smallest_failing_input_is_shown():
    assert (
        "double([1])\n    first difference: entry [0]: expected 2, got 3"
        in examine(DOUBLE, lambda x: 2 * x + 1).message
    )
    assert "double([1, 2])" in examine(DOUBLE, lambda x: 2 * x**2).message


def test_requirements_judge_answers_that_are_not_unique():
    rising = Exercise("rising", cases=[(3.0,)], requires=[("go higher than x", lambda result, x: result > x)])
    assert examine(rising, lambda x: x + 1).status == "correct"
    assert "go higher than x" in examine(rising, lambda x: x - 1).message
    assert "go higher than x" in examine(rising, lambda x: Hostile()).message


def test_the_answer_is_handed_on_only_when_correct():
    def right(p, q):
        return load("1.1").expected(p, q)

    assert check("1.1", right, otherwise=None).answer is right
    assert check("1.1", lambda p, q: ..., otherwise=None) is None


def test_cases_are_left_alone_by_an_answer_that_overwrites_them():
    before = [np.copy(a) for args in load("1.1").cases for a in args]

    def overwrite(p, q):
        p[...] = 7

    diagnose("1.1", overwrite)
    after = [a for args in load("1.1").cases for a in args]
    assert all(np.array_equal(b, a) for b, a in zip(before, after, strict=True))
