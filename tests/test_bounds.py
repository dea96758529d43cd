"""The performance difference, and every lower bound on the return against the return itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpobook.finite.bounds import (
    agreeing_visitation,
    cpi_bound,
    cpi_step,
    cpo_penalty,
    expected_advantage,
    golden_section,
    mean_kl_constant,
    mean_kl_penalty,
    mean_over_visits,
    mm_step,
    performance_difference,
    span_bound,
    surrogate,
    trpo_constant,
    trpo_penalty,
    visitation_bound,
    visitation_shift,
)
from trpobook.finite.divergences import kl_categorical, total_variation
from trpobook.finite.mdp import TabularMDP, gridworld, random_mdp, random_policy, softmax, two_step_cliff

GRID = gridworld()
UNIFORM = np.full((25, 4), 0.25)
PENALTIES = {
    "tv": lambda *pair: trpo_penalty(*pair, form="tv"),
    "kl_sharp": lambda *pair: trpo_penalty(*pair, form="kl_sharp"),
    "kl_paper": lambda *pair: trpo_penalty(*pair, form="kl_paper"),
    "cpo_tv": lambda *pair: cpo_penalty(*pair, form="tv"),
    "cpo_kl": lambda *pair: cpo_penalty(*pair, form="kl"),
    "mean_kl": mean_kl_penalty,
}


def random_pair(rng):
    """A small MDP, one policy and another, from very near to very far, nearly deterministic or nearly uniform."""
    states, actions = rng.integers(2, 6), rng.integers(2, 5)
    mdp = random_mdp(rng, states, actions, gamma=rng.choice([0.3, 0.7, 0.9, 0.99]), concentration=rng.choice([0.1, 1]))
    old = 1e-6 / actions + (1 - 1e-6) * random_policy(rng, mdp, concentration=rng.choice([0.2, 1]))
    far = 1e-6 / actions + (1 - 1e-6) * random_policy(rng, mdp, concentration=rng.choice([0.2, 1]))
    share = 10 ** rng.uniform(-3, 0)
    return mdp, old, (1 - share) * old + share * far


def gain(mdp, old, new):
    return mdp.expected_return(new) - mdp.expected_return(old)


def trust_step(delta):
    """The gridworld's uniform policy after a natural step of quadratic mean KL δ, and d = ρ/Z."""
    d = GRID.visitation(UNIFORM) / GRID.visitation(UNIFORM).sum()
    advantage = GRID.advantage(UNIFORM)
    variance = d @ np.sum(UNIFORM * advantage**2, axis=1)
    return softmax(np.sqrt(2 * delta / variance) * advantage), d


def test_performance_difference_equals_the_difference_of_returns():
    rng = np.random.default_rng(0)
    for _ in range(200):
        old, new = (random_policy(rng, GRID, concentration=rng.choice([0.2, 1])) for _ in range(2))
        assert performance_difference(GRID, old, new) == pytest.approx(gain(GRID, old, new), abs=1e-12)


def test_performance_difference_holds_for_policies_that_share_no_action():
    rng = np.random.default_rng(1)
    mdp = random_mdp(rng)
    old, new = np.eye(3)[rng.integers(0, 2, 6)], np.eye(3)[np.full(6, 2)]
    assert performance_difference(mdp, old, new) == pytest.approx(gain(mdp, old, new), abs=1e-12)


def test_performance_difference_needs_the_new_policys_states():
    new, _ = trust_step(0.02)
    assert abs(surrogate(GRID, UNIFORM, new) - gain(GRID, UNIFORM, new)) > 0.03


def test_surrogate_promises_the_old_policy_nothing():
    rng = np.random.default_rng(2)
    pi = random_policy(rng, GRID)
    assert surrogate(GRID, pi, pi) == pytest.approx(0, abs=1e-12)


def draw(rng, chances):
    """One outcome from each row of chances."""
    return (rng.random(len(chances))[:, None] > chances.cumsum(axis=1)).sum(axis=1).clip(max=chances.shape[1] - 1)


