"""Exercises of lesson 05, the performance difference. The expected answers play the world forward, step by step."""

from __future__ import annotations

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.exercises.worlds import ENDING, LEFT, RIGHT, TINY, is_policy, play, tidy
from trpobook.finite.mdp import TabularMDP, gridworld, optimal_policy, random_mdp, random_policy

NOTHING = 1e-12  # a note this small is rounding


def _return(mdp: TabularMDP, pi: np.ndarray) -> float:
    return play(mdp, pi, mdp.start)[0]


def _pair_cases():
    rng = np.random.default_rng(5)
    yield TINY, LEFT, RIGHT
    yield TINY, tidy([[1, 0], [1, 0]]), tidy([[0, 1], [0, 1]])
    yield TINY, LEFT, LEFT
    for gamma in (0.0, 0.7, 0.9):
        mdp = random_mdp(rng, states=4, actions=3, gamma=gamma)
        yield mdp, random_policy(rng, mdp), random_policy(rng, mdp)
    world = gridworld()
    yield world, random_policy(rng, world), random_policy(rng, world)


# 5.1, the lemma's right-hand side


def _difference(mdp, old, new):
    return _return(mdp, new) - _return(mdp, old)


def _sum_of_advantages(
    visits=lambda mdp, old, new: mdp.visitation(new),
    table=lambda mdp, old, new: mdp.advantage(old),
    actions=lambda old, new: new,
    change=lambda gains: gains,
):
    """Return Σ_s visits(s) Σ_a actions(a|s) table(s, a) with chosen ingredients."""

    def function(mdp, old, new):
        gains = np.sum(actions(old, new) * table(mdp, old, new), axis=1)
        return visits(mdp, old, new) @ change(gains)

    return function


def _old_visits(mdp, old, new):
    return mdp.visitation(old)


def _normalised(mdp, old, new):
    return (1 - mdp.gamma) * mdp.visitation(new)


def _over_its_mass(mdp, old, new):
    return mdp.visitation(new) / mdp.visitation(new).sum()


def _at_the_start(mdp, old, new):
    return mdp.start


def _alike(mdp, old, new):
    return np.ones(len(mdp.start))


def _action_value(mdp, old, new):
    return mdp.action_value(old)


def _advantage_of_new(mdp, old, new):
    return mdp.advantage(new)


def _likeliest(old, new):
    return np.eye(new.shape[1])[new.argmax(axis=1)]


def _advantage_without_discount(mdp, old, new):
    value = mdp.value(old)
    return (mdp.reward + mdp.transition @ value - value[:, None]) * mdp.live[:, None]


