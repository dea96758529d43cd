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
        (
            "you subtract the number pᵀp everywhere: p pᵀ is a matrix, np.outer(p, p)",
            lambda p: np.diag(p) - p @ p,
        ),
        (
            "you have the identity on the diagonal: it is diag(p) − p pᵀ",
            lambda p: np.eye(len(p)) - np.outer(p, p),
        ),
        ("you have p pᵀ alone: it is subtracted from diag(p)", lambda p: np.outer(p, p)),
        (
            "you have the matrix of the scores, e_a − p in row a: average their outer products",
            _scores,
        ),
        (
            "`p * p` is no matrix: it takes p_b² from column b, and p pᵀ is np.outer(p, p)",
            lambda p: np.diag(p) - p * p,
        ),
        (
            "you square the scores entry by entry: each needs its outer product with itself",
            lambda p: p[:, None] * _scores(p) ** 2,
        ),
        (
            "you multiply both scores of the product by p, so the chances are squared: weigh one of them",
            lambda p: _outer_sum(p**2, _scores(p)),
        ),
        (
            "your entries are p_a(1 − p_b), which is right on the diagonal only: beside it stands −p_a·p_b",
            lambda p: np.outer(p, 1 - p),
        ),
        ("you square p on the diagonal, so it is 0: it is diag(p) − p pᵀ", lambda p: np.diag(p**2) - np.outer(p, p)),
        (
            "what stands beside your diagonal is +p_a·p_b: what one action gains the others lose, so it is negative",
            lambda p: np.abs(_covariance(p)),
        ),
        (
            "you divide by the number of actions: the probabilities are the weights already",
            lambda p: _covariance(p) / len(p),
        ),
        ("your ½ belongs to the KL, ½ΔᵀFΔ: F itself has none", lambda p: _covariance(p) / 2),
        ("you have twice the Fisher matrix", lambda p: 2 * _covariance(p)),
        (
            "you take the probabilities for logits, and the softmax of them: p is given as it is",
            lambda p: _covariance(np.exp(p) / np.exp(p).sum()),
        ),
        (
            "you have diag(1/p) − 1, made of probabilities below the line: the coordinates here are logits",
            lambda p: np.diag(1 / p) - 1,
        ),
        (
            "you have diag(√p) in place of diag(p)",
            lambda p: np.diag(np.sqrt(p)) - np.outer(p, p),
        ),
        (
            "you divide by A − 1, as a sample's covariance does: the means are over the probabilities",
            lambda p: _outer_sum(np.full(len(p), 1 / (len(p) - 1)), _scores(p)),
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


def _centred(mean_of, weights=lambda p: p):
    """Return the mean over states of Σ_a weights·(J_a − mean)(J_a − mean)ᵀ, with a mean `mean_of(jacobian, p)`."""

    def function(jacobian, p):
        rows = jacobian - mean_of(jacobian, p)
        return np.einsum("sa,sak,sal->kl", weights(p), rows, rows) / len(p)

    return function


def _mean_jacobian(jacobian, p):
    return np.einsum("sa,sak->sk", p, jacobian)[:, None, :]


def _state_by_state(jacobian, p):
    return [J.T @ _covariance(row) @ J for J, row in zip(jacobian, p, strict=True)]


def _of_means(jacobian, p):
    J, q = jacobian.mean(axis=0), p.mean(axis=0)
    return J.T @ _covariance(q) @ J


gauss_newton = Exercise(
    function="gauss_newton",
    cases=list(_networks()),
    expected=_network_fisher,
    misconceptions=[
        (
            "you have the mean of BᵀB: it measures how far the logits move, not the policy. "
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
            "you average B and p over the states first: the mean is taken of the products BᵀMB",
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
            "your M is that of the probabilities, diag(1/p): B is the Jacobian of logits",
            lambda J, p: _mean_over_states(J, p, lambda q: np.diag(1 / q)),
        ),
        (
            "your sign is that of the Hessian of log π: the Fisher matrix is minus its mean",
            lambda J, p: -_network_fisher(J, p),
        ),
        (
            "you average the Jacobians before the product: the mean is taken of the products BᵀMB",
            lambda J, p: (
                J.mean(axis=0).T
                @ _mean_over_states(np.tile(np.eye(p.shape[1]), (len(p), 1, 1)), p, _covariance)
                @ J.mean(axis=0)
            ),
        ),
        (
            "your M is that of the mean policy, the same in all states: each state has its own",
            lambda J, p: _mean_over_states(J, p, lambda q: _covariance(p.mean(axis=0))),
        ),
        (
            "you average M over the states before the product: each state has its own, and the mean is taken of BᵀMB",
            lambda J, p: _mean_over_states(J, p, lambda q: sum(map(_covariance, p)) / len(p)),
        ),
        (
            "you have BMBᵀ, which fits only where there are as many weights as actions: it is BᵀMB",
            lambda J, p: sum(j @ _covariance(q) @ j.T for j, q in zip(J, p, strict=True)) / len(p),
        ),
        (
            "you weigh the scores of all actions alike: each counts with its probability",
            _centred(_mean_jacobian, lambda p: np.full_like(p, 1 / p.shape[1])),
        ),
        (
            "you add up the scores' products without the probabilities",
            _centred(_mean_jacobian, np.ones_like),
        ),
        (
            "you apply M twice, or weigh the scores by p²: it is BᵀMB, and the probabilities stand in it once",
            lambda J, p: _mean_over_states(J, p, lambda q: _covariance(q) @ _covariance(q)),
        ),
        (
            "you average the scores first, and their mean is 0: multiply first, average afterwards",
            lambda J, p: np.zeros((J.shape[2], J.shape[2])),
        ),
        (
            "you take off the mean over the states: a score takes off the mean over the actions, weighed by p",
            _centred(lambda jacobian, p: jacobian.mean(axis=0)),
        ),
        (
            "you take off the plain mean over the actions: in a score it is weighed by the probabilities",
            _centred(lambda jacobian, p: jacobian.mean(axis=1, keepdims=True)),
        ),
        (
            "you take off the plain mean over the actions, and weigh them alike: both go by the probabilities",
            _centred(
                lambda jacobian, p: jacobian.mean(axis=1, keepdims=True), lambda p: np.full_like(p, 1 / p.shape[1])
            ),
        ),
        (
            "you keep the diagonal alone: what moves together stands beside it",
            lambda J, p: np.diag(np.diag(_network_fisher(J, p))),
        ),
        (
            "you keep the last state alone: add up over the states",
            lambda J, p: _state_by_state(J, p)[-1],
        ),
        (
            "you keep the last state alone, divided by the number of states: add up first",
            lambda J, p: _state_by_state(J, p)[-1] / len(p),
        ),
        (
            "you keep the first state alone, divided by the number of states: is the return inside the loop?",
            lambda J, p: _state_by_state(J, p)[0] / len(p),
        ),
        ("you keep the first state alone: is the return inside the loop?", lambda J, p: _state_by_state(J, p)[0]),
        (
            "you add p pᵀ in your M: it must be subtracted",
            lambda J, p: _mean_over_states(J, p, lambda q: np.diag(q) + np.outer(q, q)),
        ),
        (
            "your M is p pᵀ alone: it is diag(p) − p pᵀ",
            lambda J, p: _mean_over_states(J, p, lambda q: np.outer(q, q)),
        ),
        (
            "everything beside the diagonal of your M is 0: −p_a·p_b stands there",
            lambda J, p: _mean_over_states(J, p, lambda q: np.diag(q * (1 - q))),
        ),
        (
            "your M is `np.diag(p) - p`, which takes p from every row: p pᵀ is np.outer(p, p)",
            lambda J, p: _mean_over_states(J, p, lambda q: np.diag(q) - q),
        ),
        (
            "your M is the matrix of the scores, I − p in each row: it is diag(p) − p pᵀ",
            lambda J, p: _mean_over_states(J, p, _scores),
        ),
        (
            "you take the probabilities for logits, and the softmax of them: p is given as it is",
            lambda J, p: _network_fisher(J, np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)),
        ),
        (
            "two things at once: your M is diag(p), without − p pᵀ, and you add up over the states",
            lambda J, p: len(p) * _mean_over_states(J, p, np.diag),
        ),
        (
            "two things at once: M is missing, and you add up over the states",
            lambda J, p: np.einsum("sak,sal->kl", J, J),
        ),
        ("your ½ belongs to the KL, ½ΔᵀFΔ: F itself has none", lambda J, p: _network_fisher(J, p) / 2),
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


def _by_gradient(x, gradient, fisher, delta):
    return np.sqrt(2 * delta / (gradient @ x))


def _root_of(fisher):
    """Return the symmetric root of F."""
    values, vectors = np.linalg.eigh(fisher)
    return vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T


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
        *[
            (
                f"you damp F by {damping:g}, which turns the direction: take F⁺, which needs no damping",
                _scaled(lambda g, F, damping=damping: np.linalg.solve(F + damping * np.eye(len(F)), g), length),
            )
            for damping in (1.0, 0.1, 0.01, 1e-3, 1e-4)
            for length in (_to_budget, _by_gradient)
        ],
        (
            "your root covers 2δ alone: gᵀF⁺g stands under it too",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(2 * d) / (x @ F @ x)),
        ),
        (
            "your root covers gᵀF⁺g alone: 2δ stands under it too",
            _scaled(_natural, lambda x, g, F, d: 2 * d / np.sqrt(x @ F @ x)),
        ),
        (
            "your length is δ where √(2δ) belongs: ½ΔᵀFΔ = δ, so ΔᵀFΔ = 2δ, and that is a square",
            _scaled(_natural, lambda x, g, F, d: d / np.sqrt(x @ F @ x)),
        ),
        (
            "your length is √δ/2: from ½ΔᵀFΔ = δ follows ΔᵀFΔ = 2δ",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(d / 2 / (x @ F @ x))),
        ),
        (
            "δ is left out of your length: √(2δ/gᵀF⁺g)",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(2 / (x @ F @ x))),
        ),
        (
            "you scale F⁺g to the length 1 in F's measure: its cost must be δ",
            _scaled(_natural, lambda x, g, F, d: 1 / np.sqrt(x @ F @ x)),
        ),
        (
            "you measure the step by F⁺: its cost is ½ΔᵀFΔ, with F itself",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(2 * d / (x @ _pinv(F) @ x))),
        ),
        (
            "you measure the gradient by F: the cost of the step F⁺g is gᵀF⁺g",
            _scaled(_natural, lambda x, g, F, d: np.sqrt(2 * d / (g @ F @ g))),
        ),
        (
            "you scale the step to Euclidean length δ: measure it by F, as ΔᵀFΔ",
            _scaled(_natural, lambda x, g, F, d: d / np.linalg.norm(x)),
        ),
        (
            "you take δ for the learning rate, δ·F⁺g: the step must cost δ",
            _scaled(_natural, lambda x, g, F, d: d),
        ),
        (
            "you apply F⁺ twice: the direction is F⁺g",
            _scaled(lambda g, F: _pinv(F) @ _pinv(F) @ g, _to_budget),
        ),
        (
            "you have the root of F⁺ in your direction: it is F⁺g",
            _scaled(lambda g, F: _pinv(_root_of(F)) @ g, _to_budget),
        ),
        (
            "you invert the entries of F one by one: the inverse of a matrix is another thing",
            _scaled(lambda g, F: (1 / F) @ g, lambda x, g, F, d: np.sqrt(2 * d / abs(x @ F @ x))),
        ),
        (
            "two things at once: your direction is Fg, and your length forgets the ½ of ½ΔᵀFΔ = δ",
            _scaled(lambda g, F: F @ g, lambda x, g, F, d: np.sqrt(d / (x @ F @ x))),
        ),
        (
            "two things at once: your step goes downhill, and its length forgets the ½ of ½ΔᵀFΔ = δ",
            _scaled(_natural, lambda x, g, F, d: -np.sqrt(d / (x @ F @ x))),
        ),
        (
            "two things at once: your direction is the plain gradient, and your length forgets the ½ of ½ΔᵀFΔ = δ",
            _scaled(_plain, lambda x, g, F, d: np.sqrt(d / (x @ F @ x))),
        ),
        (
            "two things at once: your length lacks its square root, and its 2",
            _scaled(_natural, lambda x, g, F, d: d / (x @ F @ x)),
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
    for chance in (rng.dirichlet(np.ones(7)), np.append(rng.dirichlet(np.ones(6)), 0.0)):
        yield rng.normal(size=(7, 3)), chance, rng.normal(0.5, 2.0, 7)  # neither of which is centred


def _least_squares(rows, targets):
    return np.linalg.lstsq(rows, targets, rcond=1e-10)[0]


def _ridge(scores, chance, advantage, ridge):
    fisher = _outer_sum(chance, scores)
    return np.linalg.solve(fisher + ridge * np.eye(len(fisher)), scores.T @ (chance * advantage))


def _longer(scores, chance, advantage):
    """Return the minimiser with 1 added to each weight, where that changes no fitted value."""
    rows = np.sqrt(chance)[:, None] * scores
    unseen = np.eye(scores.shape[1]) - _pinv(rows.T @ rows) @ rows.T @ rows
    return _regression(scores, chance, advantage) + unseen.sum(axis=1)


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
            lambda scores, chance, advantage: _regression(scores, np.where(chance > 0, 1 / chance, 0), advantage),
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
        (
            "you weigh the advantages and forget the scores: both sides of the regression need the root of the chance",
            lambda scores, chance, advantage: _least_squares(scores, np.sqrt(chance) * advantage),
        ),
        (
            "you weigh the scores by the chance and forget the advantages: both sides need its root",
            lambda scores, chance, advantage: _least_squares(chance[:, None] * scores, advantage),
        ),
        (
            "you weigh the scores by the chance and the advantages by its root: both sides need the root",
            lambda scores, chance, advantage: _least_squares(chance[:, None] * scores, np.sqrt(chance) * advantage),
        ),
        (
            "you weigh the scores by the root of the chance and the advantages by the chance itself: both sides need "
            "the root",
            lambda scores, chance, advantage: _least_squares(np.sqrt(chance)[:, None] * scores, chance * advantage),
        ),
        *[
            (
                f"you add a ridge of {ridge:g}: the shortest minimiser needs none, take the pseudo-inverse or `lstsq`",
                lambda scores, chance, advantage, ridge=ridge: _ridge(scores, chance, advantage, ridge),
            )
            for ridge in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-6)
        ],
        (
            "the right side of your equation lacks the chances: it is Σ chance·A·score",
            lambda scores, chance, advantage: _pinv(_outer_sum(chance, scores)) @ scores.T @ advantage,
        ),
        (
            "the right side of your equation is a plain mean over the pairs: it is Σ chance·A·score",
            lambda scores, chance, advantage: _pinv(_outer_sum(chance, scores)) @ scores.T @ advantage / len(advantage),
        ),
        (
            "your F is the plain mean of ψψᵀ, without the chances",
            lambda scores, chance, advantage: _pinv(scores.T @ scores / len(scores)) @ scores.T @ (chance * advantage),
        ),
        (
            "you standardise the advantages: fit them as they are",
            lambda scores, chance, advantage: _regression(
                scores, chance, (advantage - advantage.mean()) / advantage.std()
            ),
        ),
        (
            "you divide the advantages by their standard deviation: fit them as they are",
            lambda scores, chance, advantage: _regression(scores, chance, advantage / advantage.std()),
        ),
        (
            "you take the plain mean off the advantages: fit them as they are",
            lambda scores, chance, advantage: _regression(scores, chance, advantage - advantage.mean()),
        ),
        (
            "you take the plain mean off the scores: fit them as they are",
            lambda scores, chance, advantage: _regression(scores - scores.mean(axis=0), chance, advantage),
        ),
        (
            "you use |A| where A belongs",
            lambda scores, chance, advantage: _regression(scores, chance, np.abs(advantage)),
        ),
        (
            "you divide by the number of pairs: the chances add up to 1 already",
            lambda scores, chance, advantage: _regression(scores, chance, advantage) / len(advantage),
        ),
        (
            "you multiply by the number of pairs: the chances add up to 1 already",
            lambda scores, chance, advantage: _regression(scores, chance, advantage) * len(advantage),
        ),
        (
            "you return w divided by its length: return w itself",
            lambda scores, chance, advantage: (
                _regression(scores, chance, advantage) / np.linalg.norm(_regression(scores, chance, advantage))
            ),
        ),
        (
            "you return the errors of the fit, scores @ w − A: return w",
            lambda scores, chance, advantage: scores @ _regression(scores, chance, advantage) - advantage,
        ),
        (
            "you return the plain gradient without the chances, Σ A·score: weigh it, and multiply it by F⁺",
            lambda scores, chance, advantage: scores.T @ advantage,
        ),
        (
            "you multiply the gradient by F: it must be multiplied by F⁺",
            lambda scores, chance, advantage: _outer_sum(chance, scores) @ scores.T @ (chance * advantage),
        ),
        (
            "you fit a constant beside the scores, and return its weight too: the scores alone are fitted",
            lambda scores, chance, advantage: _regression(
                np.column_stack([scores, np.ones(len(scores))]), chance, advantage
            ),
        ),
        (
            "you fit a constant beside the scores: the scores alone are fitted",
            lambda scores, chance, advantage: _regression(
                np.column_stack([scores, np.ones(len(scores))]), chance, advantage
            )[:-1],
        ),
        (
            "your w is a minimiser, but not the shortest: leave out what the scores can't tell, as `lstsq` does",
            _longer,
        ),
        (
            "two things at once: your sign is wrong, and you fit all pairs alike",
            lambda scores, chance, advantage: -_least_squares(scores, advantage),
        ),
    ],
)

EXERCISES = {"7.1": fisher_softmax, "7.2": gauss_newton, "7.3": natural_step, "7.4": compatible_weights}