def test_surrogate_is_the_mean_of_ratio_times_advantage_over_the_old_policys_transitions():
    """By simulation of the old policy alone, within three sigma: s ~ d where each step goes on with probability γ."""
    rng = np.random.default_rng(3)
    mdp = random_mdp(rng, gamma=0.8)
    old, new = random_policy(rng, mdp), random_policy(rng, mdp)
    state = rng.choice(6, size=20_000, p=mdp.start)
    going_on = np.full(len(state), True)
    for _ in range(60):
        going_on &= rng.random(len(state)) < mdp.gamma
        state = np.where(going_on, draw(rng, mdp.transition[state, draw(rng, old[state])]), state)
    action = draw(rng, old[state])
    samples = (new / old * mdp.advantage(old))[state, action] / (1 - mdp.gamma)
    assert abs(samples.mean() - surrogate(mdp, old, new)) <= 3 * samples.std() / np.sqrt(len(samples))


def test_surrogate_gradient_equals_policy_gradient_at_theta_old():
    theta, h = np.random.default_rng(4).normal(size=(25, 4)), 1e-5
    old = softmax(theta)
    gradient = np.zeros_like(theta)
    for index in np.ndindex(theta.shape):
        shift = np.zeros_like(theta)
        shift[index] = h
        up, down = (surrogate(GRID, old, softmax(theta + sign * shift)) for sign in (1, -1))
        gradient[index] = (up - down) / (2 * h)
    assert gradient == pytest.approx(GRID.policy_gradient(old), abs=1e-8)


def test_error_of_the_surrogate_falls_by_four_when_the_step_is_halved():
    rng = np.random.default_rng(5)
    theta, direction = rng.normal(size=(2, 25, 4))
    old = softmax(theta)
    errors = []
    for step in (0.05, 0.025, 0.0125, 0.00625):
        new = softmax(theta + step * direction)
        errors.append(gain(GRID, old, new) - surrogate(GRID, old, new))
    assert np.all(np.abs(np.divide(errors[:-1], errors[1:]) - 4) < 0.1)


@pytest.mark.parametrize("gamma", [0.9, 1.0])
def test_on_the_two_step_cliff_the_surrogate_errs_by_the_square_of_the_distance(gamma):
    mdp = two_step_cliff(1.0, 1.25, gamma)
    old = np.array([[0.8, 0.2]] * 3)
    for p in np.linspace(0, 1, 11):
        new = np.array([[1 - p, p]] * 3)
        error = gain(mdp, old, new) - surrogate(mdp, old, new)
        assert error == pytest.approx(-gamma * 1.25 * (p - 0.2) ** 2, abs=1e-12)
        assert total_variation(old, new)[0] == pytest.approx(abs(p - 0.2))


def test_every_term_of_the_bounds_by_hand_on_the_two_step_cliff():
    """p goes from 0.2 to 0.5, γ = 0.5: A(s₀) = (−0.175, 0.7) and A(s₁) = (0.25, −1)."""
    mdp = two_step_cliff(1.0, 1.25, 0.5)
    old, new = np.array([[0.8, 0.2]] * 3), np.array([[0.5, 0.5]] * 3)
    kl = 0.8 * np.log(1.6) + 0.2 * np.log(0.4)
    worst, promised = 1.0, np.array([0.3 * 0.875, -0.3 * 1.25, 0])
    visits = 0.5 * (1 + 0.5 * 0.2)  # (1−γ)(ρ(s₀) + ρ(s₁)); absorbed the rest of the time
    assert expected_advantage(mdp, old, new) == pytest.approx(promised, abs=1e-15)
    assert np.max(np.abs(mdp.advantage(old))) == pytest.approx(worst, abs=1e-15)
    assert mean_over_visits(mdp, old, np.array([1, 1, 0])) == pytest.approx(visits, abs=1e-15)
    assert span_bound(mdp, old, new) == pytest.approx(np.abs(promised), abs=1e-15)  # two actions: tight
    assert visitation_shift(mdp, old, new) == pytest.approx(0.5 * 0.5 * 0.3, abs=1e-15)
    assert visitation_bound(mdp, old, new) == pytest.approx(2 * visits * 0.3, abs=1e-15)
    assert trpo_penalty(mdp, old, new, "tv") == pytest.approx(8 * 0.3**2, abs=1e-14)
    assert trpo_penalty(mdp, old, new, "kl_paper") == pytest.approx(8 * kl, abs=1e-14)
    assert trpo_penalty(mdp, old, new, "kl_sharp") == pytest.approx(4 * kl, abs=1e-14)
    assert cpo_penalty(mdp, old, new, "tv") == pytest.approx(4 * 0.375 * visits * 0.3, abs=1e-14)
    assert cpo_penalty(mdp, old, new, "kl") == pytest.approx(2 * 0.375 * np.sqrt(2 * visits * kl), abs=1e-14)
    assert mean_kl_penalty(mdp, old, new) == pytest.approx(4 * (1 + np.sqrt(2)) * visits * kl, abs=1e-14)
    mean = 0.5 * (0.2625 - 0.1 * 0.375)
    risk = 2 * 0.375 * 0.5 * 0.4**2 / (0.5 * (1 - 0.5 * 0.6))
    assert cpi_bound(mdp, old, new, 0.4) == pytest.approx(0.4 * mean / 0.5 - risk, abs=1e-14)
    assert cpi_step(mdp, old, new) == pytest.approx(0.5 * mean / (4 * 0.375 * 0.5), abs=1e-14)


