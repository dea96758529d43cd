"""Exercises of lesson 08: the two moves of conjugate gradients, and two products with a Fisher matrix.

The expected answers are loops over single numbers, and sums of single scores, apart from the library.
"""

from __future__ import annotations

import numpy as np
import torch

from trpobook.exercises.checks import Exercise
from trpobook.exercises.compare import parts_of

SMALL_NUMBERS = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
DAMPINGS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)


def _spd(rng, n: int) -> np.ndarray:
    m = rng.normal(size=(n, n))
    return m @ m.T + np.eye(n)


# 8.1, the lowest point along a direction


class Walked(tuple):
    """What an answer returned, with the number of products that it asked for."""

    products = 0


def _apply_search(answer, matrix, x, r, p):
    F, asked = torch.from_numpy(matrix), []

    def matvec(v):
        asked.append(v)
        return F @ v

    result = answer(matvec, *(torch.from_numpy(a) for a in (x, r, p)))
    if result is ... or (isinstance(result, tuple) and any(part is ... for part in result)):
        return result
    walked = Walked(parts_of(result, like=(x, r)))
    walked.products = len(asked)
    return walked


def _times(matvec, p) -> np.ndarray:
    if isinstance(matvec, np.ndarray):
        return matvec @ np.asarray(p)
    return matvec(torch.as_tensor(p)).numpy()


def _searching(
    length=lambda r, p, Fp: (r @ p) / (p @ Fp),
    residual=lambda r, step, p, Fp: r - step * Fp,
    point=lambda x, step, p: x + step * p,
):
    """Return the search with a length, a residual and a point of one's own."""

    def search(matvec, x, r, p):
        Fp, x, r, p = _times(matvec, p), *(np.array(a) for a in (x, r, p))
        step = length(r, p, Fp)
        return point(x, step, p), residual(r, step, p, Fp)

    return search


def _asking(function):
    """Return the search that is function(F, α, x, r, p), F being a function, α the right length."""

    def search(matvec, x, r, p):
        x, r, p = (np.array(a) for a in (x, r, p))

        def F(v):
            return _times(matvec, v)

        return function(F, (r @ p) / (p @ F(p)), x, r, p)

    return search


def _lowest(matvec, x, r, p):
    """Return the lowest point along p from three heights of the parabola, relative to x: at 0, 1 and 2 times p."""
    Fp, x, r, p = _times(matvec, p), *(np.array(a) for a in (x, r, p))
    heights = [0.5 * c * c * sum(a * b for a, b in zip(p, Fp, strict=True)) - c * float(np.dot(r, p)) for c in (1, 2)]
    bend = heights[1] - 2 * heights[0]
    step = (bend / 2 - heights[0]) / bend
    return x + step * p, r - step * Fp


def _search_cases():
    rng = np.random.default_rng(81)
    yield np.array([[2.0]]), np.array([0.0]), np.array([1.0]), np.array([1.0])
    yield np.diag([1.0, 4.0]), np.zeros(2), np.array([1.0, 1.0]), np.array([1.0, 0.0])
    yield np.diag([1.0, 4.0]), np.array([1.0, 2.0]), np.array([1.0, 1.0]), np.array([1.0, 1.0])
    yield np.diag([1.0, 4.0]), np.array([1.0, 2.0]), np.array([3.0, -1.0]), np.array([-1.0, 0.5])
    yield np.diag([1.0, 4.0]), np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([0.5, 0.25])
    for n in (2, 3, 6):
        yield _spd(rng, n), *rng.normal(size=(3, n))
    x, r, p = rng.normal(size=(3, 3))
    yield 1e-8 * _spd(rng, 3), x, 1e-8 * r, p


