"""Exact values, visitation, gradients and Fisher matrices against rollouts, series, complex steps and enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpobook.finite.mdp import (
    GOAL,
    START,
    TRAP,
    TabularMDP,
    gridworld,
    log_softmax,
    optimal_policy,
    random_mdp,
    random_policy,
    softmax,
    two_step_cliff,
)

GRID = gridworld()
UNIFORM = np.full((25, 4), 0.25)
BEST = 0.95**7


def grid_logits(seed):
    return np.random.default_rng(seed).normal(size=(25, 4))


def return_of_logits(mdp, logits):
    return mdp.expected_return(softmax(logits))


def complex_step_gradient(mdp, logits):
    """∂J/∂θ, one logit at a time, to rounding error: Im J(θ + ih)/h with h = 10⁻³⁰."""
    gradient = np.zeros_like(logits)
    for index in np.ndindex(logits.shape):
        shifted = logits.astype(complex)
        shifted[index] += 1e-30j
        gradient[index] = return_of_logits(mdp, shifted).imag / 1e-30
    return gradient


def visits_by_series(mdp, pi, steps):
    """Σ_{t<steps} γᵗ P(s_t = s), counting only states where a decision is still made."""
    chance, total = mdp.start.copy(), np.zeros(len(mdp.start))
    for t in range(steps):
        chance = np.where(mdp.absorbing, 0, chance)
        total += mdp.gamma**t * chance
        chance = sum(chance[s] * pi[s, a] * mdp.transition[s, a] for s, a in np.ndindex(pi.shape))
    return total


def rollouts(mdp, pi, rng, count, steps):
    """Discounted returns of `count` simulated episodes, each cut after `steps`."""
    state = rng.choice(len(mdp.start), size=count, p=mdp.start)
    total = np.zeros(count)
    for t in range(steps):
        action = (rng.random(count)[:, None] > pi[state].cumsum(axis=1)).sum(axis=1).clip(max=pi.shape[1] - 1)
        total += mdp.gamma**t * np.where(mdp.absorbing[state], 0, mdp.reward[state, action])
        ladder = mdp.transition[state, action].cumsum(axis=1)
        state = (rng.random(count)[:, None] > ladder).sum(axis=1).clip(max=len(mdp.start) - 1)
    return total


def test_uniform_policy_of_the_gridworld_has_minus_39_and_a_half_percent_of_the_best_return():
    assert 100 * GRID.expected_return(UNIFORM) / BEST == pytest.approx(-39.52988887892372, abs=1e-9)


def test_every_shortest_way_round_the_trap_is_worth_gamma_to_the_seventh():
    best = optimal_policy(GRID)
    assert GRID.expected_return(best) == pytest.approx(BEST, abs=1e-12)
    cells = np.arange(25)
    steps = np.abs(cells // 5 - GOAL // 5) + np.abs(cells % 5 - GOAL % 5)
    assert GRID.value(best)[~GRID.absorbing] == pytest.approx(0.95 ** (steps[~GRID.absorbing] - 1), abs=1e-12)


def test_gridworld_is_drawn_as_specified():
    assert (START, GOAL, TRAP) == (20, 4, 12)
    assert GRID.transition.argmax(axis=2)[[20, 0, 24, 6]].tolist() == [
        [15, 21, 20, 20],
        [0, 1, 5, 0],
        [19, 24, 24, 23],
        [1, 7, 11, 5],
    ]
    assert np.all(GRID.transition.max(axis=2) == 1)
    rewarded = {tuple(map(int, index)): GRID.reward[tuple(index)] for index in np.argwhere(GRID.reward)}
    assert rewarded == {(3, 1): 1, (9, 0): 1, (7, 2): -1, (11, 1): -1, (13, 3): -1, (17, 0): -1}


def test_optimal_policy_satisfies_bellmans_optimality_equation():
    rng = np.random.default_rng(0)
    for _ in range(20):
        mdp = random_mdp(rng)
        value = mdp.value(optimal_policy(mdp))
        assert value == pytest.approx(np.max(mdp.reward + mdp.gamma * mdp.transition @ value, axis=1), abs=1e-12)


def test_optimal_policy_is_the_best_of_all_deterministic_ones():
    mdp = random_mdp(np.random.default_rng(1), states=4, actions=3)
    values = [mdp.value(np.eye(3)[list(choice)]) for choice in itertools.product(range(3), repeat=4)]
    assert mdp.value(optimal_policy(mdp)) == pytest.approx(np.max(values, axis=0), abs=1e-12)


def test_value_is_the_limit_of_repeated_backups():
    mdp = random_mdp(np.random.default_rng(2))
    pi, value = random_policy(np.random.default_rng(3), mdp), np.zeros(6)
    for _ in range(400):
        value = np.array(
            [pi[s] @ [mdp.reward[s, a] + 0.9 * mdp.transition[s, a] @ value for a in range(3)] for s in range(6)]
        )
    assert mdp.value(pi) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", ["random", "gridworld"])
def test_expected_return_is_within_three_sigma_of_simulated_episodes(name):
    rng = np.random.default_rng(4)
    mdp = GRID if name == "gridworld" else random_mdp(rng)
    pi = random_policy(rng, mdp)
    returns = rollouts(mdp, pi, rng, 20_000, 250)
    assert abs(returns.mean() - mdp.expected_return(pi)) <= 3 * returns.std() / np.sqrt(len(returns))


def test_mean_advantage_under_the_policy_is_zero_at_every_state():
    for mdp in (GRID, random_mdp(np.random.default_rng(5))):
        pi = random_policy(np.random.default_rng(6), mdp)
        assert np.sum(pi * mdp.advantage(pi), axis=1) == pytest.approx(np.zeros(len(pi)), abs=1e-12)


def test_absorbing_states_have_no_value_advantage_or_visits():
    pi = softmax(grid_logits(7))
    ends = [GOAL, TRAP]
    for quantity in (GRID.value(pi), GRID.action_value(pi), GRID.advantage(pi), GRID.visitation(pi)):
        assert np.all(quantity[ends] == 0)


@pytest.mark.parametrize("name", ["random", "gridworld"])
def test_visitation_sums_the_discounted_chances_to_be_there(name):
    rng = np.random.default_rng(8)
    mdp = GRID if name == "gridworld" else random_mdp(rng)
    pi = random_policy(rng, mdp)
    assert mdp.visitation(pi) == pytest.approx(visits_by_series(mdp, pi, 600), abs=1e-11)


def test_visitation_has_mass_one_over_one_minus_gamma_only_where_nothing_absorbs():
    mdp = random_mdp(np.random.default_rng(9))
    assert mdp.visitation(random_policy(np.random.default_rng(10), mdp)).sum() == pytest.approx(10, abs=1e-10)
    assert 1 < GRID.visitation(UNIFORM).sum() < 20


def test_return_is_the_reward_collected_over_the_visits():
    pi = softmax(grid_logits(11))
    assert GRID.visitation(pi) @ np.sum(pi * GRID.reward, axis=1) == pytest.approx(GRID.expected_return(pi), abs=1e-12)


def test_policy_gradient_equals_the_complex_step():
    for seed in range(3):
        logits = grid_logits(seed)
        gradient = GRID.policy_gradient(softmax(logits))
        assert gradient == pytest.approx(complex_step_gradient(GRID, logits), abs=1e-12)


def test_policy_gradient_equals_central_differences():
    logits = grid_logits(12)
    gradient, h = GRID.policy_gradient(softmax(logits)), 1e-5
    for index in [(20, 0), (15, 1), (7, 2), (3, 1)]:
        shift = np.zeros_like(logits)
        shift[index] = h
        slope = (return_of_logits(GRID, logits + shift) - return_of_logits(GRID, logits - shift)) / (2 * h)
        assert gradient[index] == pytest.approx(slope, abs=1e-8)


def test_policy_gradient_with_values_instead_of_advantages_is_the_same():
    """A constant added to all of a state's action values moves no probability of a softmax, once it is centred."""
    pi = softmax(grid_logits(13))
    scores = np.eye(4)[None] - pi[:, None, :]  # ∂ log π(a|s) / ∂θ(s, b), [s, a, b]
    weights = GRID.visitation(pi)[:, None] * pi * GRID.action_value(pi)
    assert np.einsum("sa,sab->sb", weights, scores) == pytest.approx(GRID.policy_gradient(pi), abs=1e-12)


