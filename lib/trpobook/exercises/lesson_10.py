"""Exercises of lesson 10: three parts of TRPO, the whole of it, and an interval for the results.

The expected answers are slow and obvious, apart from the library: conjugate gradients by projection on an explicit
Krylov basis, the Fisher matrix as a sum over actions of outer products of scores, the line search as a list, the
whole training as plain arithmetic with explicit Jacobians, the bootstrap by counting resamples.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.advantages import gae, standardised
from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy
from trpobook.agents.rollouts import Batch
from trpobook.agents.value_function import ValueFunction
from trpobook.algorithms import trpo
from trpobook.exercises.checks import Exercise, Unfit
from trpobook.exercises.compare import agree
from trpobook.exercises.mistakes import Mistakes, mistakes
from trpobook.runs.settings import settings_for

# 10.1, the Fisher-vector product


def _policy(make, seed: int):
    """Return a small policy in float64 whose weights are all random: the usual start has a head of nearly 0."""
    policy = make(torch.Generator().manual_seed(seed)).double()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in policy.parameters():
            p.copy_(torch.from_numpy(rng.normal(0, 0.7, p.shape)))
    return policy


def _product_cases():
    line = GaussianPolicy(1, 1, (), 0.0, torch.Generator().manual_seed(0)).double()
    yield line, np.array([[1.0]]), 0.0, np.array([0.0, 1.0, 0.0])
    yield line, np.array([[1.0]]), 0.5, np.array([1.0, 0.0, 0.0])
    rng = np.random.default_rng(10)
    for make, n, damping in (
        (lambda g: GaussianPolicy(1, 1, (), 0.0, g), 3, 0.0),
        (lambda g: GaussianPolicy(2, 1, (3,), 0.0, g), 4, 0.1),
        (lambda g: GaussianPolicy(2, 2, (3,), 0.0, g), 3, 0.0),
        (lambda g: CategoricalPolicy(2, 3, (3,), g), 4, 0.1),
    ):
        policy = _policy(make, n)
        size = sum(p.numel() for p in policy.parameters())
        yield policy, rng.normal(size=(n, 2 if size > 4 else 1)), damping, rng.normal(size=size)


def _apply_product(answer, policy, states, damping, v):
    """Call the answer and its product, with another vector first; a policy that it samples is sampled alike each time.

    Raises: Unfit when the product can't be asked a second time.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        product = answer(policy, torch.from_numpy(states), damping=damping)
        if product is ... or product is None:
            return product
        result = product(torch.from_numpy(1 - v))
        if not (result is ... or result is None):
            try:
                result = product(torch.from_numpy(v))
            except RuntimeError as error:
                raise Unfit(
                    "your product can be asked once only, and conjugate gradients ask ten times: keep the graph with "
                    "retain_graph=True"
                ) from error
    return result.detach() if isinstance(result, torch.Tensor) else result


def _score(policy, state, action):
    """Return ∇ log π(action|state), (p,)."""
    log_prob = policy(state[None]).log_prob(action[None]).sum()
    return parameters_to_vector(torch.autograd.grad(log_prob, list(policy.parameters())))


def _weighted_actions(policy, state):
    """Return (weights, actions) whose sums are exact means over the policy for the outer product of scores.

    All actions of a categorical policy; for a Gaussian the three-point Gauss–Hermite rule in each dimension, which
    is exact up to degree 5, and the outer product has degree 4.
    """
    here = policy(state[None])
    if isinstance(policy, CategoricalPolicy):
        return here.probs[0].detach(), torch.arange(here.probs.shape[-1])
    mean, std = (x[0].detach() for x in (here.mean, here.stddev))
    nodes = torch.tensor([-(3**0.5), 0, 3**0.5], dtype=torch.float64)
    weights = torch.tensor([1 / 6, 2 / 3, 1 / 6], dtype=torch.float64)
    grid = torch.cartesian_prod(*[nodes] * len(mean)).reshape(-1, len(mean))
    products = torch.cartesian_prod(*[weights] * len(mean)).reshape(-1, len(mean)).prod(-1)
    return products, mean + std * grid


def _fisher_product(policy, states, damping=0.0, v=None):
    states = torch.as_tensor(states)
    size = sum(p.numel() for p in policy.parameters())
    fisher = torch.zeros(size, size, dtype=torch.float64)
    for state in states:
        for weight, action in zip(*_weighted_actions(policy, state), strict=True):
            score = _score(policy, state, action)
            fisher += weight / len(states) * torch.outer(score, score)

    def product(v):
        return fisher @ torch.as_tensor(v) + damping * torch.as_tensor(v)

    return product if v is None else product(v)


def _damped(change):
    """Return the product change(F v, v, damping, number of states)."""

    def answer(policy, states, damping):
        product = _fisher_product(policy, states)
        return lambda v: change(product(v), v, damping, len(states))

    return answer


def _twice(scalar, change=lambda curved, v, damping: curved + damping * v):
    """Return the product with the second derivative of scalar(policy, states)."""

    def answer(policy, states, damping):
        parameters = list(policy.parameters())
        more = {"create_graph": True, "materialize_grads": True}
        gradient = parameters_to_vector(torch.autograd.grad(scalar(policy, states), parameters, **more))

        def product(v):
            if not gradient.requires_grad:
                return change(0 * v, v, damping)
            curved = torch.autograd.grad(gradient @ v, parameters, retain_graph=True, materialize_grads=True)
            return change(parameters_to_vector(curved), v, damping)

        return product

    return answer


def _outer(scalar):
    """Return the product with the outer product of the gradient of scalar(policy, states)."""

    def answer(policy, states, damping):
        parameters = list(policy.parameters())
        gradient = torch.autograd.grad(scalar(policy, states), parameters, materialize_grads=True)
        gradient = parameters_to_vector(gradient)
        return lambda v: gradient * (gradient @ v) + damping * v

    return answer


def _of_states(states_of):
    """Return the product of other states."""

    def answer(policy, states, damping):
        product = _fisher_product(policy, states_of(states))
        return lambda v: product(v) + damping * v

    return answer


def _one_action_per_state(actions_of):
    """Return the product from the scores of actions_of(policy, states)."""

    def answer(policy, states, damping):
        scores = [_score(policy, s, a) for s, a in zip(states, actions_of(policy, states), strict=True)]
        scores = torch.stack(scores)
        return lambda v: scores.T @ (scores @ v) / len(states) + damping * v

    return answer


def _without_metric(divisor):
    def answer(policy, states, damping):
        _, jvp, vjp = policy.linearise(states)
        return lambda v: vjp(jvp(v)) / divisor(states) + damping * v

    return answer


def _sampled_log_prob(policy, states):
    distribution = policy(states)
    return distribution.log_prob(distribution.sample()).mean()


def _mean_output_kl(policy, states):
    outputs = policy.outputs(states).mean(0, keepdim=True)
    return kl_divergence(policy.distribution(outputs.detach()), policy.distribution(outputs)).mean()


def _gaussian_kl(policy, states):
    """The KL divergence of Gaussians, whatever the policy is."""
    mean, log_std = policy.outputs(states).chunk(2, dim=-1)
    old_mean, old_log_std = mean.detach(), log_std.detach()
    spread = (torch.exp(2 * old_log_std) + (old_mean - mean) ** 2) / (2 * torch.exp(2 * log_std))
    return (log_std - old_log_std + spread - 0.5).sum(-1).mean()


fisher_vector_product = Exercise(
    function="fisher_vector_product",
    cases=list(_product_cases()),
    expected=_fisher_product,
    apply=_apply_product,
    misconceptions=[
        (
            "F v is 0 whatever v is: KL(π_θ‖π_θ) is zero for every θ, so all its derivatives are. Detach the old "
            "distribution, and differentiate twice",
            _damped(lambda Fv, v, damping, n: damping * v),
        ),
        (
            "F v is 0 whatever v is, and so is your product, without the damping. Detach the old distribution, "
            "differentiate twice, and add damping·v",
            _damped(lambda Fv, v, damping, n: 0 * v),
        ),
        ("the damping is missing: return F v + damping·v", _damped(lambda Fv, v, damping, n: Fv)),
        ("you sum over the states; F is the mean over them", _damped(lambda Fv, v, damping, n: n * Fv + damping * v)),
        (
            "you sum over the states, and the damping is missing: F is the mean over them, and damping·v is added",
            _damped(lambda Fv, v, damping, n: n * Fv),
        ),
        (
            "you add the damping once for each state, and sum over them: average F, and add damping·v once",
            _damped(lambda Fv, v, damping, n: n * (Fv + damping * v)),
        ),
        (
            "you add the damping once for each state: damping·v is added once",
            _damped(lambda Fv, v, damping, n: Fv + n * damping * v),
        ),
        (
            "the damping is divided by the number of states too: add damping·v after averaging",
            _damped(lambda Fv, v, damping, n: Fv + damping / n * v),
        ),
        (
            "you add the damping as a number to each entry: damping times v is added",
            _damped(lambda Fv, v, damping, n: Fv + damping),
        ),
        (
            "you scale F by 1 + damping: the damping adds damping·v, whatever F is",
            _damped(lambda Fv, v, damping, n: (1 + damping) * Fv),
        ),
        (
            "you mix F v and v with 1 − damping and damping: F v counts in full",
            _damped(lambda Fv, v, damping, n: (1 - damping) * Fv + damping * v),
        ),
        ("your damping is subtracted: F v + damping·v", _damped(lambda Fv, v, damping, n: Fv - damping * v)),
        ("your damping is squared", _damped(lambda Fv, v, damping, n: Fv + damping**2 * v)),
        ("you add v itself: damping times v is added", _damped(lambda Fv, v, damping, n: Fv + v)),
        (
            "your F is half of what it should be: the second derivative of the KL is F, the ½ belongs to the model",
            _damped(lambda Fv, v, damping, n: Fv / 2 + damping * v),
        ),
        (
            "your F is twice what it should be: are both KL divergences added up, or a square without its ½?",
            _damped(lambda Fv, v, damping, n: 2 * Fv + damping * v),
        ),
        (
            "your F has the wrong sign: the second derivative of a KL divergence at its lowest point is not negative",
            _damped(lambda Fv, v, damping, n: damping * v - Fv),
        ),
        (
            "you use one sampled action per state: that estimates F with noise. The mean over actions is known "
            "exactly: policy.metric has it, and so has the KL divergence",
            _one_action_per_state(lambda policy, states: policy(states).sample()),
        ),
        (
            "you use the likeliest action of each state alone: F is a mean over all actions",
            _one_action_per_state(lambda policy, states: policy.mode(states).detach()),
        ),
        (
            "you have the outer product of the sampled actions' mean score, a matrix of rank one: F is the mean of the "
            "outer products, over all actions",
            _outer(_sampled_log_prob),
        ),
        (
            "you have the second derivative of the sampled actions' log π, which depends on the sample: differentiate "
            "the KL divergence",
            _twice(lambda policy, states: -_sampled_log_prob(policy, states)),
        ),
        (
            "you have BᵀB v: between the two sweeps stands the distribution's own Fisher matrix M, policy.metric",
            _without_metric(len),
        ),
        (
            "you have BᵀB v, summed over the states: between the two sweeps stands M, policy.metric, and the mean is "
            "taken",
            _without_metric(lambda states: 1),
        ),
        *(
            (
                "you differentiate the entropy twice: the KL divergence compares the policy with its own detached copy",
                _twice(lambda policy, states, sign=sign: sign * policy(states).entropy().mean()),
            )
            for sign in (1, -1)
        ),
        ("you use the first state alone: average over all states", _of_states(lambda states: states[:1])),
        ("you use the last state alone: average over all states", _of_states(lambda states: states[-1:])),
        (
            "you average the states before the policy sees them: F is the mean of the states' matrices",
            _of_states(lambda states: torch.as_tensor(states).mean(0, keepdim=True)),
        ),
        (
            "you average the policy's outputs over the states first: F is the mean of the states' matrices",
            _twice(_mean_output_kl),
        ),
        (
            "you wrote the Gaussian KL out: it must serve any policy, so ask kl_divergence",
            _twice(_gaussian_kl),
        ),
    ],
)

