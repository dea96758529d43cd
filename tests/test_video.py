"""Clips: what is filmed is the agent in its task, whatever the task's spaces; what cannot be filmed is said."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from trpobook.agents.normalisers import moments_for
from trpobook.agents.policies import make_policy
from trpobook.agents.spaces import seen_space
from trpobook.agents.tasks import as_task
from trpobook.agents.video import FRAMES_PER_SECOND, film, write_mp4


class Shown(gymnasium.Env):
    """Paints its picture in the brightness of the step, and refuses an action that its space does not hold."""

    observation_space = spaces.Box(-1, 1, (2,))

    def __init__(self, action_space, length=20, rate=25, picture=True, cut=False, render_mode=None):
        self.action_space, self.length, self.picture, self.cut = action_space, length, picture, cut
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": rate}
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(2, dtype=np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        self.t += 1
        over = self.t >= self.length
        return np.zeros(2, dtype=np.float32), 1.0, over and not self.cut, over and self.cut, {}

    def render(self):
        return np.full((32, 48, 3), self.t, dtype=np.uint8) if self.picture else None


ACTIONS = [spaces.Discrete(3, start=1), spaces.Box(0, 10, (2,)), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(2)]


def filmed(action_space, **kwargs):
    view = seen_space(Shown.observation_space)
    policy = make_policy(view, action_space, hidden=(), log_std=0.0, generator=torch.Generator().manual_seed(0))
    task = as_task(Shown, {"action_space": action_space, **kwargs})
    return film(policy, moments_for(view), task, 0, seconds=2)


@pytest.mark.parametrize("action_space", ACTIONS)
def test_an_agent_of_any_kind_of_action_is_filmed_to_its_episodes_end(action_space):
    frames = filmed(action_space)
    assert frames.dtype == np.uint8 and frames.shape == (20, 32, 48, 3)
    assert frames[:, 0, 0, 0].tolist() == list(range(20))


def test_a_clip_ends_where_a_time_limit_cuts_the_episode():
    assert len(filmed(ACTIONS[0], length=7, cut=True)) == 7


@pytest.mark.parametrize("rate,every", [(25, 1), (50, 2), (125, 5), (10, 1)])
def test_a_clip_runs_in_the_tasks_own_time_for_as_long_as_is_asked(rate, every):
    frames = filmed(ACTIONS[0], rate=rate, length=1000)
    assert frames[:, 0, 0, 0].tolist() == list(range(0, 2 * rate, every))


def test_a_task_that_gives_no_picture_is_named():
    with pytest.raises(ValueError, match=r"cannot render test_video:Shown: .*it gives no picture"):
        filmed(ACTIONS[0], picture=False)


def test_a_clip_is_written(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    write_mp4(filmed(ACTIONS[0]), tmp_path / "clip.mp4")
    data = (tmp_path / "clip.mp4").read_bytes()
    assert data[4:8] == b"ftyp" and len(data) > 500
    assert FRAMES_PER_SECOND == 25
