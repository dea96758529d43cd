"""The plain policy gradient: one step of fixed size along it, and nothing that limits how far it goes."""

from __future__ import annotations

from torch import Tensor

from trpobook.algorithms.policy_update import PolicyUpdate, policy_gradient, take_step


def reinforce_update(policy, states: Tensor, actions: Tensor, advantages: Tensor, *, step_size: float) -> PolicyUpdate:
    """Move `policy` in place by θ ← θ + α·g, g = mean[A ∇log π(a|s)], and return a record of the step.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,); the step is proportional to their scale.
        step_size: α > 0.
    Raises: FloatingPointError when a NaN or an infinity turns up, saying where; the policy is then as it was.
    Lesson 02; Williams 1992.
    """
    g = policy_gradient(policy, states, actions, advantages)
    return take_step(policy, states, actions, advantages, g, step_size * g)
