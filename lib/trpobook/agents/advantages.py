"""Advantage estimation over tensors whose first axis is time."""

from __future__ import annotations

import torch
from torch import Tensor

from trpobook.agents.averaging import ALONE, Averaging


def gae(
    rewards: Tensor,
    values: Tensor,
    next_values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    gamma: float,
    lam: float,
) -> Tensor:
    r"""Return generalised advantage estimates, A_t = Σ_l (γλ)^l δ_{t+l} within the episode, (T, …) as the inputs.

    δ_t = r_t + γ·V(s_{t+1})·[not terminated] − V(s_t), computed backwards by a_t = δ_t + γλ·[not ended]·a_{t+1}.
    A terminated episode has no future, so its last δ has no V(s_{t+1}); a truncated one was only cut short, so it
    keeps it. Neither lets an advantage cross into the next episode. The last row bootstraps from next_values.

    Args:
        rewards, values: r_t and V(s_t), (T, …).
        next_values: V of the observation that followed, the old episode's own last one at an end, (T, …).
        terminated, truncated: booleans, or 0 and 1, (T, …).
        gamma, lam: in [0, 1].
    Raises: ValueError when gamma or lam is outside [0, 1], the shapes differ, or there is no step.
    Lesson 03; Schulman et al. 2016, equation 16.
    """
    for name, factor in (("gamma", gamma), ("lam", lam)):
        if not 0 <= factor <= 1:
            raise ValueError(f"{name} is {factor}; it must lie in [0, 1]")
    for name, tensor in (
        ("values", values),
        ("next_values", next_values),
        ("terminated", terminated),
        ("truncated", truncated),
    ):
        if tensor.shape != rewards.shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}, rewards {tuple(rewards.shape)}; they must agree")
    if not rewards.shape or not len(rewards):
        raise ValueError(f"rewards has shape {tuple(rewards.shape)}; give at least one step along its first axis")
    terminated, truncated = terminated.bool(), truncated.bool()
    deltas = rewards + gamma * next_values * ~terminated - values
    carry = gamma * lam * (~(terminated | truncated)).to(deltas.dtype)
    advantages = torch.empty_like(deltas)
    ahead = torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        ahead = torch.addcmul(deltas[t], carry[t], ahead)
        advantages[t] = ahead
    return advantages


def standardised(advantages: Tensor, averaging: Averaging = ALONE) -> Tensor:
    """Return the advantages (n,) with mean 0 and standard deviation 1 over all processes; of one row alone, 0."""
    centred = advantages - averaging.mean(advantages.mean(), len(advantages))
    return centred / (averaging.std(advantages) + 1e-8)


def explained_variance(predictions: Tensor, targets: Tensor) -> float:
    """Return 1 − Var(targets − predictions)/Var(targets): 1 is perfect, 0 no better than the mean.

    NaN where the targets don't vary, or there are fewer than two.

    Raises: ValueError when the shapes differ.
    Lesson 03.
    """
    if predictions.shape != targets.shape:
        raise ValueError(
            f"predictions has shape {tuple(predictions.shape)}, targets {tuple(targets.shape)}; they must agree"
        )
    if targets.numel() < 2 or (variance := targets.var()) == 0:
        return float("nan")
    return (1 - (targets - predictions).var() / variance).item()
