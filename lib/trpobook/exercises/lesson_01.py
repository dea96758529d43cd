"""Exercises of lesson 01, the KL divergence. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import itertools
import math

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.exercises.mistakes import Mistakes, mistakes

COINS = (np.array([0.5, 0.5]), np.array([0.9, 0.1]))


def _random_pairs(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))) for n in (2, 3, 5, 8) for _ in range(3)]


def _rowwise(function):
    """Lift a function of two lists to arrays (…, outcomes), by a loop over the rows."""

    def lifted(p, q):
        rows = [function(list(a), list(b)) for a, b in zip(_rows(p), _rows(q), strict=True)]
        return np.reshape(rows, p.shape[:-1])

    return lifted


def _rows(p):
    return p.reshape(-1, p.shape[-1])


def _kl(p, q) -> float:
    total = 0.0
    for p_x, q_x in zip(p, q, strict=True):
        if p_x > 0:
            total += p_x * math.log(p_x / q_x) if q_x > 0 else math.inf
    return total


def _tv(p, q) -> float:
    return sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


def _added(term, counts=lambda p, q: p > 0, total=np.sum):
    """Return the function that adds up term(p, q) over the outcomes that count, those with p > 0 unless told."""
    return lambda p, q: total(np.where(counts(p, q), term(p, q), 0.0), axis=-1)


def _log_ratio(p, q):
    return np.log(p / q)


def _kl_term(p, q):
    return p * np.log(p / q)


def _backward(p, q):
    return _added(_kl_term)(q, p)


def _entropy(p, q):
    return -_added(lambda p, q: p * np.log(p))(p, q)


def _jensen_shannon(p, q):
    middle = (p + q) / 2
    return (_added(_kl_term)(p, middle) + _added(_kl_term)(q, middle)) / 2


kl_categorical = Exercise(
    function="kl_categorical",
    cases=[
        COINS,
        (np.array([0.0, 1.0]), np.array([0.5, 0.5])),
        (np.array([0.5, 0.5]), np.array([1.0, 0.0])),
        (np.array([0.0, 0.5, 0.5]), np.array([0.0, 0.25, 0.75])),
        *_random_pairs(1),
        (np.array([[0.5, 0.5], [0.2, 0.8], [0.0, 1.0]]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])),
        (
            np.array([[[0.5, 0.5], [0.3, 0.7]], [[1.0, 0.0], [0.25, 0.75]]]),
            np.array([[[1.0, 0.0], [0.6, 0.4]], [[0.8, 0.2], [0.25, 0.75]]]),
        ),
    ],
    expected=_rowwise(_kl),
    misconceptions=[
        (
            "you have KL(q‖p): the weights must be the first argument's probabilities",
            _rowwise(lambda p, q: _kl(q, p)),
        ),
        (
            "you have KL(q‖p), and zeros spoil it: begin with the weights, the first argument's probabilities",
            lambda p, q: np.sum(_kl_term(q, p), axis=-1),
        ),
        (
            "you used log2, so the result is in bits; the book uses nats",
            _rowwise(lambda p, q: _kl(p, q) / math.log(2)),
        ),
        (
            "you used log10: the book uses nats, the natural logarithm",
            _rowwise(lambda p, q: _kl(p, q) / math.log(10)),
        ),
        (
            "you get NaN where p is 0: 0·log 0 counts as 0, since x·log x → 0, but the computer has 0·(−∞)",
            lambda p, q: np.sum(p * np.log(p / q), axis=-1),
        ),
        (
            "you have the cross-entropy: the entropy of p, −Σ p log p, must be subtracted",
            _rowwise(lambda p, q: sum(a * -math.log(b) if b > 0 else math.inf for a, b in zip(p, q, strict=True) if a)),
        ),
        (
            "you have the cross-entropy the wrong way round, −Σ q log p: the weights are p, and its entropy goes off",
            lambda p, q: -_added(lambda p, q: p * np.log(q))(q, p),
        ),
        ("you have the entropy of p: q is missing", _entropy),
        ("you have Σ p log p: q is missing, which belongs below p in the logarithm", lambda p, q: -_entropy(p, q)),
        ("you have Σ p log q: the logarithm is of p/q", _added(lambda p, q: p * np.log(q))),
        (
            "you have −Σ p log p − Σ p log q: the entropy of p is subtracted from the cross-entropy, not added",
            _added(lambda p, q: -p * np.log(p) - p * np.log(q)),
        ),
        (
            "you sum over the whole array: sum over the last axis only, one number for each distribution",
            lambda p, q: np.sum(_rowwise(_kl)(p, q)),
        ),
        (
            "you sum over the first axis: the outcomes lie along the last one",
            _added(_kl_term, total=lambda terms, axis: np.sum(terms, axis=0)),
        ),
        (
            "you take the mean over the outcomes: p is the weight already, so it is a sum",
            _added(_kl_term, total=np.mean),
        ),
        (
            "you average KL(p‖q) and KL(q‖p): the first alone is asked for, and it isn't symmetric",
            lambda p, q: (_added(_kl_term)(p, q) + _backward(p, q)) / 2,
        ),
        (
            "you add KL(p‖q) and KL(q‖p): the first alone is asked for, and it isn't symmetric",
            lambda p, q: _added(_kl_term)(p, q) + _backward(p, q),
        ),
        ("you compare both with their mean, which is the Jensen–Shannon divergence: compare p with q", _jensen_shannon),
        (
            "your quotient is upside down: log(p/q), not log(q/p), or the sign comes out wrong",
            _added(lambda p, q: p * np.log(q / p)),
        ),
        ("you add up log(p/q) without the weights p(x)", _added(_log_ratio)),
        ("you add up log(p/q) without the weights p(x)", lambda p, q: np.sum(np.log(p / q), axis=-1)),
        ("you average log(p/q) over all outcomes alike: the weights are p(x)", _added(_log_ratio, total=np.mean)),
        (
            "you weight log(p/q) with q: the weights are p, for the mean is under p",
            _added(lambda p, q: q * np.log(p / q)),
        ),
        (
            "you weight log(p/q) with q: the weights are p, for the mean is under p",
            _added(lambda p, q: q * np.log(p / q), counts=lambda p, q: (p > 0) & (q > 0)),
        ),
        (
            "you take the absolute value of each term: a term is negative where p < q, and must stay so",
            _added(lambda p, q: np.abs(_kl_term(p, q))),
        ),
        (
            "you leave out the outcomes with p < q: their terms are negative, and belong to the sum",
            _added(_kl_term, counts=lambda p, q: p > q),
        ),
        (
            "you take the largest term: the divergence is the sum of all",
            _added(_kl_term, total=np.max),
        ),
        ("you square the logarithm: KL is the mean of log(p/q) itself", _added(lambda p, q: p * _log_ratio(p, q) ** 2)),
        (
            "you have half the mean of log²(p/q), which is close to KL for close distributions only",
            _added(lambda p, q: p * _log_ratio(p, q) ** 2 / 2),
        ),
        (
            "you leave out the logarithm: the terms are p·log(p/q)",
            _added(lambda p, q: p * p / q),
        ),
        (
            "you subtract 1 in place of taking the logarithm, which is χ²: the terms are p·log(p/q)",
            _added(lambda p, q: p * (p / q - 1)),
        ),
        (
            "you have the square root of KL: leave it as it is",
            lambda p, q: np.sqrt(_added(_kl_term)(p, q)),
        ),
        ("you have half of KL, as in Pinsker's bound: the whole is asked for", lambda p, q: _added(_kl_term)(p, q) / 2),
        (
            "you have the total variation, ½ Σ |p − q|: KL is the mean of log(p/q) under p",
            lambda p, q: np.abs(p - q).sum(axis=-1) / 2,
        ),
        (
            "you subtract the probabilities, not their logarithms: the terms are p·(log p − log q)",
            _added(lambda p, q: p * (p - q)),
        ),
        (
            "you take the logarithm of the mean of p/q: KL is the mean of the logarithm",
            lambda p, q: np.log(_added(lambda p, q: p * p / q)(p, q)),
        ),
    ],
)


def _trajectory_kl(transition, old, new, start, steps) -> float:
    """KL between the laws of whole trajectories, by listing every trajectory."""
    states, actions = old.shape
    total = 0.0
    for path in itertools.product(range(states), *[range(actions), range(states)] * steps):
        p = q = start[path[0]]
        for t in range(steps):
            s, a, s_next = path[2 * t : 2 * t + 3]
            p, q = p * old[s, a] * transition[s, a, s_next], q * new[s, a] * transition[s, a, s_next]
        if p > 0:
            total += p * math.log(p / q)
    return total


def _of_the_old(old, new):
    return old


def _moved(policy, transition):
    return np.einsum("sa,sat->st", policy, transition)


def _per_step(
    terms=lambda old, new: old * np.log(old / new),
    mover=_of_the_old,
    start=lambda start: start,
    weight=lambda t: 1.0,
    move=_moved,
    skip=0,
    extra=0,
):
    """Return the step-by-step sum; the arguments are what may be wrong in it.

    That is: the terms in a state, one an action; whose actions move the states; where they start; the weights of
    the steps; the matrix that moves the states, from the left; the first step that counts; the steps too many.
    """

    def mistaken(transition, old, new, mu, steps):
        divergence = terms(old, new).sum(axis=1)
        d, total = start(mu), 0.0
        for t in range(steps + skip + extra):
            total += weight(t) * float(d @ divergence) if t >= skip else 0.0
            d = d @ move(mover(old, new), transition)
        return total

    return mistaken


def _over_states(choose):
    """Return the function that takes, in each step, `choose` of the states' KLs."""

    def chosen(transition, old, new, mu, steps):
        return steps * choose(np.sum(old * np.log(old / new), axis=1))

    return chosen


