"""Lesson 07: the numbers behind its two interactives, against closed forms and sums over actions."""

import numpy as np
import pytest

from trpobook.finite.divergences import kl_categorical, kl_gaussian
from trpobook.finite.mdp import softmax
from trpobook.widgets.lesson_07 import (
    DIRECTIONS,
    bell_return,
    compute_balls,
    gaussian_steps,
    kl_sphere,
)


def test_every_point_of_the_sphere_is_a_policy_at_kl_delta():
    for p in ([1 / 3] * 3, [0.9, 0.03, 0.07], [0.02, 0.5, 0.48]):
        sphere = kl_sphere(np.array(p), 0.05)
        assert np.all(sphere > 0) and sphere.sum(axis=1) == pytest.approx(1, abs=1e-12)
        assert kl_categorical(p, sphere) == pytest.approx(np.full(len(sphere), 0.05), abs=1e-9)


def test_the_sphere_surrounds_its_policy_in_every_direction():
    p = np.array([0.7, 0.2, 0.1])
    away = kl_sphere(p, 0.02) - p
    assert np.sum(away * DIRECTIONS, axis=1) == pytest.approx(np.linalg.norm(away, axis=1), abs=1e-12)


def test_both_circles_pass_for_the_sphere_around_the_uniform_policy_and_nowhere_else():
    fair = compute_balls(1 / 3, 0.5, -5)
    for kl in (fair.circle_kl, fair.logit_circle_kl):
        assert kl / fair.delta == pytest.approx(np.ones(len(kl)), abs=0.01)
    sure = compute_balls(0.96, 0.5, -1.6)
    assert np.isinf(sure.circle_kl.max()) and sure.logit_circle_kl.max() < sure.delta / 2


def test_circles_keep_their_distance():
    balls = compute_balls(0.6, 0.3, -2)
    assert np.linalg.norm(balls.circle - balls.policy, axis=1) == pytest.approx(np.sqrt(0.02 / 3), abs=1e-12)
    logits = np.log(balls.logit_circle) - np.log(balls.policy)
    logits -= logits.mean(axis=1, keepdims=True)
    assert np.linalg.norm(logits, axis=1) == pytest.approx(np.sqrt(0.06), abs=1e-9)
    assert softmax(np.log(balls.policy) + logits) == pytest.approx(balls.logit_circle, abs=1e-12)


def test_towards_a_corner_the_balls_shrink_in_probabilities_and_grow_in_logits():
    fair, sure = compute_balls(1 / 3, 0.5, -1.6), compute_balls(0.9, 0.5, -1.6)

    def widths(balls):
        logits = np.log(balls.ball)
        return np.ptp(balls.ball, axis=0).max(), np.ptp(logits - logits.mean(axis=1, keepdims=True), axis=0).max()

    (p_fair, z_fair), (p_sure, z_sure) = widths(fair), widths(sure)
    assert p_sure < 0.7 * p_fair and z_sure > 2 * z_fair


def test_balls_reach_less_far_to_the_corner_in_probabilities_and_farther_outwards_in_logits():
    balls = compute_balls(0.8, 0.5, -1.6)
    first = balls.ball[:, 0]
    assert first.max() - 0.8 < 0.9 * (0.8 - first.min())
    logits = np.log(balls.ball) - np.log(balls.ball).mean(axis=1, keepdims=True)
    centre = (np.log(balls.policy) - np.log(balls.policy).mean())[0]
    assert logits[:, 0].max() - centre > 1.1 * (centre - logits[:, 0].min())


@pytest.mark.parametrize("mean, std", [(0.0, 1.0), (-2.0, 0.6), (3.0, 1.7)])
def test_the_bells_return_is_its_mean_over_actions(mean, std):
    a, step = np.linspace(mean - 12 * std, mean + 12 * std, 20_001, retstep=True)
    density = np.exp(-(((a - mean) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))
    assert bell_return(mean, std) == pytest.approx(step * density @ np.exp(-(a**2) / 2), abs=1e-12)


def tangents(paths):
    """Where each path sets out to, in units of its own length."""
    starts = np.array([path[1] - path[0] for path in paths])
    return starts / np.linalg.norm(starts, axis=1, keepdims=True)


def test_natural_steps_set_out_together_and_plain_ones_do_not():
    together = tangents(gaussian_steps(-2.0, 0.6, 1e-6, natural=True))
    apart = tangents(gaussian_steps(-2.0, 0.6, 1e-6, natural=False))
    assert np.ptp(together, axis=0) == pytest.approx([0, 0], abs=1e-3)
    assert np.ptp(apart, axis=0).max() > 0.3


def test_natural_steps_end_farther_apart_the_larger_they_are_and_the_third_strays_most():
    spreads = []
    for delta in (0.005, 0.05, 0.15):
        first, second, third = (path[-1] for path in gaussian_steps(-2.0, 0.6, delta, natural=True))
        spreads.append(np.linalg.norm(third - first))
        assert spreads[-1] > 2 * np.linalg.norm(second - first)
    assert spreads[0] < spreads[1] < spreads[2]


def test_two_plain_steps_set_out_together_where_the_slopes_of_sigma_agree():
    first, second, third = tangents(gaussian_steps(-1.0, 1.0, 1e-6, natural=False))
    assert first == pytest.approx(second, abs=1e-3) and np.abs(first - third).max() > 0.1


def test_with_the_mean_at_zero_plain_and_natural_steps_are_the_same():
    for delta in (0.005, 0.05):
        both = (gaussian_steps(0.0, 0.7, delta, natural) for natural in (True, False))
        for one, other in zip(*both, strict=True):
            assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("natural", [True, False])
def test_a_small_step_costs_its_budget_in_every_system(natural):
    for path in gaussian_steps(-1.0, 0.8, 1e-6, natural):
        (mean, std), (new_mean, new_std) = path[0], path[-1]
        assert (mean, std) == pytest.approx((-1.0, 0.8), abs=1e-12)
        assert kl_gaussian(mean, std, new_mean, new_std) == pytest.approx(1e-6, rel=0.01)


def test_no_step_gains_more_per_nat_than_the_natural_one():
    now = bell_return(-1.5, 0.7)
    best, *_ = (bell_return(*path[-1]) - now for path in gaussian_steps(-1.5, 0.7, 1e-8, natural=True))
    for path in gaussian_steps(-1.5, 0.7, 1e-8, natural=False):
        assert bell_return(*path[-1]) - now <= best * (1 + 1e-3)
