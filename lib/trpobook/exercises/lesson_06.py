"""Exercises of lesson 06, the bounds. The expected answers count visits by playing the world forward."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.exercises.worlds import LEFT, RIGHT, TINY, tidy, visits_of
from trpobook.finite.mdp import gridworld, random_mdp, random_policy, softmax


def _tv(old, new):
    return np.maximum(new - old, 0).sum(axis=1)


def _kl(old, new):
    return np.array([sum(p * np.log(p / q) for p, q in zip(*rows, strict=True)) for rows in zip(old, new, strict=True)])


def _mixed(rng, mdp):
    """Return a policy that takes every action now and then."""
    return 0.1 / mdp.reward.shape[1] + 0.9 * random_policy(rng, mdp)


def _pair_cases():
    rng = np.random.default_rng(6)
    yield TINY, LEFT, RIGHT
    yield TINY, LEFT, LEFT
    for gamma in (0.3, 0.8, 0.95):
        mdp = random_mdp(rng, states=4, actions=3, gamma=gamma)
        yield mdp, _mixed(rng, mdp), _mixed(rng, mdp)


# 6.1, how far the visits can shift


def _shift_bound(
    factor=lambda g: 2 * g / (1 - g), weights=lambda mdp, rho: (1 - mdp.gamma) * rho, visits="old", tv=_tv
):
    """Return factor(γ)·Σ_s weight(s) TV(s) with chosen ingredients."""

    def function(mdp, old, new):
        rho = visits_of(mdp, old if visits == "old" else new)
        return factor(mdp.gamma) * (weights(mdp, rho) @ tv(old, new))

    return function


def _true_shift(mdp, old, new):
    return (1 - mdp.gamma) * np.abs(visits_of(mdp, new) - visits_of(mdp, old)).sum()


def _world_cases():
    rng = np.random.default_rng(61)
    yield from _pair_cases()
    world = gridworld()
    yield world, random_policy(rng, world), random_policy(rng, world)


visitation_bound = Exercise(
    function="visitation_bound",
    cases=list(_world_cases()),
    expected=_shift_bound(),
    misconceptions=[
        ("your TV lacks its ½: it is half the sum of |π_new − π_old|", _shift_bound(tv=lambda o, n: 2 * _tv(o, n))),
        (
            "the 2 in front is missing: the mass that goes astray is missing in one place and added in another",
            _shift_bound(factor=lambda g: g / (1 - g)),
        ),
        (
            "your factor lacks its γ: the first state is the same for both policies, only later ones can shift",
            _shift_bound(factor=lambda g: 2 / (1 - g)),
        ),
        (
            "you have 1/(1−γ) once too often: E_{s~d} needs d = (1−γ)ρ, not ρ, and in front stands 1−γ unsquared",
            _shift_bound(factor=lambda g: 2 * g / (1 - g) ** 2),
        ),
        (
            "your weights are ρ over its sum: where episodes end, d = (1−γ)ρ adds up to less than 1",
            _shift_bound(weights=lambda mdp, rho: rho / rho.sum()),
        ),
        ("you weigh by the new policy's visits: a bound must do with the old one's", _shift_bound(visits="new")),
        (
            "you take the largest TV: true as a bound, but the mean over the old policy's visits is enough",
            lambda mdp, old, new: 2 * mdp.gamma / (1 - mdp.gamma) * _tv(old, new).max(),
        ),
        (
            "you average over all states alike: weigh each by d",
            lambda mdp, old, new: 2 * mdp.gamma / (1 - mdp.gamma) * _tv(old, new).mean(),
        ),
        (
            "you weigh by the start distribution: the policies may part at every step",
            _shift_bound(weights=lambda mdp, rho: mdp.start),
        ),
        ("you return the shift itself, which needs the new policy's visits: return its bound", _true_shift),
    ],
)


# 6.2, the penalty of theorem 1


def _penalty(
    *,
    epsilon=lambda mdp, old, new: np.abs(mdp.advantage(old)).max(),
    factors=(4, 2, 4),
    scale=lambda g: g / (1 - g) ** 2,
    tv_squared=lambda old, new: (_tv(old, new) ** 2).max(),
    kl=lambda mdp, old, new: _kl(old, new).max(),
):
    """Return theorem 1's penalty with chosen ingredients."""

    def function(mdp, old, new, form):
        factor = dict(zip(("tv", "kl_sharp", "kl_paper"), factors, strict=True))[form]
        distance = tv_squared(old, new) if form == "tv" else kl(mdp, old, new)
        return factor * epsilon(mdp, old, new) * scale(mdp.gamma) * distance

    return function


def _lower_bound(mdp, old, new, form):
    promise = visits_of(mdp, old) @ np.sum(new * mdp.advantage(old), axis=1)
    return promise - _penalty()(mdp, old, new, form)


