"""Exercises of lesson 00: returns, Bellman's equation, visitation. The expected answers are plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.exercises.mistakes import Mistakes, mistakes


def _reward_cases(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    short, longer, long = (rng.normal(size=n).round(2) for n in (2, 4, 7))
    return [np.array([1.0, 0.0, 2.0]), np.array([3.0]), short, longer, np.array([2.0, 2.0, -1.0, 2.0, 0.6, 0.6]), long]


def _sum(rewards) -> float:
    total = 0.0
    for reward in rewards:
        total += reward
    return total


episode_return = Exercise(
    function="episode_return",
    cases=[(rewards,) for rewards in _reward_cases(1)],
    expected=_sum,
    misconceptions=[
        ("you average the rewards: the return is their sum", lambda r: _sum(r) / len(r)),
        ("you return the last reward alone: the return adds up all of them", lambda r: r[-1]),
        ("you return the first reward alone: the return adds up all of them", lambda r: r[0]),
        ("you return the largest reward: the return adds up all of them", lambda r: max(r)),
        ("you return the smallest reward: the return adds up all of them", lambda r: min(r)),
        ("you return the number of steps: add up the rewards themselves", lambda r: float(len(r))),
        ("you leave out the last reward", lambda r: _sum(r[:-1])),
        ("you leave out the first reward", lambda r: _sum(r[1:])),
        ("you leave out both ends: the first reward and the last count too", lambda r: _sum(r[1:-1])),
        ("you add the first reward twice: let the total begin at 0", lambda r: r[0] + _sum(r)),
        ("you add the last reward twice", lambda r: _sum(r) + r[-1]),
        ("your total begins at 1: let it begin at 0", lambda r: 1 + _sum(r)),
        *(
            (
                "you discount the rewards, which comes later in the lesson; here each counts fully",
                lambda r, g=g: sum(g**t * x for t, x in enumerate(r)),
            )
            for g in (0.5, 0.9, 0.95, 0.98, 0.99, 0.999)
        ),
        ("you multiply the rewards: the return adds them up", lambda r: math.prod(r)),
        ("a loss counts as a gain in your sum: a negative reward lowers the return", lambda r: _sum(abs(r))),
        (
            "you leave out the negative rewards: they belong to the return, and lower it",
            lambda r: sum(x for x in r if x > 0),
        ),
        (
            "you count equal rewards only once: every step's reward counts, whether it came before or not",
            lambda r: sum(set(r.tolist())),
        ),
        ("you cut each reward to a whole number: add up the rewards as they are", lambda r: sum(map(int, r))),
        ("you round each reward to a whole number: add up the rewards as they are", lambda r: sum(map(round, r))),
        ("you round the sum to a whole number: leave it as it is", lambda r: float(round(_sum(r)))),
        ("you cut the sum to a whole number: leave it as it is", lambda r: float(int(_sum(r)))),
        ("you add up the squares: the return is the sum of the rewards as they are", lambda r: _sum(r * r)),
        ("you add up the running sums: the last of them alone is the return", lambda r: np.cumsum(r).sum()),
        (
            "you count the rewards that are above 0: add up the rewards themselves",
            lambda r: float(sum(x > 0 for x in r)),
        ),
        (
            "you count the rewards that aren't 0: add up the rewards themselves",
            lambda r: float(sum(x != 0 for x in r)),
        ),
        ("you add the first reward and the last alone: those between count too", lambda r: r[0] + r[-1]),
        ("you have the median of the rewards: the return is their sum", lambda r: float(np.median(r))),
        ("you weight each reward with its time: each counts fully", lambda r: sum(t * x for t, x in enumerate(r))),
        ("you weight each reward with its time: each counts fully", lambda r: sum(t * x for t, x in enumerate(r, 1))),
    ],
)


def _to_go(rewards, gamma, exponent=lambda t, k: k - t, first=lambda t: t, last=None):
    """Return Σ_{first(t) ≤ k < last} γ^exponent(t, k) r_k for each t; the defaults are right."""
    steps = range(len(rewards))
    last = len(rewards) if last is None else last
    return np.array([sum(gamma ** exponent(t, k) * rewards[k] for k in steps if first(t) <= k < last) for t in steps])


def _backwards(rewards, gamma, step):
    """Return the sweep from the end: entry t is step(t, r_t, the entry after it), beyond the last entry 0."""
    returns, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        returns[t] = ahead = step(t, rewards[t], ahead)
    return returns


def _first_is_reward(rewards, gamma):
    return np.append(rewards[:1], _to_go(rewards, gamma)[1:])


def _of_the_past(rewards, gamma):
    return np.array([sum(gamma ** (t - k) * rewards[k] for k in range(t + 1)) for t in range(len(rewards))])


rewards_to_go = Exercise(
    function="rewards_to_go",
    cases=[(r, gamma) for r, gamma in zip(_reward_cases(2), (0.5, 0.9, 0.8, 0.95, 0.6, 0.7), strict=True)],
    expected=_to_go,
    misconceptions=[
        ("you forgot γ: a reward k steps ahead counts γᵏ times", lambda r, gamma: _to_go(r, 1.0)),
        (
            "you discount to the start of the episode; G_t discounts to t itself, so r_t counts fully",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k),
        ),
        (
            "you discount one step too often: r_t itself counts fully",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k - t + 1),
        ),
        ("you leave out r_t: G_t begins with it", lambda r, gamma: _to_go(r, gamma, first=lambda t: t + 1)),
        (
            "you have G at t + 1: G_t begins with r_t, and only then comes γ times the rest",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k - t - 1, first=lambda t: t + 1),
        ),
        ("you add up the past: G_t holds the rewards from t on", _of_the_past),
        ("your order is reversed: the first entry is G_0", lambda r, gamma: _to_go(r, gamma)[::-1]),
        ("you average: G_t is a sum", lambda r, gamma: _to_go(r, gamma) / np.arange(len(r), 0, -1)),
        (
            "you add γ times the next reward and stop there: go on to the end",
            lambda r, gamma: r + gamma * np.append(r[1:], 0),
        ),
        (
            "you lose the last reward: the last entry is that reward itself, for after it nothing follows",
            lambda r, gamma: _to_go(r, gamma, last=len(r) - 1),
        ),
        (
            "your last reward goes on for ever, divided by 1 − γ: after it nothing follows",
            lambda r, gamma: _to_go(np.append(r[:-1], 1 / (1 - gamma) * r[-1]), gamma),
        ),
        (
            "you take a power of γ where one more step costs a single γ: G_t is r_t plus γ times the G after it",
            lambda r, gamma: _backwards(r, gamma, lambda t, now, ahead: now + gamma ** (t + 1) * ahead),
        ),
        (
            "you take a power of γ where one more step costs a single γ: G_t is r_t plus γ times the G after it",
            lambda r, gamma: _backwards(r, gamma, lambda t, now, ahead: now + gamma**t * ahead),
        ),
        (
            "you multiply each reward by 1 − γ, which makes an average of the sum: r_t counts fully",
            lambda r, gamma: (1 - gamma) * _to_go(r, gamma),
        ),
        (
            "you multiply each reward by 1 − γ, which makes an average of the sum: r_t counts fully",
            lambda r, gamma: _to_go(np.append((1 - gamma) * r[:-1], r[-1]), gamma),
        ),
        ("your loop ends before time 0, so the first entry is r_0 alone: range stops one short", _first_is_reward),
        (
            "you give every time the whole return G_0: leave out what was earned before t",
            lambda r, gamma: np.full(len(r), _to_go(r, gamma)[0]),
        ),
        (
            "what follows r_t counts γ times in your sum, however far ahead it lies: a reward k steps ahead counts γᵏ",
            lambda r, gamma: _backwards(r, gamma, lambda t, now, ahead: ahead + now) * gamma + (1 - gamma) * r,
        ),
        (
            "you multiply undiscounted sums by γᵗ: G_t discounts each reward by the steps from t to it",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: t),
        ),
        (
            "your powers of γ run the wrong way: the reward at t counts fully, the one furthest ahead least",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: len(r) - 1 - k),
        ),
        (
            "your powers of γ run the wrong way: the reward at t counts fully, the one furthest ahead least",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: len(r) - 1 - k + t),
        ),
        (
            "you add up the past, undiscounted: G_t holds the rewards from t on, a reward k steps ahead γᵏ times",
            lambda r, gamma: np.cumsum(r),
        ),
        (
            "you add up the past, discounted to the start: G_t holds the rewards from t on, discounted to t",
            lambda r, gamma: np.cumsum(gamma ** np.arange(len(r)) * r),
        ),
        (
            "you sum from the wrong end: reverse the rewards before the sum as well as after it",
            lambda r, gamma: _of_the_past(r, gamma)[::-1],
        ),
        (
            "you sum from the wrong end: reverse the rewards before the sum as well as after it",
            lambda r, gamma: np.cumsum(gamma ** np.arange(len(r)) * r)[::-1],
        ),
        (
            "you leave out r_t and forgot γ: G_t begins with r_t, and a reward k steps ahead counts γᵏ times",
            lambda r, gamma: _to_go(r, 1.0, first=lambda t: t + 1),
        ),
        (
            "your order is reversed, and γ is missing: the first entry is G_0, a reward k steps ahead counts γᵏ times",
            lambda r, gamma: np.cumsum(r[::-1]),
        ),
        (
            "your order is reversed, and you discount to the start: the first entry is G_0, where r_0 counts fully",
            lambda r, gamma: np.cumsum((gamma ** np.arange(len(r)) * r)[::-1]),
        ),
        (
            "you divide by the sum of the powers of γ, which makes a weighted mean: G_t is a sum",
            lambda r, gamma: _to_go(r, gamma) / _to_go(np.ones(len(r)), gamma),
        ),
        (
            "you divide by the number of steps in the episode: G_t is a sum",
            lambda r, gamma: _to_go(r, gamma) / len(r),
        ),
        (
            "you discount twice, by γᵗ and by the steps from t: G_t discounts to t itself, so r_t counts fully",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k + t),
        ),
        (
            "you count r_t twice: G_t is r_t plus γ times the G after it",
            lambda r, gamma: _to_go(r, gamma) + r,
        ),
        (
            "you discount the rewards, and don't add them up: G_t holds all rewards from t on",
            lambda r, gamma: gamma ** np.arange(len(r)) * r,
        ),
        (
            "you use 1 − γ for γ: γ is the factor that one more step costs",
            lambda r, gamma: _to_go(r, 1 - gamma),
        ),
        (
            "you discount by γ² a step: one more step costs a single γ",
            lambda r, gamma: _to_go(r, gamma**2),
        ),
    ],
)


def _model_cases():
    rng = np.random.default_rng(3)
    for states, actions, gamma in ((2, 2, 0.5), (3, 2, 0.9), (2, 3, 0.8), (4, 3, 0.95)):
        yield (
            rng.normal(size=states).round(1),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(states), (states, actions)),
            rng.normal(size=(states, actions)).round(1),
            gamma,
        )


def _backup(V, pi, P, r, gamma):
    states, actions = r.shape
    new = np.zeros(states)
    for s, a in itertools.product(range(states), range(actions)):
        ahead = sum(P[s, a, s_next] * V[s_next] for s_next in range(states))
        new[s] += pi[s, a] * (r[s, a] + gamma * ahead)
    return new


def _by_policy(pi, values):
    return pi


def _evenly(pi, values):
    return np.full(pi.shape, 1 / pi.shape[1])


def _all_fully(pi, values):
    return np.ones(pi.shape)


def _likeliest(pi, values):
    return np.eye(pi.shape[1])[pi.argmax(axis=1)]


def _best(pi, values):
    return np.eye(pi.shape[1])[values.argmax(axis=1)]


def _backed_up(
    now=_by_policy,
    later=_by_policy,
    reward=lambda gamma: 1.0,
    discount=lambda gamma: gamma,
    ahead=lambda V, P: P @ V,
):
    """Return Σ_a of the reward and of the future, each with its weights and its factor; the defaults are right."""

    def backed_up(V, pi, P, r, gamma):
        future = ahead(V, P)
        return reward(gamma) * (now(pi, r) * r).sum(axis=1) + discount(gamma) * (later(pi, future) * future).sum(axis=1)

    return backed_up


def _action_values(V, pi, P, r, gamma):
    return np.array([[r[s, a] + gamma * P[s, a] @ V for a in range(r.shape[1])] for s in range(len(V))])


def _along(axis, weight):
    """Return the function that adds the brackets up, weighted, along one axis."""
    return lambda V, pi, P, r, gamma: np.sum(weight(pi, r) * _action_values(V, pi, P, r, gamma), axis=axis)


def _swept(V, pi, P, r, gamma):
    new = V.copy()
    for s in range(len(V)):
        new[s] = _backup(new, pi, P, r, gamma)[s]
    return new


def _solved(V, pi, P, r, gamma):
    for _ in range(1500):
        V = _backed_up()(V, pi, P, r, gamma)
    return V


def _of_the_likeliest_next(V, P):
    return V[P.argmax(axis=2)]


AVERAGES: Mistakes = [
    ("you give every action the same weight: use π(a|s)", {"now": _evenly, "later": _evenly}),
    ("you add up the actions without their probabilities π(a|s)", {"now": _all_fully, "later": _all_fully}),
    (
        "you take the likeliest action alone: average over all actions with their probabilities π(a|s)",
        {"now": _likeliest, "later": _likeliest},
    ),
    (
        "you average the reward over π(a|s), the future over all actions alike: both need π(a|s)",
        {"later": _evenly},
    ),
    (
        "you average the future over π(a|s), the reward over all actions alike: both need π(a|s)",
        {"now": _evenly},
    ),
    (
        "π(a|s) stands before the reward alone in your sum: it belongs before the future too, around the whole bracket",
        {"later": _all_fully},
    ),
    ("π(a|s) stands before the future alone in your sum: the reward needs it too", {"now": _all_fully}),
    (
        "you average the reward over π(a|s) but take the best future: the action that π chooses decides both",
        {"later": _best},
    ),
    (
        "you take the best reward, and average the future over π(a|s): the reward needs the average too",
        {"now": _best},
    ),
]
FACTORS: Mistakes = [
    ("you forgot γ", {"discount": lambda gamma: 1.0}),
    (
        "you discount the reward too: it comes now, only the future counts γ times",
        {"reward": lambda gamma: gamma},
    ),
    ("you forgot the reward", {"reward": lambda gamma: 0.0}),
    ("you forgot the future: γ times the value of the next state belongs to it", {"discount": lambda gamma: 0.0}),
    (
        "your γ stands before the reward: the reward comes now and counts fully, the future counts γ times",
        {"reward": lambda gamma: gamma, "discount": lambda gamma: 1.0},
    ),
    ("you multiply the reward by 1 − γ: it comes now, and counts fully", {"reward": lambda gamma: 1 - gamma}),
    ("you discount the future twice: one step costs a single γ", {"discount": lambda gamma: gamma**2}),
    ("you subtract the future: add γ times the value of the next state", {"discount": lambda gamma: -gamma}),
    ("you subtract the reward: add it", {"reward": lambda gamma: -1.0}),
]
FUTURES: Mistakes = [
    (
        "you follow the transitions backwards: P[s, a, s'] leads from s to s'",
        {"ahead": lambda V, P: np.einsum("tas,t->sa", P, V)},
    ),
    (
        "you stay where you are: the future is V at the next state, averaged over P",
        {"ahead": lambda V, P: V[:, None] * P.sum(axis=2)},
    ),
    (
        "you take V at the likeliest next state: average it over P(s'|s,a)",
        {"ahead": _of_the_likeliest_next},
    ),
    (
        "you average V over all states alike: the next state is drawn from P(s'|s,a)",
        {"ahead": lambda V, P: np.full(P.shape[:2], V.mean())},
    ),
    (
        "you take the largest V, as if one could choose the next state: average V over P(s'|s,a)",
        {"ahead": lambda V, P: np.full(P.shape[:2], V.max())},
    ),
    (
        "you add up V over all states without P: the next state is drawn from P(s'|s,a)",
        {"ahead": lambda V, P: np.full(P.shape[:2], V.sum())},
    ),
    (
        "you take the mean of P·V over the next states: P(s'|s,a) already adds up to 1, so it is a sum",
        {"ahead": lambda V, P: P @ V / len(V)},
    ),
]

bellman_backup = Exercise(
    function="bellman_backup",
    cases=list(_model_cases()),
    expected=_backup,
    misconceptions=[
        (
            "you take the best action: that is the equation of the optimal policy; here π chooses",
            lambda *arguments: _action_values(*arguments).max(axis=1),
        ),
        ("you have one number for each action: average them over π(a|s)", _action_values),
        (
            "you take the worst action: π chooses, so average the actions over π(a|s)",
            lambda *arguments: _action_values(*arguments).min(axis=1),
        ),
        *mistakes(_backed_up, AVERAGES, FACTORS, FUTURES),
        (
            "you subtract V(s), which leaves the change of the value: the right-hand side alone is asked for",
            lambda V, *rest: _backup(V, *rest) - V,
        ),
        (
            "you subtract the right-hand side from V(s): the right-hand side alone is asked for",
            lambda V, *rest: V - _backup(V, *rest),
        ),
        ("you add V(s) on top: the right-hand side alone is asked for", lambda V, *rest: _backup(V, *rest) + V),
        (
            "you solve for the policy's value: one backup of the V that you are given is asked for",
            _solved,
        ),
        (
            "your later states see values that this sweep has changed: all of them start from the V that you are given",
            _swept,
        ),
        (
            "you make two backups, one upon the other: one is asked for",
            lambda V, *rest: _backup(_backup(V, *rest), *rest),
        ),
        (
            "you add up over the states: the actions are to be summed over, the last axis of pi and r",
            _along(0, _by_policy),
        ),
        (
            "you add up over the states, without π(a|s): the actions are to be summed over, weighted with π(a|s)",
            _along(0, _all_fully),
        ),
        (
            "you average the brackets over the states: the actions are to be summed over, weighted with π(a|s)",
            lambda *arguments: _action_values(*arguments).mean(axis=0),
        ),
        (
            "you divide by the number of actions, after weighting with π(a|s): the weights add up to 1 already",
            lambda V, pi, *rest: _backup(V, pi, *rest) / pi.shape[1],
        ),
    ],
)


def _visits(mu, pi, P, gamma):
    """Add up γᵗ P(s_t = s), state by state, until γᵗ is negligible."""
    states, actions = pi.shape
    now, total, discount = np.array(mu, float), np.zeros(states), 1.0
    for _ in range(2000):
        total += discount * now
        after = np.zeros(states)
        for s, a in itertools.product(range(states), range(actions)):
            after += now[s] * pi[s, a] * P[s, a]
        now, discount = after, gamma * discount
        if discount < 1e-18:
            break
    return total


def _system(
    policy=lambda pi: pi,
    start=lambda mu: mu,
    rate=lambda gamma: gamma,
    factor=lambda gamma: 1.0,
    towards=False,
    skip=0,
):
    """Return ρ by the linear system, with a mistake: whose moves, from where, discounted how, times what."""

    def solved(mu, pi, P, gamma):
        move = np.einsum("sa,sat->st", policy(pi), P)
        first = start(mu)
        system = np.eye(len(mu)) - rate(gamma) * (move if towards else move.T)
        return factor(gamma) * (np.linalg.solve(system, first) - skip * first)

    return solved


def _carried(steps, rate=lambda gamma: gamma, first=0):
    """Return the function that adds up the terms t = first … steps − 1 only."""

    def added(mu, pi, P, gamma):
        move, now, total = np.einsum("sa,sat->st", pi, P), mu, np.zeros(len(mu))
        for t in range(steps):
            total = total + (t >= first) * rate(gamma) ** t * now
            now = now @ move
        return total

    return added


def _in_the_long_run(mu, pi, P, gamma):
    return mu @ np.linalg.matrix_power(np.einsum("sa,sat->st", pi, P), 2000)


def _visit_cases():
    rng = np.random.default_rng(5)
    for states, actions, gamma in ((2, 2, 0.7), (3, 2, 0.9), (2, 3, 0.6), (4, 3, 0.95)):
        yield (
            rng.dirichlet(np.ones(states)),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(states), (states, actions)),
            gamma,
        )


MOVES: Mistakes = [
    ("you give every action the same weight: use π(a|s)", {"policy": lambda pi: _evenly(pi, None)}),
    (
        "you move by the likeliest action alone: average over all actions with their probabilities π(a|s)",
        {"policy": lambda pi: _likeliest(pi, None)},
    ),
    (
        "you add up the actions without their probabilities π(a|s): then more than all of the probability moves on",
        {"policy": np.ones_like},
    ),
    (
        "you add up the actions without π(a|s), and divide by the number of states: weight the actions with π(a|s)",
        {"policy": lambda pi: np.full(pi.shape, 1 / len(pi))},
    ),
    (
        "you move by the first action alone: average over all actions with their probabilities π(a|s)",
        {"policy": lambda pi: np.eye(pi.shape[1])[np.zeros(len(pi), int)]},
    ),
    (
        "you follow the transitions backwards: probability flows from s to s', so ρ multiplies P from the left",
        {"towards": True},
    ),
]
STARTS: Mistakes = [
    ("you start everywhere alike: start from mu", {"start": lambda mu: np.full(len(mu), 1 / len(mu))}),
    (
        "you start in every state with probability 1: start from mu",
        {"start": lambda mu: np.ones(len(mu))},
    ),
    (
        "you start in the first state: start from mu",
        {"start": lambda mu: np.eye(len(mu))[0]},
    ),
    (
        "you start in the likeliest state: start from mu",
        {"start": lambda mu: np.eye(len(mu))[mu.argmax()]},
    ),
]
DISCOUNTS: Mistakes = [
    (
        "you have the normalised d = (1 − γ)ρ; ρ itself has the mass 1/(1 − γ)",
        {"factor": lambda gamma: 1 - gamma},
    ),
    ("you leave out t = 0: the start counts too", {"skip": 1}),
    ("you discount one step too often: the start counts fully", {"factor": lambda gamma: gamma}),
    (
        "you discount one step too seldom: the start counts fully, and the step after it γ times",
        {"factor": lambda gamma: 1 / gamma, "skip": 1},
    ),
    (
        "you discount twice, by γᵗ and again at each move: a step costs a single γ",
        {"rate": lambda gamma: gamma**2},
    ),
    (
        "you have a plus where the system has a minus: (I − γP_π) stands before ρ",
        {"rate": lambda gamma: -gamma},
    ),
    (
        "you divide by 1 − γ: ρ is the sum as it stands, with the mass 1/(1 − γ) already",
        {"factor": lambda gamma: 1 / (1 - gamma)},
    ),
    ("you use 1 − γ for γ: γ is the factor that one more step costs", {"rate": lambda gamma: 1 - gamma}),
]

visitation = Exercise(
    function="visitation",
    cases=list(_visit_cases()),
    expected=_visits,
    misconceptions=[
        *mistakes(_system, MOVES, STARTS, DISCOUNTS),
        (
            "you have the share of time in the long run, which knows neither the start nor γ",
            _in_the_long_run,
        ),
        (
            "you have the share of time in the long run, over 1 − γ: early visits count more, and they depend on mu",
            lambda mu, pi, P, gamma: 1 / (1 - gamma) * _in_the_long_run(mu, pi, P, gamma),
        ),
        (
            "you stop after the first step: go on until γᵗ is negligible, or solve the linear system",
            _carried(2),
        ),
        (
            "you have the start and nothing more: add the visits of all later times, γᵗ each",
            _carried(1),
        ),
        (
            "you have the term of t = 1 alone: add up the terms of all times",
            _carried(2, first=1),
        ),
        *(
            (
                f"you stop after {steps} terms: go on until γᵗ is negligible, or solve the linear system",
                _carried(steps),
            )
            for steps in (3, 4, 5, 9, 10, 11, 20, 21, 30, 50, 51, 99, 100, 101, 200)
        ),
        *(
            ("your visits aren't discounted: time t counts γᵗ", _carried(steps, rate=lambda gamma: 1.0))
            for steps in (2, 3, 10, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000)
        ),
        (
            "you spread all visits as mu does: the state moves on with the policy, only the start is mu's",
            lambda mu, pi, P, gamma: 1 / (1 - gamma) * mu,
        ),
    ],
)

EXERCISES = {"0.1": episode_return, "0.2": rewards_to_go, "0.3": bellman_backup, "0.4": visitation}
