"""The laboratory's recorded trajectories, replayed, and what they teach; the slice by closed form."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trpobook.finite.laboratory import (
    PRESETS,
    Laboratory,
    Rule,
    cliff_slice,
    cliff_step,
    lcg_uniform,
    row_and_column_indicators,
)
from trpobook.finite.mdp import softmax, two_step_cliff

RECORDED = json.loads((Path(__file__).parent / "data" / "laboratory.json").read_text(encoding="utf-8"))
LAB = Laboratory()
OVERSHOOT = PRESETS["no trust region: overshoot"][0][1]
WIDE = PRESETS["trust region too wide"][0][1]
SHARED = Rule("trust", features="rowcol")


def returns(*phases, theta=None):
    """True returns in percent, the one before the first round included."""
    rounds = LAB.run(phases, theta)
    return np.array([rounds[0].before, *(r.after for r in rounds)])


@pytest.mark.parametrize("name", RECORDED)
def test_preset_repeats_its_record(name):
    record, rounds = RECORDED[name], LAB.run(PRESETS[name])
    true = [rounds[0].before, *(r.after for r in rounds)]
    assert true == pytest.approx(record["true_return_percent"], abs=0.01)
    assert [r.promised for r in rounds] == pytest.approx(record["surrogate_percent"], abs=0.01)
    # At the best policy gains are rounding errors, and their sign, which the line search reads, is chance.
    open_rounds = [i for i, r in enumerate(rounds) if r.before < 99.999]
    assert len(open_rounds) > 8
    for i in open_rounds:
        assert rounds[i].mean_kl == pytest.approx(record["mean_kl"][i], rel=1e-4, abs=1e-9)
        assert rounds[i].backtracks == record["backtracks"][i]


@pytest.mark.parametrize("name", RECORDED)
def test_preset_has_the_recorded_parameters(name):
    letters = {"update": "update", "delta": "delta", "alpha": "alpha", "kappa": "kappa", "seed": "seed"}
    letters["feats"] = "features"
    settings = {}
    assert len(PRESETS[name]) == len(RECORDED[name]["phases"])
    for (count, rule), phase in zip(PRESETS[name], RECORDED[name]["phases"], strict=True):
        settings |= phase  # a phase names what it changes
        assert count == settings["rounds"]
        used = {"trust": {"alpha"}, "none": {"delta"}, "penalty": {"alpha", "delta"}}[settings["update"]]
        for key, value in settings.items():
            if key in letters and key not in used and not (key == "seed" and settings["kappa"] == 0):
                assert getattr(rule, letters[key]) == value, key


def test_presets_are_the_recorded_ones():
    assert set(PRESETS) == set(RECORDED)


def test_lcg_gives_the_numbers_of_exact_integer_arithmetic():
    x = 9
    for _ in range(9):
        x = (1664525 * x + 1013904223) & 0xFFFFFFFF
    numbers = lcg_uniform(9, (25, 4))
    assert numbers[0, 0] == x / 2147483648 - 1
    following = (1664525 * x + 1013904223) & 0xFFFFFFFF
    assert numbers[0, 1] == following / 2147483648 - 1  # row by row
    assert numbers.min() >= -1 and numbers.max() < 1


def test_estimate_has_zero_mean_under_the_policy_and_errs_in_proportion_to_kappa():
    pi = softmax(np.random.default_rng(0).normal(size=(25, 4)))
    one, two = (LAB.estimate(pi, Rule(kappa=kappa, seed=39)) for kappa in (0.1, 0.2))
    assert np.sum(pi * two, axis=1) == pytest.approx(np.zeros(25), abs=1e-12)
    exact = LAB.mdp.advantage(pi)
    assert two - exact == pytest.approx(2 * (one - exact), abs=1e-15)
    assert 0.05 < np.abs(one - exact).max() <= 0.2
    assert not one[[4, 12]].any()


def test_shared_features_direction_is_the_natural_gradient_of_the_forty_weights():
    """Against a complex step for the gradient and the damped Fisher matrix of scores, weight by weight."""
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(10, 4))
    indicators = row_and_column_indicators(25)
    pi = softmax(indicators @ weights)
    gradient = np.zeros((10, 4))
    for index in np.ndindex(10, 4):
        shifted = weights.astype(complex)
        shifted[index] += 1e-30j
        gradient[index] = LAB.mdp.expected_return(softmax(indicators @ shifted)).imag / 1e-30
    d = LAB.mdp.visitation(pi) / LAB.mdp.visitation(pi).sum()
    fisher = np.zeros((40, 40))
    for s, a in np.ndindex(25, 4):
        score = np.kron(indicators[s], np.eye(4)[a] - pi[s])
        fisher += d[s] * pi[s, a] * np.outer(score, score)
    expected = indicators @ np.linalg.solve(fisher + 1e-6 * np.eye(40), gradient.ravel()).reshape(10, 4)
    direction = LAB.direction(pi, LAB.estimate(pi, SHARED), SHARED)
    assert direction == pytest.approx(expected, abs=1e-6)


def test_trust_rule_keeps_within_delta_and_promises_a_gain_or_stays():
    for round_ in LAB.run([(30, replace(WIDE, delta=0.3)), (20, SHARED)]):
        assert round_.mean_kl <= 0.3
        assert round_.promised > round_.before or round_.backtracks == 30


def test_trust_rule_stays_when_no_step_promises_a_gain():
    theta = LAB.run([(40, Rule("trust"))])[-1].theta
    round_ = LAB.step(theta, Rule("trust", delta=1e-300))
    assert round_.backtracks == 30
    assert round_.mean_kl == 0
    assert [round_.after, round_.promised] == pytest.approx([round_.before] * 2, abs=1e-12)
    assert softmax(round_.theta) == pytest.approx(softmax(theta), rel=1e-9, abs=1e-15)


def test_trust_step_is_unmoved_by_the_scale_of_rewards():
    theta = np.random.default_rng(2).normal(size=(25, 4))
    larger = Laboratory()
    larger.mdp = replace(larger.mdp, reward=1e6 * larger.mdp.reward)
    for rule in (Rule("trust"), SHARED):
        steps = [softmax(lab.step(theta, rule).theta) for lab in (LAB, larger)]
        assert steps[1] == pytest.approx(steps[0], abs=1e-10)


@pytest.mark.parametrize(
    ("delta", "rounds"),
    [(0.005, 18), (0.02, 10), (0.05, 7), (0.1, 5), (0.2, 4), (0.3, 4), (0.5, 3), (1.0, 3)],
)
def test_with_exact_advantages_no_trust_region_is_too_wide(delta, rounds):
    true = returns((25, Rule("trust", delta=delta)))
    assert np.diff(true).min() >= -1e-9
    assert int(np.argmax(true >= 99)) == rounds


def test_leaps_on_a_wrong_estimate_crash_after_promising_more_than_the_best():
    rounds = LAB.run(PRESETS["no trust region: overshoot"])
    crashes = [i for i, r in enumerate(rounds, start=1) if r.overshot]
    assert crashes == [9, 14, 20, 35]
    assert all(rounds[i - 1].promised > 102 for i in crashes)


def test_trust_region_repairs_the_crashes_whenever_it_is_switched_on():
    rounds = LAB.run([(40, OVERSHOOT)])
    trust = replace(OVERSHOOT, update="trust", delta=0.02)
    for before in rounds[1:40:2]:
        true = returns((50, trust), theta=before.theta)
        assert true[30:].min() >= 94.3
        assert np.diff(true).min() >= -2.21


def test_crashes_recur_every_eleven_rounds_where_error_is_larger():
    true = returns((60, replace(OVERSHOOT, kappa=0.09, seed=806)))
    assert np.flatnonzero(true[3:] < 1).tolist() == [12, 23, 34, 45]  # rounds 15, 26, 37 and 48


def test_wide_trust_region_wobbles_on_a_wrong_estimate_and_a_narrow_one_does_not():
    """Rounds 60 to 120, mean, lowest and highest return in percent."""
    seen = {}
    for delta in (0.02, 0.1, 0.3, 1.0):
        true = returns((120, replace(WIDE, delta=delta)))[60:]
        seen[delta] = [true.mean(), true.min(), true.max()]
    assert seen[0.02] == pytest.approx([98.7, 97.5, 99.6], abs=0.06)
    assert seen[0.1][0] == pytest.approx(97.2, abs=0.06)
    assert seen[0.3] == pytest.approx([84.7, 59.7, 99.8], abs=0.06)
    assert seen[1.0][0] == pytest.approx(58.3, abs=0.06)


def test_tightening_a_trust_region_in_mid_run_ends_the_wobble():
    true = returns((40, WIDE), (60, replace(WIDE, delta=0.02)))
    assert np.diff(true[:41]).min() < -20
    assert true[41:].min() > 97.4 and true[41:].max() < 99.7


def test_penalty_rule_climbs_every_round_and_crawls():
    rounds = LAB.run([(100, Rule("penalty"))])
    gains = [r.after - r.before for r in rounds]
    assert min(gains) == pytest.approx(0.033, abs=5e-4)
    assert rounds[59].after == pytest.approx(-37.41, abs=0.01)
    assert rounds[99].after == pytest.approx(-35.90, abs=0.01)
    assert max(r.mean_kl for r in rounds) < 1e-7


def test_with_shared_features_exact_advantages_and_one_leap_lose_everything():
    rounds = LAB.run([(1, SHARED), (2, Rule("none", alpha=5.0, features="rowcol"))])
    seen = [value for r in rounds[1:] for value in (r.after, r.promised)]
    assert seen == pytest.approx([8.78, 132.7, 0.0, 566.7], abs=0.06)
    rounds = LAB.run([(1, SHARED), (3, Rule("none", alpha=3.0, features="rowcol"))])
    seen = [value for r in rounds[1:3] for value in (r.after, r.promised)]
    assert seen == pytest.approx([28.9, 131.8, 0.88, 451.7], abs=0.06)
    assert rounds[3].after == pytest.approx(97.8, abs=0.06)


def test_with_shared_features_the_trust_region_climbs_without_a_fall():
    true = returns((15, SHARED))
    assert true[[1, 2, 3, 10, 15]] == pytest.approx([0.7, 32.6, 54.6, 99.3, 100], abs=0.06)
    assert np.diff(true).min() >= -1e-6


def test_round_says_that_it_overshot_when_more_than_two_percent_are_lost():
    round_ = LAB.step(LAB.start(), Rule("trust"))
    assert not round_.overshot
    assert not replace(round_, before=50.0, after=48.0).overshot
    assert replace(round_, before=50.0, after=47.9).overshot


def test_rounding_errors_do_not_grow_into_the_figures():
    noise = 1e-12 * np.random.default_rng(3).normal(size=(25, 4))
    for name in ("trust region", "no trust region: overshoot", "trust region too wide"):
        clean, noisy = (returns(*PRESETS[name], theta=theta) for theta in (LAB.start(), LAB.start() + noise))
        assert noisy == pytest.approx(clean, abs=1e-3)


def test_return_along_the_slice_turns_down_while_the_surrogate_climbs():
    alphas = np.array([0.1, 0.2, 0.5, 0.56, 0.6, 1, 2, 3, 5])
    kl, true, promised = LAB.slice(LAB.start(), SHARED, alphas)
    assert true == pytest.approx([-11.4, 12.5, 38.2, 38.73, 38.7, 29.7, 6.3, 0.8, 0.0], abs=0.06)
    assert promised == pytest.approx([-13.9, 8.8, 55.2, 61.2, 64.7, 87.1, 107, 113.8, 118.6], abs=0.06)
    assert kl[[0, 1, 2, 3, 5, 7]] == pytest.approx([0.009, 0.036, 0.20, 0.245, 0.65, 3.1], rel=0.03)
    fine = np.linspace(0, 5, 501)
    _, true, promised = LAB.slice(LAB.start(), SHARED, fine)
    assert fine[true.argmax()] == pytest.approx(0.569, abs=0.01)
    assert true.max() == pytest.approx(38.73, abs=0.01)
    assert np.all(np.diff(promised) > 0)
    assert true.min() == true[0] == pytest.approx(-39.52988887892372, abs=1e-9)  # never below the start


def test_slice_and_step_agree():
    theta, rule = LAB.run([(2, SHARED)])[-1].theta, Rule("none", alpha=0.7, kappa=0.05, features="rowcol")
    round_ = LAB.step(theta, rule)
    kl, true, promised = LAB.slice(theta, rule, np.array([0.7]))
    assert [kl[0], true[0], promised[0]] == pytest.approx([round_.mean_kl, round_.after, round_.promised], abs=1e-9)


@pytest.mark.parametrize(
    ("delta", "p", "promised", "gained"),
    [
        (0.01, 0.260, 0.030, 0.0256),
        (0.05, 0.344, 0.072, 0.0460),
        (0.1, 0.410, 0.105, 0.0499),
        (0.2, 0.506, 0.153, 0.0360),
        (0.3, 0.578, 0.189, 0.0102),
        (0.5, 0.685, 0.243, -0.0517),
        (1.0, 0.840, 0.320, -0.192),
    ],
)
def test_trust_regions_on_the_two_step_cliff(delta, p, promised, gained):
    edge = cliff_step(delta)
    kl, true, surrogate = cliff_slice(edge)
    assert kl == pytest.approx(delta, abs=1e-12)
    assert edge == pytest.approx(p, abs=6e-4)
    assert surrogate == pytest.approx(promised, abs=6e-4)
    assert true == pytest.approx(gained, abs=2e-4)


def test_cliff_slice_equals_the_exact_mdp():
    for reward, cost, gamma, start in [(1, 1.25, 1.0, 0.2), (2, 3, 0.8, 0.35)]:
        mdp = two_step_cliff(reward, cost, gamma)
        old = np.array([[1 - start, start]] * 3)
        for p in (0.05, 0.4, 0.9):
            new = np.array([[1 - p, p]] * 3)
            kl, true, promised = cliff_slice(p, start, reward, cost, gamma)
            assert true == pytest.approx(mdp.expected_return(new) - mdp.expected_return(old), abs=1e-12)
            assert promised == pytest.approx(np.sum(mdp.visitation(old) @ (new * mdp.advantage(old))), abs=1e-12)
            expected_kl = start * np.log(start / p) + (1 - start) * np.log((1 - start) / (1 - p))
            assert kl == pytest.approx(expected_kl, abs=1e-12)


def test_cliff_peaks_at_two_fifths_breaks_even_at_three_and_the_penalty_stops_just_short():
    p = np.linspace(0.2, 0.999, 80_000)
    kl, true, promised = cliff_slice(p)
    assert p[true.argmax()] == pytest.approx(0.4, abs=1e-3)
    assert kl[true.argmax()] == pytest.approx(0.0915, abs=5e-4)
    assert cliff_slice(0.6)[:2] == pytest.approx([0.3348, 0], abs=5e-5)
    assert p[(promised - 1.25 / 2 * kl).argmax()] == pytest.approx(0.390, abs=1e-3)
    assert np.all(np.diff(promised) > 0)


def test_nonsense_rules_are_refused_by_name():
    for change, message in [
        ({"update": "trpo"}, "update is 'trpo'"),
        ({"features": "pixels"}, "features is 'pixels'"),
        ({"delta": 0.0}, r"delta is 0\.0"),
        ({"alpha": -1.0}, r"alpha is -1\.0"),
        ({"kappa": -0.1}, r"kappa is -0\.1"),
        ({"kappa": float("nan")}, "kappa is nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            Rule(**change)


@pytest.mark.parametrize(
    "name,value",
    [("delta", np.nan), ("delta", np.inf), ("alpha", 0), ("kappa", np.nan), ("kappa", -1), ("seed", 1.5), ("seed", -1)],
)
def test_a_rule_that_can_not_be_followed_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Rule(**{name: value})


def test_logits_steps_and_grids_that_do_not_fit_are_refused_by_name():
    for call, message in [
        (lambda: LAB.step(np.zeros((1, 4)), Rule()), "theta has shape"),
        (lambda: LAB.step(np.full((25, 4), np.nan), Rule()), "theta holds nan"),
        (lambda: LAB.slice(LAB.start(), Rule(), np.array([np.inf])), "alphas holds inf"),
        (lambda: LAB.direction(np.full((25, 4), 0.25), np.zeros(4), Rule()), "estimate has shape"),
        (lambda: row_and_column_indicators(10), "states is 10; a square grid"),
        (lambda: lcg_uniform(0.5, (2,)), "seed is 0.5"),
        (lambda: cliff_slice(1.2), "p is 1.2"),
        (lambda: cliff_step(np.nan), "delta is nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