def _of_the_states(transition, old, new, mu, steps, every=False):
    """KL between the distributions of the last state, or the sum over all states after the first."""
    d, other, total = mu, mu, 0.0
    for t in range(steps):
        d, other = d @ _moved(old, transition), other @ _moved(new, transition)
        total += np.sum(d * np.log(d / other)) if every or t == steps - 1 else 0.0
    return total


def _last_step(transition, old, new, mu, steps):
    before = _per_step()(transition, old, new, mu, steps - 1) if steps > 1 else 0.0
    return _per_step()(transition, old, new, mu, steps) - before


def _of_mean_policies(transition, old, new, mu, steps):
    """In each step the KL of the two policies averaged over the states."""
    d, total = mu, 0.0
    for _ in range(steps):
        p, q = d @ old, d @ new
        total += np.sum(p * np.log(p / q))
        d = d @ _moved(old, transition)
    return total


def _trajectory_cases():
    rng = np.random.default_rng(4)
    for states, actions, steps in [(2, 2, 1), (2, 2, 2), (3, 2, 2), (2, 3, 3), (3, 2, 3)]:
        yield (
            rng.dirichlet(np.ones(states), (states, actions)),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(states)),
            steps,
        )


TERMS: Mistakes = [
    ("you have KL(new‖old) in each state", {"terms": lambda old, new: new * np.log(new / old)}),
    (
        "your log-ratio is upside down: π_old/π_new, or the sign comes out wrong",
        {"terms": lambda old, new: old * np.log(new / old)},
    ),
    (
        "you weight the log-ratio with the new policy: the weights are the old one's probabilities",
        {"terms": lambda old, new: new * np.log(old / new)},
    ),
    (
        "you add up the log-ratios of the actions without the weights π_old(a|s)",
        {"terms": lambda old, new: np.log(old / new)},
    ),
    (
        "you average the log-ratios over all actions alike: the weights are π_old(a|s)",
        {"terms": lambda old, new: np.log(old / new) / old.shape[1]},
    ),
    (
        "you take the mean over the actions after weighting with π_old(a|s): it is a sum, for the weights add up to 1",
        {"terms": lambda old, new: old * np.log(old / new) / old.shape[1]},
    ),
    (
        "you have the cross-entropy in each state: the log-ratio is log π_old − log π_new",
        {"terms": lambda old, new: -old * np.log(new)},
    ),
    (
        "you used log2, so the result is in bits; the book uses nats",
        {"terms": lambda old, new: old * np.log2(old / new)},
    ),
    (
        "you average KL(old‖new) and KL(new‖old) in each state: the first alone is asked for",
        {"terms": lambda old, new: (old - new) * np.log(old / new) / 2},
    ),
    (
        "you have the total variation in each state: the KL is asked for",
        {"terms": lambda old, new: np.abs(old - new) / 2},
    ),
    (
        "you take the absolute value of each term: a term is negative where π_old < π_new, and must stay so",
        {"terms": lambda old, new: np.abs(old * np.log(old / new))},
    ),
]
MOVES: Mistakes = [
    (
        "you visit the states as the new policy does; the trajectories come from the old one",
        {"mover": lambda old, new: new},
    ),
    (
        "you multiply the distribution by the matrix from the wrong side: probability flows from s to s', d @ P_pi",
        {"move": lambda policy, transition: _moved(policy, transition).T},
    ),
    (
        "you move the states by all actions alike: the old policy chooses them",
        {"mover": lambda old, new: np.full(old.shape, 1 / old.shape[1])},
    ),
    (
        "you move the states by all actions without their probabilities: weight them with π_old(a|s)",
        {"mover": lambda old, new: np.ones(old.shape)},
    ),
    (
        "you multiply the first step's KL by T; the states' distribution changes from step to step",
        {"move": lambda policy, transition: np.eye(len(policy))},
    ),
    (
        "you move the states by the mean of the two policies; the trajectories come from the old one",
        {"mover": lambda old, new: (old + new) / 2},
    ),
    (
        "you move the states by the old policy's likeliest action: its probabilities are the weights of all",
        {"mover": lambda old, new: np.eye(old.shape[1])[old.argmax(axis=1)]},
    ),
]
STARTS: Mistakes = [
    ("you start in all states alike: start from mu", {"start": lambda mu: np.full(len(mu), 1 / len(mu))}),
    ("you start in every state with probability 1: start from mu", {"start": lambda mu: np.ones(len(mu))}),
    ("you start in the first state: start from mu", {"start": lambda mu: np.eye(len(mu))[0]}),
]
STEPS: Mistakes = [
    (
        "you count one step too many: T actions are chosen, and the last state chooses none",
        {"extra": 1},
    ),
    ("you count one step too few: T actions are chosen, at times 0 to T − 1", {"extra": -1}),
    (
        "you move before you count, so your first states are those at time 1: count, then move",
        {"skip": 1},
    ),
    (
        "you leave out the first step: it counts like the others, in the states of mu",
        {"skip": 1, "extra": -1},
    ),
    *(
        ("you discount the steps; every step of a trajectory counts fully", {"weight": lambda t, g=g: g**t})
        for g in (0.9, 0.95, 0.98, 0.99, 0.999)
    ),
    ("you weight the steps with their number; every step of a trajectory counts fully", {"weight": lambda t: t + 1}),
    ("you weight the steps with their number; every step of a trajectory counts fully", {"weight": lambda t: t}),
]