def scores_of(pi):
    """∇_θ log π(a|s) of a tabular softmax, (S·A samples, S·A parameters)."""
    states, actions = pi.shape
    rows = np.zeros((states, actions, states, actions))
    for s, a in np.ndindex(pi.shape):
        rows[s, a, s] = np.eye(actions)[a] - pi[s]
    return rows.reshape(states * actions, states * actions)


def test_fisher_matrix_is_the_mean_of_score_outer_products():
    mdp = random_mdp(np.random.default_rng(14), states=4)
    pi = random_policy(np.random.default_rng(15), mdp)
    chance = (visits_by_series(mdp, pi, 600) / 10)[:, None] * pi
    scores = scores_of(pi)
    assert mdp.fisher(pi) == pytest.approx(scores.T @ (chance.ravel()[:, None] * scores), abs=1e-12)


def test_fisher_matrix_is_the_curvature_of_kl_in_both_directions():
    rng = np.random.default_rng(16)
    mdp, h = random_mdp(rng, states=4), 1e-4
    theta = rng.normal(size=(4, 3))
    v = rng.normal(size=(4, 3))
    v /= np.linalg.norm(v)
    d = mdp.visitation(softmax(theta)) / 10

    def mean_kl(a, b):
        return d @ np.sum(softmax(a) * (log_softmax(a) - log_softmax(b)), axis=1)

    expected = v.ravel() @ mdp.fisher(softmax(theta)) @ v.ravel()
    for kl in (lambda shift: mean_kl(theta, theta + shift), lambda shift: mean_kl(theta + shift, theta)):
        assert (kl(h * v) - 2 * kl(0 * v) + kl(-h * v)) / h**2 == pytest.approx(expected, abs=1e-6)


