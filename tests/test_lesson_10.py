"""The interactive and the pictures of lesson 10."""

import ipywidgets
import numpy as np
import pytest

from test_exercises import NOTEBOOKS, define, solutions
from trpobook import plots, style
from trpobook.exercises import load
from trpobook.training import COLUMNS, Trainer
from trpobook.widgets.lesson_10 import Line, radius_dial, step_at

C = np.linspace(0, 10, 1001)


def line(kl=lambda c: 0.01 * c**2, gain=lambda c: 0.03 * c):
    return Line(C, kl(C), gain(C), 0.03, 0.01, np.array([0.0, 10.0]), np.array([100.0, 0.0]))


@pytest.mark.parametrize("delta,full", [(0.01, 1), (0.04, 2), (0.0025, 0.5)])
def test_exact_models_make_the_full_step_or_one_backtrack(delta, full):
    step = step_at(line(), delta)
    assert step.full == pytest.approx(full)
    assert step.backtracks <= 1  # interpolation may lift the KL by a rounding error over δ
    assert step.c == pytest.approx(full * 0.9**step.backtracks)


def test_a_kl_above_its_model_costs_backtracks_and_ends_inside():
    step = step_at(line(kl=lambda c: 0.02 * c**2), 0.01)
    assert step.backtracks == 4  # 0.9⁴ = 0.656 ≤ 1/√2 < 0.9³
    assert step.kl <= 0.01


def test_a_surrogate_that_falls_is_never_accepted():
    step = step_at(line(gain=lambda c: -c), 0.01)
    assert (step.c, step.kl, step.gain, step.mean_return) == (0, 0, 0, 100)
    assert "the old policy stands" in radius_dial(line(gain=lambda c: -c)).describe(step)


def test_the_dial_moves_its_picture_and_sentence():
    live = radius_dial(line()).live()
    before = live.picture.value, live.sentence.value
    live.controls["log_delta"].value = -1
    assert isinstance(live.picture, ipywidgets.Image)
    assert live.picture.value != before[0] and live.sentence.value != before[1]


def log(n):
    rng = np.random.default_rng(0)
    rows = [dict.fromkeys(COLUMNS, 0.5) | {"steps": 2000 * (k + 1), "accepted": int(k != 1)} for k in range(n)]
    return [row | {"return_mean": "" if k == 0 else rng.uniform()} for k, row in enumerate(rows)]


@pytest.mark.parametrize("n", [1, 2, 50])
def test_a_log_of_any_length_can_be_drawn(n):
    figure, axes = style.figure(3)
    plots.draw_training(axes, log(n), 100_000)
    speed = axes[2].lines[0].get_ydata()
    assert speed == pytest.approx(np.full(n, 2000 / 2))  # four timings of half a second each
    assert len(axes[1].lines[1].get_xdata()) == (n > 1)  # the update that was refused
    plots.png(figure)
    figure, axes = style.figure(6)
    plots.draw_log(axes, log(n))
    plots.png(figure)


def test_a_growing_picture_is_displayed_once_and_then_updated(monkeypatch):
    shown = []

    class Handle:
        def update(self, data, **details):
            shown.append(("update", data, details))

    def display(*data, **details):
        shown.append(("display", *data, details))
        return Handle()

    monkeypatch.setattr(plots, "display", display)
    figure, axes = style.figure()
    picture = plots.Growing(figure, "a caption", every=0)
    axes.plot([0, 1])
    assert picture.due()
    picture.update()
    first, _, last = shown
    assert (first[0], last[0]) == ("display", "update")
    assert first[1]["image/png"] != last[1]["image/png"]
    assert last[2]["metadata"]["image/png"]["alt"] == "a caption"


def test_the_books_three_solutions_train_an_agent():
    notebook = next(path for path in NOTEBOOKS if path.stem == "10_mujoco")
    update = {load(number).function: define(notebook, number, code) for number, code in solutions(notebook).items()}
    assert set(update) == {"fisher_vector_product", "conjugate_gradient", "line_search"}
    by_library = next(Trainer("InvertedPendulum-v5").updates(1))
    rows = list(Trainer("InvertedPendulum-v5", update=update).updates(20_000))
    for name in ("gain", "kl", "step_norm"):
        assert rows[0][name] == pytest.approx(by_library[name], rel=1e-3)
    assert rows[-1]["return_mean"] > 5 * rows[0]["return_mean"]
