"""The plain policy gradient: one step of fixed size along it, and nothing that limits how far it goes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.policies import Policy
from trpobook.algorithms.policy_update import PolicyUpdate, guarded, policy_gradient, take_step


@guarded
def reinforce_update(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    step_size: float,
    entropy_bonus: float = 0.0,
    averaging: Averaging = ALONE,
) -> PolicyUpdate:
    """Move `policy` in place by θ ← θ + α·g, g = mean[A ∇log π(a|s)], and return a record of the step.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,); the step is proportional to their scale.
        step_size: α > 0.
        entropy_bonus: c; c·mean entropy is added to what is raised.
        averaging: over the processes of the run, each of which gives its part of the batch.
    Raises: FloatingPointError when the batch holds a NaN or an infinity. A step to one is not made: `guarded`.
    Lesson 02; Williams 1992.
    """
    options: Any = {"entropy_bonus": entropy_bonus, "averaging": averaging}
    g = policy_gradient(policy, states, actions, advantages, **options)
    return take_step(policy, states, actions, advantages, g, step_size * g, **options)
