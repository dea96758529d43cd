"""Exercises of lesson 06, the bounds. The expected answers count visits by playing the world forward."""

from __future__ import annotations

import itertools
import math

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.exercises.mistakes import Mistakes, mistakes
from trpobook.exercises.worlds import ENDING, LEFT, RIGHT, TINY, is_policy, tidy, visits_of
from trpobook.finite.bounds import golden_section
from trpobook.finite.mdp import TabularMDP, gridworld, random_mdp, random_policy, softmax


def _tv(old, new):
    return np.maximum(new - old, 0).sum(axis=1)


def _kl(old, new):
    return np.array([sum(p * np.log(p / q) for p, q in zip(*rows, strict=True)) for rows in zip(old, new, strict=True)])


def _mixed(rng, mdp):
    """Return a policy that takes every action now and then."""
    return 0.1 / mdp.reward.shape[1] + 0.9 * random_policy(rng, mdp)


def _three_rows(policy):
    """Return a policy for three states, of which the last is uniform."""
    return np.concatenate([policy, tidy([[0.5, 0.5]])])


def _pair_cases():
    """With three actions TV is the largest single difference, so there are five too."""
    rng = np.random.default_rng(6)
    yield TINY, LEFT, RIGHT
    yield TINY, LEFT, LEFT
    for gamma, actions in ((0.3, 3), (0.8, 5), (0.95, 5)):
        mdp = random_mdp(rng, states=4, actions=actions, gamma=gamma)
        old = _mixed(rng, mdp)
        while mdp.advantage(old).max() > -0.8 * mdp.advantage(old).min():  # until the worst action is the extreme one
            old = _mixed(rng, mdp)
        yield mdp, old, _mixed(rng, mdp)


# 6.1, how far the visits can shift


def _shift_bound(
    factor=lambda g: 2 * g / (1 - g),
    mean=lambda mdp, rho, tv: (1 - mdp.gamma) * rho @ tv,
    visits="old",
    tv=_tv,
):
    """Return factor(γ)·(mean of TV over the visits) with chosen ingredients."""

    def function(mdp, old, new):
        rho = mdp.visitation(old if visits == "old" else new)
        return factor(mdp.gamma) * mean(mdp, rho, tv(old, new))

    return function


def _bound_by_play(mdp, old, new):
    return 2 * mdp.gamma * visits_of(mdp, old) @ (np.abs(new - old).sum(axis=1) / 2)


def _without_half(old, new):
    return 2 * _tv(old, new)


def _by_sum(mdp, rho, tv):
    return rho @ tv


def _over_its_mass(mdp, rho, tv):
    return rho @ tv / rho.sum()


def _largest(mdp, rho, tv):
    return tv.max()


def _alike(mdp, rho, tv):
    return tv.mean()


def _true_shift(mdp, old, new):
    return (1 - mdp.gamma) * np.abs(mdp.visitation(new) - mdp.visitation(old)).sum()


def _world_cases():
    rng = np.random.default_rng(61)
    yield from _pair_cases()
    yield ENDING, _three_rows(LEFT), _three_rows(RIGHT)
    world = gridworld()
    yield world, random_policy(rng, world), random_policy(rng, world)


visitation_bound = Exercise(
    function="visitation_bound",
    cases=list(_world_cases()),
    expected=_bound_by_play,
    misconceptions=[
        ("your TV lacks its ½: it is half the sum of |π_new − π_old|", _shift_bound(tv=_without_half)),
        (
            "the 2 in front is missing: the mass that goes astray is missing in one place and added in another",
            _shift_bound(lambda g: g / (1 - g)),
        ),
        (
            "your factor lacks its γ: the first state is the same for both policies, only later ones can shift",
            _shift_bound(lambda g: 2 / (1 - g)),
        ),
        ("your γ is squared: above the line stands 2γ", _shift_bound(lambda g: 2 * g**2 / (1 - g))),
        (
            "you have 1/(1−γ) once too often: E_{s~d} needs d = (1−γ)ρ, not ρ, and in front stands 1−γ unsquared",
            _shift_bound(mean=_by_sum),
        ),
        (
            "1/(1−γ) is missing in front: whoever strays stays away for 1/(1−γ) steps at most",
            _shift_bound(lambda g: 2 * g),
        ),
        (
            "your weights are ρ over its sum: where episodes end, d = (1−γ)ρ adds up to less than 1",
            _shift_bound(mean=_over_its_mass),
        ),
        ("you weigh by the new policy's visits: a bound must do with the old one's", _shift_bound(visits="new")),
        (
            "you take the largest TV: true as a bound, but the mean over the old policy's visits is enough",
            _shift_bound(mean=_largest),
        ),
        ("you average over all states alike: weigh each by d", _shift_bound(mean=_alike)),
        (
            "you add up the TV of all states alike: take its mean over d",
            _shift_bound(mean=lambda mdp, rho, tv: tv.sum()),
        ),
        (
            "you weigh by the start distribution: the policies may part at every step",
            _shift_bound(mean=lambda mdp, rho, tv: mdp.start @ tv),
        ),
        (
            "your result is 0: the differences of a row cancel, so take their absolute values before you add",
            lambda mdp, old, new: 0.0,
        ),
        (
            "you have √(KL/2) for TV: by Pinsker it is larger; TV itself is half the sum of |π_new − π_old|",
            _shift_bound(tv=lambda old, new: np.sqrt(np.maximum(_kl(old, new), 0) / 2)),
        ),
        (
            "you have √(E KL/2) for the mean TV: by Pinsker and Jensen it is larger; TV itself is half the sum of "
            "|π_new − π_old|",
            _shift_bound(mean=lambda mdp, rho, kl: np.sqrt(max((1 - mdp.gamma) * rho @ kl, 0) / 2), tv=_kl),
        ),
        ("you have the KL in place of TV, which is half the sum of |π_new − π_old|", _shift_bound(tv=_kl)),
        (
            "you have the Euclidean distance of the rows: TV is half the sum of |π_new − π_old|",
            _shift_bound(tv=lambda old, new: np.sqrt(np.sum((new - old) ** 2, axis=1))),
        ),
        (
            "you have half the Euclidean distance of the rows: TV is half the sum of |π_new − π_old|",
            _shift_bound(tv=lambda old, new: np.sqrt(np.sum((new - old) ** 2, axis=1)) / 2),
        ),
        (
            "you have the largest difference of a row: TV is half the sum of |π_new − π_old|",
            _shift_bound(tv=lambda old, new: np.abs(new - old).max(axis=1)),
        ),
        (
            "you average |π_new − π_old| over the actions: TV is half its sum, whatever the number of actions",
            _shift_bound(tv=lambda old, new: np.abs(new - old).mean(axis=1)),
        ),
        (
            "you average |π_new − π_old| over the actions, and halve that: TV is half the sum",
            _shift_bound(tv=lambda old, new: np.abs(new - old).mean(axis=1) / 2),
        ),
        (
            "you square TV: the bound of the shift has it unsquared",
            _shift_bound(tv=lambda old, new: _tv(old, new) ** 2),
        ),
        ("you return the shift itself, which needs the new policy's visits: return its bound", _true_shift),
        (
            "you return half of the shift itself, the TV of the two visitations: return the bound of (6.7)",
            lambda *args: _true_shift(*args) / 2,
        ),
        (
            "you return the shift of ρ, not of d = (1−γ)ρ: and the bound of (6.7) is asked for",
            lambda mdp, old, new: _true_shift(mdp, old, new) / (1 - mdp.gamma),
        ),
        *[
            ("two things at once: your TV lacks its ½, and " + words, _shift_bound(tv=_without_half, **changes))
            for words, changes in (
                ("your factor lacks its γ", {"factor": lambda g: 2 / (1 - g)}),
                ("1/(1−γ) stands there once too often, as it does with ρ in place of d = (1−γ)ρ", {"mean": _by_sum}),
                ("your weights are ρ over its sum", {"mean": _over_its_mass}),
                ("you take the largest TV", {"mean": _largest}),
                ("you average over all states alike", {"mean": _alike}),
                ("you weigh by the new policy's visits", {"visits": "new"}),
            )
        ],
        *[
            ("two things at once: the 2 in front is missing, and " + words, _shift_bound(**changes))
            for words, changes in (
                ("so is the γ beside it", {"factor": lambda g: 1 / (1 - g)}),
                ("your weights are ρ over its sum", {"factor": lambda g: g / (1 - g), "mean": _over_its_mass}),
                (
                    "1/(1−γ) stands there once too often, as it does with ρ in place of d = (1−γ)ρ",
                    {"factor": lambda g: g / (1 - g), "mean": _by_sum},
                ),
                ("you take the largest TV", {"factor": lambda g: g / (1 - g), "mean": _largest}),
            )
        ],
        (
            "two things at once: your factor lacks its γ, and 1/(1−γ) stands there once too often, as it does with ρ "
            "in place of d = (1−γ)ρ",
            _shift_bound(lambda g: 2 / (1 - g), _by_sum),
        ),
    ],
)


