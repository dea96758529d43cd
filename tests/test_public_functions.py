"""Every public function of the exact rooms, called with arguments drawn at random: good ones, and bad ones of a kind.

Good arguments stay as they are and give a finite result of the documented shape, and the theorem behind it holds. Bad
ones are refused by an error that names an argument; nothing warns.
"""

import copy
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trpobook import finite
from trpobook.agents import advantages
from trpobook.algorithms import conjugate_gradient, line_search
from trpobook.book import derivations, intervals
from trpobook.finite import (
    bounds,
    branching,
    checks,
    divergences,
    episodes,
    estimators,
    geometry,
    importance,
    laboratory,
    language,
    mdp,
    tabular_trpo,
)

MODULES = (
    *(importlib.import_module(f"{finite.__name__}.{each.name}") for each in pkgutil.iter_modules(finite.__path__)),
    derivations,
    intervals,
    conjugate_gradient,
    line_search,
    advantages,
)
LAB = laboratory.Laboratory()
RUNS = settings(max_examples=12, deadline=None, derandomize=True, database=None)


# Good arguments. Each is made by a generator whose seed hypothesis draws.


def distributions(rng, *shape):
    """Distributions along the last axis: even or nearly deterministic, some with zeros or with very small entries."""
    weights = rng.standard_gamma(rng.choice([0.05, 1.0, 50.0]), shape) + 1e-12
    keep = rng.integers(shape[-1], size=shape[:-1])[..., None] == np.arange(shape[-1])
    if rng.random() < 0.3:
        weights = np.where(keep | (rng.random(shape) < 0.5), weights, 0)
    if rng.random() < 0.2:
        weights = np.where(keep, weights, weights * 10.0 ** -rng.integers(10, 320))
    return weights / weights.sum(axis=-1, keepdims=True)


def numbers(rng, *shape, most=100):
    """Numbers of one order of magnitude, from nothing at all to the largest that is served."""
    exponent = rng.choice([-320, -100, -8, 0, 0, 0, 0, 0, 4, most])
    x = np.clip(rng.standard_normal(shape), -1, 1) * (10.0**exponent if rng.random() < 0.95 else 0)
    return x if shape else float(x)


def fraction(rng):
    return float(rng.choice([0.0, 1.0, 0.5, 1e-9, 0.999, rng.random()]))


def world(rng, *, ends=None, certain=False):
    """An MDP of 1 to 4 states; where `ends`, its last state absorbs and every step may lead there."""
    states, actions = rng.integers(1, 5), rng.integers(1, 4)
    ends = rng.random() < 0.5 if ends is None else ends
    states += ends
    transition = distributions(rng, states, actions, states)
    absorbing = np.zeros(states, bool)
    if ends:
        absorbing[-1] = True
        transition = 0.9 * transition
        transition[..., -1] += 0.1
    if certain:
        transition = np.eye(states)[rng.integers(states, size=(states, actions))]
    start = distributions(rng, states)
    if not start[~absorbing].any():
        start = np.eye(states)[0]
    gamma = float(rng.choice([0.0, 1e-9, 0.3, 0.9, 0.99, 0.999]))
    return mdp.TabularMDP(transition, numbers(rng, states, actions, most=90), start, gamma, absorbing)


def fisher_matrix(rng, size):
    root = numbers(rng, size, rng.integers(1, size + 2), most=40)
    return root @ root.T


def tensors(rng, *shape):
    return torch.from_numpy(rng.standard_normal(shape))


def system(rng):
    """A well-posed system: v -> F v and b."""
    n = rng.integers(1, 8)
    root = tensors(rng, n, n)
    F = root @ root.T + torch.eye(n, dtype=torch.float64)
    return lambda v: F @ v if len(v) == n else v, tensors(rng, n) * float(10.0 ** rng.integers(-200, 100))


def arguments(make):
    """Return the strategy of keyword arguments that `make` gives for a generator."""
    return st.integers(0, 2**32 - 1).map(lambda seed: make(np.random.default_rng(seed)))


# What holds of the results.


def scale(world):
    """The size of values and returns in a world."""
    return 1e-300 + np.abs(world.reward).max() / (1 - min(world.gamma, 0.9999))


def small(x, size, factor=1e-8):
    return np.max(np.abs(x)) <= factor * size


def gain(world, old, new):
    return world.expected_return(new) - world.expected_return(old)


def surrogate_error(world, old, new):
    return abs(gain(world, old, new) - bounds.surrogate(world, old, new))


def shaped(*shape_of):
    """Return the check that the result has the shape of this argument."""
    return lambda result, **given: result.shape == np.shape(given[shape_of[0]])


def anything(result, **given):
    return True


@dataclass
class Case:
    """How a function is called.

    make: keyword arguments for a generator.
    holds: what is true of the result, given the arguments too.
    attacked: the arguments to replace by bad ones: all but those named here are left alone.
    infinite: the result may be, by its docstring.
    narrow: arguments for which infinity is a good value.
    overflows: a FloatingPointError is a good answer for very large or very small arguments, by its docstring.
    passes: NaN and infinity in a tensor may pass through to the result.
    typed: types are left to the type checker.
    """

    function: Callable
    make: Callable
    holds: Callable = anything
    attacked: tuple[str, ...] = ()
    infinite: bool = False
    narrow: tuple[str, ...] = ()
    overflows: bool = False
    passes: bool = False
    typed: bool = False


def pair(rng):
    w = world(rng)
    return {"mdp": w, "old": distributions(rng, *w.reward.shape), "new": distributions(rng, *w.reward.shape)}


def one(rng, **options):
    w = world(rng, **options)
    return {"mdp": w, "pi": distributions(rng, *w.reward.shape)}


def of_pair(name, holds=anything, **options):
    return Case(getattr(bounds, name), pair, holds, ("old", "new"), **options)


def old_alone(rng):
    return {name: value for name, value in pair(rng).items() if name != "new"}


def two_distributions(p="p", q="q"):
    def make(rng):
        n = rng.integers(1, 6)
        leading = [(), (3,), (2, 1), (2, 3)]
        shapes = [leading[rng.integers(4)] for _ in range(2)]
        return {p: distributions(rng, *shapes[0], n), q: distributions(rng, *shapes[1], n)}

    return make


def method(name, holds=anything):
    def call(world, pi):
        return getattr(world, name)(pi)

    def make(rng):
        given = one(rng)
        return {"world": given["mdp"], "pi": given["pi"]}

    return Case(call, make, holds, ("pi",))


def of_lab(name, make, holds=anything, attacked=()):
    return Case(getattr(LAB, name), make, holds, attacked)