performance_difference = Exercise(
    function="performance_difference",
    cases=list(_pair_cases()),
    expected=_difference,
    misconceptions=[
        (
            "you weigh the states by the old policy's visits: that is the surrogate L. "
            "The lemma counts where the new policy goes",
            _sum_of_advantages(_old_visits),
        ),
        (
            "you get 0 always: a policy's own mean advantage is 0 at every state. "
            "Advantages are the old policy's, actions the new one's",
            lambda mdp, old, new: 0.0,
        ),
        ("old and new are swapped: you have J(old) − J(new)", lambda mdp, old, new: -_difference(mdp, old, new)),
        (
            "you have the new policy's advantages and the old policy's actions: it is the other way round",
            _sum_of_advantages(table=_advantage_of_new, actions=lambda old, new: old),
        ),
        (
            "your visitation is normalised, (1−γ)ρ: the lemma is a sum over visits and needs ρ itself",
            _sum_of_advantages(_normalised),
        ),
        (
            "your visitation is divided by its mass Σρ: the lemma is a sum over visits, no average",
            _sum_of_advantages(_over_its_mass),
        ),
        (
            "you divide by 1−γ once more: ρ counts all visits already",
            _sum_of_advantages(lambda mdp, old, new: mdp.visitation(new) / (1 - mdp.gamma)),
        ),
        (
            "you have Q in place of A: subtract the old policy's V at each visit",
            _sum_of_advantages(table=_action_value),
        ),
        (
            "you have the new policy's Q in place of the old policy's A",
            _sum_of_advantages(table=lambda mdp, old, new: mdp.action_value(new)),
        ),
        (
            "you subtract the new policy's V from the old policy's Q: both belong to the old policy",
            _sum_of_advantages(table=lambda mdp, old, new: mdp.action_value(old) - mdp.value(new)[:, None]),
        ),
        (
            "your result is J(new), the sum of rewards over visits: with advantages in their place J(old) is taken off",
            lambda mdp, old, new: _return(mdp, new),
        ),
        ("your result is J(old): the gain J(new) − J(old) is asked for", lambda mdp, old, new: _return(mdp, old)),
        (
            "you take J(old) off once more: a sum of advantages is a gain already",
            lambda mdp, old, new: _difference(mdp, old, new) - _return(mdp, old),
        ),
        (
            "you return an absolute value: where the new policy is worse the result is negative",
            lambda mdp, old, new: abs(_difference(mdp, old, new)),
        ),
        (
            "you take the absolute value of each state's gain: where the new policy does worse it counts as a loss",
            _sum_of_advantages(change=np.abs),
        ),
        (
            "you have absolute values of the advantages: a bad action counts as a loss",
            _sum_of_advantages(table=lambda mdp, old, new: np.abs(mdp.advantage(old))),
        ),
        (
            "you leave out the states where the new policy does worse: they count as losses",
            _sum_of_advantages(change=lambda gains: np.maximum(gains, 0)),
        ),
        (
            "you leave out the actions whose advantage is negative: they count as losses",
            _sum_of_advantages(table=lambda mdp, old, new: np.maximum(mdp.advantage(old), 0)),
        ),
        (
            "you add the advantages of all actions; each counts as often as the new policy takes it",
            _sum_of_advantages(actions=lambda old, new: np.ones_like(new)),
        ),
        (
            "you average over the actions after weighing them: the weights are probabilities, so add up",
            _sum_of_advantages(actions=lambda old, new: new / new.shape[1]),
        ),
        (
            "you average the advantages of all actions alike; each counts as often as the new policy takes it",
            _sum_of_advantages(actions=lambda old, new: np.full_like(new, 1 / new.shape[1])),
        ),
        (
            "you count only the likeliest action of the new policy: each counts as often as that policy takes it",
            _sum_of_advantages(actions=_likeliest),
        ),
        (
            "you take the best action of each state: each action counts as often as the new policy takes it",
            lambda mdp, old, new: mdp.visitation(new) @ mdp.advantage(old).max(axis=1),
        ),
        (
            "you weigh by the ratio new/old without the old policy's probabilities: old·(new/old) is new itself",
            _sum_of_advantages(actions=lambda old, new: new / old),
        ),
        (
            "you weigh by new·(new/old): the new policy's own visits and actions need no ratio",
            _sum_of_advantages(actions=lambda old, new: new * new / old),
        ),
        (
            "you weigh by both policies' probabilities: each action counts as often as the new policy takes it",
            _sum_of_advantages(actions=lambda old, new: old * new),
        ),
        (
            "you count the first action only: Ā at the start. The new policy acts at every step",
            _sum_of_advantages(_at_the_start),
        ),
        (
            "you add Ā over all states alike: weigh each by how often it is visited",
            _sum_of_advantages(_alike),
        ),
        (
            "you average Ā over all states alike: weigh each by how often it is visited",
            _sum_of_advantages(lambda mdp, old, new: _alike(mdp, old, new) / len(mdp.start)),
        ),
        (
            "your advantage lacks its γ: A = r + γ·E[V(s')] − V(s)",
            _sum_of_advantages(table=_advantage_without_discount),
        ),
        (
            "two things at once: your visits are the old policy's, which makes it the surrogate L, and they are "
            "normalised, (1−γ)ρ",
            _sum_of_advantages(lambda mdp, old, new: (1 - mdp.gamma) * mdp.visitation(old)),
        ),
        (
            "two things at once: your visits are the old policy's, which makes it the surrogate L, and they are "
            "divided by their mass Σρ",
            _sum_of_advantages(lambda mdp, old, new: mdp.visitation(old) / mdp.visitation(old).sum()),
        ),
        (
            "two things at once: you have Q in place of A, and the old policy's visits in place of the new one's",
            _sum_of_advantages(_old_visits, _action_value),
        ),
        (
            "two things at once: you have Q in place of A, and your visitation is normalised, (1−γ)ρ",
            _sum_of_advantages(_normalised, _action_value),
        ),
        (
            "two things at once: you have Q in place of A, and count the first action only",
            _sum_of_advantages(_at_the_start, _action_value),
        ),
    ],
)


