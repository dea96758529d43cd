"""An agent takes and gives what its task gives and takes; its evaluation has a seed of its own."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from trpobook.agents.agent import new_agent
from trpobook.agents.heads import CategoricalHead
from trpobook.agents.tasks import as_task

SEEN = spaces.Box(-1, 1, (3,), seed=0)


def untrained(action_space, policy=None, observation_space=SEEN, task="CartPole-v1", seed=0):
    return new_agent(
        as_task(task),
        (observation_space, action_space),
        policy,
        hidden=(8,),
        log_std=0.0,
        generator=torch.Generator().manual_seed(0),
        device=torch.device("cpu"),
        about={"seed": seed},
    )


def test_the_deterministic_action_is_the_most_likely_one_and_the_other_is_drawn():
    agent = untrained(spaces.Discrete(5))
    observations = [SEEN.sample() for _ in range(50)]
    rows = torch.from_numpy(agent.moments.normalise(np.stack(observations)))
    likeliest = agent.policy.outputs(rows).argmax(dim=1).tolist()
    assert [int(agent.act(x)) for x in observations] == likeliest
    assert [int(agent.act(x, deterministic=False)) for x in observations] != likeliest


def test_an_action_comes_in_the_units_of_the_task():
    agent = untrained(spaces.Box(np.array([30.0, -4.0]), np.array([1017.0, 0.0]), dtype=np.float64))
    for parameter in agent.policy.parameters():
        nn.init.zeros_(parameter)  # the mean action is 0 in the policy's own coordinates: the middle of each range
    assert agent.act(SEEN.sample()) == pytest.approx([523.5, -2.0])


def test_agents_of_different_seeds_are_evaluated_on_different_episodes():
    four = spaces.Box(-np.inf, np.inf, (4,))
    first, second, third = (
        untrained(spaces.Discrete(2), observation_space=four, seed=s).evaluate(8) for s in (1, 2, 1)
    )
    assert first.tolist() == third.tolist() != second.tolist()


class Narrow(CategoricalHead, nn.Module):
    """A reader's policy for two actions that insists on the numbers an agent gives it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def outputs(self, states):
        assert states.abs().max() <= 10, "not normalised"
        return self.layer(states)


def test_a_policy_of_the_readers_own_is_tried_on_normalised_observations():
    wide = spaces.Box(-1e6, 1e6, (3,), seed=0)
    agent = untrained(spaces.Discrete(2), Narrow(), observation_space=wide)
    assert agent.act(wide.sample()) in (0, 1)
