"""What each task is trained with: one table of defaults, and the few values that a task changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from trpobook.agents.environments import ATARI_TASKS


@dataclass(frozen=True)
class Settings:
    """All that shapes a run beside its task, algorithm, seed and number of steps."""

    num_envs: int = 32  # copies of the task stepped together
    batch_size: int = 2048  # rows sampled per update, num_envs × steps of each
    gamma: float = 0.99  # γ, discount
    lam: float = 0.95  # λ of GAE
    delta: float = 0.01  # δ, radius of the trust region, nats
    damping: float = 0.1  # ξ, added to the Fisher matrix
    cg_iterations: int = 10
    fisher_stride: int = 5  # every how many-th state enters the Fisher matrix; Schulman et al. 2015 take every tenth
    step_size: float = 1.0  # α of the plain and of the natural policy gradient
    clip: float = 0.2  # ε of PPO
    kl_target: float = 0.01  # d_targ of PPO with a KL penalty, nats
    learning_rate: float = 3e-4  # of PPO's Adam
    epochs: int = 10  # of PPO over one batch
    minibatch: int = 64  # rows of one of its gradients
    branch_states: int = 32  # from which the vine branches at each update
    branches: int = 4  # of each of them, ≥ 2
    horizon: int = 100  # steps of a branch at most
    spread: float = 0.5  # initial standard deviation of each weight in a search
    hidden: tuple[int, ...] = (64, 64)  # widths of policy and value function
    log_std: float = -0.5  # initial log σ of a Gaussian policy
    value_learning_rate: float = 1e-3
    value_epochs: int = 10
    value_minibatch: int = 256
    normalise_observations: bool = True
    normalise_returns: bool = True
    checkpoint_steps: int = 100_000  # environments are made anew at each checkpoint

    def __post_init__(self):
        if self.num_envs < 1 or self.batch_size % self.num_envs:
            raise ValueError(f"batch_size {self.batch_size} must be a multiple of num_envs {self.num_envs}")
        if self.branches < 2:
            raise ValueError(f"branches is {self.branches}; a vine needs 2 or more to compare")
        for name in (
            "batch_size",
            "delta",
            "value_learning_rate",
            "value_minibatch",
            "cg_iterations",
            "fisher_stride",
            "step_size",
            "clip",
            "kl_target",
            "learning_rate",
            "epochs",
            "minibatch",
            "branch_states",
            "horizon",
            "spread",
            "checkpoint_steps",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")


# The trust region is the same for all. A task that is learned early wants large batches: little gradient is left, most
# of it is noise, and each update still moves the policy by δ. Swimming pays late, hence γ and λ near 1: with λ = 0.95
# four runs of seven ended at a third of the return.
TASKS: dict[str, dict] = {
    "Hopper-v5": {"num_envs": 64, "batch_size": 4096, "value_minibatch": 512},
    "InvertedDoublePendulum-v5": {"num_envs": 64, "batch_size": 16384},
    "Swimmer-v5": {"gamma": 0.9999, "lam": 0.99, "log_std": 0.0, "num_envs": 16},
    "Walker2d-v5": {"num_envs": 64, "batch_size": 4096, "value_minibatch": 512},
}
# A game pays seldom: a thousand steps hold ten points, and their gradient is mostly noise. A step of the game costs ten
# of MuJoCo, and a frame a convolution: few epochs.
ATARI = {
    "num_envs": 32,
    "batch_size": 4096,
    "hidden": (64,),
    "value_learning_rate": 5e-4,
    "value_epochs": 4,
    "normalise_observations": False,
    "checkpoint_steps": 25_000,
}
TASKS |= dict.fromkeys(ATARI_TASKS, ATARI)

# A search draws one linear policy for each environment: its covariance grows with the square of the weights.
SEARCH = {"num_envs": 40, "batch_size": 40, "hidden": ()}
# What an algorithm wants beside TRPO, on every task. The step sizes are the best of figures/sweep.csv, on Hopper.
ALGORITHMS: dict[str, dict] = {
    "npg": {"step_size": 0.3},
    "reinforce": {"step_size": 0.1},
    "ppo": {"num_envs": 16, "batch_size": 2048, "value_minibatch": 256},
    "ppo-kl": {"num_envs": 16, "batch_size": 2048, "value_minibatch": 256},
    "vine": {"num_envs": 4, "batch_size": 512},
    "cem": SEARCH,
    "cma-es": SEARCH,
}


def settings_for(task: str, algo: str = "trpo", **changes) -> Settings:
    """Return the settings of `task` for `algo`, with `changes` on top.

    Raises: ValueError for a name that is no setting.
    """
    known = {field.name for field in fields(Settings)}
    if unknown := set(changes) - known:
        raise ValueError(f"unknown setting {sorted(unknown)[0]!r}; there are {', '.join(sorted(known))}")
    return replace(Settings(**TASKS.get(task, {}) | ALGORITHMS.get(algo, {})), **changes)


def as_data(settings: Settings) -> dict:
    """Return the settings as plain data that JSON gives back unchanged."""
    return {**asdict(settings), "hidden": list(settings.hidden)}
