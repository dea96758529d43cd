"""The speeds that the book quotes, measured here: each a ratio of two things timed in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from trpobook.agents.environments import Environments, cpu_count
from trpobook.agents.policies import GaussianPolicy
from trpobook.algorithms.fisher import fisher_vector_product
from trpobook.algorithms.trpo import trpo_update
from trpobook.runs.settings import as_data, settings_for
from trpobook.runs.trainer import Trainer

TASK = "Hopper-v5"
STEPS = 200_000

# sb3-contrib's TRPO with rl-zoo3's settings for this task, timed from its first sample to its last update.
BASELINE = """
import sys, time
from sb3_contrib import TRPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

environments = VecNormalize(make_vec_env("{task}", n_envs=2, seed=0), gamma=0.99)
model = TRPO("MlpPolicy", environments, n_steps=1024, batch_size=128, gamma=0.99, gae_lambda=0.95, learning_rate=1e-3,
             cg_max_steps=25, cg_damping=0.1, n_critic_updates=20, target_kl=0.01, sub_sampling_factor=1, seed=0,
             device="cpu")
model.learn(2048)
start = time.perf_counter()
model.learn({steps}, reset_num_timesteps=False)
print({steps} / (time.perf_counter() - start))
"""

MEMORY = """
import resource, sys
from trpobook.runs.trainer import Trainer

for _ in Trainer("{task}").updates({steps}):
    pass
scale = 1 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9)
"""


def median_seconds(call: Callable[[], object], repeats: int = 50) -> float:
    """Return the median wall time of `call`, after a tenth as many calls to warm up."""
    seconds = []
    for k in range(-(repeats // 10), repeats):
        start = time.perf_counter()
        call()
        if k >= 0:
            seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def training_speed() -> tuple[float, float]:
    """Return steps/s of training TASK end to end, and of its environments alone, same number and same threads.

    The environments alone are driven by actions that the trained policy drew, so that episodes last as long.
    """
    trainer = Trainer(TASK)
    for _ in trainer.updates(4 * trainer.settings.batch_size):
        pass
    start, before = time.perf_counter(), trainer.steps
    for _ in trainer.updates(before + STEPS):
        pass
    trained = (trainer.steps - before) / (time.perf_counter() - start)

    environments = Environments(TASK, trainer.settings.num_envs, 0)
    environments.reset()
    sampled = trainer.sampler.collect(trainer.policy, trainer.observation_moments, 200, trainer.generator)
    actions = sampled.actions.cpu().numpy()
    start = time.perf_counter()
    rounds = STEPS // (2 * actions[..., 0].size) + 1
    for _ in range(rounds):
        for action in actions:
            environments.step(action)
    raw = rounds * actions[..., 0].size / (time.perf_counter() - start)
    return trained, raw


def update_cost(rows: int) -> dict[str, float]:
    """Return seconds of a policy gradient by autograd, a Fisher-vector product, and a whole update on `rows` states."""
    generator = torch.Generator().manual_seed(0)
    policy = GaussianPolicy(11, 3, (64, 64), -0.5, generator)
    states = torch.randn(rows, 11, generator=generator)
    advantages = torch.randn(rows, generator=generator)
    with torch.no_grad():
        actions = policy.sample(states, generator)
        log_prob_old = policy(states).log_prob(actions)
    parameters = list(policy.parameters())
    v = torch.randn(sum(p.numel() for p in parameters), generator=generator)
    product = fisher_vector_product(policy, states, damping=0.1)

    def gradient():
        ratio = (policy(states).log_prob(actions) - log_prob_old).exp()
        return torch.autograd.grad((ratio * advantages).mean(), parameters)

    return {
        "gradient": median_seconds(gradient),
        "product": median_seconds(lambda: product(v)),
        "update": median_seconds(lambda: trpo_update(policy, states, actions, advantages, delta=1e-6)),
    }


def in_own_process(code: str, python: str = sys.executable, **values) -> float:
    """Return the number that `code` prints last when a fresh interpreter runs it."""
    done = subprocess.run([python, "-c", code.format(task=TASK, **values)], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{python} could not run the measurement: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[-1])


def bench(baseline: str | None = None) -> dict:
    """Measure every row of the performance table, print it, and return it as data.

    Args:
        baseline: a Python interpreter that has sb3-contrib; without one the comparison with it is left out.
    """
    trained, raw = training_speed()
    rows = [("training over EnvPool alone, same environments and threads", trained / raw, "≥ 0.55")]
    if baseline:
        theirs = in_own_process(BASELINE, baseline, steps=40_960)
        rows.append(("training over sb3-contrib TRPO, rl-zoo3 settings", trained / theirs, "≥ 10"))
    for size in (2048, 8192):
        cost = update_cost(size)
        rows.append(
            (
                f"Fisher-vector product over policy gradient, N = {size}",
                cost["product"] / cost["gradient"],
                "≤ 0.7",
            )
        )
        rows.append(
            (
                f"whole policy update over policy gradient, N = {size}",
                cost["update"] / cost["gradient"],
                "≤ 10",
            )
        )
    rows.append(("peak memory of training, GB", in_own_process(MEMORY, steps=20_000), "≤ 1.5"))
    width = max(len(name) for name, *_ in rows)
    print(f"{TASK}, {cpu_count()} processors, PyTorch {torch.__version__}, {json.dumps(as_data(settings_for(TASK)))}")
    for name, value, target in rows:
        print(f"{name:{width}}  {value:6.2f}  target {target}")
    return {
        "steps_per_second": round(trained),
        **{name: round(value, 3) for name, value, _ in rows},
    }
