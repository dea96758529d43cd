"""The interactive of lesson 13."""

import base64

import numpy as np
import pytest
import torch

from trpobook.agents.policies import CategoricalPolicy
from trpobook.book import style
from trpobook.widgets.lesson_13 import SHADES, Watched, packed, saliency, scrubber

NAMES = ("wait", "fire", "right", "left")


@pytest.fixture
def watched():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (5, 4, 18, 18), dtype=np.uint8)
    probabilities = rng.dirichlet(np.ones(4), 5)
    return Watched(
        frames,
        np.arange(5) % 4,
        probabilities,
        rng.normal(size=5),
        rng.random((5, 18, 18)),
        np.array([0, 7, 0, 1, 4.0]),
    )


def test_the_slider_moves_the_sentence(watched):
    live = scrubber(watched, NAMES).live()
    before = live.sentence
    live.step = 4
    assert live.sentence != before
    live.step = 0
    assert live.sentence == before


def test_the_score_is_that_before_the_step_and_the_action_that_drawn(watched):
    interactive = scrubber(watched, NAMES)
    sentence = interactive.describe(interactive.compute(3))
    assert "Step 3, score so far 7." in sentence and "drawn: left." in sentence
    assert f"fire {watched.probabilities[3, 1]:.2f}" in sentence


def test_saliency_is_the_derivative_of_the_log_probability_in_the_picture(float64):
    generator = torch.Generator().manual_seed(0)
    policy = CategoricalPolicy((2, 18, 18), 3, (8,), generator).double()
    for p in policy.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=generator)
    frames, actions = 255 * torch.rand(3, 2, 18, 18, generator=generator), torch.tensor([0, 1, 2])
    gradient = saliency(policy, frames, actions)
    for n, c, i, j in ((0, 1, 3, 17), (1, 0, 17, 4), (2, 1, 0, 0)):
        h = torch.zeros_like(frames)
        h[n, c, i, j] = 1e-4
        up, down = (policy(frames + sign * h).log_prob(actions)[n] for sign in (1, -1))
        assert gradient[n, c, i, j].item() == pytest.approx(((up - down) / 2e-4).item(), abs=1e-8)
    assert (gradient != 0).float().mean() > 0.9


def test_the_second_panel_shows_newest_minus_oldest_with_its_sign(watched):
    interactive = scrubber(watched, NAMES)
    _, axes = style.figure(4)
    moment = interactive.compute(2)
    interactive.draw(axes, moment)
    assert axes[1].get_title("left") == "newest minus oldest"
    shown = axes[1].images[0].get_array()
    assert np.array_equal(shown, moment.newest.astype(float) - moment.oldest)
    high, low = (axes[1].images[0].cmap(end)[:3] for end in (1.0, 0.0))
    assert high[2] > high[0] and low[0] > low[2]  # purple where the newest is brighter, orange where the oldest is


def unpacked(stored, size):
    """Return the pictures again, (n, size), by another way than the browser's."""
    pictures = []
    for like, text in stored:
        picture = pictures[like].copy() if pictures else np.zeros(size, np.uint8)
        pairs = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 2)
        picture[np.cumsum(pairs[:, 0].astype(int) + 1) - 1] = pairs[:, 1]
        pictures.append(picture)
    return np.stack(pictures)


def test_packed_pictures_come_out_as_they_went_in():
    rng = np.random.default_rng(1)
    few = rng.integers(0, 256, (6, 30, 31), dtype=np.uint8) * (rng.random((6, 30, 31)) < 0.002)
    pictures = np.concatenate([few, few[::-1], np.zeros((1, 30, 31), np.uint8), 255 - few[:1]])
    stored = packed(pictures)
    assert np.array_equal(unpacked(stored, 30 * 31), pictures.reshape(len(pictures), -1))
    assert [like for like, _ in stored[6:12]] == [5, 4, 3, 2, 1, 0] and not any(text for _, text in stored[6:12])


def test_shades_are_shares_of_the_largest_saliency_and_none_where_there_is_none(watched):
    still = watched._replace(saliency=np.concatenate([watched.saliency[:4], np.zeros((1, 18, 18))]))
    moments = [scrubber(still, NAMES).compute(step) for step in range(5)]
    for moment, map_ in zip(moments[:4], watched.saliency, strict=False):
        assert moment.saliency.max() == SHADES
        assert np.abs(moment.saliency / SHADES - map_ / map_.max()).max() <= 0.5 / SHADES + 1e-12
    assert not moments[4].saliency.any()
