"""Lesson 06: the numbers behind its interactive, and the worlds that its text relies on."""

import dataclasses

import numpy as np
import pytest

from trpobook.exercises import case, load
from trpobook.exercises.lesson_06 import CERTIFIED_WORLDS
from trpobook.finite import bounds
from trpobook.finite.divergences import kl_categorical
from trpobook.finite.mdp import TabularMDP, gridworld, random_mdp, random_policy, softmax
from trpobook.widgets import lesson_06
from trpobook.widgets.lesson_06 import EXPONENTS, WALKER, compute_slice, curve


@pytest.mark.parametrize("gamma", [0.5, 0.8, 0.95, 0.99])
def test_the_curve_holds_what_the_bounds_say_at_each_mean_kl(gamma):
    world, along = dataclasses.replace(gridworld(), gamma=gamma), curve(gamma)
    for i in range(0, len(EXPONENTS), 8):
        new = softmax(along.alphas[i] * world.advantage(WALKER))
        pair = world, WALKER, new
        kl = kl_categorical(WALKER, new) * world.live
        assert bounds.mean_over_visits(world, WALKER, kl) == pytest.approx(10 ** EXPONENTS[i], rel=1e-5)
        assert along.promises[i] == pytest.approx(bounds.surrogate(*pair), rel=1e-9)
        assert along.gains[i] == pytest.approx(bounds.performance_difference(*pair), rel=1e-6)
        expected = [
            bounds.trpo_penalty(*pair, "kl_sharp"),
            bounds.trpo_penalty(*pair, "tv"),
            bounds.cpo_penalty(*pair, "kl"),
            bounds.mean_kl_penalty(*pair),
            bounds.cpo_penalty(*pair, "tv"),
        ]
        assert [penalty[i] for penalty in along.penalties.values()] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("gamma", np.arange(0.5, 0.995, 0.01).round(2))
def test_no_penalty_on_the_curve_is_smaller_than_what_the_surrogate_misses(gamma):
    along = curve(gamma)
    missed = np.abs(along.gains - along.promises)
    assert all(np.all(missed <= penalty) for penalty in along.penalties.values())


def test_the_sentence_counts_the_guarantees_that_hold():
    none, all_five = (
        lesson_06.describe_slice(compute_slice(-2, 0.95)),
        lesson_06.describe_slice(compute_slice(-8, 0.95)),
    )
    assert "no bound guarantees a gain" in none
    assert all(all_five.count(name) >= 1 for name in lesson_06.PENALTIES)


@pytest.mark.parametrize(
    "number, written",
    [(1e-3, "0.001"), (1e-3 * (1 - 1e-15), "0.001"), (9.99e-4, "1.0·10⁻³"), (999.4, "999"), (999.6, "1.0·10³")],
)
def test_a_number_of_the_sentence_has_its_power_of_ten_outside_of_0_001_to_999(number, written):
    assert lesson_06._number(number) == written and lesson_06._number(-number) == f"−{written}"