# 10.2, conjugate gradients


def _apply_cg(answer, matrix, b, max_iterations, rtol):
    F = torch.from_numpy(matrix)
    return answer(lambda v: F @ v, torch.from_numpy(b), max_iterations=max_iterations, rtol=rtol)


def _matrix(matvec, size: int) -> np.ndarray:
    if isinstance(matvec, np.ndarray):
        return matvec
    return np.stack([matvec(row).numpy() for row in torch.eye(size, dtype=torch.float64)])


def _krylov(matvec, b, max_iterations, rtol):
    """Return (x, k, residual): x minimises ½xᵀFx − bᵀx over span{b, Fb, …, F^(k−1)b}, by a basis of that space."""
    b = np.asarray(b)
    F, x, k, basis = _matrix(matvec, len(b)), np.zeros(len(b)), 0, np.zeros((len(b), 0))
    new = b
    while k < max_iterations and np.linalg.norm(b - F @ x) > rtol * np.linalg.norm(b):
        for _ in range(2):  # Gram–Schmidt, twice for the digits
            new = new - basis @ (basis.T @ new)
        basis = np.column_stack([basis, new / np.linalg.norm(new)])
        projected = basis.T @ F @ basis
        if np.linalg.eigvalsh(projected)[0] <= 1e-14 * np.abs(F).max():
            break
        x, new, k = basis @ np.linalg.solve(projected, basis.T @ b), F @ basis[:, -1], k + 1
    return x, k, (np.linalg.norm(b - F @ x) / np.linalg.norm(b) if b.any() else 0.0)


def _relative(rr, start, before, x):
    return np.sqrt(rr / start) if start else 0.0


def _mistaken_cg(
    *,
    pad=0.0,
    go_on=lambda rr, start, rtol: rr > rtol**2 * start,
    stop=lambda curvature, padded: curvature <= 0,
    beta=lambda rr, before: rr / before,
    begin=lambda F, b: (np.zeros(len(b)), b),
    length=lambda rr, curvature, p: rr / curvature,
    move=lambda x, step, p: x + step * p,
    lose=lambda r, step, p, Fp: r - step * Fp,
    turn=lambda new, old, beta, p: new + beta * p,
    limit=lambda max_iterations: max_iterations,
    counted=lambda k, max_iterations: k,
    residual=_relative,
):
    """Return the recurrence with a mistake in one of its places."""

    def cg(matvec, b, max_iterations, rtol):
        F, b = _matrix(matvec, len(b)), np.array(b)
        x, r = begin(F, b)
        p, start = r, b @ b
        rr = before = r @ r
        k = 0
        while k < limit(max_iterations) and go_on(rr, start, rtol):
            curvature = p @ F @ p
            if stop(curvature, curvature + pad):
                break
            step = length(rr, curvature + pad, p)
            old, x, r = r, move(x, step, p), lose(r, step, p, F @ p)
            rr, before = r @ r, rr
            p = turn(r, old, beta(rr, before), p)
            k += 1
        return x, counted(k, max_iterations), residual(rr, start, before, x)

    return cg


def _cg_cases():
    diagonal, ones = np.diag([1, 0.1, 0.01, 0.001]), np.ones(4)
    yield np.array([[2.0]]), np.array([1.0]), 10, 1e-10
    yield np.diag([1.0, 4.0]), np.array([1.0, 1.0]), 1, 1e-10
    yield np.diag([1.0, 0.0]), np.array([0.0, 1.0]), 5, 1e-10
    yield np.diag([1.0, -1.0]), np.array([2.0, 1.0]), 5, 1e-10
    yield np.diag([1.0, 2.0]), np.zeros(2), 5, 1e-10
    yield np.diag([1.0, 4.0, 9.0, 16.0]), ones, 10, 0.5
    yield np.diag([1.0, 4.0, 9.0, 16.0]), 1e-3 * ones, 10, 0.2
    yield np.diag([1.0, 4.0, 9.0, 16.0]), 1e3 * ones, 10, 0.2
    for scale in (1.0, 1e-4, 1e4):
        yield diagonal, scale * ones, 4, 1e-10
    yield diagonal, ones, 2, 1e-10
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    yield rotation @ np.diag([1, 1, 1, 3, 3, 7, 7, 7.0]) @ rotation.T, rng.normal(size=8), 10, 1e-4


_SCALE = "so the answer depends on the scale of b, and policy gradients are small"

_PADDED = list(
    itertools.product(
        (1e-10, 1e-8, 1e-6), (lambda curvature, padded: curvature <= 0, lambda curvature, padded: padded <= 0)
    )
)

conjugate_gradient = Exercise(
    function="conjugate_gradient",
    cases=list(_cg_cases()),
    expected=_krylov,
    apply=_apply_cg,
    parts=("x", "iterations", "residual"),
    tolerance=1e-7,
    misconceptions=[
        *(
            (f"you add a small constant to the denominator pᵀFp, {_SCALE}", _mistaken_cg(pad=pad, stop=stop))
            for pad, stop in _PADDED
        ),
        *(
            (
                f"you add small constants to the denominators, {_SCALE}",
                _mistaken_cg(pad=pad, stop=stop, beta=lambda rr, before, pad=pad: rr / (before + pad)),
            )
            for pad, stop in _PADDED
        ),
        *(
            (
                f"you add a small constant to the denominator of β, {_SCALE}",
                _mistaken_cg(beta=lambda rr, before, pad=pad: rr / (before + pad)),
            )
            for pad in (1e-10, 1e-8, 1e-6)
        ),
        *(
            (f"your tolerance is absolute, {_SCALE}: stop when ‖r‖ ≤ rtol·‖b‖", _mistaken_cg(go_on=go_on))
            for go_on in (
                lambda rr, start, rtol: rr > rtol,
                lambda rr, start, rtol: rr > rtol**2,
            )
        ),
        (
            "you compare the squared norm rᵀr with rtol·bᵀb: square rtol as well",
            _mistaken_cg(go_on=lambda rr, start, rtol: rr > rtol * start),
        ),
        (
            "you compare the norm ‖r‖ with rtol²·‖b‖: only squared norms want the square of rtol",
            _mistaken_cg(go_on=lambda rr, start, rtol: rr > rtol**4 * start),
        ),
        (
            "your β is upside down: new rᵀr over old, which shrinks as the residual does",
            _mistaken_cg(beta=lambda rr, before: before / rr if rr else np.inf),
        ),
        (
            "each of your directions is the bare residual: that is steepest descent. Add β times the direction before",
            _mistaken_cg(beta=lambda rr, before: 0.0),
        ),
        (
            "your β is 1: it is new rᵀr over old. Is the old one overwritten before it is used?",
            _mistaken_cg(beta=lambda rr, before: 1.0),
        ),
        (
            "your β is a ratio of norms: it is one of squared norms, new rᵀr over old",
            _mistaken_cg(beta=lambda rr, before: (rr / before) ** 0.5),
        ),
        (
            "your β is squared: it is new rᵀr over old",
            _mistaken_cg(beta=lambda rr, before: (rr / before) ** 2),
        ),
        (
            "you subtract β times the direction before: add it",
            _mistaken_cg(beta=lambda rr, before: -rr / before),
        ),
        (
            "your new direction begins with the old residual: compute it after the residual has moved",
            _mistaken_cg(turn=lambda new, old, beta, p: old + beta * p),
        ),
        (
            "your β stands at the residual: the new direction is r + βp",
            _mistaken_cg(turn=lambda new, old, beta, p: beta * new + p),
        ),
        (
            "you add β times the old residual: the direction before is added",
            _mistaken_cg(turn=lambda new, old, beta, p: new + beta * old),
        ),
        ("your direction never changes: it is r + βp after each iteration", _mistaken_cg(turn=lambda n, o, beta, p: p)),
        (
            "you divide the step by pᵀp: the curvature is pᵀFp",
            _mistaken_cg(length=lambda rr, curvature, p: rr / (p @ p)),
        ),
        (
            "you have pᵀp above pᵀFp in the step: rᵀr stands there",
            _mistaken_cg(length=lambda rr, curvature, p: (p @ p) / curvature),
        ),
        (
            "you have ‖r‖ above pᵀFp in the step: its square, rᵀr, stands there",
            _mistaken_cg(length=lambda rr, curvature, p: np.sqrt(rr) / curvature),
        ),
        (
            "your steps are half as long as they should be: rᵀr over pᵀFp",
            _mistaken_cg(length=lambda rr, curvature, p: rr / curvature / 2),
        ),
        (
            "your residual grows: r = b − Fx, so step·Fp is subtracted",
            _mistaken_cg(lose=lambda r, step, p, Fp: r + step * Fp),
        ),
        (
            "your residual moves with step·p: x moves with step·p, and r = b − Fx with −step·Fp",
            _mistaken_cg(lose=lambda r, step, p, Fp: r - step * p),
        ),
        ("you walk uphill: x moves by +step·p", _mistaken_cg(move=lambda x, step, p: x - step * p)),
        ("your x is the last step alone: add the steps up", _mistaken_cg(move=lambda x, step, p: step * p)),
        (
            "you begin at x = b, with the residual of x = 0: begin at x = 0",
            _mistaken_cg(begin=lambda F, b: (b, b)),
        ),
        ("you begin at x = b: begin at 0, where the residual is b", _mistaken_cg(begin=lambda F, b: (b, b - F @ b))),
        ("you never stop before max_iterations: look at rtol", _mistaken_cg(go_on=lambda rr, start, rtol: rr > 0)),
        (
            "you make one iteration too many: max_iterations is how many there may be",
            _mistaken_cg(limit=lambda max_iterations: max_iterations + 1),
        ),
        (
            "you make one iteration too few: max_iterations is how many there may be",
            _mistaken_cg(limit=lambda max_iterations: max_iterations - 1),
        ),
        (
            "you don't look at max_iterations",
            _mistaken_cg(limit=lambda max_iterations: 100),
        ),
        (
            "you divide by pᵀFp without looking: it is 0 where p lies in the null space of F. Stop where it isn't "
            "above 0",
            _mistaken_cg(stop=lambda curvature, padded: False),
        ),
        *(
            ("you stop only where pᵀFp is about 0: stop where it is negative too", _mistaken_cg(stop=stop))
            for stop in (lambda curvature, _: abs(curvature) < 1e-12, lambda curvature, _: curvature == 0)
        ),
        (
            "you count one iteration too few: return how many were made, not the last index",
            _mistaken_cg(counted=lambda k, max_iterations: k - 1),
        ),
        (
            "you count one iteration too many: return how many were made",
            _mistaken_cg(counted=lambda k, max_iterations: k + 1),
        ),
        (
            "you return max_iterations: return how many iterations were made",
            _mistaken_cg(counted=lambda k, max_iterations: max_iterations),
        ),
        (
            "you return ‖r‖; the residual is relative, ‖r‖/‖b‖",
            _mistaken_cg(residual=lambda rr, start, before, x: np.sqrt(rr)),
        ),
        (
            "you return rᵀr; the residual is ‖r‖/‖b‖",
            _mistaken_cg(residual=lambda rr, start, before, x: rr),
        ),
        (
            "you return the square of the relative residual",
            _mistaken_cg(residual=lambda rr, start, before, x: rr / start if start else 0.0),
        ),
        (
            "you return rᵀr/‖b‖; the residual is ‖r‖/‖b‖",
            _mistaken_cg(residual=lambda rr, start, before, x: rr / np.sqrt(start) if start else 0.0),
        ),
        (
            "you return ‖r‖/bᵀb; the residual is ‖r‖/‖b‖",
            _mistaken_cg(residual=lambda rr, start, before, x: np.sqrt(rr) / start if start else 0.0),
        ),
        (
            "you return ‖r‖/‖x‖; the residual is relative to b",
            _mistaken_cg(residual=lambda rr, start, before, x: np.sqrt(rr / (x @ x)) if x.any() else np.sqrt(rr)),
        ),
        (
            "your residual is that before the last iteration",
            _mistaken_cg(residual=lambda rr, start, before, x: np.sqrt(before / start) if start else 0.0),
        ),
        (
            "your residual is 1 − ‖r‖/‖b‖: the share that is left is asked for, ‖r‖/‖b‖",
            _mistaken_cg(residual=lambda rr, start, before, x: 1 - np.sqrt(rr / start) if start else 0.0),
        ),
    ],
)