traj_kl = Exercise(
    function="traj_kl",
    cases=list(_trajectory_cases()),
    expected=_trajectory_kl,
    misconceptions=[
        (
            "your policies have changed places, in the KL and in the moves: π_old comes first, and moves the states",
            _per_step(terms=lambda old, new: new * np.log(new / old), mover=lambda old, new: new),
        ),
        (
            "you average over all states alike in every step: weight them with the chance to be there",
            _over_states(np.mean),
        ),
        (
            "you take the largest KL of all states in every step: weight them with the chance to be there",
            _over_states(np.max),
        ),
        (
            "you add up the KL of all states in every step: weight them with the chance to be there",
            _over_states(np.sum),
        ),
        (
            "you add up the KL of all states: weight them with the chance to be there, and add up the T steps",
            lambda *rest: _over_states(np.sum)(*rest[:-1], 1),
        ),
        (
            "you take the largest KL of all states: weight them with the chance to be there, and add up the T steps",
            lambda *rest: _over_states(np.max)(*rest[:-1], 1),
        ),
        (
            "you average over all states alike: weight them with the chance to be there, and add up the T steps",
            lambda *rest: _over_states(np.mean)(*rest[:-1], 1),
        ),
        *mistakes(_per_step, TERMS, MOVES, STEPS),
        *mistakes(_per_step, STARTS),
        (
            "you average the KL over the steps; the KL of a trajectory is their sum",
            lambda transition, old, new, start, steps: _per_step()(transition, old, new, start, steps) / steps,
        ),
        ("your total holds the last step alone: add up all steps", _last_step),
        ("you have the first step alone: add up all T steps", lambda *rest: _per_step()(*rest[:-1], 1)),
        (
            "you add the KL of the states' distributions: the world is the same for both, so the actions' KL is all",
            lambda *rest: _per_step()(*rest) + _of_the_states(*rest, every=True),
        ),
        (
            "you add the KL of the last state's distributions: the world is the same for both, the actions' KL is all",
            lambda *rest: _per_step()(*rest) + _of_the_states(*rest),
        ),
        (
            "you compare the distributions of the last state: whole trajectories differ by the actions at every step",
            _of_the_states,
        ),
        (
            "you compare the distributions of the states: trajectories differ by the actions at every step",
            lambda *rest: _of_the_states(*rest, every=True),
        ),
        (
            "you average the policies over the states before you compare them: compare in each state, then average",
            _of_mean_policies,
        ),
    ],
)