# 6.2, the penalty of theorem 1


def _penalty(
    *,
    epsilon=lambda mdp, old, new: np.abs(mdp.advantage(old)).max(),
    factors=(4, 2, 4),
    scale=lambda g: g / (1 - g) ** 2,
    over=lambda mdp, old, distance: distance.max(),
    tv_squared=lambda old, new: _tv(old, new) ** 2,
    kl=_kl,
):
    """Return theorem 1's penalty with chosen ingredients; `tv_squared` and `kl` give one number a state."""

    def function(mdp, old, new, form):
        factor = dict(zip(("tv", "kl_sharp", "kl_paper"), factors, strict=True))[form]
        distance = over(mdp, old, (tv_squared if form == "tv" else kl)(old, new))
        return factor * epsilon(mdp, old, new) * scale(mdp.gamma) * distance

    return function


def _over_visits(mdp, old, distance):
    return (1 - mdp.gamma) * mdp.visitation(old) @ distance


def _only_for(forms, mistaken):
    """Return the function that is mistaken for these forms alone."""

    def function(mdp, old, new, form):
        return (mistaken if form in forms else _penalty())(mdp, old, new, form)

    return function


KLS = ("kl_sharp", "kl_paper")


def _reversed(old, new):
    return _kl(new, old)


def _cpo(mdp, old, new, form):
    note = np.abs(np.sum(new * mdp.advantage(old), axis=1)).max()
    tv, kl = (_over_visits(mdp, old, distance(old, new)) for distance in (_tv, _kl))
    return 2 * mdp.gamma * note / (1 - mdp.gamma) ** 2 * (tv if form == "tv" else np.sqrt(max(kl, 0) / 2))


def _lower_bound(mdp, old, new, form):
    promise = mdp.visitation(old) @ np.sum(new * mdp.advantage(old), axis=1)
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
            "you have 2 with TV²: the 2 comes from Pinsker, TV² ≤ KL/2, so TV² itself keeps the 4",
            _penalty(factors=(2, 2, 4)),
        ),
        (
            "you have 2 with the paper's form: it goes by the weaker TV² ≤ KL, and keeps the 4",
            _penalty(factors=(4, 2, 2)),
        ),
        (
            "the factors of the two forms with KL have changed places: the sharp one has 2, the paper's 4",
            _penalty(factors=(4, 4, 2)),
        ),
        (
            "you have 2 with TV² and 4 with the KL of the sharp form: it is the other way round",
            _penalty(factors=(2, 4, 4)),
        ),
        ("you have 1 with the sharp form: by Pinsker TV² ≤ KL/2, half of 4", _penalty(factors=(4, 1, 4))),
        ("you have 8 with the paper's form: it has 4, twice the sharp one", _penalty(factors=(4, 2, 8))),
        (
            "you average the KL over states: theorem 1 takes the largest. For the mean there is another constant",
            _only_for(KLS, _penalty(over=_over_visits)),
        ),
        (
            "you average the distance over the visits, TV² as well as KL: theorem 1 takes the largest",
            _penalty(over=_over_visits),
        ),
        (
            "you average the distance over all states alike: theorem 1 takes the largest",
            _penalty(over=lambda mdp, old, distance: distance.mean()),
        ),
        (
            "you add up the distance over all states: theorem 1 takes the largest",
            _penalty(over=lambda mdp, old, distance: distance.sum()),
        ),
        (
            "you add up the KL of all states: add over the actions of each, axis=1, and take the largest state",
            _only_for(KLS, _penalty(over=lambda mdp, old, distance: distance.sum())),
        ),
        (
            "you take the largest single term of state and action: add over the actions first, then take the largest "
            "state",
            _penalty(
                tv_squared=lambda old, new: np.abs(new - old).max(axis=1) ** 2,
                kl=lambda old, new: (old * np.log(old / new)).max(axis=1),
            ),
        ),
        (
            "you take the largest single term of the KL: add over the actions first, then take the largest state",
            _penalty(kl=lambda old, new: (old * np.log(old / new)).max(axis=1)),
        ),
        (
            "you take the largest single term of TV, halved: add over the actions first, then take the largest state",
            _penalty(tv_squared=lambda old, new: (np.abs(new - old).max(axis=1) / 2) ** 2),
        ),
        (
            "you have the largest single difference for TV: TV is half the sum of |π_new − π_old|",
            _penalty(tv_squared=lambda old, new: np.abs(new - old).max(axis=1) ** 2),
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
            "your ε is the largest span of A in a state: it is the largest |A|, and 2ε stands in the 4 already",
            _penalty(epsilon=lambda mdp, old, new: np.ptp(mdp.advantage(old), axis=1).max()),
        ),
        (
            "your ε is the span of the whole table A: it is the largest |A|",
            _penalty(epsilon=lambda mdp, old, new: np.ptp(mdp.advantage(old))),
        ),
        (
            "your ε is the mean of |A|: it is the largest",
            _penalty(epsilon=lambda mdp, old, new: np.abs(mdp.advantage(old)).mean()),
        ),
        (
            "your ε is the largest mean of |A| under the old policy: the largest single |A| is asked for",
            _penalty(epsilon=lambda mdp, old, new: np.sum(old * np.abs(mdp.advantage(old)), axis=1).max()),
        ),
        (
            "your ε is made of Q: it is the largest |A|",
            _penalty(epsilon=lambda mdp, old, new: np.abs(mdp.action_value(old)).max()),
        ),
        (
            "your ε is made of V: it is the largest |A|",
            _penalty(epsilon=lambda mdp, old, new: np.abs(mdp.value(old)).max()),
        ),
        (
            "your ε is made of rewards: it is the largest |A|",
            _penalty(epsilon=lambda mdp, old, new: np.abs(mdp.reward).max()),
        ),
        ("your ε is squared", _penalty(epsilon=lambda mdp, old, new: np.abs(mdp.advantage(old)).max() ** 2)),
        ("your ε is missing: the penalty grows with the largest |A|", _penalty(epsilon=lambda mdp, old, new: 1.0)),
        (
            "you divide by 1−γ once: one factor comes from adding up over time, another from the shift of the visits",
            _penalty(scale=lambda g: g / (1 - g)),
        ),
        ("you divide by (1−γ)³: the square is enough", _penalty(scale=lambda g: g / (1 - g) ** 3)),
        ("(1−γ)² is missing below the line", _penalty(scale=lambda g: g)),
        (
            "your factor lacks its γ: in the first state both policies have the same visits",
            _penalty(scale=lambda g: 1 / (1 - g) ** 2),
        ),
        ("you square γ above the line too: only 1−γ is squared", _penalty(scale=lambda g: g**2 / (1 - g) ** 2)),
        (
            "two things at once: your factor lacks its γ, and 1−γ isn't squared",
            _penalty(scale=lambda g: 1 / (1 - g)),
        ),
        ("your TV isn't squared", _penalty(tv_squared=_tv)),
        ("your TV lacks its ½", _penalty(tv_squared=lambda old, new: 4 * _tv(old, new) ** 2)),
        (
            "your ½ stands outside the square: TV² is (½Σ|π_new − π_old|)²",
            _penalty(tv_squared=lambda old, new: 2 * _tv(old, new) ** 2),
        ),
        (
            "two things at once: TV lacks its ½, and isn't squared",
            _penalty(tv_squared=lambda old, new: 2 * _tv(old, new)),
        ),
        (
            "you square each difference before you add: add |π_new − π_old| over the actions, halve, then square",
            _penalty(tv_squared=lambda old, new: np.sum((new - old) ** 2, axis=1) / 4),
        ),
        (
            "you have half the sum of squared differences: add |π_new − π_old| over the actions, halve, then square",
            _penalty(tv_squared=lambda old, new: np.sum((new - old) ** 2, axis=1) / 2),
        ),
        (
            "you have the sum of squared differences: add |π_new − π_old| over the actions, halve, then square",
            _penalty(tv_squared=lambda old, new: np.sum((new - old) ** 2, axis=1)),
        ),
        ('"tv" has the KL in place of TV²', _penalty(tv_squared=_kl)),
        (
            'the forms with KL have TV² in its place: "kl_sharp" and "kl_paper" take the KL itself',
            _penalty(kl=lambda old, new: _tv(old, new) ** 2),
        ),
        ("your KL is KL(new‖old): the old policy comes first", _penalty(kl=_reversed)),
        (
            "your KL is the mean of both directions: theorem 1 takes KL(old‖new)",
            _penalty(kl=lambda old, new: (_kl(old, new) + _kl(new, old)) / 2),
        ),
        (
            "your KL is the sum of both directions: theorem 1 takes KL(old‖new)",
            _penalty(kl=lambda old, new: _kl(old, new) + _kl(new, old)),
        ),
        (
            "your KL is in bits: the constants of Pinsker's inequality belong to nats",
            _penalty(kl=lambda old, new: _kl(old, new) / np.log(2)),
        ),
        ("you square the KL as well: only TV is squared", _penalty(kl=lambda old, new: _kl(old, new) ** 2)),
        (
            "you have the root of the KL: theorem 1 takes the KL itself",
            _penalty(kl=lambda old, new: np.sqrt(np.maximum(_kl(old, new), 0))),
        ),
        (
            "you have CPO's bound (6.8), with the note and mean distances: theorem 1 has max |A| and the largest ones",
            _cpo,
        ),
        ("you return the lower bound L − penalty: return the penalty alone", _lower_bound),
        *[
            ("two things at once: your KL is KL(new‖old), and " + words, _penalty(kl=_reversed, **changes))
            for words, changes in (
                ("you have the 4 with the sharp form", {"factors": (4, 4, 4)}),
                ("you average the distance over the visits", {"over": _over_visits}),
                ("you divide by 1−γ once", {"scale": lambda g: g / (1 - g)}),
                ("your factor lacks its γ", {"scale": lambda g: 1 / (1 - g) ** 2}),
                (
                    "your ε is the largest A without its bars",
                    {"epsilon": lambda mdp, old, new: mdp.advantage(old).max()},
                ),
            )
        ],
        *[
            (
                "two things at once: you have the 4 with the sharp form, and " + words,
                _penalty(factors=(4, 4, 4), **changes),
            )
            for words, changes in (
                ("you average the distance over the visits", {"over": _over_visits}),
                ("you divide by 1−γ once", {"scale": lambda g: g / (1 - g)}),
                ("your factor lacks its γ", {"scale": lambda g: 1 / (1 - g) ** 2}),
                ("TV isn't squared", {"tv_squared": _tv}),
                (
                    "your ε is the largest A without its bars",
                    {"epsilon": lambda mdp, old, new: mdp.advantage(old).max()},
                ),
            )
        ],
    ],
)