def rule(rng):
    return laboratory.Rule(
        update=str(rng.choice(["trust", "none", "penalty"])),
        delta=10.0 ** rng.uniform(-6, 1),
        alpha=10.0 ** rng.uniform(-3, 3),
        kappa=float(rng.choice([0, 0.1, 1])),
        seed=int(rng.integers(100)),
        features=str(rng.choice(["tabular", "rowcol"])),
    )


def lab_policy(rng):
    return {"pi": distributions(rng, 25, 4), "rule": rule(rng)}


def trajectories(old, new):
    def make(rng):
        w = world(rng)
        policies = {name: 0.01 / w.reward.shape[1] + 0.99 * distributions(rng, *w.reward.shape) for name in (old, new)}
        return {"transition": w.transition, "start": w.start, "steps": int(rng.integers(5)), **policies}

    return make


def positive_kl(result, **given):
    return np.all(result >= -1e-9)


def gaussians(rng):
    shape = [(), (3,), (2, 3)][rng.integers(3)]
    means = {name: numbers(rng, *shape) for name in ("mean_p", "mean_q")}
    return means | {name: 10.0 ** rng.uniform(-200, 100) * np.ones(shape) for name in ("std_p", "std_q")}


def multivariate(rng):
    n = rng.integers(1, 5)
    means = {name: numbers(rng, n, most=40) for name in ("mean_p", "mean_q")}
    roots = rng.standard_normal((2, n, n))
    covariances = [root @ root.T + np.eye(n) for root in roots]
    return means | dict(zip(("cov_p", "cov_q"), covariances, strict=True))


def weighted(rng):
    shape = (rng.integers(1, 6),)
    weights = rng.random(shape) * 10.0 ** rng.choice([-300, 0, 300])
    weights[rng.integers(len(weights))] += 1e-305
    return {"weights": weights, "values": numbers(rng, *shape)}


def branch_start(rng):
    given = one(rng, certain=True)
    n, k = rng.integers(1, 4, 2)
    states, actions = given["pi"].shape
    return given | {
        "starts": rng.integers(states, size=n),
        "actions": rng.integers(actions, size=(n, k)),
        "horizon": int(rng.integers(1, 5)),
        "rng": rng,
        "common": bool(rng.integers(2)),
    }


def horizon(rng, **options):
    return one(rng, **options) | {"horizon": int(rng.integers(1, 6))}


class Line:
    """A simulator whose state is a number that the action moves; it ends beyond 3."""

    def restore(self, saved):
        self.at = saved

    def step(self, action):
        self.at += action
        return self.at, -self.at, abs(self.at) > 3


def gae_arguments(rng):
    shape = [(4,), (1,), (5, 2)][rng.integers(3)]
    return {
        **{name: tensors(rng, *shape) for name in ("rewards", "values", "next_values")},
        **{name: torch.from_numpy(rng.random(shape) < 0.3) for name in ("terminated", "truncated")},
        "gamma": fraction(rng),
        "lam": fraction(rng),
    }


def logits(rng):
    return {"logits": numbers(rng, *[(4,), (2, 3), (1,)][rng.integers(3)])}


def solved(result, matvec, b, **given):
    return (matvec(result.x) - b).norm() <= 1e-6 * b.norm() or result.residual > 1e-10


def lowers_phi(result, matvec, x, r, p):
    """The new residual is r's equation at the new point, and orthogonal to p."""
    moved, residual = result
    return (residual - (r - matvec(moved - x))).norm() <= 1e-8 * r.norm() and abs(residual @ p) <= 1e-8 * r.norm() * (
        p.norm()
    )


def search_arguments(rng):
    matvec, b = system(rng)
    return {"matvec": matvec, **{name: tensors(rng, len(b)) for name in ("x", "r", "p")}}


def line_arguments(rng):
    n = rng.integers(1, 5)
    theta, step = tensors(rng, n), tensors(rng, n)
    return {
        "surrogate": lambda x: ((x - theta) @ step).item(),
        "kl": lambda x: (x - theta).square().sum().item() * 10.0 ** rng.uniform(-3, 3),
        "theta": theta,
        "step": step,
        "delta": 10.0 ** rng.uniform(-6, 1),
        "predicted": (step @ step).item(),
        "shrink": rng.uniform(0.1, 0.9),
        "max_backtracks": int(rng.integers(30)),
        "min_ratio": rng.random(),
    }


def kept_promise(result, surrogate, theta, delta, predicted, min_ratio, shrink, **given):
    if not result.accepted:
        return torch.equal(result.theta, theta) and result.gain == result.kl == 0
    return result.kl <= delta and result.gain >= min_ratio * shrink**result.backtracks * predicted


def step_arguments(rng):
    n = rng.integers(1, 5)
    F, s = fisher_matrix(rng, n) + np.eye(n), rng.standard_normal(n)
    damping = float(rng.choice([0, 0.1]))
    return {
        "s": s,
        "g": rng.standard_normal(n),
        "product": lambda v: F @ v + damping * v,
        "damping": damping,
        "delta": 10.0 ** rng.uniform(-8, 2),
    }


def costs_delta(result, s, product, damping, delta, **given):
    step, _ = result
    return abs(step @ product(step) - damping * step @ step - 2 * delta) <= 1e-6 * delta


def natural_arguments(rng):
    n = rng.integers(1, 5)
    F = fisher_matrix(rng, n)
    return {"gradient": F @ rng.standard_normal(n), "fisher": F, "delta": 10.0 ** rng.uniform(-8, 2)}


def natural_holds(result, gradient, fisher, delta):
    return not gradient.any() or abs(result @ fisher @ result / 2 - delta) <= 1e-5 * delta


def jacobians(rng):
    n, a, k = rng.integers(1, 4, 3)
    return {"jacobian": numbers(rng, n, a, k), "p": distributions(rng, n, a)}


def regression(rng):
    n, k = rng.integers(1, 5, 2)
    return {"scores": rng.standard_normal((n, k)), "chance": distributions(rng, n), "advantage": numbers(rng, n)}


def model(rng):
    """Probabilities of the next word after each prefix."""
    return 1e-3 + (1 - 6e-3) * distributions(rng, *language.CHILD.shape)


def preferences(rng):
    reference = 1e-6 + (1 - 4e-6) * distributions(rng, 4)
    return {"reference": reference, "reward": numbers(rng, 4, most=8), "beta": 10.0 ** rng.uniform(-6, 6)}


def backtrack_arguments(rng):
    w = world(rng)
    theta = rng.standard_normal(w.reward.shape)
    estimate = w.advantage(mdp.softmax(theta))
    return {"mdp": w, "theta": theta, "step": numbers(rng, *theta.shape), "estimate": estimate, "delta": 0.01}