def _gap(kl_weight: float, tv_weight: float, power: float = 2, tv=_tv, kl=_kl):
    return lambda p, q: kl_weight * kl(p, q) - (tv_weight * tv(p, q)) ** power


def _pairs(term, choose=sum):
    """Return the function that adds up term(p(x), q(x)), or makes something else of the terms."""
    return lambda p, q: choose([term(a, b) for a, b in zip(p, q, strict=True)])


def _kl_back(p, q):
    return _kl(q, p)


def _mean_of(values):
    return sum(values) / len(values)


def _half_kl(p, q):
    return _kl(p, q) / 2


def _quotient(p, q):
    return np.float64(_tv(p, q) ** 2) / _half_kl(p, q)


VARIATIONS: Mistakes = [
    ("your total variation lacks its ½: TV = ½ Σ |p − q|", {"tv_weight": 2}),
    (
        "you halve the square of Σ |p − q|: the ½ is inside, TV = ½ Σ |p − q|, so the square is a quarter",
        {"tv_weight": math.sqrt(2)},
    ),
    ("you halve TV²: it stands alone, beside ½ KL", {"tv_weight": math.sqrt(0.5)}),
    ("you halve the total variation twice: TV = ½ Σ |p − q|", {"tv_weight": 0.5}),
    (
        "you take the largest difference of one outcome: TV = ½ Σ |p − q|, over all of them",
        {"tv": _pairs(lambda a, b: abs(a - b), max)},
    ),
    (
        "you take half the largest difference: TV = ½ Σ |p − q|, over all outcomes",
        {"tv": _pairs(lambda a, b: abs(a - b) / 2, max)},
    ),
    (
        "you add up squares of differences: add up the absolute differences, then square",
        {"tv": _pairs(lambda a, b: (a - b) ** 2 / 2, lambda terms: sum(terms) ** 0.5)},
    ),
    (
        "you add up squares of differences: add up the absolute differences, halve the sum, then square",
        {"tv": _pairs(lambda a, b: (a - b) ** 2, lambda terms: sum(terms) ** 0.5)},
    ),
    (
        "you add up squares of half the differences: add up the absolute differences, halve the sum, then square",
        {"tv": _pairs(lambda a, b: (a - b) ** 2 / 4, lambda terms: sum(terms) ** 0.5)},
    ),
    (
        "you square the differences, and their sum again: add up the absolute differences, halve the sum, then square",
        {"tv": _pairs(lambda a, b: (a - b) ** 2 / 2)},
    ),
    (
        "TV² is missing in your gap, or the differences cancel: TV = ½ Σ |p − q| adds up their absolute values",
        {"tv_weight": 0},
    ),
    (
        "you take the mean of |p − q| over the outcomes: TV is half their sum",
        {"tv": _pairs(lambda a, b: abs(a - b), _mean_of)},
    ),
    (
        "you take half the mean of |p − q| over the outcomes: TV is half their sum",
        {"tv": _pairs(lambda a, b: abs(a - b) / 2, _mean_of)},
    ),
    ("the total variation is not squared", {"power": 1}),
    (
        "the total variation is neither halved nor squared: TV = ½ Σ |p − q|, and its square counts",
        {"power": 1, "tv_weight": 2},
    ),
    ("you take the root of the total variation: square it", {"power": 0.5}),
    ("you cube the total variation: square it", {"power": 3}),
]
DIVERGENCES: Mistakes = [
    ("your KL is in bits; Pinsker's ½ belongs to nats", {"kl_weight": 0.5 / math.log(2)}),
    ("the KL lacks its ½: the bound is TV² ≤ ½ KL", {"kl_weight": 1}),
    ("you halve the KL twice: the bound is TV² ≤ ½ KL", {"kl_weight": 0.25}),
    ("you double the KL: the bound is TV² ≤ ½ KL", {"kl_weight": 2}),
    ("your KL is in bits, and lacks its ½: the bound is TV² ≤ ½ KL, in nats", {"kl_weight": 1 / math.log(2)}),
    ("you have KL(q‖p) in place of KL(p‖q)", {"kl": _kl_back}),
    (
        "your KL is turned round, KL(q‖p), and lacks its ½",
        {"kl": _kl_back, "kl_weight": 1},
    ),
    (
        "you average KL(p‖q) and KL(q‖p): the first alone is asked for",
        {"kl": lambda p, q: (_kl(p, q) + _kl(q, p)) / 2},
    ),
    (
        "you take the mean over the outcomes in the KL: p is the weight already, so it is a sum",
        {"kl": lambda p, q: _kl(p, q) / len(p)},
    ),
    ("the quotient in your KL is upside down: log(p/q) is wanted", {"kl": lambda p, q: -_kl(p, q)}),
    (
        "you weight log(p/q) with q in your KL: the weights are p",
        {"kl": lambda p, q: -_kl(q, p)},
    ),
    (
        "the weights p are missing in your KL: the terms are p·log(p/q)",
        {"kl": _pairs(lambda a, b: math.log(a / b))},
    ),
    (
        "you have the cross-entropy in place of KL: the logarithm is of p/q",
        {"kl": _pairs(lambda a, b: -a * math.log(b))},
    ),
    ("you square the KL: it stands as it is, beside TV²", {"kl": lambda p, q: _kl(p, q) ** 2}),
]


