"""The interactive and the pictures of lesson 12, and its solutions in the library's place."""

import copy

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from test_exercises import NOTEBOOKS, define, solutions
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy
from trpobook.algorithms import ppo
from trpobook.book import plots, style
from trpobook.finite.divergences import kl_categorical
from trpobook.runs.columns import COLUMNS
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer
from trpobook.widgets.lesson_12 import (
    Epochs,
    draw_clip,
    draw_curves,
    draw_path,
    draw_runs,
    fence,
    moment_at,
    ratio_dial,
)

BOOK = next(path for path in NOTEBOOKS if path.stem == "12_ppo")


def recorded():
    """Ratios that spread with the epochs and the learning rate; a KL to match."""
    rng = np.random.default_rng(0)
    spread = 0.1 * np.arange(4) * np.array([1, 2, 3])[:, None]  # (rates, epochs)
    ratios = np.exp(spread[None, ..., None] * rng.normal(size=(3, 3, 4, 500)))
    return Epochs([0.1, 0.2, 0.3], [1e-4, 3e-4, 1e-3], ratios, np.broadcast_to(spread**2 / 2, (3, 3, 4)))


def test_a_moment_counts_the_ratios_outside_its_own_band():
    moment, ratios = moment_at(recorded(), 0.3, -3, 2), recorded().ratios[2, 2, 2]
    assert (moment.clip, moment.learning_rate, moment.epoch) == (0.3, 1e-3, 2)
    counted = sum(1 for w in ratios if w > 1.3 or w < 0.7)
    assert moment.outside == pytest.approx(counted / 500) and counted > 50
    assert (moment.smallest, moment.largest) == (min(ratios), max(ratios))
    # bars of 0.05, what lies above 2.5 in the last
    bars = [sum(1 for w in ratios if k == min(int(w / 0.05), 49)) / 500 for k in range(50)]
    assert moment.shares == pytest.approx(bars) and max(ratios) > 2.5
    assert moment_at(recorded(), 0.3, -3, 0).outside == 0


def test_the_dial_moves_its_picture_and_sentence_and_its_texts_stay_apart():
    dial = ratio_dial(recorded())
    live, before = dial.live(), plots.png(dial.picture()[0])
    for name, control in dial.controls().items():
        sentence = live.sentence
        setattr(live, name, control.low)
        assert live.sentence != sentence, name
        assert plots.png(dial.picture(**{name: control.low})[0]) != before, name
        setattr(live, name, control.high)
    figure, _ = dial.picture(**live.values)
    FigureCanvasAgg(figure).draw()
    boxes = [t.get_window_extent() for a in figure.axes for t in (*a.texts, a.xaxis.label, a.yaxis.label)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_after_one_epoch_the_sentence_says_epoch():
    live = ratio_dial(recorded()).live(epoch=1)
    assert "after 1 epoch:" in live.sentence
    live.epoch = 2
    assert "after 2 epochs:" in live.sentence


@pytest.mark.parametrize("clip", [0.1, 0.2, 0.5])
def test_the_fences_kl_is_reached_and_never_passed(clip):
    half = np.array([0.5, 0.5])
    assert kl_categorical(half, half * [1 - clip, 1 + clip]) == pytest.approx(fence(clip), abs=1e-14)
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(4), 2000)
    u = rng.uniform(-1, 1, (2000, 4))
    u -= np.sum(p * u, -1, keepdims=True)
    w = 1 + clip * u / np.abs(u).max(-1, keepdims=True)
    assert (kl_categorical(p, p * w) <= fence(clip) + 1e-12).all()


def log(n):
    rows = [dict.fromkeys(COLUMNS, 0.5) | {"steps": 1000 * (k + 1)} for k in range(n)]
    return [row | {"return_mean": "" if k == 0 else float(k)} for k, row in enumerate(rows)]