# 10.3, the line search


def _apply_search(answer, surrogate, kl, theta, step, delta, predicted, shrink, max_backtracks, min_ratio):
    return answer(
        surrogate,
        kl,
        torch.from_numpy(theta),
        torch.from_numpy(step),
        delta=delta,
        predicted=predicted,
        shrink=shrink,
        max_backtracks=max_backtracks,
        min_ratio=min_ratio,
    )


def _search(
    surrogate,
    kl,
    theta,
    step,
    delta,
    predicted,
    shrink,
    max_backtracks,
    min_ratio,
    *,
    inside=lambda divergence, delta: divergence <= delta,
    gains=lambda gain, c, predicted, ratio: gain >= ratio * c * predicted > 0,
    scale=lambda shrink, k: shrink**k,
    tries=lambda max_backtracks: max_backtracks + 1,
    before=lambda surrogate, theta: surrogate(theta),
    piled=False,
    best=None,
    taken=lambda candidate, theta, gain, divergence, k, c: (candidate, gain, divergence, k, True),
    failed=lambda last, theta, most: (theta, 0.0, 0.0, most, False),
):
    """Return the first of all candidates that passes, from a list of them; the keywords change one of the rules.

    best: (gain, c) -> number, where not the first but the one with the largest such number is taken.
    """
    base, candidate, tried = before(surrogate, theta), theta, []
    for k in range(tries(max_backtracks)):
        c = scale(shrink, k)
        candidate = (candidate if piled else theta) + c * step
        tried.append((candidate, surrogate(candidate) - base, kl(candidate), k, c))
    passed = [each for each in tried if inside(each[2], delta) and gains(each[1], each[4], predicted, min_ratio)]
    if not passed:
        return failed(tried[-1], theta, max_backtracks)
    candidate, *numbers = max(passed, key=lambda each: best(each[1], each[4])) if best else passed[0]
    return taken(candidate, theta, *numbers)


def _changed(**changes):
    return lambda *args, **keywords: _search(*args, **keywords, **changes)


def _sum(theta) -> float:
    return float(theta.sum())


def rising(theta) -> float:
    """θ₁ + θ₂ + …"""
    return _sum(theta)


def rising_from_five(theta) -> float:
    return 5 + _sum(theta)


def rising_slowly(theta) -> float:
    return 0.15 * _sum(theta)


def hardly_rising(theta) -> float:
    return 1e-6 * _sum(theta)


def falling(theta) -> float:
    return -_sum(theta)


def arch(theta) -> float:
    return _sum(theta) - _sum(theta) ** 2


def rising_then_nan(theta) -> float:
    return _sum(theta) if _sum(theta) < 1.5 else math.nan


def bowl(theta) -> float:
    """0.4·(θ₁ + θ₂ + …)²"""
    return 0.4 * _sum(theta) ** 2


def bowl_then_nan(theta) -> float:
    return bowl(theta) if _sum(theta) < 1.5 else math.nan


def flat(theta) -> float:
    return 0.01 * _sum(theta) ** 2


def valley(theta) -> float:
    """Down at first, and up again: s² − 1.5·s with s = θ₁ + θ₂ + …"""
    return _sum(theta) ** 2 - 1.5 * _sum(theta)


def bowl_around_three(theta) -> float:
    return 0.4 * _sum(theta - 1.5) ** 2


def _search_cases():
    zero, one, two = np.array([0.0]), np.array([1.0]), np.array([2.0])
    yield rising, bowl, zero, one, 0.5, 1.0, 0.5, 10, 0.1
    yield rising, bowl, zero, two, 0.5, 2.0, 0.5, 10, 0.1
    yield rising_from_five, bowl, zero, two, 0.5, 2.0, 0.5, 10, 0.1
    yield arch, flat, zero, two, 0.5, 2.0, 0.5, 10, 0.1
    yield arch, flat, zero, 0.8 * one, 0.5, 0.8, 0.5, 10, 0.1  # half the step would gain more
    yield rising, flat, zero, one, 0.01, 1.0, 0.5, 10, 0.1  # just near enough
    yield rising, flat, zero, one, 0.5, 2.0, 0.5, 10, 0.5  # just enough of a gain
    yield rising, flat, zero, one, 0.5, 20.0, 0.5, 4, 0.1
    yield rising_slowly, bowl, zero, two, 0.1, 0.3, 0.5, 10, 0.1
    yield rising, flat, zero, one, 0.5, 2.0, 0.5, 4, 0.75
    yield falling, flat, zero, one, 0.5, 1.0, 0.5, 6, 0.1
    yield rising, flat, zero, one, 0.5, -1.0, 0.5, 4, 0.1
    yield hardly_rising, flat, zero, one, 0.5, -1.0, 0.5, 4, 0.1
    yield valley, flat, zero, one, 0.5, 1.0, 0.5, 6, 0.1
    yield rising, bowl, zero, 100 * two, 0.01, 200.0, 0.5, 4, 0.1
    yield rising, bowl, zero, 16 * one, 0.5, 16.0, 0.5, 4, 0.1  # the last candidate passes
    yield rising, bowl, zero, 32 * one, 0.5, 32.0, 0.5, 4, 0.1  # and here the one after the last would
    yield rising, bowl, zero, 0 * one, 0.5, 0.0, 0.5, 4, 0.1
    yield hardly_rising, flat, zero, one, 0.5, 1.0, 0.5, 6, 0.1
    yield rising_slowly, bowl, zero, two, 0.5, 2.0, 0.5, 10, 0.1
    yield rising_then_nan, flat, zero, two, 0.5, 2.0, 0.5, 10, 0.1
    yield rising, bowl_then_nan, zero, two, 0.5, 2.0, 0.5, 10, 0.1
    yield rising_from_five, bowl_around_three, np.array([1.5, 1.5]), np.array([2.0, 1.0]), 0.1, 3.0, 0.9, 30, 0.1


line_search = Exercise(
    function="line_search",
    cases=list(_search_cases()),
    expected=_search,
    apply=_apply_search,
    parts=("theta", "gain", "kl", "backtracks", "accepted"),
    misconceptions=[
        (
            "when every candidate fails you return the last one; the old parameters must come back",
            _changed(failed=lambda last, theta, most: (*last[:3], most, False)),
        ),
        (
            "when every candidate fails you return the last one, as accepted: return the old parameters, and False",
            _changed(failed=lambda last, theta, most: (*last[:3], most, True)),
        ),
        (
            "when every candidate fails you return the last parameters; the old ones must come back",
            _changed(failed=lambda last, theta, most: (last[0], 0.0, 0.0, most, False)),
        ),
        (
            "you report the gain and the KL of a step that you did not take: after a failure both are 0",
            _changed(failed=lambda last, theta, most: (theta, *last[1:3], most, False)),
        ),
        (
            "after a failure you return True: `accepted` is False then",
            _changed(failed=lambda last, theta, most: (theta, 0.0, 0.0, most, True)),
        ),
        (
            "after a failure you return 0 for `backtracks`: it is max_backtracks then",
            _changed(failed=lambda last, theta, most: (theta, 0.0, 0.0, 0, False)),
        ),
        (
            "after a failure you count one backtrack too many: the step was shrunk max_backtracks times",
            _changed(failed=lambda last, theta, most: (theta, 0.0, 0.0, most + 1, False)),
        ),
        (
            "you look only at the surrogate: kl(candidate) ≤ delta must hold too",
            _changed(inside=lambda divergence, delta: True),
        ),
        (
            "you look only at the KL: the surrogate must have gained at least min_ratio of the promise",
            _changed(gains=lambda gain, c, predicted, ratio: True),
        ),
        (
            "you accept a step that gains nothing: a gain of 0 is no improvement",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= 0),
        ),
        *(
            (
                "you accept any gain above 0: ask for min_ratio·c·predicted, for a gain within rounding is no evidence",
                _changed(gains=gains),
            )
            for gains in (
                lambda gain, c, predicted, ratio: gain > 0,
                lambda gain, c, predicted, ratio: gain > 0 and predicted > 0,
            )
        ),
        (
            "a promise of 0 or less can be kept by doing nothing: accept only where min_ratio·c·predicted > 0",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio * c * predicted),
        ),
        (
            "you accept where 0 or a loss is promised, if only the gain is above 0: min_ratio·c·predicted must be too",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio * c * predicted and gain > 0),
        ),
        (
            "you take |predicted|: where a loss is promised, no candidate is accepted",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio * c * abs(predicted) > 0),
        ),
        (
            "a NaN passes your test: every comparison with NaN is false, so ask whether the candidate is good, "
            "never whether it is bad",
            _changed(
                inside=lambda divergence, delta: not divergence > delta,
                gains=lambda gain, c, predicted, ratio: not (gain < ratio * c * predicted or predicted <= 0),
            ),
        ),
        (
            "a NaN of the KL passes your test: every comparison with NaN is false, so ask whether kl <= delta, never "
            "whether it is above",
            _changed(inside=lambda divergence, delta: not divergence > delta),
        ),
        (
            "a NaN of the surrogate passes your test: every comparison with NaN is false, so ask whether the gain is "
            "large enough, never whether it is too small",
            _changed(gains=lambda gain, c, predicted, ratio: not (gain < ratio * c * predicted or predicted <= 0)),
        ),
        (
            "you compare the surrogate with 0; the gain is surrogate(candidate) − surrogate(theta)",
            _changed(before=lambda surrogate, theta: 0.0),
        ),
        (
            "you ask the short step for min_ratio of the full step's promise: scale it by c",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio * predicted > 0),
        ),
        (
            "you ask for the whole promise: min_ratio·c·predicted is enough",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= c * predicted > 0),
        ),
        (
            "you ask for the full step's whole promise: min_ratio·c·predicted is enough",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= predicted > 0),
        ),
        (
            "you ask for min_ratio·c, without the promise: it is a share of c·predicted",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio * c and predicted > 0),
        ),
        (
            "you ask for min_ratio as the gain itself: it is a share of c·predicted",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio and predicted > 0),
        ),
        (
            "you scale the promise by c twice: the promise of a candidate is c·predicted",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= ratio * c**2 * predicted > 0),
        ),
        (
            "you ask for a tenth whatever min_ratio says: read it",
            _changed(gains=lambda gain, c, predicted, ratio: gain >= 0.1 * c * predicted > 0),
        ),
        (
            "your gain must be above min_ratio·c·predicted: just that much is enough",
            _changed(gains=lambda gain, c, predicted, ratio: gain > ratio * c * predicted > 0),
        ),
        (
            "your KL must be below delta: just delta is allowed",
            _changed(inside=lambda divergence, delta: divergence < delta),
        ),
        (
            "just min_ratio·c·predicted and just delta are allowed: your comparisons are strict",
            _changed(
                inside=lambda divergence, delta: divergence < delta,
                gains=lambda gain, c, predicted, ratio: gain > ratio * c * predicted > 0,
            ),
        ),
        (
            "you accept where the KL is at least delta: it must be at most delta",
            _changed(inside=lambda divergence, delta: divergence >= delta),
        ),
        ("you compare the KL with 2·delta", _changed(inside=lambda divergence, delta: divergence <= 2 * delta)),
        ("you compare the KL with delta/2", _changed(inside=lambda divergence, delta: divergence <= delta / 2)),
        (
            "you take the full step, without a look at surrogate or KL",
            _changed(inside=lambda divergence, delta: True, gains=lambda gain, c, predicted, ratio: True),
        ),
        ("you never try the full step: begin with c = 1", _changed(scale=lambda shrink, k: shrink ** (k + 1))),
        (
            "you shrink in equal steps: c is a power of shrink",
            _changed(scale=lambda shrink, k: 1 - (1 - shrink) * k),
        ),
        ("you halve, whatever shrink says: read it", _changed(scale=lambda shrink, k: 0.5**k)),
        ("you shrink by 0.9, whatever shrink says: read it", _changed(scale=lambda shrink, k: 0.9**k)),
        ("you shrink by 0.8, whatever shrink says: read it", _changed(scale=lambda shrink, k: 0.8**k)),
        (
            "you shrink by 1 − shrink: a candidate is shrink times as long as the one before",
            _changed(scale=lambda shrink, k: (1 - shrink) ** k),
        ),
        (
            "c gets too small too fast: it is 1, shrink, shrink² and so on. Do you shrink what is shrunk already?",
            _changed(scale=lambda shrink, k: shrink ** (k * (k + 1) // 2)),
        ),
        ("you divide the step by 1, 2, 3 and so on: c is a power of shrink", _changed(scale=lambda _, k: 1 / (k + 1))),
        (
            "you try one candidate too few: there are max_backtracks of them after the first",
            _changed(tries=lambda most: most),
        ),
        (
            "you try one candidate too many: there are max_backtracks of them after the first",
            _changed(tries=lambda most: most + 2),
        ),
        ("you try 31 candidates, whatever max_backtracks says: read it", _changed(tries=lambda most: 31)),
        ("you try the full step alone, once or always again: shrink it", _changed(tries=lambda most: 1)),
        (
            "you take the candidate of the largest gain: the first that passes is asked for",
            _changed(best=lambda gain, c: gain),
        ),
        (
            "you take the candidate with the largest gain for its length: the first that passes is asked for",
            _changed(best=lambda gain, c: gain / c),
        ),
        (
            "you take the last candidate that passes: the first, which is the longest, is asked for",
            _changed(best=lambda gain, c: -c),
        ),
        ("you add each try to the one before: every candidate begins at theta", _changed(piled=True)),
        (
            "you go down the step: candidates are theta + c·step",
            lambda surrogate, kl, theta, step, **rest: _search(surrogate, kl, theta, -step, **rest),
        ),
        (
            "backtracks counts how often the step was shrunk: 0 when the full step passes",
            _changed(taken=lambda candidate, theta, gain, divergence, k, c: (candidate, gain, divergence, k + 1, True)),
        ),
        (
            "you count tries: backtracks is how often the step was shrunk, one less",
            _changed(
                taken=lambda candidate, theta, gain, divergence, k, c: (candidate, gain, divergence, k + 1, True),
                failed=lambda last, theta, most: (theta, 0.0, 0.0, most + 1, False),
            ),
        ),
        (
            "you return c in the place of backtracks, which is how often the step was shrunk",
            _changed(taken=lambda candidate, theta, gain, divergence, k, c: (candidate, gain, divergence, c, True)),
        ),
        (
            "you return c·step: the new parameters are theta + c·step",
            _changed(
                taken=lambda candidate, theta, gain, divergence, k, c: (candidate - theta, gain, divergence, k, True)
            ),
        ),
        (
            "you return the old parameters also after a success: the candidate that passes is asked for",
            _changed(taken=lambda candidate, theta, gain, divergence, k, c: (theta, gain, divergence, k, True)),
        ),
        (
            "gain and kl have changed places: the gain comes first",
            _changed(taken=lambda candidate, theta, gain, divergence, k, c: (candidate, divergence, gain, k, True)),
        ),
        (
            "you return False also after a success",
            _changed(taken=lambda candidate, theta, gain, divergence, k, c: (candidate, gain, divergence, k, False)),
        ),
        (
            "you divide the gain by c: the gain of the step that is taken is asked for",
            _changed(taken=lambda candidate, theta, gain, divergence, k, c: (candidate, gain / c, divergence, k, True)),
        ),
    ],
)