# 5.2, a policy that is better wherever one can be


def _greedy(mdp, pi):
    """Return the first best action at every state: the policy that stands for all right answers."""
    return np.eye(mdp.reward.shape[1])[mdp.advantage(pi).argmax(axis=1)]


def _notes(mdp, pi, new):
    return np.sum(new * mdp.advantage(pi), axis=1)


# What makes a policy better than pi; each right answer keeps all three.
BETTER = [
    ("you return no policy: each row must be at least 0 and add up to 1", lambda new, mdp, pi: is_policy(new)),
    (
        "in some state your Ā is negative: there your policy is worse than π",
        lambda new, mdp, pi: np.all(_notes(mdp, pi, new) >= -NOTHING),
    ),
    (
        "in some state your Ā is 0 though an action there has a positive advantage: make that one likelier",
        lambda new, mdp, pi: np.all(_notes(mdp, pi, new)[mdp.advantage(pi).max(axis=1) > 1e-9] > NOTHING),
    ),
]


# Four states, of which 1 ends the episode and 2 leads there. In state 0 the sooner reward is better, though not without
# γ; in state 3 the later one is, though its first reward is lower.
SOONER_OR_LATER = TabularMDP(
    transition=np.eye(4)[[[1, 2], [1, 1], [1, 1], [1, 2]]],
    reward=tidy([[1, 0.4], [0, 0], [1, -1], [0.2, 0]]),
    start=tidy([0.5, 0, 0, 0.5]),
    gamma=0.5,
    absorbing=np.array([False, True, False, False]),
)


def _improvement_cases():
    rng = np.random.default_rng(52)
    yield TINY, LEFT
    yield TINY, tidy([[0, 1], [1, 0]])
    yield SOONER_OR_LATER, tidy([[0, 1], [0.5, 0.5], [1, 0], [1, 0]])
    yield SOONER_OR_LATER, tidy([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.5, 0.5]])
    for gamma in (0.8, 0.99):
        mdp = random_mdp(rng, states=5, actions=3, gamma=gamma)
        yield mdp, random_policy(rng, mdp)
        yield mdp, _greedy(mdp, _greedy(mdp, _greedy(mdp, _greedy(mdp, random_policy(rng, mdp)))))
    pi = random_policy(rng, mdp, 0.3)
    while all(
        kept(optimal_policy(mdp), mdp, pi) for _, kept in BETTER
    ):  # until π is so far from the best that the best has a negative note
        pi = random_policy(rng, mdp, 0.3)
    yield mdp, pi
    world = gridworld()
    yield world, np.full(world.reward.shape, 0.25)