def test_no_bound_is_broken_by_two_thousand_pairs():
    rng = np.random.default_rng(6)
    largest = dict.fromkeys(PENALTIES, 0.0)
    for _ in range(2000):
        mdp, old, new = random_pair(rng)
        error = abs(gain(mdp, old, new) - surrogate(mdp, old, new))
        for name, penalty in PENALTIES.items():
            bound = penalty(mdp, old, new)
            assert error <= bound + 1e-12, name
            largest[name] = max(largest[name], error / bound) if bound > 1e-9 else largest[name]
    assert all(0.005 < share < 1 for share in largest.values()), largest


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_printed_order_of_the_bounds_holds(seed):
    mdp, old, new = random_pair(np.random.default_rng(seed))
    sharp, paper = (trpo_penalty(mdp, old, new, form) for form in ("kl_sharp", "kl_paper"))
    assert trpo_penalty(mdp, old, new, "tv") <= sharp + 1e-12
    assert sharp == pytest.approx(paper / 2, rel=1e-12)
    assert cpo_penalty(mdp, old, new, "tv") <= cpo_penalty(mdp, old, new, "kl") + 1e-12
    assert cpo_penalty(mdp, old, new, "tv") <= trpo_penalty(mdp, old, new, "tv") + 1e-12
    if mdp.gamma >= 2 / 3:
        assert mean_kl_penalty(mdp, old, new) <= paper + 1e-12


def test_the_mean_kl_constant_meets_the_paper_constant_at_gamma_two_thirds():
    for gamma, smaller in [(0.66, False), (0.67, True)]:
        mdp = random_mdp(np.random.default_rng(7), states=1, actions=2, gamma=gamma)
        old, new = np.array([[0.3, 0.7]]), np.array([[0.6, 0.4]])  # one state: the mean is the maximum
        assert (mean_kl_penalty(mdp, old, new) < trpo_penalty(mdp, old, new, "kl_paper")) == smaller


def test_each_step_of_the_mean_kl_proof_holds():
    rng = np.random.default_rng(8)
    for _ in range(1000):
        mdp, old, new = random_pair(rng)
        d, d_new = ((1 - mdp.gamma) * mdp.visitation(pi) for pi in (old, new))
        tv, kl = total_variation(old, new), d @ kl_categorical(old, new)
        odds, hellinger = mdp.gamma / (1 - mdp.gamma), np.sum((np.sqrt(d_new) - np.sqrt(d)) ** 2)
        occupied = float(kl_categorical(d / d.sum(), d_new / d_new.sum()))
        assert hellinger <= occupied + 1e-12
        assert occupied <= odds * kl + 1e-12
        assert np.abs(d_new - d) @ tv <= hellinger + 2 * np.sqrt(hellinger * kl / 2) + 1e-12


def test_visits_part_by_all_that_the_chain_rule_allows_where_the_state_remembers_the_action():
    """The start leads to one of three states that last for ever; the policies differ at the start alone."""
    transition = np.zeros((4, 3, 4))
    transition[0, np.arange(3), np.arange(1, 4)] = 1
    transition[np.arange(1, 4), :, np.arange(1, 4)] = 1
    mdp = TabularMDP(transition, np.zeros((4, 3)), np.array([1.0, 0, 0, 0]), 0.8, np.zeros(4, bool))
    old, new = np.full((4, 3), 1 / 3), np.full((4, 3), 1 / 3)
    old[0], new[0] = [0.5, 0.3, 0.2], [0.1, 0.6, 0.3]
    d, d_new = (0.2 * mdp.visitation(pi) for pi in (old, new))
    mean_kl = mean_over_visits(mdp, old, kl_categorical(old, new))
    assert kl_categorical(d, d_new) == pytest.approx(0.8 / 0.2 * mean_kl, abs=1e-12)