def backtracked(result, mdp, theta, delta, **given):
    kl = tabular_trpo.max_and_mean_kl(mdp, *(np.exp(log_softmax(x)) for x in (theta, result)))
    return np.array_equal(result, theta) or kl[1] <= delta + 1e-9


def log_softmax(x):
    return x - np.log(np.exp(x - x.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True)) - x.max(-1, keepdims=True)


def moments_of(result, mdp, pi, **given):
    mean, variance = result
    return mean.shape == variance.shape == pi.shape and np.all(variance >= -1e-8 * (1 + np.abs(mean) ** 2))


CASES = {
    # bounds
    "bounds.expected_advantage": of_pair("expected_advantage", lambda r, mdp, **_: r.shape == mdp.start.shape),
    "bounds.surrogate": of_pair("surrogate"),
    "bounds.performance_difference": of_pair(
        "performance_difference", lambda r, mdp, old, new: small(r - gain(mdp, old, new), scale(mdp), 1e-6)
    ),
    "bounds.guess_error": Case(
        bounds.guess_error,
        lambda rng: (given := one(rng)) | {"guess": numbers(rng, len(given["pi"]))},
        lambda r, mdp, pi, guess: small(
            r - (mdp.expected_return(pi) - mdp.start @ (guess * mdp.live)),
            scale(mdp) + np.abs(guess).max() / (1 - mdp.gamma),
            1e-6,
        ),
        ("pi", "guess"),
    ),
    "bounds.mean_over_visits": Case(
        bounds.mean_over_visits,
        lambda rng: (given := old_alone(rng)) | {"per_state": numbers(rng, len(given["old"]))},
        lambda r, per_state, **_: abs(r) <= np.abs(per_state).max() * (1 + 1e-6),
        ("old", "per_state"),
        infinite=True,
        narrow=("per_state",),
    ),
    "bounds.span_bound": of_pair(
        "span_bound",
        lambda r, mdp, old, new: np.all(r >= np.abs(bounds.expected_advantage(mdp, old, new)) - 1e-8 * scale(mdp)),
    ),
    "bounds.visitation_shift": of_pair(
        "visitation_shift", lambda r, **given: r <= bounds.visitation_bound(**given) + 1e-9
    ),
    "bounds.visitation_bound": of_pair("visitation_bound", positive_kl),
    "bounds.trpo_constant": Case(
        bounds.trpo_constant,
        lambda rng: old_alone(rng) | {"form": str(rng.choice(["tv", "kl_sharp", "kl_paper"]))},
        positive_kl,
        ("old", "form"),
    ),
    "bounds.trpo_penalty": Case(
        bounds.trpo_penalty,
        lambda rng: pair(rng) | {"form": str(rng.choice(["tv", "kl_sharp", "kl_paper"]))},
        lambda r, mdp, old, new, form: surrogate_error(mdp, old, new) <= r + 1e-6 * scale(mdp),
        ("old", "new", "form"),
        infinite=True,
    ),
    "bounds.cpo_penalty": Case(
        bounds.cpo_penalty,
        lambda rng: pair(rng) | {"form": str(rng.choice(["tv", "kl"]))},
        lambda r, mdp, old, new, form: surrogate_error(mdp, old, new) <= r + 1e-6 * scale(mdp),
        ("old", "new", "form"),
        infinite=True,
    ),
    "bounds.mean_kl_constant": Case(bounds.mean_kl_constant, old_alone, positive_kl, ("old",)),
    "bounds.mean_kl_penalty": of_pair(
        "mean_kl_penalty",
        lambda r, mdp, old, new: surrogate_error(mdp, old, new) <= r + 1e-6 * scale(mdp),
        infinite=True,
    ),
    "bounds.agreeing_visitation": of_pair(
        "agreeing_visitation",
        lambda r, mdp, old, new: np.all(r <= np.minimum(mdp.visitation(old), mdp.visitation(new)) * (1 + 1e-6) + 1e-9),
    ),
    "bounds.cpi_bound": Case(
        bounds.cpi_bound,
        lambda rng: {("target" if k == "new" else k): v for k, v in pair(rng).items()} | {"alpha": fraction(rng)},
        lambda r, mdp, old, target, alpha: r <= gain(mdp, old, (1 - alpha) * old + alpha * target) + 1e-6 * scale(mdp),
        ("old", "target", "alpha"),
    ),
    "bounds.cpi_step": Case(
        bounds.cpi_step,
        lambda rng: {("target" if k == "new" else k): v for k, v in pair(rng).items()},
        lambda r, **_: 0 <= r <= 1,
        ("old", "target"),
    ),
    "bounds.mm_step": Case(
        bounds.mm_step,
        lambda rng: old_alone(rng) | {"form": str(rng.choice(["kl_sharp", "kl_paper", "mean_kl"]))},
        lambda r, mdp, old, form: r.shape == old.shape and gain(mdp, old, r) >= -1e-6 * scale(mdp),
        ("old", "form"),
    ),
    "bounds.golden_section": Case(
        bounds.golden_section,
        lambda rng: {
            "function": lambda x: -abs(x - 0.3),
            "low": -rng.random(),
            "high": 0.4 + rng.random(),
            "rounds": int(rng.integers(60)),
        },
        lambda r, low, high, rounds, **_: abs(r - 0.3) <= (high - low) * 0.62**rounds + 1e-9,
        ("low", "high", "rounds"),
    ),
    # branching
    "branching.sample_branches": Case(
        branching.sample_branches,
        branch_start,
        lambda r, actions, **_: r.q.shape == r.steps.shape == actions.shape,
        ("pi", "starts", "actions", "horizon"),
    ),
    "branching.coupled_actions": Case(
        branching.coupled_actions,
        lambda rng: {"pi": one(rng)["pi"]},
        lambda r, pi: np.allclose(r.sum(axis=3), pi[:, None], atol=1e-9),
        ("pi",),
    ),
    "branching.branch_moments": Case(
        branching.branch_moments,
        lambda rng: horizon(rng, certain=True),
        lambda r, pi, **_: r[0].shape == pi.shape,
        ("pi", "horizon"),
    ),
    "branching.all_branch_moments": Case(
        lambda mdp, pi: next(branching.all_branch_moments(mdp, pi)),
        lambda rng: one(rng, certain=True),
        lambda r, mdp, pi: np.array_equal(r[0], mdp.reward * mdp.live[:, None]),
        ("pi",),
    ),
    "branching.branch_length": Case(
        branching.branch_length,
        horizon,
        lambda r, mdp, horizon, **_: np.all(r <= horizon + 1e-4) and np.all(r[~mdp.absorbing] >= 1),
        ("pi", "horizon"),
    ),
    "branching.vine_spread": Case(
        branching.vine_spread,
        lambda rng: horizon(rng, certain=True) | {"branches": [None, 2, [2, 5.5]][rng.integers(3)], "common": True},
        lambda r, mdp, **_: np.all(np.asarray(r[1]) >= -1e-8 * scale(mdp) ** 2),
        ("pi", "horizon", "branches"),
    ),
    "branching.single_spread": Case(
        branching.single_spread,
        lambda rng: horizon(rng, certain=True) | {"baseline": bool(rng.integers(2))},
        lambda r, mdp, **_: r >= -1e-8 * scale(mdp) ** 2,
        ("pi", "horizon"),
    ),
    "branching.truncated_q": Case(branching.truncated_q, horizon, shaped("pi"), ("pi", "horizon")),
    "branching.best_branches": Case(
        branching.best_branches,
        lambda rng: {
            "between": abs(numbers(rng)),
            "within": abs(numbers(rng)),
            "horizon": int(rng.integers(1, 20)),
            "budget": int(rng.integers(41, 2000)),
        },
        lambda r, budget, horizon, **_: r[0] >= 2 and 1 + r[0] * horizon <= budget,
        ("between", "within", "horizon", "budget"),
    ),
    "branching.branch": Case(
        branching.branch,
        lambda rng: {
            "simulator": Line(),
            "saved": 0.0,
            "first_actions": list(rng.standard_normal(rng.integers(1, 4))),
            "policy": lambda observation, noise: noise,
            "noise": rng.standard_normal(rng.integers(0, 4)),
            "gamma": fraction(rng),
        },
        lambda r, first_actions, **_: r.shape == (len(first_actions),),
        ("gamma",),
    ),
    # divergences
    "divergences.entropy": Case(
        divergences.entropy,
        lambda rng: {"p": two_distributions()(rng)["p"]},
        lambda r, p: np.all(r >= 0) and np.all(r <= np.log(p.shape[-1]) + 1e-9),
        ("p",),
    ),
    "divergences.cross_entropy": Case(
        divergences.cross_entropy,
        two_distributions(),
        lambda r, p, q: np.all(r >= divergences.entropy(p) - 1e-9),
        ("p", "q"),
        infinite=True,
    ),
    "divergences.kl_categorical": Case(
        divergences.kl_categorical, two_distributions(), positive_kl, ("p", "q"), infinite=True
    ),
    "divergences.kl_gaussian": Case(
        divergences.kl_gaussian,
        gaussians,
        positive_kl,
        ("mean_p", "std_p", "mean_q", "std_q"),
        infinite=True,
    ),
    "divergences.kl_multivariate_gaussian": Case(
        divergences.kl_multivariate_gaussian,
        multivariate,
        positive_kl,
        ("mean_p", "cov_p", "mean_q", "cov_q"),
        overflows=True,
    ),
    "divergences.total_variation": Case(
        divergences.total_variation,
        two_distributions(),
        lambda r, p, q: (
            np.all((r >= 0) & (r <= 1 + 1e-9))
            and np.all(r <= divergences.pinsker_bound(kl := divergences.kl_categorical(p, q)) + 1e-7)
            and np.all(r <= divergences.bretagnolle_huber_bound(kl) + 1e-7)
        ),
        ("p", "q"),
    ),
    "divergences.chi_squared": Case(
        divergences.chi_squared,
        two_distributions("new", "old"),
        lambda r, new, old: np.all(np.log1p(np.maximum(r, 0)) >= divergences.kl_categorical(new, old) - 1e-7),
        ("new", "old"),
        infinite=True,
    ),
    "divergences.kl_estimators": Case(
        divergences.kl_estimators,
        lambda rng: {"log_p": numbers(rng, 3), "log_q": numbers(rng, 3)},
        lambda r, **_: np.all(r[1] >= 0) and np.all(r[2] >= -1e-9),
        ("log_p", "log_q"),
        infinite=True,
        narrow=("log_q",),
    ),
    "divergences.pinsker_bound": Case(
        divergences.pinsker_bound,
        lambda rng: {"kl": np.abs(numbers(rng, 3))},
        shaped("kl"),
        ("kl",),
        infinite=True,
        narrow=("kl",),
    ),
    "divergences.bretagnolle_huber_bound": Case(
        divergences.bretagnolle_huber_bound,
        lambda rng: {"kl": np.abs(numbers(rng, 3))},
        lambda r, kl: np.all(r <= np.minimum(1, divergences.pinsker_bound(kl) * 2**0.5 + 1e-12)),
        ("kl",),
        narrow=("kl",),
    ),
    "divergences.trajectory_kl": Case(
        divergences.trajectory_kl,
        trajectories("pi_old", "pi_new"),
        positive_kl,
        ("transition", "pi_old", "pi_new", "start", "steps"),
        infinite=True,
    ),
    # episodes
    "episodes.sample_episodes": Case(
        episodes.sample_episodes,
        lambda rng: one(rng) | {"count": int(rng.integers(1, 4)), "horizon": int(rng.integers(1, 5)), "rng": rng},
        lambda r, count, horizon, **_: r.rewards.shape == (count, horizon) and not r.rewards[~r.live].any(),
        ("pi", "count", "horizon"),
    ),
    "episodes.all_episodes": Case(
        episodes.all_episodes,
        lambda rng: {"mdp": world(rng), "horizon": int(rng.integers(1, 3))},
        lambda r, **_: np.all(r[1] >= 0) and len(r[1]) == len(r[0].states),
        ("horizon",),
    ),
    "episodes.rewards_to_go": Case(
        episodes.rewards_to_go,
        lambda rng: {"rewards": numbers(rng, 2, 3), "gamma": fraction(rng)},
        shaped("rewards"),
        ("rewards", "gamma"),
    ),
    # estimators
    "estimators.n_step_advantages": Case(
        estimators.n_step_advantages,
        lambda rng: (
            n := int(rng.integers(1, 5)),
            {"rewards": numbers(rng, n), "values": numbers(rng, n + 1), "gamma": fraction(rng)},
        )[1],
        shaped("rewards"),
        ("rewards", "values", "gamma"),
    ),
    "estimators.lambda_weights": Case(
        estimators.lambda_weights,
        lambda rng: {"steps": int(rng.integers(1, 9)), "lam": fraction(rng)},
        lambda r, steps, lam: r.shape == (steps,) and abs(r.sum() - 1) <= 1e-9,
        ("steps", "lam"),
    ),
    "estimators.gae_bias": Case(
        estimators.gae_bias,
        lambda rng: (
            w := world(rng),
            {
                "error": numbers(rng, len(w.start)),
                "gamma": 0.99 * fraction(rng),
                "lam": fraction(rng),
                "transition": w.transition,
                "pi": distributions(rng, *w.reward.shape),
            },
        )[1],
        lambda r, pi, error, gamma, **_: r.shape == pi.shape and np.abs(r).max() <= 3 * np.abs(error).max() + 1e-9,
        ("error", "gamma", "lam", "transition", "pi"),
    ),
    "estimators.gae_moments": Case(
        estimators.gae_moments,
        lambda rng: (given := one(rng)) | {"values": numbers(rng, len(given["pi"])), "lam": fraction(rng)},
        moments_of,
        ("pi", "values", "lam"),
    ),
    # geometry
    "geometry.fisher_softmax": Case(
        geometry.fisher_softmax,
        lambda rng: {"p": two_distributions()(rng)["p"]},
        lambda r, p: np.allclose(r.sum(axis=-1), 0, atol=1e-5) and np.linalg.eigvalsh(r).min() >= -1e-9,
        ("p",),
    ),
    "geometry.gauss_newton": Case(
        geometry.gauss_newton,
        jacobians,
        lambda r, jacobian, p: r.shape == (jacobian.shape[2],) * 2,
        ("jacobian", "p"),
    ),
    "geometry.natural_step": Case(
        geometry.natural_step, natural_arguments, natural_holds, ("gradient", "fisher", "delta"), overflows=True
    ),
    "geometry.pseudo_inverse": Case(
        geometry.pseudo_inverse,
        lambda rng: {"name": "matrix", "matrix": fisher_matrix(rng, 3), "size": 3},
        lambda r, matrix, **_: small(matrix @ r @ matrix - matrix, np.abs(matrix).max(), 1e-6),
        ("matrix",),
        overflows=True,
    ),
    "geometry.compatible_weights": Case(
        geometry.compatible_weights,
        regression,
        lambda r, scores, **_: r.shape == scores.shape[1:],
        ("scores", "chance", "advantage"),
        overflows=True,
    ),
    # importance
    "importance.ratios": Case(
        importance.ratios,
        lambda rng: {"log_old": numbers(rng, 3), "log_new": numbers(rng, 3)},
        shaped("log_old"),
        ("log_old", "log_new"),
        infinite=True,
        narrow=("log_new",),
    ),
    "importance.effective_sample_size": Case(
        importance.effective_sample_size,
        lambda rng: {"weights": weighted(rng)["weights"]},
        lambda r, weights: 1 - 1e-9 <= r <= len(weights) + 1e-9,
        ("weights",),
    ),
    "importance.plain_mean": Case(
        importance.plain_mean, weighted, lambda r, **_: r.shape == (), ("weights", "values"), overflows=True
    ),
    "importance.self_normalised_mean": Case(
        importance.self_normalised_mean,
        weighted,
        lambda r, weights, values: (
            values.min() - 1e-9 * np.abs(values).max() <= r <= values.max() + 1e-9 * np.abs(values).max()
        ),
        ("weights", "values"),
    ),
    "importance.trajectory_chi_squared": Case(
        importance.trajectory_chi_squared,
        trajectories("old", "new"),
        lambda r, steps, **_: r.shape == (steps + 1,) and np.all(r >= -1e-6),
        ("transition", "old", "new", "start", "steps"),
        overflows=True,
    ),
    # laboratory
    "laboratory.Rule": Case(
        laboratory.Rule,
        lambda rng: dict(vars(rule(rng))),
        attacked=("update", "delta", "alpha", "kappa", "seed", "features"),
    ),
    "laboratory.Laboratory.start": of_lab("start", lambda rng: {}, lambda r: r.shape == (25, 4)),
    "laboratory.Laboratory.percent": of_lab("percent", lambda rng: {"value": rng.random()}),
    "laboratory.Laboratory.estimate": of_lab(
        "estimate", lab_policy, lambda r, pi, rule: small(np.sum(pi * r, axis=1), 1, 1e-9), ("pi",)
    ),
    "laboratory.Laboratory.direction": of_lab(
        "direction", lambda rng: lab_policy(rng) | {"estimate": numbers(rng, 25, 4)}, shaped("pi"), ("pi", "estimate")
    ),
    "laboratory.Laboratory.step": of_lab(
        "step",
        lambda rng: {"theta": rng.standard_normal((25, 4)), "rule": rule(rng)},
        lambda r, theta, rule: rule.update != "trust" or r.mean_kl <= rule.delta * (1 + 1e-9),
        ("theta",),
    ),
    "laboratory.Laboratory.run": of_lab(
        "run",
        lambda rng: {"phases": [(2, rule(rng)), (1, rule(rng))], "theta": rng.standard_normal((25, 4))},
        lambda r, **_: len(r) == 3 and r[0].after == pytest.approx(r[1].before),
        ("theta",),
    ),
    "laboratory.Laboratory.slice": of_lab(
        "slice",
        lambda rng: {"theta": rng.standard_normal((25, 4)), "rule": rule(rng), "alphas": rng.random(3)},
        lambda r, alphas, **_: all(x.shape == alphas.shape for x in r),
        ("theta", "alphas"),
    ),
    "laboratory.cliff_slice": Case(
        laboratory.cliff_slice,
        lambda rng: {
            "p": rng.random(3),
            "start": fraction(rng),
            "reward": numbers(rng),
            "cost": numbers(rng),
            "gamma": fraction(rng),
        },
        lambda r, p, **_: positive_kl(r[0]) and all(x.shape == p.shape for x in r),
        ("p", "start", "reward", "cost", "gamma"),
        infinite=True,
    ),
    "laboratory.cliff_step": Case(
        laboratory.cliff_step,
        lambda rng: {"delta": 10.0 ** rng.uniform(-6, 2), "start": fraction(rng)},
        lambda r, delta, start: start <= r <= 1,
        ("delta", "start"),
    ),
    "laboratory.lcg_uniform": Case(
        laboratory.lcg_uniform,
        lambda rng: {"seed": int(rng.integers(2**32)), "shape": (2, 3)},
        lambda r, seed, shape: r.shape == shape and np.all((r >= -1) & (r < 1)),
        ("seed",),
    ),
    "laboratory.row_and_column_indicators": Case(
        laboratory.row_and_column_indicators,
        lambda rng: {"states": int(rng.integers(1, 6)) ** 2},
        lambda r, states: np.all(r.sum(axis=1) == 2),
        ("states",),
    ),
    # language
    "language.words": Case(
        language.words,
        lambda rng: {"sentence": int(rng.integers(len(language.SENTENCES)))},
        lambda r, sentence: len(r.split()) == language.LENGTHS[sentence],
        ("sentence",),
    ),
    "language.scores": Case(
        language.scores, lambda rng: {"reward": len}, lambda r, reward: np.array_equal(r, language.LENGTHS)
    ),
    "language.word_log_probs": Case(
        language.word_log_probs,
        lambda rng: {"table": np.log(model(rng))},
        lambda r, table: r.shape == language.PLACES.shape and not r[~language.PLACES].any(),
    ),
    "language.law": Case(
        language.law,
        lambda rng: {"table": np.log(model(rng))},
        lambda r, table: abs(r.sum() - 1) <= 1e-9,
        ("table",),
        narrow=("table",),
    ),
    "language.table_of": Case(
        language.table_of,
        lambda rng: {"probabilities": language.law(np.log(model(rng)))},
        lambda r, probabilities: np.allclose(language.law(r), probabilities, atol=1e-12),
        ("probabilities",),
    ),
    "language.draw": Case(
        language.draw,
        lambda rng: {"table": np.log(model(rng)), "count": int(rng.integers(1, 5)), "rng": rng},
        lambda r, count, **_: r.shape == (count,) and np.all(r >= 0),
        ("table", "count"),
        narrow=("table",),
    ),
    "language.corpus": Case(
        language.corpus,
        lambda rng: {"count": int(rng.integers(1, 5)), "rng": rng},
        lambda r, count, **_: r.shape == (count,),
        ("count",),
    ),
    "language.optimal_law": Case(
        language.optimal_law,
        preferences,
        lambda r, reference, reward, beta: abs(r[0].sum() - 1) <= 1e-6,
        ("reference", "reward", "beta"),
    ),
    "language.optimal_law_other_direction": Case(
        language.optimal_law_other_direction,
        preferences,
        lambda r, reference, reward, beta: abs(r[0].sum() - 1) <= 1e-6 and r[1] > 0,
        ("reference", "reward", "beta"),
    ),
    "language.group_advantages": Case(
        language.group_advantages,
        lambda rng: {"rewards": numbers(rng, 2, 3), "divide": bool(rng.integers(2))},
        shaped("rewards"),
        ("rewards",),
    ),
    # mdp
    "mdp.TabularMDP": Case(
        mdp.TabularMDP,
        lambda rng: dict(vars(world(rng))),
        lambda r, transition, **_: np.array_equal(r.transition, transition),
        ("transition", "reward", "start", "gamma", "absorbing"),
    ),
    "mdp.TabularMDP.policies": Case(
        lambda world, pi: world.policies(pi=pi),
        lambda rng: {"world": (given := one(rng))["mdp"], "pi": given["pi"]},
        lambda r, world, pi: np.array_equal(r[0], pi),
        ("pi",),
    ),
    "mdp.TabularMDP.policy": Case(
        lambda world, name, pi: world.policy(name, pi),
        lambda rng: {"world": (given := one(rng))["mdp"], "name": "pi", "pi": given["pi"]},
        lambda r, world, name, pi: np.array_equal(r, pi),
        ("pi",),
    ),
    "mdp.TabularMDP.future": Case(
        lambda world, move: world.future(move),
        lambda rng: {"world": (given := one(rng))["mdp"], "move": given["pi"]},
        lambda r, world, move: r.shape == world.start.shape * 2,
    ),
    "mdp.TabularMDP.value": method("value", lambda r, world, pi: np.all(np.abs(r) <= scale(world) * (1 + 1e-5))),
    "mdp.TabularMDP.action_value": method("action_value", shaped("pi")),
    "mdp.TabularMDP.advantage": method(
        "advantage", lambda r, world, pi: small(np.sum(pi * r, axis=1), scale(world), 1e-4)
    ),
    "mdp.TabularMDP.visitation": method(
        "visitation", lambda r, world, pi: np.all(r >= -1e-9) and r.sum() <= 1.01 / (1 - world.gamma)
    ),
    "mdp.TabularMDP.expected_return": method("expected_return", lambda r, world, pi: abs(r) <= 1.1 * scale(world)),
    "mdp.TabularMDP.policy_gradient": method("policy_gradient", shaped("pi")),
    "mdp.TabularMDP.fisher": method("fisher", lambda r, **_: np.linalg.eigvalsh(r).min() >= -1e-9),
    "mdp.TabularMDP.natural_gradient": method("natural_gradient", shaped("pi")),
    "mdp.resolvent": Case(
        mdp.resolvent,
        lambda rng: {"name": "gamma", "discount": 0.99 * fraction(rng), "chain": distributions(rng, 3, 3)},
        shaped("chain"),
    ),
    "mdp.optimal_policy": Case(
        mdp.optimal_policy,
        lambda rng: {"mdp": world(rng)},
        lambda r, mdp: np.all(mdp.value(r) >= mdp.value(np.full(r.shape, 1 / r.shape[1])) - 1e-8 * scale(mdp)),
    ),
    "mdp.softmax": Case(
        mdp.softmax,
        logits,
        lambda r, logits: np.allclose(r.sum(axis=-1), 1, atol=1e-9),
        ("logits",),
        narrow=("logits",),
    ),
    "mdp.log_softmax": Case(
        mdp.log_softmax, logits, lambda r, logits: np.all(r <= 1e-12), ("logits",), infinite=True, narrow=("logits",)
    ),
    "mdp.random_mdp": Case(
        mdp.random_mdp,
        lambda rng: {
            "rng": rng,
            "states": int(rng.integers(1, 5)),
            "actions": int(rng.integers(1, 4)),
            "gamma": fraction(rng),
            "concentration": 10.0 ** rng.uniform(-3, 6),
        },
        lambda r, states, actions, **_: r.reward.shape == (states, actions),
        ("states", "actions", "gamma", "concentration"),
    ),
    "mdp.random_policy": Case(
        mdp.random_policy,
        lambda rng: {"rng": rng, "mdp": world(rng), "concentration": 10.0 ** rng.uniform(-3, 6)},
        lambda r, mdp, **_: np.allclose(r.sum(axis=1), 1) and r.shape == mdp.reward.shape,
        ("concentration",),
    ),
    "mdp.gridworld": Case(mdp.gridworld, lambda rng: {}),
    "mdp.two_step_cliff": Case(
        mdp.two_step_cliff,
        lambda rng: {"reward": numbers(rng), "cost": numbers(rng), "gamma": fraction(rng)},
        lambda r, **_: r.reward.shape == (3, 2),
        ("reward", "cost", "gamma"),
    ),
    # tabular_trpo
    "tabular_trpo.full_step": Case(
        tabular_trpo.full_step, step_arguments, costs_delta, ("s", "g", "damping", "delta"), overflows=True
    ),
    "tabular_trpo.backtrack": Case(
        tabular_trpo.backtrack, backtrack_arguments, backtracked, ("theta", "step", "estimate", "delta")
    ),
    "tabular_trpo.penalty_for": Case(
        tabular_trpo.penalty_for,
        lambda rng: (
            given := natural_arguments(rng),
            {"delta": given["delta"], "g": given["gradient"], "fisher": given["fisher"]},
        )[1],
        positive_kl,
        ("delta", "g", "fisher"),
        overflows=True,
    ),
    "tabular_trpo.max_and_mean_kl": Case(
        tabular_trpo.max_and_mean_kl,
        pair,
        lambda r, **_: r[1] <= r[0] + 1e-9,
        ("old", "new"),
        infinite=True,
    ),
    # derivations
    "derivations.search_along": Case(derivations.search_along, search_arguments, lowers_phi, ("x", "r", "p")),
    "derivations.next_direction": Case(
        derivations.next_direction,
        lambda rng: {name: tensors(rng, 3) for name in ("r_new", "r", "p")},
        lambda result, r_new, **_: result.shape == r_new.shape,
        ("r_new", "r", "p"),
    ),
    "derivations.curvature_product": Case(
        derivations.curvature_product,
        lambda rng: (
            features := tensors(rng, 4, 3, 2),
            {
                "log_probs": lambda theta: (features @ theta).log_softmax(-1),
                "theta": tensors(rng, 2),
                "v": tensors(rng, 2),
            },
        )[1],
        lambda r, log_probs, theta, v: r.shape == v.shape and r @ v >= -1e-9,
        ("theta", "v"),
    ),
    "derivations.score_product": Case(
        derivations.score_product,
        lambda rng: {
            "scores": tensors(rng, 4, 3, 2),
            "probabilities": torch.from_numpy(distributions(rng, 4, 3)),
            "v": tensors(rng, 2),
        },
        lambda r, scores, probabilities, v: r.shape == v.shape and r @ v >= -1e-9,
        ("scores", "probabilities", "v"),
    ),
    # intervals, conjugate_gradient, line_search, advantages
    "intervals.bootstrap_interval": Case(
        intervals.bootstrap_interval,
        lambda rng: {"values": numbers(rng, rng.integers(1, 7)), "level": rng.uniform(0.01, 0.99)},
        lambda r, values, level: (
            values.min() - 1e-9 * np.abs(values).max() <= r[0] <= r[1] <= values.max() + 1e-9 * np.abs(values).max()
        ),
        ("values", "level"),
    ),
    "intervals.interquartile_mean": Case(
        intervals.interquartile_mean,
        lambda rng: {"values": numbers(rng, rng.integers(1, 7))},
        lambda r, values: values.min() - 1e-9 * np.abs(values).max() <= r <= values.max() + 1e-9 * np.abs(values).max(),
        ("values",),
    ),
    "conjugate_gradient.conjugate_gradient": Case(
        conjugate_gradient.conjugate_gradient,
        lambda rng: (
            both := system(rng),
            {"matvec": both[0], "b": both[1], "max_iterations": 30, "rtol": 1e-10},
        )[1],
        solved,
        ("b", "max_iterations", "rtol"),
    ),
    "line_search.line_search": Case(
        line_search.line_search,
        line_arguments,
        kept_promise,
        ("theta", "step", "delta", "shrink", "max_backtracks", "min_ratio"),
        passes=True,
    ),
    "advantages.gae": Case(
        advantages.gae,
        gae_arguments,
        lambda r, rewards, **_: r.shape == rewards.shape,
        ("values", "next_values", "terminated", "truncated", "gamma", "lam"),
        passes=True,
        typed=True,
    ),
    "advantages.standardised": Case(
        advantages.standardised,
        lambda rng: {"advantages": tensors(rng, 5)},
        lambda r, **_: abs(r.mean()) < 1e-6 and abs(r.std() - 1) < 1e-5,
        passes=True,
    ),
    "advantages.explained_variance": Case(
        advantages.explained_variance,
        lambda rng: {"predictions": tensors(rng, 5), "targets": tensors(rng, 5)},
        lambda r, **_: r <= 1 + 1e-9,
        ("predictions", "targets"),
        passes=True,
        typed=True,
    ),
    # checks
    "checks.require_numbers": Case(
        checks.require_numbers, lambda rng: {"name": "x", "x": numbers(rng, 2, 3)}, shaped("x"), ("x",)
    ),
    "checks.require_array": Case(
        checks.require_array, lambda rng: {"name": "x", "x": numbers(rng, 2, 3)}, shaped("x"), passes=True
    ),
    "checks.require_axes": Case(
        checks.require_axes, lambda rng: {"name": "x", "x": numbers(rng, 2, 3), "axes": "row column"}, shaped("x")
    ),
    "checks.require_dynamics": Case(
        checks.require_dynamics,
        lambda rng: {name: value for name, value in trajectories("old", "new")(rng).items() if name != "steps"},
        lambda r, transition, **_: np.array_equal(r[0], transition),
        ("transition", "start", "old", "new"),
    ),
    "checks.require_number": Case(
        checks.require_number, lambda rng: {"name": "x", "x": numbers(rng)}, lambda r, name, x: r == x, ("x",)
    ),
    "checks.require_unit_interval": Case(
        checks.require_unit_interval, lambda rng: {"name": "x", "x": fraction(rng)}, lambda r, name, x: r == x, ("x",)
    ),
    "checks.require_positive": Case(
        checks.require_positive, lambda rng: {"name": "x", "x": rng.random()}, lambda r, name, x: r == x, ("x",)
    ),
    "checks.require_whole": Case(
        checks.require_whole, lambda rng: {"name": "number", "number": int(rng.integers(9))}, attacked=("number",)
    ),
    "checks.require_indices": Case(
        checks.require_indices, lambda rng: {"name": "x", "x": rng.integers(4, size=3), "size": 4}, shaped("x"), ("x",)
    ),
    "checks.require_probabilities": Case(
        checks.require_probabilities, lambda rng: {"name": "p", "p": distributions(rng, 2, 3)}, shaped("p"), ("p",)
    ),
    "checks.require_weights": Case(
        checks.require_weights, lambda rng: {"name": "w", "w": weighted(rng)["weights"]}, shaped("w"), ("w",)
    ),
    "checks.require_shape": Case(
        checks.require_shape, lambda rng: {"name": "x", "x": numbers(rng, 2, 3), "shape": (2, 3)}
    ),
    "checks.require_same_shape": Case(checks.require_same_shape, lambda rng: {"x": np.ones(3), "y": np.zeros(3)}),
    "checks.require_aligned": Case(checks.require_aligned, two_distributions()),
    "checks.require_in_range": Case(
        checks.require_in_range, lambda rng: {"what": "x", "value": numbers(rng, 3), "arguments": ("value",)}
    ),
}


