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


def _stepping(
    curvature=lambda s, g, F, damping: s @ F @ s,
    length=lambda delta, curvature: np.sqrt(2 * delta / curvature),
    direction=lambda s, g, F: s,
    promise=lambda b, d, s, g, delta: b * (g @ d),
):
    """Return the pair (b·d, promise) with a curvature, a length, a direction d and a promise of one's own."""

    def function(s, g, product, damping, delta):
        F = _matrix(product, len(s), damping)
        b = length(delta, np.abs(curvature(s, g, F, damping)))
        d = direction(s, g, F)
        return b * d, promise(b, d, s, g, delta)

    return function


def _damped(s, g, F, damping):
    return s @ F @ s + damping * s @ s


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
    parts=("step", "promise"),
    misconceptions=[
        (
            "your curvature is the damped one, sᵀ(F+ξI)s: the step spends only a part of δ. Take ξ sᵀs off",
            _stepping(_damped),
        ),
        (
            "the ½ of ½b²·sᵀFs = δ is forgotten: your step costs δ/2",
            _stepping(length=lambda delta, curvature: np.sqrt(delta / curvature)),
        ),
        (
            "the ½ of ½b²·sᵀFs = δ stands on the wrong side: your step costs δ/4",
            _stepping(length=lambda delta, curvature: np.sqrt(delta / (2 * curvature))),
        ),
        (
            "the 2 stands outside the root with you: b = √(2δ/sᵀFs)",
            _stepping(length=lambda delta, curvature: 2 * np.sqrt(delta / curvature)),
        ),
        (
            "your length lacks its square root: b = √(2δ/sᵀFs)",
            _stepping(length=lambda delta, curvature: 2 * delta / curvature),
        ),
        (
            "your length lacks its square root, and the 2 of 2δ",
            _stepping(length=lambda delta, curvature: delta / curvature),
        ),
        (
            "your root covers 2δ alone: sᵀFs stands under it too",
            _stepping(length=lambda delta, curvature: np.sqrt(2 * delta) / curvature),
        ),
        (
            "your root covers sᵀFs alone: 2δ stands under it too",
            _stepping(length=lambda delta, curvature: 2 * delta / np.sqrt(curvature)),
        ),
        (
            "your length is upside down: b is √(2δ/sᵀFs), and the penalty's weight is one over it",
            _stepping(length=lambda delta, curvature: np.sqrt(curvature / (2 * delta))),
        ),
        (
            "your length lacks δ: the larger the region, the longer the step",
            _stepping(length=lambda delta, curvature: np.sqrt(2 / curvature)),
        ),
        (
            "you take s as it is: its length must be chosen so that the step costs δ",
            _stepping(length=lambda delta, curvature: 1.0),
        ),
        ("your length is δ itself: b = √(2δ/sᵀFs)", _stepping(length=lambda delta, curvature: delta)),
        (
            "your curvature is the damped one, and the ½ of ½b²·sᵀFs = δ is forgotten: take ξ sᵀs off, and double δ",
            _stepping(_damped, lambda delta, curvature: np.sqrt(delta / curvature)),
        ),
        (
            "your curvature is the damped one, and your length lacks its square root: take ξ sᵀs off, and the root",
            _stepping(_damped, lambda delta, curvature: 2 * delta / curvature),
        ),
        (
            "you scale s to Euclidean length √(2δ): measure it by F",
            _stepping(lambda s, g, F, damping: s @ s),
        ),
        (
            "you scale s to Euclidean length δ: measure it by F, which gives b = √(2δ/sᵀFs)",
            _stepping(lambda s, g, F, damping: s @ s, lambda delta, squared: delta / np.sqrt(squared)),
        ),
        (
            "you take gᵀs for the curvature: that is sᵀFs only if s solves Fs = g exactly, undamped",
            _stepping(lambda s, g, F, damping: g @ s),
        ),
        (
            "you take gᵀs − ξ sᵀs for the curvature: that is sᵀFs only if s solves (F+ξI)s = g exactly. Ask `product`",
            _stepping(lambda s, g, F, damping: g @ s - damping * s @ s),
        ),
        (
            "you take off ξ in place of ξ sᵀs: the damping adds ξs to the product, so ξ sᵀs to the curvature",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) - damping),
        ),
        (
            "you take off ξ‖s‖: the damping adds ξ sᵀs = ξ‖s‖²",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) - damping * np.linalg.norm(s)),
        ),
        (
            "you take ξ off every entry of the product: the damping adds ξs, to each entry its own part",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) - damping * s.sum()),
        ),
        (
            "you take off ξ² sᵀs: the damping adds ξ sᵀs",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) - damping**2 * s @ s),
        ),
        (
            "you take off ½ξ sᵀs: the damping adds ξ sᵀs to the curvature",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) - damping * s @ s / 2),
        ),
        (
            "you take ξ sᵀg off: the damping adds ξ sᵀs",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) - damping * s @ g),
        ),
        (
            "you divide by 1 + ξ: the damping doesn't scale the curvature, it adds ξ sᵀs",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) / (1 + damping)),
        ),
        (
            "you add the damping once more: the product holds it already, so take it off",
            _stepping(lambda s, g, F, damping: _damped(s, g, F, damping) + damping * s @ s),
        ),
        (
            "you take ξ sᵀs off twice: the product holds it once",
            _stepping(lambda s, g, F, damping: s @ F @ s - damping * s @ s),
        ),
        (
            "your curvature is the squared length of Fs: it is sᵀFs",
            _stepping(lambda s, g, F, damping: s @ F @ F @ s),
        ),
        (
            "your curvature is the squared length of the damped product: it is sᵀFs",
            _stepping(lambda s, g, F, damping: np.sum((F @ s + damping * s) ** 2)),
        ),
        (
            "your curvature is gᵀFs: s stands on both sides",
            _stepping(lambda s, g, F, damping: g @ F @ s),
        ),
        (
            "you measure the curvature along g: the step goes along s",
            _stepping(lambda s, g, F, damping: g @ F @ g),
        ),
        (
            "you measure the damped curvature along g: the step goes along s, and ξ sᵀs comes off",
            _stepping(lambda s, g, F, damping: g @ F @ g + damping * g @ g),
        ),
        (
            "your prediction is that of s: it is gᵀ times the whole step, b·s",
            _stepping(promise=lambda b, d, s, g, delta: g @ d),
        ),
        (
            "you take δ off the promise: it is linear, gᵀ(bs), and the KL costs nothing in it",
            _stepping(promise=lambda b, d, s, g, delta: b * (g @ d) - delta),
        ),
        (
            "your promise is √(2δ gᵀs): that is gᵀ(bs) only if s solves Fs = g exactly, undamped",
            _stepping(promise=lambda b, d, s, g, delta: np.sqrt(2 * delta * abs(g @ s))),
        ),
        (
            "your promise is half of gᵀ(bs): the linear model has no ½",
            _stepping(promise=lambda b, d, s, g, delta: b * (g @ d) / 2),
        ),
        (
            "b comes twice in your promise: it is gᵀ times the step, which holds b already",
            _stepping(promise=lambda b, d, s, g, delta: b**2 * (g @ d)),
        ),
        (
            "your promise is sᵀ(bs): it is the gradient that is multiplied by the step",
            _stepping(promise=lambda b, d, s, g, delta: b * (s @ d)),
        ),
        (
            "your promise is the product of two lengths, ‖g‖ and ‖bs‖: it is the scalar product",
            _stepping(promise=lambda b, d, s, g, delta: b * np.linalg.norm(g) * np.linalg.norm(d)),
        ),
        (
            "your promise is the length of the gradient: it is gᵀ(bs)",
            _stepping(promise=lambda b, d, s, g, delta: g @ g),
        ),
        ("your promise is δ: that is what the step costs", _stepping(promise=lambda b, d, s, g, delta: delta)),
        (
            "your promise is 2δ, as (bs)ᵀF(bs) is: it is gᵀ(bs)",
            _stepping(promise=lambda b, d, s, g, delta: 2 * delta),
        ),
        (
            "you go back to the plain gradient for the step: its direction is s",
            _stepping(lambda s, g, F, damping: g @ F @ g, direction=lambda s, g, F: g),
        ),
        (
            "you scale the gradient by b: the direction of the step is s",
            _stepping(direction=lambda s, g, F: g),
        ),
        (
            "you scale the gradient by b, and promise sᵀ times that: the step is b·s, the promise gᵀ(bs)",
            _stepping(direction=lambda s, g, F: g, promise=lambda b, d, s, g, delta: b * (s @ g)),
        ),
        (
            "your direction is F s: s is the direction already",
            _stepping(lambda s, g, F, damping: s @ F @ F @ F @ s, direction=lambda s, g, F: F @ s),
        ),
        (
            "your step goes downhill: b is positive",
            _stepping(length=lambda delta, curvature: -np.sqrt(2 * delta / curvature)),
        ),
    ],
)

