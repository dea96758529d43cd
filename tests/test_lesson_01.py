"""What lesson 01 says about its interactives, its exercise and its estimators, computed in another way."""

import itertools

import numpy as np
import pytest

from trpobook.finite.divergences import kl_categorical
from trpobook.widgets.lesson_01 import compute_pair, compute_rare, raised_probability, rare_action

COINS = np.linspace(0.01, 0.99, 50)


def coin(p):
    return np.array([p, 1 - p])


def test_near_one_half_pinsker_is_all_but_reached_in_both_directions():
    for new in np.linspace(0.45, 0.55, 10):
        pair = compute_pair(0.5, new)
        assert [2 * pair.tv**2] * 2 == pytest.approx([pair.kl_old_new, pair.kl_new_old], rel=0.01)


def test_of_two_coins_kl_is_larger_towards_the_more_extreme_one_and_symmetric_on_the_diagonal():
    for old in COINS:
        assert compute_pair(old, 1 - old).kl_old_new == pytest.approx(compute_pair(1 - old, old).kl_old_new)
        for new in COINS:
            pair, more = compute_pair(old, new), abs(new - 0.5) - abs(old - 0.5)
            if abs(more) > 1e-9:
                assert (pair.kl_old_new > pair.kl_new_old) == (more > 0), (old, new)


def test_pinskers_gap_is_of_fourth_order_at_the_fair_coin_and_grows_without_bound():
    def gap(new):
        pair = compute_pair(0.5, new)
        return pair.kl_old_new / 2 - pair.tv**2

    assert gap(0.52) / gap(0.51) == pytest.approx(16, rel=0.01)
    assert np.diff([gap(1 - 10.0**-k) for k in (6, 9, 12)]) == pytest.approx(3 * np.log(10) / 4, rel=1e-3)


def test_the_ratio_is_in_ppos_band_only_above_an_old_probability_of_0_345():
    assert compute_rare(np.log10(0.344)).ratio > 1.2 > compute_rare(np.log10(0.346)).ratio
    assert (compute_rare(np.log10(0.2)).ratio, compute_rare(np.log10(0.5)).ratio) == pytest.approx(
        (1.30, 1.14), abs=0.005
    )
    assert rare_action.controls()["log_old"].high > np.log10(0.345)  # where the reader can see it


def test_each_power_of_ten_of_a_rare_action_multiplies_ratio_and_variance_by_nearly_ten():
    rare = [compute_rare(log_old) for log_old in (-4, -5, -6)]
    for before, after in itertools.pairwise(rare):
        assert 9 < after.ratio / before.ratio < 10 and 9 < after.variance / before.variance < 10
    assert compute_rare(-0.7).variance < 0.025 < compute_rare(-1.5).variance


def test_the_other_direction_bounds_the_variance_no_more_than_the_first():
    rare = compute_rare(-4)
    common = rare.grid < 0.1
    assert np.all(rare.variances_reverse[common] < rare.variances[common])
    new = raised_probability(1e-12, lambda p, q: kl_categorical(q, p))
    assert (new - 1e-12) ** 2 / 1e-12 > 1e5


@pytest.mark.parametrize("p,q,low,high", [(coin(0.4), coin(0.41), 0.95, 1.05), (coin(1e-4), coin(0.0105), 0.0, 0.1)])
def test_the_best_coefficient_of_k3s_control_variate_is_near_1_close_by_and_near_0_with_a_rare_action(p, q, low, high):
    k1, r = -np.log(q / p), q / p
    coefficients = np.linspace(-0.2, 1.2, 1401)
    estimates = k1 + coefficients[:, None] * (r - 1)
    variance = (estimates - (estimates @ p)[:, None]) ** 2 @ p
    assert low <= coefficients[np.argmin(variance)] <= high


def test_a_softmax_reaches_zero_where_the_lesson_says():
    with np.errstate(under="ignore"):
        assert np.exp(-745.0) > 0 == np.exp(-746.0)
        assert np.exp(np.float32(-103)) > 0 == np.exp(np.float32(-105))
