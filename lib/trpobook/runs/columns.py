"""The columns of a training log: one row an update."""

COLUMNS = {
    "update": "number of the update, from 1",
    "steps": "transitions sampled so far",
    "return_mean": "undiscounted true return, mean over the last 20 episodes to end; empty before the first",
    "episode_length": "mean length of the same episodes",
    "episodes": "episodes that ended in this batch",
    "accepted": "1 if a step was made, 0 if none passed the line search, or it was undone",
    "gain_predicted": "gain of the linear model at the step taken, in standard deviations of the advantage",
    "gain": "gain of the surrogate L on the batch, same unit",
    "kl_limit": "δ, nats; inf for an algorithm without one",
    "kl": "mean KL(old‖new) over the batch, nats",
    "cg_iterations": "products with the Fisher matrix that CG made",
    "cg_residual": "CG's last residual over its first",
    "backtracks": "how often the line search shrank the step",
    "gradient_norm": "norm of the policy gradient",
    "step_norm": "norm of the step in parameters",
    "ratio_min": "smallest ratio new/old over the batch",
    "ratio_q05": "its 5 % quantile",
    "ratio_q95": "its 95 % quantile",
    "ratio_max": "largest ratio",
    "entropy": "entropy of the new policy, nats, mean over states",
    "explained_variance": "1 − Var(G − V)/Var(G) of the value function before its fit, G its λ-return",
    "value_loss": "mean squared error of the value function before its fit, in squared normalised returns",
    "evaluation_mean": "with --evaluate-every: mean return of 20 deterministic episodes; empty in other rows",
    "evaluation_std": "their standard deviation",
    "sample_seconds": "wall time spent acting in the environments",
    "value_seconds": "wall time spent waiting for the fit of the value function to the batch before",
    "advantage_seconds": "wall time of values, advantages and the scale of returns",
    "policy_seconds": "wall time of the policy's update",
}
TIMINGS = tuple(name for name in COLUMNS if name.endswith("_seconds"))
EVALUATION = tuple(name for name in COLUMNS if name.startswith("evaluation_"))
