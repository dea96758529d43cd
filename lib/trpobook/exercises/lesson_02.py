"""Exercises of lesson 02, the policy gradient. The expected answers are slow and obvious, apart from the library."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.finite.mdp import TabularMDP, random_mdp, softmax, two_step_cliff


def _weights(discount):
    """Return the function (rewards, γ) -> array that gives time t the sum over k of discount(t, k, γ)·r_k."""

    def weights(rewards, gamma):
        steps = range(len(rewards))
        return np.array([sum(discount(t, k, gamma) * rewards[k] for k in steps) for t in steps])

    return weights


def _reward_cases():
    yield np.array([1.0, 2.0, 4.0]), 0.5
    yield np.array([0.0, 0.0, 1.0]), 0.9
    rng = np.random.default_rng(5)
    for steps, gamma in ((1, 0.7), (2, 0.99), (5, 0.8), (9, 0.95)):
        yield rng.normal(size=steps), gamma


reinforce_weights = Exercise(
    function="reinforce_weights",
    cases=list(_reward_cases()),
    expected=_weights(lambda t, k, gamma: gamma**k if k >= t else 0.0),
    misconceptions=[
        (
            "you have G_t, without γᵗ: a late decision counts for γᵗ in J, and so in its gradient",
            _weights(lambda t, k, gamma: gamma ** (k - t) if k >= t else 0.0),
        ),
        (
            "you give every decision the whole return: leave out what was earned before it",
            _weights(lambda t, k, gamma: gamma**k),
        ),
        (
            "you sum the rewards before the decision; it can only influence those from t on",
            _weights(lambda t, k, gamma: gamma**k if k <= t else 0.0),
        ),
        (
            "you leave out r_t, which the decision at t is the first to influence",
            _weights(lambda t, k, gamma: gamma**k if k > t else 0.0),
        ),
        (
            "you don't discount at all",
            _weights(lambda t, k, gamma: 1.0 if k >= t else 0.0),
        ),
        (
            "you count time from 1: the first reward has weight γ⁰ = 1",
            _weights(lambda t, k, gamma: gamma ** (k + 1) if k >= t else 0.0),
        ),
        (
            "you discount twice: γᵗ times a sum that is already discounted from time 0",
            _weights(lambda t, k, gamma: gamma ** (k + t) if k >= t else 0.0),
        ),
        (
            "you have γᵗ r_t: add up what follows as well",
            _weights(lambda t, k, gamma: gamma**k if k == t else 0.0),
        ),
    ],
)


def _complex_step(theta, mdp):
    """∂J/∂θ, one logit at a time, J by a linear solve: no formula for the gradient in it."""
    gradient = np.zeros(theta.shape)
    for index in np.ndindex(theta.shape):
        shifted = theta.astype(complex)
        shifted[index] += 1e-30j
        gradient[index] = mdp.expected_return(softmax(shifted)).imag / 1e-30
    return gradient


def _product(visits=None, chance=None, worth=None):
    """Return ρ·π·A with one of the three factors replaced by the given function of (mdp, pi)."""
    visits = visits or (lambda mdp, pi: mdp.visitation(pi))
    chance = chance or (lambda mdp, pi: pi)
    worth = worth or (lambda mdp, pi: mdp.advantage(pi))

    def gradient(theta, mdp):
        pi = softmax(theta)
        return visits(mdp, pi)[:, None] * chance(mdp, pi) * worth(mdp, pi)

    return gradient


def _counted(mdp, pi):
    """Visits without the discount, over the first hundred steps."""
    here, total = mdp.start * mdp.live, 0.0
    for _ in range(100):
        total, here = total + here, np.einsum("s,sa,sat->t", here, pi, mdp.transition) * mdp.live
    return total


def _gradient_cases():
    rng = np.random.default_rng(6)
    yield rng.normal(size=(3, 2)), two_step_cliff(gamma=0.9)
    for states, actions in ((2, 2), (3, 3), (5, 4)):
        yield rng.normal(size=(states, actions)), random_mdp(rng, states, actions, gamma=rng.uniform(0.6, 0.95))


policy_gradient = Exercise(
    function="policy_gradient",
    cases=list(_gradient_cases()),
    expected=_complex_step,
    misconceptions=[
        (
            "your ρ is normalised to mass 1: J is a sum over time, not an average, so use mdp.visitation as it is",
            _product(visits=lambda mdp, pi: mdp.visitation(pi) / mdp.visitation(pi).sum()),
        ),
        (
            "your visits carry (1 − γ), and so does your gradient: J is the sum of the discounted rewards",
            _product(visits=lambda mdp, pi: (1 - mdp.gamma) * mdp.visitation(pi)),
        ),
        (
            "the factor π(a|s) is missing: the softmax passes an action's logit on in proportion to its probability",
            _product(chance=lambda mdp, pi: np.ones_like(pi)),
        ),
        (
            "you have ρ·π·Q: a logit raises its action at the others' expense, and what they lose is V. Subtract it",
            _product(worth=lambda mdp, pi: mdp.action_value(pi)),
        ),
        (
            "you subtract the plain mean of Q over the actions; V is its mean under the policy",
            _product(worth=lambda mdp, pi: mdp.action_value(pi) - mdp.action_value(pi).mean(axis=1, keepdims=True)),
        ),
        (
            "the states' weights are missing: a state counts as often as it is visited",
            _product(visits=lambda mdp, pi: np.ones(len(pi))),
        ),
        (
            "you weight the states by the start distribution alone; later visits count too, with γᵗ",
            _product(visits=lambda mdp, pi: mdp.start * mdp.live),
        ),
        (
            "your visits aren't discounted: state s counts Σ γᵗ P(s_t = s)",
            _product(visits=_counted),
        ),
        (
            "you have the rewards where the advantages belong: an action is worth its future too",
            _product(worth=lambda mdp, pi: mdp.reward - np.sum(pi * mdp.reward, axis=1, keepdims=True)),
        ),
        (
            "the derivative of a logit is π(1 − π) only with respect to its own action; the others move too",
            _product(chance=lambda mdp, pi: pi * (1 - pi), worth=lambda mdp, pi: mdp.action_value(pi)),
        ),
        (
            "you have the natural gradient, Z·(A − mean A), lesson 07's; here ρ and π stay",
            lambda theta, mdp: mdp.natural_gradient(softmax(theta)),
        ),
    ],
)


def _scores(row):
    """∇log π of a softmax, action by action, with respect to all logits."""
    return [np.array([(b == a) - row[b] for b in range(len(row))]) for a in range(len(row))]


def _averaged(weight):
    """Return the function (pi, q) -> (S,): the mean of q with the given weights (row of pi, action)."""

    def baseline(pi, q):
        rows = []
        for row, values in zip(pi, q, strict=True):
            weights = [weight(row, a) for a in range(len(row))]
            rows.append(sum(w * x for w, x in zip(weights, values, strict=True)) / sum(weights))
        return np.array(rows)

    return baseline


def _length(row, a, power=2):
    return np.sum(np.abs(_scores(row)[a]) ** 2) ** (power / 2)


def _baseline_cases():
    yield np.array([[0.9, 0.1]]), np.array([[1.0, 0.0]])
    rng = np.random.default_rng(7)
    for states, actions in ((1, 3), (2, 3), (4, 5)):
        yield rng.dirichlet(np.ones(actions), states), rng.normal(size=(states, actions))


optimal_baseline = Exercise(
    function="optimal_baseline",
    cases=list(_baseline_cases()),
    expected=_averaged(lambda row, a: row[a] * _length(row, a)),
    misconceptions=[
        (
            "you have V, the mean of Q under the policy; an action's weight is also the squared length of its score",
            _averaged(lambda row, a: row[a]),
        ),
        ("you have the plain mean of Q over the actions", _averaged(lambda row, a: 1.0)),
        (
            "the score's length isn't squared: variance is quadratic in it",
            _averaged(lambda row, a: row[a] * _length(row, a, power=1)),
        ),
        (
            "π(a|s) is missing from the weights: the mean is over the policy's own actions",
            _averaged(_length),
        ),
        (
            "you took the score's own component alone, (1 − π)²; its other components, −π(b), count too",
            _averaged(lambda row, a: row[a] * (1 - row[a]) ** 2),
        ),
        (
            "you used π(1 − π), the variance of an indicator, as the weight; the weight is π(a)·‖∇log π(a)‖²",
            _averaged(lambda row, a: row[a] * (1 - row[a])),
        ),
        (
            "the weights aren't divided by their sum: Σ π ‖∇log π‖² isn't 1",
            lambda pi, q: np.array(
                [sum(p[a] * _length(p, a) * x[a] for a in range(len(p))) for p, x in zip(pi, q, strict=True)]
            ),
        ),
        (
            "you took the average over all states together: each state has its own baseline",
            lambda pi, q: np.full(
                len(pi),
                sum(p[a] * _length(p, a) * x[a] for p, x in zip(pi, q, strict=True) for a in range(len(p)))
                / sum(p[a] * _length(p, a) for p in pi for a in range(len(p))),
            ),
        ),
    ],
)


def _chain_slopes(rewards, gamma):
    """Build the chain as an MDP; differentiate J by a complex step, and walk down the chain adding up Q(1) − Q(0)."""
    steps = len(rewards)
    transition = np.zeros((steps + 1, 2, steps + 1))
    for t in range(steps + 1):
        transition[t, :, min(t + 1, steps)] = 1
    reward = np.zeros((steps + 1, 2))
    reward[:steps, 1] = rewards
    mdp = TabularMDP(transition, reward, np.eye(steps + 1)[0], gamma, np.arange(steps + 1) == steps)

    def shared(p):
        return np.stack([np.full(steps + 1, 1 - p), np.full(steps + 1, p)], axis=1)

    true = mdp.expected_return(shared(0.3 + 1e-30j)).imag / 1e-30
    q = mdp.action_value(shared(0.3))
    return true, sum(q[t, 1] - q[t, 0] for t in range(steps))


def _slopes(true, dropped):
    """Return (Σ true(t, γ) r_t, Σ dropped(t, γ) r_t)."""

    def slopes(rewards, gamma):
        return tuple(sum(f(t, gamma) * r for t, r in enumerate(rewards)) for f in (true, dropped))

    return slopes


chain_slopes = Exercise(
    function="chain_slopes",
    cases=[
        (np.array([1.0, 0.0, 0.0, 0.0, 0.0, -2.0]), 0.8),
        (np.array([1.0, -2.0]), 0.4),
        (np.array([0.5, 1.0, -3.0, 2.0]), 0.9),
        (np.array([-1.0, 0.0, 4.0]), 0.3),
    ],
    expected=_chain_slopes,
    misconceptions=[
        ("you have the two the wrong way round", _slopes(lambda t, g: 1, lambda t, g: g**t)),
        ("your dropped slope still carries γᵗ", _slopes(lambda t, g: g**t, lambda t, g: g**t)),
        ("your true slope lacks γᵗ", _slopes(lambda t, g: 1, lambda t, g: 1)),
        (
            "you count time from 1: the first decision has weight γ⁰ = 1",
            _slopes(lambda t, g: g ** (t + 1), lambda t, g: 1),
        ),
        (
            "you credit each decision with all that follows; here the way goes on alike whatever one chooses, so "
            "Q(1) − Q(0) at time t is r_t alone",
            _slopes(lambda t, g: g**t, lambda t, g: sum(g**k for k in range(t + 1))),
        ),
        (
            "you average over the decisions; the estimator adds them up",
            lambda rewards, gamma: tuple(x / len(rewards) for x in _chain_slopes(rewards, gamma)),
        ),
        (
            "your dropped slope is γ times too small for each reward: γ^{k−t} is γ⁰ for the decision's own reward",
            _slopes(lambda t, g: g**t, lambda t, g: g),
        ),
    ],
)

EXERCISES = {
    "2.1": reinforce_weights,
    "2.2": policy_gradient,
    "2.3": optimal_baseline,
    "2.4": chain_slopes,
}