def test_visitation_shifts_by_at_most_the_lemma_and_advantage_by_the_span():
    rng = np.random.default_rng(9)
    largest = 0.0
    for _ in range(1000):
        mdp, old, new = random_pair(rng)
        shift, bound = visitation_shift(mdp, old, new), visitation_bound(mdp, old, new)
        assert shift <= bound + 1e-12
        assert np.all(np.abs(expected_advantage(mdp, old, new)) <= span_bound(mdp, old, new) + 1e-12)
        largest = max(largest, shift / bound)
    assert 0.2 < largest <= 1


def test_bounds_hold_where_states_absorb():
    rng = np.random.default_rng(10)
    for _ in range(200):
        old, new = (random_policy(rng, GRID) for _ in range(2))
        error = abs(gain(GRID, old, new) - surrogate(GRID, old, new))
        assert all(error <= penalty(GRID, old, new) for penalty in PENALTIES.values())
        assert visitation_shift(GRID, old, new) <= visitation_bound(GRID, old, new)


def test_penalties_count_no_policy_difference_on_absorbing_states():
    new = UNIFORM.copy()
    new[4] = [1, 0, 0, 0]
    for name, penalty in PENALTIES.items():
        assert penalty(GRID, UNIFORM, new) == 0, name


def test_mean_penalties_ignore_an_infinite_kl_where_the_old_policy_never_goes():
    mdp = TabularMDP(
        np.array([[[1.0, 0], [1, 0]]] * 2), np.array([[1.0, 0], [0, 3]]), np.array([1.0, 0]), 0.5, np.zeros(2, bool)
    )
    old, new = np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([[0.6, 0.4], [1.0, 0.0]])
    assert np.isinf(trpo_penalty(mdp, old, new))
    assert np.isfinite(mean_kl_penalty(mdp, old, new)) and mean_kl_penalty(mdp, old, new) > 0


def test_cpi_bound_holds_and_its_step_is_the_best_of_the_quadratic_bound():
    rng = np.random.default_rng(11)
    improved, tightest = 0, 0.0
    for _ in range(500):
        mdp, old, target = random_pair(rng)
        for alpha in (0.0, 0.1, 0.5, 1.0):
            mixed = (1 - alpha) * old + alpha * target
            assert cpi_bound(mdp, old, target, alpha) <= gain(mdp, old, mixed) + 1e-12
        alpha = cpi_step(mdp, old, target)
        assert 0 <= alpha <= 1
        advantage = expected_advantage(mdp, old, target)
        mean, worst, gamma = (1 - mdp.gamma) * mdp.visitation(old) @ advantage, np.abs(advantage).max(), mdp.gamma

        def quadratic(x, mean=mean, worst=worst, gamma=gamma):
            return x * mean / (1 - gamma) - 2 * worst * gamma * x**2 / (1 - gamma) ** 2

        assert quadratic(alpha) >= np.max(quadratic(np.linspace(0, 1, 201))) - 1e-12
        if 0 < alpha < 1:
            guaranteed = mean**2 / (8 * worst * gamma)
            assert quadratic(alpha) == pytest.approx(guaranteed, rel=1e-9)
            assert guaranteed <= gain(mdp, old, (1 - alpha) * old + alpha * target) + 1e-12
            tightest = max(tightest, guaranteed / gain(mdp, old, (1 - alpha) * old + alpha * target))
            improved += 1
    assert improved > 150 and 0.02 < tightest < 1


def test_cpi_step_is_the_whole_way_to_a_target_where_nothing_is_at_risk_and_none_to_a_worse_one():
    rng = np.random.default_rng(12)
    mdp = random_mdp(rng, gamma=0.0)
    old = random_policy(rng, mdp)
    greedy, worst = (np.eye(3)[pick(mdp.advantage(old), axis=1)] for pick in (np.argmax, np.argmin))
    assert cpi_step(mdp, old, greedy) == 1
    assert cpi_step(mdp, old, worst) == 0
    assert cpi_bound(mdp, old, greedy, 1.0) == pytest.approx(gain(mdp, old, greedy), abs=1e-12)


