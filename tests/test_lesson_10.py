"""The interactives and the pictures of lesson 10."""

import itertools
import json

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch.nn.utils import parameters_to_vector
from torch.utils._python_dispatch import TorchDispatchMode

from test_exercises import NOTEBOOKS, define, solutions
from trpobook.agents.policies import GaussianPolicy
from trpobook.agents.threads import single_thread
from trpobook.algorithms import trpo
from trpobook.algorithms.trpo import trpo_update
from trpobook.book import figures, plots, style
from trpobook.book.clips import side_by_side
from trpobook.book.results import log_of
from trpobook.exercises import load as exercise
from trpobook.exercises.lesson_10 import _written, library_train_trpo
from trpobook.finite.tabular_trpo import MIN_RATIO, MOST_BACKTRACKS, SHRINK
from trpobook.runs.columns import COLUMNS
from trpobook.runs.front import load, train
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer
from trpobook.widgets.lesson_10 import Line, forensics, log_columns, mean_sigma, radius_dial, step_at

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
    dial = radius_dial(line())
    live = dial.live()
    before = live.sentence, plots.png(dial.picture()[0])
    live.log_delta = -1
    assert live.sentence != before[0] and plots.png(dial.picture(log_delta=-1)[0]) != before[1]


def test_the_dial_sends_the_line_and_the_rule_of_the_line_search():
    sent = radius_dial(line()).live().data
    assert (sent["shrink"], sent["most_backtracks"], sent["min_ratio"]) == (SHRINK, MOST_BACKTRACKS, MIN_RATIO)
    assert sent["kl"] == line().kl.tolist() and sent["delta"] == 0.01


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
    live = forensics(log(n), 3).live(update=1)
    assert live.traits()["update"].max == n
    assert f"Update 1 of {n}" in live.sentence
    plots.png(forensics(log(n), 3).picture()[0])


RUN = log_of("Hopper-v5")
SCRUBBER = forensics(RUN, 3)