# 10.4, the whole agent


class Carts:
    """Stands where a `Sampler` does: `copies` of a cart that is pushed along a rail, in double precision.

    A cart that leaves the rail has terminated; one whose time is up, after `limit` steps, is truncated. The row after
    an end of either kind is a reset.
    """

    def __init__(self, copies: int, seed: int, limit: int = 4, pay: float = 5.0):
        self.rng, self.seed, self.limit, self.pay = np.random.default_rng(seed), seed, limit, pay
        self.observations = self._starts(copies)
        self.ages = np.arange(copies) % limit
        self.ended = np.zeros(copies, dtype=bool)
        self.played: list[list[float]] = []  # the returns of the episodes that ended, batch by batch
        self.earned = np.zeros(copies)

    def _starts(self, copies):
        return self.rng.normal([0.4, -0.2], [0.3, 0.4], size=(copies, 2))

    def _step(self, pushes):
        """Return (observations, rewards, terminated, truncated) after a push of each cart."""
        place, speed = self.observations.T
        speed = 0.8 * speed + 0.5 * np.clip(pushes, -1, 1)
        moved = np.stack([place + speed, speed], axis=1)
        self.ages = np.where(self.ended, 0, self.ages + 1)
        terminated = ~self.ended & (np.abs(moved[:, 0]) > 1)
        truncated = ~self.ended & ~terminated & (self.ages >= self.limit)
        rewards = self.pay * (1 - 0.7 * moved[:, 0] - 0.3 * speed**2) * ~self.ended
        return np.where(self.ended[:, None], self._starts(len(place)), moved), rewards, terminated, truncated

    def collect(self, policy, moments, steps, generator):
        kind = next(policy.parameters()).dtype
        observations, states, actions, rewards, ends, valid = [], [], [], [], [], []
        self.played.append([])
        for t in range(steps + 1):
            states.append(torch.from_numpy(moments.normalise(self.observations)).to(kind))
            if t == steps:
                break
            observations.append(self.observations)
            with torch.no_grad():
                actions.append(policy.sample(states[-1], generator))
            valid.append(~self.ended)
            pushes = actions[-1].numpy() - 1.0 if actions[-1].ndim == 1 else actions[-1][:, 0].double().numpy()
            self.observations, paid, *over = self._step(pushes)
            rewards.append(paid)
            ends.append(over)
            self.ended = over[0] | over[1]
            self.earned += paid
            self.played[-1] += self.earned[self.ended].tolist()
            self.earned[self.ended] = 0
        flags = torch.from_numpy(np.array(ends).transpose(1, 0, 2))
        return Batch(
            states=torch.stack(states),
            actions=torch.stack(actions),
            rewards=torch.from_numpy(np.array(rewards)),
            terminated=flags[0],
            truncated=flags[1],
            valid=torch.from_numpy(np.array(valid)),
            observations=np.array(observations),
            episode_returns=list(self.played[-1]),
            episode_lengths=[0] * len(self.played[-1]),
        )


SMALLEST, BENT = 3, 5  # the seeds of the smallest case, and of the one with another product


def _one_push(generator):
    return GaussianPolicy(2, 1, (3,), -0.3, generator)


def _three_pushes(generator):
    return CategoricalPolicy(2, 3, (3,), generator)


def bent_down(policy, states, *, damping=0.0):
    """Stand where `fisher_vector_product` does: its curvature is below 0 without the damping."""
    return lambda v: damping / 2 * v


def _training_cases():
    small = {"batch_size": 16, "num_envs": 2, "value_epochs": 2, "value_minibatch": 7, "value_learning_rate": 0.02}
    for copies, seed, updates, pay, make, changes in (
        (2, SMALLEST, 1, 5.0, _one_push, {"fisher_stride": 3, "cg_iterations": 2}),
        (3, 1, 2, 5.0, _one_push, {"fisher_stride": 2, "gamma": 0.8, "lam": 0.6}),
        (2, 2, 3, 0.3, _three_pushes, {"fisher_stride": 1, "cg_iterations": 5}),
        (2, 0, 2, 0.0, _one_push, {"fisher_stride": 3}),
        (2, 4, 1, 5.0, _one_push, {"fisher_stride": 3, "delta": 1e4}),
        (
            3,
            47,
            1,
            5.0,
            _one_push,
            {"fisher_stride": 2, "gamma": 0.8, "lam": 0.6, "delta": 2.0},
        ),  # 11 or more backtracks
        (2, BENT, 1, 5.0, _three_pushes, {"fisher_stride": 3}),
    ):
        changed = small | {"num_envs": copies, "batch_size": 8 * copies} | changes
        s = settings_for("a cart", hidden=(3,), **changed)
        value = ValueFunction(2, (3,), s.value_learning_rate, torch.Generator().manual_seed(seed)).double()
        with torch.no_grad():
            for p in value.parameters():
                p.mul_(0.0 if pay == 0 else 1.0)
        product = bent_down if seed == BENT else trpo.fisher_vector_product
        routines = product, trpo.conjugate_gradient, trpo.line_search
        yield Carts(copies, seed, pay=pay), _policy(make, 20 + seed), value, s, updates, seed, *routines


RECORD = "after each update `yield` three values, the KL, the gain, and the list `batch.episode_returns`"


@dataclass
class Watched:
    """What an answer did in each update: when it collected, how it fitted, where it left the policy."""

    moments: list[tuple]
    fits: list[list[tuple]]
    thetas: list[np.ndarray]
    records: list[tuple]
    copied: set[str]
    result: tuple = ()


_watched: dict[tuple, Watched] = {}  # case -> what the last answer did


def _apply_training(answer, sampler, policy, value, s, updates, seed, *routines):
    """Call the answer; return the KLs and the gains, and the parameters of policy and value function at the end.

    Raises: Unfit for another number of updates or batches than asked, or records that aren't three values.
    """
    case = (sampler.seed, s, updates, seed)
    if not hasattr(answer, "known"):
        single = copy.deepcopy((sampler, policy, value))
        watched = _watched[case] = Watched([], [[] for _ in range(updates + 1)], [], [], set())
        given = sampler, policy, value, s, updates, seed
        result = watched.result = _trained(answer, *given, *routines, watched=watched)
        if sampler.seed == SMALLEST and result is not ...:
            _try_in_single_precision(answer, *single, s, updates, seed, *routines)
        return result
    if answer.known is None:
        result = _trained(answer, sampler, policy, value, s, updates, seed, *routines)
        if not agree(list(result), list(_watched[case].result), 1e-6):  # or any part of it would be explained by itself
            raise ArithmeticError
        return result
    if case not in answer.known:
        answer.known[case] = _trained(answer, sampler, policy, value, s, updates, seed, *routines)
    return answer.known[case]


def _try_in_single_precision(answer, sampler, policy, value, *rest):
    try:
        _trained(answer, sampler, policy.float(), value.float(), *rest)
    except Exception as error:
        raise Unfit(
            "in double precision your function comes to its end; in single, in which the lesson trains, it stops with "
            f"{type(error).__name__}: {error}. Is everything in the precision of the states, the rewards above all?"
        ) from error


