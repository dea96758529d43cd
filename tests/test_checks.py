"""What all checks of exercises share: how answers are compared, what is said, and what a lesson goes on with."""

import ast
import contextlib
import json
import re
import threading
import time

import numpy as np
import pytest
import torch

from conftest import LESSONS
from trpobook.book import progress
from trpobook.book.lab import RECORD
from trpobook.exercises import Exercise, case, check, diagnose
from trpobook.exercises.checks import examine
from trpobook.exercises.patience import TooLong, patience
from trpobook.exercises.plugs import PluggedIn

# Where the values come from


def right(x, y, gamma):
    return gamma * x + y


SUM = Exercise(
    "discounted_sum",
    cases=[
        (np.array([1.0, 2.0]), np.array([3.0, -1.0]), 0.5),
        (np.array([0.3, -2.0, 1.0]), np.array([1.0, 0.2, 0.7]), 0.9),
        (np.array([-1.3]), np.array([0.4]), 0.7),
    ],
    expected=right,
    misconceptions=[("you add γ twice", lambda x, y, gamma: gamma * x + y + 2 * gamma)],
)
PAIR = Exercise(
    "mean_and_spread",
    cases=[(np.array([1.0, 2.0]),), (np.array([3.0, -1.0, 5.0]),), (np.array([0.5, 0.1, 0.7, 9.0]),)],
    expected=lambda x: (x.mean(), x.std()),
    parts=("mean", "spread"),
)


@pytest.mark.parametrize(
    "answer,said",
    [
        (lambda x, y, gamma: -(gamma * x + y), "the sign is wrong: every value is the expected one's negative"),
        (lambda x, y, gamma: 2 * (gamma * x + y), "every value is twice the expected one"),
        (lambda x, y, gamma: gamma * (gamma * x + y), "every value is `gamma` times the expected one"),
        (lambda x, y, gamma: (gamma * x + y) / len(x), "divided by the length of `x`"),
        (lambda x, y, gamma: x + y, "your values are those for `gamma` = 1: is it left out?"),
        (lambda x, y, gamma: gamma * x, "your values are those for `y` = 0 throughout: is it left out?"),
        (lambda x, y, gamma: gamma * y + x, "`x` and `y` have changed places"),
        (lambda x, y, gamma: gamma * x + x, "your values are those with `x` in the place of `y`"),
        (lambda x, y, gamma: np.abs(gamma * x + y), "every value has lost its sign"),
        (lambda x, y, gamma: (gamma * x + y)[::-1], "the order is reversed"),
        (lambda x, y, gamma: gamma * x + y + 1, "every value is off by +1"),
        (lambda x, y, gamma: gamma * x + y + 2 * gamma, "you add γ twice"),
        (lambda x, y, gamma: -(gamma * x + y + 2 * gamma), "you add γ twice; and besides, the sign is wrong"),
        (lambda x, y, gamma: sum(gamma * x + y), "the shape is wrong: expected (2,), got (): you have the sum"),
        (lambda x, y, gamma: np.where(x < 0, 7, gamma * x + y), "wrong only where `x` is negative"),
        (lambda a, b, c: a + b, "your values are those for `c` = 1: is it left out?"),
        (lambda x, y, gamma: gamma * x + np.cos(y), "the value is wrong"),
    ],
)
def test_an_explanation_says_what_is_true_of_all_values(answer, said):
    assert said in examine(SUM, answer).diagnosis


@pytest.mark.parametrize(
    "answer,said",
    [
        (lambda x: (x.std(), x.mean()), "another order than asked for, which is mean, spread"),
        (lambda x: (x.mean(), -x.std()), "spread: the sign is wrong"),
        (lambda x: (x.mean(), x.std() ** 2), "spread: every value is the square of the expected one"),
        (lambda x: x.mean(), "return 2 values, not 1"),
        (lambda x: (x.sum(), x.std()), "mean: every value is the length of `x` times the expected one"),
    ],
)
def test_the_part_that_is_wrong_is_named(answer, said):
    assert said in examine(PAIR, answer).diagnosis