search_along = Exercise(
    function="search_along",
    cases=list(_search_cases()),
    expected=_lowest,
    apply=_apply_search,
    parts=("x_new", "r_new"),
    requires=[
        (
            "the values are right, but you ask `matvec` more than once: products are what costs, so keep Fp",
            lambda result, *args: result.products <= 1,
        )
    ],
    misconceptions=[
        (
            "your step goes the wrong way: the residual points downhill, so its share in p counts with a plus",
            _searching(lambda r, p, Fp: -(r @ p) / (p @ Fp)),
        ),
        (
            "you divide by pᵀp: how far the bottom is depends on the curvature along p, pᵀFp",
            _searching(lambda r, p, Fp: (r @ p) / (p @ p)),
        ),
        (
            "you have rᵀr on top; that equals rᵀp for CG's own directions only, and p may be any direction here",
            _searching(lambda r, p, Fp: (r @ r) / (p @ Fp)),
        ),
        ("your fraction is upside down: slope over curvature", _searching(lambda r, p, Fp: (p @ Fp) / (r @ p))),
        ("you take p as it is: its length must be chosen", _searching(lambda r, p, Fp: 1.0)),
        (
            "your step is twice as long as it should be: the curvature of ½xᵀFx is F, without a ½",
            _searching(lambda r, p, Fp: 2 * (r @ p) / (p @ Fp)),
        ),
        (
            "your step is half as long as it should be: the ½ of the parabola cancels when you differentiate",
            _searching(lambda r, p, Fp: (r @ p) / (p @ Fp) / 2),
        ),
        (
            "you return the old residual: moving x by αp takes αFp from it",
            _searching(residual=lambda r, step, p, Fp: r),
        ),
        (
            "your residual moves with αp; x moves with αp, and r = g − Fx with −αFp",
            _searching(residual=lambda r, step, p, Fp: r - step * p),
        ),
        (
            "your residual grows: r = g − Fx, so αFp is subtracted",
            _searching(residual=lambda r, step, p, Fp: r + step * Fp),
        ),
        (
            "you have rᵀFp below: in the curvature along p, pᵀFp, p stands on both sides",
            _searching(lambda r, p, Fp: (r @ p) / (r @ Fp)),
        ),
        (
            "you make the new residual as short as it can be; the lowest point of the parabola has α = rᵀp/pᵀFp",
            _searching(lambda r, p, Fp: (r @ Fp) / (Fp @ Fp)),
        ),
        (
            "you divide by the squared length of Fp: the curvature along p is pᵀFp",
            _searching(lambda r, p, Fp: (r @ p) / (Fp @ Fp)),
        ),
        (
            "you have rᵀFp on top: the slope along p is rᵀp, without F",
            _searching(lambda r, p, Fp: (r @ Fp) / (p @ Fp)),
        ),
        (
            "you divide by the length of p too: rᵀp/pᵀFp is right for a p of any length",
            _searching(lambda r, p, Fp: (r @ p) / (p @ Fp) / np.sqrt(p @ p)),
        ),
        (
            "you take the root of pᵀFp: the curvature stands below as it is",
            _searching(lambda r, p, Fp: (r @ p) / np.sqrt(p @ Fp)),
        ),
        (
            "you forgot the slope: α is rᵀp over pᵀFp, and 1 stands in its place",
            _searching(lambda r, p, Fp: 1 / (p @ Fp)),
        ),
        (
            "you forgot the curvature: α is rᵀp divided by pᵀFp",
            _searching(lambda r, p, Fp: r @ p),
        ),
        (
            "you take |rᵀp|: where p goes uphill, α is negative and the walk goes back",
            _searching(lambda r, p, Fp: abs(r @ p) / (p @ Fp)),
        ),
        (
            "you keep α between 0 and 1: the lowest point may lie behind you, or further than p reaches",
            _searching(lambda r, p, Fp: np.clip((r @ p) / (p @ Fp), 0, 1)),
        ),
        (
            "you go no further than p itself: α may be above 1",
            _searching(lambda r, p, Fp: min((r @ p) / (p @ Fp), 1)),
        ),
        *(
            (
                "you add a small number to the denominator, and that is felt where the curvature is small: divide by "
                "pᵀFp itself",
                _searching(lambda r, p, Fp, small=small: (r @ p) / (p @ Fp + small)),
            )
            for small in (1e-10, *SMALL_NUMBERS)
        ),
        (
            "your point goes the wrong way and your residual the right one: x moves by +αp, r by −αFp",
            _searching(point=lambda x, step, p: x - step * p),
        ),
        (
            "your new point is the walk αp alone: the walk begins at x",
            _searching(point=lambda x, step, p: step * p),
        ),
        ("you return the old point: it moves by αp", _searching(point=lambda x, step, p: x)),
        ("α is missing in your residual, which moves by −αFp", _searching(residual=lambda r, step, p, Fp: r - Fp)),
        ("α is missing in your point, which moves by αp", _searching(point=lambda x, step, p: x + p)),
        (
            "your second value is −αFp, by how much the residual changes: begin at r",
            _searching(residual=lambda r, step, p, Fp: -step * Fp),
        ),
        (
            "your second value is the gradient Fx − g; the residual is its negative",
            _searching(residual=lambda r, step, p, Fp: step * Fp - r),
        ),
        (
            "you take from r its share along p, which leaves it orthogonal to p but is not g − Fx: subtract αFp",
            _searching(residual=lambda r, step, p, Fp: r - (r @ p) / (p @ p) * p),
        ),
        (
            "your residual moves by α²Fp: α counts once",
            _searching(residual=lambda r, step, p, Fp: r - step**2 * Fp),
        ),
        (
            "your residual is −Fx, without the g of r = g − Fx: take αFp from the old one",
            _asking(lambda F, step, x, r, p: (x + step * p, -F(x + step * p))),
        ),
        (
            "you take F times the whole new point from r, and r has had Fx taken off already: only αFp is new",
            _asking(lambda F, step, x, r, p: (x + step * p, r - F(x + step * p))),
        ),
        (
            "your residual is p less F times the new point: the residual is g − Fx, which is r − αFp",
            _asking(lambda F, step, x, r, p: (x + step * p, p - F(x + step * p))),
        ),
        (
            "you multiply x by F: the curvature along p, and the change of the residual, need Fp",
            _asking(lambda F, step, x, r, p: (x + (r @ p) / (p @ F(x)) * p, r - (r @ p) / (p @ F(x)) * F(x))),
        ),
        (
            "you multiply r by F: the curvature along p, and the change of the residual, need Fp",
            _asking(lambda F, step, x, r, p: (x + (r @ p) / (p @ F(r)) * p, r - (r @ p) / (p @ F(r)) * F(r))),
        ),
        (
            "you walk along the residual: walk along p, whatever direction it is",
            _asking(lambda F, step, x, r, p: (x + (r @ r) / (r @ F(r)) * r, r - (r @ r) / (r @ F(r)) * F(r))),
        ),
        (
            "your slope is that of r + Fx, which is g, the slope at 0; at x it is rᵀp",
            _asking(
                lambda F, step, x, r, p: (
                    x + ((r + F(x)) @ p) / (p @ F(p)) * p,
                    r - ((r + F(x)) @ p) / (p @ F(p)) * F(p),
                )
            ),
        ),
        (
            "you take Fx off r once more: r is the residual at x already, and its share in p is rᵀp",
            _asking(
                lambda F, step, x, r, p: (
                    x + ((r - F(x)) @ p) / (p @ F(p)) * p,
                    r - ((r - F(x)) @ p) / (p @ F(p)) * F(p),
                )
            ),
        ),
    ],
)