# Bad arguments, made from good ones.

BAD_ARRAYS = {
    "NaN": lambda x: put(x, np.nan),
    "infinity": lambda x: put(x, np.inf),
    "minus infinity": lambda x: put(x, -np.inf),
    "empty": lambda x: x[..., :0],
    "longer": lambda x: np.concatenate([x, x[..., :1]], axis=-1),
    "an axis more": lambda x: np.stack([x, x, x]),
    "a column": lambda x: x[..., None],
    "words": lambda x: np.full(x.shape, "word"),
    "complex": lambda x: x + 1j,
    "None": lambda x: None,
    "objects": lambda x: np.full(x.shape, None),
    "ragged": lambda x: [[1.0], [1.0, 0.0]],
    "negative": lambda x: -x - 1,
    "huge": lambda x: x + 1e308,
    "infinite sum": lambda x: np.full(x.shape, np.finfo(float).max),
    "zero": lambda x: 0 * x,
    "whole numbers": lambda x: np.ceil(np.clip(x, -9, 9)).astype(int),
    "a number": lambda x: 0.5,
}
NEVER_ARRAYS = {"NaN", "infinity", "minus infinity", "empty", "words", "complex", "None", "objects", "ragged"}
BAD_NUMBERS = {
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "a word": "word",
    "None": None,
    "complex": 1j,
    "a list": [0.5, 0.5],
    "negative": -1,
    "zero": 0,
    "half": 0.5,
    "huge": 1e308,
    "beyond floats": 10**400,
    "tiny": 5e-324,
    "yes": True,
}
NEVER_NUMBERS = {"NaN", "infinity", "minus infinity", "a word", "complex", "None", "a list", "beyond floats"}
MAY_BE = {("pi", "complex"), ("old", "complex"), ("new", "complex"), ("logits", "complex"), ("theta", "None")}
OF_AN_MDP = ("gamma", "start", "reward", "transition", "absorbing")