def _over_rows(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def _tilt(mdp, pi, strength=1.0):
    return pi * np.exp(strength * mdp.advantage(pi))


def _one_hot(table):
    return np.eye(table.shape[1])[table.argmax(axis=1)]


def _only_at(state):
    """Return the function that improves the one state `state(mdp, pi)`."""

    def function(mdp, pi):
        new, s = pi.copy(), state(mdp, pi)
        new[s] = _greedy(mdp, pi)[s]
        return new

    return function


def _one_action(scores):
    """Return the function that takes the action with the highest of `scores(mdp, pi)`, (A,), in every state."""
    return lambda mdp, pi: np.tile(np.eye(pi.shape[1])[scores(mdp, pi).argmax()], (len(pi), 1))


IMPROVEMENTS = list(_improvement_cases())

improve_everywhere = Exercise(
    function="improve_everywhere",
    cases=IMPROVEMENTS,
    expected=_greedy,
    many=True,
    requires=BETTER,
    misconceptions=[
        ("you return the old policy: it is never worse than itself, but never better either", lambda mdp, pi: pi),
        ("you return the uniform policy, whatever π is", lambda mdp, pi: np.full(pi.shape, 1 / pi.shape[1])),
        (
            "you choose by the next reward alone: the advantage knows what comes after it",
            lambda mdp, pi: _one_hot(mdp.reward),
        ),
        (
            "you choose by the next state's value alone: the reward on the way counts too",
            lambda mdp, pi: _one_hot(mdp.transition @ mdp.value(pi)),
        ),
        (
            "you choose by r + E[V(s')] without γ: the advantage discounts what comes after the reward",
            lambda mdp, pi: _one_hot(mdp.reward + mdp.transition @ mdp.value(pi)),
        ),
        (
            "you choose the worst action of each state: use the largest advantage",
            lambda mdp, pi: _one_hot(-mdp.advantage(pi)),
        ),
        (
            "you choose the action whose advantage is largest in size: a large negative one is the worst",
            lambda mdp, pi: _one_hot(np.abs(mdp.advantage(pi))),
        ),
        (
            "you weigh the advantages by π before you choose: a good action counts even where π rarely takes it",
            lambda mdp, pi: _one_hot(pi * mdp.advantage(pi)),
        ),
        (
            "you return one action a state; a policy has a row of probabilities for each",
            lambda mdp, pi: mdp.advantage(pi).argmax(axis=1),
        ),
        (
            "you compare states with one another: compare the actions of one state, axis=1",
            lambda mdp, pi: np.eye(mdp.reward.shape[0])[mdp.advantage(pi).argmax(axis=0)].T,
        ),
        (
            "you look for the largest advantage of the whole table: each state has a best action of its own",
            lambda mdp, pi: (mdp.advantage(pi) == mdp.advantage(pi).max()).astype(float),
        ),
        (
            "where several actions are equally good your row holds several ones: divide it by its sum",
            lambda mdp, pi: (mdp.advantage(pi) == mdp.advantage(pi).max(axis=1, keepdims=True)).astype(float),
        ),
        (
            "you mark the actions with a positive advantage: turn the marks into probabilities, and keep π where "
            "there is none",
            lambda mdp, pi: (mdp.advantage(pi) > 1e-9).astype(float),
        ),
        (
            "where no action has a positive advantage you divide 0 by 0: keep π there",
            lambda mdp, pi: _over_rows(np.maximum(mdp.advantage(pi), 0)),
        ),
        (
            "you share the probability among the actions with a positive advantage, and divide 0 by 0 where there is "
            "none: keep π there",
            lambda mdp, pi: _over_rows((mdp.advantage(pi) > 1e-9).astype(float)),
        ),
        ("you return the advantages; turn them into probabilities", lambda mdp, pi: mdp.advantage(pi)),
        ("you return Q; turn it into probabilities", lambda mdp, pi: mdp.action_value(pi)),
        ("you return log π + A, which are logits: take the softmax", lambda mdp, pi: np.log(pi) + mdp.advantage(pi)),
        (
            "softmax(Q) knows nothing of the old policy, and may be worse than it",
            lambda mdp, pi: _over_rows(np.exp(mdp.action_value(pi))),
        ),
        *[
            (
                f"you mix the best action with the uniform policy ({share:.0%} of it), which may be worse than π: mix "
                "it with π itself",
                lambda mdp, pi, share=share: (1 - share) * _greedy(mdp, pi) + share / pi.shape[1],
            )
            for share in (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)
        ],
        ("your rows don't add up to 1: divide each by its sum", _tilt),
        (
            "π·e^Q is divided by nothing: divide each row by its sum",
            lambda mdp, pi: pi * np.exp(mdp.action_value(pi)),
        ),
        (
            "you divide by the sum of the whole table: each row must add up to 1",
            lambda mdp, pi: _tilt(mdp, pi) / _tilt(mdp, pi).sum(),
        ),
        (
            "you divide each column by its sum: it is the rows (axis=1) that must add up to 1",
            lambda mdp, pi: _tilt(mdp, pi) / _tilt(mdp, pi).sum(axis=0),
        ),
        (
            "π·e^A never brings back an action that π doesn't take, however good: mix with the best action instead",
            lambda mdp, pi: _over_rows(_tilt(mdp, pi)),
        ),
        *[
            (
                "your tilt has the wrong sign, so bad actions become likelier: π·e^A, and not π·e^−A",
                lambda mdp, pi, strength=strength: _over_rows(_tilt(mdp, pi, -strength)),
            )
            for strength in (1.0, 0.5)
        ],
        *[
            (
                "π + A is no distribution: its rows don't add up to 1, and some entries may be negative",
                lambda mdp, pi, share=share: pi + share * mdp.advantage(pi),
            )
            for share in (1.0, 0.5, 0.2, 0.1, 0.01)
        ],
        (
            "π·(1 + A) adds up to 1, but has negative entries where A is below −1, and never brings back an action "
            "that π doesn't take",
            lambda mdp, pi: pi * (1 + mdp.advantage(pi)),
        ),
        (
            "you improve the start state only: do it wherever some action has a positive advantage",
            _only_at(lambda mdp, pi: mdp.start.argmax()),
        ),
        (
            "you improve one state only, the one with the largest advantage: do it wherever there is a positive one",
            _only_at(lambda mdp, pi: mdp.advantage(pi).max(axis=1).argmax()),
        ),
        (
            "you improve one state only, the most visited: do it wherever some action has a positive advantage",
            _only_at(lambda mdp, pi: mdp.visitation(pi).argmax()),
        ),
        (
            "you improve the first state only: do it wherever some action has a positive advantage",
            _only_at(lambda mdp, pi: 0),
        ),
        (
            "you take one action in all states, that with the largest mean advantage: each state has a best one of its "
            "own",
            _one_action(lambda mdp, pi: mdp.advantage(pi).mean(axis=0)),
        ),
        (
            "you take one action in all states, the best over the visits: each state has a best one of its own",
            _one_action(lambda mdp, pi: mdp.visitation(pi) @ mdp.advantage(pi)),
        ),
        (
            "you return the best policy of all, whose Ā against π needn't be at least 0 everywhere: choose by π's own "
            "advantages",
            lambda mdp, pi: optimal_policy(mdp),
        ),
    ],
)


# 5.3, the error of any guess of the value


def _guess_error(mdp, pi, guess):
    return _return(mdp, pi) - mdp.start @ (mdp.live * guess)


def _masked(mdp, guess):
    return guess * mdp.live


def _residuals(
    mdp,
    pi,
    guess,
    mask=_masked,
    reward=1.0,
    ahead=lambda gamma: gamma,
    minus=1.0,
    actions=lambda pi: pi,
    future=lambda mdp, pi, guess: mdp.transition @ guess,
):
    """Return reward·r_π + γP_π f − minus·f, (S,), with parts of it changed."""
    guess = mask(mdp, guess)
    values = reward * mdp.reward + ahead(mdp.gamma) * future(mdp, pi, guess)
    return (np.sum(actions(pi) * values, axis=1) - minus * guess) * mdp.live


def _over_visits(scale=lambda mdp, rho: rho, change=lambda residuals: residuals, **changes):
    def function(mdp, pi, guess):
        return scale(mdp, mdp.visitation(pi)) @ change(_residuals(mdp, pi, guess, **changes))

    return function


def _normalised_rho(mdp, rho):
    return (1 - mdp.gamma) * rho


def _past_the_end(mdp, guess):
    return guess


def _largest_residual(mdp, pi, guess):
    return np.abs(_residuals(mdp, pi, guess)).max()


def _guess_cases():
    rng = np.random.default_rng(53)
    yield TINY, LEFT, tidy([0.0, 1.0])
    yield TINY, LEFT, tidy([0.0, 0.0])
    yield TINY, RIGHT, tidy([-2.0, 3.0])
    yield ENDING, tidy([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]]), tidy([1.0, -0.5, 4.0])
    mdp = random_mdp(rng, states=4, actions=3, gamma=0.9)
    yield mdp, random_policy(rng, mdp), rng.normal(size=4)
    mdp = random_mdp(rng, states=4, actions=3, gamma=0.0)
    yield mdp, random_policy(rng, mdp), rng.normal(size=4)
    world = gridworld()
    yield world, random_policy(rng, world), rng.normal(size=25)