# 8.2, the next direction


def _apply_direction(answer, r_new, r, p):
    return answer(*(torch.from_numpy(a) for a in (r_new, r, p)))


def _direction(ratio=lambda new, old: new / old, start=lambda r_new, r: r_new, sign=1.0, along=None):
    """Return start + sign·ratio·p, by loops: ratio of the residuals' squared norms, p or along(r_new, r, p)."""

    def direction(r_new, r, p):
        r_new, r, p = (np.asarray(a) for a in (r_new, r, p))
        new, old = (sum(float(a) ** 2 for a in residual) for residual in (r_new, r))
        return start(r_new, r) + sign * ratio(new, old) * (p if along is None else along(r_new, r, p))

    return direction


def _with_beta(beta):
    """Return r_new + β·p with β(r_new, r, p)."""

    def direction(r_new, r, p):
        r_new, r, p = (np.asarray(a) for a in (r_new, r, p))
        return r_new + beta(r_new, r, p) * p

    return direction


def _direction_cases():
    """Yield residuals and directions that turn up when CG solves a system."""
    rng = np.random.default_rng(82)
    for n, steps in ((2, 1), (3, 2), (5, 3), (8, 4)):
        matrix, g = _spd(rng, n), rng.normal(size=n)
        r = p = g
        for _ in range(steps):
            before = r, p
            r = r - (r @ r) / (p @ matrix @ p) * (matrix @ p)
            p = r - (r @ matrix @ p) / (p @ matrix @ p) * p
        yield r, *before
    yield tuple(1e-4 * a for a in (r, *before))  # β doesn't depend on the scale of g
    matrix, g = np.diag([1.0, 100.0]), np.array([1.0, 0.02])  # where the residual grows, and β is above 1
    yield g - (g @ g) / (g @ matrix @ g) * (matrix @ g), g, g