# 6.3, the best mixture of conservative policy iteration


def _notes(mdp, old, target):
    return np.sum(target * mdp.advantage(old), axis=1)


def _mean_note(mdp, old, target):
    return (1 - mdp.gamma) * mdp.visitation(old) @ _notes(mdp, old, target)


def _extreme_note(mdp, old, target):
    return np.abs(_notes(mdp, old, target)).max()


def _share(mean=_mean_note, worst=_extreme_note, factor=lambda g: (1 - g) / (4 * g), low=0.0, high=1.0):
    """Return factor(γ)·mean/worst, kept between two ends, with chosen ingredients."""

    def function(mdp, old, target):
        return min(max(factor(mdp.gamma) * mean(mdp, old, target) / worst(mdp, old, target), low), high)

    return function


def _share_in_a_line(mdp, old, target):
    """As the book's solution has it, to the last digit: for what divides rounding errors by each other."""
    notes = np.sum(target * mdp.advantage(old), axis=1)
    mean = (1 - mdp.gamma) * mdp.visitation(old) @ notes
    return np.clip((1 - mdp.gamma) * mean / (4 * np.abs(notes).max() * mdp.gamma), 0, 1)


def _share_by_play(mdp, old, target):
    notes = np.sum(target * mdp.advantage(old), axis=1)
    step = (1 - mdp.gamma) ** 2 * visits_of(mdp, old) @ notes / (4 * np.abs(notes).max() * mdp.gamma)
    return min(max(step, 0.0), 1.0)


OPEN = {"low": -np.inf, "high": np.inf}


def _over(weights):
    """Return the mean of the notes by weights."""
    return lambda mdp, old, target: weights(mdp, old, target) @ _notes(mdp, old, target)


def _guaranteed_gain(mdp, old, target):
    return _mean_note(mdp, old, target) ** 2 / (8 * _extreme_note(mdp, old, target) * mdp.gamma)


SLIPS = [  # in the formula of α*
    ("you have 2 in place of 4: the derivative of α² is 2α", {"factor": lambda g: (1 - g) / (2 * g)}),
    ("you have 8 in place of 4: that belongs to the gain, 𝔸²/(8ε'γ)", {"factor": lambda g: (1 - g) / (8 * g)}),
    ("the 4 below the line is missing: α* is (1−γ)𝔸/(4ε'γ)", {"factor": lambda g: (1 - g) / g}),
    (
        "1−γ is missing once: it stands above the line, and once more in d = (1−γ)ρ, over which 𝔸 is the mean",
        {"factor": lambda g: 1 / (4 * g)},
    ),
    (
        "1−γ is missing twice, or stands below the line: it belongs above, and once more in d = (1−γ)ρ, over which 𝔸 "
        "is the mean",
        {"factor": lambda g: 1 / (4 * g * (1 - g))},
    ),
    ("your α has 1−γ twice: α* is (1−γ)𝔸/(4ε'γ)", {"factor": lambda g: (1 - g) ** 2 / (4 * g)}),
    ("your α lacks the γ below the line: α* is (1−γ)𝔸/(4ε'γ)", {"factor": lambda g: (1 - g) / 4}),
    ("your γ stands above the line: it belongs below", {"factor": lambda g: g * (1 - g) / 4}),
    ("your γ is squared below the line: α* is (1−γ)𝔸/(4ε'γ)", {"factor": lambda g: (1 - g) / (4 * g**2)}),
    (
        "your ε' is max |A|: only the target's own notes count, max |Ā|, which is smaller",
        {"worst": lambda mdp, old, target: np.abs(mdp.advantage(old)).max()},
    ),
    (
        "your ε' is the largest note: it is the largest |Ā|, and the extreme one may be negative",
        {"worst": lambda mdp, old, target: _notes(mdp, old, target).max()},
    ),
    (
        "your ε' is the mean of |Ā|: it is the largest",
        {"worst": lambda mdp, old, target: np.abs(_notes(mdp, old, target)).mean()},
    ),
    (
        "your ε' is a mean of |Ā| over the visits: it is the largest",
        {"worst": lambda mdp, old, target: (1 - mdp.gamma) * mdp.visitation(old) @ np.abs(_notes(mdp, old, target))},
    ),
    ("your ε' is made of rewards: it is the largest |Ā|", {"worst": lambda mdp, old, target: np.abs(mdp.reward).max()}),
    ("your ε' is missing below the line: α* is (1−γ)𝔸/(4ε'γ)", {"worst": lambda mdp, old, target: 1.0}),
    (
        "your ε' is squared: α* is (1−γ)𝔸/(4ε'γ)",
        {"worst": lambda mdp, old, target: _extreme_note(mdp, old, target) ** 2},
    ),
    (
        "you average over the target's visits: 𝔸 is the mean over the old policy's",
        {"mean": _over(lambda mdp, old, target: (1 - mdp.gamma) * mdp.visitation(target))},
    ),
    (
        "you divide the visits by their sum: where episodes end, d = (1−γ)ρ adds up to less than 1",
        {"mean": _over(lambda mdp, old, target: mdp.visitation(old) / mdp.visitation(old).sum())},
    ),
    (
        "you average the notes over all states alike: 𝔸 is the mean over d",
        {"mean": lambda mdp, old, target: _notes(mdp, old, target).mean()},
    ),
    (
        "you average the notes over the start distribution: 𝔸 is the mean over d",
        {"mean": _over(lambda mdp, old, target: mdp.start)},
    ),
    (
        "you have the absolute value of 𝔸: where the target is worse on average, don't move, α = 0",
        {"mean": lambda mdp, old, target: abs(_mean_note(mdp, old, target))},
    ),
    (
        "you average |Ā|: a negative note is a loss, and counts as one in 𝔸",
        {"mean": lambda mdp, old, target: (1 - mdp.gamma) * mdp.visitation(old) @ np.abs(_notes(mdp, old, target))},
    ),
    (
        "your 𝔸 is squared: that belongs to the gain, 𝔸²/(8ε'γ)",
        {"mean": lambda mdp, old, target: _mean_note(mdp, old, target) ** 2},
    ),
]


