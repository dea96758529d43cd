"""Exercises of lesson 09, TRPO. The expected answers are loops over states and lists of candidates."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.finite.mdp import gridworld, random_mdp, random_policy, softmax, two_step_cliff

# 9.1, the full step


def _with_product(answer, s, g, fisher, damping, delta):
    return answer(s, g, lambda v: fisher @ v + damping * v, damping, delta)


def _full_step(s, g, fisher, damping, delta):
    fisher = fisher if isinstance(fisher, np.ndarray) else _matrix(fisher, len(s), damping)
    curvature = sum(fisher[i, j] * s[i] * s[j] for i in range(len(s)) for j in range(len(s)))
    b = np.sqrt(2 * delta / curvature)
    return b * s, b * sum(g * s)


def _matrix(product, size: int, damping: float) -> np.ndarray:
    """Return F from products with F + damping·I."""
    return np.column_stack([product(unit) - damping * unit for unit in np.eye(size)])


def _by_length(length, gain=lambda b, s, g: b * (g @ s)):
    """Return the answer whose b is length(s, g, (F + ξI)s, ξ, δ)."""

    def function(s, g, product, damping, delta):
        b = length(s, g, product(s), damping, delta)
        return b * s, gain(b, s, g)

    return function


def _curved(s, g, Hs, damping, delta):
    return np.sqrt(2 * delta / (s @ Hs - damping * s @ s))


def _along_product(s, g, product, damping, delta):
    x = product(s) - damping * s
    b = np.sqrt(2 * delta / (x @ product(x) - damping * x @ x))
    return b * x, b * g @ x


def _steps():
    yield np.array([1.0, 1.0]), np.array([3.0, 1.0]), np.diag([2.0, 0.5]), 0.0, 0.1
    yield np.array([2.0, 0.0]), np.array([1.0, 0.5]), np.diag([0.3, 0.1]), 0.1, 0.02
    rng = np.random.default_rng(91)
    for damping, delta in ((0.01, 0.01), (1.0, 0.5)):
        root = rng.normal(size=(4, 4))
        fisher, g = root @ root.T / 4, rng.normal(size=4)
        yield np.linalg.solve(fisher + damping * np.eye(4), g), g, fisher, damping, delta


full_step = Exercise(
    function="full_step",
    cases=list(_steps()),
    expected=_full_step,
    apply=_with_product,
    misconceptions=[
        (
            "your curvature is the damped one, sᵀ(F+ξI)s: the step spends only a part of δ. Take ξ sᵀs off",
            _by_length(lambda s, g, Hs, damping, delta: np.sqrt(2 * delta / (s @ Hs))),
        ),
        (
            "the ½ of ½b²·sᵀFs = δ is forgotten: your step costs δ/2",
            _by_length(lambda s, g, Hs, damping, delta: np.sqrt(delta / (s @ Hs - damping * s @ s))),
        ),
        (
            "your length lacks its square root",
            _by_length(lambda s, g, Hs, damping, delta: 2 * delta / (s @ Hs - damping * s @ s)),
        ),
        (
            "you scale s to Euclidean length √(2δ): measure it by F",
            _by_length(lambda s, g, Hs, damping, delta: np.sqrt(2 * delta / (s @ s))),
        ),
        (
            "you take gᵀs for the curvature: that is sᵀFs only if s solves Fs = g exactly, undamped",
            _by_length(lambda s, g, Hs, damping, delta: np.sqrt(2 * delta / (g @ s))),
        ),
        (
            "you take off ξ in place of ξ sᵀs: the damping adds ξs to the product, so ξ sᵀs to the curvature",
            _by_length(lambda s, g, Hs, damping, delta: np.sqrt(2 * delta / np.abs(s @ Hs - damping))),
        ),
        (
            "you take off ξ‖s‖: the damping adds ξ sᵀs = ξ‖s‖²",
            _by_length(
                lambda s, g, Hs, damping, delta: np.sqrt(2 * delta / np.abs(s @ Hs - damping * np.linalg.norm(s)))
            ),
        ),
        (
            "you add the damping once more: the product holds it already, so take it off",
            _by_length(lambda s, g, Hs, damping, delta: np.sqrt(2 * delta / (s @ Hs + damping * s @ s))),
        ),
        (
            "the step is right and the prediction is that of s: it is gᵀ times the whole step, b·s",
            _by_length(_curved, lambda b, s, g: g @ s),
        ),
        (
            "you go back to the plain gradient for the step: its direction is s",
            lambda s, g, product, damping, delta: (lambda b: (b * g, b * g @ g))(
                np.sqrt(2 * delta / (g @ product(g) - damping * g @ g))
            ),
        ),
        ("your direction is F s: s is the direction already", _along_product),
        (
            "your step goes downhill: b is positive",
            _by_length(lambda *args: -_curved(*args)),
        ),
    ],
)

# 9.2, backtracking in the gridworld


def _kl_rows(old, new):
    return np.array([sum(p * np.log(p / q) for p, q in zip(a, b, strict=True)) for a, b in zip(old, new, strict=True)])


def _mean_kl(mdp, old, new):
    rho = mdp.visitation(old)
    return rho @ _kl_rows(old, new) / rho.sum()


def _gain(mdp, old, new, estimate):
    return mdp.visitation(old) @ np.sum(new * estimate, axis=1)


def _backtrack(
    mdp,
    theta,
    step,
    estimate,
    delta,
    *,
    shrink=0.9,
    first=0,
    kl=_mean_kl,
    gain=_gain,
    share=lambda c: 0.1 * c,
    inside=True,
    gains=True,
    failed=lambda theta, last: theta,
    result=lambda logits: logits,
):
    """Return the first of all candidates that passes, from a list of them; the keywords change one of the rules."""
    old = softmax(theta)
    slope = sum(mdp.visitation(old)[:, None] * old * estimate * step).sum()
    passed, last = [], theta
    for k in range(31):
        c = shrink ** (k + first)
        last = theta + c * step
        near = not inside or kl(mdp, old, softmax(last)) <= delta
        kept = not gains or gain(mdp, old, softmax(last), estimate) >= share(c) * slope > 0
        if near and kept:
            passed.append(last)
    return result(passed[0]) if passed else failed(theta, last)


def _changed(**changes):
    return lambda *args: _backtrack(*args, **changes)


def _weighed(weights):
    """Return the mean KL over other weights (mdp, old, new) -> (S,)."""
    return lambda mdp, old, new: weights(mdp, old, new) @ _kl_rows(old, new)


def _normalised(x):
    return x / x.sum()


def _true_gain(mdp, old, new, estimate):
    return mdp.start @ (mdp.value(new) - mdp.value(old))


def _from_whole(mdp, theta, step, estimate, delta):
    """Shrink θ + step as a whole: the candidates walk towards the uniform policy, not towards the old one."""
    old = softmax(theta)
    slope = np.sum(mdp.visitation(old)[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = c * (theta + step)
        inside = _mean_kl(mdp, old, softmax(new)) <= delta
        if inside and _gain(mdp, old, softmax(new), estimate) >= 0.1 * c * slope > 0:
            return new
    return theta


def _searches():
    cliff = two_step_cliff()
    theta = np.array([[np.log(4.0), 0.0]] * 3)
    advantage = cliff.advantage(softmax(theta))
    yield cliff, theta, 0.5 * advantage, advantage, 0.1
    yield cliff, theta, 6.0 * advantage, advantage, 0.1
    yield cliff, theta, -6.0 * advantage, advantage, 0.1
    rng = np.random.default_rng(92)
    for mdp, size, delta in (
        (gridworld(), 40.0, 0.05),
        (random_mdp(rng), 2.0, 0.02),
        (random_mdp(rng), 90.0, 1e-4),
        (random_mdp(rng), 9.0, 0.3),
        (random_mdp(rng), 9.0, 50.0),
    ):
        theta = np.log(random_policy(rng, mdp, 3.0))
        estimate = _noisy(mdp, softmax(theta), rng, 0.3)
        yield mdp, theta, size * _noisy(mdp, softmax(theta), rng, 0.3), estimate, delta
    for seed in (0, 16, 47):  # steps that the surrogate climbs and falls along
        rng = np.random.default_rng(seed)
        mdp = random_mdp(rng, states=3, gamma=0.8)
        theta = np.log(random_policy(rng, mdp, 3.0))
        estimate = _noisy(mdp, softmax(theta), rng, 0.3)
        yield mdp, theta, 2.0 * estimate + 6.0 * rng.normal(size=theta.shape), estimate, 20.0


def _noisy(mdp, pi, rng, size):
    """Return the advantage with an error, centred under the policy, 0 on absorbing states."""
    noise = size * rng.normal(size=pi.shape)
    return mdp.advantage(pi) + mdp.live[:, None] * (noise - np.sum(pi * noise, axis=1, keepdims=True))


backtrack = Exercise(
    function="backtrack",
    cases=list(_searches()),
    expected=_backtrack,
    misconceptions=[
        (
            "when every candidate fails you return the last one; the old logits must come back",
            _changed(failed=lambda theta, last: last),
        ),
        ("you look only at the surrogate: the mean KL must be within delta too", _changed(inside=False)),
        (
            "you look only at the KL: the surrogate must have gained a tenth of what is predicted",
            _changed(gains=False),
        ),
        (
            "you ask for any gain above 0: ask for a tenth of the linear model's",
            _changed(share=lambda c: 1e-300),
        ),
        (
            "you ask for the whole promise: a tenth is enough, for the linear model is only a model",
            _changed(share=lambda c: c),
        ),
        (
            "you compare with a tenth of the full step's prediction: a shorter step promises c times as much",
            _changed(share=lambda c: 0.1),
        ),
        (
            "your KL is KL(new‖old): old comes first",
            _changed(kl=lambda mdp, old, new: _normalised(mdp.visitation(old)) @ _kl_rows(new, old)),
        ),
        (
            "you average the KL over all states alike: weigh them by the old policy's visits",
            _changed(kl=_weighed(lambda mdp, old, new: np.full(len(old), 1 / len(old)))),
        ),
        (
            "you take the largest KL of any state: the constraint is on the mean",
            _changed(kl=lambda mdp, old, new: np.max(_kl_rows(old, new))),
        ),
        (
            "you add the KL over visits, ρ: divide by their sum, the constraint is on the mean",
            _changed(kl=_weighed(lambda mdp, old, new: mdp.visitation(old))),
        ),
        (
            "you weigh the KL by (1−γ)ρ, which adds up to 1 only where no state absorbs: divide by Σρ",
            _changed(kl=_weighed(lambda mdp, old, new: (1 - mdp.gamma) * mdp.visitation(old))),
        ),
        (
            "you average the KL over the new policy's visits: the batch comes from the old policy",
            _changed(kl=_weighed(lambda mdp, old, new: _normalised(mdp.visitation(new)))),
        ),
        (
            "your gain is over the new policy's visits: the surrogate keeps the old ones",
            _changed(gain=lambda mdp, old, new, estimate: mdp.visitation(new) @ np.sum(new * estimate, axis=1)),
        ),
        (
            "you measure the true return: TRPO can't, it would need new episodes. Use the estimate's surrogate",
            _changed(gain=_true_gain),
        ),
        (
            "your gain is averaged over visits and the prediction is added up over them: use ρ for both",
            _changed(gain=lambda mdp, old, new, est: _gain(mdp, old, new, est) / mdp.visitation(old).sum()),
        ),
        ("you halve: shrink by 0.9", _changed(shrink=0.5)),
        ("you never try the full step: begin with c = 1", _changed(first=1)),
        (
            "you return probabilities: return logits",
            _changed(result=softmax, failed=lambda theta, last: softmax(theta)),
        ),
        (
            "you shrink the logits together with the step: candidates are θ + c·step",
            _from_whole,
        ),
    ],
)

# 9.3, the penalty that makes the same step


def _penalty(delta, g, F):
    values, vectors = np.linalg.eigh(F)
    squared = sum((v @ g) ** 2 / value for value, v in zip(values, vectors.T, strict=True) if value > 1e-9)
    return np.sqrt(squared / (2 * delta))


def _penalties():
    yield 0.02, np.array([3.0, 4.0]), np.eye(2)
    yield 0.5, np.array([1.0, 1.0]), np.diag([4.0, 0.5])
    rng = np.random.default_rng(93)
    root = rng.normal(size=(3, 3))
    yield 0.01, 1e3 * rng.normal(size=3), root @ root.T + np.eye(3)
    p, advantage = rng.dirichlet(np.ones(4)), rng.normal(size=4)
    yield 0.1, p * (advantage - p @ advantage), np.diag(p) - np.outer(p, p)


def _squared(g, F):
    return _penalty(0.5, g, F) ** 2


penalty_for = Exercise(
    function="penalty_for",
    cases=list(_penalties()),
    expected=_penalty,
    misconceptions=[
        (
            "the ½ of ½ΔᵀFΔ = δ is forgotten: your penalty is √2 times too large",
            lambda delta, g, F: np.sqrt(_squared(g, F) / delta),
        ),
        (
            "yours is upside down: √(2δ/gᵀF⁻¹g) is the step's length b, and β is one over it",
            lambda delta, g, F: np.sqrt(2 * delta / _squared(g, F)),
        ),
        ("your square root is missing: gᵀF⁻¹g/2δ is β²", lambda delta, g, F: _squared(g, F) / (2 * delta)),
        (
            "you read the map the wrong way round: gᵀF⁻¹g/(2β²) gives δ for a β, and δ is given here",
            lambda delta, g, F: _squared(g, F) / (2 * delta**2),
        ),
        ("you measure g by F: its length is gᵀF⁻¹g", lambda delta, g, F: np.sqrt(g @ F @ g / (2 * delta))),
        ("you measure g by Euclid: its length is gᵀF⁻¹g", lambda delta, g, F: np.sqrt(g @ g / (2 * delta))),
        (
            "you return the promised gain √(2δ gᵀF⁻¹g); the price is that divided by 2δ",
            lambda delta, g, F: np.sqrt(2 * delta * _squared(g, F)),
        ),
        (
            "you have twice the price: the gain's slope in δ, not gain over δ",
            lambda delta, g, F: 2 * _penalty(delta, g, F),
        ),
        (
            "you divide by the diagonal of F alone: what moves together is in the rest of it",
            lambda delta, g, F: np.sqrt(g @ (g / np.diag(F)) / (2 * delta)),
        ),
        (
            "you add something to F to invert it: take the pseudo-inverse, for g has no part where F is 0",
            lambda delta, g, F: np.sqrt(g @ np.linalg.solve(F + 1e-3 * np.eye(len(g)), g) / (2 * delta)),
        ),
        (
            "you return the step in place of the penalty's weight",
            lambda delta, g, F: np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g / _penalty(delta, g, F),
        ),
    ],
)

# 9.4, the largest KL and the mean one


def _max_and_mean(mdp, old, new):
    rho = mdp.visitation(old)
    rows = [0.0 if ends else kl for ends, kl in zip(mdp.absorbing, _kl_rows(old, new), strict=True)]
    return max(rows), sum(r * kl for r, kl in zip(rho, rows, strict=True)) / sum(rho)


def _pairs():
    cliff = two_step_cliff()
    yield cliff, np.array([[0.8, 0.2]] * 3), np.array([[0.5, 0.5], [0.9, 0.1], [0.01, 0.99]])
    rng = np.random.default_rng(94)
    for mdp in (gridworld(), random_mdp(rng), gridworld()):
        yield mdp, random_policy(rng, mdp, 3.0), random_policy(rng, mdp, 3.0)


def _over(weights, rows=lambda mdp, old, new: mdp.live * _kl_rows(old, new)):
    """Return (largest of the rows, their sum over weights (mdp, old, new) -> (S,))."""

    def function(mdp, old, new):
        kl = rows(mdp, old, new)
        return np.max(kl), weights(mdp, old, new) @ kl

    return function


def _visits(mdp, old, new):
    return _normalised(mdp.visitation(old))


max_and_mean_kl = Exercise(
    function="max_and_mean_kl",
    cases=list(_pairs()),
    expected=_max_and_mean,
    misconceptions=[
        (
            "your KL is KL(new‖old): old comes first",
            _over(_visits, lambda mdp, old, new: mdp.live * _kl_rows(new, old)),
        ),
        (
            "your mean is plain, over all states: weigh them by the old policy's visits",
            _over(lambda mdp, old, new: np.full(len(old), 1 / len(old))),
        ),
        (
            "your mean is plain, over the live states: weigh them by the old policy's visits",
            _over(lambda mdp, old, new: _normalised(mdp.live)),
        ),
        (
            "your mean is a sum over visits ρ: divide by Σρ",
            _over(lambda mdp, old, new: mdp.visitation(old)),
        ),
        (
            "you weigh by (1−γ)ρ, which adds up to 1 only where no state absorbs: divide by Σρ",
            _over(lambda mdp, old, new: (1 - mdp.gamma) * mdp.visitation(old)),
        ),
        (
            "you average over the new policy's visits: the batch comes from the old policy",
            _over(lambda mdp, old, new: _normalised(mdp.visitation(new))),
        ),
        ("your mean is that of the start states: weigh by all visits", _over(lambda mdp, old, new: mdp.start)),
        (
            "your largest KL is that of a state that absorbs: nothing is decided there, mdp.live is 0",
            _over(_visits, lambda mdp, old, new: _kl_rows(old, new)),
        ),
        (
            "your logarithm has base 2: the book counts in nats",
            _over(_visits, lambda mdp, old, new: mdp.live * _kl_rows(old, new) / np.log(2)),
        ),
        (
            "you have total variation; KL is asked for",
            _over(_visits, lambda mdp, old, new: mdp.live * np.abs(old - new).sum(axis=1) / 2),
        ),
        (
            "your largest is that of visits times KL: the maximum is over states, however rarely visited",
            lambda mdp, old, new: (
                np.max(_visits(mdp, old, new) * _kl_rows(old, new)),
                _max_and_mean(mdp, old, new)[1],
            ),
        ),
        ("the two are swapped: first the largest, then the mean", lambda *args: _max_and_mean(*args)[::-1]),
    ],
)

EXERCISES = {"9.1": full_step, "9.2": backtrack, "9.3": penalty_for, "9.4": max_and_mean_kl}