def test_mm_step_never_lowers_the_return_in_a_hundred_rounds_and_moves():
    rng = np.random.default_rng(13)
    for _ in range(3):
        mdp = random_mdp(rng)
        pi = random_policy(rng, mdp)
        returns = [mdp.expected_return(pi)]
        for _ in range(100):
            pi = mm_step(mdp, pi)
            returns.append(mdp.expected_return(pi))
        assert np.min(np.diff(returns)) > 1e-6


def test_mm_step_with_the_mean_kl_never_lowers_the_return_and_is_bolder_on_the_grid():
    promised, climbed = [], {}
    for form in ("kl_sharp", "mean_kl"):
        pi = UNIFORM
        for _ in range(20):
            new = mm_step(GRID, pi, form)
            penalty = mean_kl_penalty(GRID, pi, new) if form == "mean_kl" else trpo_penalty(GRID, pi, new, form)
            promised.append(surrogate(GRID, pi, new) - penalty)
            assert 0 < promised[-1] <= gain(GRID, pi, new)
            pi = new
        climbed[form] = gain(GRID, UNIFORM, pi)
    assert climbed["mean_kl"] > 10 * climbed["kl_sharp"] > 0


def test_mm_step_with_the_mean_kl_is_the_best_on_its_curve():
    rng = np.random.default_rng(17)
    for _ in range(50):
        mdp = random_mdp(rng, gamma=rng.choice([0.5, 0.9, 0.99]))
        old = random_policy(rng, mdp)
        new = mm_step(mdp, old, "mean_kl")
        promise = surrogate(mdp, old, new) - mean_kl_penalty(mdp, old, new)
        steps = np.linspace(0.01, 4, 400) / ((1 - mdp.gamma) * mean_kl_constant(mdp, old))
        others = softmax(np.log(old) + steps[:, None, None] * mdp.advantage(old))
        along = (others * mdp.advantage(old)).sum(axis=2) @ mdp.visitation(old)
        mean_kl = kl_categorical(old, others) @ ((1 - mdp.gamma) * mdp.visitation(old))
        assert promise >= np.max(along - mean_kl_constant(mdp, old) * mean_kl) - 1e-12


def test_agreeing_visits_are_counted_by_coupled_walkers_and_common_to_both_policies():
    rng = np.random.default_rng(18)
    for _ in range(300):
        mdp, old, new = random_pair(rng)
        together = agreeing_visitation(mdp, old, new)
        assert np.all(together <= np.minimum(mdp.visitation(old), mdp.visitation(new)) + 1e-9)
        largest = total_variation(old, new).max()
        assert together.sum() >= 1 / (1 - mdp.gamma * (1 - largest)) - 1e-9
        assert np.allclose(agreeing_visitation(mdp, old, old), mdp.visitation(old), rtol=1e-9)
    mdp = random_mdp(rng, gamma=0.8)
    old, new = (random_policy(rng, mdp) for _ in range(2))
    walkers, counted = 20_000, np.zeros(6)
    at = rng.choice(6, p=mdp.start, size=walkers)
    for t in range(40):
        counted += 0.8**t * np.bincount(at, minlength=6) / walkers
        chosen = (rng.random((len(at), 1)) > np.minimum(old, new)[at].cumsum(axis=1)).sum(axis=1)
        at, chosen = at[chosen < 3], chosen[chosen < 3]  # action 3: they choose differently, and are counted no more
        at = (rng.random((len(at), 1)) > mdp.transition[at, chosen].cumsum(axis=1)[:, :-1]).sum(axis=1)
    assert counted == pytest.approx(agreeing_visitation(mdp, old, new), abs=0.03)


def test_mean_kl_constant_is_at_most_the_papers_from_two_thirds_on():
    rng = np.random.default_rng(19)
    for gamma in (0.3, 0.6, 2 / 3, 0.7, 0.9, 0.99):
        mdp = random_mdp(rng, gamma=gamma)
        pi = random_policy(rng, mdp)
        ratio = mean_kl_constant(mdp, pi) / trpo_constant(mdp, pi, "kl_paper")
        assert (ratio <= 1 + 1e-12) == (gamma >= 2 / 3)
        assert mean_kl_constant(mdp, pi) > trpo_constant(mdp, pi, "kl_sharp")