# 9.2, backtracking in the gridworld


def _kl_rows(old, new):
    return np.sum(old * np.log(old / new), axis=1)


def _mean_kl(mdp, old, new):
    rho = mdp.visitation(old)
    return rho @ _kl_rows(old, new) / rho.sum()


def _slope(rho, old, estimate, step):
    return np.sum(rho[:, None] * old * estimate * step)


def _backtrack(
    mdp,
    theta,
    step,
    estimate,
    delta,
    *,
    scale=lambda k: 0.9**k,
    tries=31,
    kl=lambda mdp, rho, old, new: rho @ _kl_rows(old, new) / rho.sum(),
    gain=lambda mdp, rho, old, new, estimate: rho @ np.sum(new * estimate, axis=1),
    slope=_slope,
    judged=lambda mdp, old, estimate: estimate,
    inside=lambda divergence, delta: divergence <= delta,
    enough=lambda gain, c, slope: gain >= 0.1 * c * slope > 0,
    best=None,
    piled=False,
    failed=lambda theta, step, last: theta,
    result=lambda logits, theta: logits,
):
    """Return the first candidate that passes; the keywords change one of the rules.

    best: (gain, c) -> number, where not the first but the one with the largest such number is returned.
    """
    old = softmax(theta)
    rho, estimate = mdp.visitation(old), judged(mdp, old, estimate)
    promised, last, passed = slope(rho, old, estimate, step), theta, []
    for k in range(tries):
        c = scale(k)
        last = (last if piled else theta) + c * step
        new = softmax(last)
        gained = gain(mdp, rho, old, new, estimate)
        if inside(kl(mdp, rho, old, new), delta) and enough(gained, c, promised):
            passed.append((last, gained, c))
            if best is None:
                break
    if not passed:
        return failed(theta, step, last)
    return result(max(passed, key=lambda each: best(*each[1:]) if best else 0)[0], theta)