@pytest.mark.parametrize("update", [1, 120, len(RUN)])
def test_the_scrubbers_texts_lie_inside_its_picture_and_apart(update):
    figure, _ = SCRUBBER.picture(update=update)
    FigureCanvasAgg(figure).draw()
    texts = [t for a in figure.axes for t in (*a.texts, a.xaxis.label, a.yaxis.label) if t.get_text()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, box in boxes:
        assert min(box.x0, box.y0) >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
    for (one, box), (other, other_box) in itertools.combinations(boxes, 2):
        assert not box.overlaps(other_box), (one, other)


def test_the_scrubber_sends_every_number_of_the_log_unrounded():
    rows = [RUN[0] | {"return_mean": "", "kl_limit": np.inf}, *RUN[1:]]
    sent = json.loads(json.dumps(forensics(rows, 3).live().data, allow_nan=False))
    assert sent["mean_return"][0] is None and sent["radius"][0] == "Infinity"
    sent["mean_return"][0], sent["radius"][0] = np.nan, np.inf
    for name, column in log_columns(rows, 3)._asdict().items():
        assert np.array_equal(np.array(sent[name]), column, equal_nan=True), name


@pytest.mark.parametrize("update", [1, 120, len(RUN)])
def test_the_scrubber_marks_the_row_of_its_update(update):
    row, (figure, sentence) = RUN[update - 1], SCRUBBER.picture(update=update)
    assert SCRUBBER.live(update=update).sentence == sentence
    for name in ("gain", "kl"):
        assert f"{row[name]:.{3 if name == 'gain' else 4}f}" in sentence
    gain, kl = figure.axes[1].lines[-1], figure.axes[2].lines[-1]
    assert (gain.get_xdata()[0], gain.get_ydata()[0]) == (row["steps"] / 1000, row["gain"])
    assert kl.get_ydata()[0] == row["kl"] <= row["kl_limit"]
    spread = figure.axes[5].lines[-1].get_ydata()
    assert spread.tolist() == [row["ratio_q05"], row["ratio_q95"]]


def test_a_run_without_a_radius_is_drawn_and_said_to_have_none():
    rows = [row | {"kl_limit": np.inf, "accepted": 0, "backtracks": 1} for row in RUN]
    sentence = forensics(rows, 3).live().sentence
    assert "with no limit" in sentence and "1 backtrack;" in sentence and "The step was refused" in sentence


def test_sigma_from_the_entropy_is_the_geometric_mean_of_the_spreads():
    spreads = torch.tensor([0.1, 0.7, 2.0], dtype=torch.float64)
    entropy = torch.distributions.Normal(torch.zeros(3, dtype=torch.float64), spreads).entropy().sum()
    assert mean_sigma(entropy, 3) == pytest.approx(spreads.prod().item() ** (1 / 3))
    first = Trainer("Hopper-v5").policy.log_std.exp().mean().item()
    assert log_columns(RUN, 3).sigma[0] == pytest.approx(first, rel=0.01)  # one update after the start


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
    update = {exercise(number).function: define(notebook, number, code) for number, code in solutions(notebook).items()}
    del update["train_trpo"], update["bootstrap_interval"]  # the one is a trainer itself, the other trains none
    assert set(update) == {"fisher_vector_product", "conjugate_gradient", "line_search"}
    by_library = next(Trainer("InvertedPendulum-v5").updates(1))
    rows = list(Trainer("InvertedPendulum-v5", update=update).updates(20_000))
    for name in ("gain", "kl", "step_norm"):
        assert rows[0][name] == pytest.approx(by_library[name], rel=1e-3)
    assert rows[-1]["return_mean"] > 5 * rows[0]["return_mean"]


@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "CartPole-v1"])
@pytest.mark.parametrize("whose", ["the solution", "the book's"])
def test_the_agent_of_one_cell_is_the_trainers_to_the_last_bit(task, whose):
    notebook = next(path for path in NOTEBOOKS if path.stem == "10_mujoco")
    agent = library_train_trpo if whose == "the book's" else define(notebook, "10.4", solutions(notebook)["10.4"])
    settings = settings_for(task, num_envs=4, batch_size=512, fisher_stride=3)
    trainer, fresh = (Trainer(task, seed=3, settings=settings) for _ in range(2))
    routines = trpo.fisher_vector_product, trpo.conjugate_gradient, trpo.line_search
    with single_thread():
        records = list(agent(fresh.sampler, fresh.policy, fresh.value, settings, 4, 3, *routines))
    rows = [row for _ in records for row in trainer.updates(trainer.steps + 1)]
    assert [(kl, gain, len(returns)) for kl, gain, returns in records] == [
        (row["kl"], row["gain"], row["episodes"]) for row in rows
    ]
    for network in ("policy", "value"):
        weights = [parameters_to_vector(getattr(run, network).parameters()) for run in (fresh, trainer)]
        assert torch.equal(*weights)


def test_the_exercises_arithmetic_is_the_trainers_to_rounding():
    task = "CartPole-v1"
    settings = settings_for(task, num_envs=4, batch_size=128, fisher_stride=3, hidden=(8,))
    trainer, fresh = (Trainer(task, seed=3, settings=settings) for _ in range(2))
    with single_thread():
        ((kl, gain, _),) = _written()(fresh.sampler, fresh.policy, fresh.value, settings, 1, 3)
    (row,) = trainer.updates(1)
    assert (kl, gain) == pytest.approx((row["kl"], row["gain"]), rel=1e-3)


class Counting(TorchDispatchMode):
    calls = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.calls += 1
        return operation(*args, **(kwargs or {}))


def test_an_update_is_about_a_thousand_tensor_operations():
    dice = torch.Generator().manual_seed(0)
    policy = GaussianPolicy(11, 3, (64, 64), -0.5, dice)
    batch = [torch.randn(512, *shape, generator=dice) for shape in ((11,), (3,), ())]
    with Counting() as counting:
        trpo_update(policy, *batch, delta=0.01, fisher_stride=5)
    assert 500 < counting.calls < 2000