next_direction = Exercise(
    function="next_direction",
    cases=list(_direction_cases()),
    expected=_direction(),
    apply=_apply_direction,
    misconceptions=[
        ("your β is upside down: new rᵀr over old", _direction(lambda new, old: old / new)),
        (
            "your direction is the bare residual, steepest descent, zigzag and all: p is left out, or its factor is 0, "
            "as r_newᵀr and r_newᵀp are",
            _direction(lambda new, old: 0.0),
        ),
        (
            "you add p itself, with β = 1: how much of it is right follows from the residuals",
            _direction(lambda *_: 1.0),
        ),
        ("your β lacks its squares: it is a ratio of rᵀr, not of ‖r‖", _direction(lambda new, old: (new / old) ** 0.5)),
        ("you subtract βp: the two minus signs of the derivation cancel", _direction(sign=-1.0)),
        (
            "you start from the old residual; the new direction is the new residual, corrected",
            _direction(start=lambda n, r: r),
        ),
        (
            "you return βp alone: the same line again, on which nothing is left to gain",
            _direction(start=lambda r_new, r: 0 * r_new),
        ),
        (
            "your β is the new rᵀr alone, which depends on the scale of g: divide by the old one",
            _direction(lambda new, old: new),
        ),
        (
            "your β is 1 over the old rᵀr: the new one stands above",
            _direction(lambda new, old: 1 / old),
        ),
        (
            "you divide by pᵀp: β is the new rᵀr over the old rᵀr, and p is no residual",
            _with_beta(lambda r_new, r, p: (r_new @ r_new) / (p @ p)),
        ),
        (
            "your β stands at the residual: the new direction is r_new + βp",
            lambda r_new, r, p: np.dot(r_new, r_new) / np.dot(r, r) * np.asarray(r_new) + np.asarray(p),
        ),
        (
            "your β is too small by 1, for you take rᵀr off its numerator: that is the new rᵀr alone",
            _direction(lambda new, old: (new - old) / old),
        ),
        (
            "you have 1 − β in front of p: β itself stands there",
            _direction(lambda new, old: 1 - new / old),
        ),
        (
            "you take the mean of r_new and p, weighted with 1 − β and β: r_new counts in full",
            _direction(start=lambda r_new, r: (1 - np.dot(r_new, r_new) / np.dot(r, r)) * np.asarray(r_new)),
        ),
        (
            "you have new rᵀr over new plus old: below stands the old one alone",
            _direction(lambda new, old: new / (new + old)),
        ),
        (
            "you divide entry by entry, a β for each coordinate: β is one number, and rᵀr is a sum",
            _with_beta(lambda r_new, r, p: r_new**2 / r**2),
        ),
        (
            "you divide the sums of the entries: rᵀr is the sum of their squares",
            _with_beta(lambda r_new, r, p: r_new.sum() / r.sum()),
        ),
        (
            "you divide the sums of the entries' absolute values: rᵀr is the sum of their squares",
            _with_beta(lambda r_new, r, p: abs(r_new).sum() / abs(r).sum()),
        ),
        (
            "you keep β at 1 at most: a residual may be longer than the one before, and then β is above 1",
            _direction(lambda new, old: min(new / old, 1.0)),
        ),
        ("you square β: rᵀr is a square already", _direction(lambda new, old: (new / old) ** 2)),
        (
            "your β is upside down and lacks its squares: it is new rᵀr over old",
            _direction(lambda new, old: (old / new) ** 0.5),
        ),
        (
            "your β is upside down, and βp is subtracted: add it, with new rᵀr over old",
            _direction(lambda new, old: old / new, sign=-1.0),
        ),
        (
            "you add β times the old residual: it is the old direction p that is added",
            _direction(along=lambda r_new, r, p: r),
        ),
        (
            "you add β times the new residual, so that p is left out: the new direction is r_new + βp",
            _direction(along=lambda r_new, r, p: r_new),
        ),
        (
            "you start from −r_new, the gradient: the residual points downhill, so it counts with a plus",
            _direction(start=lambda r_new, r: -r_new),
        ),
        (
            "you start from r_new − r: the new direction is the new residual itself, and βp",
            _direction(start=lambda r_new, r: r_new - r),
        ),
        (
            "you start from p: the new direction is r_new, and β times p",
            lambda r_new, r, p: (1 + np.dot(r_new, r_new) / np.dot(r, r)) * np.asarray(p),
        ),
        (
            "your direction is scaled to length 1: the line is right, but the next β counts on the length",
            lambda r_new, r, p: _direction()(r_new, r, p) / np.linalg.norm(_direction()(r_new, r, p)),
        ),
        *(
            (
                "you add a small number to the denominator, so that β depends on the scale of g: divide by rᵀr itself",
                _direction(lambda new, old, small=small: new / (old + small)),
            )
            for small in SMALL_NUMBERS
        ),
    ],
)