@pytest.mark.parametrize("n", [0, 1, 30])
def test_runs_of_any_length_can_be_drawn(n):
    figure, axes = style.figure(3)
    draw_runs(axes, {"one": (style.OLD, log(n)), "other": (style.NEW, log(2))}, 30_000)
    assert axes[1].lines[0].get_ydata() == pytest.approx(np.full(n, np.log10(0.5)))
    plots.png(figure)


def test_the_clip_and_the_paths_can_be_drawn():
    figure, axes = style.figure(2)
    draw_clip(axes, 0.2, lambda w, a, clip: w * a, lambda w, a, clip: np.where(a * (w - 1) < clip, a, 0))
    flat = [panel.lines[2].get_xdata() for panel in axes]
    assert flat[0].min() == pytest.approx(1.2, abs=0.01) and flat[1].max() == pytest.approx(0.8, abs=0.01)
    plots.png(figure)
    figure, axes = style.figure()
    draw_path(axes, np.ones((5, 3)), 0.2, ["a", "b", "c"], "title")
    plots.png(figure)


def test_a_curve_is_the_mean_of_its_seeds_up_to_the_shortest():
    figure, axes = style.figure()
    x = np.arange(1, 11)
    draw_curves(axes, {"name": (style.OLD, [(x, 1.0 * x), (x[:5], 3.0 * x[:5])])}, "steps", "title")
    mean = axes.lines[-1]
    assert mean.get_xdata()[-1] == 5 and mean.get_ydata()[-1] == pytest.approx(10)
    plots.png(figure)


def test_the_books_clip_trains_an_agent_as_the_librarys_does():
    mine = define(BOOK, "12.1", solutions(BOOK)["12.1"])
    settings = settings_for("CartPole-v1", "ppo", num_envs=8, batch_size=256, epochs=2)
    weights = []
    for update in ({}, {"surrogate": mine}):
        trainer = Trainer("CartPole-v1", "ppo", settings=settings, update=update)
        for _ in trainer.updates(1000):
            pass
        weights.append(torch.cat([p.detach().flatten() for p in trainer.policy.parameters()]))
    assert torch.equal(*weights)


def test_the_books_rule_for_beta_is_the_librarys():
    mine = define(BOOK, "12.4", solutions(BOOK)["12.4"])
    for kl in np.linspace(0, 0.05, 1001):
        assert mine(3.0, kl, 0.013) == ppo.adapted_beta(3.0, kl, 0.013)


def test_the_books_update_is_the_librarys_whatever_the_policy_and_stops_where_it_does():
    mine = define(BOOK, "12.3", solutions(BOOK)["12.3"])
    for seed, head in enumerate((CategoricalPolicy, GaussianPolicy)):
        generator = torch.Generator().manual_seed(seed)
        sizes = (2, (8,)) if head is CategoricalPolicy else (2, (8,), -0.5)
        policy = head(3, *sizes, generator).double()
        states = torch.randn(50, 3, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            actions = policy.sample(states, generator)
        advantages = torch.randn(50, generator=generator, dtype=torch.float64)
        theirs, order = copy.deepcopy(policy), torch.Generator().manual_seed(0)
        memory = ppo.Memory(theirs, 0.01, 0)
        how = {"epochs": 8, "minibatch": 20, "kl_stop": 0.01, "max_gradient_norm": np.inf}
        record = ppo.ppo_update(theirs, states, actions, advantages, memory=memory, **how)
        optimiser = torch.optim.Adam(policy.parameters(), lr=0.01, eps=1e-5)
        made, kl, _ = mine(
            policy,
            optimiser,
            states,
            actions,
            advantages,
            lambda order=order: torch.randperm(50, generator=order).split(20),
            0.2,
            8,
            0.01,
        )
        assert 1 < made < 8 and kl > 0.01 and kl == pytest.approx(record.kl, rel=1e-9)
        for one, other in zip(policy.parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(one, other, atol=1e-9)