trpo_penalty = Exercise(
    function="trpo_penalty",
    cases=[(*pair, form) for pair in _pair_cases() for form in ("tv", "kl_sharp", "kl_paper")],
    expected=_penalty(),
    misconceptions=[
        (
            "you have the 4 with the sharp form: by Pinsker TV² ≤ KL/2, which leaves 2",
            _penalty(factors=(4, 4, 4)),
        ),
        (
            "you have 2 throughout: TV² itself, and the paper's TV² ≤ KL, keep the 4",
            _penalty(factors=(2, 2, 2)),
        ),
        (
            "you average the KL over states: theorem 1 takes the largest. For the mean there is another constant",
            _penalty(kl=lambda mdp, old, new: (1 - mdp.gamma) * visits_of(mdp, old) @ _kl(old, new)),
        ),
        (
            "your ε is the largest advantage; it is the largest |A|, and the worst action may be the extreme one",
            _penalty(epsilon=lambda mdp, old, new: mdp.advantage(old).max()),
        ),
        (
            "your ε is made of the new policy's advantages: only the old one's are known",
            _penalty(epsilon=lambda mdp, old, new: np.abs(mdp.advantage(new)).max()),
        ),
        (
            "your ε is max |Ā|, the note: that is CPO's bound. Theorem 1 has max |A| over states and actions",
            _penalty(epsilon=lambda mdp, old, new: np.abs(np.sum(new * mdp.advantage(old), axis=1)).max()),
        ),
        (
            "you divide by 1−γ once: one factor comes from adding up over time, another from the shift of the visits",
            _penalty(scale=lambda g: g / (1 - g)),
        ),
        (
            "your factor lacks its γ: in the first state both policies have the same visits",
            _penalty(scale=lambda g: 1 / (1 - g) ** 2),
        ),
        ("your TV isn't squared", _penalty(tv_squared=lambda old, new: _tv(old, new).max())),
        ("your TV lacks its ½", _penalty(tv_squared=lambda old, new: (4 * _tv(old, new) ** 2).max())),
        (
            "your KL is KL(new‖old): the old policy comes first",
            _penalty(kl=lambda mdp, old, new: _kl(new, old).max()),
        ),
        (
            "your KL is in bits: the constants of Pinsker's inequality belong to nats",
            _penalty(kl=lambda mdp, old, new: _kl(old, new).max() / np.log(2)),
        ),
        ("you return the lower bound L − penalty: return the penalty alone", _lower_bound),
    ],
)


# 6.3, the best mixture of conservative policy iteration


def _terms(mdp, old, target):
    notes = np.sum(target * mdp.advantage(old), axis=1)
    return (1 - mdp.gamma) * visits_of(mdp, old) @ notes, np.abs(notes).max()


def _worst_note(mdp, old, target):
    return np.sum(target * mdp.advantage(old), axis=1).min()


def _share(formula, clip=True):
    def function(mdp, old, target):
        alpha = formula(mdp, old, target)
        return min(max(alpha, 0.0), 1.0) if clip else alpha

    return function


def _best_share(mdp, old, target):
    mean, worst = _terms(mdp, old, target)
    return (1 - mdp.gamma) * mean / (4 * worst * mdp.gamma)


def _with(numerator=1.0, denominator=1.0):
    """Return α* times a factor that depends on γ."""

    def formula(mdp, old, target):
        top, bottom = (x(mdp.gamma) if callable(x) else x for x in (numerator, denominator))
        return _best_share(mdp, old, target) * top / bottom

    return formula


def _share_with_largest_advantage(mdp, old, target):
    return (1 - mdp.gamma) * _terms(mdp, old, target)[0] / (4 * np.abs(mdp.advantage(old)).max() * mdp.gamma)


def _share_with_signed_worst(mdp, old, target):
    notes = np.sum(target * mdp.advantage(old), axis=1)
    return (1 - mdp.gamma) * _terms(mdp, old, target)[0] / (4 * notes.max() * mdp.gamma)


def _guaranteed_gain(mdp, old, target):
    mean, worst = _terms(mdp, old, target)
    return mean**2 / (8 * worst * mdp.gamma)


def _mixture_cases():
    rng = np.random.default_rng(63)
    yield TINY, LEFT, RIGHT
    yield TINY, LEFT, tidy([[0, 1], [0, 1]])
    yield TINY, RIGHT, tidy([[1, 0], [1, 0]])
    for gamma in (0.1, 0.6, 0.9):
        mdp = random_mdp(rng, states=4, actions=3, gamma=gamma)
        old = _mixed(rng, mdp)
        yield mdp, old, np.eye(3)[mdp.advantage(old).argmax(axis=1)]
        target = _mixed(rng, mdp)
        while not 0 < _terms(mdp, old, target)[0] < _terms(mdp, old, target)[1] == -_worst_note(mdp, old, target):
            target = _mixed(rng, mdp)  # better on average, though its extreme note is a negative one
        yield mdp, old, target


