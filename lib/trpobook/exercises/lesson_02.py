"""Exercises of lesson 02, the policy gradient. The expected answers are slow and obvious, apart from the library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trpobook.exercises.checks import Exercise, Unfit
from trpobook.exercises.mistakes import Mistakes, mistakes
from trpobook.exercises.worlds import is_policy
from trpobook.finite.mdp import TabularMDP, random_mdp, softmax, two_step_cliff


def _weights(discount):
    """Return the function (rewards, γ) -> array that gives time t the sum over k of discount(t, k, γ)·r_k."""

    def weights(rewards, gamma):
        steps = range(len(rewards))
        return np.array([sum(discount(t, k, gamma) * rewards[k] for k in steps) for t in steps])

    return weights


_right_weights = _weights(lambda t, k, gamma: gamma**k if k >= t else 0.0)


def _afterwards(change):
    """Return the function that makes change(weights) of the right weights."""
    return lambda rewards, gamma: change(_right_weights(rewards, gamma))


def _standardised(x, small=1e-8):
    return (x - x.mean()) / (x.std() + small)


def _reward_cases():
    yield np.array([1.0, 2.0, 4.0]), 0.5
    yield np.array([0.0, 0.0, 1.0]), 0.9
    rng = np.random.default_rng(5)
    for steps, gamma in ((1, 0.7), (2, 0.99), (5, 0.8), (9, 0.95)):
        yield rng.normal(size=steps), gamma


reinforce_weights = Exercise(
    function="reinforce_weights",
    cases=list(_reward_cases()),
    expected=_right_weights,
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
        (
            "you have γᵗ, but the sum that it stands before isn't discounted: G_t = Σ γ^{k−t} r_k",
            _weights(lambda t, k, gamma: gamma**t if k >= t else 0.0),
        ),
        (
            "your exponents run backwards: the first reward counts fully, and the late ones γᵏ",
            lambda rewards, gamma: _weights(lambda t, k, g: g ** (len(rewards) - 1 - k) if k >= t else 0.0)(
                rewards, gamma
            ),
        ),
        (
            "you have the past, discounted to t: the decision can only influence the rewards from t on",
            _weights(lambda t, k, gamma: gamma ** (t - k) if k <= t else 0.0),
        ),
        (
            "you have the past, undiscounted: the decision can only influence the rewards from t on",
            _weights(lambda t, k, gamma: 1.0 if k <= t else 0.0),
        ),
        (
            "you give every decision the whole return, undiscounted: leave out what was earned before it",
            _weights(lambda t, k, gamma: 1.0),
        ),
        (
            "you give every decision γᵗ times the whole return: leave out what was earned before it",
            _weights(lambda t, k, gamma: gamma ** (t + k)),
        ),
        (
            "you have G_t without its own r_t, and without γᵗ: the decision at t influences r_t first",
            _weights(lambda t, k, gamma: gamma ** (k - t) if k > t else 0.0),
        ),
        (
            "you have γ·G at t + 1: add r_t, and γᵗ before it all",
            _weights(lambda t, k, gamma: gamma ** (k - t - 1) if k > t else 0.0),
        ),
        (
            "you have γᵗ times G at t + 1: G_t begins with r_t, which the decision at t is the first to influence",
            _weights(lambda t, k, gamma: gamma ** (k - 1) if k > t else 0.0),
        ),
        (
            "you discount G_t one step too often, and γᵗ is missing: the weights are Σ γᵏ r_k, from k = t on",
            _weights(lambda t, k, gamma: gamma ** (k - t + 1) if k >= t else 0.0),
        ),
        (
            "you multiply G_t by γ, not by γᵗ: a decision at t counts for γᵗ in J",
            _weights(lambda t, k, gamma: gamma ** (k - t) * (gamma if t else 1.0) if k >= t else 0.0),
        ),
        (
            "you divide by γᵗ where you multiply: Σ γᵏ r_k is γᵗ G_t as it stands",
            _weights(lambda t, k, gamma: gamma ** (k - 2 * t) if k >= t else 0.0),
        ),
        (
            "you multiply γᵗ onto γᵗ G_t twice more: Σ γᵏ r_k, from k = t on, is the weight as it stands",
            _weights(lambda t, k, gamma: gamma ** (k + 2 * t) if k >= t else 0.0),
        ),
        (
            "you multiply the weights by 1 − γ, which makes averages of sums: J is a sum",
            lambda rewards, gamma: (1 - gamma) * _right_weights(rewards, gamma),
        ),
        (
            "you lose the last reward: it counts for every decision",
            lambda rewards, gamma: _right_weights(np.append(rewards[:-1], 0), gamma),
        ),
        (
            "you lose the first weight, or never reach it: the loop must come to t = 0",
            lambda rewards, gamma: np.append(0, _right_weights(rewards, gamma)[1:]),
        ),
        (
            "you lose the first weight, or never reach it: the loop must come to t = 0",
            lambda rewards, gamma: np.append(rewards[:1], _right_weights(rewards, gamma)[1:]),
        ),
        (
            "you turned the running sum round once only: the first weight stands last",
            _afterwards(lambda weights: weights[::-1]),
        ),
        (
            "you summed from the front and then turned round: reverse the rewards before the sum as well",
            lambda rewards, gamma: np.cumsum(gamma ** np.arange(len(rewards)) * rewards)[::-1],
        ),
        (
            "you turned G round once only, and γᵗ is missing: the first weight stands last",
            lambda rewards, gamma: _weights(lambda t, k, g: g ** (k - t) if k >= t else 0.0)(rewards, gamma)[::-1],
        ),
        (
            "you subtract the mean of the weights: the weights themselves are asked for",
            _afterwards(lambda weights: weights - weights.mean()),
        ),
        *(
            (
                "you standardise the weights, as many programs do: the weights themselves are asked for",
                _afterwards(lambda weights, small=small: _standardised(weights, small)),
            )
            for small in (0.0, 1e-8, 1e-6, 1e-5)
        ),
        (
            "you divide by the number of steps: the weights are sums",
            _afterwards(lambda weights: weights / len(weights)),
        ),
        (
            "you average what follows each decision: the weights are sums",
            _afterwards(lambda weights: weights / np.arange(len(weights), 0, -1)),
        ),
        (
            "you have the sum of all weights in every place: each decision has its own",
            _afterwards(lambda weights: np.full(len(weights), weights.sum())),
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


def _uniform(pi):
    return np.full(pi.shape, 1 / pi.shape[1])


def _centred(values, weights):
    return values - np.sum(weights * values, axis=1, keepdims=True)


def _without_axes(visits_axis, value_axis):
    """Return ρ·π·(Q − V) with ρ or V laid along the actions: it only fits where there are as many as states."""

    def gradient(theta, mdp):
        pi = softmax(theta)
        visits, values = mdp.visitation(pi), mdp.value(pi)
        return (
            (visits[:, None] if visits_axis else visits)
            * pi
            * (mdp.action_value(pi) - (values[:, None] if value_axis else values))
        )

    return gradient


VISITS: Mistakes = [
    (
        "your ρ is normalised to mass 1: J is a sum over time, not an average, so use mdp.visitation as it is",
        {"visits": lambda mdp, pi: mdp.visitation(pi) / mdp.visitation(pi).sum()},
    ),
    (
        "your visits carry (1 − γ), and so does your gradient: J is the sum of the discounted rewards",
        {"visits": lambda mdp, pi: (1 - mdp.gamma) * mdp.visitation(pi)},
    ),
    (
        "the states' weights are missing: a state counts as often as it is visited",
        {"visits": lambda mdp, pi: np.ones(len(pi))},
    ),
    (
        "you weight the states by the start distribution alone; later visits count too, with γᵗ",
        {"visits": lambda mdp, pi: mdp.start * mdp.live},
    ),
    ("your visits aren't discounted: state s counts Σ γᵗ P(s_t = s)", {"visits": _counted}),
    (
        "your visits are those of the uniform policy: the policy's own are wanted, mdp.visitation(pi)",
        {"visits": lambda mdp, pi: mdp.visitation(_uniform(pi))},
    ),
    (
        "you have a factor γ too many: mdp.visitation begins with the start, which counts fully",
        {"visits": lambda mdp, pi: mdp.gamma * mdp.visitation(pi)},
    ),
]
OTHER_VISITS: Mistakes = [
    (
        "you weight all states alike: a state counts as often as it is visited",
        {"visits": lambda mdp, pi: np.full(len(pi), 1 / len(pi))},
    ),
    (
        "you divide by 1 − γ: mdp.visitation has this mass already",
        {"visits": lambda mdp, pi: 1 / (1 - mdp.gamma) * mdp.visitation(pi)},
    ),
    (
        "you leave out the start: mdp.visitation counts it, and so does the gradient",
        {"visits": lambda mdp, pi: mdp.visitation(pi) - mdp.start * mdp.live},
    ),
    (
        "you square the visits: each state's advantages count ρ(s) times",
        {"visits": lambda mdp, pi: mdp.visitation(pi) ** 2},
    ),
    (
        "you divide by the number of states: the gradient is no average over them",
        {"visits": lambda mdp, pi: mdp.visitation(pi) / len(pi)},
    ),
]
CHANCES: Mistakes = [
    (
        "the factor π(a|s) is missing: the softmax passes an action's logit on in proportion to its probability",
        {"chance": lambda mdp, pi: np.ones_like(pi)},
    ),
    (
        "you have π(1 − π), the slope of an action's own probability: with A in place of Q, π alone is left",
        {"chance": lambda mdp, pi: pi * (1 - pi)},
    ),
    (
        "you have 1 − π, an entry of the score, where π belongs",
        {"chance": lambda mdp, pi: 1 - pi},
    ),
    ("you square π: it stands once before the advantage", {"chance": lambda mdp, pi: pi**2}),
    (
        "you have log π where π belongs: the logarithm is gone once the mean over the actions is taken",
        {"chance": lambda mdp, pi: np.log(pi)},
    ),
    ("you divide by π: multiply by it", {"chance": lambda mdp, pi: 1 / pi}),
    ("you weight all actions alike: π(a|s) is the factor", {"chance": lambda mdp, pi: _uniform(pi)}),
]
WORTHS: Mistakes = [
    (
        "you have ρ·π·Q: a logit raises its action at the others' expense, and what they lose is V. Subtract it",
        {"worth": lambda mdp, pi: mdp.action_value(pi)},
    ),
    (
        "you subtract the plain mean of Q over the actions; V is its mean under the policy",
        {"worth": lambda mdp, pi: _centred(mdp.action_value(pi), _uniform(pi))},
    ),
    (
        "you have the rewards where the advantages belong: an action is worth its future too",
        {"worth": lambda mdp, pi: _centred(mdp.reward, pi)},
    ),
    (
        "you have the rewards where Q − V belongs: an action is worth its future too, and V is subtracted",
        {"worth": lambda mdp, pi: mdp.reward},
    ),
    (
        "you have V where the advantage belongs: it is Q − V, action by action",
        {"worth": lambda mdp, pi: np.broadcast_to(mdp.value(pi)[:, None], pi.shape)},
    ),
    (
        "you subtract the mean of V over the states: each state has its own V",
        {"worth": lambda mdp, pi: mdp.action_value(pi) - mdp.value(pi).mean()},
    ),
    (
        "you subtract the mean of Q over states and actions: each state has its own V",
        {"worth": lambda mdp, pi: mdp.action_value(pi) - mdp.action_value(pi).mean()},
    ),
    (
        "you have the advantage of the uniform policy: the policy's own is wanted, from mdp.action_value(pi)",
        {"worth": lambda mdp, pi: mdp.advantage(_uniform(pi))},
    ),
    *(
        (
            "you standardise the advantages, as many programs do: the gradient takes them as they are",
            {"worth": lambda mdp, pi, small=small: _standardised(mdp.advantage(pi), small)},
        )
        for small in (0.0, 1e-8)
    ),
]
OTHER_WORTHS: Mistakes = [
    (
        "you subtract the sum of Q over the actions; V is its mean under the policy",
        {"worth": lambda mdp, pi: _centred(mdp.action_value(pi), np.ones_like(pi))},
    ),
    (
        "you add V to Q: the advantage is Q − V",
        {"worth": lambda mdp, pi: mdp.action_value(pi) + mdp.value(pi)[:, None]},
    ),
    (
        "you subtract the largest Q: the advantage is Q − V, and V is the mean of Q under the policy",
        {"worth": lambda mdp, pi: mdp.action_value(pi) - mdp.action_value(pi).max(axis=1, keepdims=True)},
    ),
    (
        "you subtract J: each state has its own V",
        {"worth": lambda mdp, pi: mdp.action_value(pi) - mdp.start @ mdp.value(pi)},
    ),
    (
        "you subtract γV: the advantage is Q − V, and the γ is inside Q",
        {"worth": lambda mdp, pi: mdp.action_value(pi) - mdp.gamma * mdp.value(pi)[:, None]},
    ),
    (
        "you divide the advantages by their standard deviation: the gradient takes them as they are",
        {"worth": lambda mdp, pi: mdp.advantage(pi) / mdp.advantage(pi).std()},
    ),
    (
        "you take the advantages' sign alone: how much better an action is counts too",
        {"worth": lambda mdp, pi: np.sign(mdp.advantage(pi))},
    ),
    (
        "you leave out the negative advantages: worse actions lose what the better ones gain",
        {"worth": lambda mdp, pi: np.maximum(mdp.advantage(pi), 0)},
    ),
    (
        "you take the advantages' absolute values: worse actions lose what the better ones gain",
        {"worth": lambda mdp, pi: np.abs(mdp.advantage(pi))},
    ),
]

policy_gradient = Exercise(
    function="policy_gradient",
    cases=list(_gradient_cases()),
    expected=_complex_step,
    misconceptions=[
        (
            "the derivative of a logit is π(1 − π) only with respect to its own action; the others move too",
            _product(chance=lambda mdp, pi: pi * (1 - pi), worth=lambda mdp, pi: mdp.action_value(pi)),
        ),
        (
            "you have ρ·Q, the derivative by the probabilities: by the logits it is ρ·π·(Q − V)",
            _product(chance=lambda mdp, pi: np.ones_like(pi), worth=lambda mdp, pi: mdp.action_value(pi)),
        ),
        *mistakes(_product, VISITS, CHANCES, WORTHS),
        *mistakes(_product, OTHER_VISITS),
        *mistakes(_product, OTHER_WORTHS),
        (
            "your exp(θ) isn't divided by its sum: π is softmax(theta)",
            lambda theta, mdp: np.exp(theta) * _product(chance=lambda mdp, pi: np.ones_like(pi))(theta, mdp),
        ),
        (
            "you have θ where π belongs: π is softmax(theta)",
            lambda theta, mdp: theta * _product(chance=lambda mdp, pi: np.ones_like(pi))(theta, mdp),
        ),
        (
            "you have the natural gradient, Z·(A − mean A), lesson 07's; here ρ and π stay",
            lambda theta, mdp: mdp.natural_gradient(softmax(theta)),
        ),
        *(
            ("ρ or V lies along the actions: each has one number a state, so it needs a second axis, [:, None]", wrong)
            for wrong in (_without_axes(False, False), _without_axes(True, False), _without_axes(False, True))
        ),
        (
            "you have ρ·π alone: it still lacks the advantage, Q − V",
            _product(worth=lambda mdp, pi: np.ones_like(pi)),
        ),
        (
            "you have ρ alone: it still lacks π and the advantage, Q − V",
            _product(chance=lambda mdp, pi: np.ones_like(pi), worth=lambda mdp, pi: np.ones_like(pi)),
        ),
        (
            "you add up the actions: each logit has its own derivative",
            lambda theta, mdp: np.sum(_complex_step(theta, mdp), axis=1),
        ),
    ],
)


# 2.3, the whole algorithm


class Played:
    """Plays episodes in a world, always with the same luck: equal policies give equal episodes."""

    def __init__(self, world: TabularMDP, seed: int, lengths: Sequence[int], varying: bool = False):
        self.world, self.seed, self.lengths, self.varying = world, seed, lengths, varying

    def __call__(self, pi):
        luck, pi = np.random.default_rng(self.seed), np.asarray(pi, float)
        fewer = int(1000 * pi[0, 0]) % 2 if self.varying else 0  # batches needn't be of one size
        return [self._episode(pi, steps, luck) for steps in self.lengths[: len(self.lengths) - fewer]]

    def _episode(self, pi, steps, luck):
        def drawn(chances):
            return int(np.searchsorted(np.cumsum(chances), luck.random() * np.sum(chances)))

        state, seen = drawn(self.world.start), []
        for _ in range(steps):
            action = drawn(pi[state])
            seen.append((state, action, self.world.reward[state, action]))
            state = drawn(self.world.transition[state, action])
        states, actions, rewards = zip(*seen, strict=True)
        return np.array(states), np.array(actions), np.array(rewards, float)

    def __repr__(self):
        states, actions = np.shape(self.world.reward)
        steps = ", ".join(map(str, self.lengths))
        return f"play: {states} states, {actions} actions, decisions in each episode: {steps}"


class Guess:
    """A baseline that is the same for every policy."""

    def __init__(self, values):
        self.values = np.array(values, float)

    def __call__(self, pi):
        return self.values.copy()

    def __repr__(self):
        return f"baseline: {self.values.tolist()}"


class TrueValue:
    """The value of the policy as the baseline."""

    def __init__(self, world: TabularMDP):
        self.world = world

    def __call__(self, pi):
        return self.world.value(np.asarray(pi, float))

    def __repr__(self):
        return "baseline: V of the policy"


def _reinforce_cases():
    rng = np.random.default_rng(23)
    two, three = random_mdp(rng, states=2, actions=2), random_mdp(rng, states=3, actions=3)
    flat = np.zeros((2, 2))
    yield Played(two, 1, [1]), Guess([0, 0]), flat, 0.5, 1.0, 1
    yield Played(two, 2, [3]), Guess([0, 0]), flat, 0.5, 1.0, 1
    yield Played(two, 3, [2, 3]), Guess([0.5, -1]), flat, 0.8, 0.5, 1
    yield Played(three, 4, [4, 2, 3]), Guess([0.5, -1, 2]), rng.normal(size=(3, 3)), 0.9, 2.0, 2
    nearly_never = rng.normal(size=(3, 3))
    nearly_never[1, 2] = -30.0
    yield Played(three, 5, [3, 5, 2], varying=True), TrueValue(three), nearly_never, 0.7, 1.0, 4


def _rows(z):
    return softmax(z)


def _ahead(rewards, t, gamma):
    return sum(gamma ** (k - t) * rewards[k] for k in range(t, len(rewards)))


def _score(pi, state, action):
    rows = np.zeros_like(pi)
    rows[state] -= pi[state]
    rows[state, action] += 1
    return rows


def _written(
    policy=_rows,
    gain=_ahead,
    early=lambda gamma, t: gamma**t,
    weigh=lambda early, gain, b: early * (gain - b),
    baseline_at=lambda b, states, t: b[states[t]],
    paid=lambda rewards, b: rewards,
    adjusted=lambda weights: weights,
    score=_score,
    added=None,
    used=lambda batch: batch,
    decisions=lambda steps: steps,
    count=lambda batch, episode: len(batch),
    stale=(),
    emptied=True,
    online=None,
    move=lambda theta, step: theta + step,
    begin=lambda theta: theta,
    returned=lambda theta, first: theta,
):
    """Return REINFORCE, decision by decision; the arguments are what may be wrong in it."""

    def reinforce(play, baseline, theta, gamma, step_size, updates):
        first, theta = np.array(theta, float), np.array(begin(theta), float)
        total = np.zeros_like(theta)
        for _ in range(updates):
            pi, at_first = policy(theta), policy(first)
            batch = used(play(at_first if "play" in stale else pi))
            b = baseline(at_first if "baseline" in stale else pi)
            scored = at_first if "score" in stale else pi
            total = np.zeros_like(theta) if emptied else total
            for episode in batch:
                states, actions, rewards = episode
                rewards = paid(rewards, b[states])
                weights = [
                    weigh(early(gamma, t), gain(rewards, t, gamma), baseline_at(b, states, t))
                    for t in range(decisions(len(states)))
                ]
                for t, w in enumerate(adjusted(weights)):
                    if added is not None and not added(episode, t):
                        continue
                    total += w * score(scored, states[t], actions[t]) / count(batch, episode)
                    if online == "decision":
                        theta, total = theta + step_size * total * count(batch, episode), np.zeros_like(theta)
                        scored = policy(theta)
                if online == "episode":
                    theta, total = theta + step_size * total * count(batch, episode), np.zeros_like(theta)
                    scored = policy(theta)
            theta = move(theta, step_size * total)
        return returned(theta, first)

    return reinforce


def _of_all_states(pi, state, action):
    rows = -pi.copy()
    rows[state, action] += 1
    return rows


def _taken(pi, state, action):
    rows = np.zeros_like(pi)
    rows[state, action] = 1
    return rows


def _last_visit(episode, t):
    states = episode[0]
    return states[t] not in states[t + 1 :]


def _indexed(taken_by):
    """Return what fancy indexing makes of states that an episode visits twice: of equal indices the last counts."""

    def reinforce(play, baseline, theta, gamma, step_size, updates):
        theta = np.array(theta, float)
        for _ in range(updates):
            pi = _rows(theta)
            batch, b, total = play(pi), baseline(pi), np.zeros_like(theta)
            for states, actions, rewards in batch:
                pairs = list(zip(states, actions, strict=True))
                for t, (s, a) in enumerate(pairs):
                    w = gamma**t * (_ahead(rewards, t, gamma) - b[s])
                    if s not in states[t + 1 :]:
                        total[s] -= w * pi[s]
                    if taken_by == "all" or (s, a) not in pairs[t + 1 :]:
                        total[s, a] += w
            theta += step_size * total / len(batch)
        return theta

    return reinforce


def _shortest(batch):
    steps = min(len(rewards) for *_, rewards in batch)
    return [tuple(x[:steps] for x in episode) for episode in batch]


def _strung_together(batch):
    return [tuple(np.concatenate(arrays) for arrays in zip(*batch, strict=True))]


def _whole(rewards, t, gamma):
    return _ahead(rewards, 0, gamma)


TWICE = (
    "a state that occurs twice in an episode counts once: of equal indices `g[states] += …` keeps the last; loop "
    "over the decisions, or use np.add.at"
)
WEIGHTS: Mistakes = [
    (
        "your weights lack γᵗ: a late decision counts for γᵗ in J, and so in its gradient",
        {"early": lambda gamma, t: 1.0},
    ),
    (
        "you give every decision the whole return: leave out what was earned before it",
        {"early": lambda gamma, t: 1.0, "gain": _whole},
    ),
    (
        "you give every decision γᵗ times the whole return: G_t leaves out what was earned before it",
        {"gain": _whole},
    ),
    (
        "you multiply by γᵗ where it is in the weight already: Σ γᵏ r_k, from k = t on, is γᵗ G_t",
        {"gain": lambda rewards, t, gamma: gamma**t * _ahead(rewards, t, gamma)},
    ),
    (
        "you don't discount G_t: the reward k − t steps ahead counts γ to that power",
        {"gain": lambda rewards, t, gamma: sum(rewards[t:])},
    ),
    (
        "you give each decision its own reward alone: G_t holds all that follows as well",
        {"gain": lambda rewards, t, gamma: rewards[t]},
    ),
    (
        "your G_t leaves out r_t, which the decision at t is the first to influence",
        {"gain": lambda rewards, t, gamma: gamma * _ahead(rewards, t + 1, gamma)},
    ),
    (
        "you have G at t + 1 where G_t belongs",
        {"gain": lambda rewards, t, gamma: _ahead(rewards, t + 1, gamma)},
    ),
    (
        "you credit a decision with what came before it, and not with what follows",
        {"gain": lambda rewards, t, gamma: sum(gamma ** (t - k) * rewards[k] for k in range(t + 1))},
    ),
    (
        "you count time from 1: the first decision has the weight γ⁰ = 1",
        {"early": lambda gamma, t: gamma ** (t + 1)},
    ),
    ("you leave out the last decision of each episode", {"decisions": lambda steps: steps - 1}),
]
BASELINES: Mistakes = [
    ("your baseline isn't subtracted", {"weigh": lambda early, gain, b: early * gain}),
    ("you add the baseline: subtract it", {"weigh": lambda early, gain, b: early * (gain + b)}),
    (
        "you subtract the baseline from γᵗ G_t: it is what G_t is compared with, so γᵗ stands before both",
        {"weigh": lambda early, gain, b: early * gain - b},
    ),
    (
        "you subtract the baseline from each reward: it is what the whole of G_t is compared with, once",
        {"weigh": lambda early, gain, b: early * gain, "paid": lambda rewards, b: rewards - b},
    ),
    (
        "you take the baseline of the next state: b(s_t) belongs to the state in which the decision was made",
        {"baseline_at": lambda b, states, t: b[states[min(t + 1, len(states) - 1)]]},
    ),
]
SCORES: Mistakes = [
    (
        "your score lacks −π(·|s): raising one logit lowers the other probabilities of that state",
        {"score": _taken},
    ),
    (
        "you subtract π in all states: a decision in s says something about the logits of s alone",
        {"score": _of_all_states},
    ),
    (
        "you have 1 − π at the action taken and nothing at the others: their logits get −π",
        {"score": lambda pi, s, a: (1 - pi[s, a]) * _taken(pi, s, a)},
    ),
    (
        "you have ∇π(a|s), not ∇log π(a|s): the score is the slope of the logarithm",
        {"score": lambda pi, s, a: pi[s, a] * _score(pi, s, a)},
    ),
    (
        "you divide the score by π(a|s): ∇log π(a|s) has that division in it",
        {"score": lambda pi, s, a: _score(pi, s, a) / pi[s, a]},
    ),
    (
        "you add π(·|s) in place of subtracting it",
        {"score": lambda pi, s, a: 2 * _taken(pi, s, a) - _score(pi, s, a)},
    ),
    (TWICE, {"added": _last_visit}),
]
STEPS: Mistakes = [
    ("you add up the episodes of a batch: average over them", {"count": lambda batch, episode: 1}),
    (
        "you average over the decisions: a mean over episodes is wanted, so divide by their number",
        {"count": lambda batch, episode: sum(len(rewards) for *_, rewards in batch)},
    ),
    (
        "you average over the decisions of each episode: add those up, and average over the episodes",
        {"count": lambda batch, episode: len(batch) * len(episode[-1])},
    ),
    (
        "you divide by the length of the last episode: divide by the number of episodes",
        {"count": lambda batch, episode: len(batch[-1][-1])},
    ),
    (
        "you divide by the number of episodes less one: that is for variances",
        {"count": lambda batch, episode: max(len(batch) - 1, 1)},
    ),
    (
        "you go down: the return is to rise, so add step_size times the estimate",
        {"move": lambda theta, step: theta - step},
    ),
    ("you replace theta by the step: add it to what theta was", {"move": lambda theta, step: step}),
    ("you begin at zeros: begin at the logits that were given", {"begin": np.zeros_like}),
    (
        "you play all batches with the first policy: each update needs the policy as it is by then",
        {"stale": ("play", "baseline", "score")},
    ),
    (
        "your baseline is that of the first policy: ask for it in every update",
        {"stale": ("baseline",)},
    ),
    ("your scores are those of the first policy: they change with the logits", {"stale": ("score",)}),
    (
        "your estimates pile up: begin each update with a gradient of zeros",
        {"emptied": False},
    ),
    (
        "you step after each episode: the whole batch was played by one policy, so average first",
        {"online": "episode"},
    ),
    (
        "you step after each decision: the whole batch was played by one policy, so average first",
        {"online": "decision"},
    ),
    ("you return the policy: the logits are wanted", {"returned": lambda theta, first: _rows(theta)}),
    (
        "you return the change of the logits: return the logits",
        {"returned": lambda theta, first: theta - first},
    ),
    (
        "you cut all episodes to the shortest: each counts to its own end",
        {"used": _shortest},
    ),
    (
        "you string the batch together: time and return begin anew in each episode",
        {"used": _strung_together},
    ),
    (
        "you scale the weights of an episode to mean 0 and standard deviation 1: take them as they are",
        {"adjusted": lambda weights: (np.array(weights) - np.mean(weights)) / (np.std(weights) + 1e-8)},
    ),
]


def _with_plays_counted(answer, play, baseline, theta, gamma, step_size, updates):
    """Call the answer; it must play one batch for each update."""
    policies = []

    def counted(pi):
        policies.append(pi)
        if not is_policy(np.asarray(pi, float)):
            raise Unfit("what your function gives to `play` is no policy: each row must hold probabilities, a softmax")
        return play(pi)

    result = answer(counted, baseline, theta, gamma, step_size, updates)
    if result is not ... and len(policies) != updates:
        batches = "one batch" if len(policies) == 1 else f"{len(policies)} batches"
        raise Unfit(f"your function plays {batches} in {updates} update{'s' * (updates > 1)}: it needs one for each")
    return result


reinforce = Exercise(
    function="reinforce",
    cases=list(_reinforce_cases()),
    expected=_written(),
    apply=_with_plays_counted,
    misconceptions=[
        *mistakes(_written, WEIGHTS, BASELINES, SCORES, STEPS),
        (
            "you give every decision the whole return, less γᵗ times the baseline: leave out what was earned before it",
            _written(gain=_whole, weigh=lambda early, gain, b: gain - early * b),
        ),
        (TWICE, _indexed("last")),
        (TWICE, _indexed("all")),
    ],
)


def _scores(row):
    """∇log π of a softmax, action by action, with respect to all logits."""
    return [np.array([(b == a) - row[b] for b in range(len(row))]) for a in range(len(row))]


def _averaged(weight, below=None, of=lambda row, values: values):
    """Return the function (pi, q) -> (S,): the mean of q with the given weights, functions of (row of pi, action).

    Args:
        weight: the weights above.
        below: those whose sum it is divided by, the same unless given.
        of: (row of pi, row of q) -> the numbers that are averaged.
    """

    def baseline(pi, q):
        rows = []
        for row, values in zip(pi, q, strict=True):
            weights = [weight(row, a) for a in range(len(row))]
            divisor = sum(weights) if below is None else sum(below(row, a) for a in range(len(row)))
            rows.append(sum(w * x for w, x in zip(weights, of(row, values), strict=True)) / divisor)
        return np.array(rows)

    return baseline


def _length(row, a, power=2):
    return np.sum(np.abs(_scores(row)[a]) ** 2) ** (power / 2)


def _right(row, a):
    return row[a] * _length(row, a)


def _weighted_length(squared):
    """Return the weights π(a)·squared(row, a), squared in place of ‖∇log π(a)‖²."""
    return _averaged(lambda row, a: row[a] * squared(row, a))


def _pooled(weight):
    def baseline(pi, q):
        pairs = [(weight(row, a), x[a]) for row, x in zip(pi, q, strict=True) for a in range(len(row))]
        return np.full(len(pi), sum(w * x for w, x in pairs) / sum(w for w, _ in pairs))

    return baseline


def _across_states(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=0, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def _baseline_cases():
    yield np.array([[0.9, 0.1]]), np.array([[1.0, 0.0]])
    rng = np.random.default_rng(7)
    for states, actions in ((1, 3), (2, 3), (4, 5)):
        yield rng.dirichlet(np.ones(actions), states), rng.normal(size=(states, actions))


optimal_baseline = Exercise(
    function="optimal_baseline",
    cases=list(_baseline_cases()),
    expected=_averaged(_right),
    misconceptions=[
        (
            "you have V, the mean of Q under the policy; an action's weight is also the squared length of its score",
            _averaged(lambda row, a: row[a]),
        ),
        ("you have the plain mean of Q over the actions", _averaged(lambda row, a: 1.0)),
        (
            "the score's length isn't squared: variance is quadratic in it",
            _weighted_length(lambda row, a: _length(row, a, power=1)),
        ),
        (
            "π(a|s) is missing from the weights: the mean is over the policy's own actions",
            _averaged(_length),
        ),
        (
            "you took the score's own component alone, (1 − π)²; its other components, −π(b), count too",
            _weighted_length(lambda row, a: (1 - row[a]) ** 2),
        ),
        (
            "you used π(1 − π), the variance of an indicator, or a multiple; the weight is π(a)·‖∇log π(a)‖²",
            _averaged(lambda row, a: row[a] * (1 - row[a])),
        ),
        (
            "the weights aren't divided by their sum: Σ π ‖∇log π‖² isn't 1",
            _averaged(_right, below=lambda row, a: row[a]),
        ),
        ("you took the average over all states together: each state has its own baseline", _pooled(_right)),
        (
            "you weight with 1 − π(a): the weight is π(a) times the squared length of the whole score",
            _averaged(lambda row, a: 1 - row[a]),
        ),
        (
            "you weight with (1 − π(a))² alone: π(a) is missing, and the score's other components, −π(b), count too",
            _averaged(lambda row, a: (1 - row[a]) ** 2),
        ),
        (
            "your squared length has π(a)² as well as (1 − π(a))²: the score's own component is 1 − π(a) alone",
            _weighted_length(lambda row, a: (1 - row[a]) ** 2 + np.sum(row**2)),
        ),
        (
            "the 2 before π(a) is missing in the squared length: it is 1 − 2π(a) + Σ π(b)²",
            _weighted_length(lambda row, a: 1 - row[a] + np.sum(row**2)),
        ),
        (
            "the sign of 2π(a) is wrong in the squared length: it is 1 − 2π(a) + Σ π(b)²",
            _weighted_length(lambda row, a: 1 + 2 * row[a] + np.sum(row**2)),
        ),
        (
            "the sign of Σ π(b)² is wrong in the squared length: it is 1 − 2π(a) + Σ π(b)²",
            _weighted_length(lambda row, a: 1 - 2 * row[a] - np.sum(row**2)),
        ),
        (
            "Σ π(b)² is missing in the squared length: it is 1 − 2π(a) + Σ π(b)²",
            _weighted_length(lambda row, a: 1 - 2 * row[a]),
        ),
        (
            "the 1 is missing in the squared length: it is 1 − 2π(a) + Σ π(b)²",
            _weighted_length(lambda row, a: np.sum(row**2) - 2 * row[a]),
        ),
        (
            "you take the mean over the score's components: its squared length is their sum",
            _weighted_length(lambda row, a: 1 - 2 * row[a] + np.mean(row**2)),
        ),
        (
            "your score has −π(a) in every component: those of the other actions are −π(b)",
            _weighted_length(lambda row, a: (1 - row[a]) ** 2 + (len(row) - 1) * row[a] ** 2),
        ),
        (
            "you add up the squares over the states: a score has one component for each action",
            _across_states,
        ),
        (
            "you have the squared length of π(·|s), not of the score: the score is e_a − π",
            _averaged(lambda row, a: row[a] * row[a]),
        ),
        (
            "the squared length is squared again: the weight is π(a)·‖∇log π(a)‖²",
            _weighted_length(lambda row, a: _length(row, a, power=4)),
        ),
        (
            "you divide by the squared length: a longer score weighs more, not less",
            _weighted_length(lambda row, a: 1 / _length(row, a)),
        ),
        (
            "π is squared in the weights: the weight is π(a)·‖∇log π(a)‖²",
            _averaged(lambda row, a: row[a] ** 2 * _length(row, a)),
        ),
        (
            "π is missing below: divide by the sum of the same weights that stand above, Σ π ‖∇log π‖²",
            _averaged(_right, below=_length),
        ),
        (
            "π is missing above: the weights are the same as those below, π ‖∇log π‖²",
            _averaged(_length, below=_right),
        ),
        (
            "the squared length is missing above: the weights are the same as those below, π ‖∇log π‖²",
            _averaged(lambda row, a: row[a], below=_right),
        ),
        (
            "you divide by the number of actions: divide by the sum of the weights",
            _averaged(_right, below=lambda row, a: 1.0),
        ),
        (
            "you have A = Q − V where Q belongs, so your baseline lacks V",
            _averaged(_right, of=lambda row, values: values - row @ values),
        ),
        (
            "you add V: b* is the weighted mean of Q as it stands",
            _averaged(_right, of=lambda row, values: values + row @ values),
        ),
        (
            "you have the mean of Q² in the place of Q's",
            _averaged(_right, of=lambda row, values: values**2),
        ),
        (
            "you took V over all states together: each state has its own baseline, with the squared lengths as weights",
            _pooled(lambda row, a: row[a]),
        ),
        (
            "you take the best action's Q: b* is a weighted mean of all",
            lambda pi, q: q.max(axis=1),
        ),
        (
            "you take the likeliest action's Q: b* is a weighted mean of all",
            lambda pi, q: q[np.arange(len(q)), pi.argmax(axis=1)],
        ),
        (
            "you add up Q over the actions: b* is a weighted mean",
            lambda pi, q: q.sum(axis=1),
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


def _of_true(true):
    """Return the function with Σ true(t, γ) r_t for dJ/dp, the other number right."""
    return _slopes(true, lambda t, g: 1)


def _of_dropped(dropped):
    """Return the function with Σ dropped(t, γ) r_t for the estimator's mean, the other number right."""
    return _slopes(lambda t, g: g**t, dropped)


