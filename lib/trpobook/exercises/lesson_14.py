"""Exercises of lesson 14, after PPO. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import math

import numpy as np

from trpobook.exercises.checks import Exercise


def _softmax(z):
    weights = [math.exp(x - max(z)) for x in z]
    return np.array(weights) / sum(weights)


# 14.1


def _tilted(reference, reward, beta):
    exponents = [math.log(p) + r / beta if p > 0 else -math.inf for p, r in zip(reference, reward, strict=True)]
    top = max(exponents)
    log_z = top + math.log(sum(math.exp(x - top) for x in exponents))
    return np.array([math.exp(x - log_z) for x in exponents]), beta * log_z


def _with(law=lambda p, r, b: _tilted(p, r, b)[0], value=lambda p, r, b: _tilted(p, r, b)[1]):
    """Both parts, one of them by another function."""
    return lambda p, r, b: (law(p, r, b), value(p, r, b))


def _uniform(p):
    return np.full(len(p), 1 / len(p))


def _plain_exponential(p, r, b):
    weights = p * np.exp(r / b)
    return weights / weights.sum(), b * np.log(weights.sum())


def _tilt_cases():
    rng = np.random.default_rng(141)
    yield np.array([0.5, 0.5]), np.array([0.0, 1.0]), 0.5
    yield np.array([0.75, 0.25, 0.0]), np.array([0.0, 1.0, 2.0]), 0.5
    for n in (2, 3, 5):
        yield rng.dirichlet(np.ones(n)), rng.normal(size=n), float(rng.uniform(0.2, 3))
    yield np.array([0.9, 0.1]), np.array([1000.0, 1001.0]), 0.5


optimal_policy = Exercise(
    function="optimal_policy",
    cases=list(_tilt_cases()),
    expected=_tilted,
    misconceptions=[
        (
            "your exponential overflows where R/β is large: subtract the largest exponent first, and add it to log Z",
            _plain_exponential,
        ),
        ("you multiply by β where you should divide: the exponent is R/β", lambda p, r, b: _tilted(p, r, 1 / b)),
        (
            "the exponent's sign is wrong: a better answer must become likelier",
            lambda p, r, b: (_tilted(p, -r, b)[0], _tilted(p, -r, b)[1]),
        ),
        (
            "you left out the reference: π* is π_ref·exp(R/β), over its sum",
            lambda p, r, b: _tilted(_uniform(p), r, b),
        ),
        (
            "you left out β in the exponent",
            lambda p, r, b: (_tilted(p, r, 1.0)[0], b * _tilted(p, r, 1.0)[1]),
        ),
        (
            "your value is log Z: the value of the problem is β log Z, in units of reward",
            _with(value=lambda p, r, b: _tilted(p, r, b)[1] / b),
        ),
        (
            "your value is Z: take its logarithm, times β",
            _with(value=lambda p, r, b: math.exp(min(_tilted(p, r, b)[1] / b, 700))),
        ),
        (
            "your value is the expected reward: the price of the KL must come off",
            _with(value=lambda p, r, b: float(_tilted(p, r, b)[0] @ r)),
        ),
        (
            "your policy isn't normalised: divide by Z",
            _with(law=lambda p, r, b: p * np.exp(np.minimum(r / b, 700))),
        ),
        (
            "you return the greedy policy, the limit β → 0",
            _with(law=lambda p, r, b: np.eye(len(p))[int(np.argmax(np.where(p > 0, r, -np.inf)))]),
        ),
    ],
)


# 14.2


def _group_advantages(rewards, divide):
    rows = []
    for group in rewards.tolist():
        mean = sum(group) / len(group)
        spread = math.sqrt(sum((r - mean) ** 2 for r in group) / len(group))
        scale = (1 / spread if spread > 1e-12 else 0.0) if divide else 1.0
        rows.append([(r - mean) * scale for r in group])
    return np.array(rows)


def _scaled_rows(scale):
    """Centred rows over some measure of spread, where it isn't 0."""

    def mistaken(rewards, divide):
        centred = rewards - rewards.mean(axis=1, keepdims=True)
        spread = scale(rewards, centred) if divide else np.ones((len(rewards), 1))
        return np.where(spread > 1e-12, centred / np.where(spread > 1e-12, spread, 1), 0.0)

    return mistaken