# 8.3, F v from scores


def _apply_scores(answer, *arrays):
    return answer(*map(torch.from_numpy, arrays))


def _weighted(
    weights=lambda p: p,
    divisor=lambda states, actions: states,
    pair=lambda score, v: score * sum(score * v),
    used=lambda states: states,
    plus=0.0,
):
    """Return the sum over states and actions of weight·pair(score, v), divided, and plus·v."""

    def product(scores, probabilities, v):
        scores, probabilities, v = (np.asarray(a) for a in (scores, probabilities, v))
        chances = weights(probabilities)
        total = np.zeros_like(v)
        for rows, row_chances in zip(used(scores), used(chances), strict=True):
            for score, chance in zip(rows, row_chances, strict=True):
                total = total + chance * pair(score, v)
        return total / divisor(*probabilities.shape) + plus * v

    return product


def _of_mean_states(scores, probabilities, v):
    """Return the product with scores and probabilities that are averaged over the states first."""
    scores, probabilities = (np.asarray(a).mean(0, keepdims=True) for a in (scores, probabilities))
    return _weighted()(scores, probabilities, v)


def _of_mean_scores(scores, probabilities, v):
    """ψ̄ψ̄ᵀv for the mean score ψ̄, which is 0."""
    return 0.0 * np.asarray(v)


def _score_cases():
    rng = np.random.default_rng(84)
    p = np.array([[0.25, 0.75]])
    yield (np.eye(2) - p)[None], p, np.array([1.0, 0.0])
    for n, actions, size in ((3, 2, 2), (4, 3, 5), (6, 4, 3)):
        probabilities = rng.dirichlet(np.ones(actions), n)
        scores = rng.normal(size=(n, actions, size))
        scores -= np.einsum("na,nak->nk", probabilities, scores)[:, None]  # scores have mean 0
        yield scores, probabilities, rng.normal(size=size)