def test_mm_step_raises_the_return_by_at_least_what_the_minorant_promises():
    rng = np.random.default_rng(14)
    for _ in range(50):
        mdp = random_mdp(rng)
        old = random_policy(rng, mdp)
        new = mm_step(mdp, old, "kl_sharp")
        promise = surrogate(mdp, old, new) - trpo_penalty(mdp, old, new, "kl_sharp")
        assert 0 < promise <= gain(mdp, old, new)
        steps = np.linspace(0.01, 4, 400) * mdp.visitation(old).sum() / trpo_constant(mdp, old, "kl_sharp")
        others = softmax(np.log(old) + steps[:, None, None] * mdp.advantage(old))
        kl = kl_categorical(old, others).max(axis=1)
        along = (others * mdp.advantage(old)).sum(axis=2) @ mdp.visitation(old)
        assert promise >= np.max(along - trpo_constant(mdp, old, "kl_sharp") * kl) - 1e-12


def test_mm_step_stays_where_no_action_is_better():
    mdp = random_mdp(np.random.default_rng(15))
    idle = TabularMDP(mdp.transition, np.zeros_like(mdp.reward), mdp.start, mdp.gamma, mdp.absorbing)
    pi = random_policy(np.random.default_rng(16), mdp)
    assert np.array_equal(mm_step(idle, pi), pi)


def test_golden_section_finds_a_peak_wherever_it_lies():
    for peak in (0.0, 0.3, 2.0):
        assert golden_section(lambda x, peak=peak: -abs(x - peak), 0, 2) == pytest.approx(peak, abs=1e-7)


def test_printed_constants_of_the_gridworld():
    assert np.max(np.abs(GRID.advantage(UNIFORM))) == pytest.approx(0.6990419832813629, abs=1e-9)
    assert trpo_constant(GRID, UNIFORM, "kl_paper") == pytest.approx(1062.5438145876697, abs=1e-9)
    assert trpo_constant(GRID, UNIFORM, "kl_sharp") == pytest.approx(1062.5438145876697 / 2, abs=1e-9)


def test_minus_c_times_kl_without_the_surrogate_is_no_lower_bound():
    """A small step down the gradient loses O(h), while the KL is O(h²)."""
    new = softmax(-0.01 * GRID.policy_gradient(UNIFORM))
    loss = gain(GRID, UNIFORM, new)
    d = GRID.visitation(UNIFORM) / GRID.visitation(UNIFORM).sum()
    claimed = -trpo_constant(GRID, UNIFORM, "kl_paper") * d @ kl_categorical(UNIFORM, new)
    assert [loss, claimed] == pytest.approx([-2.03e-4, -1.37e-5], rel=5e-3)
    assert loss < 10 * claimed
    for penalty in PENALTIES.values():
        assert loss >= surrogate(GRID, UNIFORM, new) - penalty(GRID, UNIFORM, new)


def test_at_a_trust_region_of_a_fiftieth_the_penalties_exceed_any_return_by_one_to_two_orders():
    new, d = trust_step(0.02)
    kl = kl_categorical(UNIFORM, new) * GRID.live
    assert gain(GRID, UNIFORM, new) == pytest.approx(0.324, abs=5e-4)
    assert surrogate(GRID, UNIFORM, new) == pytest.approx(0.285, abs=5e-4)
    assert kl.max() / (d @ kl) == pytest.approx(14.5, abs=0.05)
    penalties = [trpo_penalty(GRID, UNIFORM, new, form) for form in ("tv", "kl_paper", "kl_sharp")]
    assert penalties == pytest.approx([122, 277, 139], abs=0.5)
    assert mean_kl_penalty(GRID, UNIFORM, new) == pytest.approx(8.51, abs=0.01)
    visits_of_one = (1 - GRID.gamma) * GRID.visitation(UNIFORM).sum()  # d = ρ/Z instead of (1−γ)ρ
    assert mean_kl_penalty(GRID, UNIFORM, new) / visits_of_one == pytest.approx(12.7, abs=0.05)