def _spread_or_one(rewards):
    spread = rewards.std(axis=1, keepdims=True)
    return np.where(spread > 1e-12, spread, 1.0)


def _nan_where_equal(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    return centred / rewards.std(axis=1, keepdims=True) if divide else centred


group_advantages = Exercise(
    function="group_advantages",
    cases=[
        (np.array([[1.0, 0.0]]), True),
        (np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]]), True),
        (np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), True),
        (np.array([[3.0, 1.0, 2.0, 5.0], [0.5, 0.25, 0.25, 2.0]]), True),
        (np.array([[3.0, 1.0, 2.0, 5.0], [0.5, 0.25, 0.25, 2.0]]), False),
        (np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]), False),
    ],
    expected=_group_advantages,
    misconceptions=[
        (
            "NaN in a group whose answers all earn the same: there is nothing to learn from it, its advantages are 0",
            _nan_where_equal,
        ),
        (
            "you divide by the standard deviation with n − 1; GRPO's has n",
            _scaled_rows(lambda r, c: r.std(axis=1, keepdims=True, ddof=1)),
        ),
        (
            "you divide by the variance; the standard deviation is its root",
            _scaled_rows(lambda r, c: r.var(axis=1, keepdims=True)),
        ),
        (
            "you divide by the whole batch's standard deviation: each group has its own",
            _scaled_rows(lambda r, c: np.full((len(r), 1), r.std())),
        ),
        (
            "you divide by the mean absolute deviation",
            _scaled_rows(lambda r, c: np.abs(c).mean(axis=1, keepdims=True)),
        ),
        (
            "you subtract the whole batch's mean: each group has its own",
            lambda r, d: (r - r.mean()) / (_spread_or_one(r) if d else 1),
        ),
        (
            "you average over the groups: a group is a row, take its mean along axis 1",
            lambda r, d: (r - r.mean(axis=0)) / (np.where(r.std(axis=0) > 1e-12, r.std(axis=0), 1) if d else 1),
        ),
        (
            "you don't subtract the group's mean",
            lambda r, d: (
                r / np.where(r.std(axis=1, keepdims=True) > 1e-12, r.std(axis=1, keepdims=True), 1) if d else r
            ),
        ),
        (
            "you divide although divide is False",
            lambda r, d: _group_advantages(r, True),
        ),
        (
            "you don't divide although divide is True",
            lambda r, d: _group_advantages(r, False),
        ),
        (
            "you have the mean less the reward: the better answers must get the positive advantages",
            lambda r, d: -_group_advantages(r, d),
        ),
    ],
)


# 14.3


def _kl_rows(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def _slope(function, z, h=1e-5):
    """Gradient by central differences of fourth order."""
    gradient = []
    for unit in np.eye(len(z)):
        f = [function(_softmax(z + k * h * unit)) for k in (-2, -1, 1, 2)]
        gradient.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h))
    return np.array(gradient)


def _towards(z, reference):
    return _slope(lambda p: _kl_rows(p, reference), z)  # ∇KL(π‖π_ref)


def _away(z, reference):
    return _slope(lambda p: _kl_rows(reference, p), z)  # ∇KL(π_ref‖π)


def _by_kind(k1, k2, k3):
    parts = {"k1": k1, "k2": k2, "k3": k3}
    return lambda kind, z, reference: parts[kind](z, reference)


def _nothing(z, reference):
    return np.zeros(len(z))


def _doubled(z, reference):
    return 2 * _towards(z, reference)


def _unweighted(z, reference):
    pi = _softmax(z)
    return np.log(pi / reference) @ (np.eye(len(z)) - pi)


def _kl_cases():
    rng = np.random.default_rng(143)
    for n in (2, 3, 5):
        z, reference = rng.normal(size=n), rng.dirichlet(2 * np.ones(n))
        for kind in ("k1", "k2", "k3"):
            yield kind, z, reference