score_product = Exercise(
    function="score_product",
    cases=list(_score_cases()),
    expected=_weighted(),
    apply=_apply_scores,
    misconceptions=[
        ("you sum over the states; F is the mean over them", _weighted(divisor=lambda states, actions: 1)),
        (
            "all actions count alike with you; each counts as often as the policy takes it",
            _weighted(lambda p: np.full_like(p, 1 / p.shape[1])),
        ),
        (
            "you forgot the probabilities: the sum over the actions is weighted by them",
            _weighted(lambda p: np.ones_like(p)),
        ),
        (
            "your product is 0, as the mean score is: multiply each score by its own ψᵀv, and average then",
            _of_mean_scores,
        ),
        (
            "you multiply number by number, which gives the diagonal of F only: ψᵀv is one number, a sum",
            _weighted(pair=lambda score, v: score * score * v),
        ),
        ("the probabilities come in twice: once is enough", _weighted(lambda p: p**2)),
        (
            "you take the likeliest action alone: F is a mean over all actions",
            _weighted(lambda p: 1.0 * (p == p.max(-1, keepdims=True))),
        ),
        (
            "you divide by the number of actions too: the probabilities make a mean of the sum over them already",
            _weighted(divisor=lambda states, actions: states * actions),
        ),
        (
            "you divide by the number of actions, and sum over the states: it is the other way round, the actions have "
            "their probabilities",
            _weighted(divisor=lambda states, actions: actions),
        ),
        (
            "you forgot the probabilities, and sum over the states: weigh the actions, and average over the states",
            _weighted(lambda p: np.ones_like(p), divisor=lambda states, actions: 1),
        ),
        (
            "you divide by the number of states less one: E is their plain mean",
            _weighted(divisor=lambda states, actions: states - 1),
        ),
        (
            "your actions count alike, and you sum over the states: weigh them by their probabilities, and average",
            _weighted(lambda p: np.full_like(p, 1 / p.shape[1]), divisor=lambda states, actions: 1),
        ),
        (
            "the probabilities come in twice, and you sum over the states",
            _weighted(lambda p: p**2, divisor=lambda states, actions: 1),
        ),
        (
            "you square ψᵀv: the second ψ is the vector that this number multiplies",
            _weighted(pair=lambda score, v: score * sum(score * v) ** 2),
        ),
        ("you take |ψᵀv|: its sign counts", _weighted(pair=lambda score, v: score * abs(sum(score * v)))),
        (
            "your last factor is v, and it should be ψ: F v is a weighted sum of scores",
            _weighted(pair=lambda score, v: v * sum(score * v) ** 2),
        ),
        (
            "you multiply each score by its own squared length, ψᵀψ: the number in the bracket is ψᵀv",
            _weighted(pair=lambda score, v: score * sum(score * score)),
        ),
        (
            "you scale v to length 1: F v is linear in v, so its length counts",
            _weighted(pair=lambda score, v: score * sum(score * v) / np.linalg.norm(v)),
        ),
        (
            "you scale the scores to length 1: their length is what the policy's sensitivity is",
            _weighted(pair=lambda score, v: score * sum(score * v) / sum(score * score)),
        ),
        (
            "v comes in twice, once in ψᵀv and once number by number: the bracket is enough",
            _weighted(pair=lambda score, v: score * sum(score * v) * v),
        ),
        (
            "your v is left out: the bracket is ψᵀv, and not the sum of the score's numbers",
            _weighted(pair=lambda score, v: score * sum(score)),
        ),
        ("you weigh by the roots of the probabilities: by π itself", _weighted(lambda p: p**0.5)),
        ("you weigh by log π: by π itself", _weighted(lambda p: np.log(p))),
        ("you weigh by −log π: by π itself", _weighted(lambda p: -np.log(p))),
        ("you weigh by 1 − π: by π itself", _weighted(lambda p: 1 - p)),
        ("you weigh by −π log π: by π itself", _weighted(lambda p: -p * np.log(p))),
        ("you weigh by 1/π: by π itself", _weighted(lambda p: 1 / p)),
        (
            "you divide the probabilities by their sum over the states, too: for each action they need not add up to 1",
            _weighted(lambda p: p / p.sum(0), divisor=lambda states, actions: 1),
        ),
        (
            "you use the first state alone: average over all states",
            _weighted(used=lambda states: states[:1], divisor=lambda states, actions: 1),
        ),
        (
            "you use the first action of each state alone: sum over all actions, with their probabilities",
            _weighted(used=lambda states: states[:, :1]),
        ),
        (
            "you average scores and probabilities over the states first: F is the mean of the states' products",
            _of_mean_states,
        ),
        *(("you add damping: none is asked for here", _weighted(plus=damping)) for damping in DAMPINGS),
    ],
)


# 8.4, F v by differentiating the KL divergence twice


class LogProbabilities:
    """θ ↦ log π_θ(a|s) of a small network that ends in a softmax, (states, actions); shown by its name."""

    def __init__(self, name: str, states: np.ndarray, hidden: int, actions: int):
        """Remember the states (n, state_dim); hidden = 0 for none."""
        self.__name__, self.states = name, torch.from_numpy(states)
        width = states.shape[1]
        self.shapes = [(width, hidden), (hidden, actions)] if hidden else [(width, actions)]

    @property
    def size(self) -> int:
        """The number of weights."""
        return sum(a * b for a, b in self.shapes)

    def __call__(self, theta: torch.Tensor) -> torch.Tensor:
        """Return log π_θ, (n, actions)."""
        *hidden, last = theta.split([a * b for a, b in self.shapes])
        layer = self.states
        for weights, shape in zip(hidden, self.shapes[:-1], strict=True):
            layer = torch.tanh(layer @ weights.view(shape))
        return torch.log_softmax(layer @ last.view(self.shapes[-1]), dim=-1)


def _curvature_cases():
    rng = np.random.default_rng(83)
    one = LogProbabilities("one_state", np.array([[1.0]]), 0, 2)
    yield one, np.zeros(2), np.array([1.0, 0.0])
    for name, n, hidden, actions in (("linear", 5, 0, 3), ("network", 4, 3, 3), ("network_of_two", 6, 2, 2)):
        log_probs = LogProbabilities(name, rng.normal(size=(n, 2)), hidden, actions)
        yield log_probs, *rng.normal(size=(2, log_probs.size))


