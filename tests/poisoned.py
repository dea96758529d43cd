"""A task that hands NaN to one process of several after a while, or shows it more than the others."""

import os

import gymnasium
import numpy as np


class Poisoned(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2 + (os.environ.get("WIDER") == os.environ.get("RANK", "0")),))
    action_space = gymnasium.spaces.Discrete(2)
    steps = 0

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        ill = os.environ.get("POISONED") == os.environ.get("RANK", "0") and self.steps > 100
        return np.full(2, np.nan if ill else action, np.float32), float(action), False, self.steps % 50 == 0, {}