def test_fisher_matrix_is_singular_along_constants_and_positive_elsewhere():
    mdp = random_mdp(np.random.default_rng(17), states=4)
    matrix = mdp.fisher(random_policy(np.random.default_rng(18), mdp))
    constant = np.kron(np.eye(4), np.ones(3))
    assert matrix @ constant.T == pytest.approx(np.zeros((12, 4)), abs=1e-15)
    assert np.linalg.matrix_rank(matrix) == 8
    assert np.linalg.eigvalsh(matrix)[0] >= -1e-15


@pytest.mark.parametrize("name", ["random", "gridworld"])
def test_natural_gradient_solves_the_fisher_system_by_pseudo_inverse(name):
    rng = np.random.default_rng(19)
    mdp = GRID if name == "gridworld" else random_mdp(rng)
    pi = softmax(rng.normal(size=mdp.reward.shape))
    solved = np.linalg.pinv(mdp.fisher(pi), rcond=1e-10, hermitian=True) @ mdp.policy_gradient(pi).ravel()
    assert solved.reshape(pi.shape) == pytest.approx(mdp.natural_gradient(pi), abs=1e-9)


def test_natural_gradient_is_the_regression_of_advantages_on_scores():
    rng = np.random.default_rng(20)
    mdp = random_mdp(rng)
    pi = softmax(rng.normal(size=(6, 3)))
    root = np.sqrt(mdp.visitation(pi)[:, None] * pi).ravel()
    weights = np.linalg.lstsq(root[:, None] * scores_of(pi), root * mdp.advantage(pi).ravel(), rcond=1e-10)[0]
    assert 10 * weights.reshape(pi.shape) == pytest.approx(mdp.natural_gradient(pi), abs=1e-9)


def test_no_tabular_step_of_any_size_along_either_gradient_lowers_any_value():
    rng = np.random.default_rng(21)
    for _ in range(150):
        mdp = random_mdp(rng, gamma=rng.uniform(0.3, 0.99))
        theta, step = rng.normal(size=(6, 3)), 10 ** rng.uniform(-2, 4)
        pi = softmax(theta)
        for direction in (mdp.policy_gradient(pi), mdp.natural_gradient(pi)):
            assert np.min(mdp.value(softmax(theta + step * direction)) - mdp.value(pi)) >= -1e-9