def _apply_curvature(answer, log_probs, theta, v):
    result = answer(log_probs, torch.from_numpy(theta), torch.from_numpy(v))
    return result.detach() if isinstance(result, torch.Tensor) else result


def _score_sum(log_probs, theta, v):
    """Return F v from all scores, written out as a table (n, A, p)."""
    theta, v = torch.as_tensor(theta), torch.as_tensor(v)
    scores = torch.autograd.functional.jacobian(log_probs, theta)
    total = torch.zeros_like(v)
    for rows, chances in zip(scores, log_probs(theta).exp(), strict=True):
        for score, chance in zip(rows, chances, strict=True):
            total += chance * score * (score @ v) / len(scores)
    return total


def _twice(function):
    """Return the product with the second derivative of function(log π_θ, a detached copy of it)."""

    def product(log_probs, theta, v):
        def scalar(t):
            new = log_probs(t)
            return function(new, log_probs(torch.as_tensor(theta)))

        hessian = torch.autograd.functional.hessian(scalar, torch.as_tensor(theta))
        return hessian @ torch.as_tensor(v)

    return product


def _altered(change):
    """Return change(F as a table, v)."""

    def product(log_probs, theta, v):
        theta, v = torch.as_tensor(theta), torch.as_tensor(v)
        columns = [_score_sum(log_probs, theta, unit) for unit in torch.eye(len(theta), dtype=torch.float64)]
        return change(torch.stack(columns, dim=1), v)

    return product


def _once(function, at=lambda theta, v: theta):
    """Return the gradient of function(log π_θ, log π_old) at a point of one's own."""

    def gradient(log_probs, theta, v):
        theta, v = torch.as_tensor(theta), torch.as_tensor(v)
        there = at(theta, v).clone().requires_grad_()
        return torch.autograd.grad(function(log_probs(there), log_probs(theta)), there)[0]

    return gradient


def _outer(function):
    """Return g gᵀv for the gradient g of function(log π_θ, log π_old)."""

    def product(log_probs, theta, v):
        gradient = _once(function)(log_probs, theta, v)
        return gradient * (gradient @ torch.as_tensor(v))

    return product


def _kl(new, old):
    return (old.exp() * (old - new)).sum(-1).mean()