def test_the_theorems_step_is_four_to_six_orders_below_a_trust_region():
    gradient = GRID.policy_gradient(UNIFORM).ravel()
    curvature = gradient @ np.linalg.pinv(GRID.fisher(UNIFORM), rcond=1e-10, hermitian=True) @ gradient
    assert curvature / (2 * trpo_constant(GRID, UNIFORM, "kl_paper") ** 2) == pytest.approx(1.25e-6, rel=5e-3)
    new = mm_step(GRID, UNIFORM, "kl_paper")
    d = GRID.visitation(UNIFORM) / GRID.visitation(UNIFORM).sum()
    kl = kl_categorical(UNIFORM, new) * GRID.live
    assert [d @ kl, kl.max()] == pytest.approx([9.3e-9, 1.08e-7], rel=0.01)
    assert 100 * gain(GRID, UNIFORM, new) / 0.95**7 == pytest.approx(0.033, abs=5e-4)


def test_bounds_without_discount_and_unknown_forms_are_refused_by_name():
    cliff, pi = two_step_cliff(), np.full((3, 2), 0.5)
    for penalty in (*PENALTIES.values(), visitation_bound, cpi_step):
        with pytest.raises(ValueError, match=r"gamma is 1\.0"):
            penalty(cliff, pi, pi)
    with pytest.raises(ValueError, match="form is 'mean'"):
        trpo_penalty(GRID, UNIFORM, UNIFORM, "mean")
    with pytest.raises(ValueError, match="form is 'max'"):
        cpo_penalty(GRID, UNIFORM, UNIFORM, "max")
    with pytest.raises(ValueError, match=r"alpha is 1\.5"):
        cpi_bound(GRID, UNIFORM, UNIFORM, 1.5)


@pytest.mark.parametrize(
    "function", [expected_advantage, surrogate, performance_difference, span_bound, mean_kl_penalty]
)
@pytest.mark.parametrize("name", ["old", "new"])
def test_a_policy_that_is_none_is_refused_by_its_name(function, name):
    pair = {"old": UNIFORM, "new": UNIFORM}
    with pytest.raises(ValueError, match=f"{name} is no distribution"):
        function(GRID, **(pair | {name: 2 * UNIFORM}))
    with pytest.raises(ValueError, match=f"{name} has shape"):
        function(GRID, **(pair | {name: UNIFORM[:1]}))


def test_a_mean_over_visits_needs_a_discount_and_a_number_for_each_state():
    cliff, pi = two_step_cliff(), np.full((3, 2), 0.5)
    with pytest.raises(ValueError, match="gamma is 1"):
        mean_over_visits(cliff, pi, np.ones(3))
    with pytest.raises(ValueError, match="gamma is 1"):
        visitation_shift(cliff, pi, pi)
    with pytest.raises(ValueError, match="per_state holds nan"):
        mean_over_visits(GRID, UNIFORM, np.full(25, np.nan))


@pytest.mark.parametrize("gamma", [1e-300, 1e-9, 1e-4])
@pytest.mark.parametrize("form", ["kl_sharp", "mean_kl"])
def test_minorise_and_maximise_finds_the_best_action_where_the_future_hardly_counts(gamma, form):
    mdp = random_mdp(np.random.default_rng(7), gamma=gamma)
    uniform = np.full((6, 3), 1 / 3)
    new = mm_step(mdp, uniform, form)
    assert np.all(np.isfinite(new)) and gain(mdp, uniform, new) > 0


def test_a_search_between_ends_that_are_none_is_refused():
    with pytest.raises(ValueError, match="low is 1"):
        golden_section(lambda x: x, 1.0, 0.0)
    with pytest.raises(ValueError, match="high is nan"):
        golden_section(lambda x: x, 0.0, np.nan)


def test_the_penalty_of_the_mean_distance_is_in_tv_unless_another_form_is_asked_for():
    new, _ = trust_step(0.02)
    assert cpo_penalty(GRID, UNIFORM, new) == cpo_penalty(GRID, UNIFORM, new, "tv")
    assert cpo_penalty(GRID, UNIFORM, new) != cpo_penalty(GRID, UNIFORM, new, "kl")


def test_where_the_future_does_not_count_an_infinite_kl_costs_nothing():
    mdp = random_mdp(np.random.default_rng(20), gamma=0.0)
    old, new = np.full((6, 3), 1 / 3), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    assert np.all(np.isinf(kl_categorical(old, new)))
    for name in ("kl_sharp", "kl_paper", "cpo_kl", "mean_kl"):
        assert PENALTIES[name](mdp, old, new) == 0, name


