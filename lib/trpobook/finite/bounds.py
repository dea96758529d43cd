"""What the old policy's data promises about a new policy, and by how much the promise can fail.

Policies are arrays (S, A), the old one first. ρ is the discounted visitation of the old policy, d = (1−γ)ρ, A its
advantage, Ā(s) = Σ_a π_new(a|s) A(s, a), ε_A = max |A|, TV(s) and KL(s) the distances between the policies' rows at s,
old first. Means over d give the absorbing states the rest of the mass: both policies agree there. Bounds need γ < 1.

All functions raise ValueError when a policy is none for this MDP, and those whose formula has 1 − γ when γ is 1. Bounds
by a KL are infinite where the new policy never takes an action that the old one does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trpobook.finite.checks import (
    require_number,
    require_numbers,
    require_unit_interval,
    require_whole,
)
from trpobook.finite.divergences import kl_categorical, total_variation
from trpobook.finite.mdp import TabularMDP


def expected_advantage(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return Ā(s) = Σ_a π_new(a|s) A_old(s, a), (S,): the gain of one action by the new policy. Lesson 04."""
    old, new = mdp.policy("old", old), mdp.policy("new", new)
    return np.sum(new * mdp.advantage(old), axis=1)


def surrogate(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> float:
    """Return L = Σ_s ρ_old(s) Ā(s), the gain in J that the old policy's states promise; L(old) = 0. Lesson 04."""
    old, new = mdp.policy("old", old), mdp.policy("new", new)
    return mdp.visitation(old) @ expected_advantage(mdp, old, new)


def performance_difference(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> float:
    """Return Σ_s ρ_new(s) Ā(s), which is J(new) − J(old) exactly, for any two policies.

    The surrogate with the new policy's states in place of the old one's.
    Lesson 05; Kakade & Langford 2002, lemma 6.1.
    """
    old, new = mdp.policy("old", old), mdp.policy("new", new)
    return mdp.visitation(new) @ expected_advantage(mdp, old, new)


def guess_error(mdp: TabularMDP, pi: np.ndarray, guess: np.ndarray) -> float:
    """Return Σ_s ρ(s) (r_π + γP_π f − f)(s), which is J(π) − μᵀf exactly, for any guess f of the value, (S,).

    With f = V_old and π the new policy it is the performance difference. On absorbing states f counts as 0.
    Raises: ValueError when guess isn't finite or of another shape.
    Lesson 05.
    """
    f = require_numbers("guess", guess, mdp.start.shape) * mdp.live
    return mdp.visitation(pi) @ (np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1) - f)


def mean_over_visits(mdp: TabularMDP, old: np.ndarray, per_state: np.ndarray) -> float:
    """Return E_{s~d} of a quantity (S,) that is 0 on absorbing states, d = (1−γ)ρ_old.

    Where the old policy never comes, the quantity may be infinite.
    Raises: ValueError when per_state is NaN somewhere or of another shape.
    Lesson 06.
    """
    (old,) = mdp.policies(old=old)
    per_state = require_numbers("per_state", per_state, mdp.start.shape, least=-1e300, most=np.inf)
    gamma, rho = _gamma_below_one(mdp), mdp.visitation(old)
    visited = rho > 0  # elsewhere the quantity may be infinite, at no cost
    with np.errstate(over="ignore"):
        return (1 - gamma) * (rho[visited] @ per_state[visited])


def span_bound(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return TV(s)·(max_a A − min_a A) ≥ |Ā(s)|, (S,). Lesson 06."""
    old, new = mdp.policies(old=old, new=new)
    return _tv(mdp, old, new) * np.ptp(mdp.advantage(old), axis=1)


def visitation_shift(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> float:
    """Return ‖d_new − d_old‖₁ over the states that do not absorb. Lesson 06."""
    old, new = mdp.policies(old=old, new=new)
    return (1 - _gamma_below_one(mdp)) * np.sum(np.abs(mdp.visitation(new) - mdp.visitation(old)))


def visitation_bound(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> float:
    """Return 2γ/(1−γ)·E_{s~d} TV(s), at least the visitation shift. Lesson 06; Achiam et al. 2017, lemma 3."""
    old, new = mdp.policies(old=old, new=new)
    return 2 * mdp.gamma / (1 - _gamma_below_one(mdp)) * mean_over_visits(mdp, old, _tv(mdp, old, new))


def trpo_constant(mdp: TabularMDP, old: np.ndarray, form: str) -> float:
    """Return the C of TRPO's theorem 1, return units per unit of squared TV or per nat.

    4ε_Aγ/(1−γ)² for "tv" (times max TV²) and "kl_paper" (times max KL, by the paper's TV² ≤ KL); half of it for
    "kl_sharp" (times max KL, by Pinsker's TV² ≤ KL/2).

    Raises: ValueError when form is none of the three, or γ is 1.
    Lesson 06; Schulman et al. 2015, theorem 1.
    """
    factors = {"tv": 4, "kl_paper": 4, "kl_sharp": 2}
    if form not in factors:
        raise ValueError(f"form is {form!r}; choose one of {', '.join(factors)}")
    (old,) = mdp.policies(old=old)
    return factors[form] * np.max(np.abs(mdp.advantage(old))) * mdp.gamma / (1 - _gamma_below_one(mdp)) ** 2


def trpo_penalty(mdp: TabularMDP, old: np.ndarray, new: np.ndarray, form: str = "kl_sharp") -> float:
    """Return C·max_s TV(s)² or C·max_s KL(s), so that |J(new) − J(old) − L| is at most it.

    form: "tv", "kl_sharp" or "kl_paper", see `trpo_constant`.
    Lesson 06; Schulman et al. 2015, theorem 1 and equation 9.
    """
    old, new = mdp.policies(old=old, new=new)
    distance = _tv(mdp, old, new) ** 2 if form == "tv" else _kl(mdp, old, new)
    return _scaled(trpo_constant(mdp, old, form), np.max(distance))


def cpo_penalty(mdp: TabularMDP, old: np.ndarray, new: np.ndarray, form: str = "tv") -> float:
    """Return the penalty that holds with the mean distance, so that |J(new) − J(old) − L| is at most it.

    2γε'/(1−γ)²·E_d TV for form "tv", γε'/(1−γ)²·√(2 E_d KL) for "kl", with ε' = max_s |Ā(s)|: of first order in the
    distance where ε' is, so of second order in all.

    Raises: ValueError when form is neither, or γ is 1.
    Lesson 06; Achiam et al. 2017, theorem 1 and corollary 3.
    """
    old, new = mdp.policies(old=old, new=new)
    factor = mdp.gamma * np.max(np.abs(expected_advantage(mdp, old, new))) / (1 - _gamma_below_one(mdp)) ** 2
    if form == "tv":
        return 2 * factor * mean_over_visits(mdp, old, _tv(mdp, old, new))
    if form == "kl":
        return _scaled(factor, np.sqrt(2 * mean_over_visits(mdp, old, _kl(mdp, old, new))))
    raise ValueError(f"form is {form!r}; choose tv or kl")


def mean_kl_constant(mdp: TabularMDP, old: np.ndarray) -> float:
    """Return C̄ = 2ε_A/(1−γ)·[γ/(1−γ) + √(2γ/(1−γ))], return units per nat of mean KL.

    Raises: ValueError when γ is 1.
    Lesson 06.
    """
    (old,) = mdp.policies(old=old)
    odds = mdp.gamma / (1 - _gamma_below_one(mdp))
    return 2 * np.max(np.abs(mdp.advantage(old))) / (1 - mdp.gamma) * (odds + np.sqrt(2 * odds))


def mean_kl_penalty(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> float:
    """Return C̄·E_{s~d} KL(s), so that |J(new) − J(old) − L| is at most it: a bound linear in the mean KL alone.

    d is the law of the state at a geometric stopping time, so by the chain rule KL(d_old‖d_new) ≤ γ/(1−γ)·E_d KL;
    Hellinger's distance and Pinsker's inequality do the rest.
    Lesson 06.
    """
    old, new = mdp.policies(old=old, new=new)
    return _scaled(mean_kl_constant(mdp, old), mean_over_visits(mdp, old, _kl(mdp, old, new)))


def agreeing_visitation(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the discounted visits of two coupled walkers as long as they have never chosen differently, (S,).

    Both draw the same action with probability min(π_old, π_new), which adds up to 1 − TV(s): no coupling keeps them
    together longer. So these visits are common to both policies: at most ρ_old, and at most ρ_new, in every state.
    Lesson 06; Schulman et al. 2015, appendix A.
    """
    old, new = mdp.policies(old=old, new=new)
    return np.linalg.solve(mdp.future(np.minimum(old, new)).T, mdp.start * mdp.live)


def cpi_bound(mdp: TabularMDP, old: np.ndarray, target: np.ndarray, alpha: float) -> float:
    """Return a lower bound on J((1−α)·old + α·target) − J(old), conservative policy iteration's.

    α𝔸/(1−γ) − 2ε'γα²/((1−γ)(1−γ(1−α))), with 𝔸 = E_{s~d} Ā(s) and ε' = max_s |Ā(s)|, Ā that of the target.

    Raises: ValueError when alpha is outside [0, 1], or γ is 1.
    Lesson 06; Kakade & Langford 2002, theorem 4.1.
    """
    alpha = require_unit_interval("alpha", alpha)
    old, target = mdp.policies(old=old, target=target)
    gamma, gain, worst = _gamma_below_one(mdp), *_cpi_terms(mdp, old, target)
    return alpha * gain / (1 - gamma) - 2 * worst * gamma * alpha**2 / ((1 - gamma) * (1 - gamma * (1 - alpha)))


def cpi_step(mdp: TabularMDP, old: np.ndarray, target: np.ndarray) -> float:
    """Return α* = (1−γ)𝔸/(4ε'γ), kept in [0, 1]: the mixture with the best bound α𝔸/(1−γ) − 2ε'γα²/(1−γ)².

    Where it is below 1 that bound is 𝔸²/(8ε'γ), and `cpi_bound` at least as good.
    Lesson 06; Kakade & Langford 2002, corollary 4.2.
    """
    old, target = mdp.policies(old=old, target=target)
    gain, worst = _cpi_terms(mdp, old, target)
    numerator, denominator = (1 - _gamma_below_one(mdp)) * gain, 4 * worst * mdp.gamma
    if numerator <= 0:
        return 0.0
    return numerator / denominator if numerator < denominator else 1.0


def mm_step(mdp: TabularMDP, old: np.ndarray, form: str = "kl_sharp") -> np.ndarray:
    """Return a policy with at least the old one's return: one round of minorise and maximise, (S, A).

    M(π) = J(old) + L(π) − C·max KL lies below J and touches it at the old policy, so whatever raises M raises J; so
    does J(old) + L(π) − C̄·E_d KL. M is maximised along π ∝ old·e^{αA}, the natural gradient's curve, up to four times
    the α where the peak lies to leading order. Unlike Schulman et al. 2015, algorithm 1, which maximises over all
    policies, we search this piece of a curve: the guarantee is the same. Where C is 0, because γ or the advantage is,
    the old policy is returned.

    form: "kl_sharp" or "kl_paper" for the largest KL, see `trpo_constant`; "mean_kl" for the mean.
    Lesson 06.
    """
    (old,) = mdp.policies(old=old)
    advantage, rho, mean = mdp.advantage(old), mdp.visitation(old), form == "mean_kl"
    constant = mean_kl_constant(mdp, old) if mean else trpo_constant(mdp, old, form)

    def candidate(alpha: float) -> np.ndarray:
        weights = old * np.exp(alpha * advantage)
        return weights / weights.sum(axis=1, keepdims=True)

    def minorant(alpha: float) -> float:
        new = candidate(alpha)
        kl = _kl(mdp, old, new)
        return rho @ np.sum(new * advantage, axis=1) - constant * ((1 - mdp.gamma) * rho @ kl if mean else np.max(kl))

    if constant == 0:
        return old
    # e^{αA} overflows beyond α = 700/max |A|, which is the shorter one only where γ is near 0
    longest = min(4 / ((1 - mdp.gamma) * max(constant, 1e-280)), 700 / max(np.max(np.abs(advantage)), 1e-280))
    alpha = golden_section(minorant, 0, longest)
    return candidate(alpha) if minorant(alpha) > 0 else old


def golden_section(function: Callable[[float], float], low: float, high: float, rounds: int = 40) -> float:
    """Return where a function of one variable with a single peak in [low, high] is highest.

    Each round keeps (√5 − 1)/2 of the interval; 40 rounds leave 4·10⁻⁹ of it. Near the peak the function is flat, so
    the result is good to about the square root of the rounding error.
    Raises: ValueError when low is above high, or either isn't finite.
    """
    high = require_number("high", high, -1e300, 1e300)
    low = require_number("low", low, -1e300, high)

    golden = (np.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(require_whole("rounds", rounds)):
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = function(right)
    return (low + high) / 2


def _cpi_terms(mdp: TabularMDP, old: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Return 𝔸 = E_{s~d} Ā(s) and ε' = max_s |Ā(s)| of the target policy."""
    gain = expected_advantage(mdp, old, target)
    return mean_over_visits(mdp, old, gain), np.max(np.abs(gain))


def _scaled(constant: float, distance: float) -> float:
    """Return constant · distance, 0 where the constant is 0 and the distance infinite."""
    return 0.0 if constant == 0 else constant * distance


def _tv(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return mdp.live * total_variation(old, new)


def _kl(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.where(mdp.absorbing, 0, np.maximum(kl_categorical(old, new), 0))


def _gamma_below_one(mdp: TabularMDP) -> float:
    if not mdp.gamma < 1:
        raise ValueError(f"gamma is {mdp.gamma}; the bounds need a discount below 1")
    return mdp.gamma