def _trained(answer, sampler, policy, value, s, updates, seed, *routines, watched=None):
    start = ends = _weights(policy), _weights(value)
    if watched is not None:
        _watch(sampler, policy, value, watched)
    generated = answer(sampler, policy, value, s, updates, seed, *routines)
    if generated is ...:
        return generated
    if generated is None:
        raise Unfit(f"your function returns None: {RECORD}")
    if not hasattr(generated, "__next__"):
        raise Unfit(f"your function returns its records at the end, and the lesson draws them as they come: {RECORD}")
    records = []
    with np.errstate(all="ignore"):
        for record in itertools.islice(generated, updates + 1):
            records.append(record)
            if len(records) <= updates:  # as they are at the last yield, whatever comes after it
                ends = _weights(policy), _weights(value)
            if watched is not None:
                watched.thetas.append(_weights(policy))
                watched.records.append(record)
    if any(record is ... for record in records):
        return ...
    if len(records) != updates:
        many = "more" if len(records) > updates else str(len(records))
        raise Unfit(f"your function yields {many} records in {updates} update{'s' * (updates > 1)}: {RECORD}")
    if len(sampler.played) != updates:
        many = f"{len(sampler.played)} batches in {updates} update{'s' * (updates > 1)}"
        raise Unfit(f"your function collects {many}: it needs one in each")
    for record, played in zip(records, sampler.played, strict=True):
        if not isinstance(record, tuple | list) or len(record) != 3:
            raise Unfit(f"your record is a {type(record).__name__} of another form: {RECORD}")
        if list(np.ravel(record[2])) != played:
            raise Unfit("the third value of your record isn't the list `batch.episode_returns` of its batch")
    kls, gains = (np.array([float(record[k]) for record in records]) for k in (0, 1))
    if watched is not None:
        _require_in_place(watched, sampler, start, ends, moved=bool(kls.any()))
    return kls, gains, *ends


def _require_in_place(watched, sampler, start, ends, *, moved):
    """Raise Unfit where a copy was trained, or where V is fitted after the yield."""
    if watched.fits[-1] and not watched.fits[0]:
        raise Unfit(
            "your `yield` stands before `value.fit`: what comes after it waits until the next record is asked for, "
            "and after the last one it may never be done. Fit first"
        )
    still = [
        name
        for name, before, after, learns in zip(("policy", "value"), start, ends, (moved, sampler.pay > 0), strict=True)
        if name in watched.copied and learns and np.array_equal(before, after)
    ]
    if still:
        names = " and ".join(f"`{name}`" for name in still)
        raise Unfit(f"what was handed in as {names} never moves: train it in place, not a copy")


def _weights(network):
    return parameters_to_vector(network.parameters()).detach().double().numpy().copy()


def _watch(sampler, trained, value, watched):
    """Note in `watched` what the sampler's moments are when it is asked, and with what the value function is fitted.

    The methods are those of classes of their own, for a copy of an instance would take along what is bound to it.
    """

    class Watching(type(sampler)):
        def collect(self, policy, moments, *rest, **named):
            if policy is not trained:
                watched.copied.add("policy")
            watched.moments.append(tuple(np.copy(getattr(moments, name, np.nan)) for name in ("mean", "var")))
            return super().collect(policy, moments, *rest, **named)

    class Learning(type(value)):
        def fit(self, states, targets, epochs, minibatch, generator, *rest, **named):
            if self is not value:
                watched.copied.add("value")
            now = states.clone(), targets.clone(), epochs, minibatch, generator.get_state()
            watched.fits[len(watched.records)].append(now)
            return super().fit(states, targets, epochs, minibatch, generator, *rest, **named)

    sampler.__class__, value.__class__ = Watching, Learning


def library_train_trpo(sampler, policy, value, s, updates, seed, *routines):
    """Train in place by the library's parts; yield KL, gain and the batch's returns after each update.

    The book's answer to exercise 10.4: `Trainer` in short. Its thread, its log and its checkpoints are left out.
    """
    given = dict(zip(("fisher_vector_product", "conjugate_gradient", "line_search"), routines, strict=True))
    given |= {name: getattr(s, name) for name in ("delta", "damping", "cg_iterations", "fisher_stride")}
    dice, shuffler = (torch.Generator().manual_seed(seed) for _ in range(2))
    seen, scale = RunningMoments(sampler.observations.shape[1:]), RunningMoments()
    followed = np.zeros(s.num_envs)
    for _ in range(updates):
        batch = sampler.collect(policy, seen, s.batch_size // s.num_envs, dice)
        ends, valid = (batch.terminated, batch.truncated), batch.valid
        returns = []
        for row, over in zip(batch.rewards.numpy(), (ends[0] | ends[1]).numpy(), strict=True):
            returns.append(s.gamma * followed + row)
            followed = returns[-1] * ~over
        scale.update(np.array(returns)[valid.numpy()])
        rewards = batch.rewards.to(batch.states.dtype) / float(np.sqrt(scale.var + 1e-8))
        with torch.no_grad():
            values = value(batch.states)
        advantages = gae(rewards, values[:-1], values[1:], *ends, s.gamma, s.lam)
        rows = batch.states[:-1][valid], batch.actions[valid]
        record = trpo.trpo_update(policy, *rows, standardised(advantages[valid]), **given)
        targets = (advantages + values[:-1])[valid]
        value.fit(rows[0], targets, s.value_epochs, s.value_minibatch, shuffler)
        seen.update(batch.observations[valid.numpy()])
        yield record.kl, record.gain, batch.episode_returns


class _InNumpy:
    """A small policy as plain arithmetic: its outputs and their Jacobian, log-probabilities, scores, KL and metric."""

    def __init__(self, policy):
        self.gaussian = isinstance(policy, GaussianPolicy)
        self.shapes = [tuple(p.shape) for p in (policy.mean if self.gaussian else policy.logits).parameters()]
        self.own = 1 if self.gaussian else 0  # log σ, in front of the network's weights

    def _swept(self, theta, states):
        """Return the layers, what goes into each of them, and the outputs."""
        arrays, at = [], self.own
        for shape in self.shapes:
            arrays.append(theta[at : at + math.prod(shape)].reshape(shape))
            at += math.prod(shape)
        layers = list(zip(arrays[::2], arrays[1::2], strict=True))
        inputs = [states]
        for w, b in layers[:-1]:
            inputs.append(np.tanh(inputs[-1] @ w.T + b))
        outputs = inputs[-1] @ layers[-1][0].T + layers[-1][1]
        if self.gaussian:
            outputs = np.hstack([outputs, np.full((len(outputs), 1), theta[0])])
        return layers, inputs, outputs

    def outputs(self, theta, states):
        return self._swept(theta, states)[2]

    def jacobian(self, theta, states):
        """Return the slopes of the outputs in the parameters, (n, k, p)."""
        layers, inputs, _ = self._swept(theta, states)
        n, k = len(states), len(layers[-1][1])
        slope, blocks = np.broadcast_to(np.eye(k), (n, k, k)), []
        for (w, _), x in zip(layers[::-1], inputs[::-1], strict=True):
            blocks = [(slope[..., None] * x[:, None, None, :]).reshape(n, k, -1), slope, *blocks]
            slope = slope @ w * (1 - x**2)[:, None, :]
        jacobian = np.concatenate([np.zeros((n, k, self.own)), *blocks], axis=-1)
        if self.gaussian:
            of_log_std = np.zeros((n, 1, len(theta)))
            of_log_std[:, :, 0] = 1
            jacobian = np.concatenate([jacobian, of_log_std], axis=1)
        return jacobian

    def log_prob(self, outputs, actions):
        if self.gaussian:
            mean, log_std = outputs.T
            return -(((actions[:, 0] - mean) / np.exp(log_std)) ** 2) / 2 - log_std - math.log(2 * math.pi) / 2
        return _log_softmax(outputs)[range(len(actions)), actions]

    def score(self, outputs, actions):
        """Return the slopes of log_prob in the outputs, (n, k)."""
        if self.gaussian:
            mean, log_std = outputs.T
            z = (actions[:, 0] - mean) / np.exp(log_std)
            return np.stack([z / np.exp(log_std), z**2 - 1], axis=1)
        return np.eye(outputs.shape[1])[actions] - np.exp(_log_softmax(outputs))

    def kl(self, old, new):
        if self.gaussian:
            (mean, log_std), (mean_new, log_std_new) = old.T, new.T
            spread = (np.exp(2 * log_std) + (mean - mean_new) ** 2) / (2 * np.exp(2 * log_std_new))
            return np.mean(log_std_new - log_std + spread - 0.5)
        return np.mean(np.sum(np.exp(_log_softmax(old)) * (_log_softmax(old) - _log_softmax(new)), axis=1))

    def fisher(self, theta, states):
        outputs, jacobian = self.outputs(theta, states), self.jacobian(theta, states)
        if self.gaussian:
            metric = np.stack([np.diag([np.exp(-2 * log_std), 2]) for log_std in outputs[:, 1]])
        else:
            p = np.exp(_log_softmax(outputs))
            metric = np.stack([np.diag(row) - np.outer(row, row) for row in p])
        return np.einsum("nkp,nkl,nlq->pq", jacobian, metric, jacobian) / len(states)


def _log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def _advantages_by_sums(rewards, values, next_values, terminated, ended, decay, gamma):
    """Return (10.1) as written, for each row the sum up to its episode's end; all arguments but the last are (T, n)."""
    deltas = rewards + gamma * ~terminated * next_values - values
    advantages = np.zeros_like(deltas)
    for t, i in np.ndindex(deltas.shape):
        for k in range(t, len(deltas)):
            advantages[t, i] += decay ** (k - t) * deltas[k, i]
            if ended[k, i]:
                break
    return advantages


def _standardised(advantages, valid):
    rows = advantages[valid]
    return (rows - rows.mean()) / (rows.std(ddof=1) + 1e-8)


@dataclass(frozen=True)
class _Way:
    """What may be wrong in a training run by TRPO."""

    steps: Callable = lambda s: s.batch_size // s.num_envs
    generators: Callable = lambda seed: (torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed))
    renewed: tuple = ()  # generators that are made anew in each update
    seen: Callable = lambda batch, valid: batch.observations[valid]  # rows that the normaliser takes in
    forgetful: bool = False  # it holds the last batch alone
    early: bool = False  # it takes the batch in first, and the states are computed anew
    follow: Callable = lambda before, row, s: s.gamma * before + row
    over: Callable = lambda terminated, truncated: terminated | truncated  # where the followed return begins anew
    carried: bool = True  # from batch to batch
    noted: Callable = lambda returns, ended: returns
    counted: Callable = lambda returns, valid: returns[valid]
    spread: Callable = lambda past, now: np.sqrt(np.var(np.concatenate([*past, now])) + 1e-8)
    scaled: Callable = lambda rewards, spread, returns: rewards / spread
    own: Callable = lambda values: values[:-1]
    following: Callable = lambda values: values[1:]
    no_future: Callable = lambda terminated, truncated: terminated
    stops: Callable = lambda terminated, truncated: terminated | truncated
    decay: Callable = lambda gamma, lam: gamma * lam
    discount: Callable = lambda s: s.gamma
    kept: Callable = lambda valid: valid
    standardise: Callable = _standardised
    targets: Callable = lambda raw, used, values, rewards: raw + values[:-1]
    fit: Callable = lambda value, states, targets, s, dice: value.fit(
        states, targets, s.value_epochs, s.value_minibatch, dice
    )
    fit_on: Callable = lambda valid: valid
    fit_first: bool = False
    taken: Callable = lambda actions, gaussian: actions
    uphill: Callable = lambda score, advantages: score * advantages[:, None]
    gradient_on: Callable = lambda s: slice(None)
    measured_on: Callable = lambda states, s, every, valid: states[:: s.fisher_stride]
    handed: bool = True  # whether the product that was handed in is used
    damping: Callable = lambda s: s.damping
    iterations: Callable = lambda s: s.cg_iterations
    rtol: float = 1e-2
    solve: Callable | None = None
    curvature: Callable = lambda x, fisher, damping: x @ fisher @ x
    delta: Callable = lambda s: s.delta
    length: Callable = lambda delta, curvature: np.sqrt(2 * delta / curvature)
    apart: Callable = lambda policy, old, new: policy.kl(old, new)
    apart_on: Callable = lambda s: slice(None)
    gained: Callable = lambda ratio, advantages: np.mean(ratio * advantages)
    promise: Callable = lambda g, x, step, delta: g @ step
    shrink: float = 0.9
    candidates: int = 31
    inside: Callable = lambda divergence, delta: divergence <= delta
    enough: Callable = lambda gain, promise: gain >= 0.1 * promise > 0
    moved: Callable = lambda theta, step, accepted: theta if accepted is None else theta + accepted * step
    recorded: Callable = lambda kl, gain, promised: (kl, gain)
    replayed: tuple = ()  # parts of an update that are done as the last answer did them