cpi_step = Exercise(
    function="cpi_step",
    cases=list(_mixture_cases()),
    expected=_share(_best_share),
    misconceptions=[
        (
            "your α leaves [0, 1]: a mixture needs it inside. Where the target is worse, 0 is best; "
            "where the formula exceeds 1, take 1",
            _share(_best_share, clip=False),
        ),
        (
            "your α can be negative: where the target is worse on average, don't move, α = 0",
            lambda mdp, old, target: min(_best_share(mdp, old, target), 1.0),
        ),
        (
            "your α can exceed 1: nothing is better than the whole target, clip it",
            lambda mdp, old, target: max(_best_share(mdp, old, target), 0.0),
        ),
        ("you have 2 in place of 4: the derivative of α² is 2α", _share(_with(denominator=0.5))),
        ("you have 8 in place of 4: that belongs to the gain, 𝔸²/(8ε'γ)", _share(_with(denominator=2))),
        (
            "𝔸 is a mean over d = (1−γ)ρ: you have the sum over ρ",
            _share(_with(denominator=lambda g: 1 - g)),
        ),
        ("your α has 1−γ twice", _share(_with(numerator=lambda g: 1 - g))),
        ("your α lacks the γ below the line", _share(_with(numerator=lambda g: g))),
        (
            "your ε' is max |A|: only the target's own notes count, max |Ā|, which is smaller",
            _share(_share_with_largest_advantage),
        ),
        (
            "your ε' is the largest note; it is the largest |Ā|, and the extreme one may be negative",
            _share(_share_with_signed_worst),
        ),
        ("you return the guaranteed gain; return the α that attains it", _guaranteed_gain),
    ],
)


# 6.4, one round of minorise and maximise


def _guarantee(mdp, old, new):
    """Return (L, L − C·max KL), with the sharp C, for one policy or many, (…, S, A)."""
    advantage = mdp.advantage(old)
    promise = np.sum(new * advantage, axis=-1) @ visits_of(mdp, old)
    kl = np.where(old > 0, old * np.log(old / new), 0).sum(axis=-1).max(axis=-1)
    return promise, promise - 2 * np.abs(advantage).max() * mdp.gamma / (1 - mdp.gamma) ** 2 * kl


def _tilted(mdp, old, alpha):
    return softmax(np.log(old) + alpha * mdp.advantage(old))


def _best_round(mdp, old):
    """Return the policy with the best guarantee among 400 on the curve old·e^{αA}."""
    constant = 2 * np.abs(mdp.advantage(old)).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    curve = _tilted(mdp, old, np.linspace(0, 4, 400)[:, None, None] / ((1 - mdp.gamma) * constant))
    return curve[_guarantee(mdp, old, curve)[1].argmax()]


def _kind(answer, mdp, old):
    """Return the best round for every good answer, and for a bad one its kind, 1 to 5, in the shape of a policy."""
    before = old.copy()
    new = answer(mdp, old)
    if not (
        isinstance(new, np.ndarray) and new.shape == old.shape and new.dtype.kind == "f" and np.isfinite(new).all()
    ):
        return new
    best = _best_round(mdp, before)
    (promise, guarantee), (_, possible) = _guarantee(mdp, before, new), _guarantee(mdp, before, best)
    kinds = [
        np.allclose(new, before, rtol=0, atol=1e-15),
        np.any(new < 0) or not np.allclose(new.sum(axis=1), 1, rtol=0, atol=1e-9),
        promise <= 0,
        guarantee <= 0,
        guarantee < 0.9 * possible,
    ]
    return np.full(old.shape, 1.0 + kinds.index(True)) if any(kinds) else best


def _round_cases():
    rng = np.random.default_rng(64)
    for gamma in (0.5, 0.9, 0.97):
        mdp = random_mdp(rng, states=5, actions=3, gamma=gamma)
        yield mdp, _mixed(rng, mdp)
    world = gridworld()
    yield world, _mixed(rng, world)


mm_step = Exercise(
    function="mm_step",
    cases=list(_round_cases()),
    expected=_best_round,
    apply=_kind,
    misconceptions=[
        ("you return the old policy: no fall, but no gain either", lambda mdp, old: old),
        (
            "you return no policy: the rows must be at least 0 and add up to 1",
            lambda mdp, old: old + mdp.advantage(old),
        ),
        ("the surrogate L falls: you walk against the advantage", lambda mdp, old: _tilted(mdp, old, -1.0)),
        (
            "your step is too long: L − C·max KL is negative there, so nothing is guaranteed. "
            "Is C·max KL subtracted, with the largest KL and 1/(1−γ)²?",
            lambda mdp, old: _tilted(mdp, old, 1.0),
        ),
        (
            "your step is guaranteed to help, but by less than 90 % of the best on the curve: "
            "it is too short, or long past the peak",
            lambda mdp, old: _tilted(mdp, old, 1e-9),
        ),
    ],
)

EXERCISES = {"6.1": visitation_bound, "6.2": trpo_penalty, "6.3": cpi_step, "6.4": mm_step}
