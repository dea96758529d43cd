"""The line search demands both conditions, and reports only the step it takes."""

import inspect
import math
import re

import pytest
import torch

from trpobook.algorithms.line_search import line_search
from trpobook.finite import tabular_trpo
from trpobook.widgets.lesson_10 import step_at

THETA = torch.tensor([1.0, 2.0], dtype=torch.float64)
STEP = torch.tensor([2.0, 0.0], dtype=torch.float64)


def moved(theta):
    return (theta - THETA).norm().item()


def search(surrogate, kl, **options):
    return line_search(surrogate, kl, THETA, STEP, **({"delta": 0.5, "predicted": 2.0, "shrink": 0.5} | options))


def test_a_full_step_that_keeps_its_promise_is_taken():
    result = search(moved, lambda theta: 0.1 * moved(theta))
    assert result.accepted and result.backtracks == 0
    assert torch.equal(result.theta, THETA + STEP)
    assert result.gain == 2.0 and result.kl == pytest.approx(0.2)


def test_backtracks_until_the_divergence_is_within_its_radius():
    result = search(moved, lambda theta: moved(theta) ** 2)
    assert result.backtracks == 2 and result.kl == 0.25 and result.gain == 0.5
    assert torch.equal(result.theta, THETA + STEP / 4)


def test_backtracks_until_the_surrogate_has_gained():
    result = search(lambda theta: moved(theta) - moved(theta) ** 2, lambda theta: 0.0)
    assert result.backtracks == 2 and result.gain == 0.25


@pytest.mark.parametrize(
    "surrogate,kl",
    [
        (lambda theta: -moved(theta), lambda theta: 0.0),
        (lambda theta: 0.0, lambda theta: 0.0),
        (lambda theta: 0.05 * moved(theta), lambda theta: 0.0),  # a gain, but under a tenth of the promised one
        (moved, lambda theta: 1.0),
        (lambda theta: math.nan, lambda theta: 0.0),
        (moved, lambda theta: math.nan),
        (lambda theta: 0.0 if torch.equal(theta, THETA) else math.inf, lambda theta: 0.0),
    ],
)
def test_failure_returns_the_old_parameters_and_reports_no_step(surrogate, kl):
    result = search(surrogate, kl)
    assert not result.accepted
    assert torch.equal(result.theta, THETA)
    assert result.gain == 0 and result.kl == 0


def test_an_ascent_that_promises_nothing_is_not_taken():
    assert not search(moved, lambda theta: 0.0, predicted=-1.0).accepted
    assert not search(moved, lambda theta: 0.0, predicted=0.0).accepted
    assert not search(moved, lambda theta: 0.0, predicted=math.nan).accepted


def test_the_old_parameters_are_not_written_to():
    before = THETA.clone()
    search(moved, lambda theta: moved(theta) ** 2)
    assert torch.equal(THETA, before)


@pytest.mark.parametrize(
    "options",
    [
        {"delta": 0.0},
        {"delta": math.nan},
        {"delta": math.inf},
        {"shrink": 1.0},
        {"shrink": 0.0},
        {"shrink": math.nan},
        {"max_backtracks": -1},
        {"max_backtracks": 1.5},
        {"min_ratio": -0.1},
        {"min_ratio": math.nan},
    ],
)
def test_impossible_options_are_named(options):
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        search(moved, moved, **options)


def test_a_step_of_another_shape_is_refused_and_not_broadcast():
    with pytest.raises(ValueError, match=r"theta has shape \(2,\), step \(1,\)"):
        line_search(moved, moved, THETA, STEP[:1], delta=0.5, predicted=1.0)


def test_the_rule_of_every_line_search_has_one_place():
    """Hundreds of recorded lessons and runs rest on these three numbers."""
    defaults = inspect.signature(line_search).parameters
    names = {"shrink": "SHRINK", "max_backtracks": "MOST_BACKTRACKS", "min_ratio": "MIN_RATIO"}
    assert {name: defaults[name].default for name in names} == {"shrink": 0.9, "max_backtracks": 30, "min_ratio": 0.1}
    for name, constant in names.items():
        assert defaults[name].default is getattr(tabular_trpo, constant)
    for rule in (inspect.getsource(tabular_trpo.backtrack), inspect.getsource(step_at)):
        assert all(constant in rule for constant in names.values())
        assert re.findall(r"\b0\.[19]\b|\b3[01]\b", rule.split('"""')[-1]) == []


@pytest.mark.parametrize("max_backtracks", [0, 1, 5])
def test_a_search_that_finds_nothing_has_tried_the_full_step_and_each_shrinking_and_says_so(max_backtracks):
    tried = []

    def outside(theta):
        tried.append(theta[0].item() - 1)
        return 1.0

    result = search(moved, outside, max_backtracks=max_backtracks)
    assert tried == [2 * 0.5**k for k in range(max_backtracks + 1)]
    assert result.accepted is False and result.backtracks == max_backtracks


def test_a_step_on_the_edge_of_the_region_with_just_the_gain_asked_for_is_taken():
    result = search(moved, lambda theta: 0.5, predicted=8.0, min_ratio=0.25)  # of a gain of 2 at the full step
    assert result.accepted is True and result.backtracks == 0 and result.kl == 0.5 and result.gain == 2.0