def test_a_step_against_the_gradient_lowers_the_return_so_that_monotone_means_something():
    theta = grid_logits(22)
    pi = softmax(theta)
    assert return_of_logits(GRID, theta - 0.1 * GRID.natural_gradient(pi)) < GRID.expected_return(pi) - 1e-3


def test_two_step_cliff_returns_reward_times_p_minus_discounted_cost_times_p_squared():
    for p, reward, cost, gamma in [(0.2, 1.0, 1.25, 1.0), (0.7, 2.0, 3.0, 0.8), (1.0, 0.5, 0.1, 0.0)]:
        mdp = two_step_cliff(reward, cost, gamma)
        pi = np.array([[1 - p, p]] * 3)
        assert mdp.expected_return(pi) == pytest.approx(reward * p - gamma * cost * p**2, abs=1e-12)


def test_two_step_cliff_is_visited_once_in_the_first_state_and_p_times_in_the_second():
    pi = np.array([[0.8, 0.2]] * 3)
    assert two_step_cliff(gamma=0.9).visitation(pi) == pytest.approx([1, 0.18, 0], abs=1e-15)


def test_dropping_gamma_to_the_t_can_reverse_the_gradient():
    """States decided at t = 0 and t = 5 share one probability p; they pay +p and −2p. γ = 0.8."""
    states = 7
    transition = np.zeros((states, 2, states))
    transition[np.arange(6), :, np.arange(1, 7)] = 1
    transition[6, :, 6] = 1
    reward = np.zeros((states, 2))
    reward[0, 1], reward[5, 1] = 1, -2
    mdp = TabularMDP(transition, reward, np.eye(states)[0], 0.8, np.arange(states) == 6)

    def shared(p):
        return np.stack([np.full(states, 1 - p), np.full(states, p)], axis=1)

    slope = (mdp.expected_return(shared(0.7)) - mdp.expected_return(shared(0.3))) / 0.4  # J is linear in p
    per_state = mdp.advantage(shared(0.4)) @ [-1, 1]
    assert slope == pytest.approx(0.34464, abs=1e-12)
    assert mdp.visitation(shared(0.4)) @ per_state == pytest.approx(slope, abs=1e-12)
    assert mdp.live @ per_state == pytest.approx(-1, abs=1e-12)  # each visit counted once, whatever its t


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.99))
def test_raising_every_states_expected_advantage_lowers_no_value(seed, gamma):
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, gamma=gamma)
    pi = random_policy(rng, mdp)
    greedy = np.eye(3)[mdp.advantage(pi).argmax(axis=1)]
    mix = rng.random((6, 1))
    assert np.min(mdp.value((1 - mix) * pi + mix * greedy) - mdp.value(pi)) >= -1e-9


@given(st.lists(st.floats(-700, 700), min_size=2, max_size=6), st.floats(-100, 100))
def test_softmax_is_unmoved_by_a_constant_and_log_softmax_is_its_logarithm(logits, constant):
    logits = np.array(logits)
    assert softmax(logits + constant) == pytest.approx(softmax(logits), abs=1e-12)
    assert np.exp(log_softmax(logits)) == pytest.approx(softmax(logits), abs=1e-15)


def test_log_softmax_is_finite_where_softmax_is_zero():
    logits = np.array([0.0, -2000.0])
    assert softmax(logits)[1] == 0
    assert log_softmax(logits) == pytest.approx([0, -2000])


def test_random_policies_and_mdps_repeat_with_their_generator():
    first, again = (random_mdp(np.random.default_rng(23)) for _ in range(2))
    assert np.array_equal(first.transition, again.transition) and np.array_equal(first.reward, again.reward)
    assert random_policy(np.random.default_rng(24), first).sum(axis=1) == pytest.approx(np.ones(6))