def _mixture_cases():
    rng = np.random.default_rng(63)
    yield TINY, LEFT, RIGHT
    yield TINY, LEFT, tidy([[0, 1], [0, 1]])
    yield TINY, RIGHT, tidy([[1, 0], [1, 0]])
    yield ENDING, _three_rows(LEFT), _three_rows(tidy([[0.9, 0.1], [0.2, 0.8]]))
    for gamma in (0.1, 0.6, 0.9):
        mdp = random_mdp(rng, states=4, actions=3, gamma=gamma)
        old = _mixed(rng, mdp)
        yield mdp, old, np.eye(3)[mdp.advantage(old).argmax(axis=1)]
        target = _mixed(rng, mdp)
        while _mean_note(mdp, old, target) <= 0 or _extreme_note(mdp, old, target) > -_notes(mdp, old, target).min():
            target = _mixed(rng, mdp)  # better on average, though its extreme note is a negative one
        yield mdp, old, target
    world = gridworld()
    old = np.full(world.reward.shape, 0.25)
    yield world, old, np.eye(4)[world.advantage(old).argmax(axis=1)]


cpi_step = Exercise(
    function="cpi_step",
    cases=list(_mixture_cases()),
    expected=_share_by_play,
    misconceptions=[
        (
            "your α leaves [0, 1]: a mixture needs it inside. Where the target is worse, 0 is best; "
            "where the formula exceeds 1, take 1",
            _share(**OPEN),
        ),
        (
            "your α can be negative: where the target is worse on average, don't move, α = 0",
            _share(low=-np.inf),
        ),
        (
            "your α can exceed 1: nothing is better than the whole target, clip it",
            _share(high=np.inf),
        ),
        *[(words, _share(**changes)) for words, changes in SLIPS],
        (
            "your α is always 0, as if no target were better than the old policy: have `old` and `target` changed "
            "places?",
            lambda mdp, old, target: 0.0,
        ),
        (
            "your α is 1 wherever the target is better: the bound allows only the share (6.14)",
            lambda mdp, old, target: float(_mean_note(mdp, old, target) > 0),
        ),
        (
            "your α is 1 wherever the formula isn't inside [0, 1]: where it is negative, the best share is 0",
            lambda mdp, old, target: (
                _share(**OPEN)(mdp, old, target) if 0 <= _share(**OPEN)(mdp, old, target) <= 1 else 1.0
            ),
        ),
        (
            "your α is 0 wherever the formula isn't inside [0, 1]: where it exceeds 1, the best share is 1",
            lambda mdp, old, target: (
                _share(**OPEN)(mdp, old, target) if 0 <= _share(**OPEN)(mdp, old, target) <= 1 else 0.0
            ),
        ),
        ("you return 1 − α*, the old policy's share: the target's is asked for", lambda *args: 1 - _share()(*args)),
        ("you return the guaranteed gain; return the α that attains it", _guaranteed_gain),
        (
            "your notes are the old policy's own, which are all 0 but for rounding: take the target's",
            lambda mdp, old, target: _share_in_a_line(mdp, old, old),
        ),
        ("you return 𝔸, the mean note: α* is (1−γ)𝔸/(4ε'γ)", _mean_note),
        *[
            ("two things at once: your α isn't kept in [0, 1], and " + words.split(":")[0], _share(**changes, **OPEN))
            for words, changes in SLIPS
        ],
    ],
)


# 6.4, one round of minorise and maximise


def _guarantee(mdp, old, new):
    """Return (L, L − C·max KL), with the sharp C, for one policy or many, (…, S, A)."""
    advantage = mdp.advantage(old)
    promise = np.sum(new * advantage, axis=-1) @ mdp.visitation(old)
    kl = np.where(old > 0, old * np.log(old / new), 0).sum(axis=-1).max(axis=-1)
    return promise, promise - 2 * np.abs(advantage).max() * mdp.gamma / (1 - mdp.gamma) ** 2 * kl


def _tilted(mdp, old, alpha):
    return softmax(np.log(old) + alpha * mdp.advantage(old))


def _best_round(mdp, old):
    """Return the policy with the best guarantee among 400 on the curve old·e^{αA}."""
    constant = 2 * np.abs(mdp.advantage(old)).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    curve = _tilted(mdp, old, np.linspace(0, 4, 400)[:, None, None] / ((1 - mdp.gamma) * constant))
    return curve[_guarantee(mdp, old, curve)[1].argmax()]


def _normalised(new):
    """Return a policy whose rows add up to 1 in double precision too: C may be so large that it shows."""
    return new / new.sum(axis=1, keepdims=True)


ROUND = [
    ("you return no policy: the rows must be at least 0 and add up to 1", lambda new, mdp, old: is_policy(new)),
    (
        "you return the old policy: no fall, but no gain either",
        lambda new, mdp, old: not np.allclose(new, old, rtol=0, atol=1e-15),
    ),
    (
        "the surrogate L falls: a round starts from the old policy, and walks along the advantage",
        lambda new, mdp, old: _guarantee(mdp, old, _normalised(new))[0] > 0,
    ),
    (
        "your step is too long: L − C·max KL is negative there, so nothing is guaranteed. "
        "Is C·max KL subtracted, with the largest KL and 1/(1−γ)²?",
        lambda new, mdp, old: _guarantee(mdp, old, _normalised(new))[1] > 0,
    ),
    (
        "your step is guaranteed to help, but by less than 90 % of the best on the curve: "
        "it is too short, or long past the peak",
        lambda new, mdp, old: (
            _guarantee(mdp, old, _normalised(new))[1] >= 0.9 * _guarantee(mdp, old, _best_round(mdp, old))[1]
        ),
    ),
]


def _sharp(mdp, old):
    return 2 * np.abs(mdp.advantage(old)).max() * mdp.gamma / (1 - mdp.gamma) ** 2


def _visits(mdp, old):
    return mdp.visitation(old)


def _round(constant=_sharp, visits=_visits, over=lambda mdp, old, kl: kl.max(), curve=_tilted):
    """Return the function that maximises visits·Ā − constant·(KL over the states), with chosen ingredients."""

    def function(mdp, old):
        C, rho, advantage = constant(mdp, old), visits(mdp, old), mdp.advantage(old)

        def value(alpha):
            new = curve(mdp, old, alpha)
            return rho @ np.sum(new * advantage, axis=1) - C * over(mdp, old, _kl(old, new))

        return curve(mdp, old, golden_section(value, 0, 4 / ((1 - mdp.gamma) * C)))

    return function


def _step(length):
    """Return the function that takes a step of some length, in units of 1/((1−γ)C), without a search."""
    return lambda mdp, old: _tilted(mdp, old, length / ((1 - mdp.gamma) * _sharp(mdp, old)))


def _round_cases():
    rng = np.random.default_rng(64)
    yield TINY, LEFT
    for gamma in (0.5, 0.9, 0.97):
        mdp = random_mdp(rng, states=5, actions=3, gamma=gamma)
        yield mdp, _mixed(rng, mdp)
    world = gridworld()
    yield world, _mixed(rng, world)


ROUNDS = list(_round_cases())

mm_step = Exercise(
    function="mm_step",
    cases=ROUNDS,
    expected=_best_round,
    many=True,
    requires=ROUND,
    misconceptions=[
        (
            "you have the printed constant with its 4: the sharp C has 2, and with 4 the step is half as long",
            _round(lambda mdp, old: 2 * _sharp(mdp, old)),
        ),
        (
            "the 2 of C is missing: 2ε_Aγ/(1−γ)²",
            _round(lambda mdp, old: _sharp(mdp, old) / 2),
        ),
        (
            "1−γ isn't squared in your C, so your step is too long: 2ε_Aγ/(1−γ)²",
            _round(lambda mdp, old: _sharp(mdp, old) * (1 - mdp.gamma)),
        ),
        (
            "your C lacks its γ: 2ε_Aγ/(1−γ)²",
            _round(lambda mdp, old: _sharp(mdp, old) / mdp.gamma),
        ),
        (
            "your ε_A is the largest A: it is the largest |A|, and the worst action may be the extreme one",
            _round(lambda mdp, old: _sharp(mdp, old) / np.abs(mdp.advantage(old)).max() * mdp.advantage(old).max()),
        ),
        (
            "you subtract the mean KL over the visits: the guarantee needs the largest",
            _round(over=lambda mdp, old, kl: (1 - mdp.gamma) * mdp.visitation(old) @ kl),
        ),
        (
            "you subtract the mean KL over all states alike: the guarantee needs the largest",
            _round(over=lambda mdp, old, kl: kl.mean()),
        ),
        (
            "you subtract the KL of all states, added up: the guarantee needs the largest alone",
            _round(over=lambda mdp, old, kl: kl.sum()),
        ),
        (
            "your L uses normalised visits, so it is too small beside the penalty, and your step too short: L takes ρ "
            "itself",
            _round(visits=lambda mdp, old: (1 - mdp.gamma) * mdp.visitation(old)),
        ),
        (
            "your L averages over all states alike: it takes the old policy's ρ",
            _round(visits=lambda mdp, old: np.full(len(old), 1 / len(old))),
        ),
        (
            "your L adds up all states alike: it takes the old policy's ρ",
            _round(visits=lambda mdp, old: np.ones(len(old))),
        ),
        (
            "your L weighs the states by the start distribution: it takes the old policy's ρ",
            _round(visits=lambda mdp, old: mdp.start),
        ),
        (
            "you go to the upper limit of the peak's place, 1/((1−γ)C): the peak itself has to be searched for",
            _step(1.0),
        ),
        (
            "you go to the end of the curve that is to be searched, 4/((1−γ)C): is the penalty subtracted, and the "
            "highest value searched for?",
            lambda mdp, old: _tilted(
                mdp, old, golden_section(lambda alpha: alpha, 0, 4 / ((1 - mdp.gamma) * _sharp(mdp, old)))
            ),
        ),
        (
            "your tilt leaves the old policy out: the curve is π_old·e^{αA}, and e^{αA} alone is no small step from it",
            _round(curve=lambda mdp, old, alpha: softmax(alpha * mdp.advantage(old))),
        ),
    ],
)