def _made(kl_weight=0.5, tv_weight=1, **rest):
    return _gap(kl_weight, tv_weight, **rest)


pinsker_gap = Exercise(
    function="pinsker_gap",
    cases=[COINS, (np.array([0.3, 0.7]), np.array([0.3, 0.7])), *_random_pairs(2)],
    expected=_gap(0.5, 1),
    misconceptions=[
        (
            "you have TV² − ½ KL: the gap is the larger side minus the smaller",
            lambda p, q: -_gap(0.5, 1)(p, q),
        ),
        (
            "you took the square root of ½ KL; the gap asked for is between the squares",
            lambda p, q: math.sqrt(max(0.0, _half_kl(p, q))) - _tv(p, q),
        ),
        (
            "you took the square root of KL, which lacks its ½; the gap asked for is ½ KL − TV², between the squares",
            lambda p, q: math.sqrt(max(0.0, _kl(p, q))) - _tv(p, q),
        ),
        (
            "you have twice the gap, KL − 2 TV²: the gap asked for is ½ KL − TV²",
            lambda p, q: 2 * _gap(0.5, 1)(p, q),
        ),
        *mistakes(_made, VARIATIONS, DIVERGENCES),
        ("you add TV²: subtract it from ½ KL", lambda p, q: _half_kl(p, q) + _tv(p, q) ** 2),
        ("you have TV² alone: subtract it from ½ KL", lambda p, q: _tv(p, q) ** 2),
        ("you divide TV² by ½ KL: the difference ½ KL − TV² is asked for", _quotient),
        ("you divide ½ KL by TV²: the difference ½ KL − TV² is asked for", lambda p, q: 1 / _quotient(p, q)),
        (
            "you say whether the inequality holds: how much room it leaves is asked for, ½ KL − TV²",
            lambda p, q: _gap(0.5, 1)(p, q) >= -1e-15,
        ),
        (
            "you have the room of another bound, of Bretagnolle and Huber, 1 − exp(−KL): Pinsker's is ½ KL",
            lambda p, q: 1 - math.exp(-_kl(p, q)) - _tv(p, q) ** 2,
        ),
        ("you square the difference: the squares belong to TV alone", lambda p, q: (_half_kl(p, q) - _tv(p, q)) ** 2),
    ],
)