def _take_in(moments, inside, way, batch, valid):
    """Let the normaliser hold all rows so far."""
    rows = way.seen(batch, valid)
    if rows is None:
        return
    inside[:] = [rows] if way.forgetful else [*inside, rows]
    together = np.concatenate(inside)
    moments.mean, moments.var, moments.count = together.mean(axis=0), together.var(axis=0), len(together)


def _improved(way, policy, s, theta, states, actions, advantages, *, measured, bent):
    """Return the parameters after one update, and its KL and gain."""
    actions, outputs = way.taken(actions, policy.gaussian), policy.outputs(theta, states)
    slopes, few = way.uphill(policy.score(outputs, actions), advantages), way.gradient_on(s)
    g = np.einsum("nkp,nk->p", policy.jacobian(theta, states[few]), slopes[few]) / len(states[few])
    fisher = -way.damping(s) / 2 * np.eye(len(g)) if bent and way.handed else policy.fisher(theta, measured)
    damped = fisher + way.damping(s) * np.eye(len(g))
    x = (way.solve or _mistaken_cg())(damped, g, way.iterations(s), way.rtol)[0]
    curvature = way.curvature(x, fisher, s.damping)
    step = x * way.length(way.delta(s), curvature) if curvature > 0 else 0 * x
    promised, before = g @ step, policy.log_prob(outputs, actions)
    wanted, near = way.promise(g, x, step, s.delta), way.apart_on(s)

    def surrogate(theta):
        ratio = np.exp(policy.log_prob(policy.outputs(theta, states), actions) - before)
        return way.gained(ratio, advantages)

    accepted, kl, gain = None, 0.0, 0.0
    for c in way.shrink ** np.arange(way.candidates):
        candidate = theta + c * step
        divergence = way.apart(policy, outputs[near], policy.outputs(candidate, states[near]))
        gained = surrogate(candidate) - surrogate(theta)
        if way.inside(divergence, s.delta) and way.enough(gained, c * wanted):
            accepted, kl, gain = c, divergence, gained
            break
    return way.moved(theta, step, accepted), way.recorded(kl, gain, promised)


def _written(**changes):
    """Return training by TRPO as plain arithmetic, with what may be wrong in it as keywords."""
    way = _Way(**changes)

    def train_trpo(sampler, policy, value, s, updates, seed, *routines):
        generator, shuffler = way.generators(seed)
        moments, past, inside = RunningMoments(sampler.observations.shape[1:]), [], []
        by_hand, followed = _InNumpy(policy), np.zeros(s.num_envs)
        theta = parameters_to_vector(policy.parameters()).detach().numpy()
        watched = _watched[sampler.seed, s, updates, seed] if way.replayed else None
        for update in range(updates):
            if "moments" in way.replayed:
                moments.mean, moments.var = watched.moments[update]
            fresh = way.generators(seed)
            generator = fresh[0] if "generator" in way.renewed else generator
            shuffler = fresh[1] if "shuffler" in way.renewed else shuffler
            batch = sampler.collect(policy, moments, way.steps(s), generator)
            terminated, truncated, valid = (x.numpy() for x in (batch.terminated, batch.truncated, batch.valid))
            states = batch.states.numpy()
            if way.early:
                _take_in(moments, inside, way, batch, valid)
                states = np.concatenate([moments.normalise(batch.observations), states[-1:]])
            rewards, returns = batch.rewards.numpy(), []
            followed = followed if way.carried else np.zeros_like(followed)
            ended = way.over(terminated, truncated)
            for row, over in zip(rewards, ended, strict=True):
                returns.append(followed := way.follow(followed, row, s))
                followed = np.where(over, 0, followed)
            now = way.counted(way.noted(np.array(returns), ended), valid)
            rewards = way.scaled(rewards, way.spread(past, now), [*past, now])
            past.append(now)

            fitted = way.fit_on(valid), way.kept(valid)
            x = torch.from_numpy(states[:-1])
            for again in (True, False) if way.fit_first else (False,):
                with torch.no_grad():
                    values = value(torch.from_numpy(states)).numpy()
                raw = _advantages_by_sums(
                    rewards,
                    way.own(values),
                    way.following(values),
                    way.no_future(terminated, truncated),
                    way.stops(terminated, truncated),
                    way.decay(s.gamma, s.lam),
                    way.discount(s),
                )
                used = way.standardise(raw, fitted[1])
                spread_out = np.zeros_like(raw)
                spread_out[fitted[1]] = used
                targets = way.targets(raw, spread_out, values, rewards)
                if again:
                    way.fit(value, x[fitted[0]], torch.from_numpy(targets[fitted[0]]).to(x.dtype), s, shuffler)
            if "fits" in way.replayed:
                for *given, dice in watched.fits[update]:
                    value.fit(*given, torch.Generator().set_state(dice))
            elif not way.fit_first:
                way.fit(value, x[fitted[0]], torch.from_numpy(targets[fitted[0]]).to(x.dtype), s, shuffler)

            rows = states[:-1][fitted[1]], batch.actions.numpy()[fitted[1]], used
            if "step" in way.replayed:
                theta, record = watched.thetas[update], watched.records[update][:2]
            else:
                measured = way.measured_on(rows[0], s, states[:-1], valid)
                theta, record = _improved(way, by_hand, s, theta, *rows, measured=measured, bent=bent_down in routines)
            if "record" in way.replayed:
                record = watched.records[update][:2]
            vector_to_parameters(torch.from_numpy(theta).to(x.dtype), policy.parameters())
            if not way.early:
                _take_in(moments, inside, way, batch, valid)
            yield *record, batch.episode_returns

    # results, for a search asks for them again and again; what is replayed changes with the answer
    train_trpo.known = None if way.replayed else {}
    return train_trpo


def _rows_alone(valid):
    return np.ones_like(valid)


def _of_each_copy(advantages, valid):
    scaled = np.zeros_like(advantages)
    for column, rows, out in zip(advantages.T, valid.T, scaled.T, strict=True):
        out[rows] = (column[rows] - column[rows].mean()) / (column[rows].std(ddof=1) + 1e-8)
    return scaled[valid]


def _over_all_rows(advantages, valid):
    return ((advantages - advantages.mean()) / (advantages.std(ddof=1) + 1e-8))[valid]


def _one_generator(seed):
    generator = torch.Generator().manual_seed(seed)
    return generator, generator


def _without_last(values):
    return np.concatenate([values[1:-1], 0 * values[-1:]])


def _exactly(matrix, b, *limits):
    return np.linalg.solve(matrix, b), 0, 0.0


def _by_the_library(matrix, b, iterations, rtol):
    """Solve as the library does: without damping the matrix is singular, and its guards are felt."""
    F = torch.from_numpy(matrix)
    x, *_ = trpo.conjugate_gradient(lambda v: F @ v, torch.from_numpy(b), max_iterations=iterations, rtol=rtol)
    return x.numpy(), 0, 0.0


def _spread_of(rows):
    return np.sqrt(np.var(rows) + 1e-8)