# 6.5, the step with the best certificate


def _certified_in_loops(old, A, rho, gamma, alphas):
    """Return the candidate with the best guarantee, and that guarantee, added up action by action."""
    states, actions = range(len(old)), range(len(old[0]))
    largest = max(abs(x) for row in A for x in row)
    new, sure = old, 0.0
    for alpha in alphas:
        tilted = [[old[s][a] * math.exp(alpha * A[s][a]) for a in actions] for s in states]
        tilted = [[weight / math.fsum(row) for weight in row] for row in tilted]
        note = [math.fsum(tilted[s][a] * A[s][a] for a in actions) for s in states]
        tv = [math.fsum(abs(tilted[s][a] - old[s][a]) for a in actions) / 2 for s in states]
        kl = [math.fsum(old[s][a] * math.log(old[s][a] / tilted[s][a]) for a in actions) for s in states]
        mean_tv, mean_kl = ((1 - gamma) * math.fsum(rho[s] * x[s] for s in states) for x in (tv, kl))
        worst = max(abs(x) for x in note)
        least = min(
            4 * largest * gamma / (1 - gamma) ** 2 * max(tv) ** 2,
            2 * largest * gamma / (1 - gamma) ** 2 * max(kl),
            2 * worst * gamma / (1 - gamma) ** 2 * mean_tv,
            worst * gamma / (1 - gamma) ** 2 * math.sqrt(2 * max(mean_kl, 0)),
            2 * largest / (1 - gamma) * (gamma / (1 - gamma) + math.sqrt(2 * gamma / (1 - gamma))) * mean_kl,
        )
        guarantee = math.fsum(rho[s] * note[s] for s in states) - least
        if guarantee > sure:
            new, sure = np.array(tilted), guarantee
    return new, sure


def _half_the_sum(old, new):
    """Return TV, and what half the sum of the differences is where a row isn't a distribution."""
    return np.abs(new - old).sum(axis=1) / 2


def _sizes_of_notes(A, new):
    return np.abs(np.sum(new * A, axis=1))


def _largest_size(A, old, new, d):
    return np.abs(A).max()


def _largest_note(A, old, new, d):
    return _sizes_of_notes(A, new).max()


def _rows_tilted(old, A, alpha):
    weights = old * np.exp(alpha * A)
    return weights / weights.sum(axis=1, keepdims=True)


def _horizon(gamma):
    return gamma / (1 - gamma) ** 2


def _mean_constant(gamma):
    return 2 / (1 - gamma) * (gamma / (1 - gamma) + np.sqrt(2 * gamma / (1 - gamma)))


FIVE = ("theorem, TV", "theorem, KL", "CPO, TV", "CPO, KL", "mean KL")
ROUNDING = 1e-13  # where A is 0, this may be left of a guarantee of 0


def _best(guarantees, promises):
    """Return which candidate is chosen, None for none."""
    best = int(np.argmax(guarantees))
    return best if guarantees[best] > ROUNDING else None


def _staying(old, candidates, guarantees):
    return old, 0.0


def _certified(
    *,
    tilt=_rows_tilted,
    tv=_half_the_sum,
    kl=_kl,
    size=_largest_size,
    note=_largest_note,
    pool=lambda notes: notes,
    weights=lambda rho, gamma: (1 - gamma) * rho,
    visits=lambda rho, gamma: rho,
    factors=(4, 2, 2, 2),
    horizon=_horizon,
    cpo_horizon=_horizon,
    mean_constant=_mean_constant,
    square=lambda d, tvs: tvs.max() ** 2,
    over=lambda d, kls: kls.max(),
    cpo_tv=np.dot,
    cpo_kl=np.dot,
    clip=False,
    summed=False,
    kinds=FIVE,
    least=min,
    choose=_best,
    keep=lambda candidates, chosen: candidates[chosen],
    report=lambda promise, penalty, gamma: promise - penalty,
    stay=_staying,
):
    """Return the whole function, with what may be wrong in it as arguments."""

    def function(old, A, rho, gamma, alphas):
        d, promises, penalties = weights(rho, gamma), [], []
        candidates = [tilt(old, A, alpha) for alpha in (np.cumsum(alphas) if summed else alphas)]
        notes = pool([note(A, old, new, d) for new in candidates])
        for new, worst in zip(candidates, notes, strict=True):
            tvs, kls, epsilon = tv(old, new), kl(old, new), size(A, old, new, d)
            five = (
                factors[0] * epsilon * horizon(gamma) * square(d, tvs),
                factors[1] * epsilon * horizon(gamma) * over(d, kls),
                factors[2] * worst * cpo_horizon(gamma) * cpo_tv(d, tvs),
                worst * cpo_horizon(gamma) * np.sqrt(np.maximum(factors[3] * cpo_kl(d, kls), 0)),
                epsilon * mean_constant(gamma) * (max(d @ kls, 0) if clip else d @ kls),
            )
            promises.append(visits(rho, gamma) @ np.sum(new * A, axis=1))
            penalties.append(least([x for x, kind in zip(five, FIVE, strict=True) if kind in kinds]))
        guarantees = np.subtract(promises, penalties)
        guarantees[np.isnan(guarantees)] = -np.inf  # a comparison with NaN is false
        chosen = choose(guarantees, promises)
        if chosen is None:
            return stay(old, candidates, guarantees)
        return keep(candidates, chosen), report(promises[chosen], penalties[chosen], gamma)

    return function


def _longest(guarantees, promises):
    above = np.flatnonzero(guarantees > ROUNDING)
    return int(above[-1]) if len(above) else None


def _shortest(guarantees, promises):
    above = np.flatnonzero(guarantees > ROUNDING)
    return int(above[0]) if len(above) else None


def _least_bad(guarantees, promises):
    return int(np.argmax(guarantees))


def _most_promised(guarantees, promises):
    return int(np.argmax(promises))


def _one_too_far(guarantees, promises):
    after = min(int(np.argmax(guarantees)) + 1, len(guarantees) - 1)
    return after if guarantees[after] > ROUNDING else None


def _first_peak(guarantees):
    return next((i for i, (a, b) in enumerate(itertools.pairwise(guarantees)) if b <= a), len(guarantees) - 1)


def _to_the_first_fall(guarantees, promises):
    """Return where somebody stops who walks from the shortest on, as long as the guarantee rises."""
    best = _first_peak(guarantees)
    return best if guarantees[best] > ROUNDING else None


def _past_the_first_fall(guarantees, promises):
    after = min(_first_peak(guarantees) + 1, len(guarantees) - 1)
    return after if guarantees[after] > ROUNDING else None


def _back_to_the_first_fall(guarantees, promises):
    back = _to_the_first_fall(guarantees[::-1], promises)
    return None if back is None else len(guarantees) - 1 - back


def _above_the_last_promise(guarantees, promises):
    """Return the last candidate whose guarantee exceeds the promise of the one kept before."""
    chosen, bar = None, ROUNDING
    for i, guarantee in enumerate(guarantees):
        if guarantee > bar:
            chosen, bar = i, promises[i]
    return chosen


def _without(kind):
    return tuple(other for other in FIVE if other != kind)