def _changed(change):
    """Return the function that makes change(rewards, γ) of the rewards first."""
    return lambda rewards, gamma: _slopes(lambda t, g: g**t, lambda t, g: 1)(change(rewards, gamma), gamma)


def _times(factor):
    """Return the function that multiplies both numbers by factor(rewards, γ)."""
    return lambda rewards, gamma: tuple(factor(rewards, gamma) * x for x in _chain_slopes(rewards, gamma))


def _second(change):
    """Return the function whose second number is change(rewards, γ)."""
    return lambda rewards, gamma: (_chain_slopes(rewards, gamma)[0], change(rewards, gamma))


def _discounted_mean(rewards, gamma):
    return np.sum(rewards) * np.mean(gamma ** np.arange(len(rewards)))


def _ends_only(rewards, gamma):
    return np.where(np.isin(np.arange(len(rewards)), (0, len(rewards) - 1)), rewards, 0.0)


chain_slopes = Exercise(
    function="chain_slopes",
    cases=[
        (np.array([1.0, 0.0, 0.0, 0.0, 0.0, -2.0]), 0.8),
        (np.array([1.0, -2.0]), 0.4),
        (np.array([0.5, 1.0, -3.0, 2.0]), 0.9),
        (np.array([-1.0, 0.0, 4.0]), 0.3),
    ],
    expected=_chain_slopes,
    parts=("dJ/dp", "the estimator's mean"),
    misconceptions=[
        ("you have the two the wrong way round", _slopes(lambda t, g: 1, lambda t, g: g**t)),
        ("your dropped slope still carries γᵗ", _of_dropped(lambda t, g: g**t)),
        ("your true slope lacks γᵗ", _of_true(lambda t, g: 1)),
        (
            "you count time from 1: the first decision has weight γ⁰ = 1",
            _of_true(lambda t, g: g ** (t + 1)),
        ),
        (
            "you credit each decision with all that follows; here the way goes on alike whatever one chooses, so "
            "Q(1) − Q(0) at time t is r_t alone",
            _of_dropped(lambda t, g: sum(g**k for k in range(t + 1))),
        ),
        (
            "you credit each decision with all that follows, undiscounted; here the way goes on alike whatever one "
            "chooses, so Q(1) − Q(0) at time t is r_t alone",
            _of_dropped(lambda t, g: t + 1),
        ),
        (
            "you credit each decision with all that follows, in both numbers; the way goes on alike whatever one "
            "chooses, so what r_t adds to J is p γᵗ r_t, once",
            _slopes(lambda t, g: (t + 1) * g**t, lambda t, g: sum(g**k for k in range(t + 1))),
        ),
        (
            "your slope counts each reward once for every decision before it: r_t depends on the choice at t alone",
            _of_true(lambda t, g: (t + 1) * g**t),
        ),
        (
            "your slope counts each reward once for every decision before it: r_t depends on the choice at t alone",
            _of_true(lambda t, g: sum(g**k for k in range(t + 1))),
        ),
        (
            "you average over the decisions; the estimator adds them up",
            _times(lambda rewards, gamma: 1 / len(rewards)),
        ),
        (
            "your dropped slope is γ times too small for each reward: γ^{k−t} is γ⁰ for the decision's own reward",
            _of_dropped(lambda t, g: g),
        ),
        (
            "your exponents run backwards: the first decision counts fully, the last least",
            lambda rewards, gamma: (np.sum(gamma ** np.arange(len(rewards))[::-1] * rewards), np.sum(rewards)),
        ),
        (
            "you discount all later rewards once, by γ: the one at t counts γᵗ",
            _of_true(lambda t, g: g if t else 1),
        ),
        ("you discount every reward once, by γ: the one at t counts γᵗ", _of_true(lambda t, g: g)),
        ("you discount by γᵗ twice: the reward at t counts γᵗ", _of_true(lambda t, g: g ** (2 * t))),
        ("you use γt, a product, where the power γᵗ belongs", _of_true(lambda t, g: g * t)),
        ("you divide by γᵗ: the reward at t counts γᵗ in J", _of_true(lambda t, g: g**-t)),
        (
            "your slope is multiplied by 1 − γ, which makes an average of the sum: J is a sum",
            _of_true(lambda t, g: (1 - g) * g**t),
        ),
        (
            "you count the first decision and the last alone, as in the example: each of them may pay",
            _changed(_ends_only),
        ),
        (
            "you leave out the last decision: it counts like the others",
            _changed(lambda rewards, gamma: rewards[:-1]),
        ),
        (
            "you leave out the first decision: it counts like the others",
            _changed(lambda rewards, gamma: np.append(0, rewards[1:])),
        ),
        (
            "you leave out the first decision, and count time from the second: the first has weight γ⁰ = 1",
            _changed(lambda rewards, gamma: rewards[1:]),
        ),
        ("you count a loss as a gain: a negative reward lowers both numbers", _changed(lambda r, gamma: np.abs(r))),
        (
            "you leave out the losses: a negative reward lowers both numbers",
            _changed(lambda r, gamma: np.maximum(r, 0)),
        ),
        (
            "you have J at p = ½, not its slope: J is p Σ γᵗ r_t, so the p goes when you differentiate",
            _times(lambda rewards, gamma: 0.5),
        ),
        (
            "you differentiate in the logit, at p = ½, which brings p(1 − p) = ¼: the slope in p is asked for",
            _times(lambda rewards, gamma: 0.25),
        ),
        (
            "you take the slope of both probabilities, p's and (1 − p)'s, so all is doubled: action 0 pays nothing",
            _times(lambda rewards, gamma: 2.0),
        ),
        (
            "you multiply by the number of decisions: each r_t counts once",
            _times(lambda rewards, gamma: len(rewards)),
        ),
        (
            "you multiply the undiscounted sum by the mean of γᵗ: without γᵗ each decision counts fully",
            _second(_discounted_mean),
        ),
        (
            "you divide by the sum of the γᵗ: without γᵗ each decision counts fully, and the sum isn't divided",
            _second(lambda rewards, gamma: np.sum(rewards) / np.sum(gamma ** np.arange(len(rewards)))),
        ),
        (
            "you divide the estimator's mean by 1 − γ: without γᵗ each decision counts fully, once",
            _second(lambda rewards, gamma: 1 / (1 - gamma) * np.sum(rewards)),
        ),
        ("you average the rewards: the estimator adds the decisions up", _second(lambda r, gamma: np.mean(r))),
        ("you have the last reward alone: the estimator adds the decisions up", _second(lambda r, gamma: r[-1])),
        ("you have the first reward alone: the estimator adds the decisions up", _second(lambda r, gamma: r[0])),
        (
            "you subtract the two: the estimator's mean itself is asked for",
            _of_dropped(lambda t, g: 1 - g**t),
        ),
        (
            "you subtract the two: the estimator's mean itself is asked for",
            _of_dropped(lambda t, g: g**t - 1),
        ),
        (
            "your second number has γᵗ⁺¹: without γᵗ each decision counts fully",
            _of_dropped(lambda t, g: g ** (t + 1)),
        ),
        (
            "your estimator's mean has the wrong sign: it is Q of action 1 less Q of action 0",
            _of_dropped(lambda t, g: -1),
        ),
    ],
)

EXERCISES = {
    "2.1": reinforce_weights,
    "2.2": policy_gradient,
    "2.3": reinforce,
    "2.4": optimal_baseline,
    "2.5": chain_slopes,
}
