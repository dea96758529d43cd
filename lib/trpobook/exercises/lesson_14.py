"""Exercises of lesson 14, after PPO. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import math

import numpy as np

from trpobook.exercises.checks import Exercise, Unfit
from trpobook.exercises.compare import parts_of
from trpobook.exercises.mistakes import Mistakes, mistakes


def _softmax(z):
    weights = [math.exp(x - max(z)) for x in z]
    return np.array(weights) / sum(weights)


def _normalised(weights):
    return weights / weights.sum()


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


def _exponential(x):
    return np.exp(np.minimum(x, 700))


def _log_z(p, r, b):
    return _tilted(p, r, b)[1] / b


def _kl_to_reference(p, r, b):
    pi = _tilted(p, r, b)[0]
    return sum(a * math.log(a / c) for a, c in zip(pi, p, strict=True) if a > 0)


def _plain_kl(pi, p):
    return float(np.sum(pi * np.log(pi / p)))


def _expected_reward(p, r, b):
    return float(_tilted(p, r, b)[0] @ r)


def _softmax_of(exponent):
    """Return the policy with these exponents, and β log Z as of these: the mistake is in the exponents."""

    def both(p, r, b):
        x = exponent(p, r, b)
        log_z = x.max() + np.log(np.exp(x - x.max()).sum())
        return np.exp(x - log_z), b * log_z

    return both


def _padded(eps):
    """The reference with a small number added, so that its logarithm is finite."""
    return _softmax_of(lambda p, r, b: np.log(p + eps) + r / b)


def _largest_of_all(p, r, b):
    weights = p * np.exp((r - r.max()) / b)
    return weights / weights.sum(), r.max() + b * np.log(weights.sum())


def _greedy(p, r):
    return np.eye(len(p))[int(np.argmax(np.where(p > 0, r, -np.inf)))]


def _of_the_other_direction(p, r, b):
    low, high = r[p > 0].max(), r.max() + b
    for _ in range(200):
        nu = (low + high) / 2
        pi = b * p / np.maximum(nu - r, 1e-300)
        low, high = (nu, high) if pi.sum() > 1 else (low, nu)
    return pi, nu


def _tilt_cases():
    rng = np.random.default_rng(141)
    yield np.array([0.5, 0.5]), np.array([0.0, 1.0]), 0.5
    yield np.array([0.75, 0.25, 0.0]), np.array([0.0, 1.0, 2.0]), 0.5
    for n in (2, 3, 5):
        yield rng.dirichlet(np.ones(n)), rng.normal(size=n), float(rng.uniform(0.2, 3))
    yield np.array([0.3, 0.7]), np.array([-1000.0, -1000.5]), 0.5
    yield np.array([0.75, 0.25, 0.0]), np.array([0.0, 1.0, 2000.0]), 0.5
    yield np.array([0.9, 0.1]), np.array([1000.0, 1001.0]), 0.5


optimal_policy = Exercise(
    function="optimal_policy",
    cases=list(_tilt_cases()),
    expected=_tilted,
    parts=("pi", "the value"),
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
            _with(law=lambda p, r, b: _greedy(p, r)),
        ),
        (
            "two things at once: your policy is the greedy one, the limit β → 0, and your value is what it earns less "
            "what it pays",
            _with(
                law=lambda p, r, b: _greedy(p, r),
                value=lambda p, r, b: float(_greedy(p, r) @ r + b * math.log(_greedy(p, r) @ p)),
            ),
        ),
        (
            "you multiply by β where you should divide: the exponent is R/β",
            _softmax_of(lambda p, r, b: np.log(p) + r * b),
        ),
        (
            "you left out the reference: π* is π_ref·exp(R/β), over its sum",
            _softmax_of(lambda p, r, b: r / b),
        ),
        (
            "you left out the exponential: π* is π_ref·exp(R/β), over its sum",
            lambda p, r, b: (p * r / b / (p * r / b).sum(), b * np.log((p * r / b).sum())),
        ),
        (
            "you left out the reward: this is the reference itself",
            _with(law=lambda p, r, b: p),
        ),
        (
            "you have the first order only, π_ref(1 + R/β), over its sum",
            _with(law=lambda p, r, b: p * (1 + r / b) / (p * (1 + r / b)).sum()),
        ),
        (
            "you divide the reference's logarithm by β too: only R is divided",
            _softmax_of(lambda p, r, b: (np.log(p) + r) / b),
        ),
        (
            "you multiply the reference's logarithm by R/β: the exponents add up",
            _softmax_of(lambda p, r, b: np.where(p > 0, np.log(np.where(p > 0, p, 1)) * r / b, -np.inf)),
        ),
        (
            "you subtract the reference's logarithm: π* is π_ref·exp(R/β), over its sum",
            _softmax_of(lambda p, r, b: r / b - np.log(np.where(p > 0, p, 1))),
        ),
        (
            "you add the reference, where its logarithm belongs: the exponent is log π_ref + R/β",
            _softmax_of(lambda p, r, b: p + r / b),
        ),
        (
            "the logarithm of your reference has base 2; exp undoes the natural one",
            _softmax_of(lambda p, r, b: np.log2(p) + r / b),
        ),
        *(
            (
                "you put a small number where the reference is 0: an answer that it never gives must stay impossible, "
                "however large its reward; log 0 = −∞ does that",
                _padded(eps),
            )
            for eps in (1e-300, 1e-20, 1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-6, float(np.finfo(float).eps))
        ),
        (
            "you subtract the largest reward of all, which the reference may never give; subtract the largest "
            "exponent, log π_ref + R/β",
            _largest_of_all,
        ),
        (
            "you have the best policy for the other KL, KL(π_ref‖π), and ν; (14.3) tilts by exp(R/β)",
            _of_the_other_direction,
        ),
        (
            "you subtract the largest exponent and don't add it back: log Z lacks it",
            _with(value=lambda p, r, b: _tilted(p, r, b)[1] - b * np.max(np.log(p) + r / b)),
        ),
        (
            "two things at once: you don't add the largest exponent back, and your value is log Z, without β",
            _with(value=lambda p, r, b: _log_z(p, r, b) - np.max(np.log(p) + r / b)),
        ),
        (
            "you cut the exponents off at 700; subtract the largest of them from all, and add it to log Z",
            lambda p, r, b: (_normalised(p * _exponential(r / b)), b * np.log((p * _exponential(r / b)).sum())),
        ),
        (
            "you add the largest exponent back without β: the value is β(largest + log of the sum)",
            _with(value=lambda p, r, b: _tilted(p, r, b)[1] + (1 - b) * np.max(np.log(p) + r / b)),
        ),
        (
            "you subtract the largest reward and don't add it back: log Z lacks it",
            _with(value=lambda p, r, b: _tilted(p, r, b)[1] - r[p > 0].max()),
        ),
        (
            "your policy isn't normalised: divide by Z",
            _with(law=lambda p, r, b: _tilted(p, r, b)[0] / _tilted(p, r, b)[0].max()),
        ),
        (
            "your policy is divided by the number of answers, and not by Z",
            _with(law=lambda p, r, b: p * _exponential(r / b) / len(p)),
        ),
        (
            "your value is divided by β; it is multiplied, β log Z",
            _with(value=lambda p, r, b: _tilted(p, r, b)[1] / b**2),
        ),
        ("your value has its sign turned round: it is β log Z", _with(value=lambda p, r, b: -_tilted(p, r, b)[1])),
        ("your value is βZ: take Z's logarithm", _with(value=lambda p, r, b: b * float(_exponential(_log_z(p, r, b))))),
        (
            "your Z is a mean over the answers; it is their sum",
            _with(value=lambda p, r, b: _tilted(p, r, b)[1] - b * math.log(len(p))),
        ),
        (
            "your value is the reference's expected reward; it is β log Z",
            _with(value=lambda p, r, b: float(p @ r)),
        ),
        (
            "your value is the largest reward, the limit β → 0; it is β log Z",
            _with(value=lambda p, r, b: r[p > 0].max()),
        ),
        (
            "your value is the largest reward of all; it is β log Z",
            _with(value=lambda p, r, b: r.max()),
        ),
        (
            "the price of your KL lacks its β",
            _with(value=lambda p, r, b: _expected_reward(p, r, b) - _kl_to_reference(p, r, b)),
        ),
        (
            "your value is NaN where the reference is 0: 0·log 0 counts as 0 in the price of the KL, or take β log Z",
            _with(value=lambda p, r, b: _expected_reward(p, r, b) - b * _plain_kl(_tilted(p, r, b)[0], p)),
        ),
        (
            "you add the price of the KL; it comes off",
            _with(value=lambda p, r, b: _expected_reward(p, r, b) + b * _kl_to_reference(p, r, b)),
        ),
        ("your value is the price alone, β·KL(π*‖π_ref)", _with(value=lambda p, r, b: b * _kl_to_reference(p, r, b))),
        ("your value is KL(π*‖π_ref); it is β log Z", _with(value=_kl_to_reference)),
        (
            "your value adds β times the entropy; it is the reward less β times the KL to the reference",
            _with(
                value=lambda p, r, b: (
                    _expected_reward(p, r, b) - b * sum(a * math.log(a) for a in _tilted(p, r, b)[0] if a > 0)
                )
            ),
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


def _row_mean(r):
    return r.mean(axis=1, keepdims=True)


def _deviation(r):
    return r.std(axis=1, keepdims=True)


def _grouped(centre=_row_mean, spread=_deviation, divides=lambda divide: divide):
    """The rewards less some centre, over some measure of spread, where it isn't 0."""

    def advantages(rewards, divide):
        centred = rewards - centre(rewards)
        if not divides(divide):
            return centred
        scale = spread(rewards) * np.ones_like(rewards)
        return np.where(scale > 1e-12, centred / np.where(scale > 1e-12, scale, 1), 0.0)

    return advantages


