"""That agents learn, by margins that a broken update does not reach.

With the sign of the advantages turned, or with random ones, the pendulum stays below 30 of 1000.
"""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer
from trpobook.runs.updates import UPDATES

pytestmark = pytest.mark.slow

SMALL_BATCHES = {"num_envs": 32, "batch_size": 2048}  # more updates in fewer steps


def trained(task, steps, **changes):
    trainer = Trainer(task, seed=1, settings=settings_for(task, **changes))
    for _ in trainer.updates(steps):
        pass
    return trainer


def test_the_pendulum_is_balanced_after_60_000_steps():
    assert trained("InvertedPendulum-v5", 60_000).evaluate(10).mean() >= 900


def test_a_discrete_policy_balances_the_cart_pole_after_40_000_steps():
    assert trained("CartPole-v1", 40_000, num_envs=8).evaluate(10).mean() >= 400


def test_hopper_leaves_the_ground_after_80_000_steps():
    assert trained("Hopper-v5", 80_000, **SMALL_BATCHES).evaluate(10).mean() >= 250


def test_the_mountain_cars_flag_which_pays_for_the_first_time_at_the_top_is_found():
    """Who stays where it is gets 0, who wastes its strength less; the flag pays 100."""
    assert trained("MountainCarContinuous-v0", 60_000).evaluate(10).mean() >= 80


@pytest.mark.parametrize("breakage", ["sign", "noise"])
def test_a_broken_update_reaches_none_of_these_margins(breakage, monkeypatch):
    real, generator = UPDATES["trpo"], torch.Generator().manual_seed(0)

    def broken(policy, states, actions, advantages, **options):
        wrong = -advantages if breakage == "sign" else torch.randn(advantages.shape, generator=generator)
        return real.update(policy, states, actions, wrong, **options)

    monkeypatch.setitem(UPDATES, "trpo", real._replace(update=broken))
    assert trained("InvertedPendulum-v5", 60_000).evaluate(10).mean() < 300
    assert trained("CartPole-v1", 20_000, num_envs=8).evaluate(10).mean() < 200
    assert trained("Hopper-v5", 40_000, **SMALL_BATCHES).evaluate(10).mean() < 200


# A task of each kind of space: the right action is a function of what is seen, and pays up to 1 a step.


class Match(gymnasium.Env):
    """Twenty rounds an episode: see something, answer, be paid for how near the answer is to the right one."""

    def __init__(self, observations, actions, right, draw=None):
        self.observation_space, self.action_space, self.right = observations, actions, right
        self.draw = draw or observations.sample

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.rounds, self.shown = 0, self.draw()
        return self.shown, {}

    def step(self, action):
        assert action in self.action_space
        right = self.right(self.shown)
        if isinstance(self.action_space, spaces.Box):
            reward = 1 - 2 * np.mean(np.abs(action - right) / (self.action_space.high - self.action_space.low))
        else:
            reward = np.mean(np.equal(action, right))
        self.rounds, self.shown = self.rounds + 1, self.draw()
        return self.shown, float(reward), False, self.rounds == 20, {}


def square(shape, full, channels=-1):
    """Return a function that draws a bright square in the left or the right half of a picture."""

    def draw():
        picture = np.zeros(shape, np.asarray(full).dtype)
        height, width = np.delete(shape, channels)
        left = 2 if torch.rand(()) < 0.5 else width - 14
        np.moveaxis(picture, channels, -1)[height // 4 : 3 * height // 4, left : left + 12] = full
        return picture

    return draw


Box = spaces.Box
KINDS = {
    "Discrete, both with a start": (spaces.Discrete(5, start=-2), spaces.Discrete(5, start=3), lambda o: o + 5),
    "MultiDiscrete": (spaces.MultiDiscrete([3, 4]), spaces.MultiDiscrete([3, 4]), lambda o: [2, 3] - o),
    "MultiBinary": (spaces.MultiBinary(4), spaces.MultiBinary(4), lambda o: 1 - o),
    "Dict": (
        spaces.Dict(a=spaces.Discrete(3), b=Box(-1, 1, (2,))),
        spaces.Discrete(3),
        lambda o: (o["a"] + int(o["b"][0] > 0)) % 3,
    ),
    "Tuple": (
        spaces.Tuple([spaces.Discrete(2), spaces.MultiBinary(2)]),
        spaces.Discrete(4),
        lambda o: 2 * o[0] + o[1][0],
    ),
    "matrices": (Box(-1, 1, (2, 3), np.float64), Box(0, 10, (2, 1)), lambda o: 5 + 4 * o[:, :1]),
    "scalars": (Box(-1, 1, ()), Box(-100, 300, ()), lambda o: 100 + 150 * o),
    "whole numbers": (Box(-5, 5, (3,), np.int8), Box(0, 9, (1,), np.int32), lambda o: 5 + 0.6 * o[:1]),
    "a machine's memory": (
        Box(0, 255, (128,), np.uint8),
        spaces.Discrete(2),
        lambda o: int(o[3] > 127),
        lambda: np.where(np.arange(128) < 8, torch.randint(256, (128,)), 77).astype(np.uint8),
    ),
    "bytes, channels last": (
        Box(0, 255, (40, 48, 3), np.uint8),
        spaces.Discrete(2),
        lambda o: int(o[20, 5, 0] > 0),
        square((40, 48, 3), np.uint8(255)),
    ),
    "bytes, channels first": (
        Box(0, 255, (3, 40, 40), np.uint8),
        spaces.Discrete(2),
        lambda o: int(o[0, 20, 5] > 0),
        square((3, 40, 40), np.uint8(255), channels=0),
    ),
    "a picture of floats": (
        Box(0, 1, (36, 36, 1)),
        spaces.Discrete(2),
        lambda o: int(o[18, 5, 0] > 0),
        square((36, 36, 1), np.float32(1)),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_of_each_kind_of_space_is_learned(kind, record_property):
    picture = len(KINDS[kind][0].shape or ()) == 3
    settings = {"batch_size": 400, "value_epochs": 2 if picture else 10}
    trainer = Trainer(lambda: Match(*KINDS[kind]), seed=1, settings=settings)
    rows = list(trainer.updates(4_000 if picture else 12_000))
    learned = trainer.evaluate(20).mean()
    record_property("return", f"{rows[0]['return_mean']:.1f} at first, {learned:.1f} of 20 at the end")
    assert rows[0]["return_mean"] < 12 and learned > 15
