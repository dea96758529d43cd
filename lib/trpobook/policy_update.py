"""What every update of a policy reports, and the guards that every update shares."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class PolicyUpdate:
    """What one update of a policy did. Quantiles are those of the ratio π_new(a|s)/π_old(a|s) over the batch."""

    accepted: bool  # False: no candidate passed the line search, and the old policy stands
    gain_predicted: float  # gᵀ(θ_new − θ_old), the linear model at the step taken
    gain: float  # L(θ_new) − L(θ_old) on the batch, in units of the advantage
    kl_limit: float  # δ, nats; infinite for an update without a trust region
    kl: float  # mean KL(π_old ‖ π_new) over the batch's states, nats
    cg_iterations: int
    cg_residual: float  # ‖g − (F + ξI)s‖/‖g‖
    backtracks: int
    gradient_norm: float
    step_norm: float  # ‖θ_new − θ_old‖
    ratio_min: float
    ratio_q05: float
    ratio_q95: float
    ratio_max: float
    entropy: float  # of the new policy, nats, mean over states


def ratio_quantiles(ratios: Tensor) -> dict[str, float]:
    """Return smallest, 5 %, 95 % and largest of the ratios (n,), under the names that `PolicyUpdate` has for them."""
    names = ("ratio_min", "ratio_q05", "ratio_q95", "ratio_max")
    return dict(zip(names, torch.quantile(ratios, ratios.new_tensor([0.0, 0.05, 0.95, 1.0])).tolist(), strict=True))


def require_finite(name: str, tensor: Tensor) -> None:
    """Raise FloatingPointError, saying where, when `tensor` holds a NaN or an infinity."""
    if not tensor.isfinite().all():
        raise FloatingPointError(f"{name} contains NaN or infinity; the update is not made and the old policy stands")