def _with_theorem_certified(old, A, rho, gamma, alphas):
    """Return theorem 1's candidate, which need not be the best, with the least of its five penalties subtracted."""
    new, sure = _certified(kinds=FIVE[:2])(old, A, rho, gamma, alphas)
    if sure == 0:
        return old, 0.0
    d = (1 - gamma) * rho
    cpo = 2 * _largest_note(A, old, new, d) * _horizon(gamma) * (d @ _tv(old, new))
    mean = np.abs(A).max() * _mean_constant(gamma) * (d @ _kl(old, new))
    return new, rho @ np.sum(new * A, axis=1) - min(cpo, mean)


def _one_bound_for_all(old, A, rho, gamma, alphas):
    """Return what the one bound gives that has the least penalty for the first candidate."""
    alone = [_certified(kinds=(kind,), choose=_least_bad) for kind in FIVE]
    kind = max(range(5), key=lambda i: alone[i](old, A, rho, gamma, alphas[:1])[1])
    return _certified(kinds=FIVE[kind : kind + 1])(old, A, rho, gamma, alphas)


def _least_of_all(old, A, rho, gamma, alphas):
    """Return what comes of subtracting the least penalty of all candidates from each promise."""
    alone = _certified(choose=_least_bad, report=lambda promise, penalty, gamma: penalty)
    penalty = min(alone(old, A, rho, gamma, [alpha])[1] for alpha in alphas)
    return _certified(least=lambda penalties: penalty)(old, A, rho, gamma, alphas)


def _unclipped(old, A, rho, gamma, alphas):
    """Return the right values, but NaN for the guarantee where a mean KL came out below 0."""
    new, sure = _certified()(old, A, rho, gamma, alphas)
    lowest = min(rho @ _kl(old, _rows_tilted(old, A, alpha)) for alpha in alphas)
    return new, (np.nan if lowest < 0 else sure)


def _over_one_sum(weights):
    return weights / weights.sum()


def _first_order(old, A, alpha, low):
    """Return π_old(1 + αA), none below `low`, in rows that add up to 1."""
    weights = np.maximum(old * (1 + alpha * A), low)
    return weights / weights.sum(axis=1, keepdims=True)


def _state_by_state(notes_of):
    """Return the function that takes the smaller penalty in each state, and then the mean of those."""

    def function(old, A, rho, gamma, alphas):
        new, sure = old, 0.0
        for alpha in alphas:
            tilted = _rows_tilted(old, A, alpha)
            cpo = 2 * notes_of(_sizes_of_notes(A, tilted)) * _horizon(gamma) * _tv(old, tilted)
            smaller = np.minimum(cpo, np.abs(A).max() * _mean_constant(gamma) * _kl(old, tilted))
            guarantee = rho @ np.sum(tilted * A, axis=1) - (1 - gamma) * rho @ smaller
            if guarantee > max(sure, ROUNDING):
                new, sure = tilted, guarantee
        return new, sure

    return function


def _in_place(normalised_too):
    """Return the function that tilts `old` itself: each candidate becomes what the next one tilts."""

    def function(old, A, rho, gamma, alphas):
        def tilt(old, A, alpha):
            old *= np.exp(alpha * A)
            if not normalised_too:
                return old / old.sum(axis=1, keepdims=True)
            old /= old.sum(axis=1, keepdims=True)
            return old

        new, sure = old, 0.0
        for alpha in alphas:  # the candidate, and what `old` has become, one length at a time
            tilted, guarantee = _certified(tilt=tilt, choose=_least_bad)(old, A, rho, gamma, [alpha])
            if guarantee > sure:
                new, sure = tilted, guarantee
        return new, sure

    return function


def _number(old, A, rho, gamma, alphas):
    """Return which candidate is chosen, -1 for none, and its guarantee."""
    pick = _certified(keep=lambda candidates, chosen: chosen, stay=lambda *_: (-1, 0.0))
    return pick(old, A, rho, gamma, alphas)


def _length(where_none):
    def function(old, A, rho, gamma, alphas):
        chosen, sure = _number(old, A, rho, gamma, alphas)
        return (where_none(old) if chosen < 0 else alphas[chosen]), sure

    return function