def test_a_world_without_a_way_back_uses_half_of_the_coupling_bound_and_nearly_half_of_the_mean_kl_bound():
    stay, fall = [1.0, 0.0], [0.0, 1.0]
    reward, old = np.array([[0.0, 0.0], [1.0, -1.0]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    for gamma in (0.5, 0.9, 0.999):
        door = TabularMDP(np.array([[stay, fall], [fall, fall]]), reward, np.array(stay), gamma, np.zeros(2, bool))
        for x in (0.3, 1e-3):
            new = np.array([[1 - x, x], [0.5 - x, 0.5 + x]])
            gap = bounds.performance_difference(door, old, new) - bounds.surrogate(door, old, new)
            coupled = 4 * gamma * x**2 / ((1 - gamma) * (1 - gamma * (1 - x)))
            assert -gap == pytest.approx(coupled / 2, rel=1e-9)
        new = np.array([[1 - 1e-6, 1e-6], [0.0, 1.0]])
        gap = bounds.performance_difference(door, old, new) - bounds.surrogate(door, old, new)
        used = 1 / (2 * (1 + np.sqrt(2 * (1 - gamma) / gamma)))
        assert -gap / bounds.mean_kl_penalty(door, old, new) == pytest.approx(used, rel=2e-3)


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("x", [0.3, 1e-3])
def test_a_trapdoor_whose_fall_pays_at_once_uses_the_whole_coupling_bound(gamma, x):
    stay, fall = [1.0, 0.0], [0.0, 1.0]
    moves = np.array([[stay, stay, fall], [fall, fall, fall]])
    reward = np.array([[1.0, -1.0, 1.0], [1.0, -1.0, -1.0]])
    old, new = np.tile([0.5, 0.5, 0.0], (2, 1)), np.array([[0.5, 0.5 - x, x], [0.5 - x, 0.5 + x, 0.0]])
    door = TabularMDP(moves, reward, np.array(stay), gamma, np.zeros(2, bool))
    gap = bounds.performance_difference(door, old, new) - bounds.surrogate(door, old, new)
    assert np.abs(door.advantage(old)).max() == pytest.approx(1)
    assert -gap == pytest.approx(4 * gamma * x**2 / ((1 - gamma) * (1 - gamma * (1 - x))), rel=1e-9)


def test_the_first_term_of_the_mean_kl_constant_may_be_halved():
    rng = np.random.default_rng(0)
    for i in range(500):
        world = random_mdp(rng, gamma=(0.3, 0.7, 0.9, 0.99)[i % 4])
        old, far = random_policy(rng, world), random_policy(rng, world)
        new = old + 10 ** rng.uniform(-3, 0) * (far - old)
        gap = bounds.performance_difference(world, old, new) - bounds.surrogate(world, old, new)
        odds = world.gamma / (1 - world.gamma)
        share = (odds + 2 * np.sqrt(2 * odds)) / (2 * odds + 2 * np.sqrt(2 * odds))
        assert abs(gap) <= share * bounds.mean_kl_penalty(world, old, new) + 1e-12


def five_penalties(*step):
    """Return them in the order of exercise 6.5."""
    theorem = [bounds.trpo_penalty(*step, form) for form in ("tv", "kl_sharp")]
    cpo = [bounds.cpo_penalty(*step, form) for form in ("tv", "kl")]
    return [*theorem, *cpo, bounds.mean_kl_penalty(*step)]


def tilted(mdp, old, alpha):
    return softmax(np.log(old) + alpha * mdp.advantage(old))


@pytest.mark.parametrize("index", range(len(CERTIFIED_WORLDS)))
def test_what_exercise_6_5_certifies_is_the_best_guarantee_and_at_most_the_true_gain(index):
    mdp, old, alphas = CERTIFIED_WORLDS[index]
    new, sure = load("6.5").expected(*case("6.5", index))
    guarantees = []
    for alpha in alphas:
        step = mdp, old, tilted(mdp, old, alpha)
        guarantees.append(bounds.surrogate(*step) - min(five_penalties(*step)))
    chosen = np.argmax(guarantees)
    assert sure == pytest.approx(max(0, guarantees[chosen]), abs=1e-9)
    assert new == pytest.approx(tilted(mdp, old, alphas[chosen]) if sure > 0 else old, abs=1e-11)
    assert bounds.performance_difference(mdp, old, np.array(new)) >= sure
    best, second = np.sort([0, *guarantees])[[-1, -2]]
    assert best - second > 5e-4 * (best + 0.01)  # so that rounding in single precision doesn't choose


def test_no_world_of_exercise_6_5_breaks_a_certificate_and_some_need_each_of_two_bounds():
    rng, least = np.random.default_rng(6), set()
    for i in range(200):
        mdp = random_mdp(rng, gamma=(0.3, 0.7, 0.9, 0.99)[i % 4])
        old = 0.1 / 3 + 0.9 * random_policy(rng, mdp)
        alphas = 10 ** rng.uniform(-3, -1, 4) / np.abs(mdp.advantage(old)).max()
        new, sure = load("6.5").expected(old, mdp.advantage(old), mdp.visitation(old), mdp.gamma, np.sort(alphas))
        assert bounds.performance_difference(mdp, old, np.array(new)) >= sure - 1e-13
    for mdp, old, alphas in CERTIFIED_WORLDS[1:]:  # in the first the first four are nearly equal
        least |= {int(np.argmin(five_penalties(mdp, old, tilted(mdp, old, alpha)))) for alpha in alphas}
    assert least == {2, 4}


def guarantees_of(index):
    """Return the guarantee of each candidate of an input of exercise 6.5 by itself."""
    mdp, old, alphas = CERTIFIED_WORLDS[index]
    steps = [(mdp, old, tilted(mdp, old, alpha)) for alpha in alphas]
    return np.array([bounds.surrogate(*step) - min(five_penalties(*step)) for step in steps])


def test_in_two_inputs_of_exercise_6_5_the_guarantee_falls_and_rises_again_so_all_lengths_must_be_looked_at():
    rises = {}
    for index in range(len(CERTIFIED_WORLDS)):
        guarantees = guarantees_of(index)
        falls = np.flatnonzero(np.diff(guarantees) < 0)
        if len(falls) and guarantees[falls[0] + 1 :].max() > guarantees[falls[0] + 1]:
            rises[index] = guarantees.argmax() > falls[0]
    assert sorted(rises.values()) == [False, True]  # the higher peak is the first one, and the second


def test_a_state_that_is_never_visited_counts_in_exercise_6_5_though_the_bound_without_it_is_true_too():
    (index,) = (i for i, args in enumerate(load("6.5").cases) if np.any(args[1][args[2] == 0] != 0))
    old, A, rho, *rest = case("6.5", index)
    seen, expected = rho > 0, load("6.5").expected
    _, sure = expected(old, A, rho, *rest)
    new_without, sure_without = expected(old[seen], A[seen], rho[seen], *rest)  # as in the world without that state
    assert sure_without > 1.5 * sure > 0
    best = old.copy()
    best[seen] = new_without
    assert bounds.performance_difference(*CERTIFIED_WORLDS[index][:2], best) >= sure_without


def test_an_input_of_exercise_6_5_has_nothing_to_gain_and_a_mean_kl_that_rounding_takes_below_0():
    old, A, rho, gamma, alphas = case("6.5", -1)
    new = old / old.sum(axis=1, keepdims=True)
    assert not A.any() and -1e-15 < rho @ np.sum(old * np.log(old / new), axis=1) < 0
    stays, sure = load("6.5").expected(old, A, rho, gamma, alphas)
    assert sure == pytest.approx(0, abs=1e-15) and stays == pytest.approx(old, abs=1e-15)


def test_three_of_the_five_bounds_are_never_below_the_other_two():
    rng = np.random.default_rng(65)
    for i in range(300):
        mdp = random_mdp(rng, gamma=(0.3, 0.7, 0.9, 0.99)[i % 4])
        old, far = (0.1 / 3 + 0.9 * random_policy(rng, mdp) for _ in range(2))
        theorem_tv, theorem_kl, cpo_tv, cpo_kl, _ = five_penalties(mdp, old, old + rng.uniform() * (far - old))
        assert cpo_tv <= min(theorem_tv, theorem_kl, cpo_kl) * (1 + 1e-12)
