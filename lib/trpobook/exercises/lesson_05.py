"""Exercises of lesson 05, the performance difference. The expected answers play the world forward, step by step."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.exercises.worlds import LEFT, RIGHT, TINY, play, tidy, visits_of
from trpobook.finite.mdp import TabularMDP, gridworld, random_mdp, random_policy


def _return(mdp: TabularMDP, pi: np.ndarray) -> float:
    return play(mdp, pi, mdp.start)[0]


def _pair_cases():
    rng = np.random.default_rng(5)
    yield TINY, LEFT, RIGHT
    yield TINY, tidy([[1, 0], [1, 0]]), tidy([[0, 1], [0, 1]])
    yield TINY, LEFT, LEFT
    for gamma in (0.0, 0.7, 0.9):
        mdp = random_mdp(rng, states=4, actions=3, gamma=gamma)
        yield mdp, random_policy(rng, mdp), random_policy(rng, mdp)
    world = gridworld()
    yield world, random_policy(rng, world), random_policy(rng, world)


# 5.1, the lemma's right-hand side


def _difference(mdp, old, new):
    return _return(mdp, new) - _return(mdp, old)


def _sum_of_advantages(visits="new", advantage="old", actions="new", scale=lambda mdp, rho: 1.0):
    """Return Σ_s ρ(s) Σ_a π(a|s) A(s, a) with chosen ingredients."""

    def function(mdp, old, new):
        policies = {"old": old, "new": new}
        rho = visits_of(mdp, policies[visits])
        gains = np.sum(policies[actions] * mdp.advantage(policies[advantage]), axis=1)
        return scale(mdp, rho) * (rho @ gains)

    return function


def _gains(mdp, old, new):
    return np.sum(new * mdp.advantage(old), axis=1)


def _without_discount(mdp, old, new):
    value = mdp.value(old)
    advantage = (mdp.reward + mdp.transition @ value - value[:, None]) * mdp.live[:, None]
    return visits_of(mdp, new) @ np.sum(new * advantage, axis=1)


performance_difference = Exercise(
    function="performance_difference",
    cases=list(_pair_cases()),
    expected=_difference,
    misconceptions=[
        (
            "you weigh the states by the old policy's visits: that is the surrogate L. "
            "The lemma counts where the new policy goes",
            _sum_of_advantages(visits="old"),
        ),
        (
            "you get 0 always: a policy's own mean advantage is 0 at every state. "
            "Advantages are the old policy's, actions the new one's",
            lambda mdp, old, new: 0.0,
        ),
        ("old and new are swapped: you have J(old) − J(new)", lambda mdp, old, new: -_difference(mdp, old, new)),
        (
            "your visitation is normalised, (1−γ)ρ: the lemma is a sum over visits and needs ρ itself",
            _sum_of_advantages(scale=lambda mdp, rho: 1 - mdp.gamma),
        ),
        (
            "your visitation is divided by its mass Σρ: the lemma is a sum over visits, no average",
            _sum_of_advantages(scale=lambda mdp, rho: 1 / rho.sum()),
        ),
        (
            "you have Q in place of A: subtract the old policy's V at each visit",
            lambda mdp, old, new: visits_of(mdp, new) @ np.sum(new * mdp.action_value(old), axis=1),
        ),
        (
            "you add the advantages of all actions; each counts as often as the new policy takes it",
            lambda mdp, old, new: visits_of(mdp, new) @ mdp.advantage(old).sum(axis=1),
        ),
        (
            "you count the first action only: Ā at the start. The new policy acts at every step",
            lambda mdp, old, new: mdp.start @ _gains(mdp, old, new),
        ),
        (
            "you add Ā over all states alike: weigh each by how often it is visited",
            lambda mdp, old, new: _gains(mdp, old, new).sum(),
        ),
        ("your advantage lacks its γ: A = r + γ·E[V(s')] − V(s)", _without_discount),
    ],
)


# 5.2, a policy that is better wherever one can be


def _greedy(mdp, pi):
    """Return the first best action at every state: the policy that stands for all right answers."""
    return np.eye(mdp.reward.shape[1])[mdp.advantage(pi).argmax(axis=1)]


def _improves(mdp, pi, new) -> bool:
    """Return whether Ā ≥ 0 at every state, and Ā > 0 wherever some action has a positive advantage."""
    if not isinstance(new, np.ndarray) or new.shape != pi.shape or new.dtype.kind not in "iuf":
        return False
    if not (np.all(new >= 0) and np.allclose(new.sum(axis=1), 1, rtol=0, atol=1e-9)):
        return False
    gains, best = np.sum(new * mdp.advantage(pi), axis=1), mdp.advantage(pi).max(axis=1)
    return bool(np.all(gains >= -1e-12) and np.all(gains[best > 1e-9] > 0))


def _apply_improvement(answer, mdp, pi):
    """Return the greedy policy for any answer that improves pi, for they are all right, and other answers as given."""
    old = pi.copy()
    new = answer(mdp, pi)
    return _greedy(mdp, old) if _improves(mdp, old, new) else new


def _improvement_cases():
    rng = np.random.default_rng(52)
    yield TINY, LEFT
    yield TINY, tidy([[0, 1], [1, 0]])
    for gamma in (0.8, 0.99):
        mdp = random_mdp(rng, states=5, actions=3, gamma=gamma)
        yield mdp, random_policy(rng, mdp)
        yield mdp, _greedy(mdp, _greedy(mdp, _greedy(mdp, _greedy(mdp, random_policy(rng, mdp)))))
    world = gridworld()
    yield world, np.full(world.reward.shape, 0.25)


def _tilted(mdp, pi):
    weights = pi * np.exp(mdp.advantage(pi))
    return weights / weights.sum(axis=1, keepdims=True)


def _at_the_start_only(mdp, pi):
    new, likeliest = pi.copy(), mdp.start.argmax()
    new[likeliest] = _greedy(mdp, pi)[likeliest]
    return new


improve_everywhere = Exercise(
    function="improve_everywhere",
    cases=list(_improvement_cases()),
    expected=_greedy,
    apply=_apply_improvement,
    misconceptions=[
        ("you return the old policy: it is never worse than itself, but never better either", lambda mdp, pi: pi),
        (
            "you choose by the next reward alone: the advantage knows what comes after it",
            lambda mdp, pi: np.eye(mdp.reward.shape[1])[mdp.reward.argmax(axis=1)],
        ),
        (
            "you choose the worst action of each state: use the largest advantage",
            lambda mdp, pi: np.eye(mdp.reward.shape[1])[mdp.advantage(pi).argmin(axis=1)],
        ),
        (
            "you return one action a state; a policy has a row of probabilities for each",
            lambda mdp, pi: mdp.advantage(pi).argmax(axis=1),
        ),
        (
            "you compare states with one another: compare the actions of one state, axis=1",
            lambda mdp, pi: np.eye(mdp.reward.shape[0])[mdp.advantage(pi).argmax(axis=0)].T,
        ),
        ("you return the advantages; turn them into probabilities", lambda mdp, pi: mdp.advantage(pi)),
        (
            "softmax(Q) knows nothing of the old policy, and may be worse than it",
            lambda mdp, pi: np.exp(mdp.action_value(pi)) / np.exp(mdp.action_value(pi)).sum(axis=1, keepdims=True),
        ),
        (
            "your rows don't add up to 1: divide each by its sum",
            lambda mdp, pi: pi * np.exp(mdp.advantage(pi)),
        ),
        (
            "π·e^A never brings back an action that π doesn't take, however good: mix with the best action instead",
            _tilted,
        ),
        (
            "π + A is no distribution: its rows don't add up to 1, and some entries may be negative",
            lambda mdp, pi: pi + mdp.advantage(pi),
        ),
        (
            "you improve the start state only: do it wherever some action has a positive advantage",
            _at_the_start_only,
        ),
    ],
)


# 5.3, the error of any guess of the value


def _guess_error(mdp, pi, guess):
    return _return(mdp, pi) - mdp.start @ (mdp.live * guess)


def _residuals(mdp, pi, guess, *, gamma=None, live=True, minus=1.0):
    """Return r_π + γP_π f − f, (S,), with parts of it changed."""
    gamma = mdp.gamma if gamma is None else gamma
    ahead = np.einsum("sa,sat,t->s", pi, mdp.transition, guess * (mdp.live if live else 1))
    return (np.sum(pi * mdp.reward, axis=1) + gamma * ahead - minus * guess) * mdp.live


def _over_visits(scale=lambda mdp, rho: rho, **changes):
    def function(mdp, pi, guess):
        return scale(mdp, visits_of(mdp, pi)) @ _residuals(mdp, pi, guess, **changes)

    return function


def _guess_cases():
    rng = np.random.default_rng(53)
    yield TINY, LEFT, tidy([0.0, 1.0])
    yield TINY, LEFT, tidy([0.0, 0.0])
    mdp = random_mdp(rng, states=4, actions=3, gamma=0.9)
    yield mdp, random_policy(rng, mdp), rng.normal(size=4)
    world = gridworld()
    yield world, random_policy(rng, world), rng.normal(size=25)


guess_error = Exercise(
    function="guess_error",
    cases=list(_guess_cases()),
    expected=_guess_error,
    misconceptions=[
        ("your residual lacks its γ: r + γ·E[f(s')] − f(s)", _over_visits(gamma=1.0)),
        ("your residual lacks the −f(s)", _over_visits(minus=0.0)),
        ("you have μᵀf − J: the residuals add up to the truth less the guess", lambda *args: -_guess_error(*args)),
        (
            "you let f look past the end: where the episode is over the future is worth 0, whatever f says",
            _over_visits(live=False),
        ),
        (
            "your visitation is normalised, (1−γ)ρ: residuals are summed over visits, not averaged",
            _over_visits(scale=lambda mdp, rho: (1 - mdp.gamma) * rho),
        ),
        (
            "your visitation is divided by its mass Σρ: residuals are summed over visits, not averaged",
            _over_visits(scale=lambda mdp, rho: rho / rho.sum()),
        ),
        (
            "you count the first step only: residuals arise at every visit",
            _over_visits(scale=lambda mdp, rho: mdp.start),
        ),
        (
            "you add the residuals of all states alike: weigh each by its visits",
            _over_visits(scale=lambda mdp, rho: np.ones_like(rho)),
        ),
        ("you return J itself: subtract the guess of it, μᵀf", lambda mdp, pi, guess: _return(mdp, pi)),
    ],
)

EXERCISES = {"5.1": performance_difference, "5.2": improve_everywhere, "5.3": guess_error}
