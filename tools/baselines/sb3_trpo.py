"""Train by sb3-contrib's TRPO with rl-zoo3's settings: ``python sb3_trpo.py TASK STEPS [--target R] [--seed N]``.

Prints steps/s; with a target, the seconds of training until ten deterministic episodes first return so much, or inf.
It needs an environment of its own, with sb3-contrib and Gymnasium's MuJoCo tasks.
"""

import argparse
import math
import time

from sb3_contrib import TRPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecNormalize

EVERY = 26_624  # steps between evaluations: 13 updates

parser = argparse.ArgumentParser()
parser.add_argument("task")
parser.add_argument("steps", type=int)
parser.add_argument("--target", type=float, default=math.inf)
parser.add_argument("--seed", type=int, default=0)
asked = parser.parse_args()

environments = VecNormalize(make_vec_env(asked.task, n_envs=2, seed=asked.seed), gamma=0.99)
model = TRPO(
    "MlpPolicy",
    environments,
    n_steps=1024,
    batch_size=128,
    gamma=0.99,
    gae_lambda=0.95,
    learning_rate=1e-3,
    cg_max_steps=25,
    cg_damping=0.1,
    n_critic_updates=20,
    target_kl=0.01,
    sub_sampling_factor=1,
    seed=asked.seed,
    device="cpu",
)


def seconds(steps: int) -> float:
    """Train on and return how long it took."""
    start = time.perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    return time.perf_counter() - start


def deterministic_return() -> float:
    """Return the mean of ten episodes, the normaliser frozen."""
    played = VecNormalize(make_vec_env(asked.task, seed=asked.seed + 1000), training=False, norm_reward=False)
    played.obs_rms = environments.obs_rms
    return evaluate_policy(model, played, n_eval_episodes=10)[0]


if math.isinf(asked.target):
    seconds(2048)
    print(asked.steps / seconds(asked.steps))
else:
    spent, done = 0.0, 0
    while done < asked.steps:
        spent, done = spent + seconds(EVERY), done + EVERY
        if deterministic_return() >= asked.target:
            break
    else:
        spent = math.inf
    print(spent)
