"""Exercises of lesson 14, after PPO. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import math

import numpy as np

from trpobook.exercises.checks import Exercise


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


FACTORS = {"k1": lambda r: r**0, "k2": lambda r: -np.log(r), "k3": lambda r: 1 - r}  # in front of ∇log π
VALUES = {"k1": lambda r: -np.log(r), "k2": lambda r: np.log(r) ** 2 / 2, "k3": lambda r: r - 1 - np.log(r)}


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
            "your k2 has a ½ too many: the derivative of ½(log r)² is log r",
            _with_factors(k2=lambda r: -np.log(r) / 2),
        ),
        (
            "your k2 isn't differentiated: you weigh the scores by ½(log r)² itself",
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
            "your k3 isn't differentiated: you weigh the scores by r − 1 − log r itself",
            _with_factors(k3=VALUES["k3"]),
        ),
        (
            "you use k as a reward, a number in front of the score; in the loss it is k that is differentiated",
            _averaged(VALUES),
        ),
        (
            "you differentiate the law of the samples too; in the loss they are fixed",
            _averaged({kind: lambda r, k=kind: FACTORS[k](r) + VALUES[k](r) for kind in FACTORS}),
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
            "your k3 has the gradients of both directions: its factor is 1 − r, without the logarithm",
            _with_factors(k3=lambda r: 1 - r - np.log(r)),
        ),
        (
            "your ratio is upside down: r = π_ref/π",
            _averaged(ratio=lambda pi, reference: pi / reference),
        ),
        (
            "you differentiate by r, not by log r: with ∇log r = −∇log π the factors are 1, −log r and 1 − r",
            _averaged({kind: lambda r, k=kind: FACTORS[k](r) / r for kind in FACTORS}),
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
        ("the logarithm of your k2 has base 2", _with_factors(k2=lambda r: -np.log2(r))),
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
    "14.4": mirror_step,
}