def put(x, value):
    x = np.array(x, float)
    x.flat[x.size // 2] = value
    return x


def attack(case, given, draw):
    """Return the arguments with one of them spoilt, and whether that must be refused."""
    name = draw(st.sampled_from(case.attacked))
    good = given[name]
    if isinstance(good, str):
        return given | {name: draw(st.sampled_from(["", "word", None, 3]))}, name, True
    if isinstance(good, np.ndarray | torch.Tensor):
        kind = draw(st.sampled_from(sorted(BAD_ARRAYS)))
        if isinstance(good, torch.Tensor) and kind in ("words", "complex", "None", "objects", "ragged", "a number"):
            kind = "NaN"
        if case.typed and kind == "whole numbers":
            kind = "NaN"
        array = np.asarray(good)
        bad = BAD_ARRAYS[kind](array.astype(float) if array.dtype == bool else array)
        if isinstance(good, torch.Tensor):
            bad = torch.from_numpy(np.ascontiguousarray(bad))
        never = kind in NEVER_ARRAYS
        if name in case.narrow and "infinity" in kind:
            never = False
        if case.passes and kind in ("NaN", "infinity", "minus infinity", "empty"):
            never = False
        if (name, kind) in MAY_BE:
            never = False
    else:
        kind = draw(st.sampled_from(sorted(BAD_NUMBERS)))
        if case.typed and kind in ("a word", "None", "complex", "a list", "beyond floats"):
            kind = "NaN"
        bad, never = BAD_NUMBERS[kind], kind in NEVER_NUMBERS
        if kind in ("None", "a list") and name in ("branches", "mean_p", "mean_q", "std_p", "std_q"):
            never = kind == "None" and name != "branches"
    return given | {name: bad}, f"{name}: {kind}", never


def flat(result):
    """Yield all numbers of a result."""
    if isinstance(result, torch.Tensor):
        result = result.detach().numpy()
    if isinstance(result, dict) or is_dataclass(result):
        result = list((result if isinstance(result, dict) else vars(result)).values())
    if isinstance(result, tuple | list):
        for each in result:
            yield from flat(each)
    elif result is not None and not isinstance(result, str):
        yield np.asarray(result)


def check_result(case, result):
    for x in flat(result):
        assert not np.any(np.isnan(x)), "NaN in the result"
        assert case.infinite or np.all(np.isfinite(x)), "infinity in the result"


def public_functions():
    for module in MODULES:
        room = module.__name__.rpartition(".")[2]
        for name, item in vars(module).items():
            if name.startswith("_") or getattr(item, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(item):
                yield f"{room}.{name}"
            elif inspect.isclass(item):
                if hasattr(item, "__post_init__"):
                    yield f"{room}.{name}"
                methods = [m for m, f in vars(item).items() if inspect.isfunction(f) and not m.startswith("_")]
                yield from (f"{room}.{name}.{m}" for m in methods)


def test_no_public_function_is_left_out():
    assert sorted(CASES) == sorted(public_functions())


@pytest.mark.parametrize("name", CASES)
def test_good_arguments_give_a_finite_result_of_which_the_theorem_holds(name):
    case = CASES[name]

    @settings(RUNS)
    @given(arguments(case.make))
    def run(given):
        arrays = {key: x for key, x in given.items() if isinstance(x, np.ndarray | torch.Tensor)}
        before = copy.deepcopy(arrays)
        try:
            result = case.function(**given)
        except FloatingPointError:
            assert case.overflows
            return
        check_result(case, result)
        assert case.holds(result, **given)
        for key, x in arrays.items():
            np.testing.assert_array_equal(x, before[key], f"{key} was written to")

    run()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.attacked])
def test_bad_arguments_are_refused_by_name(name):
    case = CASES[name]

    @settings(RUNS, max_examples=2 * RUNS.max_examples)
    @given(arguments(case.make), st.data())
    def run(given, data):
        spoilt, what, never = attack(case, given, data.draw)
        try:
            result = case.function(**spoilt)
        except (ValueError, FloatingPointError) as error:
            names = [*given, *(OF_AN_MDP if {"mdp", "world"} & set(given) else ())]
            assert not isinstance(error, np.linalg.LinAlgError | IndexError), (what, error)
            assert any(re.search(rf"\b{each}\b", str(error)) for each in names), (what, str(error))
            return
        assert not never, what
        if not case.passes:
            check_result(case, result)

    run()