def _estimators(log_old, log_new):
    rows = []
    for a, b in zip(log_old, log_new, strict=True):
        log_w = b - a
        rows.append((-log_w, log_w * log_w / 2, math.exp(log_w) - 1 - log_w))
    k1, k2, k3 = (np.array(column) for column in zip(*rows, strict=True))
    return k1, k2, k3


def _made_of(k1=lambda x: -x, k2=lambda x: x**2 / 2, k3=lambda x: np.expm1(x) - x, x=lambda old, new: new - old):
    """Return the three estimators as functions of x = log w; the arguments are what may be wrong."""

    def made(log_old, log_new):
        log_w = x(log_old, log_new)
        return k1(log_w), k2(log_w), k3(log_w)

    return made


def _each(change):
    """Return the function that makes change(k, log_old, log_new) of each estimator."""

    def changed(log_old, log_new):
        return tuple(change(k, log_old, log_new) for k in _estimators(log_old, log_new))

    return changed


def _log_probability_cases():
    yield np.log([0.5, 0.5]), np.log([0.9, 0.1])
    for p, q in _random_pairs(3):
        yield np.log(p), np.log(q)


def _difference_for_ratio(log_old, log_new):
    with np.errstate(divide="raise"):
        log_w = np.log(log_new - log_old)
    return -log_w, log_w**2 / 2, log_new - log_old - 1 - log_w