kl_loss_gradient = Exercise(
    function="kl_loss_gradient",
    cases=list(_kl_cases()),
    expected=_by_kind(_nothing, _towards, _away),
    misconceptions=[
        (
            "your k1 has the gradient of the KL: at fixed samples its mean gradient is Σπ∇log π, and that is 0",
            _by_kind(_towards, _towards, _away),
        ),
        (
            "your k3 has the gradient of KL(π‖π_ref): at fixed samples it is that of the other direction",
            _by_kind(_nothing, _towards, _towards),
        ),
        (
            "all three have the gradient of KL(π‖π_ref): differentiate at fixed samples, then average",
            _by_kind(_towards, _towards, _towards),
        ),
        ("k2 and k3 are exchanged", _by_kind(_nothing, _away, _towards)),
        ("your k2 lacks its ½", _by_kind(_nothing, _doubled, _away)),
        (
            "the sign of k2 and k3 is wrong: the gradient of a loss points away from the reference",
            _by_kind(_nothing, lambda *a: -_towards(*a), lambda *a: -_away(*a)),
        ),
        (
            "the sign of k3 is wrong: its ratio is π_ref/π",
            _by_kind(_nothing, _towards, lambda *a: -_away(*a)),
        ),
        (
            "your k2 isn't weighted by π: the samples come from π",
            _by_kind(_nothing, _unweighted, _away),
        ),
        (
            "you have log π in place of its gradient for k1",
            _by_kind(lambda z, reference: np.log(_softmax(z)), _towards, _away),
        ),
    ],
    tolerance=1e-7,
)


# 14.4


def _inverse_step(pi, A, alpha):
    """π/(α(ν − A)) by bisection of ν between its two bounds, by a plain loop."""
    low, high = max(a + p / alpha for p, a in zip(pi, A, strict=True)), max(A) + 1 / alpha
    for _ in range(200):
        nu = (low + high) / 2
        total = sum(p / (alpha * (nu - a)) for p, a in zip(pi, A, strict=True))
        low, high = (nu, high) if total > 1 else (low, nu)
    new = np.array([p / (alpha * (nu - a)) for p, a in zip(pi, A, strict=True)])
    return new / new.sum()


def _normalised(weights):
    return weights / weights.sum()


def _mirror_cases():
    rng = np.random.default_rng(144)
    yield np.array([0.5, 0.5]), np.array([1.0, -1.0]), 0.5
    for n, alpha in ((2, 2.0), (3, 0.3), (4, 1.0), (5, 10.0)):
        pi = rng.dirichlet(2 * np.ones(n))
        A = rng.normal(size=n)
        yield pi, A - pi @ A, alpha


mirror_step = Exercise(
    function="mirror_step",
    cases=list(_mirror_cases()),
    expected=_inverse_step,
    misconceptions=[
        (
            "you have the step with KL(new‖old), π·exp(αA): here the KL is KL(old‖new)",
            lambda pi, A, alpha: _normalised(pi * np.exp(alpha * A)),
        ),
        (
            "you have the first order only, π(1 + αA)",
            lambda pi, A, alpha: pi * (1 + alpha * A),
        ),
        (
            "α stands on the wrong side: the price of a nat is 1/α",
            lambda pi, A, alpha: _inverse_step(pi, A, 1 / alpha),
        ),
        (
            "the sign of A is wrong: a better action must get a smaller ν − A",
            lambda pi, A, alpha: _inverse_step(pi, -A, alpha),
        ),
        (
            "you left out the old policy: the numerator is π/α",
            lambda pi, A, alpha: _inverse_step(_uniform(pi), A, alpha),
        ),
        (
            "you took ν at its upper bound and normalised: ν must be found",
            lambda pi, A, alpha: _normalised(pi / (max(A) + 1 / alpha - A)),
        ),
        (
            "your new policy doesn't add up to 1: ν must be found, it isn't 1/α",
            lambda pi, A, alpha: pi / (alpha * (max(A) + 1 / alpha - A)),
        ),
        (
            "you divided by (ν − A)²",
            lambda pi, A, alpha: _normalised(pi / (max(A) + 1 / alpha - A) ** 2),
        ),
        (
            "you return the greedy policy",
            lambda pi, A, alpha: np.eye(len(pi))[int(np.argmax(A))],
        ),
    ],
)

EXERCISES = {
    "14.1": optimal_policy,
    "14.2": group_advantages,
    "14.3": kl_loss_gradient,
    "14.4": mirror_step,
}