TILTED_ONCE = "π_old·(1 + αA), the tilt to first order: take π_old·e^{αA}"
TILTS: Mistakes = [
    (
        "your tilt leaves the old policy out: the candidates are π_old·e^{αA}, divided by their sum",
        {"tilt": lambda old, A, alpha: softmax(alpha * A)},
    ),
    (
        "your candidates' rows don't add up to 1: divide each row by its sum",
        {"tilt": lambda old, A, alpha: old * np.exp(alpha * A)},
    ),
    (
        "your candidates are divided by a sum over the states: each row must add up to 1, over the actions",
        {"tilt": lambda old, A, alpha: _rows_tilted(old.T, A.T, alpha).T},
    ),
    (
        "you tilt the candidate before, so that the lengths add up: tilt the old policy each time",
        {"summed": True},
    ),
    (
        f"your candidates are {TILTED_ONCE}",
        {"tilt": lambda old, A, alpha: old * (1 + alpha * A)},
    ),
]
DISTANCES: Mistakes = [
    (
        "your TV lacks its ½: it is half the sum of |π_new − π_old|",
        {"tv": lambda old, new: 2 * _half_the_sum(old, new)},
    ),
    (
        "you have the largest difference of a row: TV is half the sum of |π_new − π_old|",
        {"tv": lambda old, new: np.abs(new - old).max(axis=1)},
    ),
    (
        "you average |π_new − π_old| over the actions: TV is half its sum",
        {"tv": lambda old, new: np.abs(new - old).mean(axis=1)},
    ),
    ("your KL is KL(new‖old): the old policy comes first", {"kl": lambda old, new: _kl(new, old)}),
    (
        "your KL is in bits: the constants of Pinsker's inequality belong to nats",
        {"kl": lambda old, new: _kl(old, new) / np.log(2)},
    ),
    (
        "the fraction in your KL is upside down, so it is negative: it is Σ π_old log(π_old/π_new)",
        {"kl": lambda old, new: -_kl(old, new)},
    ),
    ("you have the KL in place of TV", {"tv": _kl}),
]
SIZES: Mistakes = [
    (
        "your ε_A is the largest A: it is the largest |A|, and the worst action may be the extreme one",
        {"size": lambda A, old, new, d: A.max()},
    ),
    (
        "your ε_A is a note, max |Ā|: in theorem 1 and the mean-KL theorem it is max |A| over states and actions",
        {"size": lambda A, old, new, d: _sizes_of_notes(A, new).max()},
    ),
    (
        "your ε' is max |A|: CPO's bound needs only the largest note of this very candidate, max |Ā|",
        {"note": lambda A, old, new, d: np.abs(A).max()},
    ),
    (
        "your ε' is a mean of the notes over the visits: it is the largest, or a rare state could deceive you",
        {"note": lambda A, old, new, d: d @ _sizes_of_notes(A, new)},
    ),
    (
        "your ε' is the mean of the notes over all states alike: it is the largest",
        {"note": lambda A, old, new, d: _sizes_of_notes(A, new).mean()},
    ),
    (
        "your ε_A is the largest span of A in a state: it is the largest |A|",
        {"size": lambda A, old, new, d: np.ptp(A, axis=1).max()},
    ),
    ("your ε_A is the mean of |A|: it is the largest", {"size": lambda A, old, new, d: np.abs(A).mean()}),
]
MEANS: Mistakes = [
    (
        "your distances in CPO's bounds are the largest: they are means over d = (1−γ)ρ",
        {"cpo_tv": lambda d, tvs: tvs.max(), "cpo_kl": lambda d, kls: kls.max()},
    ),
    (
        "your mean distances are weighted by ρ: the mean is over d = (1−γ)ρ",
        {"weights": lambda rho, gamma: rho},
    ),
    (
        "your mean distances are weighted by ρ over its sum: where episodes end, d = (1−γ)ρ adds up to less than 1",
        {"weights": lambda rho, gamma: rho / rho.sum()},
    ),
    (
        "your mean distances are over all states alike: weigh each by d = (1−γ)ρ",
        {"weights": lambda rho, gamma: np.full(len(rho), 1 / len(rho))},
    ),
]
PROMISES: Mistakes = [
    (
        "your L is weighted by d = (1−γ)ρ: L is in units of return, and takes ρ itself",
        {"visits": lambda rho, gamma: (1 - gamma) * rho},
    ),
    (
        "your L has 1/(1−γ) once too often: ρ counts all visits, so no factor stands before it",
        {"visits": lambda rho, gamma: rho / (1 - gamma)},
    ),
    (
        "your L is weighted by ρ over its sum: it takes ρ itself",
        {"visits": lambda rho, gamma: rho / rho.sum()},
    ),
    (
        "your L adds up the notes of all states alike: it takes the old policy's ρ",
        {"visits": lambda rho, gamma: np.ones(len(rho))},
    ),
    (
        "your L averages the notes of all states alike: it takes the old policy's ρ",
        {"visits": lambda rho, gamma: np.full(len(rho), 1 / len(rho))},
    ),
]
PENALTIES: Mistakes = [
    (
        "you subtract theorem 1's penalty by the largest KL alone, as in exercise 6.4: take the least of all five",
        {"kinds": FIVE[1:2]},
    ),
    (
        "you subtract theorem 1's penalties alone: CPO's bounds and the mean-KL theorem have smaller ones",
        {"kinds": FIVE[:2]},
    ),
    (
        "the mean-KL theorem is missing, or its penalty is too large: where the largest note sits in a state that is "
        "hardly visited, its penalty is the least",
        {"kinds": _without("mean KL")},
    ),
    (
        "CPO's penalty by the mean TV is missing, or too large: it is often the least",
        {"kinds": _without("CPO, TV")},
    ),
    (
        "you subtract the mean-KL theorem's penalty alone: take the least of all five",
        {"kinds": FIVE[4:]},
    ),
    (
        "you take the penalties by KL alone: those by TV come before Pinsker's inequality, and are smaller",
        {"kinds": ("theorem, KL", "CPO, KL", "mean KL")},
    ),
    (
        "you subtract the largest of the penalties: each bound is true by itself, so the least is enough",
        {"least": max},
    ),
    ("you subtract the sum of the penalties: each bound is true by itself, so the least is enough", {"least": sum}),
    (
        "you subtract the mean of the penalties: each bound is true by itself, so the least is enough",
        {"least": np.mean},
    ),
    (
        "theorem 1 has the mean distance in your function: its constant C belongs to the largest, and C̄ to the mean",
        {"square": lambda d, tvs: tvs.mean() ** 2, "over": lambda d, kls: kls.mean()},
    ),
    (
        "the 4 before theorem 1's TV² is too small: 2 belongs to the KL",
        {"factors": (2, 2, 2, 2)},
    ),
    (
        "the 2 before theorem 1's KL is missing",
        {"factors": (4, 1, 2, 2)},
    ),
    (
        "the 2 before CPO's mean TV is missing",
        {"factors": (4, 2, 1, 2)},
    ),
    (
        "CPO's √ lacks its 2: it is √(2·mean KL)",
        {"factors": (4, 2, 2, 1)},
    ),
    (
        "CPO's 1−γ isn't squared in your function",
        {"cpo_horizon": lambda gamma: gamma / (1 - gamma)},
    ),
    (
        "CPO's constant lacks its γ",
        {"cpo_horizon": lambda gamma: 1 / (1 - gamma) ** 2},
    ),
    (
        "theorem 1's 1−γ isn't squared in your function",
        {"horizon": lambda gamma: gamma / (1 - gamma)},
    ),
    (
        "you divide by 1−γ² in theorem 1's and CPO's constants: it is (1−γ)²",
        {"horizon": lambda gamma: gamma / (1 - gamma**2), "cpo_horizon": lambda gamma: gamma / (1 - gamma**2)},
    ),
    (
        "your C̄ has 1/(1−γ) where γ/(1−γ) stands in its bracket",
        {"mean_constant": lambda gamma: 2 / (1 - gamma) * (1 / (1 - gamma) + np.sqrt(2 / (1 - gamma)))},
    ),
    (
        "theorem 1's constant C stands before the mean KL: C belongs to the largest KL, and before the mean goes C̄, "
        "with its root: 2ε_A/(1−γ)·[γ/(1−γ) + √(2γ/(1−γ))]",
        {"mean_constant": lambda gamma: 2 * gamma / (1 - gamma) ** 2},
    ),
    (
        "your C̄ has the root alone: it is 2ε_A/(1−γ)·[γ/(1−γ) + √(2γ/(1−γ))]",
        {"mean_constant": lambda gamma: 2 / (1 - gamma) * np.sqrt(2 * gamma / (1 - gamma))},
    ),
    (
        "the 2 under the root of C̄ is missing",
        {"mean_constant": lambda gamma: 2 / (1 - gamma) * (gamma / (1 - gamma) + np.sqrt(gamma / (1 - gamma)))},
    ),
    (
        "the 2 in front of C̄ is missing",
        {"mean_constant": lambda gamma: _mean_constant(gamma) / 2},
    ),
    (
        "1/(1−γ) is missing in front of C̄",
        {"mean_constant": lambda gamma: _mean_constant(gamma) * (1 - gamma)},
    ),
    (
        "the first term of your C̄ is halved: a true bound too, but (6.19) has it whole",
        {"mean_constant": lambda gamma: _mean_constant(gamma) - gamma / (1 - gamma) ** 2},
    ),
]
CHOICES: Mistakes = [
    (
        "you return the longest candidate that is guaranteed to gain, which promises the most: the largest guarantee "
        "is asked for",
        {"choose": _longest},
    ),
    (
        "you return the shortest candidate that is guaranteed to gain: the largest guarantee is asked for",
        {"choose": _shortest},
    ),
    (
        "you return a candidate where none is guaranteed to gain: return the old policy and 0 there",
        {"choose": _least_bad},
    ),
    (
        "you choose by the promise L, and subtract the penalty afterwards: choose by the guarantee",
        {"choose": _most_promised},
    ),
    ("you return the candidate after the best one: keep the best one itself", {"choose": _one_too_far}),
    (
        "where no candidate is guaranteed to gain you return −∞ beside the old policy: 0 is certain, for it stays",
        {"stay": lambda old, candidates, guarantees: (old, -np.inf)},
    ),
]
REPORTS: Mistakes = [
    (
        "your second value is the promise L of the candidate: the penalty comes off it",
        {"report": lambda promise, penalty, gamma: promise},
    ),
    (
        "your second value is the penalty of the candidate: return L less the penalty",
        {"report": lambda promise, penalty, gamma: penalty},
    ),
    (
        "your second value is L and the penalty added up: the penalty comes off",
        {"report": lambda promise, penalty, gamma: promise + penalty},
    ),
    (
        "your second value is (1−γ) times the guarantee: return it in units of return",
        {"report": lambda promise, penalty, gamma: (1 - gamma) * (promise - penalty)},
    ),
    (
        "your second value is the guarantee as a share of the promise: return it in units of return",
        {"report": lambda promise, penalty, gamma: 1 - penalty / promise},
    ),
]
STAYS = "where no candidate is guaranteed to gain you return a candidate beside the 0: return the old policy itself"
UNVISITED = (
    "out states that are never visited: the bound stays true, since no candidate gets there either, but "
    "the maximum asked for is over all states"
)
BY_STATE = (
    "you take the smaller penalty in each state, and their mean: a bound holds for the whole step, so take the means "
    "first, then the least"
)
IN_PLACE = (
    "your function tilts `old` itself, and so changes the caller's policy: `tilted = old` makes no copy, and the "
    "distances are no longer those from the old policy. Tilt a copy"
)
ONE_SUM = "your candidates are divided by one sum over the whole table: divide each row by its own"
LAST = (
    "you return the last candidate beside the guarantee of the best: keep the best one, and a copy of it where the "
    "next is written into the same array"
)
TEMPERATURE = "your exponent is A/α: it is αA, and a longer step has a larger α"
ALONE: Mistakes = [
    *(
        (
            ONE_SUM,
            {"tilt": lambda old, A, alpha, size=size: _over_one_sum(old * np.exp(alpha * A)) * size(old), "clip": clip},
        )
        for size in (len, lambda old: 1)
        for clip in (False, True)
    ),
    # Where rows don't add up to 1, the mean KL can be far below 0: clipped under the root alone, or everywhere.
    *((words, {**changes, "clip": True}) for words, changes in (*TILTS, *DISTANCES)),
    (TEMPERATURE, {"tilt": lambda old, A, alpha: _rows_tilted(old, A, 1 / alpha)}),
    (TEMPERATURE, {"tilt": lambda old, A, alpha: softmax(np.log(old) + A / alpha)}),
    *(
        (
            f"your candidates are {TILTED_ONCE}",
            {"tilt": lambda old, A, alpha, low=low: _first_order(old, A, alpha, low)},
        )
        for low in (1e-12, 1e-8, 0.0)
    ),
    (
        "your ε' takes absolute values before the sum: a note is Ā = Σπ_new A, and its size is taken of the whole sum",
        {"note": lambda A, old, new, d: np.sum(new * np.abs(A), axis=1).max()},
    ),
    (
        "your ε_A is the largest mean of |A| in a state: it is the largest |A| of all",
        {"size": lambda A, old, new, d: np.sum(old * np.abs(A), axis=1).max()},
    ),
    (
        f"your ε' leaves {UNVISITED}",
        {"note": lambda A, old, new, d: _sizes_of_notes(A, new)[d > 0].max()},
    ),
    (f"your ε_A leaves {UNVISITED}", {"size": lambda A, old, new, d: np.abs(A[d > 0]).max()}),
    (
        "your ε' is the largest note of all candidates: each candidate has its own",
        {"pool": lambda notes: [max(notes)] * len(notes)},
    ),
    (
        "CPO's penalty by TV has the largest TV in your function: it takes the mean over d = (1−γ)ρ",
        {"cpo_tv": lambda d, tvs: tvs.max()},
    ),
    (
        "theorem 1's TV² is a mean in your function: its constant belongs to the largest TV",
        {"square": lambda d, tvs: d @ tvs**2},
    ),
    (
        "theorem 1's TV is a mean in your function: its constant belongs to the largest TV",
        {"square": lambda d, tvs: (d @ tvs) ** 2},
    ),
    (
        "you stop at the first candidate whose guarantee is below the one before: the guarantee can have two "
        "peaks, so look at all lengths",
        {"choose": _to_the_first_fall},
    ),
    (
        "you go from the longest candidate back and stop where the guarantee falls: the guarantee can have two "
        "peaks, so look at all lengths",
        {"choose": _back_to_the_first_fall},
    ),
    (
        "you stop at the first candidate whose guarantee is below the one before, and return it: keep the best, and "
        "look at all lengths, since the guarantee can have two peaks",
        {"choose": _past_the_first_fall},
    ),
    (
        "you compare a candidate's guarantee with the promise of the best before it: compare guarantees",
        {"choose": _above_the_last_promise},
    ),
    (STAYS, {"stay": lambda old, candidates, guarantees: (candidates[0], 0.0)}),
    (STAYS, {"stay": lambda old, candidates, guarantees: (candidates[-1], 0.0)}),
    (STAYS, {"stay": lambda old, candidates, guarantees: (candidates[int(np.argmax(guarantees))], 0.0)}),
    (
        "where no candidate is guaranteed to gain you return the old policy with a negative guarantee: return it with "
        "0, which is certain, for it stays",
        {"stay": lambda old, candidates, guarantees: (old, max(guarantees))},
    ),
    (LAST, {"keep": lambda candidates, chosen: candidates[-1]}),
    (
        LAST,
        {
            "keep": lambda candidates, chosen: candidates[-1],
            "stay": lambda old, candidates, guarantees: (candidates[-1], 0.0),
        },
    ),
]


