"""Interactives of lesson 08: two ways down a bowl, conjugate gradients as polynomials, a policy detached or not."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from trpobook.agents.policies import CategoricalPolicy
from trpobook.algorithms.conjugate_gradient import conjugate_gradient
from trpobook.algorithms.policy_update import policy_gradient
from trpobook.book import plots, style
from trpobook.book.derivations import next_direction, search_along
from trpobook.widgets.base import Interactive, Slider, Switch

SMALLEST = 1e-12  # relative errors below this are rounding, and drawn at this height
ROUNDING = 1e-10  # relative errors up to this are called rounding in the sentences


def descend(matrix: np.ndarray, g: np.ndarray, steps: int, *, conjugate: bool) -> np.ndarray:
    """Return the points of steepest descent, or of conjugate gradients, on ½xᵀFx − gᵀx from 0, (steps + 1, n).

    Once the residual is rounding, the point stays where it is.
    """
    x, r, p = np.zeros_like(g), g, g
    points = [x]
    for _ in range(steps):
        if np.linalg.norm(r) > SMALLEST * np.linalg.norm(g):
            x, new = search_along(matrix.__matmul__, x, r, p)
            r, p = new, next_direction(new, r, p) if conjugate else new
        points.append(x)
    return np.array(points)


def relative_error(matrix: np.ndarray, g: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return ‖x − x*‖/‖x*‖ for each of the points, as F measures lengths, never below SMALLEST."""
    solution = np.linalg.solve(matrix, g)
    off = points - solution
    squares = np.einsum("ki,ij,kj->k", off, matrix, off) / (solution @ matrix @ solution)
    return np.maximum(np.sqrt(np.maximum(squares, 0)), SMALLEST)


# Two ways down a bowl

BOWL_STEPS = 20


class Bowl(NamedTuple):
    """The bowl of F = diag(1, condition), and the two ways to its bottom."""

    condition: float
    bottom: np.ndarray  # (2,)
    steepest: np.ndarray  # (BOWL_STEPS + 1, 2)
    conjugate: np.ndarray
    steepest_error: np.ndarray  # (BOWL_STEPS + 1,), relative, in F's norm
    conjugate_error: np.ndarray


def compute_bowl(condition: float, angle: float) -> Bowl:
    """Return both ways from 0 to a bottom at distance 1, `angle` degrees from the flat axis."""
    matrix = np.diag([1.0, condition])
    bottom = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    ways = [descend(matrix, matrix @ bottom, BOWL_STEPS, conjugate=c) for c in (False, True)]
    return Bowl(condition, bottom, *ways, *(relative_error(matrix, matrix @ bottom, way) for way in ways))


def draw_bowl(axes, bowl: Bowl) -> None:
    """Draw the two ways over level lines, and their errors against the number of products with F."""
    left, right = axes
    turn = np.linspace(0, 2 * np.pi, 121)
    height = bowl.bottom @ (np.array([1, bowl.condition]) * bowl.bottom)
    for share in (0.04, 0.2, 0.5, 1, 2, 4):
        radius = np.sqrt(share * height)
        ellipse = bowl.bottom[:, None] + radius * np.array([np.cos(turn), np.sin(turn) / np.sqrt(bowl.condition)])
        left.plot(*ellipse, color="#C9CDD1", linewidth=1)
    left.plot(*bowl.steepest.T, "o--", color=style.NEW["color"], markersize=4, linewidth=1.6)
    left.plot(*bowl.conjugate.T, "s-", color=style.OLD["color"], markersize=7, mfc="white", mew=2)
    left.plot(*bowl.bottom, "*", color=style.INK, markersize=13)
    left.set(xlim=(-0.55, 1.55), ylim=(-0.5, 1.28), xlabel="x₁, the flat axis", ylabel="x₂, the steep one")
    left.set_title("the way down")
    steps = np.arange(BOWL_STEPS + 1)
    right.plot(steps, np.log10(bowl.steepest_error), "o--", color=style.NEW["color"], markersize=4)
    right.plot(steps[:3], np.log10(bowl.conjugate_error[:3]), "s-", color=style.OLD["color"], mfc="white", mew=2)
    right.text(0.97, 0.93, "– –  steepest descent", color=style.NEW["color"], transform=right.transAxes, ha="right")
    right.text(0.97, 0.85, "—   conjugate gradients", color=style.OLD["color"], transform=right.transAxes, ha="right")
    right.set(xlim=(-0.5, BOWL_STEPS + 0.5), ylim=(-12.6, 2.6), xlabel="products with F", title="error, relative")
    plots.powers_of_ten(right.yaxis, range(-12, 1, 3))