def test_the_sign_is_blamed_for_nothing_but_a_negation():
    assert "sign" not in examine(SUM, lambda x, y, gamma: gamma * x - y).diagnosis


@pytest.mark.parametrize("answer", [lambda x: [x.mean(), x.std()], lambda x: np.array([x.mean(), x.std()])])
@pytest.mark.parametrize("wrap", [lambda x: x, torch.tensor])
def test_lists_arrays_and_tensors_are_fine_in_the_place_of_a_tuple(answer, wrap):
    assert examine(PAIR, lambda x: wrap(answer(x))).status == "correct"


def test_single_precision_is_called_that_and_the_lesson_goes_on_with_the_books_function():
    verdict = examine(SUM, lambda x, y, gamma: np.float32(gamma) * x.astype("f") + y.astype("f"))
    assert verdict.status == "correct" and not verdict.goes_on
    assert "in single precision" in verdict.diagnosis


def test_values_that_are_right_to_a_few_digits_are_called_that():
    assert "right to about 4 digits" in examine(SUM, lambda x, y, gamma: gamma * x + y + 1e-4 * np.cos(x)).diagnosis


def test_the_first_difference_is_shown_with_enough_digits_and_its_place():
    verdict = examine(SUM, lambda x, y, gamma: gamma * x + y + np.arange(len(x)) * 1e-2 * y)
    assert ("first difference", "entry [1]: expected 0, got -0.01") in verdict.details


def test_the_input_that_is_shown_can_be_pasted():
    verdict = diagnose("1.1", lambda p, q: np.sum(p * p, axis=-1))
    code = dict(verdict.details)["smallest failing input"]
    given = eval(code, {"np": np, "kl_categorical": lambda *args: args})
    np.testing.assert_array_equal(given[0], case("1.1", 0)[0])
    code = dict(diagnose("2.2", lambda theta, mdp: theta).details)["smallest failing input"].split(", where")[0]
    theta, mdp = eval(code, {"case": case, "policy_gradient": lambda *args: args})
    assert theta.shape == mdp.reward.shape


# An end to everything


def test_an_answer_that_does_not_end_is_stopped(monkeypatch):
    monkeypatch.setattr("trpobook.exercises.checks.LIMIT", 0.3)

    def endless(x, y, gamma):
        while True:
            with contextlib.suppress(Exception):
                x = x + 1

    started = time.monotonic()
    assert "had not ended" in examine(SUM, endless).diagnosis
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("elsewhere", [False, True])
def test_patience_ends_a_loop_in_any_thread_and_lets_the_quick_alone(elsewhere):
    ended = []

    def body():
        with patience(5):
            ended.append("quick")
        try:
            with patience(0.1):
                while True:
                    pass
        except TooLong:
            ended.append("endless")

    if elsewhere:
        thread = threading.Thread(target=body)
        thread.start()
        thread.join(5)
    else:
        body()
    assert ended == ["quick", "endless"]


# What a lesson goes on with


