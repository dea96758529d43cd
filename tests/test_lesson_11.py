"""Lesson 11: the numbers behind its interactive, and the picture of branches."""

import numpy as np
import pytest

from trpobook.book import plots, style
from trpobook.finite.branching import branch_length, branch_moments, sample_branches, single_spread, vine_spread
from trpobook.finite.laboratory import Laboratory
from trpobook.finite.mdp import GOAL, TRAP, gridworld
from trpobook.widgets.lesson_11 import COUNTS, FROM, compute_vines, describe_vines, half_trained

WORLD = gridworld()


@pytest.mark.parametrize("common", [True, False])
def test_the_curves_are_variances_over_a_single_paths(common):
    pi = half_trained()
    vines = compute_vines(4, 12, common)
    here = np.searchsorted(COUNTS, 4)
    state, single = sum(vine_spread(WORLD, pi, 12, 4, common)), single_spread(WORLD, pi, baseline=True)
    d = WORLD.visitation(pi) / WORLD.visitation(pi).sum()
    calls = 1 + 4 * np.einsum("s,sa,sa", d, pi, branch_length(WORLD, pi, 12))
    assert vines.per_answer[here] == pytest.approx(4 * state / single)
    assert vines.per_call[here] == pytest.approx(calls * state / single)
    assert vines.other[here] == pytest.approx(compute_vines(4, 12, not common).per_answer[here])


def test_shorter_and_fewer_branches_are_parts_of_longer_and_more():
    few, many = compute_vines(3, 10, True), compute_vines(8, 40, True)
    assert np.array_equal(few.paths, many.paths[:3, :11])
    assert np.array_equal(few.steps, np.minimum(many.steps[:3], 10))
    assert np.all(many.paths[:, 0] == FROM)


def test_the_lessons_policy_earns_four_tenths_and_its_gradient_needs_about_ten_steps():
    lab = Laboratory()
    assert lab.percent(WORLD.expected_return(half_trained())) == pytest.approx(39.8, abs=0.05)
    cosines = [compute_vines(2, h, True).cosine for h in (1, 10, 40)]
    assert cosines[0] < 0.2 and 0.9 < cosines[1] < cosines[2]


def test_the_interactive_shows_what_its_answer_says():
    shared, own = compute_vines(4, 20, True), compute_vines(4, 20, False)
    assert own.per_answer[0] > 2 * shared.per_answer[0]  # twice as high at K = 2
    assert own.per_answer[-1] == pytest.approx(shared.per_answer[-1], rel=0.05)  # as it was at K = 8
    assert np.all(np.diff(own.per_answer[:6]) < 0) and np.all(np.diff(shared.per_answer[1:]) > 0)
    assert compute_vines(4, 5, True).per_call[2] == pytest.approx(5, abs=0.1)
    blind = compute_vines(4, 1, True)
    assert blind.per_call.max() < 1 and blind.cosine == pytest.approx(0.13, abs=0.005)
    assert "has a cosine of 0.13 with the true one" in describe_vines(blind)


def test_two_coins_that_move_both_returns_the_same_way_may_still_be_at_odds():
    x, y = np.meshgrid([-1, 1], [-1, 1])
    f, h = 0.9 * (x + y) + x * y, -0.9 * (x + y) + x * y
    for axis in (0, 1):
        assert np.all(np.diff(f, axis=axis) * np.diff(h, axis=axis) > 0)
    assert np.mean(f * h) - f.mean() * h.mean() == pytest.approx(-0.62)


def test_common_noise_harms_between_the_two_sides_of_the_trap():
    uniform = np.full((25, 4), 0.25)
    covariance = branch_moments(WORLD, uniform, 400)[1][16]
    assert covariance[0, 1] < 0 < covariance[0, 3]


def test_walks_are_drawn_to_their_end_and_stop_at_the_edge_of_a_named_cell():
    grown = sample_branches(
        WORLD, half_trained(), np.array([3]), np.array([[1, 2, 3]]), 6, np.random.default_rng(1), True
    )
    _, axes = style.figure()
    plots.draw_walks(axes, grown.states[0], grown.steps[0], [style.OLD, style.OLD, style.NEW])
    dots, lines = axes.lines[:3], axes.lines[3:]
    assert len(lines) == 2  # one for each look
    for dot, walk, count in zip(dots, grown.states[0], grown.steps[0], strict=True):
        (x,), (y,) = dot.get_data()
        last = walk[count]
        away = max(abs(x - last % 5), abs(y - last // 5))
        assert (0.3 < away < 0.6) if last in (GOAL, TRAP) else away < 0.1
    assert grown.states[0, 0, grown.steps[0, 0]] == GOAL