def describe_bowl(bowl: Bowl) -> str:
    """Say how far each way has come."""
    second, last = bowl.steepest_error[[2, -1]]
    arrived = "are" if bowl.conjugate_error[2] <= ROUNDING else "are not"
    start = f"Condition number {bowl.condition:.3g}. After two products with F, conjugate gradients {arrived} at the "
    start += "bottom"
    if second <= ROUNDING:
        return f"{start}, and so is steepest descent."
    end = "only rounding" if last <= ROUNDING else f"{100 * last:.2g} %"
    return f"{start} and steepest descent still has {100 * second:.3g} % of its error; after {BOWL_STEPS} it has {end}."


bowl = Interactive(
    title="steepest descent and conjugate gradients on a bowl of two dimensions",
    compute=compute_bowl,
    draw=draw_bowl,
    describe=describe_bowl,
    controls=lambda: {
        "condition": Slider("condition number", 1, 50, 12, 1),
        "angle": Slider("angle of the bottom (°)", 0, 90, 12, 1),
    },
    columns=2,
    height=4.0,
    script="lesson_08.js",
    name="bowl",
)


# Conjugate gradients as polynomials

MOST_STEPS = 8
LINE = np.linspace(0, 1.12, 225)


class Polynomial(NamedTuple):
    """What k walks of CG do to the error of a system with three clusters of four eigenvalues."""

    eigenvalues: np.ndarray  # (12,)
    steps: int
    curve: np.ndarray  # the polynomial along LINE
    values: np.ndarray  # and at the eigenvalues
    errors: np.ndarray  # (MOST_STEPS + 1,), relative, in F's norm
    bound: np.ndarray  # Chebyshev's


def compute_polynomial(low: float, middle: float, high: float, spread: float, steps: float) -> Polynomial:
    """Return the error polynomial after `steps` walks; each cluster is `spread` wide relative to its place."""
    places = np.array([low, middle, high])
    eigenvalues = np.sort((places[:, None] * (1 + spread * np.array([-0.5, -0.2, 0.25, 0.5]))).ravel())
    matrix, g = np.diag(eigenvalues), np.sqrt(eigenvalues)  # every eigenvector has the same share of the error
    errors = relative_error(matrix, g, descend(matrix, g, MOST_STEPS, conjugate=True))
    steps = int(steps)
    ratio = np.sqrt(eigenvalues[-1] / eigenvalues[0])
    bound = np.minimum(1, 2 * ((ratio - 1) / (ratio + 1)) ** np.arange(MOST_STEPS + 1.0))
    curve, values = (error_polynomial(eigenvalues, g, steps, places) for places in (LINE, eigenvalues))
    return Polynomial(eigenvalues, steps, curve, values, errors, bound)


def error_polynomial(eigenvalues: np.ndarray, g: np.ndarray, steps: int, at: np.ndarray) -> np.ndarray:
    """Return q(at) for the polynomial q, q(0) = 1, with x* − x_k = q(F) x* after `steps` walks of CG."""
    r = p = g
    q = direction = np.ones_like(at)
    for _ in range(steps):
        if np.linalg.norm(r) <= SMALLEST * np.linalg.norm(g):
            break
        step = (r @ r) / (p @ (eigenvalues * p))
        new = r - step * eigenvalues * p
        ratio = (new @ new) / (r @ r)
        q = q - step * at * direction
        r, p, direction = new, new + ratio * p, q + ratio * direction
    return q


def draw_polynomial(axes, found: Polynomial) -> None:
    """Draw the polynomial with its values at the eigenvalues, and the error against the walks."""
    left, right = axes
    left.axhline(0, color=style.MUTED, linewidth=1)
    left.plot(LINE, found.curve, color=style.OLD["color"])
    left.vlines(found.eigenvalues, 0, np.clip(found.values, -1.3, 1.3), color=style.NEW["color"], linewidth=1.4)
    left.plot(found.eigenvalues, found.values, "o", color=style.NEW["color"], markersize=6)
    left.plot(0, 1, "s", color=style.INK, markersize=7)
    left.text(0.05, 1.06, "q(0) = 1, always", color=style.INK, va="bottom")
    left.text(1.08, -1.15, "●  at the eigenvalues", color=style.NEW["color"], ha="right")
    left.set(xlim=(-0.04, 1.12), ylim=(-1.3, 1.35), xlabel="eigenvalue", title=f"polynomial of degree {found.steps}")
    steps = np.arange(MOST_STEPS + 1)
    right.plot(steps, np.log10(np.maximum(found.bound, SMALLEST)), **style.BOUND)
    right.plot(steps, np.log10(found.errors), "o-", color=style.OLD["color"], markersize=5)
    right.plot(found.steps, np.log10(found.errors[found.steps]), "o", color=style.NEW["color"], markersize=11)
    right.text(0.97, 0.94, "·····  bound by ℓmax/ℓmin alone", transform=right.transAxes, ha="right", va="center")
    right.text(0.97, 0.86, "—  true", color=style.OLD["color"], transform=right.transAxes, ha="right", va="center")
    right.set(xlim=(-0.3, MOST_STEPS + 0.3), ylim=(-12.6, 3.4), xlabel="walks of CG", title="error, relative")
    plots.powers_of_ten(right.yaxis, range(-12, 1, 3))