RESETS = "a reset row is no transition: leave out the rows where `batch.valid` is False"
COLLECTED: Mistakes = [
    (
        "you take s.batch_size steps with every copy: that many rows are wanted of all copies together, so divide by "
        "s.num_envs",
        {"steps": lambda s: s.batch_size},
    ),
    (
        "the dice are thrown alike in every batch: make the generator once, before the loop",
        {"renewed": ("generator",)},
    ),
    (
        "the minibatches are shuffled alike in every update: make the shuffler once, before the loop",
        {"renewed": ("shuffler",)},
    ),
    (
        "both generators begin anew in every update: make them once, before the loop",
        {"renewed": ("generator", "shuffler")},
    ),
    (
        "your second generator has a seed of its own: both begin at `seed`",
        {"generators": lambda seed: (torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1))},
    ),
    (
        "one generator draws the actions and shuffles the minibatches: make two, both from the seed",
        {"generators": _one_generator},
    ),
    (
        "your normaliser takes in the batch before the update, and you compute the states anew: the policy acted on "
        "`batch.states`, so the normaliser moves last",
        {"early": True},
    ),
    (
        "your normaliser of the observations stays empty: let it take in each batch at the end of its update",
        {"seen": lambda batch, valid: None},
    ),
    (
        f"your normaliser takes in every row: {RESETS}",
        {"seen": lambda batch, valid: batch.observations.reshape(-1, batch.observations.shape[-1])},
    ),
    (
        "your normaliser takes in states, which it has normalised itself: it wants `batch.observations`",
        {"seen": lambda batch, valid: batch.states.numpy()[:-1][valid]},
    ),
    (
        "your normaliser knows the last batch alone: make it once, and it merges them",
        {"forgetful": True},
    ),
]
SCALED: Mistakes = [
    (
        "you leave the rewards as they are: divide them by the spread of the return",
        {"scaled": lambda rewards, spread, returns: rewards},
    ),
    (
        "you divide by the spread as it was before this batch: the batch's returns are taken in first",
        {"spread": lambda past, now: _spread_of(np.concatenate(past)) if past else np.sqrt(1 + 1e-8)},
    ),
    (
        "you divide by the spread of this batch's returns alone: it is that of all so far, so make the moments once",
        {"spread": lambda past, now: _spread_of(now)},
    ),
    (
        "you divide by the variance of the return: its root is wanted",
        {"spread": lambda past, now: _spread_of(np.concatenate([*past, now])) ** 2},
    ),
    (
        "you divide by the spread of the rewards: it is that of the discounted return so far, R ← γR + r",
        {"follow": lambda before, row, s: row},
    ),
    (
        "you add the rewards up undiscounted: R ← γR + r",
        {"follow": lambda before, row, s: before + row},
    ),
    (
        "your R begins at 0 in every batch: the episodes go on, so keep it from batch to batch",
        {"carried": False},
    ),
    (
        "your R runs on from one episode into the next: it begins anew after an end of either kind",
        {"over": lambda terminated, truncated: terminated & truncated},
    ),
    (
        "your R runs on where an episode was truncated: it begins anew after an end of either kind",
        {"over": lambda terminated, truncated: terminated},
    ),
    (
        "your R runs on where an episode has terminated: it begins anew after an end of either kind",
        {"over": lambda terminated, truncated: truncated},
    ),
    (
        f"the zeros of reset rows count in the spread of the return: {RESETS}",
        {"counted": lambda now, valid: now.ravel()},
    ),
    (
        "you clip the rewards: they are divided, and nothing else",
        {"scaled": lambda rewards, spread, returns: np.clip(rewards / spread, -1, 1)},
    ),
    (
        "you take the mean return off the rewards: they are divided, and nothing else",
        {"scaled": lambda rewards, spread, returns: (rewards - returns[-1].mean()) / spread},
    ),
    (
        "you take the mean return off the rewards: they are divided, and nothing else",
        {"scaled": lambda rewards, spread, returns: (rewards - np.concatenate(returns).mean()) / spread},
    ),
    (
        "you take the mean reward off the rewards: they are divided, and nothing else",
        {"scaled": lambda rewards, spread, returns: (rewards - rewards.mean()) / spread},
    ),
    (
        "you change R in place, so that all rows that you noted are one array, with what R is at the end: note a copy",
        {"noted": lambda returns, ended: np.broadcast_to(np.where(ended[-1], 0, returns[-1]), returns.shape)},
    ),
    (
        "where an episode ends you note 0 in the place of R: note R first, and set it to 0 afterwards, not in the "
        "array that is noted",
        {"noted": lambda returns, ended: np.where(ended, 0, returns)},
    ),
    (
        "you discount the new reward too: R ← γR + r",
        {"follow": lambda before, row, s: s.gamma * (before + row)},
    ),
    (
        "your R is discounted with γλ: R ← γR + r, without λ",
        {"follow": lambda before, row, s: s.gamma * s.lam * before + row},
    ),
]
JUDGED: Mistakes = [
    (
        "you take every end for a failure: an episode that the clock cut short has a future, so give `gae` the two "
        "flags apart",
        {"no_future": lambda terminated, truncated: terminated | truncated},
    ),
    (
        "you give a future to those that have terminated: there `gae` must leave out V(s′)",
        {"no_future": lambda terminated, truncated: terminated & truncated},
    ),
    (
        "`terminated` and `truncated` have changed places in `gae`",
        {"no_future": lambda terminated, truncated: truncated},
    ),
    (
        "your advantages run on from one episode into the next: `gae` must be told of truncations too",
        {"stops": lambda terminated, truncated: terminated},
    ),
    (
        "your advantages run on from one episode into the next, and everything has a future: give `gae` the two flags",
        {
            "stops": lambda terminated, truncated: terminated & truncated,
            "no_future": lambda terminated, truncated: terminated & truncated,
        },
    ),
    (
        "the last row of your batch has no future: it goes on from V of the last of `batch.states`",
        {"following": _without_last},
    ),
    (
        "you have V(s) where V(s′) belongs: what follows row t is batch.states[t + 1]",
        {"following": lambda values: values[:-1]},
    ),
    (
        "your advantages come from no V at all: give `gae` the values of the states",
        {"following": lambda values: 0 * values[1:], "own": lambda values: 0 * values[:-1]},
    ),
    (
        "you don't use λ: the errors δ are added up with powers of γλ",
        {"decay": lambda gamma, lam: gamma},
    ),
    (
        "γ and λ have changed places in `gae`: gamma comes first",
        {"discount": lambda s: s.lam},
    ),
    ("your advantage is δ alone, as for λ = 0: hand s.lam on", {"decay": lambda gamma, lam: 0.0}),
    (
        f"you learn from every row, policy and value function alike: {RESETS}",
        {"kept": _rows_alone, "fit_on": _rows_alone},
    ),
    (f"your policy learns from every row: {RESETS}", {"kept": _rows_alone}),
    (
        "you standardise the advantages with the reset rows among them: select the valid rows first",
        {"standardise": _over_all_rows},
    ),
    (
        "you standardise the advantages of each copy by themselves: it is done over the whole batch",
        {"standardise": _of_each_copy},
    ),
    (
        "your advantages are as `gae` gives them: take their mean off and divide by their standard deviation",
        {"standardise": lambda advantages, valid: advantages[valid]},
    ),
    (
        "you divide the advantages by their standard deviation and leave their mean in: take it off first",
        {"standardise": lambda advantages, valid: advantages[valid] / (advantages[valid].std(ddof=1) + 1e-8)},
    ),
    (
        "you centre the advantages and don't divide them: the step stays the same, (10.13), and the gain that you "
        "report has another unit",
        {"standardise": lambda advantages, valid: advantages[valid] - advantages[valid].mean()},
    ),
    (
        "you divide by the standard deviation with n where PyTorch's `std()` has n − 1: the step stays the same, "
        "(10.13), and the gain that you report has another unit",
        {"standardise": lambda a, valid: (a[valid] - a[valid].mean()) / (a[valid].std() + 1e-8)},
    ),
]
FITTED: Mistakes = [
    (f"your value function is fitted to every row: {RESETS}", {"fit_on": _rows_alone}),
    (
        "you fit the value function before you judge: it knows the batch's own returns then, and hardly anything is "
        "better than expected. The advantages come first",
        {"fit_first": True},
    ),
    ("you don't fit the value function", {"fit": lambda value, states, targets, s, dice: None}),
    (
        "your targets are made of the standardised advantages: add V to them as `gae` gave them",
        {"targets": lambda raw, used, values, rewards: used + values[:-1]},
    ),
    (
        "you add V(s′) to the advantages: the targets are advantages + V(s)",
        {"targets": lambda raw, used, values, rewards: raw + values[1:]},
    ),
    (
        "you fit the value function to the advantages: its targets are advantages + V",
        {"targets": lambda raw, used, values, rewards: raw},
    ),
    (
        "you fit the value function to the single rewards: its targets are advantages + V",
        {"targets": lambda raw, used, values, rewards: rewards},
    ),
    (
        "you fit the value function in one pass: s.value_epochs says in how many",
        {"fit": lambda value, states, targets, s, dice: value.fit(states, targets, 1, s.value_minibatch, dice)},
    ),
    (
        "you fit the value function on the whole batch at once: s.value_minibatch says how many rows a gradient has",
        {"fit": lambda value, states, targets, s, dice: value.fit(states, targets, s.value_epochs, len(states), dice)},
    ),
    (
        "the number of passes and that of a minibatch's rows have changed places in `value.fit`",
        {
            "fit": lambda value, states, targets, s, dice: value.fit(
                states, targets, s.value_minibatch, s.value_epochs, dice
            )
        },
    ),
]
STEPPED: Mistakes = [
    (
        "you take the log-probability of clipped actions: the task clips, and the policy drew `batch.actions`",
        {"taken": lambda actions, gaussian: np.clip(actions, -1, 1) if gaussian else actions},
    ),
    (
        "you take the log-probability of clipped actions, even of those that are whole numbers: the task clips, and "
        "the policy drew `batch.actions`",
        {"taken": lambda actions, gaussian: np.clip(actions, -1, 1)},
    ),
    *(
        (
            "no step passes your line search, so the policy never moves: has the gradient the wrong sign, or do the "
            "two log-probabilities of the ratio move together, of which the old one is computed once, before "
            "parameters move? Or did you change a default of `line_search`?",
            change,
        )
        for change in (
            {"uphill": lambda score, advantages: -score * advantages[:, None]},
            {"gained": lambda ratio, advantages: np.mean(advantages)},
        )
    ),
    (
        "your ratio is upside down, so the policy learns to do what was worse: the new probability stands above",
        {
            "uphill": lambda score, advantages: -score * advantages[:, None],
            "gained": lambda ratio, advantages: np.mean(advantages / ratio),
        },
    ),
    (
        "your gradient is that of each `s.fisher_stride`-th row: the stride is for the Fisher-vector product alone",
        {"gradient_on": lambda s: slice(None, None, s.fisher_stride)},
    ),
    (
        "your KL is the mean of each `s.fisher_stride`-th state: the stride is for the Fisher-vector product alone",
        {"apart_on": lambda s: slice(None, None, s.fisher_stride)},
    ),
    *(
        ("you stride before you select: take each `s.fisher_stride`-th of the valid states", {"measured_on": states_of})
        for states_of in (
            lambda states, s, every, valid: every.reshape(-1, every.shape[-1])[:: s.fisher_stride],
            lambda states, s, every, valid: every[:: s.fisher_stride][valid[:: s.fisher_stride]],
            lambda states, s, every, valid: every.reshape(-1, every.shape[-1])[:: s.fisher_stride][
                valid.reshape(-1)[:: s.fisher_stride]
            ],
        )
    ),
    (
        "the first states enter your F: take each `s.fisher_stride`-th",
        {"measured_on": lambda states, s, *rest: states[: len(states) // s.fisher_stride]},
    ),
    (
        "you use another Fisher-vector product than the one that was handed in: call that one, for it need not be "
        "the library's",
        {"handed": False},
    ),
    (
        "you take a step although the curvature isn't above 0: then the step is 0, whatever its absolute value",
        {"curvature": lambda x, fisher, damping: abs(x @ fisher @ x)},
    ),
    (
        "every state enters your F: take each `s.fisher_stride`-th",
        {"measured_on": lambda states, *rest: states},
    ),
    (
        "your direction is without damping: solve (F + ξI)x = g, with ξ = s.damping",
        {"damping": lambda s: 0.0, "solve": _by_the_library},
    ),
    (
        "your direction is without damping, and you take it off the curvature all the same: solve (F + ξI)x = g",
        {
            "damping": lambda s: 0.0,
            "solve": _by_the_library,
            "curvature": lambda x, fisher, damping: x @ fisher @ x - damping * x @ x,
        },
    ),
    (
        "the damping is in your length too: the step ends well inside δ. Take ξ·xᵀx off the curvature, (10.11)",
        {"curvature": lambda x, fisher, damping: x @ fisher @ x + damping * x @ x},
    ),
    (
        "your length has δ where 2δ belongs, (10.11)",
        {"delta": lambda s: s.delta / 2},
    ),
    (
        "the root is missing in your length, (10.11)",
        {"length": lambda delta, curvature: 2 * delta / curvature},
    ),
    (
        "what conjugate gradients return is your step: it has the direction, and not yet the length of (10.11)",
        {"length": lambda delta, curvature: 1.0},
    ),
    ("conjugate gradients may stop earlier here: hand on rtol=1e-2", {"rtol": 1e-10}),
    (
        "your conjugate gradients make ten iterations at most: s.cg_iterations says how many",
        {"iterations": lambda s: 10},
    ),
    ("you solve for the direction exactly: conjugate gradients stop early", {"solve": _exactly}),
    (
        "your direction is the plain gradient: let conjugate gradients solve (F + ξI)x = g",
        {"solve": lambda matrix, b, *limits: (b, 0, 0.0)},
    ),
    (
        "you take the full step whatever comes: where its KL is above δ, or its gain too small, the line search "
        "shortens it",
        {"inside": lambda divergence, delta: True, "enough": lambda gain, promise: True},
    ),
    (
        "your line search doesn't look at the KL: it must be at most δ",
        {"inside": lambda divergence, delta: True},
    ),
    (
        "your line search doesn't look at the gain: it must keep a tenth of the promise",
        {"enough": lambda gain, promise: True},
    ),
    ("your line search halves: it shrinks by a tenth", {"shrink": 0.5}),
    (
        "no step passes your line search where it takes more than ten backtracks: did you change a default, or is "
        "`predicted` something else than g·step, what the step promises to first order?",
        {"candidates": 11},
    ),
    (
        "`predicted` is g·x, of the direction: the gain that the whole step promises is g·step",
        {"promise": lambda g, x, step, delta: g @ x},
    ),
    (
        "`predicted` is half of what the step promises to first order, which is g·step",
        {"promise": lambda g, x, step, delta: g @ step / 2},
    ),
    (
        "`predicted` is made of δ: the gain that the step promises to first order is g·step",
        {"promise": lambda g, x, step, delta: 2 * delta},
    ),
    (
        "old and new policy have changed places in your KL: the old one comes first",
        {"apart": lambda policy, old, new: policy.kl(new, old)},
    ),
    (
        "your KL is 0 for every θ: keep the old distribution, detached, from before the parameters move",
        {"apart": lambda policy, old, new: 0.0},
    ),
    (
        "your surrogate has the log-probability in place of the ratio: same gradient at the old policy, another gain",
        {"gained": lambda ratio, advantages: np.mean(np.log(ratio) * advantages)},
    ),
    *(
        (
            "your surrogate is a sum over the rows: take the mean",
            {"gained": lambda ratio, advantages: np.sum(ratio * advantages)} | uphill,
        )
        for uphill in ({}, {"uphill": lambda score, advantages: score * advantages[:, None] * len(score)})
    ),
    (
        "after a failed line search you leave the policy at the last candidate: the old parameters must come back",
        {"moved": lambda theta, step, accepted: theta + (0.9**30 if accepted is None else accepted) * step},
    ),
    (
        "the policy never moves: write the accepted parameters into it",
        {"moved": lambda theta, step, accepted: theta},
    ),
    (
        "you write the full step into the policy, whatever the line search accepted",
        {"moved": lambda theta, step, accepted: theta + step},
    ),
    (
        "you report the promised gain: report what the line search measured",
        {"recorded": lambda kl, gain, promised: (kl, promised)},
    ),
    (
        "KL and gain have changed places in your record: the KL comes first",
        {"recorded": lambda kl, gain, promised: (gain, kl)},
    ),
]


ALL_BUT = [
    (
        "all is right but what you yield: the KL and the gain are those that `line_search` returned",
        ("record",),
    ),
    (
        "all is right but what you hand to `value.fit`, or how often: it wants the valid states, advantages + V, "
        "s.value_epochs, s.value_minibatch and the second generator, once in each update",
        ("fits",),
    ),
    (
        "all is right but the policy's step, somewhere between the advantages as `gae` gives them and what "
        "`line_search` returns: go through the steps 4 and 5 line by line",
        ("step",),
    ),
    (
        "all is right but the normaliser of the observations: what it has taken in when you collect",
        ("moments",),
    ),
]


def _expected_training(
    sampler, policy, value, s, updates, seed, fisher_vector_product, conjugate_gradient, line_search
):
    given = copy.deepcopy((sampler, policy, value))
    return _apply_training(_RIGHTLY, *given, s, updates, seed, fisher_vector_product, conjugate_gradient, line_search)


def _among(group: Mistakes, *words: str) -> Mistakes:
    return [mistake for mistake in group if any(each in mistake[0] for each in words)]


_RIGHTLY = _written()
train_trpo = Exercise(
    function="train_trpo",
    cases=list(_training_cases()),
    expected=_expected_training,
    apply=_apply_training,
    parts=("the KLs", "the gains", "the policy's parameters", "the value function's parameters"),
    bare=True,
    tolerance=4e-6,
    misconceptions=[
        *mistakes(_written, [*COLLECTED, *SCALED, *JUDGED, *FITTED, *STEPPED]),
        *((words, _written(replayed=parts)) for words, parts in ALL_BUT),
        *(
            (words, function)
            for words, function in mistakes(
                _written,
                _among(COLLECTED, "thrown alike", "takes in every row"),
                _among(SCALED, "as they are", "runs on from one", "undiscounted"),
                _among(JUDGED, "for a failure", "don't use λ", "mean in"),
                _among(FITTED, "to every row", "standardised"),
                _among(STEPPED, "clipped actions", "every state", "length too", "old and new"),
            )
            if words.startswith("two things")
        ),
        (
            "policy and value function both learn something else: look at what both are made of, the number of steps, "
            "the division of the rewards, V, `gae` and the choice of rows, before you look at either",
            _written(replayed=("fits", "step")),
        ),
    ],
)


# 10.5, the bootstrap interval


def _resamples(values):
    return list(itertools.product(values, repeat=len(values)))


def _place(means, share):
    """Return the first mean, from below, that enough of the others don't exceed."""
    return next(mean for k, mean in enumerate(means, start=1) if k >= share * len(means) - 1e-9)


def _interval(
    values,
    level,
    *,
    resamples=_resamples,
    statistic=np.mean,
    shares=lambda level: ((1 - level) / 2, (1 + level) / 2),
    once=False,
    place=_place,
    ends=lambda low, high, values: (low, high),
):
    """Return the ends by counting: the first mean, from below, that enough resamples don't exceed."""
    means = sorted(float(statistic(resample)) for resample in resamples(values))
    if once:
        means = sorted({round(mean, 9) for mean in means})
    low, high = (place(means, share) for share in shares(level))
    return ends(low, high, values)


def _changed_interval(**changes):
    return lambda values, level: _interval(values, level, **changes)


def _at(index):
    """Return the place in the sorted list index(share·number), kept inside it."""
    return lambda means, share: means[min(max(int(index(share * len(means))), 0), len(means) - 1)]


def _around_the_mean(spread, widths=lambda level: 1.96):
    def interval(values, level):
        return np.mean(values) - widths(level) * spread(values), np.mean(values) + widths(level) * spread(values)

    return interval


def _quantile_of_normal(level):
    return NormalDist().inv_cdf((1 + level) / 2)


_NORMAL = (
    "you have the mean ± 1.96 standard errors: that is the normal approximation. The bootstrap assumes no shape, it "
    "takes quantiles of the resamples' means"
)

bootstrap_interval = Exercise(
    function="bootstrap_interval",
    cases=[
        (np.array([0.0, 1.0]), 0.95),
        (np.array([0.0, 1.0]), 0.5),
        (np.array([5.0, 2.0, 2.0]), 0.5),
        (np.array([1.0, 2.0, 4.0]), 0.95),
        (np.array([1.0, 2.0, 4.0]), 0.4),
        (np.array([-3.0, 5.0, 0.5, 1.0]), 0.95),
        (np.array([300.0, 100.0, 150.0, 120.0]), 0.9),
        (np.array([-1.0, 8.0, 2.0, 2.0]), 0.8),
        (np.array([2.0, -1.0, 0.0, 7.0, 3.5]), 0.95),
        (np.array([2.0, -1.0, 0.0, 7.0, 3.5]), 0.3),
    ],
    expected=_interval,
    parts=("low", "high"),
    misconceptions=[
        (
            "you take quantiles of the values themselves: average each resample, then take quantiles of the means",
            _changed_interval(resamples=lambda values: [[value] for value in values]),
        ),
        (
            "you interpolate between quantiles of the values themselves: average each resample, and take quantiles of "
            "the means",
            lambda values, level: tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2])),
        ),
        (
            "you return the smallest and the largest mean of all: cut off (1 − level)/2 at either end",
            _changed_interval(shares=lambda level: (0, 1)),
        ),
        (
            "you count each combination once: a resample with three different values comes in six orders, one with "
            "three equal values in one. itertools.product has them all",
            _changed_interval(resamples=lambda values: itertools.combinations_with_replacement(values, len(values))),
        ),
        (
            "you count each different mean once: it counts as often as there are resamples that have it",
            _changed_interval(once=True),
        ),
        (
            "you count equal values once: each of the values can be drawn, also where another is as large",
            _changed_interval(resamples=lambda values: itertools.product(sorted(set(values)), repeat=len(values))),
        ),
        (
            "you draw without replacement: every resample then has the same values and the same mean",
            _changed_interval(resamples=lambda values: [values]),
        ),
        (
            "you cut off 1 − level at each end: it is (1 − level)/2 at each, and both together 1 − level",
            _changed_interval(shares=lambda level: (1 - level, level)),
        ),
        (
            "your interval is open below: cut off (1 − level)/2 at either end",
            _changed_interval(shares=lambda level: (0, level)),
        ),
        (
            "your interval is open above: cut off (1 − level)/2 at either end",
            _changed_interval(shares=lambda level: (1 - level, 1)),
        ),
        (
            "you take the quantiles at level/2 and 1 − level/2: cut off (1 − level)/2 at either end",
            _changed_interval(shares=lambda level: (level / 2, 1 - level / 2)),
        ),
        (
            "you cut off (1 − level)/4 at either end: it is (1 − level)/2",
            _changed_interval(shares=lambda level: ((1 - level) / 4, 1 - (1 - level) / 4)),
        ),
        (
            "you take 95 % whatever level says: read it",
            _changed_interval(shares=lambda level: (0.025, 0.975)),
        ),
        (
            "you take 90 % whatever level says: read it",
            _changed_interval(shares=lambda level: (0.05, 0.95)),
        ),
        (
            "your shares are read as percentages: np.percentile counts to 100, np.quantile to 1",
            _changed_interval(shares=lambda level: ((1 - level) / 200, (1 + level) / 200)),
        ),
        (
            "you take the median of each resample; the question is about the mean",
            _changed_interval(statistic=np.median),
        ),
        (
            "you add the values of a resample up: divide by their number",
            _changed_interval(statistic=np.sum),
        ),
        (
            "you take the largest value of each resample; the question is about the mean",
            _changed_interval(statistic=max),
        ),
        ("you take the spread of each resample; the question is about the mean", _changed_interval(statistic=np.std)),
        (
            "each of your resamples has a value too few: draw as many as there are",
            _changed_interval(resamples=lambda values: itertools.product(values, repeat=len(values) - 1)),
        ),
        (
            "each of your resamples has a value too many: draw as many as there are",
            _changed_interval(resamples=lambda values: itertools.product(values, repeat=len(values) + 1)),
        ),
        (
            "each of your resamples has two values, however many there are: draw as many as there are",
            _changed_interval(resamples=lambda values: itertools.product(values, repeat=2)),
        ),
        (
            "each of your resamples has three values, however many there are: draw as many as there are",
            _changed_interval(resamples=lambda values: itertools.product(values, repeat=3)),
        ),
        (
            'np.quantile interpolates between two means by default; method="inverted_cdf" returns one that occurs',
            _changed_interval(place=lambda means, share: np.quantile(means, share)),
        ),
        *(
            (
                f'method="{method}" takes the other neighbour of a quantile at times; "inverted_cdf" is the definition '
                "of the text",
                _changed_interval(place=lambda means, share, method=method: np.quantile(means, share, method=method)),
            )
            for method in ("nearest", "closest_observation")
        ),
        *(
            (
                f'method="{method}" interpolates between two means; "inverted_cdf" returns one that occurs',
                _changed_interval(place=lambda means, share, method=method: np.quantile(means, share, method=method)),
            )
            for method in ("midpoint", "averaged_inverted_cdf", "hazen", "weibull", "median_unbiased")
        ),
        (
            'you are one place too far in the sorted list, as method="higher" is: the mean with the share q stands '
            "at ⌈q·number⌉, counted from 1",
            _changed_interval(place=_at(math.ceil)),
        ),
        (
            "you are one place too far in the sorted list where share·number is whole: the k-th mean has the index "
            "k − 1",
            _changed_interval(place=_at(math.floor)),
        ),
        (
            'you are one place too early in the sorted list, as method="lower" is: the mean with the share q stands '
            "at ⌈q·number⌉, counted from 1",
            _changed_interval(place=_at(lambda place: math.ceil(place - 1e-9) - 2)),
        ),
        (
            "you round the place in the sorted list: it is rounded up, and counted from 1",
            _changed_interval(place=_at(lambda place: round(place))),
        ),
        (
            "you mirror the interval at the mean of the values, which is the basic bootstrap: the quantiles themselves "
            "are asked for",
            _changed_interval(ends=lambda low, high, values: (2 * np.mean(values) - high, 2 * np.mean(values) - low)),
        ),
        (
            "you take the mean of the values off: the quantiles themselves are asked for",
            _changed_interval(ends=lambda low, high, values: (low - np.mean(values), high - np.mean(values))),
        ),
        (
            "you make the interval symmetric around the mean of the values: the quantiles themselves are asked for",
            _changed_interval(
                ends=lambda low, high, values: (
                    np.mean(values) - (high - low) / 2,
                    np.mean(values) + (high - low) / 2,
                )
            ),
        ),
        (_NORMAL, _around_the_mean(lambda values: np.std(values, ddof=1) / np.sqrt(len(values)))),
        (_NORMAL, _around_the_mean(lambda values: np.std(values) / np.sqrt(len(values)))),
        *(
            (
                "you have the normal approximation, the mean ± so many standard errors: the bootstrap takes quantiles "
                "of the resamples' means",
                _around_the_mean(
                    lambda values, ddof=ddof: np.std(values, ddof=ddof) / np.sqrt(len(values)), _quantile_of_normal
                ),
            )
            for ddof in (0, 1)
        ),
        *(
            (
                "you have the mean ± one standard error: the bootstrap takes quantiles of the resamples' means",
                _around_the_mean(
                    lambda values, ddof=ddof: np.std(values, ddof=ddof) / np.sqrt(len(values)), lambda level: 1.0
                ),
            )
            for ddof in (0, 1)
        ),
        *(
            (
                "you have the mean ± 1.96 standard deviations of the runs: that is about where the next run may fall, "
                "not the mean, and it assumes a normal distribution",
                _around_the_mean(lambda values, ddof=ddof: np.std(values, ddof=ddof)),
            )
            for ddof in (0, 1)
        ),
        ("low comes first: you return (high, low)", lambda values, level: _interval(values, level)[::-1]),
    ],
)

EXERCISES = {
    "10.1": fisher_vector_product,
    "10.2": conjugate_gradient,
    "10.3": line_search,
    "10.4": train_trpo,
    "10.5": bootstrap_interval,
}