def _undivided_where_equal(centre, spread=_deviation):
    """The rewards less some centre, divided by 1 where the spread is 0."""

    def advantages(rewards, divide):
        scale = np.where(spread(rewards) > 1e-12, spread(rewards), 1)
        return (rewards - centre(rewards)) / (scale if divide else 1.0)

    return advantages


def _one_added(eps):
    """Divide by the deviation and a small number."""
    return lambda rewards, divide: (rewards - _row_mean(rewards)) / ((_deviation(rewards) + eps) if divide else 1.0)


def _others_mean(r):
    return (r.sum(axis=1, keepdims=True) - r) / (r.shape[1] - 1)


def _batch_mean(r):
    return r.mean()


def _nothing_off(r):
    return 0.0 * r


def _after(change):
    return lambda rewards, divide: change(_group_advantages(rewards, divide))


def _nan_where_equal(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    return centred / rewards.std(axis=1, keepdims=True) if divide else centred


def _only_exact_zeros(rewards, divide):
    centred, spread = rewards - _row_mean(rewards), _deviation(rewards)
    return centred / np.where(spread > 0, spread, 1) if divide else centred


def _reward_divided_alone(rewards, divide):
    spread = np.where(_deviation(rewards) > 1e-12, _deviation(rewards), 1)
    return (rewards / spread if divide else rewards) - _row_mean(rewards)


def _ranks(rewards, divide):
    return _group_advantages(np.argsort(np.argsort(rewards, axis=1), axis=1).astype(float), divide)


group_advantages = Exercise(
    function="group_advantages",
    cases=[
        (np.array([[1.0, 0.0]]), True),
        (np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]]), True),
        (np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), True),
        (np.array([[3.0, 1.0, 2.0, 5.0], [0.5, 0.25, 0.25, 2.0]]), True),
        (np.array([[3.0, 1.0, 2.0, 5.0], [0.5, 0.25, 0.25, 2.0]]), False),
        (np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]), False),
        (np.array([[0.1, 0.1, 0.1], [0.3, 0.1, 0.2]]), True),  # the equal ones leave a rounding error
        (np.array([[-1.0, 0.5, -2.0], [-3.0, -3.0, 1.0], [0.0, 0.0, 0.25]]), True),
        (np.array([[-1.0, 0.5, -2.0], [-3.0, -3.0, 1.0], [0.0, 0.0, 0.25]]), False),
    ],
    expected=_group_advantages,
    misconceptions=[
        (
            "NaN in a group whose answers all earn the same: there is nothing to learn from it, its advantages are 0",
            _nan_where_equal,
        ),
        (
            "you catch a spread of exactly 0 only: equal rewards can leave a rounding error as their spread, which is "
            "then divided by itself",
            _only_exact_zeros,
        ),
        (
            "you divide by the standard deviation with n − 1; GRPO's has n",
            _grouped(spread=lambda r: r.std(axis=1, keepdims=True, ddof=1)),
        ),
        (
            "you divide by the variance; the standard deviation is its root",
            _grouped(spread=lambda r: r.var(axis=1, keepdims=True)),
        ),
        (
            "you divide by the root of the standard deviation; you have taken one root too many",
            _grouped(spread=lambda r: np.sqrt(_deviation(r))),
        ),
        (
            "you divide by the whole batch's standard deviation: each group has its own",
            _grouped(spread=lambda r: r.std()),
        ),
        (
            "you divide by the standard deviation of all centred rewards together: each group has its own",
            _grouped(spread=lambda r: (r - _row_mean(r)).std()),
        ),
        (
            "you divide by the standard deviation along the columns: a group is a row, axis 1",
            _grouped(spread=lambda r: r.std(axis=0, keepdims=True)),
        ),
        (
            "you divide by the mean absolute deviation",
            _grouped(spread=lambda r: np.abs(r - _row_mean(r)).mean(axis=1, keepdims=True)),
        ),
        (
            "you divide by the length of the centred row; its standard deviation is that over √n",
            _grouped(spread=lambda r: np.linalg.norm(r - _row_mean(r), axis=1, keepdims=True)),
        ),
        (
            "you divide by the root of the mean square: for the standard deviation the mean comes off first",
            _grouped(spread=lambda r: np.sqrt((r**2).mean(axis=1, keepdims=True))),
        ),
        (
            "you divide by the range, largest less smallest; divide by the standard deviation",
            _grouped(spread=lambda r: np.ptp(r, axis=1, keepdims=True)),
        ),
        (
            "you divide by the largest size in a row; divide by the standard deviation",
            _grouped(spread=lambda r: np.abs(r - _row_mean(r)).max(axis=1, keepdims=True)),
        ),
        (
            "you divide by the mean; divide by the standard deviation",
            _grouped(spread=_row_mean),
        ),
        (
            "you divide by the number of answers; divide by the standard deviation",
            _grouped(spread=lambda r: np.full((len(r), 1), float(r.shape[1]))),
        ),
        *(
            (
                "you add a small number to the standard deviation, which changes every group; set a group of equal "
                "rewards to 0 by itself",
                _one_added(eps),
            )
            for eps in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
        ),
        (
            "you subtract the whole batch's mean: each group has its own",
            lambda r, d: (r - r.mean()) / (np.where(_deviation(r) > 1e-12, _deviation(r), 1) if d else 1),
        ),
        (
            "two things at once: you subtract the whole batch's mean, and divide by its standard deviation; each group "
            "has its own",
            _grouped(centre=_batch_mean, spread=lambda r: r.std()),
        ),
        (
            "you average over the groups: a group is a row, take its mean along axis 1",
            lambda r, d: (r - r.mean(axis=0)) / (np.where(r.std(axis=0) > 1e-12, r.std(axis=0), 1) if d else 1),
        ),
        (
            "two things at once: you subtract the mean along the columns, and divide by the rows' standard deviation; "
            "a group is a row",
            lambda r, d: (r - r.mean(axis=0)) / (np.where(_deviation(r) > 1e-12, _deviation(r), 1) if d else 1),
        ),
        (
            "you subtract the mean of the other answers, as RLOO does; here a group's mean is that of all its answers",
            _grouped(centre=_others_mean),
        ),
        (
            "two things at once: you subtract the mean of the other answers, and your deviation has n − 1",
            _grouped(centre=_others_mean, spread=lambda r: r.std(axis=1, keepdims=True, ddof=1)),
        ),
        ("you subtract the median; subtract the mean", _grouped(centre=lambda r: np.median(r, axis=1, keepdims=True))),
        (
            "you subtract the group's largest reward; subtract its mean",
            _grouped(centre=lambda r: r.max(axis=1, keepdims=True)),
        ),
        (
            "you subtract the group's smallest reward; subtract its mean",
            _grouped(centre=lambda r: r.min(axis=1, keepdims=True)),
        ),
        (
            "you put the rewards between 0 and 1, less the smallest and over the range; subtract the mean and divide "
            "by the standard deviation",
            _grouped(centre=lambda r: r.min(axis=1, keepdims=True), spread=lambda r: np.ptp(r, axis=1, keepdims=True)),
        ),
        (
            "you subtract the group's sum; subtract its mean",
            _grouped(centre=lambda r: r.sum(axis=1, keepdims=True)),
        ),
        (
            "you don't subtract the group's mean",
            lambda r, d: r / np.where(_deviation(r) > 1e-12, _deviation(r), 1) if d else r,
        ),
        (
            "you divide the reward alone; it is the reward less the mean that is divided",
            _reward_divided_alone,
        ),
        ("you put ranks in the place of the rewards", _ranks),
        (
            "you divide although divide is False",
            lambda r, d: _group_advantages(r, True),
        ),
        (
            "you don't divide although divide is True",
            lambda r, d: _group_advantages(r, False),
        ),
        (
            "you divide where divide is False, and don't where it is True",
            lambda r, d: _group_advantages(r, not d),
        ),
        (
            "two things at once: your deviation has n − 1, and you divide where divide is False too; GRPO's has n",
            _grouped(spread=lambda r: r.std(axis=1, keepdims=True, ddof=1), divides=lambda divide: True),
        ),
        (
            "two things at once: your deviation has n − 1, and a group of equal rewards becomes NaN",
            lambda r, d: (r - _row_mean(r)) / (r.std(axis=1, keepdims=True, ddof=1) if d else 1.0),
        ),
        (
            "two things at once: you don't subtract the mean, and you divide by the whole batch's standard deviation",
            _grouped(centre=_nothing_off, spread=lambda r: r.std()),
        ),
        (
            "you have the mean less the reward: the better answers must get the positive advantages",
            _after(lambda a: -a),
        ),
        (
            "your advantages are never negative; answers below the mean must become rarer",
            _after(lambda a: np.maximum(a, 0)),
        ),
        ("you have lost the signs: answers below the mean have negative advantages", _after(np.abs)),
        (
            "you clip the advantages to the band from −1 to 1; they are asked for as they are",
            _after(lambda a: np.clip(a, -1, 1)),
        ),
        ("you divide the advantages by the number of answers too", _after(lambda a: a / a.shape[1])),
        ("your array is flat: a row for each group is asked for", _after(np.ravel)),
        ("you return the groups' means; an advantage for each answer is asked for", lambda r, d: _row_mean(r)[:, 0]),
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


FACTORS = {"k1": lambda w: w**0, "k2": lambda w: -np.log(w), "k3": lambda w: 1 - w}  # in front of ∇log π
VALUES = {"k1": lambda w: -np.log(w), "k2": lambda w: np.log(w) ** 2 / 2, "k3": lambda w: w - 1 - np.log(w)}


def _weighted(pi, reference, factor, score):
    return (pi * factor) @ score


def _averaged(
    factors=FACTORS,
    law=_softmax,
    ratio=lambda pi, reference: reference / pi,
    score=lambda pi: np.eye(len(pi)) - pi,
    mean=_weighted,
):
    """Return Σ π · factor · ∇log π by its parts; the arguments are the ways to get it wrong."""

    def gradient(kind, z, reference):
        pi = law(z)
        return mean(pi, reference, factors[kind](ratio(pi, reference)), score(pi))

    return gradient


def _with_factors(**factors):
    return _averaged(FACTORS | factors)


def _sizes(z):
    return np.abs(z) / np.abs(z).sum()


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
        ("the sign of k2 is wrong: its gradient is that of KL(π‖π_ref)", _with_factors(k2=np.log)),
        (
            "your k2 has a ½ too many: the derivative of ½(log w)² is log w",
            _with_factors(k2=lambda w: -np.log(w) / 2),
        ),
        (
            "your k2 isn't differentiated: you weigh the scores by ½(log w)² itself",
            _with_factors(k2=VALUES["k2"]),
        ),
        (
            "your k2 isn't centred: to π log(π/π_ref) belongs − π·KL(π‖π_ref), which comes of the − π in the score",
            _by_kind(_nothing, lambda z, reference: _softmax(z) * np.log(_softmax(z) / reference), _away),
        ),
        (
            "your k2 lacks the π in front of log(π/π_ref) − KL(π‖π_ref)",
            _by_kind(_nothing, lambda z, reference: _towards(z, reference) / _softmax(z), _away),
        ),
        (
            "your k3 isn't differentiated: you weigh the scores by w − 1 − log w itself",
            _with_factors(k3=VALUES["k3"]),
        ),
        (
            "you use k as a reward, a number in front of the score; in the loss it is k that is differentiated",
            _averaged(VALUES),
        ),
        (
            "you differentiate the law of the samples too; in the loss they are fixed",
            _averaged({kind: lambda w, k=kind: FACTORS[k](w) + VALUES[k](w) for kind in FACTORS}),
        ),
        ("k1 and k2 are exchanged", _by_kind(_towards, _nothing, _away)),
        ("k1 and k3 are exchanged", _by_kind(_away, _towards, _nothing)),
        (
            "your k2 has the gradient of KL(π_ref‖π): at fixed samples that is k3's",
            _by_kind(_nothing, _away, _away),
        ),
        (
            "your k2 and k3 add both directions up; each has one of them",
            _by_kind(_nothing, lambda *a: _towards(*a) + _away(*a), lambda *a: _towards(*a) + _away(*a)),
        ),
        (
            "your k3 has the gradients of both directions: its factor is 1 − w, without the logarithm",
            _with_factors(k3=lambda w: 1 - w - np.log(w)),
        ),
        (
            "your ratio is upside down: w = π_ref/π",
            _averaged(ratio=lambda pi, reference: pi / reference),
        ),
        (
            "you differentiate by w, not by log w: with ∇log w = −∇log π the factors are 1, −log w and 1 − w",
            _averaged({kind: lambda w, k=kind: FACTORS[k](w) / w for kind in FACTORS}),
        ),
        (
            "you average over the reference; the samples come from π",
            _averaged(mean=lambda pi, reference, factor, score: (reference * factor) @ score),
        ),
        (
            "all outcomes count alike with you; the samples come from π",
            _averaged(mean=lambda pi, reference, factor, score: factor @ score / len(pi)),
        ),
        (
            "you add up all outcomes without their probabilities; the samples come from π",
            _averaged(mean=lambda pi, reference, factor, score: factor @ score),
        ),
        (
            "you weigh each outcome by π twice; the samples come from π, once",
            _averaged(mean=lambda pi, reference, factor, score: (pi * pi * factor) @ score),
        ),
        (
            "you divide the mean by the number of outcomes: weighing by π is the mean already",
            _averaged(mean=lambda pi, reference, factor, score: (pi * factor) @ score / len(pi)),
        ),
        (
            "you return the factors themselves; each is to be weighed by π and to multiply its score, a row of "
            "np.eye(n) − π",
            _averaged(mean=lambda pi, reference, factor, score: factor),
        ),
        (
            "− π is missing in the score: its row x is the unit vector less π",
            _averaged(mean=lambda pi, reference, factor, score: pi * factor),
        ),
        ("your score has + π: its row x is the unit vector less π", _averaged(score=lambda pi: np.eye(len(pi)) + pi)),
        (
            "π stands in the columns of your score: row x is the unit vector less the whole π",
            _averaged(score=lambda pi: np.eye(len(pi)) - pi[:, None]),
        ),
        (
            "you divide the score by π: that is the gradient by the probabilities, and the logits' is asked for",
            _averaged(mean=lambda pi, reference, factor, score: (pi * factor) @ (score / pi)),
        ),
        (
            "you have one gradient for each outcome; take their mean under π",
            _averaged(mean=lambda pi, reference, factor, score: factor[:, None] * score),
        ),
        (
            "you have one gradient for each outcome, weighed by π; add them up",
            _averaged(mean=lambda pi, reference, factor, score: (pi * factor)[:, None] * score),
        ),
        (
            "you have the mean of k, a number; its gradient is asked for",
            _averaged(VALUES, mean=lambda pi, reference, value, score: pi @ value),
        ),
        ("you make probabilities of the logits without the exponential: π is their softmax", _averaged(law=_sizes)),
        (
            "you make probabilities of the logits without the exponential: π is their softmax",
            _averaged(law=lambda z: z / z.sum()),
        ),
        ("you use the logits as probabilities: π is their softmax", _averaged(law=lambda z: z)),
        ("your π isn't divided by its sum: it is a softmax", _averaged(law=np.exp)),
        ("the logarithm of your k2 has base 2", _with_factors(k2=lambda w: -np.log2(w))),
        (
            "two things at once: your k1 has the gradient of the KL, and your k2 has twice that",
            _by_kind(_towards, _doubled, _away),
        ),
        (
            "two things at once: your k1 has the gradient of the KL, and the sign of your k3 is wrong",
            _by_kind(_towards, _towards, lambda *a: -_away(*a)),
        ),
        (
            "all three are 0: with fixed samples only k1's mean gradient is",
            _by_kind(_nothing, _nothing, _nothing),
        ),
    ],
    tolerance=1e-7,
)


