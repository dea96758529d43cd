"""The updates along gradients, each with the settings that it takes as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from trpobook.algorithms.natural_gradient import natural_gradient_update
from trpobook.algorithms.policy_update import PolicyUpdate
from trpobook.algorithms.ppo import ppo_kl_update, ppo_update
from trpobook.algorithms.reinforce import reinforce_update
from trpobook.algorithms.trpo import trpo_update


class Algorithm(NamedTuple):
    """An update of the policy, and the settings that it takes as they are."""

    update: Callable[..., PolicyUpdate]
    settings: tuple[str, ...]


FISHER, PASSES = ("damping", "cg_iterations", "fisher_stride"), ("epochs", "minibatch")
UPDATES = {
    "trpo": Algorithm(trpo_update, ("delta", "entropy_bonus", *FISHER)),
    "npg": Algorithm(natural_gradient_update, ("step_size", "entropy_bonus", *FISHER)),
    "ppo": Algorithm(ppo_update, ("clip", "entropy_bonus", *PASSES)),
    "ppo-kl": Algorithm(ppo_kl_update, ("kl_target", "entropy_bonus", *PASSES)),
    "reinforce": Algorithm(reinforce_update, ("step_size", "entropy_bonus")),
}