# The pictures of recorded runs


def write_runs(folder, ends):
    """Write a log of two updates for each (task, algorithm, seed): mean return 0, then the given end."""
    for (task, algo, seed), end in ends.items():
        lines = ["steps,return_mean", "1000,", "100000,0", f"1000000,{end}"]
        (folder / f"{task}-{algo}-{seed}.csv").write_text("\n".join(lines) + "\n")


def test_the_comparison_draws_each_algorithms_mean_and_names_it(tmp_path):
    write_runs(
        tmp_path, {("A-v0", "trpo", 0): 10, ("A-v0", "trpo", 1): 30, ("A-v0", "cem", 0): 19, ("B-v0", "npg", 0): 5}
    )
    figure = figures.comparison(tmp_path, ("A-v0", "B-v0"))
    first, second = figure.axes
    assert [line.get_ydata()[-1] for line in first.lines] == [20, 19]
    assert [text.get_text() for text in first.texts] == ["TRPO", "CEM"]
    assert [text.get_text() for text in second.texts] == ["natural gradient"]
    one, other = (text.get_window_extent(FigureCanvasAgg(figure).get_renderer()) for text in first.texts)
    assert not one.overlaps(other)


@pytest.mark.parametrize("heights", [[3.0], [3, 1, 1, 1, 10], [0, 0.1, 0.2, 5, 5.5], list(range(6))])
def test_labels_are_moved_apart_in_their_order_and_no_further_than_needed(heights):
    placed = figures.apart(heights, 1.0)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(placed[order]) >= 1 - 1e-12).all()
    assert placed.mean() == pytest.approx(np.mean(heights))
    if (np.diff(np.sort(heights)) >= 1).all():
        assert placed == pytest.approx(heights)


def test_the_sweep_marks_the_librarys_value_and_draws_a_dot_a_seed():
    columns, lines = ("algo", "task", "setting", "value", "seed", "evaluation"), []
    runs = [("library", 0, 500), ("delta", 0.001, 100), ("delta", 0.1, 50), ("shrink", 0.5, 450)]
    for seed in (0, 1):
        lines += [("trpo", "HalfCheetah-v5", name, value, seed, end + seed) for name, value, end in runs]
    lines.append(("npg", "Hopper-v5", "step_size", 0.3, 0, 70))
    *trpo, npg = (dict(zip(columns, map(str, line), strict=True)) for line in lines)
    radius, shrink = figures.sweep(trpo).axes
    assert [tick.get_text() for tick in radius.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert radius.lines[0].get_ydata().tolist() == [100.5, 500.5, 50.5]
    assert radius.patches[0].get_x() == pytest.approx(1 - 0.35)
    assert [tick.get_text() for tick in shrink.get_xticklabels()] == ["0.5", "0.9"]
    assert sorted(line.get_ydata().tolist() for line in radius.lines[1:]) == [[50, 51], [100, 101], [500, 501]]
    (alone,) = figures.sweep([npg]).axes
    assert alone.get_title("left") == "natural gradient, step size α"


def test_the_clips_of_trained_agents_are_made_from_their_files(tmp_path):
    train("InvertedPendulum-v5", "trpo", 2000, 0, "cpu", tmp_path / "run")
    (tmp_path / "agents").mkdir()
    load(tmp_path / "run").save(tmp_path / "agents" / "InvertedPendulum-v5.pt")
    figures.make_clips(tmp_path / "agents", tmp_path / "clips", seconds=0.2)
    clip = tmp_path / "clips" / "InvertedPendulum-v5.mp4"
    assert clip.read_bytes()[4:8] == b"ftyp" and clip.stat().st_size < 60_000
    assert (tmp_path / "clips" / "agents.png").read_bytes().startswith(b"\x89PNG")
    row = side_by_side({"a <pole>": clip}).data
    assert "a &lt;pole&gt;" in row and "data:video/mp4;base64," in row