# 14.4, one update of GRPO, whole


class Script:
    """Climbs as it was written beforehand, whatever the slope: a mistake in one epoch leaves the next alone."""

    __name__ = "ascend"

    def __init__(self, *after):
        self.after, self.calls = after, 0

    def __call__(self, slope):
        self.calls += 1
        return self.after[min(self.calls, len(self.after)) - 1].copy()

    def __repr__(self):
        return f"ascend: {len(self.after)} steps, after each the log-probabilities that were written beforehand"


def _batch(seed, lengths, rewards, beta, clip, epochs, divide, average):
    rng = np.random.default_rng(seed)
    places = max(max(row) for row in lengths)
    written = np.arange(places) < np.array(lengths)[:, :, None]
    old = np.log(rng.uniform(0.15, 0.8, written.shape))
    reference = old + rng.normal(0, 0.5, written.shape)
    after = [np.minimum(old + rng.normal(0, 0.4, written.shape), -0.01) for _ in range(epochs)]
    return old, reference, written, np.array(rewards, float), Script(*after), beta, clip, epochs, divide, average


def _grpo_cases():
    rng = np.random.default_rng(144)
    two, one = [[2, 1]], [[1.0, 0.0]]
    yield _batch(1, [[1, 1]], one, 0.0, 0.2, 1, False, False)
    yield _batch(2, two, one, 0.0, 0.2, 1, False, False)
    yield _batch(3, two, one, 0.0, 0.2, 1, False, True)
    yield _batch(4, [[3, 2, 3, 1]], [[2.0, 0.0, 0.0, 1.0]], 0.0, 0.2, 3, False, False)
    yield _batch(5, [[2, 4, 3]], [[1.0, 3.0, 0.5]], 0.5, 0.3, 2, False, False)
    yield _batch(6, [[2, 1, 2], [1, 2, 2]], [[0.1, 0.1, 0.1], [0.0, 1e-4, 2e-4]], 0.0, 0.2, 1, True, False)
    yield _batch(7, [[2, 3, 1, 3], [3, 3, 2, 1]], [[1, 1, 1, 1], [0, 0, 1, 0]], 0.4, 0.2, 2, True, True)
    lengths, rewards = rng.integers(1, 6, (3, 4)), rng.normal(0, [[1], [3], [0.2]], (3, 4))
    lengths[0, 0] = 5
    yield _batch(8, lengths, rewards, 0.3, 0.1, 3, True, True)
    yield _batch(9, lengths, rewards, 0.7, 0.2, 2, False, True)


