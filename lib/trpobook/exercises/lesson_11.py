"""Exercises of lesson 11, the vine. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.finite.mdp import TabularMDP


class Track:
    """A walker on a line, a simulator small enough to follow by hand: it ends at ±3, or when its clock reaches 8.

    An action moves it by that much, and a move pays 0.3 + 0.1·action + 0.2·(the new place); it goes on paying after
    the end, as many simulators do.
    """

    def __init__(self):
        self.place, self.clock = 1.5, 7

    def restore(self, saved: tuple[float, int]) -> None:
        """Go back to a saved (place, clock)."""
        self.place, self.clock = saved

    def step(self, action: float) -> tuple[float, float, bool]:
        """Return (observation, reward, ended)."""
        self.place, self.clock = self.place + action, self.clock + 1
        return self.place, 0.3 + 0.1 * action + 0.2 * self.place, abs(self.place) >= 3 or self.clock >= 8


def lean(place: float, u: float) -> float:
    """A policy: to the right with probability 0.6 − 0.1·place, else half as far to the left."""
    return 1.0 if u < 0.6 - 0.1 * place else -0.5


def _branch(
    sim,
    saved,
    firsts,
    policy,
    noise,
    gamma,
    *,
    restored=lambda k: True,
    weight=lambda gamma, t: gamma**t,
    ends=True,
    counts_last=True,
    steps=lambda count: count,
    number=lambda t, k, count: t,
    chosen=lambda action, first: action,
    sees=lambda before, after, saved: after,
    first_end_ends_all=False,
    clock_goes_on=False,
    noise_goes_on=False,
    result=lambda total, rewards: total,
):
    """The returns of the branches, with room for mistakes.

    restored, number, chosen, sees: whether branch k begins at the saved state; which number step t of branch k takes;
    the action that follows; the observation that the policy gets.
    """
    results, clock, used = np.zeros(len(firsts)), 0, 0
    for k, first in enumerate(firsts):
        if restored(k):
            sim.restore(saved)
        total, action, seen, rewards = 0.0, first, saved[0], []
        clock = clock if clock_goes_on else 0
        for t in range(steps(len(noise) + 1)):
            before = seen
            seen, reward, ended = sim.step(action)
            if not (ended and ends) or counts_last:
                total += weight(gamma, clock) * reward
                rewards.append(reward)
            clock += 1
            if ended and ends:
                break
            place = used if noise_goes_on else number(t, k, len(noise))
            used += t < len(noise)
            action = chosen(policy(sees(before, seen, saved), noise[place % len(noise)]), first)
        results[k] = result(total, np.array(rewards))
        if first_end_ends_all and ended:
            break
    return results


def _mistaken(**mistake):
    return lambda *args: _branch(*args, **mistake)


def _of_rewards(function):
    """Return function(rewards, gamma) of each branch."""

    def answer(sim, saved, firsts, policy, noise, gamma):
        return _branch(sim, saved, firsts, policy, noise, gamma, result=lambda _, rewards: function(rewards, gamma))

    return answer


def _branch_cases():
    rng = np.random.default_rng(11)
    yield Track(), (0.0, 0), np.array([1.0, -0.5]), lean, np.array([0.9]), 0.5
    yield Track(), (0.5, 2), np.array([1.0, -0.5, 0.25]), lean, np.array([0.1, 0.8, 0.45, 0.3]), 0.9
    yield Track(), (-2.0, 5), np.array([-0.5, -1.0, 1.0]), lean, np.array([0.99, 0.2]), 0.9  # two that lose
    for place, clock, count in [(-1.0, 0, 6), (-2.25, 1, 5), (1.5, 4, 6), (0.0, 1, 5), (2.0, 0, 7)]:
        yield Track(), (place, clock), rng.uniform(-1, 1, 4).round(2), lean, rng.random(count).round(2), 0.9


branch = Exercise(
    function="branch",
    cases=list(_branch_cases()),
    expected=_branch,
    misconceptions=[
        (
            "you restore the saved state only once: each branch must begin there, not where the last one ended",
            _mistaken(restored=lambda k: k == 0),
        ),
        (
            "you never restore the saved state: each branch must begin there",
            _mistaken(restored=lambda k: False),
        ),
        (
            "your first reward is already discounted: it counts in full, the next one γ times",
            _mistaken(weight=lambda gamma, t: gamma ** (t + 1)),
        ),
        (
            "your second reward counts in full: it counts γ times, the third γ² times",
            _mistaken(weight=lambda gamma, t: gamma ** max(t - 1, 0)),
        ),
        (
            "you don't discount: the reward of step t counts γᵗ times",
            _mistaken(weight=lambda gamma, t: 1.0),
        ),
        (
            "all rewards after the first count γ times with you: each step discounts once more, γᵗ",
            _mistaken(weight=lambda gamma, t: gamma if t else 1.0),
        ),
        (
            "every reward counts γ times with you: that of step t counts γᵗ times",
            _mistaken(weight=lambda gamma, t: gamma),
        ),
        (
            "your discount is squared: the reward of step t counts γᵗ times",
            _mistaken(weight=lambda gamma, t: gamma ** (2 * t)),
        ),
        (
            "your discount falls too fast: is a power of γ multiplied by the power before? Step t counts γᵗ times",
            _mistaken(weight=lambda gamma, t: gamma ** (t * (t + 1) // 2)),
        ),
        (
            "your discount is 1 − γ to the power t: the reward of step t counts γᵗ times",
            _mistaken(weight=lambda gamma, t: (1 - gamma) ** t),
        ),
        (
            "your discount runs backwards, the last reward in full: the first one counts in full",
            _of_rewards(lambda rewards, gamma: rewards @ gamma ** np.arange(len(rewards))[::-1]),
        ),
        (
            "your discount goes on from one branch to the next: each branch begins with 1",
            _mistaken(clock_goes_on=True),
        ),
        (
            "you go on after an episode has ended: what a simulator says then is no experience",
            _mistaken(ends=False),
        ),
        (
            "you leave out the reward of the step that ends the branch: it counts, nothing after it does",
            _mistaken(counts_last=False),
        ),
        (
            "the end of one branch ends them all with you: the others are still to come",
            _mistaken(first_end_ends_all=True),
        ),
        (
            "one step is missing: the first action needs no number, so there is one step more than there are numbers",
            _mistaken(steps=lambda count: count - 1),
        ),
        (
            "there is one step too many: len(noise) numbers are for the steps after the first",
            _mistaken(steps=lambda count: count + 1, number=lambda t, k, count: min(t, count - 1)),
        ),
        (
            "you use the same number in every step of a branch; step t has its own, noise[t]",
            _mistaken(number=lambda t, k, count: 0),
        ),
        (
            "your branches take different numbers in the same step; with common random numbers all take noise[t]",
            _mistaken(number=lambda t, k, count: t + k),
        ),
        (
            "each of your branches has one number of its own, noise[k]: the numbers belong to the steps",
            _mistaken(number=lambda t, k, count: k),
        ),
        (
            "your numbers go on from branch to branch: each branch begins with noise[0]",
            _mistaken(noise_goes_on=True),
        ),
        (
            "your second step takes the last number: noise[0] is for the second step, noise[1] for the third",
            _mistaken(number=lambda t, k, count: t - 1),
        ),
        (
            "your second step takes noise[1]: noise[0] is for the second step, noise[1] for the third",
            _mistaken(number=lambda t, k, count: min(t + 1, count - 1)),
        ),
        (
            "your second step takes noise[1], and one step is missing: noise[0] is for the second step",
            _mistaken(number=lambda t, k, count: t + 1, steps=lambda count: count - 1),
        ),
        (
            "your numbers run backwards: noise[0] is for the second step, noise[1] for the third",
            _mistaken(number=lambda t, k, count: count - 1 - t),
        ),
        (
            "you let the policy choose the first action; it is given",
            lambda sim, saved, firsts, policy, noise, gamma: _branch(
                sim, saved, [policy(saved[0], noise[0])] * len(firsts), policy, noise, gamma
            ),
        ),
        (
            "you repeat the first action in every step: after it the policy chooses",
            _mistaken(chosen=lambda action, first: first),
        ),
        (
            "your policy sees the place before the step: it chooses from the new observation",
            _mistaken(sees=lambda before, after, saved: before),
        ),
        (
            "your policy always sees the saved state: it chooses from the new observation",
            _mistaken(sees=lambda before, after, saved: saved[0]),
        ),
        (
            "you subtracted the branches' mean; their returns themselves are asked for",
            lambda *args: _branch(*args) - _branch(*args).mean(),
        ),
        (
            "you return the reward of the first step alone",
            _mistaken(steps=lambda count: 1),
        ),
        (
            "you return the reward of the last step alone: add up all, discounted",
            _mistaken(result=lambda total, rewards: rewards[-1]),
        ),
        (
            "you return the last reward, discounted: add up all",
            _of_rewards(lambda rewards, gamma: rewards[-1] * gamma ** (len(rewards) - 1)),
        ),
        (
            "you divide by the number of steps: the discounted sum is asked for, not the mean",
            _mistaken(result=lambda total, rewards: total / len(rewards)),
        ),
        (
            "your sum goes on from one branch to the next: each branch begins with 0",
            lambda *args: np.cumsum(_branch(*args)),
        ),
        (
            "your array holds whole numbers, which cut the decimals off: np.zeros(…) without dtype=int",
            lambda *args: np.trunc(_branch(*args)),
        ),
        (
            "your returns are cut off below 0: a branch may lose",
            lambda *args: np.maximum(_branch(*args), 0),
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


def _backed_up(
    back=lambda mdp, value, h: mdp.reward + mdp.gamma * mdp.transition @ value,
    value=lambda mdp, pi, q: np.sum(pi * q, axis=1),
    masked=lambda mdp, q: q * mdp.live[:, None],
    result=lambda mdp, pi, q, horizon: q,
):
    """Return Q_H by `horizon` backups, with room for one mistake."""

    def truncated(mdp, pi, horizon):
        v = np.zeros(len(pi))
        for h in range(horizon):
            q = masked(mdp, back(mdp, v, h))
            v = value(mdp, pi, q)
        return result(mdp, pi, q, horizon)

    return truncated


def _growing(mdp, pi, horizon):
    """The backup that adds to the same array again and again."""
    v, q = np.zeros(len(pi)), mdp.reward.copy()
    for _ in range(horizon):
        q = (q + mdp.gamma * mdp.transition @ v) * mdp.live[:, None]
        v = np.sum(pi * q, axis=1)
    return q


def _last_reward(discounted):
    def answer(mdp, pi, horizon):
        q = mdp.reward * mdp.live[:, None]
        for _ in range(horizon - 1):
            factor = mdp.gamma if discounted else 1.0
            q = factor * (mdp.transition @ np.sum(pi * q, axis=1)) * mdp.live[:, None]
        return q

    return answer


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
            "you add the value of the state reached, undiscounted: after H rewards nothing more counts",
            lambda mdp, pi, H: _truncated(mdp, pi, H, tail=mdp.value(pi) / mdp.gamma**H),
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
            "your discount is γ² for each step: it is γ",
            lambda mdp, pi, H: _truncated(mdp, pi, H, gamma=mdp.gamma**2),
        ),
        (
            "your discount is 1 − γ: it is γ",
            lambda mdp, pi, H: _truncated(mdp, pi, H, gamma=1 - mdp.gamma),
        ),
        *(
            (
                "you raise γ to the power of the step, on top of the recursion: each backup discounts by γ once",
                _backed_up(
                    lambda mdp, value, h, late=late: mdp.reward + mdp.gamma ** (h + late) * mdp.transition @ value
                ),
            )
            for late in (0, 1)
        ),
        (
            "you discount the value of the state reached, and the reward: γ stands in front of the value alone",
            _backed_up(lambda mdp, value, h: mdp.gamma * (mdp.reward + mdp.gamma * mdp.transition @ value)),
        ),
        (
            "you multiply by 1 − γ, which makes a mean of a whole Q: the sum is asked for",
            lambda mdp, pi, H: (1 - mdp.gamma) * _truncated(mdp, pi, H),
        ),
        (
            "you divide by the horizon: the sum of the rewards is asked for, not their mean",
            lambda mdp, pi, H: _truncated(mdp, pi, H) / H,
        ),
        (
            "you return the reward of the last step alone: add up all H, discounted",
            _last_reward(discounted=True),
        ),
        (
            "you return the reward of the last step alone, undiscounted: add up all H, discounted",
            _last_reward(discounted=False),
        ),
        (
            "you return the first reward alone: add up H of them, discounted",
            lambda mdp, pi, H: _truncated(mdp, pi, 1),
        ),
        (
            "you count two rewards, whatever the horizon is",
            lambda mdp, pi, H: _truncated(mdp, pi, 2),
        ),
        (
            "your backups add to the same array again and again: each begins with the rewards as they are",
            _growing,
        ),
        (
            "you average over the first action as well, which gives V: the first action is given",
            lambda mdp, pi, H: np.tile(np.sum(pi * _truncated(mdp, pi, H), axis=1)[:, None], (1, pi.shape[1])),
        ),
        (
            "you multiply by the probability of the first action: it is given",
            lambda mdp, pi, H: pi * _truncated(mdp, pi, H),
        ),
        (
            "absorbing states earn something in your sum; they have neither reward nor future",
            lambda mdp, pi, H: _truncated(mdp, pi, H, dead=True),
        ),
        (
            "your absorbing states have no reward, but a future: mask both",
            _backed_up(
                lambda mdp, value, h: mdp.reward * mdp.live[:, None] + mdp.gamma * mdp.transition @ value,
                masked=lambda mdp, q: q,
            ),
        ),
        (
            "your absorbing states have no future, but a reward: mask both",
            _backed_up(
                lambda mdp, value, h: mdp.reward + mdp.gamma * mdp.live[:, None] * (mdp.transition @ value),
                masked=lambda mdp, q: q,
            ),
        ),
        (
            "your absorbing states earn something when they are the first state: they have neither reward nor future",
            _backed_up(
                lambda mdp, value, h: mdp.reward + mdp.gamma * mdp.transition @ (mdp.live * value),
                masked=lambda mdp, q: q,
            ),
        ),
        (
            "you mask absorbing states at the end only: they earn nothing on the way either",
            _backed_up(masked=lambda mdp, q: q, result=lambda mdp, pi, q, horizon: q * mdp.live[:, None]),
        ),
        (
            "your mask is turned round: mdp.live is 1 where something is earned",
            _backed_up(masked=lambda mdp, q: q * (1 - mdp.live[:, None])),
        ),
        (
            "you subtract V: the advantage is not asked for",
            lambda mdp, pi, H: _truncated(mdp, pi, H) - np.sum(pi * _truncated(mdp, pi, H), axis=1, keepdims=True),
        ),
        (
            "you subtract the mean over the actions: Q itself is asked for",
            lambda mdp, pi, H: _truncated(mdp, pi, H) - _truncated(mdp, pi, H).mean(axis=1, keepdims=True),
        ),
        (
            "you take Q less γ^H times Q: what is left out is γ^H times V of the state reached after H steps",
            lambda mdp, pi, H: (1 - mdp.gamma**H) * mdp.action_value(pi),
        ),
        (
            "you have what is left out, Q − Q_H: the first H rewards are asked for",
            lambda mdp, pi, H: mdp.action_value(pi) - _truncated(mdp, pi, H),
        ),
        (
            "you take Q less γ^H times V of the state that is left: V is that of the state reached after H steps",
            lambda mdp, pi, H: mdp.action_value(pi) - mdp.gamma**H * mdp.value(pi)[:, None],
        ),
        (
            "later actions are the best ones in your sum; the policy's probabilities weigh them",
            _backed_up(value=lambda mdp, pi, q: q.max(axis=1)),
        ),
        (
            "later actions are the worst ones in your sum; the policy's probabilities weigh them",
            _backed_up(value=lambda mdp, pi, q: q.min(axis=1)),
        ),
        (
            "later actions are the policy's likeliest ones in your sum; its probabilities weigh all of them",
            _backed_up(value=lambda mdp, pi, q: q[np.arange(len(q)), pi.argmax(axis=1)]),
        ),
        (
            "later actions count alike in your sum; the policy's probabilities weigh them",
            _backed_up(value=lambda mdp, pi, q: q.mean(axis=1)),
        ),
        (
            "you add up the later actions without the policy's probabilities",
            _backed_up(value=lambda mdp, pi, q: q.sum(axis=1)),
        ),
        (
            "your sum runs over the state that is left; it runs over the state that is reached",
            _backed_up(lambda mdp, value, h: mdp.reward + mdp.gamma * np.einsum("sat,s->ta", mdp.transition, value)),
        ),
        (
            "you left out the transition: the value is that of the state reached, not of the one that is left",
            _backed_up(lambda mdp, value, h: mdp.reward + mdp.gamma * value[:, None]),
        ),
    ],
)


def _estimator(
    ratio,
    q,
    scores,
    *,
    weights=lambda r, i: r[i] / r[i].sum(),
    gradient_weights=None,
    less=lambda q, i, levels: levels[i],
    values=np.mean,
    states=lambda n, branches: n,
    sign=1.0,
):
    """Value and gradient by loops, with room for mistakes.

    less: (q, state, all states' L) -> what is subtracted from Q in the gradient; states: what the gradient's sum over
    the states is divided by.
    """
    n, branches = ratio.shape
    levels = np.array([sum(w * value for w, value in zip(weights(ratio, i), q[i], strict=True)) for i in range(n)])
    slope = np.zeros(scores.shape[2])
    for i in range(n):
        w = (gradient_weights or weights)(ratio, i)
        for k in range(branches):
            slope += w[k] * (q[i, k] - less(q, i, levels)) * scores[i, k]
    return values(levels), sign * slope / states(n, branches)


def _with_value(value):
    """Return the right gradient with another value(ratio, q)."""
    return lambda ratio, q, scores: (value(ratio, q), _estimator(ratio, q, scores)[1])


def _over_states(ratio, q, scores):
    """Normalise the ratios over the states, for each branch."""
    return _estimator(ratio.T, q.T, scores.transpose(1, 0, 2))


def _none(q, i, levels):
    return 0.0


def _alike(r, i):
    return np.full(len(r[i]), 1 / len(r[i]))


def _pooled(r, i):
    return r[i] * len(r) / r.sum()


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
    parts=("value", "gradient"),
    cases=list(_estimator_cases()),
    expected=_estimator,
    misconceptions=[
        (
            "you divide by K; the self-normalised mean divides by the sum of the ratios",
            _estimates(weights=lambda r, i: r[i] / len(r[i]), less=_none),
        ),
        (
            "you divide by K, and subtract the mean of Q: the self-normalised mean divides by the sum of the ratios",
            _estimates(weights=lambda r, i: r[i] / len(r[i]), less=lambda q, i, levels: q[i].mean()),
        ),
        (
            "you divide by K, and subtract L from Q: the self-normalised mean divides by the sum of the ratios",
            _estimates(weights=lambda r, i: r[i] / len(r[i])),
        ),
        (
            "you divide by nothing; the self-normalised mean divides by the sum of the ratios",
            _estimates(weights=lambda r, i: r[i], less=_none),
        ),
        (
            "your value and your weights are without the ratios: each branch counts by its ratio over their sum",
            _estimates(weights=_alike),
        ),
        *(
            (
                "you divide by the sum of the ratios of all states; each state has a sum of its own",
                _estimates(weights=_pooled, less=less),
            )
            for less in (lambda q, i, levels: levels[i], lambda q, i, levels: levels.mean())
        ),
        (
            "you divide by the sum of the ratios of all states, and forget to differentiate that sum",
            _estimates(weights=_pooled, less=_none),
        ),
        (
            "you divide by the sum of all ratios and by the number of states too; each state has a sum of its own",
            _estimates(weights=lambda r, i: r[i] / r.sum()),
        ),
        (
            "you divide the ratios by their sum over the states; it is the branches of one state that are compared",
            _over_states,
        ),
        (
            "you divide by the largest ratio of the state: by their sum",
            _estimates(weights=lambda r, i: r[i] / r[i].max()),
        ),
        (
            "you take a softmax of the ratios: they are divided by their sum as they are",
            _estimates(weights=lambda r, i: np.exp(r[i]) / np.exp(r[i]).sum()),
        ),
        (
            "you square the ratios: they are divided by their sum as they are",
            _estimates(weights=lambda r, i: r[i] ** 2 / np.sum(r[i] ** 2)),
        ),
        (
            "your ratios are upside down: new probability over old, and so they stand in front of Q",
            _estimates(weights=lambda r, i: (1 / r[i]) / np.sum(1 / r[i])),
        ),
        (
            "you clip the ratios at 1: they count as they are",
            _estimates(weights=lambda r, i: np.minimum(r[i], 1) / np.sum(np.minimum(r[i], 1))),
        ),
        (
            "your gradient leaves out the derivative of the denominator: subtract the state's own mean from Q",
            _estimates(less=_none),
        ),
        (
            "you subtract the plain mean of Q in the gradient; it is the mean weighted by the ratios",
            _estimates(less=lambda q, i, levels: q[i].mean()),
        ),
        *(
            (
                "you subtract the mean over all states in the gradient; each state has a mean of its own",
                _estimates(less=less),
            )
            for less in (lambda q, i, levels: q.mean(), lambda q, i, levels: levels.mean())
        ),
        (
            "you subtract the largest Q of the state in the gradient; it is the mean weighted by the ratios",
            _estimates(less=lambda q, i, levels: q[i].max()),
        ),
        (
            "you add L to Q in the gradient: subtract it",
            _estimates(less=lambda q, i, levels: -levels[i]),
        ),
        (
            "you subtract 2L from Q in the gradient: L once",
            _estimates(less=lambda q, i, levels: 2 * levels[i]),
        ),
        (
            "your gradient is without Q: the weights stand in front of Q − L",
            lambda ratio, q, scores: (
                _estimator(ratio, q, scores)[0],
                _estimator(ratio, np.ones_like(q), scores, less=_none)[1],
            ),
        ),
        (
            "your gradient is that at the old policy: away from it each branch counts by its ratio over their sum",
            _estimates(gradient_weights=_alike, less=lambda q, i, levels: q[i].mean()),
        ),
        (
            "your gradient counts all branches alike: away from the old policy each counts by its ratio over their sum",
            _estimates(gradient_weights=_alike),
        ),
        (
            "your gradient adds the branches up without their weights, each ratio over their sum",
            _estimates(gradient_weights=lambda r, i: np.ones(len(r[i]))),
        ),
        (
            "your gradient weighs by the ratios, not divided by their sum",
            _estimates(gradient_weights=lambda r, i: r[i]),
        ),
        (
            "your gradient weighs by the ratios divided by K: divide them by their sum",
            _estimates(gradient_weights=lambda r, i: r[i] / len(r[i])),
        ),
        (
            "your gradient weighs by w²: each branch counts w times",
            _estimates(gradient_weights=lambda r, i: (r[i] / r[i].sum()) ** 2),
        ),
        (
            "your gradient weighs by w(1 − w), as if each ratio stood for itself: the baseline L does that already",
            _estimates(gradient_weights=lambda r, i: (r[i] / r[i].sum()) * (1 - r[i] / r[i].sum())),
        ),
        (
            "you divide by the ratio in the gradient, 1/K in the place of w: ∇r is r∇log π, so w stays",
            _estimates(gradient_weights=lambda r, i: 1 / r[i].sum() * np.ones(len(r[i]))),
        ),
        (
            "your gradient divides by the number of branches too: the weights of a state add up to 1 already",
            _estimates(states=lambda n, branches: n * branches),
        ),
        (
            "your gradient divides by the number of branches in place of that of the states",
            _estimates(states=lambda n, branches: branches),
        ),
        (
            "your gradient is stretched by K/(K − 1), as for a baseline that leaves the branch itself out: L_n has all "
            "branches in it",
            _estimates(states=lambda n, branches: n * (branches - 1) / branches),
        ),
        ("your gradient points downhill: Q − L stands in it, not L − Q", _estimates(sign=-1.0)),
        (
            "you add the states up; average over them",
            _estimates(values=np.sum, states=lambda n, branches: 1),
        ),
        (
            "you centred Q by its plain mean first: harmless for the gradient, but the value is then another",
            _with_value(lambda r, q: np.mean(np.sum(r / r.sum(1, keepdims=True) * (q - q.mean(1, keepdims=True)), 1))),
        ),
        (
            "your value is 0, as the mean of Q − L is: the mean of L itself is asked for",
            _with_value(lambda r, q: 0.0),
        ),
        ("your value is the plain mean of Q: the ratios weigh it, state by state", _with_value(lambda r, q: q.mean())),
        (
            "your value is the sum of all ratio·Q over the sum of all ratios: each state has a mean of its own",
            _with_value(lambda r, q: np.sum(r * q) / r.sum()),
        ),
        (
            "your value is the mean of ratio·Q: divide by the sum of the ratios",
            _with_value(lambda r, q: np.mean(r * q)),
        ),
        (
            "your value divides by the number of branches too: the weights of a state add up to 1 already",
            _with_value(lambda r, q: np.mean(r / r.sum(1, keepdims=True) * q)),
        ),
        (
            "your value is the mean of Q times the mean ratio, state by state: multiply each Q by its own ratio",
            _with_value(lambda r, q: np.mean(r.mean(1) * q.mean(1))),
        ),
        (
            "your value is the largest Q of each state, averaged: the ratios weigh all of them",
            _with_value(lambda r, q: q.max(1).mean()),
        ),
    ],
)


def _error(
    between,
    within,
    horizon,
    budget,
    branches,
    *,
    each=lambda k, horizon: 1 + k * horizon,
    spread=lambda between, within, k: between + within / k,
    number=lambda budget, calls: budget // calls,
) -> float:
    states = number(budget, each(branches, horizon))
    return spread(between, within, branches) / states if states > 0 else np.inf


def _best(between, within, horizon, budget, *, tries=None, choose=np.argmin, **mistake) -> tuple[int, float]:
    """The K with the smallest variance, and that variance, by trying all that the budget allows."""
    tries = list(range(2, (budget - 1) // horizon + 1) if tries is None else tries(horizon, budget))
    errors = [_error(between, within, horizon, budget, k, **mistake) for k in tries]
    best = int(choose(errors))
    return tries[best], errors[best]


def _chosen(**mistake):
    return lambda *args: _best(*args, **mistake)


def _first_rise(errors) -> int:
    """Return where the errors rise for the first time."""
    return next((i for i in range(len(errors) - 1) if errors[i + 1] >= errors[i]), len(errors) - 1)


def _rounded(formula, whole=round):
    def answer(between, within, horizon, budget):
        k = max(2, whole(float(formula(between, within, horizon))))
        return k, _error(between, within, horizon, budget, k)

    return answer


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
        (0.001, 100.0, 3, 19),
        (0.001, 100.0, 10, 55),
        (4.0, 0.5, 3, 100),
    ],
    parts=("K", "variance"),
    expected=_best,
    misconceptions=[
        (
            "you count answers, not calls: K branches of H steps cost K·H calls, and the way to the state one more",
            _chosen(each=lambda k, H: k, tries=lambda H, B: range(2, B + 1)),
        ),
        (
            "you count answers, not calls, and the way to the state: K branches of H steps cost 1 + K·H calls",
            _chosen(each=lambda k, H: 1 + k, tries=lambda H, B: range(2, B)),
        ),
        (
            "you count H calls a state; each of the K branches takes H",
            _chosen(each=lambda k, H: 1 + H),
        ),
        (
            "you left out the call that leads to the state: a state costs 1 + K·H",
            _chosen(each=lambda k, H: k * H, tries=lambda H, B: range(2, B // H + 1)),
        ),
        (
            "you pay the way to the state once for each branch: a state costs 1 + K·H",
            _chosen(each=lambda k, H: k * (1 + H), tries=lambda H, B: range(2, B // (1 + H) + 1)),
        ),
        (
            "a state costs K + H with you: each of the K branches takes H calls, and the way one more",
            _chosen(each=lambda k, H: k + H, tries=lambda H, B: range(2, B - H + 1)),
        ),
        (
            "the way to a state costs H with you: it is one call, 1 + K·H in all",
            _chosen(each=lambda k, H: H + k * H, tries=lambda H, B: range(2, B // H)),
        ),
        *(
            (
                "you round the formula for K; with whole states and a budget that doesn't divide evenly another K may "
                "win",
                _rounded(lambda b, w, H: np.sqrt(w / (b * H)), whole),
            )
            for whole in (round, int, lambda k: int(np.ceil(k)))
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
            "your formula multiplies by the horizon: a long branch is dear, so there should be fewer",
            _rounded(lambda b, w, H: np.sqrt(w * H / b)),
        ),
        (
            "you divide the variance between states by K too; branches of one state can't lower it",
            _chosen(spread=lambda b, w, k: (b + w) / k),
        ),
        (
            "your within-variance isn't divided by K, so that fewer branches always look better",
            _chosen(spread=lambda b, w, k: b + w),
        ),
        (
            "the variance between states is divided by K with you, that within isn't: it is the other way round",
            _chosen(spread=lambda b, w, k: w + b / k),
        ),
        (
            "you divide the variance within by K − 1: by K",
            _chosen(spread=lambda b, w, k: b + w / (k - 1)),
        ),
        (
            "you divide the variance within by K²: a mean of K answers has one K-th of it",
            _chosen(spread=lambda b, w, k: b + w / k**2),
        ),
        (
            "you divide the variance within by √K: that is what its root is divided by",
            _chosen(spread=lambda b, w, k: b + w / np.sqrt(k)),
        ),
        (
            "you left the variance between the states out",
            _chosen(spread=lambda b, w, k: w / k),
        ),
        (
            "you left the variance within a state out",
            _chosen(spread=lambda b, w, k: b),
        ),
        (
            "you square the variances: they are squares already",
            _chosen(spread=lambda b, w, k: b**2 + w**2 / k),
        ),
        (
            "you take the roots of the variances: they are added up as they are",
            _chosen(spread=lambda b, w, k: np.sqrt(b) + np.sqrt(w) / k),
        ),
        (
            "you take the roots of the two variances, and of K: the variances are added up as they are",
            _chosen(spread=lambda b, w, k: np.sqrt(b) + np.sqrt(w / k)),
        ),
        (
            "your states are fractions: a state that the budget doesn't pay in full can't be used",
            _chosen(number=lambda budget, calls: budget / calls),
        ),
        (
            "you count a state that the budget pays only in part: round down",
            _chosen(number=lambda budget, calls: np.ceil(budget / calls)),
        ),
        (
            "you round the number of states to the nearest: round down, for a state must be paid in full",
            _chosen(number=lambda budget, calls: round(budget / calls)),
        ),
        (
            "you count one state too many: the budget pays for budget // (1 + K·H)",
            _chosen(number=lambda budget, calls: budget // calls + 1),
        ),
        (
            "you count one state too few: the budget pays for budget // (1 + K·H)",
            _chosen(number=lambda budget, calls: budget // calls - 1),
        ),
        (
            "you divide by N − 1: by N, the number of states",
            lambda b, w, H, B: (
                _best(b, w, H, B)[0],
                _error(b, w, H, B, _best(b, w, H, B)[0], number=lambda budget, calls: budget // calls - 1),
            ),
        ),
        (
            "you ask for two states at least: the budget may go into the branches of one",
            _chosen(tries=lambda H, B: range(2, max(3, (B // 2 - 1) // H + 1))),
        ),
        (
            "you return the K with the largest variance: the smallest is best",
            _chosen(choose=np.argmax),
        ),
        (
            "a vine needs two branches at least, or there is nothing to compare",
            _chosen(tries=lambda H, B: range(1, (B - 1) // H + 1)),
        ),
        (
            "your first K is 3: a vine needs two branches at least",
            _chosen(tries=lambda H, B: range(3, max(4, (B - 1) // H + 1))),
        ),
        (
            "you leave out the largest K that the budget allows: range ends before its second number",
            _chosen(tries=lambda H, B: range(2, (B - 1) // H)),
        ),
        (
            "you try too few: K may be as large as (budget − 1) // H, which gives one state",
            _chosen(tries=lambda H, B: range(2, B // (H + 1) + 1)),
        ),
        *(
            (
                "you try too few: K may be as large as the budget pays for in one state",
                _chosen(tries=lambda H, B, most=most: range(2, min(most, (B - 1) // H) + 1)),
            )
            for most in (4, 5, 7, 8, 9, 10)
        ),
        (
            "you stop where the variance rises for the first time: with whole states it goes up and down",
            _chosen(choose=_first_rise),
        ),
        (
            "you return the place in the list: the first place, 0, is K = 2",
            _altered(lambda k, error, b, w, H, B: (k - 2, error)),
        ),
        (
            "you return K − 1: is it a place in a list that begins at K = 1?",
            _altered(lambda k, error, b, w, H, B: (k - 1, error)),
        ),
        ("you return K + 1", _altered(lambda k, error, b, w, H, B: (k + 1, error))),
        (
            "you return the number of states; first comes the number of branches",
            _altered(lambda k, error, b, w, H, B: (B // (1 + k * H), error)),
        ),
        (
            "you return the number of calls for a state; first comes the number of branches",
            _altered(lambda k, error, b, w, H, B: (1 + k * H, error)),
        ),
        (
            "you return the number of all branches; that of one state's is asked for",
            _altered(lambda k, error, b, w, H, B: (k * (B // (1 + k * H)), error)),
        ),
        (
            "your variance is that of one state; the budget pays for several, over which it is divided",
            _altered(lambda k, error, b, w, H, B: (k, b + w / k)),
        ),
        (
            "your variance is divided by the number of states that the budget would pay if they could be fractions",
            _altered(lambda k, error, b, w, H, B: (k, (b + w / k) * (1 + k * H) / B)),
        ),
        (
            "your variance is divided by the budget: by the number of states that it pays",
            _altered(lambda k, error, b, w, H, B: (k, (b + w / k) / B)),
        ),
        (
            "your variance is divided by N only in its part within: both parts are",
            _altered(lambda k, error, b, w, H, B: (k, b + w / k / (B // (1 + k * H)))),
        ),
        (
            "your variance is divided by N only in its part between: both parts are",
            _altered(lambda k, error, b, w, H, B: (k, b / (B // (1 + k * H)) + w / k)),
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