def _dice(old, A, d, gamma):
    """Return a world where A is the advantage of this policy, and d its visits: the next state is drawn from d."""
    d = tidy(d)
    return TabularMDP(np.tile(d, (*np.shape(A), 1)), tidy(A), d, gamma, np.zeros(len(d), bool)), tidy(old)


def _lengths(mdp, old, *shares):
    """Return lengths of candidates, in units of what the mean-KL theorem's peak is at."""
    constant = np.abs(mdp.advantage(old)).max() * _mean_constant(mdp.gamma)
    return np.array([float(f"{share / ((1 - mdp.gamma) * constant):.3g}") for share in shares])


def _certified_worlds():
    """Worlds, old policies and lengths. In the first all of the first four bounds are nearly equal."""
    rng = np.random.default_rng(65)
    yield *_dice([[0.5, 0.5]], [[1, -1]], [1], 0.5), tidy([0.1, 0.4, 0.8])
    rare = _dice([[0.5, 0.5], [0.75, 0.25]], [[0.2, -0.2], [1, -3]], [0.99, 0.01], 0.9)
    yield *rare, tidy([0.005, 0.02, 0.07, 0.1])
    yield *rare, tidy([0.07, 0.1])  # too long, both
    sure = _dice([[0.99, 0.01], [0.98, 0.02]], [[-0.01, 0.99], [0.05, -2.45]], [0.6, 0.4], 0.5)
    yield *sure, tidy([0.1, 0.4, 0.9, 3])
    # CPO's bound by the mean TV is the least for the first candidates, the mean-KL theorem's for the others.
    both = _dice([[0.75, 0.25], [0.75, 0.25]], [[0.5, -1.5], [-3, 9]], [0.99, 0.01], 0.5)
    yield *both, tidy([0.002, 0.01, 0.026, 0.08])
    # The guarantee has two peaks: the largest note, the rare state's, stops growing when the promise has hardly begun.
    peaks = _dice([[0.02, 0.98], [0.05, 0.95]], [[0.98, -0.02], [-6.08, 0.32]], [0.999, 0.001], 0.6)
    yield *peaks, tidy([0.05, 0.2, 0.5, 1.5, 5])
    yield *peaks, tidy([0.05, 0.2, 0.5, 0.9])
    unvisited = _dice([[0.75, 0.25], [0.5, 0.5]], [[0.5, -1.5], [2, -2]], [1, 0], 0.5)  # the largest A, too
    yield *unvisited, tidy([0.05, 0.15, 0.3])
    yield TINY, LEFT, tidy([0.02, 0.05, 0.12, 0.2, 1])
    yield ENDING, _three_rows(RIGHT), tidy([0.05, 0.1, 0.2, 0.4, 2])
    for gamma, actions in ((0.6, 5), (0.9, 3)):
        mdp = random_mdp(rng, states=4, actions=actions, gamma=gamma)
        old = _mixed(rng, mdp)
        yield mdp, old, _lengths(mdp, old, 0.3, 1, 2, 4, 9)
    world = gridworld()
    for gamma in (0.95, 0.99):
        mdp = TabularMDP(world.transition, world.reward, world.start, gamma, world.absorbing)
        old = np.full(world.reward.shape, 0.25) if gamma == 0.99 else _mixed(rng, world)
        yield mdp, old, _lengths(mdp, old, 0.1, 0.4, 1.1, 1.6, 4)


CERTIFIED_WORLDS = list(_certified_worlds())
# A is 0, so each candidate is the old policy; the first row adds up to 1 − 1e-16, and the mean KL comes out below 0.
NOTHING_TO_GAIN = *_dice([[0.6, 0.3, 0.1], [0.35, 0.55, 0.1]], np.zeros((2, 3)), [0.6, 0.4], 0.5), tidy([0.1, 1])


def _known(mdp, old, alphas):
    """Return the arguments of `certified_step`: what the old policy's data tell."""
    return old, mdp.advantage(old).round(12), mdp.visitation(old).round(12), mdp.gamma, alphas


certified_step = Exercise(
    function="certified_step",
    cases=[_known(*each) for each in (*CERTIFIED_WORLDS, NOTHING_TO_GAIN)],
    expected=_certified_in_loops,
    parts=("the policy", "the guarantee"),
    misconceptions=[
        (
            "you return the old policy and 0 for every input, as if nothing were guaranteed to gain: is the exponent "
            "+αA, and the least penalty subtracted?",
            lambda old, A, rho, gamma, alphas: (old, 0.0),
        ),
        (
            "you subtract no penalty, or one that is always 0: what you return is the promise L of the longest "
            "candidate",
            lambda old, A, rho, gamma, alphas: _certified(choose=_most_promised, report=lambda L, *_: L)(
                old, A, rho, gamma, alphas
            ),
        ),
        (
            "the candidate is theorem 1's, the guarantee the best of all five: choose by the best guarantee too",
            _with_theorem_certified,
        ),
        (
            "you choose one bound for all candidates: for each candidate another one may have the least penalty",
            _one_bound_for_all,
        ),
        (
            "you subtract the least penalty of all candidates from each: each candidate pays the least of its own five",
            _least_of_all,
        ),
        (BY_STATE, _state_by_state(lambda notes: notes)),
        (BY_STATE, _state_by_state(np.max)),
        (
            "your guarantee is NaN where rounding leaves a mean KL just below 0: clip it to 0 before you take its root",
            _unclipped,
        ),
        (IN_PLACE, _in_place(True)),
        (IN_PLACE, _in_place(False)),
        *(
            ("you return the length α: return the candidate itself, a policy", _length(where_none))
            for where_none in (lambda old: 0.0, lambda old: old)
        ),
        ("you return the number of the candidate: return the candidate itself, a policy", _number),
        *mistakes(_certified, ALONE),
        *mistakes(_certified, TILTS, DISTANCES, SIZES, MEANS, PROMISES, PENALTIES, CHOICES, REPORTS),
    ],
)

EXERCISES = {
    "6.1": visitation_bound,
    "6.2": trpo_penalty,
    "6.3": cpi_step,
    "6.4": mm_step,
    "6.5": certified_step,
}