def _changed(**changes):
    return lambda *args: _backtrack(*args, **changes)


def _weighed(weights, rows=_kl_rows):
    """Return the mean KL over other weights (mdp, ρ, old, new) -> (S,), or of other rows."""
    return lambda mdp, rho, old, new: weights(mdp, rho, old, new) @ rows(old, new)


def _visited(mdp, rho, old, new):
    return rho / rho.sum()


def _normalised(x):
    return x / x.sum()


def _true_gain(mdp, rho, old, new, estimate):
    return mdp.start @ (mdp.value(new) - mdp.value(old))


def _new_visits_gain(mdp, rho, old, new, estimate):
    return mdp.visitation(new) @ np.sum(new * estimate, axis=1)


def _from_whole(mdp, theta, step, estimate, delta):
    """Shrink θ + step as a whole: the candidates walk towards the uniform policy, not towards the old one."""
    old = softmax(theta)
    rho = mdp.visitation(old)
    for k in range(31):
        c = 0.9**k
        new = softmax(c * (theta + step))
        gain = rho @ np.sum(new * estimate, axis=1)
        if _mean_kl(mdp, old, new) <= delta and gain >= 0.1 * c * _slope(rho, old, estimate, step) > 0:
            return c * (theta + step)
    return theta


def _searches():
    cliff = two_step_cliff()
    theta = np.array([[np.log(4.0), 0.0]] * 3)
    advantage = cliff.advantage(softmax(theta))
    yield cliff, theta, 0.5 * advantage, advantage, 0.1
    yield cliff, theta, 6.0 * advantage, advantage, 0.1
    yield cliff, theta, -6.0 * advantage, advantage, 0.1
    yield cliff, theta, -60.0 * advantage, advantage, 50.0  # far downhill, where the loss flattens
    for k in (29.5, 30.5):  # only the last candidate is near enough, and not even that one
        near = softmax(theta + 0.9**k * 60.0 * advantage)
        yield cliff, theta, 60.0 * advantage, advantage, _mean_kl(cliff, softmax(theta), near)
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
    rng = np.random.default_rng(95)
    mdp = random_mdp(rng)
    theta = np.log(random_policy(rng, mdp, 3.0))
    estimate = _noisy(mdp, softmax(theta), rng, 0.3)
    for size in (50.0, 240.0):  # so far that the gain is a small share of what is promised
        yield mdp, theta, size * estimate, estimate, 1e3
    for seed in (0, 10, 16, 47):  # steps that the surrogate climbs and falls along
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
            _changed(failed=lambda theta, step, last: last),
        ),
        (
            "when every candidate fails you return the full step; the old logits must come back",
            _changed(failed=lambda theta, step, last: theta + step),
        ),
        (
            "when every candidate fails you return zeros; the old logits must come back",
            _changed(failed=lambda theta, step, last: 0 * theta),
        ),
        (
            "you look only at the surrogate: the mean KL must be within delta too",
            _changed(inside=lambda divergence, delta: True),
        ),
        (
            "you look only at the KL: the surrogate must have gained a tenth of what is predicted",
            _changed(enough=lambda gain, c, slope: True),
        ),
        ("you take the whole step, without a look at KL or surrogate", lambda mdp, theta, step, *rest: theta + step),
        *(
            ("you ask for any gain above 0: ask for a tenth of the linear model's", _changed(enough=enough))
            for enough in (
                lambda gain, c, slope: gain > 0,
                lambda gain, c, slope: gain >= 0,
                lambda gain, c, slope: gain > 0 and slope > 0,
            )
        ),
        (
            "you don't ask for a positive promise: where the linear model promises a loss, no step is taken",
            _changed(enough=lambda gain, c, slope: gain >= 0.1 * c * slope),
        ),
        (
            "you take |ℓ|: where the linear model promises a loss, no step is taken",
            _changed(enough=lambda gain, c, slope: gain >= 0.1 * c * abs(slope)),
        ),
        (
            "you ask for the whole promise: a tenth is enough, for the linear model is only a model",
            _changed(enough=lambda gain, c, slope: gain >= c * slope > 0),
        ),
        (
            "you ask for half the promise: a tenth is enough",
            _changed(enough=lambda gain, c, slope: gain >= 0.5 * c * slope > 0),
        ),
        (
            "you ask for nine tenths of the promise: a tenth is enough",
            _changed(enough=lambda gain, c, slope: gain >= 0.9 * c * slope > 0),
        ),
        (
            "you compare with a tenth of the full step's prediction: a shorter step promises c times as much",
            _changed(enough=lambda gain, c, slope: gain >= 0.1 * slope > 0),
        ),
        (
            "you compare with the full step's whole promise: a tenth of c·ℓ is enough",
            _changed(enough=lambda gain, c, slope: gain >= slope > 0),
        ),
        (
            "your KL is KL(new‖old): old comes first",
            _changed(kl=_weighed(_visited, lambda old, new: _kl_rows(new, old))),
        ),
        (
            "your KL is KL(new‖old), averaged over all states alike: old comes first, and visits weigh",
            _changed(
                kl=_weighed(lambda mdp, rho, old, new: np.full(len(old), 1 / len(old)), lambda o, n: _kl_rows(n, o))
            ),
        ),
        (
            "you average the KL over all states alike: weigh them by the old policy's visits",
            _changed(kl=_weighed(lambda mdp, rho, old, new: np.full(len(old), 1 / len(old)))),
        ),
        (
            "you average the KL over the live states alike: weigh them by the old policy's visits",
            _changed(kl=_weighed(lambda mdp, rho, old, new: _normalised(mdp.live))),
        ),
        (
            "you take the largest KL of any state: the constraint is on the mean",
            _changed(kl=lambda mdp, rho, old, new: np.max(_kl_rows(old, new))),
        ),
        (
            "you add the KL over visits, ρ: divide by their sum, the constraint is on the mean",
            _changed(kl=_weighed(lambda mdp, rho, old, new: rho)),
        ),
        (
            "you add the KL of all states up: average it, weighted by the old policy's visits",
            _changed(kl=_weighed(lambda mdp, rho, old, new: np.ones(len(old)))),
        ),
        (
            "you weigh the KL by (1−γ)ρ, which adds up to 1 only where no state absorbs: divide by Σρ",
            _changed(kl=_weighed(lambda mdp, rho, old, new: (1 - mdp.gamma) * rho)),
        ),
        (
            "you average the KL over the start states: weigh it by all visits of the old policy",
            _changed(kl=_weighed(lambda mdp, rho, old, new: mdp.start)),
        ),
        (
            "you average the KL over the new policy's visits: the batch comes from the old policy",
            _changed(kl=_weighed(lambda mdp, rho, old, new: _normalised(mdp.visitation(new)))),
        ),
        (
            "you average the KL, and add up the gain, over the new policy's visits: both keep the old ones",
            _changed(kl=_weighed(lambda mdp, rho, old, new: _normalised(mdp.visitation(new))), gain=_new_visits_gain),
        ),
        (
            "you measure total variation; the constraint is on the KL",
            _changed(kl=_weighed(_visited, lambda old, new: np.abs(new - old).sum(axis=1) / 2)),
        ),
        *(
            (
                "you measure the KL by a quadratic model: the line search is there to measure it exactly",
                _changed(kl=_weighed(_visited, rows)),
            )
            for rows in (
                lambda old, new: ((new - old) ** 2 / old).sum(axis=1) / 2,
                lambda old, new: (old * np.log(new / old) ** 2).sum(axis=1) / 2,
            )
        ),
        (
            "your KL is in bits: the book counts in nats",
            _changed(kl=_weighed(_visited, lambda old, new: _kl_rows(old, new) / np.log(2))),
        ),
        (
            "you compare the KL with 2δ: with δ itself",
            _changed(inside=lambda divergence, delta: divergence <= 2 * delta),
        ),
        (
            "you compare the KL with δ/2: with δ itself",
            _changed(inside=lambda divergence, delta: divergence <= delta / 2),
        ),
        (
            "you shrink until the KL is at least delta: it must be at most delta",
            _changed(inside=lambda divergence, delta: divergence >= delta),
        ),
        (
            "your gain is over the new policy's visits: the surrogate keeps the old ones",
            _changed(gain=_new_visits_gain),
        ),
        (
            "you measure the true return: TRPO can't, it would need new episodes. Use the estimate's surrogate",
            _changed(gain=_true_gain),
        ),
        (
            "you put the true advantage in place of the estimate: TRPO has the estimate only",
            _changed(judged=lambda mdp, old, estimate: mdp.advantage(old)),
        ),
        (
            "you put Q in place of the estimate: L is about the estimate that is given",
            _changed(judged=lambda mdp, old, estimate: mdp.action_value(old)),
        ),
        (
            "your gain is averaged over visits and the prediction is added up over them: use ρ for both",
            _changed(gain=lambda mdp, rho, old, new, est: rho @ np.sum(new * est, axis=1) / rho.sum()),
        ),
        (
            "your gain is added up over visits and the prediction is averaged over them: use ρ for both",
            _changed(slope=lambda rho, old, estimate, step: _slope(rho / rho.sum(), old, estimate, step)),
        ),
        (
            "your gain lacks ρ: states count as often as the old policy visits them",
            _changed(gain=lambda mdp, rho, old, new, estimate: np.sum(new * estimate)),
        ),
        (
            "your gain lacks the policy: weigh the estimate by the candidate's probabilities",
            _changed(gain=lambda mdp, rho, old, new, estimate: rho @ np.sum(estimate, axis=1)),
        ),
        (
            "your ℓ lacks ρ: states count as often as the old policy visits them",
            _changed(slope=lambda rho, old, estimate, step: np.sum(old * estimate * step)),
        ),
        (
            "your ℓ lacks π_old: the actions count as often as the old policy takes them",
            _changed(slope=lambda rho, old, estimate, step: np.sum(rho[:, None] * estimate * step)),
        ),
        (
            "your ℓ lacks ρ and π_old: both weigh it",
            _changed(slope=lambda rho, old, estimate, step: np.sum(estimate * step)),
        ),
        *(
            ("you shrink by another factor than 0.9", _changed(scale=lambda k, shrink=shrink: shrink**k))
            for shrink in (0.8, 0.7, 0.75, 0.95, 0.99)
        ),
        ("you halve: shrink by 0.9", _changed(scale=lambda k: 0.5**k)),
        *(
            ("you shrink in equal steps: c is a power of 0.9", _changed(scale=scale, tries=tries))
            for scale, tries in (
                (lambda k: 1 - k / 30, 31),
                (lambda k: 1 - k / 31, 31),
                (lambda k: 1 - 0.1 * k, 31),
                (lambda k: 1 - 0.1 * k, 10),
                (lambda k: 1 - 0.1 * k, 11),
            )
        ),
        ("you divide the step by 1, 2, 3 and so on: c is a power of 0.9", _changed(scale=lambda k: 1 / (k + 1))),
        ("you never try the full step: begin with c = 1", _changed(scale=lambda k: 0.9 ** (k + 1))),
        ("your first k is 1: begin with 0, the full step", _changed(scale=lambda k: 0.9 ** (k + 1), tries=30)),
        (
            "you try one candidate too few: k runs from 0 to 30, which makes 31",
            _changed(tries=30),
        ),
        ("you try one candidate too many: k runs from 0 to 30, which makes 31", _changed(tries=32)),
        ("you give up too early: there are 31 candidates, k = 0 to 30", _changed(tries=10)),
        (
            "you take the best of the candidates that pass: the first, which is the longest, is asked for",
            _changed(best=lambda gain, c: gain),
        ),
        *(
            (
                "you take the candidate with the best gain for its length: the first that passes is asked for",
                _changed(best=lambda gain, c: gain / c, enough=enough),
            )
            for enough in (lambda gain, c, slope: gain > 0, lambda gain, c, slope: gain >= 0.1 * c * slope > 0)
        ),
        (
            "you take the shortest of the candidates that pass: the first, which is the longest, is asked for",
            _changed(best=lambda gain, c: -c),
        ),
        (
            "you add each try to the one before: every candidate begins at theta",
            _changed(piled=True),
        ),
        (
            "you return c·step: the new logits are theta + c·step",
            _changed(result=lambda logits, theta: logits - theta, failed=lambda theta, step, last: 0 * theta),
        ),
        (
            "you return probabilities: return logits",
            _changed(result=lambda logits, theta: softmax(logits), failed=lambda theta, step, last: softmax(theta)),
        ),
        (
            "you return log-probabilities: the same policy, but theta + c·step are the logits asked for",
            _changed(
                result=lambda logits, theta: np.log(softmax(logits)),
                failed=lambda theta, step, last: np.log(softmax(theta)),
            ),
        ),
        (
            "you shrink the logits together with the step: candidates are θ + c·step",
            _from_whole,
        ),
        (
            "you go down the step: candidates are θ + c·step",
            lambda mdp, theta, step, *rest: _backtrack(mdp, theta, -step, *rest),
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
    yield 0.25, np.array([2e-3, 1e-3]), np.diag([4e-6, 1e-6])
    yield 0.08, np.array([3.0, 0.0]), np.diag([2.0, 0.0])
    rng = np.random.default_rng(93)
    root = rng.normal(size=(3, 3))
    yield 0.01, 1e3 * rng.normal(size=3), root @ root.T + np.eye(3)
    for p, advantage in (
        (np.array([0.5, 0.25, 0.25]), np.array([1.0, -3.0, 2.0])),
        (np.array([0.5, 0.25, 0.125, 0.125]), np.array([-2.0, 1.0, 0.0, 4.0])),
    ):
        yield 0.1, p * (advantage - p @ advantage), np.diag(p) - np.outer(p, p)


def _squared(g, F):
    return _penalty(0.5, g, F) ** 2


def _of(formula):
    """Return the function formula(gᵀF⁻¹g, δ)."""
    return lambda delta, g, F: formula(_squared(g, F), delta)


def _measured(measure):
    """Return √(measure(g, F)/2δ)."""
    return lambda delta, g, F: np.sqrt(measure(g, F) / (2 * delta))


def _natural(g, F):
    return np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g


penalty_for = Exercise(
    function="penalty_for",
    cases=list(_penalties()),
    expected=_penalty,
    misconceptions=[
        (
            "the ½ of ½ΔᵀFΔ = δ is forgotten: your penalty is √2 times too large",
            _of(lambda squared, delta: np.sqrt(squared / delta)),
        ),
        (
            "yours is upside down: √(2δ/gᵀF⁻¹g) is the step's length b, and β is one over it",
            _of(lambda squared, delta: np.sqrt(2 * delta / squared)),
        ),
        ("your square root is missing: gᵀF⁻¹g/2δ is β²", _of(lambda squared, delta: squared / (2 * delta))),
        (
            "your square root is missing, and the 2 of 2δ",
            _of(lambda squared, delta: squared / delta),
        ),
        (
            "you read the map the wrong way round: gᵀF⁻¹g/(2β²) gives δ for a β, and δ is given here",
            _of(lambda squared, delta: squared / (2 * delta**2)),
        ),
        (
            "your root covers gᵀF⁻¹g alone: 2δ stands under it too",
            _of(lambda squared, delta: np.sqrt(squared) / (2 * delta)),
        ),
        (
            "your root covers gᵀF⁻¹g alone, and the 2 is missing: 2δ stands under it",
            _of(lambda squared, delta: np.sqrt(squared) / delta),
        ),
        (
            "your root covers 2δ alone: gᵀF⁻¹g stands under it too",
            _of(lambda squared, delta: squared / np.sqrt(2 * delta)),
        ),
        ("δ is missing: β is √(gᵀF⁻¹g/2δ)", _of(lambda squared, delta: np.sqrt(squared))),
        ("δ is missing in your denominator, 2δ", _of(lambda squared, delta: np.sqrt(squared / 2))),
        (
            "you multiply by δ: the wider the region, the smaller the penalty, so δ divides",
            _of(lambda squared, delta: np.sqrt(squared * delta)),
        ),
        (
            "you multiply by δ/2: the wider the region, the smaller the penalty, so 2δ divides",
            _of(lambda squared, delta: np.sqrt(squared * delta / 2)),
        ),
        (
            "you return gᵀF⁻¹g itself: divide it by 2δ, and take the root",
            _of(lambda squared, delta: squared),
        ),
        ("you square δ under the root: there it is 2δ", _of(lambda squared, delta: np.sqrt(squared / (2 * delta**2)))),
        ("you measure g by F: its length is gᵀF⁻¹g", _measured(lambda g, F: g @ F @ g)),
        ("you measure g by Euclid: its length is gᵀF⁻¹g", _measured(lambda g, F: g @ g)),
        (
            "you measure F⁻¹g by Euclid: in gᵀF⁻¹g there is one F⁻¹",
            _measured(lambda g, F: _natural(g, F) @ _natural(g, F)),
        ),
        (
            "you measure Fg by Euclid: in gᵀF⁻¹g there is one F⁻¹, and no F",
            _measured(lambda g, F: np.sum((F @ g) ** 2)),
        ),
        (
            "you add up the entries of F⁻¹g: multiply them by g first, gᵀF⁻¹g",
            _measured(lambda g, F: abs(_natural(g, F).sum())),
        ),
        (
            "you have the length ‖F⁻¹g‖ in place of gᵀF⁻¹g",
            _measured(lambda g, F: np.linalg.norm(_natural(g, F))),
        ),
        (
            "you have the length ‖g‖ in place of gᵀF⁻¹g",
            _measured(lambda g, F: np.linalg.norm(g)),
        ),
        (
            "you invert F entry by entry: F⁻¹ is the inverse matrix",
            _measured(lambda g, F: abs(g @ np.divide(1, F, out=np.zeros_like(F), where=F != 0) @ g)),
        ),
        (
            "you divide by the mean of F's diagonal: gᵀF⁻¹g needs the inverse of the matrix",
            _measured(lambda g, F: g @ g / np.diag(F).mean()),
        ),
        (
            "you divide by the largest eigenvalue of F: gᵀF⁻¹g needs the inverse of the matrix",
            _measured(lambda g, F: g @ g / np.linalg.eigvalsh(F)[-1]),
        ),
        (
            "you return the promised gain √(2δ gᵀF⁻¹g); the price is that divided by 2δ",
            _of(lambda squared, delta: np.sqrt(2 * delta * squared)),
        ),
        (
            "you have twice the price: the gain's slope in δ, not gain over δ",
            _of(lambda squared, delta: 2 * np.sqrt(squared / (2 * delta))),
        ),
        (
            "you have half of β: it is the weight of (β/2)·ΔᵀFΔ, and the ½ belongs to the penalty, not to β",
            _of(lambda squared, delta: np.sqrt(squared / (2 * delta)) / 2),
        ),
        (
            "you have −β: a penalty's weight is the positive root",
            _of(lambda squared, delta: -np.sqrt(squared / 2 / delta)),
        ),
        (
            "you divide by the diagonal of F alone: what moves together is in the rest of it",
            _measured(lambda g, F: np.sum(np.divide(g * g, np.diag(F), out=0 * g, where=np.diag(F) != 0))),
        ),
        *(
            (
                "you add something to F to invert it: take the pseudo-inverse, for g has no part where F is 0",
                _measured(lambda g, F, damping=damping: g @ np.linalg.solve(F + damping * np.eye(len(g)), g)),
            )
            for damping in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
        ),
        (
            "you return the step in place of the penalty's weight",
            lambda delta, g, F: _natural(g, F) / _penalty(delta, g, F),
        ),
        ("you return the direction F⁻¹g: the weight is one number", lambda delta, g, F: _natural(g, F)),
        (
            "you take the root entry by entry: F⁻¹g is multiplied by g first, which makes one number",
            lambda delta, g, F: np.sqrt(np.abs(_natural(g, F)) / (2 * delta)),
        ),
    ],
)

# 9.4, the largest KL and the mean one


def _max_and_mean(mdp, old, new):
    rho = mdp.visitation(old)
    kl = [sum(p * np.log(p / q) for p, q in zip(a, b, strict=True)) for a, b in zip(old, new, strict=True)]
    rows = [0.0 if ends else divergence for ends, divergence in zip(mdp.absorbing, kl, strict=True)]
    return max(rows), sum(r * kl for r, kl in zip(rho, rows, strict=True)) / sum(rho)


def _pairs():
    cliff = two_step_cliff()
    yield cliff, np.array([[0.8, 0.2]] * 3), np.array([[0.5, 0.5], [0.9, 0.1], [0.01, 0.99]])
    rng = np.random.default_rng(94)
    for mdp in (gridworld(), random_mdp(rng), gridworld()):
        yield mdp, random_policy(rng, mdp, 3.0), random_policy(rng, mdp, 3.0)


def _live_rows(mdp, old, new):
    return mdp.live * _kl_rows(old, new)


def _visits(mdp, old, new):
    return _normalised(mdp.visitation(old))


def _over(weights=_visits, rows=_live_rows, largest=lambda kl, mdp, old, new: np.max(kl)):
    """Return (largest of the rows, their sum over weights (mdp, old, new) -> (S,))."""

    def function(mdp, old, new):
        kl = rows(mdp, old, new)
        return largest(kl, mdp, old, new), weights(mdp, old, new) @ kl

    return function


def _rows_of(function):
    """Return the sum over actions of function(old, new), on live states."""
    return lambda mdp, old, new: mdp.live * function(old, new).sum(axis=1)


max_and_mean_kl = Exercise(
    function="max_and_mean_kl",
    cases=list(_pairs()),
    expected=_max_and_mean,
    parts=("largest KL", "mean KL"),
    misconceptions=[
        (
            "your KL is KL(new‖old): old comes first",
            _over(rows=lambda mdp, old, new: mdp.live * _kl_rows(new, old)),
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
            "your mean is a sum over visits ρ, divided by the number of states: divide by Σρ",
            _over(lambda mdp, old, new: mdp.visitation(old) / len(old)),
        ),
        (
            "your mean is a sum over visits ρ, divided by the number of live states: divide by Σρ",
            _over(lambda mdp, old, new: mdp.visitation(old) / mdp.live.sum()),
        ),
        (
            "your mean is a sum over states: weigh them by the old policy's visits, ρ/Z",
            _over(lambda mdp, old, new: np.ones(len(old))),
        ),
        (
            "your mean is divided by Z twice: once is enough",
            _over(lambda mdp, old, new: mdp.visitation(old) / mdp.visitation(old).sum() ** 2),
        ),
        (
            "you weigh by (1−γ)ρ, which adds up to 1 only where no state absorbs: divide by Σρ",
            _over(lambda mdp, old, new: (1 - mdp.gamma) * mdp.visitation(old)),
        ),
        (
            "you weigh by the squares of the visits: by the visits themselves",
            _over(lambda mdp, old, new: _normalised(mdp.visitation(old) ** 2)),
        ),
        (
            "you average over the new policy's visits: the batch comes from the old policy",
            _over(lambda mdp, old, new: _normalised(mdp.visitation(new))),
        ),
        (
            "you add up over the new policy's visits: the batch comes from the old policy, and Σρ divides",
            _over(lambda mdp, old, new: mdp.visitation(new)),
        ),
        (
            "you average over the visits of both policies: the batch comes from the old one",
            _over(lambda mdp, old, new: _normalised(mdp.visitation(old) + mdp.visitation(new))),
        ),
        (
            "you divide the sum over the old policy's visits by the number of the new one's",
            _over(lambda mdp, old, new: mdp.visitation(old) / mdp.visitation(new).sum()),
        ),
        ("your mean is that of the start states: weigh by all visits", _over(lambda mdp, old, new: mdp.start)),
        (
            "your largest KL is that of a state that absorbs: nothing is decided there, mdp.live is 0",
            _over(rows=lambda mdp, old, new: _kl_rows(old, new)),
        ),
        (
            "your mask is turned round: mdp.live is 1 where something is decided, 0 on states that absorb",
            _over(rows=lambda mdp, old, new: (1 - mdp.live) * _kl_rows(old, new)),
        ),
        (
            "your KL is KL(new‖old), and states that absorb are among yours: old comes first, and mdp.live is 0 there",
            _over(rows=lambda mdp, old, new: _kl_rows(new, old)),
        ),
        (
            "your logarithm has base 2: the book counts in nats",
            _over(rows=lambda mdp, old, new: mdp.live * _kl_rows(old, new) / np.log(2)),
        ),
        (
            "you have total variation; KL is asked for",
            _over(rows=_rows_of(lambda old, new: np.abs(old - new) / 2)),
        ),
        (
            "you have the sum of the probabilities' differences, |old − new|; KL is asked for",
            _over(rows=_rows_of(lambda old, new: np.abs(old - new))),
        ),
        (
            "you have the squared differences of the probabilities; KL is asked for",
            _over(rows=_rows_of(lambda old, new: (old - new) ** 2)),
        ),
        *(
            (
                "you have a quadratic model of the KL, good for small changes only: take the KL itself",
                _over(rows=_rows_of(function)),
            )
            for function in (
                lambda old, new: (new - old) ** 2 / old / 2,
                lambda old, new: (new - old) ** 2 / new / 2,
                lambda old, new: old * np.log(new / old) ** 2 / 2,
            )
        ),
        (
            "you have the χ² distance, Σ(new − old)²/old; KL is asked for",
            _over(rows=_rows_of(lambda old, new: (new - old) ** 2 / old)),
        ),
        (
            "your logarithms have no weights: an action counts as often as the old policy takes it",
            _over(rows=_rows_of(lambda old, new: np.log(old / new))),
        ),
        (
            "you average log(old/new) over the actions alike: the old policy's probabilities weigh it",
            _over(rows=lambda mdp, old, new: mdp.live * np.log(old / new).mean(axis=1)),
        ),
        (
            "you average over the actions too: the old probabilities make a mean of their sum already",
            _over(rows=lambda mdp, old, new: _live_rows(mdp, old, new) / old.shape[1]),
        ),
        (
            "your logarithm is weighted by the new policy: in KL(old‖new) the old one weighs log(old/new)",
            _over(rows=_rows_of(lambda old, new: new * np.log(old / new))),
        ),
        (
            "your logarithm is that of new/old, so that you have −KL: old stands above",
            _over(rows=_rows_of(lambda old, new: old * np.log(new / old))),
        ),
        (
            "you take the absolute value of each logarithm: their signs belong to the KL",
            _over(rows=_rows_of(lambda old, new: old * np.abs(np.log(old / new)))),
        ),
        (
            "you have the cross-entropy, −Σ old·log new: the old policy's entropy is missing",
            _over(rows=_rows_of(lambda old, new: -old * np.log(new))),
        ),
        (
            "you have the mean of KL(old‖new) and KL(new‖old): the former alone is asked for",
            _over(rows=lambda mdp, old, new: mdp.live * (_kl_rows(old, new) + _kl_rows(new, old)) / 2),
        ),
        (
            "you have the sum of KL(old‖new) and KL(new‖old): the former alone is asked for",
            _over(rows=lambda mdp, old, new: mdp.live * (_kl_rows(old, new) + _kl_rows(new, old))),
        ),
        (
            "your largest is that of visits times KL: the maximum is over states, however rarely visited",
            _over(largest=lambda kl, mdp, old, new: np.max(_visits(mdp, old, new) * kl)),
        ),
        (
            "your largest is that of ρ times KL: the maximum is over states, however rarely visited",
            _over(largest=lambda kl, mdp, old, new: np.max(mdp.visitation(old) * kl)),
        ),
        (
            "your largest is that of a single action's term: add up the actions of a state first",
            _over(largest=lambda kl, mdp, old, new: np.max(mdp.live[:, None] * old * np.log(old / new))),
        ),
        (
            "your largest is that of a single ratio's logarithm: the KL is their weighted sum in a state",
            _over(largest=lambda kl, mdp, old, new: np.max(mdp.live[:, None] * np.log(old / new))),
        ),
        (
            "you return which state has the largest KL: its KL is asked for",
            _over(largest=lambda kl, mdp, old, new: np.argmax(kl)),
        ),
        (
            "your first value is the largest KL divided by the mean: the largest KL itself is asked for",
            _over(largest=lambda kl, mdp, old, new: np.max(kl) / (_visits(mdp, old, new) @ kl)),
        ),
        (
            "your largest is the KL of the most visited state: take the maximum over all live states",
            _over(largest=lambda kl, mdp, old, new: kl[np.argmax(mdp.visitation(old))]),
        ),
        (
            "your largest is the KL of the first state: take the maximum over all live states",
            _over(largest=lambda kl, mdp, old, new: kl[0]),
        ),
        (
            "your largest is the KL of the start states: take the maximum over all live states",
            _over(largest=lambda kl, mdp, old, new: mdp.start @ kl),
        ),
        (
            "your first value is the smallest KL of a live state: the largest is asked for",
            _over(largest=lambda kl, mdp, old, new: np.min(kl[mdp.live > 0])),
        ),
        (
            "your first value is the smallest KL, the 0 of a state that absorbs among them: the largest is asked for",
            _over(largest=lambda kl, mdp, old, new: np.min(kl)),
        ),
        (
            "your first value is the sum over the states: their largest is asked for",
            _over(largest=lambda kl, mdp, old, new: np.sum(kl)),
        ),
        (
            "your first value is the mean as well: the largest KL of a state is asked for",
            _over(largest=lambda kl, mdp, old, new: _visits(mdp, old, new) @ kl),
        ),
        ("the two are swapped: first the largest, then the mean", lambda *args: _max_and_mean(*args)[::-1]),
    ],
)

EXERCISES = {"9.1": full_step, "9.2": backtrack, "9.3": penalty_for, "9.4": max_and_mean_kl}