guess_error = Exercise(
    function="guess_error",
    cases=list(_guess_cases()),
    expected=_guess_error,
    misconceptions=[
        ("your residual lacks its γ: r + γ·E[f(s')] − f(s)", _over_visits(ahead=lambda gamma: 1.0)),
        ("your γ is squared: f(s') lies one step ahead, r + γ·E[f(s')] − f(s)", _over_visits(ahead=np.square)),
        ("your residual lacks the −f(s): r + γ·E[f(s')] − f(s)", _over_visits(minus=0.0)),
        ("your residual has +f(s) where −f(s) belongs", _over_visits(minus=-1.0)),
        ("your residual lacks its reward: r + γ·E[f(s')] − f(s)", _over_visits(reward=0.0)),
        (
            "your residual lacks γ·E[f(s')], what the guess says of the next state",
            _over_visits(ahead=lambda gamma: 0.0),
        ),
        ("the next state's guess has the wrong sign: r + γ·E[f(s')] − f(s)", _over_visits(ahead=lambda gamma: -gamma)),
        (
            "your γ multiplies the reward too: the reward comes at once, r + γ·E[f(s')] − f(s)",
            lambda mdp, pi, guess: _over_visits(reward=mdp.gamma)(mdp, pi, guess),
        ),
        (
            "your γ multiplies f(s) too: only the next state lies a step ahead, r + γ·E[f(s')] − f(s)",
            lambda mdp, pi, guess: _over_visits(minus=mdp.gamma)(mdp, pi, guess),
        ),
        ("you have μᵀf − J: the residuals add up to the truth less the guess", lambda *args: -_guess_error(*args)),
        (
            "you let f look past the end: where the episode is over the future is worth 0, whatever f says",
            _over_visits(mask=_past_the_end),
        ),
        (
            "your mask is the wrong way round: f is 0 where the episode is over, and itself elsewhere",
            _over_visits(mask=lambda mdp, guess: guess * mdp.absorbing),
        ),
        (
            "your visitation is normalised, (1−γ)ρ: residuals are summed over visits, not averaged",
            _over_visits(_normalised_rho),
        ),
        (
            "your visitation is divided by its mass Σρ: residuals are summed over visits, not averaged",
            _over_visits(lambda mdp, rho: rho / rho.sum()),
        ),
        (
            "you divide by 1−γ once more: ρ counts all visits already",
            _over_visits(lambda mdp, rho: rho / (1 - mdp.gamma)),
        ),
        (
            "you count the first step only: residuals arise at every visit",
            _over_visits(lambda mdp, rho: mdp.start),
        ),
        (
            "you add the residuals of all states alike: weigh each by its visits",
            _over_visits(lambda mdp, rho: np.ones_like(rho)),
        ),
        (
            "you average the residuals of all states alike: add them up, each weighed by its visits",
            _over_visits(lambda mdp, rho: np.full_like(rho, 1 / len(rho))),
        ),
        ("you take absolute residuals: those of either sign may cancel", _over_visits(change=np.abs)),
        ("you square the residuals, as in a loss: (5.10) adds them up as they are", _over_visits(change=np.square)),
        (
            "you have the bound (5.11), the largest residual over 1−γ: (5.10) is the sum over the visits",
            lambda mdp, pi, guess: _largest_residual(mdp, pi, guess) / (1 - mdp.gamma),
        ),
        ("you have the largest residual: (5.10) is the sum over the visits", _largest_residual),
        (
            "you return an absolute value: the guess may be too high or too low",
            lambda *args: abs(_guess_error(*args)),
        ),
        (
            "you average over the actions alike: each counts as often as π takes it",
            _over_visits(actions=lambda pi: np.full_like(pi, 1 / pi.shape[1])),
        ),
        (
            "you add up over the actions without π: each counts as often as π takes it",
            _over_visits(actions=np.ones_like),
        ),
        (
            "you average over the actions after weighing them: the weights are probabilities, so add up",
            _over_visits(actions=lambda pi: pi / pi.shape[1]),
        ),
        (
            "you count only the likeliest action: each counts as often as π takes it",
            _over_visits(actions=_one_hot),
        ),
        (
            "your transitions run backwards: sum over the state that comes next, the last index of `mdp.transition`",
            _over_visits(future=lambda mdp, pi, guess: np.einsum("tas,t->sa", mdp.transition, guess)),
        ),
        (
            "you have the true value of the next state where f belongs: r + γ·E[f(s')] − f(s)",
            _over_visits(future=lambda mdp, pi, guess: mdp.transition @ mdp.value(pi)),
        ),
        (
            "you have the guess of the present state twice: what is discounted is f(s'), of the next",
            _over_visits(future=lambda mdp, pi, guess: guess[:, None]),
        ),
        ("you return J itself: subtract the guess of it, μᵀf", lambda mdp, pi, guess: _return(mdp, pi)),
        (
            "you return the guess μᵀf itself: the answer is how far J lies above it",
            lambda mdp, pi, guess: mdp.start @ (guess * mdp.live),
        ),
        (
            "you average V − f over all states alike: the answer is its mean over the start, μ",
            lambda mdp, pi, guess: np.mean(mdp.value(pi) - guess * mdp.live),
        ),
        *[
            (
                "two things at once: you let f look past the end, where the future is worth 0, and " + words,
                _over_visits(mask=_past_the_end, **changes),
            )
            for words, changes in (
                ("your residual lacks its γ", {"ahead": lambda gamma: 1.0}),
                ("your visitation is normalised, (1−γ)ρ", {"scale": _normalised_rho}),
                ("your visitation is divided by its mass Σρ", {"scale": lambda mdp, rho: rho / rho.sum()}),
                ("your sign is that of the guess less the truth", {"scale": lambda mdp, rho: -rho}),
                ("your residual lacks the −f(s)", {"minus": 0.0}),
                ("you average over the actions alike", {"actions": lambda pi: np.full_like(pi, 1 / pi.shape[1])}),
                ("you take absolute residuals", {"change": np.abs}),
                ("you count the first step only", {"scale": lambda mdp, rho: mdp.start}),
            )
        ],
        (
            "two things at once: your residual lacks its γ, and your visitation is normalised, (1−γ)ρ",
            _over_visits(_normalised_rho, ahead=lambda gamma: 1.0),
        ),
        (
            "two things at once: your sign is that of the guess less the truth, and your visitation is normalised, "
            "(1−γ)ρ",
            _over_visits(lambda mdp, rho: -_normalised_rho(mdp, rho)),
        ),
    ],
)

EXERCISES = {"5.1": performance_difference, "5.2": improve_everywhere, "5.3": guess_error}