def describe_polynomial(found: Polynomial) -> str:
    """Say the numbers of the picture."""
    error = found.errors[found.steps]
    walks = "1 walk" if found.steps == 1 else f"{found.steps} walks"
    left_over = "only rounding" if error <= ROUNDING else f"{100 * error:.3g} %"
    return (
        f"Twelve eigenvalues from {found.eigenvalues[0]:.3f} to {found.eigenvalues[-1]:.3f}, condition number "
        f"{found.eigenvalues[-1] / found.eigenvalues[0]:.3g}. After {walks} {left_over} of the error "
        f"is left; the bound allows {100 * found.bound[found.steps]:.3g} %."
    )


polynomial = Interactive(
    title="conjugate gradients choose a polynomial that is small at the eigenvalues",
    compute=compute_polynomial,
    draw=draw_polynomial,
    describe=describe_polynomial,
    controls=lambda: {
        "low": Slider("lowest cluster", 0.02, 1, 0.1),
        "middle": Slider("middle cluster", 0.02, 1, 0.5),
        "high": Slider("highest cluster", 0.02, 1, 1),
        "spread": Slider("width of the clusters", 0, 0.2, 0),
        "steps": Slider("walks", 0, MOST_STEPS, 2, 1),
    },
    columns=2,
    height=4.0,
    script="lesson_08.js",
    name="polynomial",
)


# A small policy with its batch, and the old policy detached or not

STATES = 2000


class Batch(NamedTuple):
    """A policy of 131 weights in float64, the states it visited, its policy gradient there."""

    policy: CategoricalPolicy
    states: torch.Tensor  # (STATES, 3)
    gradient: torch.Tensor  # (131,)


