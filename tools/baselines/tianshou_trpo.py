"""Train by tianshou's TRPO on EnvPool with its own MuJoCo settings: ``python tianshou_trpo.py TASK STEPS``.

Prints steps/s. It needs an environment of its own, with tianshou 2, EnvPool and Gymnasium's MuJoCo tasks.
"""

import sys
import time

import envpool
import gymnasium
import numpy as np
import torch
from tianshou.algorithm import TRPO
from tianshou.algorithm.modelfree.reinforce import ProbabilisticActorPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, CollectStats, VectorReplayBuffer
from tianshou.env import VectorEnvNormObs
from tianshou.trainer import OnPolicyTrainerParams
from tianshou.utils.net.common import Net
from tianshou.utils.net.continuous import ContinuousActorProbabilistic, ContinuousCritic
from torch import nn
from torch.distributions import Independent, Normal

COPIES = 16


def network() -> Net:
    return Net(state_shape=space.observation_space.shape, hidden_sizes=[64, 64], activation=nn.Tanh)


task, steps = sys.argv[1], int(sys.argv[2])
space = gymnasium.make(task)
actor = ContinuousActorProbabilistic(preprocess_net=network(), action_shape=space.action_space.shape, unbounded=True)
critic = ContinuousCritic(preprocess_net=network())
nn.init.constant_(actor.sigma_param, -0.5)
for layer in [*actor.modules(), *critic.modules()]:
    if isinstance(layer, nn.Linear):
        nn.init.orthogonal_(layer.weight, gain=np.sqrt(2))
        nn.init.zeros_(layer.bias)
with torch.no_grad():
    for layer in actor.mu.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.mul_(0.01)
policy = ProbabilisticActorPolicy(
    actor=actor,
    dist_fn=lambda both: Independent(Normal(*both), 1),
    action_scaling=True,
    action_bound_method="clip",
    action_space=space.action_space,
)
algorithm = TRPO(
    policy=policy,
    critic=critic,
    optim=AdamOptimizerFactory(lr=1e-3),
    gamma=0.99,
    gae_lambda=0.95,
    return_scaling=True,
    advantage_normalization=True,
    optim_critic_iters=20,
    max_kl=0.01,
    backtrack_coeff=0.8,
    max_backtracks=10,
)
environments = VectorEnvNormObs(envpool.make_gymnasium(task, num_envs=COPIES, seed=0))
collector = Collector[CollectStats](algorithm, environments, VectorReplayBuffer(4096, COPIES), exploration_noise=True)


def seconds(steps: int) -> float:
    """Train on and return how long it took."""
    asked = OnPolicyTrainerParams(
        training_collector=collector,
        max_epochs=1,
        epoch_num_steps=steps,
        collection_step_num_env_steps=1024,
        update_step_num_repetitions=1,
        batch_size=None,  # the whole batch
        verbose=False,
        show_progress=False,
    )
    start = time.perf_counter()
    algorithm.run_training(asked)
    return time.perf_counter() - start


seconds(2048)
print(steps / seconds(steps))
