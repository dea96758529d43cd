"""Exercises of lesson 11, the vine. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.finite.mdp import TabularMDP


class Track:
    """A walker on a line, a simulator small enough to follow by hand: it ends at ±3, or when its clock reaches 8.

    An action moves it by that much, and a move pays 1 + 0.1·action + 0.2·(the new place); it goes on paying after the
    end, as many simulators do.
    """

    def __init__(self):
        self.place, self.clock = 1.5, 7

    def restore(self, saved: tuple[float, int]) -> None:
        """Go back to a saved (place, clock)."""
        self.place, self.clock = saved

    def step(self, action: float) -> tuple[float, float, bool]:
        """Return (observation, reward, ended)."""
        self.place, self.clock = self.place + action, self.clock + 1
        return self.place, 1 + 0.1 * action + 0.2 * self.place, abs(self.place) >= 3 or self.clock >= 8


def lean(place: float, u: float) -> float:
    """A policy: to the right with probability 0.6 − 0.1·place, else half as far to the left."""
    return 1.0 if u < 0.6 - 0.1 * place else -0.5


def _branch(sim, saved, firsts, policy, noise, gamma, *, restore=True, late=0, ends=True, steps=None, number=None):
    """The returns of the branches, with room for one mistake."""
    results = []
    for k, first in enumerate(firsts):
        if restore or k == 0:
            sim.restore(saved)
        total, action = 0.0, first
        for t in range((len(noise) + 1) if steps is None else steps(len(noise) + 1)):
            seen, reward, ended = sim.step(action)
            total += gamma ** (t + late) * reward
            if ended and ends:
                break
            if t < len(noise):
                action = policy(seen, noise[t if number is None else number(t, k, len(noise))])
        results.append(total)
    return np.array(results)


def _mistaken(**mistake):
    return lambda *args: _branch(*args, **mistake)


def _branch_cases():
    rng = np.random.default_rng(11)
    yield Track(), (0.0, 0), np.array([1.0, -0.5]), lean, np.array([0.9]), 0.5
    yield Track(), (0.5, 2), np.array([1.0, -0.5, 0.25]), lean, np.array([0.1, 0.8, 0.45, 0.3]), 0.9
    for place, clock, count in [(-1.0, 0, 6), (1.5, 4, 6), (0.0, 1, 5), (2.0, 0, 7)]:
        yield Track(), (place, clock), rng.uniform(-1, 1, 4).round(2), lean, rng.random(count).round(2), 0.9


branch = Exercise(
    function="branch",
    cases=list(_branch_cases()),
    expected=_branch,
    misconceptions=[
        (
            "you restore the saved state only once: each branch must begin there, not where the last one ended",
            _mistaken(restore=False),
        ),
        (
            "your first reward is already discounted: it counts in full, the next one γ times",
            _mistaken(late=1),
        ),
        (
            "you don't discount: the reward of step t counts γᵗ times",
            lambda sim, saved, firsts, policy, noise, gamma: _branch(sim, saved, firsts, policy, noise, 1.0),
        ),
        (
            "you go on after an episode has ended: what a simulator says then is no experience",
            _mistaken(ends=False),
        ),
        (
            "one step is missing: the first action needs no number, so there is one step more than there are numbers",
            _mistaken(steps=lambda count: count - 1),
        ),
        (
            "you use the same number in every step of a branch; step t has its own, noise[t]",
            _mistaken(number=lambda t, k, count: 0),
        ),
        (
            "your branches take different numbers in the same step; with common random numbers all take noise[t]",
            _mistaken(number=lambda t, k, count: (t + k) % count),
        ),
        (
            "you let the policy choose the first action; it is given",
            lambda sim, saved, firsts, policy, noise, gamma: _branch(
                sim, saved, [policy(saved[0], noise[0])] * len(firsts), policy, noise, gamma
            ),
        ),
        (
            "you subtracted the branches' mean; their returns themselves are asked for",
            lambda *args: _branch(*args) - _branch(*args).mean(),
        ),
        (
            "you return the reward of the first step alone",
            _mistaken(steps=lambda count: 1),
        ),
    ],
)


def _truncated(mdp: TabularMDP, pi, horizon, *, gamma=None, tail=None, dead=False) -> np.ndarray:
    """Q with `horizon` rewards, by walking down every path, with room for one mistake."""
    gamma = mdp.gamma if gamma is None else gamma
    states, actions = mdp.reward.shape

    def value(s, left):
        if left == 0:
            return 0.0 if tail is None else tail[s]
        return sum(pi[s, a] * q(s, a, left) for a in range(actions))

    def q(s, a, left):
        if mdp.absorbing[s] and not dead:
            return 0.0
        future = sum(mdp.transition[s, a, t] * value(t, left - 1) for t in range(states) if mdp.transition[s, a, t] > 0)
        return mdp.reward[s, a] + gamma * future

    return np.array([[q(s, a, horizon) for a in range(actions)] for s in range(states)])


def _truncated_cases():
    rng = np.random.default_rng(12)
    for states, actions, horizon in [(2, 2, 1), (2, 2, 2), (3, 2, 3), (3, 2, 4)]:
        absorbing = np.zeros(states, bool)
        absorbing[-1] = states > 2
        yield (
            TabularMDP(
                rng.dirichlet(np.ones(states), (states, actions)),
                rng.uniform(-1, 1, (states, actions)),
                np.eye(states)[0],
                0.9,
                absorbing,
            ),
            rng.dirichlet(np.ones(actions), states),
            horizon,
        )


truncated_q = Exercise(
    function="truncated_q",
    cases=list(_truncated_cases()),
    expected=_truncated,
    misconceptions=[
        (
            "you add up one reward too many: a horizon of 1 is the reward of the first action alone",
            lambda mdp, pi, H: _truncated(mdp, pi, H + 1),
        ),
        (
            "you add up one reward too few: the first action's reward counts as one of the H",
            lambda mdp, pi, H: _truncated(mdp, pi, H - 1) if H > 1 else np.zeros_like(mdp.reward),
        ),
        (
            "you have the whole Q: after H rewards nothing more counts, not even the value of the state reached",
            lambda mdp, pi, H: _truncated(mdp, pi, H, tail=mdp.value(pi)),
        ),
        (
            "you forgot the discount γ",
            lambda mdp, pi, H: _truncated(mdp, pi, H, gamma=1.0),
        ),
        (
            "you discount the first reward too",
            lambda mdp, pi, H: mdp.gamma * _truncated(mdp, pi, H),
        ),
        (
            "you average over the first action as well, which gives V: the first action is given",
            lambda mdp, pi, H: np.tile(np.sum(pi * _truncated(mdp, pi, H), axis=1)[:, None], (1, pi.shape[1])),
        ),
        (
            "absorbing states earn something in your sum; they have neither reward nor future",
            lambda mdp, pi, H: _truncated(mdp, pi, H, dead=True),
        ),
        (
            "you subtract V: the advantage is not asked for",
            lambda mdp, pi, H: _truncated(mdp, pi, H) - np.sum(pi * _truncated(mdp, pi, H), axis=1, keepdims=True),
        ),
        (
            "you take Q less γ^H times Q: what is left out is γ^H times V of the state reached after H steps",
            lambda mdp, pi, H: (1 - mdp.gamma**H) * mdp.action_value(pi),
        ),
        (
            "later actions are the best ones in your sum; the policy's probabilities weigh them",
            lambda mdp, pi, H: _greedy(mdp, H),
        ),
    ],
)


def _greedy(mdp: TabularMDP, horizon: int) -> np.ndarray:
    q = mdp.reward * mdp.live[:, None]
    for _ in range(horizon - 1):
        q = (mdp.reward + mdp.gamma * mdp.transition @ q.max(axis=1)) * mdp.live[:, None]
    return q


def _estimator(ratio, q, scores, *, weights=None, less="own", gradient_weights=None, states="mean", value=None):
    """(Σ r Q/Σ r averaged over states, its gradient), by loops, with room for one mistake."""
    n, branches = ratio.shape
    total, slope = 0.0, np.zeros(scores.shape[2])
    for i in range(n):
        w = ratio[i] / sum(ratio[i]) if weights is None else weights(ratio, i)
        level = sum(w[k] * q[i, k] for k in range(branches))
        u = w if gradient_weights is None else gradient_weights(ratio, i)
        less_by = {"own": level, "plain": q[i].mean(), "none": 0.0, "all": q.mean()}[less]
        for k in range(branches):
            slope += u[k] * (q[i, k] - less_by) * scores[i, k]
        total += level if value is None else value(q, i, level)
    scale = n if states == "mean" else 1
    return total / scale, slope / scale


def _estimates(**mistake):
    return lambda ratio, q, scores: _estimator(ratio, q, scores, **mistake)


def _estimator_cases():
    rng = np.random.default_rng(13)
    for n, branches, p in [(1, 2, 1), (2, 2, 2), (3, 4, 2), (4, 3, 5)]:
        yield (
            rng.uniform(0.5, 2, (n, branches)).round(2),
            rng.normal(1, 1, (n, branches)).round(2),
            rng.normal(size=(n, branches, p)).round(2),
        )


self_normalised_surrogate = Exercise(
    function="self_normalised_surrogate",
    cases=list(_estimator_cases()),
    expected=_estimator,
    misconceptions=[
        (
            "you divide by K; the self-normalised mean divides by the sum of the ratios",
            _estimates(weights=lambda r, i: r[i] / len(r[i]), less="none"),
        ),
        (
            "you divide by the sum of the ratios of all states; each state has a sum of its own",
            _estimates(weights=lambda r, i: r[i] * len(r) / r.sum()),
        ),
        (
            "you divide by the sum of the ratios of all states, and forget to differentiate that sum",
            _estimates(weights=lambda r, i: r[i] * len(r) / r.sum(), less="none"),
        ),
        (
            "your gradient leaves out the derivative of the denominator: subtract the state's own mean from Q",
            _estimates(less="none"),
        ),
        (
            "you subtract the plain mean of Q in the gradient; it is the mean weighted by the ratios",
            _estimates(less="plain"),
        ),
        (
            "you subtract the mean over all states in the gradient; each state has a mean of its own",
            _estimates(less="all"),
        ),
        (
            "your gradient is that at the old policy: away from it each branch counts by its ratio over their sum",
            _estimates(gradient_weights=lambda r, i: np.full(len(r[i]), 1 / len(r[i])), less="plain"),
        ),
        (
            "your gradient weighs by the ratios, not divided by their sum",
            _estimates(gradient_weights=lambda r, i: r[i]),
        ),
        (
            "you add the states up; average over them",
            _estimates(states="sum"),
        ),
        (
            "you centred Q by its plain mean first: harmless for the gradient, but the value is then another",
            _estimates(value=lambda q, i, level: level - q[i].mean()),
        ),
    ],
)


def _error(between, within, horizon, budget, branches, *, each=None, spread=None, floor=True) -> float:
    calls = 1 + branches * horizon if each is None else each(branches)
    states = budget // calls if floor else budget / calls
    if states < 1:
        return np.inf
    return (between + within / branches if spread is None else spread(branches)) / states


def _best(between, within, horizon, budget, **mistake) -> tuple[int, float]:
    """The K with the smallest variance, and that variance, by trying all that the budget allows."""
    tries = range(2, max(3, (budget - 1) // horizon + 1))
    errors = [_error(between, within, horizon, budget, k, **mistake) for k in tries]
    best = int(np.argmin(errors))
    return tries[best], errors[best]


def _rounded(formula):
    def answer(between, within, horizon, budget):
        k = max(2, round(float(formula(between, within, horizon))))
        return k, _error(between, within, horizon, budget, k)

    return answer


def _with_one(between, within, horizon, budget):
    k = min(range(1, budget // horizon), key=lambda k: _error(between, within, horizon, budget, k))
    return k, _error(between, within, horizon, budget, k)


def _altered(change):
    return lambda *args: change(*_best(*args), *args)


best_branches = Exercise(
    function="best_branches",
    cases=[
        (1.0, 30.0, 2, 40),
        (1.0, 100.0, 1, 80),
        (0.2, 40.0, 5, 1000),
        (0.01, 6.0, 10, 5000),
        (1.0, 5.0, 20, 3000),
        (0.5, 200.0, 3, 700),
        (0.05, 30.0, 8, 420),
    ],
    expected=_best,
    misconceptions=[
        (
            "you count answers, not calls: K branches of H steps cost K·H calls, and the way to the state one more",
            lambda b, w, H, B: _best(b, w, H, B, each=lambda k: k),
        ),
        (
            "you count H calls a state; each of the K branches takes H",
            lambda b, w, H, B: _best(b, w, H, B, each=lambda k: 1 + H),
        ),
        (
            "you left out the call that leads to the state: a state costs 1 + K·H",
            lambda b, w, H, B: _best(b, w, H, B, each=lambda k: k * H),
        ),
        (
            "you round the formula for K; with whole states and a budget that doesn't divide evenly another K may win",
            _rounded(lambda b, w, H: np.sqrt(w / (b * H))),
        ),
        (
            "you forgot the root: the best K is near √(within/(between·H))",
            _rounded(lambda b, w, H: w / (b * H)),
        ),
        (
            "you have the formula upside down: noisy branches ask for more of them, differing states for fewer",
            _rounded(lambda b, w, H: np.sqrt(b * H / w)),
        ),
        (
            "your formula lacks the horizon: a long branch is dear, so there should be fewer",
            _rounded(lambda b, w, H: np.sqrt(w / b)),
        ),
        (
            "you divide the variance between states by K too; branches of one state can't lower it",
            lambda b, w, H, B: _best(b, w, H, B, spread=lambda k: (b + w) / k),
        ),
        (
            "your within-variance isn't divided by K, so that fewer branches always look better",
            lambda b, w, H, B: _best(b, w, H, B, spread=lambda k: b + w),
        ),
        (
            "you left the variance between the states out",
            lambda b, w, H, B: _best(b, w, H, B, spread=lambda k: w / k),
        ),
        (
            "your states are fractions: a state that the budget doesn't pay in full can't be used",
            lambda b, w, H, B: _best(b, w, H, B, floor=False),
        ),
        (
            "a vine needs two branches at least, or there is nothing to compare",
            _with_one,
        ),
        (
            "you return the number of states; first comes the number of branches",
            _altered(lambda k, error, b, w, H, B: (B // (1 + k * H), error)),
        ),
        (
            "your variance is that of one state; the budget pays for several, over which it is divided",
            _altered(lambda k, error, b, w, H, B: (k, b + w / k)),
        ),
        (
            "you return the standard deviation; the variance is asked for",
            _altered(lambda k, error, b, w, H, B: (k, np.sqrt(error))),
        ),
    ],
)


EXERCISES = {
    "11.1": branch,
    "11.2": truncated_q,
    "11.3": self_normalised_surrogate,
    "11.4": best_branches,
}