def kl(p, q):
    with np.errstate(all="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0).sum(-1)


def books(p, q):
    return "the book's"


def test_run_again_a_check_does_not_take_the_books_function_for_the_readers(capsys):
    function = check("1.1", lambda p, q: kl(q, p), otherwise=books)
    assert function is books
    for fallback in (books, lambda p, q: "made anew by each run of the cell"):
        function = check("1.1", function, otherwise=fallback)
        assert "this is the book's own function, not yours" in capsys.readouterr().out.splitlines()[-1]
        assert function is fallback


def test_the_librarys_function_is_not_taken_for_an_answer(capsys):
    from trpobook.finite.divergences import kl_categorical

    assert check("1.1", kl_categorical, otherwise=books) is books
    assert "correct" not in capsys.readouterr().out


def test_a_right_answer_stays_plugged_in_when_its_check_runs_again(capsys):
    plugged = check("1.1", kl, otherwise=books)
    again = check("1.1", plugged, otherwise=books)
    assert isinstance(again, PluggedIn) and again.answer is kl
    assert capsys.readouterr().out.count("correct, on all") == 2


def check_cells():
    found = []
    for lesson in LESSONS:
        cells = json.loads(lesson.read_text())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        for source in code:
            for number, name in re.findall(r'\bcheck\(\s*"(\d+\.\d+)",\s*(\w+)', source):
                found.append(pytest.param(code[0], source, name, id=number))
    return found


def until_the_check(source):
    """Return the statements of a cell up to the one that checks."""
    statements = ast.parse(source.removesuffix(";")).body
    last = next(i for i, statement in enumerate(statements) if "check(" in ast.unparse(statement))
    return "\n".join(map(ast.unparse, statements[: last + 1]))


@pytest.mark.parametrize("imports,cell,name", check_cells())
def test_no_check_cell_calls_a_wrong_answer_correct_when_it_runs_again(imports, cell, name, capsys):
    space = {}
    exec(imports, space)
    space[name] = lambda *args, **named: "wrong"
    for _ in range(3):
        exec(until_the_check(cell), space)
    said = capsys.readouterr().out
    assert "correct, " not in said
    assert said.count("not yet: ") + said.count("the book's own function") == 3


@pytest.mark.parametrize("imports,cell,name", [each for each in check_cells() if "otherwise" in each.values[1]])
def test_what_a_lesson_goes_on_with_otherwise_is_right(imports, cell, name):
    space = {}
    exec(imports, space)
    space[name] = ...
    exec(until_the_check(cell), space)
    number = re.search(r'check\(\s*"([\d.]+)"', cell).group(1)
    verdict = diagnose(number, space[name])
    assert verdict.status == "correct" and verdict.goes_on, verdict


@pytest.mark.parametrize(
    "given,result,kind",
    [
        (np.ones(2), torch.ones(2, dtype=torch.float64), np.ndarray),
        (np.ones(2), [1.0, 2.0], np.ndarray),
        (np.ones(2), np.array(1.5), np.float64),
        (np.ones(2), torch.tensor(1.5, dtype=torch.float64), np.float64),
        (torch.ones(2), np.ones(2), torch.Tensor),
        (torch.ones(2), [torch.ones(()), torch.zeros(())], torch.Tensor),
        (np.ones(2), 2.0, float),
    ],
)
def test_what_is_plugged_in_answers_in_the_books_types(given, result, kind):
    assert type(PluggedIn(lambda x: result, None)(given)) is kind
    pair = PluggedIn(lambda x: (result, 1), None)(given)
    assert type(pair) is tuple and type(pair[0]) is kind


def test_what_is_plugged_in_takes_the_books_names_of_arguments():
    assert PluggedIn(lambda a, b: a - b, lambda p, q: None)(q=1, p=3) == 2


# A verdict is seen


def test_a_verdict_is_a_card_in_a_notebook_and_words_elsewhere(capsys):
    check("1.1", lambda p, q: kl(q, p), otherwise=books)
    assert capsys.readouterr().out.startswith("Exercise 1.1, kl_categorical: not yet: you have KL(q‖p)")
    verdict = diagnose("1.1", lambda p, q: kl(q, p))
    card = verdict._repr_html_()
    assert "you have KL(q‖p)" in card and card.count("<svg") == 2 and "smallest failing input" in card
    assert "<script" not in examine(SUM, lambda x, y, gamma: "<script>")._repr_html_()


# Progress


def test_what_is_solved_is_remembered_in_a_working_copy_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check("1.1", kl, otherwise=books)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / RECORD).write_text("{}")
    for _ in range(2):
        check("1.1", kl, otherwise=books)
    check("1.2", kl, otherwise=books)
    assert progress.solved_in(tmp_path) == ["1.1"]
    assert [lesson.solved for lesson in progress.lessons()][1] == ("1.1",)
    said = progress.report()
    assert "1 of 4" in said and said.endswith("next: exercise 0.1")


@pytest.mark.parametrize("damaged,left", [("", []), ("{}", []), ("[1, 2", []), ('[3, null, "1.1"]', ["1.1"])])
def test_of_a_damaged_record_only_what_is_legible_counts(damaged, left, tmp_path):
    (tmp_path / progress.SOLVED).write_text(damaged)
    assert progress.solved_in(tmp_path) == left
