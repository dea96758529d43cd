"""An agent: a policy with the normaliser it was trained behind, apart from all that only training needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import Space

from trpobook.agents import storage
from trpobook.agents.normalisers import RunningMoments, moments_for
from trpobook.agents.policies import Policy, check_policy, make_policy
from trpobook.agents.rollouts import evaluate
from trpobook.agents.spaces import seen, seen_space, space_data, space_from, task_actions
from trpobook.agents.tasks import Task, as_task
from trpobook.agents.threads import single_thread

Data = dict[str, Any]


class Agent:
    """What acts in a task: `agent.act(observation)` takes and gives what the task itself gives and takes.

    Args:
        task: what it was trained on.
        spaces: the task's observation and action space.
        policy, moments: the policy, and the normaliser of what it sees.
        about: what is known of its training: algo, seed, steps, hidden.
    """

    def __init__(
        self, task: Task, spaces: tuple[Space[Any], Space[Any]], policy: Policy, moments: RunningMoments, about: Data
    ):
        self.task, self.policy, self.moments, self.about = task, policy, moments, about
        self.observation_space, self.action_space = spaces
        self.generator = torch.Generator(self.device).manual_seed(about.get("seed", 0))

    @property
    def device(self) -> torch.device:
        """Where the policy's weights are."""
        return next(iter(self.policy.parameters())).device

    @torch.no_grad()
    def act(self, observation: Any, deterministic: bool = True) -> Any:
        """Return the action for one observation of the task: the most likely one, or one drawn from the policy."""
        with single_thread():
            rows = self.moments.normalise(seen(self.observation_space, observation)[None])
            states = torch.from_numpy(rows).to(self.device)
            policy = self.policy
            actions = policy.mode(states) if deterministic else policy.sample(states, self.generator)
        return task_actions(self.action_space, actions.cpu().numpy())[0]

    def evaluate(self, episodes: int = 20, seed: int | None = None) -> np.ndarray:
        """Return the true returns of whole episodes, (episodes,), normaliser frozen.

        A game draws its actions, all else takes the most likely one. Without a `seed` it is that of the training's
        own evaluation.
        """
        if episodes < 1:
            raise ValueError(f"episodes is {episodes}; it must be at least 1")
        if seed is None:
            seed = int(np.random.SeedSequence([self.about.get("seed", 0), 2**31]).generate_state(1)[0]) >> 1
        with single_thread():
            return evaluate(self.policy, self.moments, self.task, episodes, seed)

    def state(self) -> Data:
        """Return the agent as tensors and plain data; the weights are the live ones."""
        observation_space, action_space = map(space_data, (self.observation_space, self.action_space))
        return {
            "task": self.task.data(),
            "about": dict(self.about),
            "observation_space": observation_space,
            "action_space": action_space,
            "policy": {name: value.detach() for name, value in self.policy.state_dict().items()},
            "moments": self.moments.state(),
        }

    def load(self, state: Data) -> None:
        """Take over weights and normaliser from a state that `state()` of an agent of the same build gave."""
        self.policy.load_state_dict(state["policy"])
        self.moments.load(state["moments"])

    def save(self, path: Path | str) -> None:
        """Write weights and normaliser to one file, which `trpobook.load` reads on any device."""
        storage.save(Path(path), {"agent": self.state()})


def new_agent(
    task: Task,
    spaces: tuple[Space[Any], Space[Any]],
    policy: Policy | None,
    *,
    hidden: tuple[int, ...],
    log_std: float,
    generator: torch.Generator,
    device: torch.device,
    about: Data,
) -> Agent:
    """Return an agent that has learned nothing: with `policy`, the reader's own, or one that suits the spaces.

    Raises: ValueError for spaces that aren't served, or a policy that lacks something; it must be on the CPU.
    """
    view = seen_space(spaces[0])
    moments = moments_for(view)
    about = {**about, "hidden": list(hidden)}
    if policy is None:
        policy = make_policy(view, spaces[1], hidden=hidden, log_std=log_std, generator=generator)
    else:
        about["policy"] = type(policy).__name__
        some = np.stack([seen(spaces[0], spaces[0].sample()) for _ in range(3)])
        check_policy(policy, torch.from_numpy(moments.normalise(some)), spaces[1])
    return Agent(task, spaces, policy.to(device), moments, about)


def agent_from(state: Data, device: str, task: Task | None = None, policy: Policy | None = None) -> Agent:
    """Return the agent that `Agent.state` describes.

    Args:
        device: "cpu" or "cuda".
        task, policy: needed where they were the reader's own, and cannot be told from the state.
    Raises: ValueError when one of them is needed and not given, or the weights don't fit.
    """
    about = state["about"]
    if policy is None and "policy" in about:
        raise ValueError(f"the agent's policy was {about['policy']}, one of your own: give policy={about['policy']}(…)")
    agent = new_agent(
        task or as_task(**state["task"]),
        (space_from(state["observation_space"]), space_from(state["action_space"])),
        policy,
        hidden=tuple(about["hidden"]),
        log_std=0.0,
        generator=torch.Generator(),
        device=torch.device(device),
        about={name: value for name, value in about.items() if name != "policy"},
    )
    agent.load(state)
    return agent