def _plain_update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    """Return what `ascend` gave last, its slopes computed word by word."""
    A, new = _group_advantages(rewards, divide), log_old
    for _ in range(epochs):
        slope = np.zeros(log_old.shape)
        for i, j, t in np.argwhere(written):
            w = math.exp(new[i, j, t] - log_old[i, j, t])
            stopped = w > 1 + clip if A[i, j] > 0 else w < 1 - clip
            push = 0.0 if stopped else w * A[i, j]
            pull = math.exp(log_ref[i, j, t] - new[i, j, t]) - 1
            length = sum(written[i, j]) if average else 1
            slope[i, j, t] = (push + beta * pull) / length / rewards.size
        new = ascend(slope)
    return new


def _slopes_of(answer, log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    """Return the slopes that the answer climbs along, (epochs, groups, answers, places)."""
    slopes, shape, after = [], log_old.shape, ascend.after

    def counted(slope):
        if isinstance(slope, list | tuple) and any(hasattr(part, "detach") for part in slope):
            raise Unfit("you give `ascend` a list of tensors: stack them into one")
        slopes.append(parts_of(slope)[0].copy())
        if slopes[-1].shape != shape:
            raise Unfit(
                f"you give `ascend` an array of shape {slopes[-1].shape}: a slope for each word, {shape}, is due"
            )
        astray = ~np.isfinite(slopes[-1]) if slopes[-1].dtype.kind == "f" else np.zeros(shape, bool)
        if astray.any() and not (astray & written).any():
            group, row, place = np.argwhere(astray)[0]
            what = "NaN" if np.isnan(slopes[-1][group, row, place]) else "infinite"
            where = f"group {group}, answer {row}, place {place}"
            raise Unfit(f"your slope is {what} behind an answer's end ({where}), where 0 is due")
        return after[min(len(slopes), epochs) - 1].copy()

    result = answer(log_old, log_ref, written, rewards, counted, beta, clip, epochs, divide, average)
    if result is ...:
        return ...
    if len(slopes) != epochs:
        calls = {0: "never calls `ascend`", 1: "calls `ascend` once"}.get(
            len(slopes), f"calls `ascend` {len(slopes)} times"
        )
        raise Unfit(f"your function {calls} in {epochs} epoch{'s' * (epochs > 1)}: it needs one call for each")
    if result is None:
        raise Unfit("your function returns nothing: return what the last call of `ascend` gave back")
    returned = parts_of(result)[0]
    if _is_of_words(returned, after[-1], written):
        return np.stack(slopes)
    if any(_is_of_words(returned, other, written) for other in (log_old, *after)):
        raise Unfit("you return the log-probabilities from before the last step: return those after it")
    if _is_of_words(returned, log_old + sum(slopes), written):
        raise Unfit(
            "you add the slope to log π yourself: the step is `ascend`'s; take the next slope at what it gave back, "
            "and return what it gave back last"
        )
    if _is_of_words(returned, slopes[-1], written):
        raise Unfit("you return the last slope: return what `ascend` gave back for it")
    raise Unfit(
        "what you return isn't what the last call of `ascend` gave back; take later slopes at what it gave back too"
    )


def _right_slopes(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    arguments = log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average
    return _slopes_of(_plain_update, *arguments)


def _is_of_words(one, other, written):
    """Return whether two tables of log-probabilities agree where words are written."""
    return one.shape == other.shape and one.dtype.kind == "f" and np.allclose(one[written], other[written], atol=1e-5)


def _ratio_to_old(new, old, reference, written):
    return np.exp(new - old)


def _edges(above, below):
    """Return the slope of the clipped gain, by log π: w·A, and 0 where `above` or `below` says that it stops."""

    def push(w, A, clip):
        return np.where(above(w, A, clip) | below(w, A, clip), 0.0, w * A)

    return push


def _above(w, A, clip):
    return (A > 0) & (w > 1 + clip)


def _below(w, A, clip):
    return (A < 0) & (w < 1 - clip)


def _never(w, A, clip):
    return np.zeros(w.shape, bool)


_push = _edges(_above, _below)


def _k3_down(new, old, reference, w, A, clip):
    return np.exp(reference - new) - 1


def _shares(written, average):
    lengths = written.sum(axis=2, keepdims=True) if average else 1
    return written / lengths / written[:, :, 0].size


def _with_end(written):
    return written | (np.roll(written, 1, axis=2) & (np.arange(written.shape[2]) > 0))


def _but_last(written):
    lengths = written.sum(axis=2, keepdims=True)
    return written & (np.arange(written.shape[2]) < np.maximum(lengths - 1, 1))


def _answers_in(written):
    return written[:, :, 0].size


def _written_update(
    earns=lambda rewards, old, reference, written, beta: rewards,
    advantages=_group_advantages,
    ratio=_ratio_to_old,
    push=_push,
    price=lambda beta: beta,
    pull=_k3_down,
    share=_shares,
    share_of_push=None,
    share_of_pull=None,
    shared=np.multiply,
    kept=lambda rewards: 1.0,
    per=lambda new: 1.0,
    up=lambda epochs: 1.0,
    start=lambda old, reference: old,
    fresh=True,
):
    """Return GRPO's update, all words at once; the arguments are what may be wrong in it."""

    def update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
        earned = earns(rewards, log_old, log_ref, written, beta)
        A, new = advantages(earned, divide)[:, :, None], start(log_old, log_ref)
        pushed, pulled = (part or share for part in (share_of_push, share_of_pull))
        for _ in range(epochs):
            w = ratio(new, log_old, log_ref, written) * np.ones(new.shape)
            slope = shared(pushed(written, average), push(w, A, clip))
            down = price(beta) * pull(new, log_old, log_ref, w, A, clip)
            slope = slope + shared(pulled(written, average), down)
            after = ascend(up(epochs) * kept(rewards) * per(new) * slope)
            new = after if fresh else new
        return after

    return update


def _uncut(share):
    """The share of an answer's first word in all its places."""
    return lambda written, average: np.ones(written.shape) * share(written, average)[:, :, :1]


def _summed(written, average):
    return _shares(written, False)


def _averaged(written, average):
    return _shares(written, True)


def _unequal(rewards):
    """Whether a group's rewards differ, (groups, 1, 1)."""
    return (rewards.std(axis=1) > 1e-12)[:, None, None]


def _switches_exchanged(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    return _plain_update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, average, divide)


def _from_epoch_to_epoch(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    """The update with ratios to the epoch before."""
    A, new, before = _group_advantages(rewards, divide)[:, :, None], log_old, log_old
    for _ in range(epochs):
        w = np.exp(new - before)
        slope = _push(w, A, clip) + beta * (np.exp(log_ref - new) - 1)
        before, new = new, ascend(_shares(written, average) * slope)
    return new


def _price_of(k):
    """Return what takes β Σ k(log w), w = π_ref/π, off an answer's reward."""

    def earned(rewards, old, reference, written, beta):
        return rewards - beta * np.sum(k(reference - old) * written, axis=2)

    return earned


ADVANTAGES: Mistakes = [
    ("your rewards lose no mean: take off each group's", {"advantages": _grouped(centre=_nothing_off)}),
    ("you take off the whole batch's mean: each group has its own", {"advantages": _grouped(centre=_batch_mean)}),
    (
        "you take off the mean of the other answers, as RLOO does: here it is that of all the group's",
        {"advantages": _grouped(centre=_others_mean)},
    ),
    (
        "you divide by the standard deviation where `divide` is False too",
        {"advantages": _grouped(divides=lambda d: True)},
    ),
    ("you never divide by the standard deviation", {"advantages": _grouped(divides=lambda d: False)}),
    (
        "your standard deviation has n − 1: GRPO's has n",
        {"advantages": _grouped(spread=lambda r: r.std(axis=1, keepdims=True, ddof=1))},
    ),
    (
        "you divide by the whole batch's standard deviation: each group has its own",
        {"advantages": _grouped(spread=lambda r: r.std())},
    ),
    ("your rewards lose no mean: take off each group's", {"advantages": _undivided_where_equal(_nothing_off)}),
]
RATIOS: Mistakes = [
    ("your ratio is upside down: it is π/π_old", {"ratio": lambda new, old, reference, written: np.exp(old - new)}),
    (
        "your ratio is that to the reference: w compares with the policy that wrote the batch",
        {"ratio": lambda new, old, reference, written: np.exp(new - reference)},
    ),
    (
        "your ratio is a difference of logarithms: w is e to the power of that",
        {"ratio": lambda new, old, reference, written: new - old},
    ),
    (
        "w is 1 with you in every epoch, or missing: it compares the present policy with the one that wrote the batch",
        {"ratio": lambda new, old, reference, written: 1.0},
    ),
]
CLIPS: Mistakes = [
    ("your ratios aren't clipped", {"push": _edges(_never, _never)}),
    (
        "you stop the push outside the band whatever the sign of A: it stops only where the ratio has already gone the "
        "way that A asks for",
        {"push": _edges(lambda w, A, clip: w > 1 + clip, lambda w, A, clip: w < 1 - clip)},
    ),
    (
        "you have the larger of w·A and clip(w)·A: it is the smaller, which stops a ratio that went where A pushes",
        {"push": _edges(lambda w, A, clip: (A < 0) & (w > 1 + clip), lambda w, A, clip: (A > 0) & (w < 1 - clip))},
    ),
    ("you stop the push at 1 + ε only: where A < 0 it stops below 1 − ε", {"push": _edges(_above, _never)}),
    ("you stop the push at 1 − ε only: where A > 0 it stops above 1 + ε", {"push": _edges(_never, _below)}),
    (
        "your slope is clip(w)·A: outside the band the clipped ratio is a constant, whose slope is 0",
        {"push": lambda w, A, clip: np.clip(w, 1 - clip, 1 + clip) * A},
    ),
    (
        "your slope is by w: the slope of w by log π is w itself, so that of w·A is w·A",
        {"push": lambda w, A, clip: np.where(_above(w, A, clip) | _below(w, A, clip), 0.0, A)},
    ),
    (
        "you give `ascend` the clipped gain itself, and not its slope: where it is clipped the slope is 0",
        {"push": lambda w, A, clip: np.minimum(w * A, np.clip(w, 1 - clip, 1 + clip) * A)},
    ),
]
PULLS: Mistakes = [
    ("the reference doesn't pull: −β k3 is missing", {"pull": lambda new, *_: 0.0}),
    (
        "the reference pushes away: β k3 is a price, so −β k3 is climbed",
        {"pull": lambda *a: -_k3_down(*a)},
    ),
    (
        "k3 isn't differentiated: its slope by log π is 1 − π_ref/π",
        {"pull": lambda new, old, reference, *_: -(np.exp(reference - new) - 1 - (reference - new))},
    ),
    (
        "you have the slope of k2: k3's, by log π, is 1 − π_ref/π",
        {"pull": lambda new, old, reference, *_: reference - new},
    ),
    (
        "the ratio of your k3 is upside down: it is π_ref/π",
        {"pull": lambda new, old, reference, *_: 1 - np.exp(new - reference)},
    ),
    (
        "you charge the old policy in each epoch: k3 compares the reference with the policy as it then is",
        {"pull": lambda new, old, reference, *_: np.exp(reference - old) - 1},
    ),
    (
        "you stop the reference's pull where the clip stops the push: k3 isn't clipped",
        {
            "pull": lambda new, old, reference, w, A, clip: (
                (np.exp(reference - new) - 1) * ~(_above(w, A, clip) | _below(w, A, clip))
            )
        },
    ),
    ("β is left out: the price is β k3", {"price": lambda beta: 1.0}),
    (
        "the 1 is missing in k3's slope, 1 − π_ref/π: the slope of −log(π_ref/π) by log π",
        {"pull": lambda new, old, reference, *_: np.exp(reference - new)},
    ),
    (
        "you weigh k3 by the ratio w: it stands in the objective as it is",
        {"pull": lambda new, old, reference, w, *_: w * (np.exp(reference - new) - 1)},
    ),
]
SHARES: Mistakes = [
    (
        "what stands behind an answer's end counts: multiply by `written`",
        {"share": _uncut(_shares)},
    ),
    (
        "you divide an answer's sum by the number of places, words or not: divide by that of its words",
        {"share": lambda written, average: written / (written.shape[2] if average else 1) / _answers_in(written)},
    ),
    (
        "you average over the words where `average` is False too",
        {"share": lambda written, average: _shares(written, True)},
    ),
    ("you never average over the words", {"share": lambda written, average: _shares(written, False)}),
    (
        "you divide by the number of words of the batch: divide by the number of answers",
        {"share": lambda written, average: written / written.sum()},
    ),
    (
        "you add the answers up: divide by their number",
        {"share": lambda written, average: _shares(written, average) * _answers_in(written)},
    ),
    (
        "you divide by the number of groups: divide by that of all answers",
        {"share": lambda written, average: _shares(written, average) * written.shape[1]},
    ),
    (
        "you divide by the answers of one group: divide by those of all groups",
        {"share": lambda written, average: _shares(written, average) * written.shape[0]},
    ),
]
CLIMBS: Mistakes = [
    ("you go down: `ascend` climbs, so give it the slope of the objective, not of a loss", {"up": lambda epochs: -1.0}),
    (
        "all your epochs have the first one's slope: after a step take the log-probabilities that `ascend` gave back",
        {"fresh": False},
    ),
    ("you divide the slope by the number of epochs: each epoch takes a whole step", {"up": lambda epochs: 1 / epochs}),
]
# Not tried together with others
ALONE: Mistakes = [
    (
        "you take off the mean over the groups: a group is a row, its mean runs along axis 1",
        {"advantages": _grouped(centre=lambda r: r.mean(axis=0))},
    ),
    (
        "you divide by the standard deviation where `divide` is False, and don't where it is True",
        {"advantages": _grouped(divides=lambda d: not d)},
    ),
    ("you divide by the variance", {"advantages": _grouped(spread=lambda r: r.var(axis=1, keepdims=True))}),
    *(
        (
            "a group of equal rewards gives you NaN: its advantages are 0, and the reference pulls all the same",
            {"advantages": _nan_where_equal, "shared": shared},
        )
        for shared in (np.multiply, lambda share, slope: np.where(share > 0, share * slope, 0.0))
    ),
    (
        "you catch a standard deviation of exactly 0 only: equal rewards can leave a rounding error, which is then "
        "divided by itself",
        {"advantages": _only_exact_zeros},
    ),
    *(
        (
            "you add a small number to the standard deviation, which changes every group: set a group of equal rewards "
            "to 0 by itself",
            {"advantages": _one_added(eps)},
        )
        for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8)
    ),
    (
        "you leave out what is below the group's mean: such answers must become rarer",
        {"advantages": lambda r, d: np.maximum(_group_advantages(r, d), 0)},
    ),
    (
        "you have one ratio for a whole answer, the product of its words': each word has its own",
        {"ratio": lambda new, old, reference, written: np.exp(((new - old) * written).sum(axis=2, keepdims=True))},
    ),
    (
        "you have one ratio for a whole answer, the geometric mean of its words', as GSPO has: each word has its own",
        {
            "ratio": lambda new, old, reference, written: np.exp(
                ((new - old) * written).sum(axis=2, keepdims=True) / written.sum(axis=2, keepdims=True)
            )
        },
    ),
    (
        "you stop the push above 1 + ε only, and whatever the sign of A",
        {"push": _edges(lambda w, A, clip: w > 1 + clip, _never)},
    ),
    (
        "your lower edge is 1/(1 + ε): it is 1 − ε",
        {"push": _edges(_above, lambda w, A, clip: (A < 0) & (w < 1 / (1 + clip)))},
    ),
    (
        "your band is that of the logarithm, from −ε to ε: the ratio's is 1 − ε to 1 + ε",
        {
            "push": _edges(
                lambda w, A, clip: (A > 0) & (w > np.exp(clip)), lambda w, A, clip: (A < 0) & (w < np.exp(-clip))
            )
        },
    ),
    ("you have the slope of k1, which is 1 everywhere: k3's is 1 − π_ref/π", {"pull": lambda new, *_: -1.0}),
    (
        "you multiply k3 by the advantage: the price is the same for good answers and bad ones",
        {"pull": lambda new, old, reference, w, A, clip: A * (np.exp(reference - new) - 1)},
    ),
    ("you multiply k3 by β twice", {"price": lambda beta: beta * beta}),
    (
        "you charge the reference in the reward, by β times the answer's log(π/π_ref), and not in the loss",
        {"earns": _price_of(lambda log_w: -log_w), "pull": lambda new, *_: 0.0},
    ),
    (
        "you charge the reference twice, in the reward and in the loss: it belongs in the loss only",
        {"earns": _price_of(lambda log_w: -log_w)},
    ),
    (
        "you take β k3 off the reward: here it stands in the loss",
        {"earns": _price_of(lambda log_w: np.expm1(log_w) - log_w), "pull": lambda new, *_: 0.0},
    ),
    (
        "you average over the words where `average` is False, and don't where it is True",
        {"share": lambda written, average: _shares(written, not average)},
    ),
    (
        "you average over all words of the batch, as DAPO does: long answers then count more; average within each",
        {"share": lambda written, average: written / written.sum() if average else _shares(written, False)},
    ),
    (
        "you divide by all places, words or not: divide by the number of answers",
        {"share": lambda written, average: written / written.size},
    ),
    (
        "what stands behind an answer's end counts, and you average over all places: an answer has its words alone",
        {
            "share": lambda written, average: (
                np.ones(written.shape) / (written.shape[2] if average else 1) / _answers_in(written)
            )
        },
    ),
    (
        "you clip the advantage: it is the ratio that is held between 1 − ε and 1 + ε",
        {"push": lambda w, A, clip: w * np.minimum(A, np.clip(A, 1 - clip, 1 + clip))},
    ),
    (
        "you weigh k3 by the ratio w, and differentiate that too: k3 stands in the objective as it is",
        {"pull": lambda new, old, ref, w, A, clip: w * (ref - new)},
    ),
    (
        "you average over all words of a group: average within each answer",
        {
            "share": lambda written, average: (
                written / written.sum(axis=(1, 2), keepdims=True) / len(written) if average else _shares(written, False)
            )
        },
    ),
    (
        "you divide by the root of an answer's number of words: divide by the number itself",
        {
            "share": lambda written, average: (
                written / (written.sum(axis=2, keepdims=True) ** 0.5 if average else 1) / _answers_in(written)
            )
        },
    ),
    (
        "you count one place too many in each answer: behind its end nothing counts",
        {"share": lambda written, average: _shares(_with_end(written), average)},
    ),
    (
        "you count one place too many in each answer: behind its end nothing counts",
        {"share": lambda written, average: _with_end(written) * _shares(written, average)[:, :, :1]},
    ),
    (
        "you leave out the last word of each answer: `written` is True there",
        {"share": lambda written, average: _shares(_but_last(written), average)},
    ),
    (
        "you leave out the last word of each answer: `written` is True there",
        {"share": lambda written, average: _but_last(written) * _shares(written, average)},
    ),
    (
        "you take off the whole batch's mean: each group has its own",
        {"advantages": _undivided_where_equal(_batch_mean)},
    ),
    (
        "you take mean and standard deviation over the groups: a group is a row, both run along axis 1",
        {"advantages": lambda r, d: _group_advantages(r.T, d).T},
    ),
    (
        "you leave a group of equal rewards out altogether: its advantages are 0, but the reference pulls there too",
        {"kept": _unequal},
    ),
    (
        "you leave groups of equal rewards out and count the other answers only: the reference pulls there too, and N "
        "counts all",
        {"kept": lambda rewards: _unequal(rewards) * len(rewards) / max(1, _unequal(rewards).sum())},
    ),
    (
        "your slope is by the probability π: by log π it is π times as large",
        {"per": lambda new: np.exp(-new)},
    ),
    (
        "you begin at the reference: the first slope is taken at the old policy",
        {"start": lambda old, reference: reference},
    ),
    (
        "your push is A inside the band and 0 outside: it is w·A, and stops only where the ratio has already gone the "
        "way that A asks for",
        {"push": lambda w, A, clip: np.where(abs(w - 1) <= clip, A, 0.0)},
    ),
    *(
        (
            "your band is wider upwards, as DAPO's is: here it ends at 1 + ε",
            {"push": _edges(lambda w, A, clip, edge=edge: (A > 0) & (w > edge(clip)), _below)},
        )
        for edge in (
            lambda clip: 1 + 1.4 * clip,
            lambda clip: 1.28,
            lambda clip: 1 + 1.5 * clip,
            lambda clip: 1 + 2 * clip,
        )
    ),
    (
        "you have the slope of k2 with the wrong sign: −β k3 is climbed, and its slope is β(π_ref/π − 1)",
        {"pull": lambda new, old, reference, *_: new - reference},
    ),
    (
        "your pull is β(π/π_ref − 1): it is β(π_ref/π − 1)",
        {"pull": lambda new, old, reference, *_: np.exp(new - reference) - 1},
    ),
    (
        "you add β k3 itself: it is −β k3 that is climbed, and its slope by log π is β(π_ref/π − 1)",
        {"pull": lambda new, old, reference, *_: np.exp(reference - new) - 1 - (reference - new)},
    ),
    (
        "your pull is +β everywhere: that of −β k3 is β(π_ref/π − 1), which depends on the word",
        {"pull": lambda new, *_: 1.0},
    ),
    (
        "your pull is −β π_ref/π: the slope of −β k3 by log π is β(π_ref/π − 1)",
        {"pull": lambda new, old, reference, *_: -np.exp(reference - new)},
    ),
    (
        "you divide the push by the answer's length and not the pull: c_i belongs to both terms",
        {"share_of_pull": _summed},
    ),
    (
        "you divide the pull by the answer's length and not the push: c_i belongs to both terms",
        {"share_of_push": _summed},
    ),
    (
        "you average the pull over an answer's words where `average` is False too: c_i is 1 there",
        {"share_of_pull": _averaged},
    ),
    *(
        (
            "you don't divide the pull by the number of answers: the mean is over both terms",
            {"share_of_pull": lambda written, average, share=share: share(written, average) * _answers_in(written)},
        )
        for share in (_shares, _summed)
    ),
    (
        "only the push is cut behind an answer's end: the pull counts there with you",
        {"share_of_pull": _uncut(_shares)},
    ),
    (
        "only the pull is cut behind an answer's end: the push counts there with you",
        {"share_of_push": _uncut(_shares)},
    ),
    (
        "you divide by all places where `average` is False: an answer's words are added up there",
        {"share": lambda written, average: _shares(written, True) if average else written / written.size},
    ),
    (
        "you divide by the batch's number of words where `average` is False: an answer's words are added up there",
        {"share": lambda written, average: _shares(written, True) if average else written / written.sum()},
    ),
    (
        "you take a mean over the places as well: an answer's words are added up, or divided by their own number",
        {"share": lambda written, average: _shares(written, average) / written.shape[2]},
    ),
]

grpo_update = Exercise(
    function="grpo_update",
    cases=list(_grpo_cases()),
    expected=_right_slopes,
    apply=_slopes_of,
    misconceptions=[
        *mistakes(_written_update, ALONE),
        *mistakes(_written_update, ADVANTAGES, RATIOS, CLIPS, PULLS, SHARES, CLIMBS),
        (
            "your ratio compares with the epoch before: the old policy is the one that wrote the batch, in all epochs",
            _from_epoch_to_epoch,
        ),
        ("`divide` and `average` have changed places", _switches_exchanged),
    ],
    axes=("epoch", "group", "answer", "place"),
)


# 14.5


def _inverse_step(pi, A, alpha):
    """π/(α(ν − A)) by bisection of ν between its two bounds, by a plain loop."""
    low, high = max(a + p / alpha for p, a in zip(pi, A, strict=True)), max(A) + 1 / alpha
    for _ in range(200):
        nu = (low + high) / 2
        total = sum(p / (alpha * (nu - a)) for p, a in zip(pi, A, strict=True))
        low, high = (nu, high) if total > 1 else (low, nu)
    new = np.array([p / (alpha * (nu - a)) for p, a in zip(pi, A, strict=True)])
    return new / new.sum()


def _at(nu, pi, A, alpha):
    return pi / (alpha * (nu - A))


def _lower(pi, A, alpha):
    return max(A + pi / alpha)


def _upper(pi, A, alpha):
    return max(A) + 1 / alpha


def _bisected(
    low=_lower, high=_upper, halvings=100, turned=False, shown=lambda low, nu, high: nu, last=lambda new: new
):
    """Return the answer that looks for ν with a mistake in its search."""

    def step(pi, A, alpha):
        lower, upper = low(pi, A, alpha), high(pi, A, alpha)
        for _ in range(halvings):
            nu = (lower + upper) / 2
            if (_at(nu, pi, A, alpha).sum() > 1) != turned:
                lower = nu
            else:
                upper = nu
        return last(_at(shown(lower, nu, upper), pi, A, alpha))

    return step


def _nu(pi, A, alpha):
    new = _inverse_step(pi, A, alpha)
    return float(A[0] + pi[0] / (alpha * new[0]))


def _without_the_old(pi, A, alpha):
    """1/(α(ν − A)), with the ν that makes it add up to 1."""
    return _inverse_step(np.full(len(pi), 1 / len(pi)), A, alpha / len(pi))


def _nearest(moved):
    """The point of the simplex nearest to another, by bisection of what is taken off all."""
    low, high = moved.min() - 1, moved.max()
    for _ in range(100):
        level = (low + high) / 2
        low, high = (level, high) if np.maximum(moved - level, 0).sum() > 1 else (low, level)
    return np.maximum(moved - level, 0)


def _mirror_cases():
    rng = np.random.default_rng(144)
    yield np.array([0.5, 0.5]), np.array([1.0, -1.0]), 0.5
    yield np.array([0.2, 0.3, 0.5]), np.array([1.0, 1.0, -1.0]), 2.0
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
        ("you return the old policy", lambda pi, A, alpha: pi),
        (
            "two things at once: you have the step with KL(new‖old), and don't divide it by its sum; here the KL is "
            "KL(old‖new)",
            lambda pi, A, alpha: pi * np.exp(alpha * A),
        ),
        (
            "two things at once: you have the step with KL(new‖old), and its exponent is A/α; here it is KL(old‖new)",
            lambda pi, A, alpha: _normalised(pi * np.exp(A / alpha)),
        ),
        (
            "you have the softmax of αA: it knows neither the old policy nor KL(old‖new)",
            lambda pi, A, alpha: _normalised(np.exp(alpha * A)),
        ),
        (
            "your step is that of first order, π(1 + αA), normalised after what is negative was cut off: it has no ν",
            lambda pi, A, alpha: _normalised(np.maximum(pi * (1 + alpha * A), 0)),
        ),
        (
            "your step is that of first order, π(1 + αA), with what is negative cut off: it has no ν",
            lambda pi, A, alpha: np.maximum(pi * (1 + alpha * A), 0),
        ),
        (
            "your ν is 1/α, its value to first order: the one that makes the sum 1 lies above it, and must be found",
            lambda pi, A, alpha: _at(1 / alpha, pi, A, alpha),
        ),
        (
            "your ν is 1/α, its value to first order, and you normalise: it must be found",
            lambda pi, A, alpha: _normalised(_at(1 / alpha, pi, A, alpha)),
        ),
        ("you left out the old policy: the numerator is π/α", _without_the_old),
        (
            "α is left out: the denominator is α(ν − A)",
            lambda pi, A, alpha: _inverse_step(pi, A, 1.0),
        ),
        (
            "you took ν at its lower bound and normalised: ν must be found",
            lambda pi, A, alpha: _normalised(_at(_lower(pi, A, alpha), pi, A, alpha)),
        ),
        (
            "your ν is max(A + π/α), where one term alone is 1: the search begins there and goes up",
            lambda pi, A, alpha: _at(_lower(pi, A, alpha), pi, A, alpha),
        ),
        (
            "you keep the wrong half: where the sum is above 1, ν must be larger",
            _bisected(turned=True),
        ),
        *(
            (
                "your bisection ends too early: about fifty halvings are needed, and a hundred cost nothing",
                _bisected(halvings=halvings, shown=shown, last=last),
            )
            for halvings in range(1, 13)
            for shown in (lambda low, nu, high: nu, lambda low, nu, high: low, lambda low, nu, high: high)
            for last in (lambda new: new, _normalised)
        ),
        (
            "your lower end is max A + max π/α, which may lie above ν: take max(A + π/α)",
            _bisected(low=lambda pi, A, alpha: max(A) + max(pi) / alpha),
        ),
        (
            "your interval begins below max A, where some probabilities are negative: begin at max(A + π/α)",
            _bisected(low=lambda pi, A, alpha: min(A)),
        ),
        (
            "your interval begins at 0; ν lies above max A, so begin at max(A + π/α)",
            _bisected(low=lambda pi, A, alpha: 0.0),
        ),
        (
            "your upper end is max A + 1, which is below ν where α is small: it is max A + 1/α",
            _bisected(high=lambda pi, A, alpha: max(A) + 1),
        ),
        (
            "your upper end is max A + α: it is max A + 1/α",
            _bisected(high=lambda pi, A, alpha: max(A) + alpha),
        ),
        (
            "you project π + αA onto the simplex, nearest by Euclid: here the distance is KL(old‖new)",
            lambda pi, A, alpha: _nearest(pi + alpha * A),
        ),
        (
            "you cut π + αA at 0 and normalise it: here the distance is KL(old‖new)",
            lambda pi, A, alpha: _normalised(np.maximum(pi + alpha * A, 0)),
        ),
        ("you return ν; the policy at ν is asked for", _nu),
        (
            "you return the ratios new/old; multiply by π",
            lambda pi, A, alpha: _inverse_step(pi, A, alpha) / pi,
        ),
        (
            "you return the change, new less old; the new policy is asked for",
            lambda pi, A, alpha: _inverse_step(pi, A, alpha) - pi,
        ),
        (
            "you use the size of A: a bad action must become rarer",
            lambda pi, A, alpha: _inverse_step(pi, np.abs(A), alpha),
        ),
        (
            "two things at once: α stands on the wrong side, and the sign of A is wrong",
            lambda pi, A, alpha: _inverse_step(pi, -A, 1 / alpha),
        ),
    ],
)

EXERCISES = {
    "14.1": optimal_policy,
    "14.2": group_advantages,
    "14.3": kl_loss_gradient,
    "14.4": grpo_update,
    "14.5": mirror_step,
}
