"""Exercises of lesson 07, Fisher and natural gradient. The expected answers sum over actions and samples by loops."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise

# 7.1, the Fisher matrix of a softmax


def _scores(p):
    """Return the scores e_a − p in the logits, one row for each action."""
    return np.eye(len(p)) - p


def _outer_sum(weights, rows):
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for weight, row in zip(weights, rows, strict=True):
        total += weight * np.outer(row, row)
    return total


def _covariance(p):
    return _outer_sum(p, _scores(p))


fisher_softmax = Exercise(
    function="fisher_softmax",
    cases=[
        (np.array([0.8, 0.2]),),
        (np.array([0.5, 0.3, 0.2]),),
        (np.array([0.0, 1.0, 0.0]),),
        *[(np.random.default_rng(seed).dirichlet(np.ones(n)),) for seed, n in ((71, 4), (72, 6))],
    ],
    expected=_covariance,
    misconceptions=[
        ("you have diag(p): the scores are e_a − p, not e_a, so p pᵀ is missing", np.diag),
        (
            "everything beside your diagonal is 0: what one action gains the others lose, so −p_a·p_b stands there",
            lambda p: np.diag(p * (1 - p)),
        ),
        (
            "you have diag(1/p), the matrix in the probabilities; the coordinates here are logits",
            lambda p: np.diag(1 / p),
        ),
        (
            "you average as if all actions were equally likely: weigh each by its probability",
            lambda p: _outer_sum(np.full(len(p), 1 / len(p)), _scores(p)),
        ),
        (
            "you add up over the actions without their probabilities",
            lambda p: _outer_sum(np.ones(len(p)), _scores(p)),
        ),
        ("you add p pᵀ: it must be subtracted", lambda p: np.diag(p) + np.outer(p, p)),
        (
            "you have p pᵀ − diag(p), the Hessian of log π: the Fisher matrix is minus its mean",
            lambda p: -_covariance(p),
        ),
        ("`np.diag(p) - p` takes p from every row: p pᵀ is np.outer(p, p)", lambda p: np.diag(p) - p),
        (
            "you average the scores first, and their mean is 0: multiply first, average afterwards",
            lambda p: np.outer(p @ _scores(p), p @ _scores(p)),
        ),
    ],
)


# 7.2, the Fisher matrix of a network


def _network_fisher(jacobian, p):
    return _mean_over_states(jacobian, p, _covariance)


def _mean_over_states(jacobian, p, metric):
    return sum(J.T @ metric(row) @ J for J, row in zip(jacobian, p, strict=True)) / len(p)


def _networks():
    rng = np.random.default_rng(73)
    for states, actions, weights in ((1, 2, 2), (2, 3, 2), (5, 3, 4), (8, 4, 6)):
        yield rng.normal(size=(states, actions, weights)), rng.dirichlet(np.ones(actions), size=states)


def _empirical(weight):
    """Return the mean outer product of the score of one chosen action a state, weighted."""

    def function(jacobian, p):
        rows = [_scores(q)[q.argmax()] @ J for J, q in zip(jacobian, p, strict=True)]
        return _outer_sum([weight(q) / len(p) for q in p], np.array(rows))

    return function


def _of_means(jacobian, p):
    J, q = jacobian.mean(axis=0), p.mean(axis=0)
    return J.T @ _covariance(q) @ J


gauss_newton = Exercise(
    function="gauss_newton",
    cases=list(_networks()),
    expected=_network_fisher,
    misconceptions=[
        (
            "you have the mean of JᵀJ: it measures how far the logits move, not the policy. "
            "Put M = diag(p) − p pᵀ in between",
            lambda J, p: _mean_over_states(J, p, lambda q: np.eye(len(q))),
        ),
        ("your M is diag(p): subtract p pᵀ", lambda J, p: _mean_over_states(J, p, np.diag)),
        ("you add up over the states: take the mean", lambda J, p: len(p) * _network_fisher(J, p)),
        (
            "you divide by states times actions: M already averages over the actions, only the states are left",
            lambda J, p: _network_fisher(J, p) / p.shape[1],
        ),
        (
            "you average J and p over the states first: the mean is taken of the products JᵀMJ",
            _of_means,
        ),
        (
            "you use the likeliest action only: the Fisher matrix averages over all actions, by their probabilities",
            _empirical(lambda q: 1.0),
        ),
        (
            "you use the likeliest action only, weighed by its probability: the other actions are missing",
            _empirical(np.max),
        ),
        (
            "your M is that of the probabilities, diag(1/p): J is the Jacobian of logits",
            lambda J, p: _mean_over_states(J, p, lambda q: np.diag(1 / q)),
        ),
        (
            "your sign is that of the Hessian of log π: the Fisher matrix is minus its mean",
            lambda J, p: -_network_fisher(J, p),
        ),
        (
            "you keep the blocks of the states apart: return one matrix, their mean",
            lambda J, p: np.array([j.T @ _covariance(q) @ j for j, q in zip(J, p, strict=True)]),
        ),
    ],
)


# 7.3, the natural step


def _pinv(fisher):
    """Return F⁺ by its eigenvectors."""
    values, vectors = np.linalg.eigh(fisher)
    return sum(np.outer(v, v) / value for value, v in zip(values, vectors.T, strict=True) if value > 1e-9)


def _natural_step(gradient, fisher, delta):
    direction = _pinv(fisher) @ gradient
    return np.sqrt(2 * delta / (gradient @ direction)) * direction


def _steps():
    rng = np.random.default_rng(74)
    yield np.array([3.0, 4.0]), np.eye(2), 0.02
    yield np.array([1.0, 1.0]), np.diag([4.0, 1.0]), 0.5
    root = rng.normal(size=(3, 3))
    yield rng.normal(size=3), root @ root.T + np.eye(3), 0.01
    for p in (np.array([0.5, 0.5]), rng.dirichlet(np.ones(4))):
        advantage = rng.normal(size=len(p))
        yield p * (advantage - p @ advantage), _covariance(p), 0.1


def _scaled(direction_of, length_of):
    def function(gradient, fisher, delta):
        x = direction_of(gradient, fisher)
        return x * length_of(x, gradient, fisher, delta)

    return function


def _natural(gradient, fisher):
    return _pinv(fisher) @ gradient


def _plain(gradient, fisher):
    return gradient


def _to_budget(x, gradient, fisher, delta):
    return np.sqrt(2 * delta / (x @ fisher @ x))


natural_step = Exercise(
    function="natural_step",
    cases=list(_steps()),
    expected=_natural_step,
    misconceptions=[
        (
            "the ½ of ½ΔᵀFΔ = δ is forgotten: your step costs δ/2",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(d / (x @ F @ x))),
        ),
        ("you return F⁺g itself: scale it to the edge of the trust region", _scaled(_natural, lambda *args: 1.0)),
        (
            "you scale the step to Euclidean length √(2δ): measure it by F, as ΔᵀFΔ",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(2 * d) / np.linalg.norm(x)),
        ),
        (
            "you have the right length along the plain gradient g; the direction is F⁺g",
            _scaled(_plain, _to_budget),
        ),
        (
            "you scale the plain gradient to length √(2δ): F is used nowhere",
            _scaled(_plain, lambda x, g, F, d: np.sqrt(2 * d) / np.linalg.norm(x)),
        ),
        ("you multiply by F; the direction is F⁺g", _scaled(lambda g, F: F @ g, _to_budget)),
        (
            "your length lacks its square root: 2δ/gᵀF⁺g must be rooted",
            _scaled(_natural, lambda x, g, F, d: 2 * d / (x @ F @ x)),
        ),
        ("your step goes downhill: we maximise, so Δ = +F⁺g/ν", lambda *args: -_natural_step(*args)),
        (
            "you measure the length by gᵀg in place of gᵀF⁺g",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(2 * d / (g @ g))),
        ),
        (
            "your length is upside down: √(gᵀF⁺g/2δ) is ν, and the step is F⁺g divided by it",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(x @ F @ x / (2 * d))),
        ),
        (
            "you divide by the diagonal of F alone: what moves together is in the rest of it",
            _scaled(lambda g, F: g / np.diag(F), _to_budget),
        ),
    ],
)


# 7.4, regression of advantages on scores


def _regression(scores, chance, advantage):
    gradient = sum(c * a * row for c, a, row in zip(chance, advantage, scores, strict=True))
    return _pinv(_outer_sum(chance, scores)) @ gradient


def _samples():
    rng = np.random.default_rng(75)

    def table(p, visits):
        """Scores of a tabular softmax with these rows, chances d(s)π(a|s), and centred advantages."""
        states, actions = p.shape
        scores = np.zeros((states, actions, states, actions))
        for s in range(states):
            scores[s, :, s, :] = _scores(p[s])
        advantage = rng.normal(size=p.shape)
        advantage -= np.sum(p * advantage, axis=1, keepdims=True)
        return scores.reshape(p.size, p.size), (visits[:, None] * p).ravel(), advantage.ravel()

    yield table(np.array([[0.5, 0.5]]), np.ones(1))
    yield table(rng.dirichlet(np.ones(3), size=2), np.array([0.9, 0.1]))
    for states, actions, weights in ((3, 2, 2), (6, 3, 4)):
        scores, chance, advantage = table(rng.dirichlet(np.ones(actions), size=states), rng.dirichlet(np.ones(states)))
        yield scores @ rng.normal(size=(states * actions, weights)), chance, advantage  # shared parameters


def _least_squares(rows, targets):
    return np.linalg.lstsq(rows, targets, rcond=1e-10)[0]


compatible_weights = Exercise(
    function="compatible_weights",
    cases=list(_samples()),
    expected=_regression,
    misconceptions=[
        (
            "you fit all pairs alike: weigh each squared error by its chance",
            lambda scores, chance, advantage: _least_squares(scores, advantage),
        ),
        (
            "you multiply the rows by the chance, so the squares carry chance²: multiply by its square root",
            lambda scores, chance, advantage: _least_squares(chance[:, None] * scores, chance * advantage),
        ),
        (
            "you weigh the scores and forget the advantages: both sides of the regression need the root of the chance",
            lambda scores, chance, advantage: _least_squares(np.sqrt(chance)[:, None] * scores, advantage),
        ),
        (
            "you return the plain gradient Σ chance·A·score: it must still be multiplied by F⁺",
            lambda scores, chance, advantage: scores.T @ (chance * advantage),
        ),
        (
            "you return the fitted advantages, scores @ w; return w",
            lambda scores, chance, advantage: scores @ _regression(scores, chance, advantage),
        ),
        (
            "your F is Σ ψψᵀ without the chances",
            lambda scores, chance, advantage: _pinv(scores.T @ scores) @ scores.T @ (chance * advantage),
        ),
        (
            "you weigh by one over the chance",
            lambda scores, chance, advantage: _regression(scores, 1 / chance, advantage),
        ),
        ("you have −w: the regression is on +A", lambda *args: -_regression(*args)),
        (
            "you use A² where A belongs",
            lambda scores, chance, advantage: _regression(scores, chance, advantage**2),
        ),
        (
            "you divide by the diagonal of F alone, as if the scores' entries were uncorrelated",
            lambda scores, chance, advantage: scores.T @ (chance * advantage) / (chance @ scores**2),
        ),
    ],
)

EXERCISES = {"7.1": fisher_softmax, "7.2": gauss_newton, "7.3": natural_step, "7.4": compatible_weights}