def test_an_mdp_that_is_none_is_refused_by_name():
    good = vars(random_mdp(np.random.default_rng(25), states=3, actions=2))
    for name, value, message in [
        ("transition", good["transition"][:2], "transition has shape"),
        ("transition", good["transition"] * 1.1, "transition is no distribution"),
        ("start", np.array([1.5, -0.5, 0.0]), "start is no distribution"),
        ("absorbing", np.zeros(4, bool), "absorbing has shape"),
        ("absorbing", np.array([0, 0, 1]), "absorbing holds int64; give booleans"),
        ("absorbing", np.ones(3, bool), "start is 0 on all states that don't absorb"),
        ("gamma", 1.01, "gamma is 1.01"),
        ("gamma", np.nan, "gamma is nan"),
        ("reward", good["reward"] * np.inf, "reward holds"),
    ]:
        with pytest.raises(ValueError, match=message):
            TabularMDP(**{**good, name: value})


METHODS = ["value", "action_value", "advantage", "visitation", "expected_return", "policy_gradient", "fisher"]


@pytest.mark.parametrize("method", [*METHODS, "natural_gradient"])
@pytest.mark.parametrize("bad", ["nan", "negative", "sum", "shape"])
def test_a_policy_that_is_none_is_refused(method, bad):
    pi = UNIFORM.copy()
    if bad == "shape":
        pi = pi[:1]  # which would broadcast
    else:
        pi[3, :2] = {"nan": (np.nan, 0.5), "negative": (-0.5, 1.0), "sum": (0.5, 0.5)}[bad]
    with pytest.raises(ValueError, match=r"pi (has shape|is no distribution)"):
        getattr(GRID, method)(pi)


def test_without_a_discount_an_episode_that_may_go_on_for_ever_is_refused():
    waiting = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])  # action 0 waits
    mdp = TabularMDP(waiting, np.ones((2, 2)), np.array([1.0, 0.0]), 1.0, np.array([False, True]))
    assert mdp.value(np.array([[0.75, 0.25], [0.5, 0.5]])) == pytest.approx([4, 0])
    for chance in (0.0, 1e-17, 1e-12):
        with pytest.raises(ValueError, match=r"gamma is 1\.0 and the end isn't surely reached"):
            mdp.value(np.array([[1 - chance, chance], [0.5, 0.5]]))
    endless = TabularMDP(np.full((2, 1, 2), 0.5), np.ones((2, 1)), np.array([1.0, 0.0]), 1.0, np.zeros(2, bool))
    for solved in (endless.value, endless.visitation, endless.fisher):
        with pytest.raises(ValueError, match=r"gamma is 1\.0"):
            solved(np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"gamma is 1\.0"):
        optimal_policy(endless)


def test_rows_that_miss_the_sum_1_by_single_precision_give_no_negative_visits():
    rows = np.full((2, 1, 2), 0.5 * (1 + 9e-6))
    for gamma, refused in ((0.99, False), (1 - 1e-6, True)):
        mdp = TabularMDP(rows, np.ones((2, 1)), np.array([1.0, 0.0]), gamma, np.zeros(2, bool))
        if refused:
            with pytest.raises(ValueError, match=r"gamma is 0\.999999"):
                mdp.visitation(np.ones((2, 1)))
        else:
            assert np.all(mdp.visitation(np.ones((2, 1))) > 0)


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_the_optimal_policy_is_the_same_on_every_scale_of_the_reward(scale):
    for seed in range(10):
        mdp = random_mdp(np.random.default_rng(seed), gamma=0.99)
        scaled = TabularMDP(mdp.transition, scale * mdp.reward, mdp.start, mdp.gamma, mdp.absorbing)
        assert np.array_equal(optimal_policy(scaled), optimal_policy(mdp))


@pytest.mark.parametrize("bad", [[0.0, np.nan], [0.0, np.inf], [-np.inf, -np.inf], []])
@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_logits_that_are_none_are_refused(function, bad):
    with pytest.raises(ValueError, match="logits"):
        function(np.array(bad))


def test_an_action_ruled_out_by_its_logit_has_no_probability():
    assert softmax(np.array([0.0, -np.inf, 0.0])).tolist() == [0.5, 0, 0.5]


def test_single_precision_logits_have_a_softmax_without_a_warning():
    logits = np.array([[1.0, 2.0, 3.0], [-30.0, 0.0, 5.0]])
    assert np.allclose(softmax(logits.astype(np.float32)), softmax(logits), atol=1e-6)