curvature_product = Exercise(
    function="curvature_product",
    cases=list(_curvature_cases()),
    expected=_score_sum,
    apply=_apply_curvature,
    misconceptions=[
        (
            "your product is 0 whatever v is. Is the old policy not detached, so that KL(π_θ‖π_θ) = 0 for every θ? Or "
            "do you return a gradient of the KL, which is 0 here? Detach, and differentiate twice",
            _twice(lambda new, old: 0 * new.sum()),
        ),
        (
            "you have −Fv: in KL(old‖new) the weights π_old are detached as well, and the new logarithm has the minus",
            _twice(lambda new, old: (new.exp() * (old - new)).sum(-1).mean()),
        ),
        ("you sum over the states; F is the mean over them", _twice(lambda new, old: (old.exp() * (old - new)).sum())),
        (
            "you average over the actions too: a KL divergence sums over them, the probabilities are its weights",
            _twice(lambda new, old: (old.exp() * (old - new)).mean()),
        ),
        (
            "you average over the actions, and sum over the states: it is the other way round",
            _twice(lambda new, old: (old.exp() * (old - new)).mean(-1).sum()),
        ),
        (
            "your logarithms have no weights: an action counts as often as the old policy takes it",
            _twice(lambda new, old: (old - new).sum(-1).mean()),
        ),
        (
            "your logarithms have no weights, and you average over the actions: weigh them by π_old, and sum",
            _twice(lambda new, old: (old - new).mean()),
        ),
        (
            "your logarithms have no weights, and you sum over the states: weigh them by π_old, and average",
            _twice(lambda new, old: (old - new).sum()),
        ),
        (
            "you weigh by log-probabilities: the weights of a KL divergence are probabilities, old.exp()",
            _twice(lambda new, old: (old * (old - new)).sum(-1).mean()),
        ),
        (
            "the weights come in twice: π_old stands once in front of the logarithms",
            _twice(lambda new, old: (old.exp() ** 2 * (old - new)).sum(-1).mean()),
        ),
        *(
            (
                "you differentiate the entropy of the new policy; the divergence compares it with the old one",
                _twice(lambda new, old, sign=sign: sign * (new.exp() * new).sum(-1).mean()),
            )
            for sign in (1, -1)
        ),
        (
            "you have 2Fv: is it the squared difference of the logarithms that you differentiate, without its ½, or "
            "both KL divergences, added up?",
            _twice(lambda new, old: (old.exp() * (old - new) ** 2).sum(-1).mean()),
        ),
        (
            "you have ½Fv: the second derivative of the KL is F, the ½ belongs to the model ½ΔᵀFΔ",
            _altered(lambda F, v: F @ v / 2),
        ),
        *(
            (
                "your squared differences of the logarithms have no weights: an action counts as often as the old "
                "policy takes it",
                _twice(lambda new, old, half=half: half * ((old - new) ** 2).sum(-1).mean()),
            )
            for half in (1, 0.5)
        ),
        *(
            (
                "you average the squared differences over the actions alike: weigh them by the old policy, and sum",
                _twice(lambda new, old, half=half: half * ((old - new) ** 2).mean()),
            )
            for half in (1, 0.5)
        ),
        *(
            (
                "you differentiate the difference of the probabilities, without logarithms",
                _twice(lambda new, old, half=half: half * ((old.exp() - new.exp()) ** 2).sum(-1).mean()),
            )
            for half in (1, 0.5)
        ),
        *(
            (
                "you differentiate the mean of the probabilities' squared differences, over the actions too: the KL "
                "divergence is a weighted sum of differences of logarithms",
                _twice(lambda new, old, half=half: half * ((old.exp() - new.exp()) ** 2).mean()),
            )
            for half in (1, 0.5)
        ),
        (
            "you differentiate the likeliest action's log π alone: all actions count, weighted by the policy",
            _twice(lambda new, old: -new.max(-1).values.mean()),
        ),
        (
            "you use the first state alone: average over all states",
            _twice(lambda new, old: (old.exp() * (old - new))[0].sum()),
        ),
        (
            "you average the logarithms over the states first: F is the mean of the states' products",
            _twice(lambda new, old: (old.exp().mean(0) * (old - new).mean(0)).sum()),
        ),
        (
            "you have the KL's gradient a whole v away from θ, about Fv only for a tiny v: differentiate twice",
            _once(_kl, at=lambda theta, v: theta + v),
        ),
        (
            "you have the sums of F's rows, times v number by number: multiply the gradient by v before you "
            "differentiate again",
            _altered(lambda F, v: F.sum(1) * v),
        ),
        (
            "v is left out: you differentiate the sum of the gradient's entries, and gradientᵀv is wanted",
            _altered(lambda F, v: F.sum(1)),
        ),
        (
            "you have the diagonal of F times v, number by number: F v needs the rest of it too",
            _altered(lambda F, v: F.diagonal() * v),
        ),
        ("you multiply by F twice: F v is asked for", _altered(lambda F, v: F @ (F @ v))),
        ("you scale v to length 1: F v is linear in v, so its length counts", _altered(lambda F, v: F @ v / v.norm())),
        ("you have F⁻¹v in place of Fv", _altered(lambda F, v: torch.linalg.pinv(F, rtol=1e-10, hermitian=True) @ v)),
        *(
            (
                "you have the product with the outer product of one gradient, in which all scores are added up alike: "
                "F is a mean of outer products, weighted by π",
                _outer(function),
            )
            for function in (
                lambda new, old: new.sum(-1).mean(),
                lambda new, old: new.mean(),
                lambda new, old: new.sum(),
            )
        ),
        (
            "you have the product with the outer product of one gradient, that of the likeliest actions: F is a mean "
            "over all actions",
            _outer(lambda new, old: new.max(-1).values.mean()),
        ),
        (
            "you have the product with the outer product of the entropy's gradient: F is the KL's second derivative",
            _outer(lambda new, old: (new.exp() * new).sum(-1).mean()),
        ),
        *(
            (
                "you add damping, and the text asks for none",
                _altered(lambda F, v, damping=damping: F @ v + damping * v),
            )
            for damping in DAMPINGS
        ),
    ],
)

EXERCISES = {"8.1": search_along, "8.2": next_direction, "8.3": score_product, "8.4": curvature_product}
