"""What a run is made with: one class of settings for each algorithm, and the few values that a task changes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, fields
from typing import Any, ClassVar

from trpobook.agents.environments import MUJOCO_TASKS
from trpobook.agents.games import ATARI_TASKS
from trpobook.runs.values import checked, setting


@dataclass(frozen=True)
class Settings:
    """What every algorithm is asked. The classes below add what their algorithm reads, and nothing else.

    `decides` names the settings that are the algorithm's own affair, whatever TASKS says of a task.
    Raises: ValueError for a value of the wrong kind or outside its limits, naming the setting.
    """

    decides: ClassVar[tuple[str, ...]] = ()

    num_envs: int = setting(32, "copies of the task stepped together", at_least=1, at_most=4096)
    batch_size: int = setting(2048, "rows sampled per update, num_envs × steps of each", at_least=1, at_most=2**24)
    hidden: tuple[int, ...] = setting((64, 64), "widths of the networks' hidden layers", at_least=1, at_most=8192)
    log_std: float = setting(-0.5, "initial log σ of a Gaussian policy; actions span −1 to 1", at_least=-20, at_most=5)
    normalise_observations: bool = setting(True, "shift and scale observations by their running moments")
    checkpoint_steps: int = setting(100_000, "steps between checkpoints; the copies are made anew at each", at_least=1)

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, checked(each, getattr(self, each.name)))
        if self.batch_size % self.num_envs:
            raise ValueError(f"batch_size {self.batch_size} must be a multiple of num_envs {self.num_envs}")


@dataclass(frozen=True)
class GradientSettings(Settings):
    """What the algorithms with a value function share."""

    gamma: float = setting(0.99, "γ, discount", at_least=0, at_most=1)
    lam: float = setting(0.95, "λ of GAE", at_least=0, at_most=1)
    entropy_bonus: float = setting(0.0, "c of the bonus c·entropy in the objective; 0 is none", at_least=0)
    normalise_returns: bool = setting(True, "divide rewards by the spread of the discounted returns")
    value_learning_rate: float = setting(1e-3, "of the value function's Adam", above=0)
    value_epochs: int = setting(10, "passes of its fit over a batch", at_least=1)
    value_minibatch: int = setting(256, "rows of one of its gradients", at_least=1)
    value_gradient_norm: float = setting(0.0, "longer gradients of its fit are shortened to it; 0: none is", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 2 * self.num_envs:  # of two rows of a copy one at most is a reset, and no transition
            raise ValueError(f"batch_size {self.batch_size} must be at least twice num_envs, {2 * self.num_envs}")


@dataclass(frozen=True)
class FisherSettings(GradientSettings):
    """What the algorithms share that solve for the natural gradient."""

    damping: float = setting(0.1, "ξ, added to the Fisher matrix", at_least=0)
    cg_iterations: int = setting(10, "products with the Fisher matrix in conjugate gradients, at most", at_least=1)
    # Schulman et al. 2015 take every tenth state
    fisher_stride: int = setting(5, "every how many-th state enters the Fisher matrix", at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (shared := math.gcd(self.fisher_stride, self.num_envs)) > 1:
            raise ValueError(
                f"fisher_stride is {self.fisher_stride} and num_envs {self.num_envs}: with a common factor, {shared}, "
                "some copies' states would never enter the Fisher matrix; choose a stride without one"
            )


@dataclass(frozen=True)
class TRPOSettings(FisherSettings):
    delta: float = setting(0.01, "δ, radius of the trust region, nats", above=0)


@dataclass(frozen=True)
class NaturalGradientSettings(FisherSettings):
    step_size: float = setting(0.3, "α, length of the step along the natural gradient", above=0)


@dataclass(frozen=True)
class ReinforceSettings(GradientSettings):
    step_size: float = setting(0.1, "α, length of the step along the gradient", above=0)


@dataclass(frozen=True)
class ProximalSettings(GradientSettings):
    """What both kinds of PPO share."""

    decides = ("num_envs", "batch_size", "value_minibatch")

    num_envs: int = setting(16, "copies of the task stepped together", at_least=1, at_most=4096)
    learning_rate: float = setting(3e-4, "of the policy's Adam", above=0)
    anneal_steps: int = setting(0, "steps in which learning_rate falls to 0; 0: it stays", at_least=0)
    epochs: int = setting(10, "passes over one batch", at_least=1)
    minibatch: int = setting(64, "rows of one gradient", at_least=1)
    max_gradient_norm: float = setting(0.5, "longer gradients are shortened to it; 0: none is", at_least=0)


@dataclass(frozen=True)
class PPOSettings(ProximalSettings):
    clip: float = setting(0.2, "ε, where the push on a ratio stops", above=0)


@dataclass(frozen=True)
class PPOPenaltySettings(ProximalSettings):
    kl_target: float = setting(0.01, "d_targ, the KL that the penalty's weight is adapted to, nats", above=0)


@dataclass(frozen=True)
class VineSettings(Settings):
    decides = ("num_envs", "batch_size")

    num_envs: int = setting(4, "simulators that follow the policy", at_least=1, at_most=4096)
    batch_size: int = setting(512, "steps of all of them before the vine branches", at_least=1)
    gamma: float = setting(0.99, "γ, discount", at_least=0, at_most=1)
    delta: float = setting(0.01, "δ, radius of the trust region, nats", above=0)
    damping: float = setting(0.1, "ξ, added to the Fisher matrix", at_least=0)
    cg_iterations: int = setting(10, "products with the Fisher matrix in conjugate gradients, at most", at_least=1)
    branch_states: int = setting(32, "states from which the vine branches at each update", at_least=1, at_most=4096)
    branches: int = setting(4, "branches from each of them", at_least=2, at_most=256)
    horizon: int = setting(100, "steps of a branch at most", at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.branch_states > self.batch_size:
            raise ValueError(f"branch_states is {self.branch_states}; it must be at most batch_size, {self.batch_size}")


@dataclass(frozen=True)
class SearchSettings(Settings):
    """A search draws one linear policy for each copy: its covariance grows with the square of the weights."""

    decides = ("num_envs", "batch_size", "hidden")

    num_envs: int = setting(40, "members of the population, one copy of the task each", at_least=2, at_most=4096)
    batch_size: int = setting(40, "the same number: each plays one episode", at_least=2)
    hidden: tuple[int, ...] = setting((), "widths of the policy's hidden layers", at_least=1, at_most=8192)
    spread: float = setting(0.5, "initial standard deviation of each weight", above=0)


# The step sizes are the best of figures/sweeps/settings.csv, on Hopper.
ALGORITHMS: dict[str, type[Settings]] = {
    "trpo": TRPOSettings,
    "npg": NaturalGradientSettings,
    "ppo": PPOSettings,
    "ppo-kl": PPOPenaltySettings,
    "reinforce": ReinforceSettings,
    "vine": VineSettings,
    "cem": SearchSettings,
    "cma-es": SearchSettings,
}

# The trust region is the same for all. A task that is learned early wants large batches: little gradient is left, most
# of it is noise, and each update still moves the policy by δ. Swimming pays late, hence γ and λ near 1: with λ = 0.95
# four runs of seven ended at a third of the return.
TASKS: dict[str, dict[str, Any]] = {
    "Hopper-v5": {"num_envs": 64, "batch_size": 4096, "value_minibatch": 512},
    "InvertedDoublePendulum-v5": {"num_envs": 64, "batch_size": 16384},
    "Swimmer-v5": {"gamma": 0.9999, "lam": 0.99, "log_std": 0.0, "num_envs": 16},
    "Walker2d-v5": {"num_envs": 64, "batch_size": 4096, "value_minibatch": 512},
}
# A game pays seldom: a thousand steps hold ten points, and their gradient is mostly noise. A step of the game costs ten
# of MuJoCo, and a frame a convolution: few epochs.
ATARI: dict[str, Any] = {
    "num_envs": 32,
    "batch_size": 4096,
    "hidden": (64,),
    "value_learning_rate": 5e-4,
    "value_epochs": 4,
    "normalise_observations": False,
    "checkpoint_steps": 25_000,
}
TASKS |= dict.fromkeys(ATARI_TASKS, ATARI)
# Any other task may reward nothing for a long while. Few copies make each try longer before the policy is updated, and
# a wide Gaussian strays further: with 8 copies one seed of two never found MountainCarContinuous's flag, with 4 none of
# three missed it.
OTHERS: dict[str, Any] = {"num_envs": 4, "log_std": 0.0}


def settings_for(task: str, algo: str = "trpo", **changes: Any) -> Settings:
    """Return the settings of `task` for `algo`, with `changes` on top; a batch follows num_envs to a multiple of it.

    Raises: ValueError for an algorithm or a name that there is not, with the nearest one, or a value out of place.
    """
    for name in changes:
        field_of(algo, name)
    kind = kind_of(algo)
    open_to_tasks = {each.name for each in fields(kind)} - set(kind.decides)
    usual = TASKS.get(task, {} if task in MUJOCO_TASKS else OTHERS)
    values = {name: value for name, value in usual.items() if name in open_to_tasks} | changes
    if "num_envs" in changes and "batch_size" not in changes:
        copies = checked(field_of(algo, "num_envs"), changes["num_envs"])
        rows = copies if kind is SearchSettings else values.get("batch_size", kind.batch_size)
        values["batch_size"] = -(-rows // copies) * copies
        if issubclass(kind, FisherSettings) and "fisher_stride" not in changes:
            strides = range(kind.fisher_stride, 0, -1)
            values["fisher_stride"] = next(stride for stride in strides if math.gcd(stride, copies) == 1)
    return kind(**values)


def settings_from(algo: str, data: Mapping[str, Any]) -> Settings:
    """Return the settings that `as_data` gave. Raises: ValueError for an unknown name or a value out of place."""
    for name in data:
        field_of(algo, name)
    return kind_of(algo)(**data)


def kind_of(algo: str) -> type[Settings]:
    """Return the class of the algorithm's settings. Raises: ValueError for an unknown algorithm."""
    if algo not in ALGORITHMS:
        raise ValueError(f"unknown algorithm {algo!r}; there are {', '.join(ALGORITHMS)}")
    return ALGORITHMS[algo]


def field_of(algo: str, name: str) -> Field[Any]:
    """Return the field of a setting. Raises: ValueError for an unknown algorithm or name, with the nearest one."""
    known = {each.name: each for each in fields(kind_of(algo))}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown setting {name!r} of {algo}; {hint}There are {', '.join(sorted(known))}")
    return known[name]


def as_data(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain data that JSON gives back unchanged."""
    return {**asdict(settings), "hidden": list(settings.hidden)}