kl_estimators = Exercise(
    function="kl_estimators",
    cases=list(_log_probability_cases()),
    expected=_estimators,
    parts=("k1", "k2", "k3"),
    misconceptions=[
        (
            "your ratio is upside down: w = π_new/π_old under samples of the old policy",
            _made_of(x=lambda old, new: old - new),
        ),
        (
            "you return averages: return the estimators sample by sample",
            _each(lambda k, old, new: np.mean(k)),
        ),
        ("you return sums: return the estimators sample by sample", _each(lambda k, old, new: np.sum(k))),
        (
            "you average the log-ratios first: return the estimators sample by sample",
            _made_of(x=lambda old, new: np.mean(new - old)),
        ),
        (
            "you weight each sample with its old probability: the sampling does that already",
            _each(lambda k, old, new: np.exp(old) * k),
        ),
        (
            "you weight each sample with its new probability: return the estimators without weights",
            _each(lambda k, old, new: np.exp(new) * k),
        ),
        (
            "you weight each sample with the ratio w, which gives means under the new policy: the old one's are wanted",
            _each(lambda k, old, new: np.exp(new - old) * k),
        ),
        (
            "you weight each sample with 1/w: the samples come from the old policy already",
            _each(lambda k, old, new: np.exp(old - new) * k),
        ),
        (
            "you divide the log-probabilities: the logarithm of the ratio is their difference, log_new − log_old",
            _made_of(x=lambda old, new: np.log(new / old)),
        ),
        (
            "you take the difference of the log-probabilities for w: it is log w, so w is its exponential",
            _difference_for_ratio,
        ),
        (
            "you have the difference of the probabilities for log w: the difference of their logarithms is wanted",
            _made_of(x=lambda old, new: np.exp(new) - np.exp(old)),
        ),
        (
            "you used log2, so all is in bits; the book uses nats",
            _made_of(
                k1=lambda x: -x / math.log(2),
                k2=lambda x: (x / math.log(2)) ** 2 / 2,
                k3=lambda x: np.expm1(x) - x / math.log(2),
            ),
        ),
        (
            "you add up the log-probabilities: log w is their difference, log_new − log_old",
            _made_of(x=lambda old, new: new + old),
        ),
        (
            "you take the absolute value of log w: its sign is what k1 and k3 need",
            _made_of(x=lambda old, new: np.abs(new - old)),
        ),
        ("all three have the wrong sign", _each(lambda k, old, new: -k)),
        ("your k1 is log w; its mean under the old policy is −KL", _made_of(k1=lambda x: x)),
        ("your k1 is w: it is −log w", _made_of(k1=np.exp)),
        ("your k1 is −w: it is −log w", _made_of(k1=lambda x: -np.exp(x))),
        ("your k1 is 1/w: it is −log w", _made_of(k1=lambda x: np.exp(-x))),
        ("your k1 is w − 1, which is close to log w near 1: it is −log w", _made_of(k1=np.expm1)),
        ("your k1 is 1 − w, which is close to −log w near 1: it is −log w", _made_of(k1=lambda x: -np.expm1(x))),
        (
            "your k1 is |log w|: −log w may be negative, or its mean isn't KL",
            _made_of(k1=np.abs),
        ),
        (
            "your k1 is cut off at 0: −log w may be negative, or its mean isn't KL",
            _made_of(k1=lambda x: np.maximum(-x, 0)),
        ),
        (
            "your k1 is −w log w: it is −log w, for the samples come from the old policy",
            _made_of(k1=lambda x: -np.exp(x) * x),
        ),
        (
            "your k1 is w log w: it is −log w, for the samples come from the old policy",
            _made_of(k1=lambda x: np.exp(x) * x),
        ),
        ("your k1 is half of −log w: the ½ belongs to k2", _made_of(k1=lambda x: -x / 2)),
        ("your k2 lacks its ½", _made_of(k2=lambda x: x**2)),
        (
            "the ½ of your k2 is inside the square, which makes it a quarter: ½ (log w)²",
            _made_of(k2=lambda x: (x / 2) ** 2),
        ),
        ("your k2 has the square of w − 1: it is ½ (log w)²", _made_of(k2=lambda x: np.expm1(x) ** 2 / 2)),
        ("your k2 has the square of w − 1, and lacks its ½: it is ½ (log w)²", _made_of(k2=lambda x: np.expm1(x) ** 2)),
        ("your k2 has the square of w: it is ½ (log w)²", _made_of(k2=lambda x: np.exp(x) ** 2 / 2)),
        ("your k2 isn't squared: it is ½ (log w)²", _made_of(k2=lambda x: x / 2)),
        ("your k2 isn't squared: it is ½ (log w)²", _made_of(k2=lambda x: -x / 2)),
        ("your k2 is ½ |log w|: square log w", _made_of(k2=lambda x: np.abs(x) / 2)),
        ("your k2 has a minus: it is ½ (log w)², never negative", _made_of(k2=lambda x: -(x**2) / 2)),
        (
            "your k2 has the logarithm of w², which is 2 log w: the square is outside, ½ (log w)²",
            _made_of(k2=lambda x: x),
        ),
        ("your k2 is the root of (log w)²/2: leave the root out", _made_of(k2=lambda x: np.abs(x) / math.sqrt(2))),
        ("your k2 is w (log w)²/2: it has no weight w", _made_of(k2=lambda x: np.exp(x) * x**2 / 2)),
        ("your k3 lacks the −1: as it stands its mean is KL + 1", _made_of(k3=lambda x: np.exp(x) - x)),
        ("your k3 has + 1: it is w − 1 − log w", _made_of(k3=lambda x: np.exp(x) + 1 - x)),
        ("your k3 adds log w: it is w − 1 − log w", _made_of(k3=lambda x: np.expm1(x) + x)),
        (
            "your k3 has 1/w in both places, which is for samples of the new policy: it is w − 1 − log w",
            _made_of(k3=lambda x: np.expm1(-x) + x),
        ),
        (
            "your k3 has 1/w where w belongs, and w in the logarithm: it is w − 1 − log w",
            _made_of(k3=lambda x: np.expm1(-x) - x),
        ),
        ("your k3 has log w where w belongs: it is w − 1 − log w", _made_of(k3=lambda x: x - 1 - x)),
        ("your k3 lacks −log w: w − 1 alone has the mean 0", _made_of(k3=np.expm1)),
        ("your k3 lacks w − 1: −log w alone is k1", _made_of(k3=lambda x: -x)),
        ("your k3 lacks w: it is w − 1 − log w", _made_of(k3=lambda x: -1 - x)),
        ("your k3 has the wrong sign: it is w − 1 − log w, never negative", _made_of(k3=lambda x: x - np.expm1(x))),
        ("your k3 is 1 − w − log w: it is w − 1 − log w", _made_of(k3=lambda x: -np.expm1(x) - x)),
        (
            "your k3 has the weight w in front of log w: it is w − 1 − log w",
            _made_of(k3=lambda x: np.expm1(x) - np.exp(x) * x),
        ),
        (
            "your k3 is w log w − (w − 1), whose mean under the old policy is KL(new‖old): it is w − 1 − log w",
            _made_of(k3=lambda x: np.exp(x) * x - np.expm1(x)),
        ),
        ("your k3 is halved: the ½ belongs to k2", _made_of(k3=lambda x: (np.expm1(x) - x) / 2)),
    ],
)

EXERCISES = {"1.1": kl_categorical, "1.2": traj_kl, "1.3": pinsker_gap, "1.4": kl_estimators}