def test_cpi_makes_no_step_where_nothing_is_gained_and_nothing_at_risk():
    mdp = random_mdp(np.random.default_rng(21))
    idle = TabularMDP(mdp.transition, np.zeros_like(mdp.reward), mdp.start, mdp.gamma, mdp.absorbing)
    old, target = (random_policy(np.random.default_rng(seed), mdp) for seed in (22, 23))
    assert cpi_step(idle, old, target) == 0


@pytest.mark.parametrize("gamma", [1e-3, 0.02])
@pytest.mark.parametrize("form", ["kl_sharp", "mean_kl"])
def test_mm_step_is_the_best_on_its_curve_where_the_penalty_is_light(gamma, form):
    rng = np.random.default_rng(24)
    for _ in range(20):
        mdp = random_mdp(rng, gamma=gamma)
        old, new = np.full((6, 3), 1 / 3), mm_step(mdp, np.full((6, 3), 1 / 3), form)
        advantage = mdp.advantage(old)
        others = softmax(np.linspace(0.1, 500, 2000)[:, None, None] * advantage / np.abs(advantage).max())
        along = (others * advantage).sum(axis=2) @ mdp.visitation(old)
        kl = kl_categorical(old, others)
        if form == "mean_kl":
            promise = surrogate(mdp, old, new) - mean_kl_penalty(mdp, old, new)
            bounds = along - mean_kl_constant(mdp, old) * (1 - gamma) * kl @ mdp.visitation(old)
        else:
            promise = surrogate(mdp, old, new) - trpo_penalty(mdp, old, new, form)
            bounds = along - trpo_constant(mdp, old, form) * kl.max(axis=1)
        assert promise >= np.max(bounds) - 1e-12


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_mm_step_goes_all_the_way_to_the_best_action_in_any_unit_where_only_the_present_counts(unit):
    mdp = random_mdp(np.random.default_rng(25), gamma=1e-300)
    paid = TabularMDP(mdp.transition, unit * mdp.reward, mdp.start, mdp.gamma, mdp.absorbing)
    new = mm_step(paid, np.full((6, 3), 1 / 3))
    assert new == pytest.approx(np.eye(3)[mdp.reward.argmax(axis=1)], abs=1e-3)


@pytest.mark.parametrize("form", ["kl_sharp", "mean_kl"])
def test_mm_step_returns_the_old_policy_bit_for_bit_where_rounding_hides_the_gain(form):
    mdp = TabularMDP(np.ones((1, 2, 1)), np.array([[1.0, 0.0]]), np.ones(1), 0.5, np.zeros(1, bool))
    old = np.array([[1.0, 1e-17]])
    assert np.array_equal(mm_step(mdp, old, form), old)


@pytest.mark.parametrize("form", ["kl_sharp", "mean_kl"])
def test_mm_step_changes_nothing_in_a_state_that_is_never_reached_where_there_alone_something_is_to_be_won(form):
    transition = np.zeros((2, 2, 2))
    transition[:, :, 0] = 1
    mdp = TabularMDP(transition, np.array([[1.0, 1.0], [0.0, 3.0]]), np.array([1.0, 0.0]), 0.5, np.zeros(2, bool))
    assert np.array_equal(mm_step(mdp, np.full((2, 2), 0.5), form), np.full((2, 2), 0.5))


def test_golden_section_searches_as_far_as_1e300_and_no_further():
    assert golden_section(lambda x: -abs(x - 1e299), -1e300, 1e300) == pytest.approx(1e299, rel=1e-6)
    for high in (1e301, np.inf):
        with pytest.raises(ValueError, match=r"high is (1e\+301|inf)"):
            golden_section(lambda x: -x, 0.0, high)


def test_a_mean_over_visits_takes_numbers_down_to_minus_1e300_and_may_grow_beyond_every_float():
    rng = np.random.default_rng(26)
    mdp = random_mdp(rng, gamma=0.99)
    pi = random_policy(rng, mdp)
    assert mean_over_visits(mdp, pi, np.full(6, -1e297)) == pytest.approx(-1e297, rel=1e-12)
    with pytest.raises(ValueError, match=r"per_state holds -1e\+301"):
        mean_over_visits(mdp, pi, np.full(6, -1e301))
    assert mean_over_visits(mdp, pi, np.full(6, 1e308)) == np.inf