@functools.cache
def small_policy() -> Batch:
    """Return a network 3–8–8–3 that ends in a softmax, 2000 states, and a sampled policy gradient.

    The advantages favour action 0 where the first number of the state is large; most of them is noise.
    """
    rng = np.random.default_rng(8)
    policy = CategoricalPolicy(3, 3, (8, 8), torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        for p in policy.parameters():
            p.copy_(torch.from_numpy(rng.normal(0, 1.2 / np.sqrt(p.shape[-1]), p.shape)))
        states = torch.from_numpy(rng.normal(size=(STATES, 3)))
        cumulative = policy(states).probs.cumsum(-1)
    actions = (torch.from_numpy(rng.random((STATES, 1))) > cumulative[:, :-1]).sum(-1)
    advantages = torch.from_numpy(rng.normal(size=STATES)) + (actions == 0) * states[:, 0]
    advantages = (advantages - advantages.mean()) / advantages.std()
    return Batch(policy, states, policy_gradient(policy, states, actions, advantages))


LOG_DAMPING = np.linspace(-4, 0.5, 46)
MOST_WALKS = 10  # that are counted: of many more, rounding decides how many CG takes


@functools.cache
def _products(detached: bool) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Return F, row by row by differentiating the KL twice, ‖Fv‖ for five random v of length 1, and cosines.

    The old policy is detached, or it isn't: nothing else differs. The cosines are those of g and (F + ξI)⁻¹g.
    """
    policy, states, gradient = small_policy()
    parameters = list(policy.parameters())
    new, old = policy.outputs(states), policy.outputs(states)
    old = policy.distribution(old.detach() if detached else old)
    kl = torch.distributions.kl_divergence(old, policy.distribution(new)).mean()
    slopes = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v: torch.Tensor) -> torch.Tensor:
        return parameters_to_vector(torch.autograd.grad(slopes @ v, parameters, retain_graph=True))

    directions = torch.from_numpy(np.random.default_rng(1).normal(size=(5, len(gradient))))
    directions /= directions.norm(dim=1, keepdim=True)
    lengths = np.array([product(v).norm().item() for v in directions])
    matrix = torch.stack([product(row) for row in torch.eye(len(gradient), dtype=gradient.dtype)])
    damped = [matrix + 10**x * torch.eye(len(matrix), dtype=matrix.dtype) for x in LOG_DAMPING]
    solutions = torch.linalg.solve(torch.stack(damped), gradient)
    return matrix, lengths, torch.cosine_similarity(solutions, gradient, dim=1).numpy()


class Detached(NamedTuple):
    """Products with F, and the direction found with them, when the old policy is detached or not."""

    detached: bool
    damping: float
    products: np.ndarray  # ‖Fv‖ for five directions
    walks: int  # of CG, until its residual is rounding; MOST_WALKS for more
    length: float  # of the direction found, over that of g
    cosine: float  # of the direction found and g
    curve: np.ndarray  # of the solution and g, along LOG_DAMPING


def compute_detached(detached: bool, log_damping: float) -> Detached:
    """Return products by differentiating twice, and what CG finds with them at a damping of 10 ** log_damping."""
    gradient, damping = small_policy().gradient, 10**log_damping
    matrix, lengths, curve = _products(bool(detached))
    found = conjugate_gradient(lambda v: matrix @ v + damping * v, gradient, max_iterations=2000)
    cosine = torch.cosine_similarity(found.x, gradient, dim=0).item()
    length = (found.x.norm() / gradient.norm()).item()
    return Detached(bool(detached), damping, lengths, min(found.iterations, MOST_WALKS), length, cosine, curve)


def spectra() -> dict[str, dict[str, list[float]]]:
    """Return what the browser needs of both policies: the products, F's eigenvalues, g's share in each, squared."""
    gradient = small_policy().gradient.numpy()
    found = {}
    for name, detached in (("detached", True), ("undetached", False)):
        matrix, lengths, _ = _products(detached)
        values, vectors = np.linalg.eigh(matrix.numpy())
        eigenvalues, which = np.unique(values, return_inverse=True)
        shares = np.bincount(which, (vectors.T @ gradient) ** 2) / (gradient @ gradient)
        found[name] = {"products": lengths.tolist(), "eigenvalues": eigenvalues.tolist(), "shares": shares.tolist()}
    return found


def draw_detached(axes, found: Detached) -> None:
    """Draw five products as bars, and the direction's cosine with the plain gradient against the damping."""
    left, right = axes
    colour = (style.OLD if found.detached else style.NEW)["color"]
    left.bar(range(1, 6), found.products, 0.6, color=colour)
    if not found.products.any():
        left.text(3, 0.012, "exactly 0, every one", color=colour, ha="center", va="bottom")
    left.set(
        xlim=(0.4, 5.6),
        ylim=(0, 0.22),
        yticks=(0, 0.1, 0.2),
        xlabel="random direction v, of length 1",
        title="‖Fv‖ by autograd",
    )
    left.grid(False, axis="x")
    right.plot(LOG_DAMPING, found.curve, color=colour)
    right.plot(np.log10(found.damping), found.cosine, "o", color=colour, markersize=11)
    right.text(-3.9, 1.1, "1: the plain gradient", color=style.MUTED, va="center")
    right.axhline(1, color=style.MUTED, linewidth=1, linestyle=":")
    right.set(xlim=(-4.1, 0.6), ylim=(0, 1.2), xlabel="damping ξ", title="cosine of the direction found with g")
    plots.powers_of_ten(right.xaxis, range(-4, 1))


def describe_detached(found: Detached) -> str:
    """Say the numbers of the picture."""
    if found.detached:
        return (
            f"Old policy detached: the five products have lengths from {found.products.min():.3f} to "
            f"{found.products.max():.3f}. At damping {found.damping:.2g} the direction found has cosine "
            f"{found.cosine:.2f} with the plain gradient."
        )
    products = "every product is 0" if not found.products.any() else f"products up to {found.products.max():.2g}"
    walks = "one walk" if found.walks == 1 else f"{found.walks} walks"
    return (
        f"Old policy not detached: {products}. At damping {found.damping:.2g} conjugate gradients stop after {walks}; "
        f"the direction found is {found.length:.4g} times as long as the plain gradient, cosine {found.cosine:.2f}."
    )


detach = Interactive(
    title="the old policy detached or not: products with F, and the direction found with them",
    compute=compute_detached,
    draw=draw_detached,
    describe=describe_detached,
    controls=lambda: {
        "detached": Switch("old policy detached"),
        "log_damping": Slider("log₁₀ of the damping", -4, 0.5, -2, 0.1),
    },
    columns=2,
    height=3.8,
    script="lesson_08.js",
    name="detach",
    data=spectra,
)
