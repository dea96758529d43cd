"""Exercises of lesson 08: the two moves of conjugate gradients, and two products with a Fisher matrix.

The expected answers are loops over single numbers, and sums of single scores, apart from the library.
"""

from __future__ import annotations

import numpy as np
import torch

from trpobook.exercises.checks import Exercise


def _spd(rng, n: int) -> np.ndarray:
    m = rng.normal(size=(n, n))
    return m @ m.T + np.eye(n)


# 8.1, the lowest point along a direction


def _apply_search(answer, matrix, x, r, p):
    F = torch.from_numpy(matrix)
    return answer(lambda v: F @ v, *(torch.from_numpy(a) for a in (x, r, p)))


def _times(matvec, p) -> np.ndarray:
    if isinstance(matvec, np.ndarray):
        return matvec @ np.asarray(p)
    return matvec(torch.as_tensor(p)).numpy()


def _searching(length=lambda r, p, Fp: (r @ p) / (p @ Fp), residual=lambda r, step, p, Fp: r - step * Fp):
    """Return the search with a length and a residual of one's own."""

    def search(matvec, x, r, p):
        Fp, x, r, p = _times(matvec, p), *(np.array(a) for a in (x, r, p))
        step = length(r, p, Fp)
        return x + step * p, residual(r, step, p, Fp)

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
    for n in (2, 3, 6):
        yield _spd(rng, n), *rng.normal(size=(3, n))


search_along = Exercise(
    function="search_along",
    cases=list(_search_cases()),
    expected=_lowest,
    apply=_apply_search,
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
    ],
)


# 8.2, the next direction


def _apply_direction(answer, r_new, r, p):
    return answer(*(torch.from_numpy(a) for a in (r_new, r, p)))


def _direction(ratio=lambda new, old: new / old, start=lambda r_new, r: r_new, sign=1.0):
    """Return start + sign·ratio·p with the squared norms of the residuals, by loops."""

    def direction(r_new, r, p):
        r_new, r, p = (np.asarray(a) for a in (r_new, r, p))
        new, old = (sum(float(a) ** 2 for a in residual) for residual in (r_new, r))
        return start(r_new, r) + sign * ratio(new, old) * p

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


next_direction = Exercise(
    function="next_direction",
    cases=list(_direction_cases()),
    expected=_direction(),
    apply=_apply_direction,
    misconceptions=[
        ("your β is upside down: new rᵀr over old", _direction(lambda new, old: old / new)),
        (
            "you leave p out: the bare residual as direction is steepest descent, zigzag and all",
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
    ],
)


# 8.3, F v from scores


def _apply_scores(answer, *arrays):
    return answer(*map(torch.from_numpy, arrays))


def _weighted(weights=lambda p: p, states=lambda n: n, pair=lambda score, v: score * sum(score * v)):
    """Return the mean over states of the weighted sum over actions of pair(score, v)."""

    def product(scores, probabilities, v):
        scores, probabilities, v = (np.asarray(a) for a in (scores, probabilities, v))
        chances = weights(probabilities)
        total = np.zeros_like(v)
        for rows, row_chances in zip(scores, chances, strict=True):
            for score, chance in zip(rows, row_chances, strict=True):
                total = total + chance * pair(score, v)
        return total / states(len(scores))

    return product


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
        ("you sum over the states; F is the mean over them", _weighted(states=lambda n: 1)),
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
        ("the probabilities come in twice", _weighted(lambda p: p**2)),
        (
            "you take the likeliest action alone: F is a mean over all actions",
            _weighted(lambda p: 1.0 * (p == p.max(-1, keepdims=True))),
        ),
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


curvature_product = Exercise(
    function="curvature_product",
    cases=list(_curvature_cases()),
    expected=_score_sum,
    apply=_apply_curvature,
    misconceptions=[
        (
            "your product is 0 whatever v is. Either the old policy is not detached, and KL(π_θ‖π_θ) = 0 for every θ; "
            "or you return a gradient of the KL, which is 0 here: detach, and differentiate twice",
            _twice(lambda new, old: 0 * new.sum()),
        ),
        (
            "you have −Fv: the weights π_old in front of the logarithms must be detached as well",
            _twice(lambda new, old: (new.exp() * (old - new)).sum(-1).mean()),
        ),
        ("you sum over the states; F is the mean over them", _twice(lambda new, old: (old.exp() * (old - new)).sum())),
        (
            "you average over the actions too: a KL divergence sums over them, the probabilities are its weights",
            _twice(lambda new, old: (old.exp() * (old - new)).mean()),
        ),
        (
            "your logarithms have no weights: an action counts as often as the old policy takes it",
            _twice(lambda new, old: (old - new).sum(-1).mean()),
        ),
        (
            "you differentiate the entropy of the new policy; the divergence compares it with the old one",
            _twice(lambda new, old: -(new.exp() * new).sum(-1).mean()),
        ),
        (
            "you differentiate the mean squared difference of the logarithms: twice what you look for",
            _twice(lambda new, old: (old.exp() * (old - new) ** 2).sum(-1).mean()),
        ),
        (
            "you differentiate the difference of the probabilities, without logarithms",
            _twice(lambda new, old: ((old.exp() - new.exp()) ** 2).sum(-1).mean()),
        ),
    ],
)

EXERCISES = {"8.1": search_along, "8.2": next_direction, "8.3": score_product, "8.4": curvature_product}
