"""The stills of the interactives, by matplotlib: their numbers, their texts, their colours."""

import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from trpobook.book import figures, plots, style
from trpobook.widgets import lesson_01, stills
from trpobook.widgets.base import Interactive, Slider

BOOK = Path(__file__).resolve().parents[1]
MODULES = [
    importlib.import_module(f"trpobook.widgets.{path.stem}")
    for path in sorted((BOOK / "lib/trpobook/widgets").glob("lesson_*.py"))
]
INTERACTIVES = [
    pytest.param(thing, id=name) for m in MODULES for name, thing in vars(m).items() if isinstance(thing, Interactive)
]


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_every_slider_changes_picture_and_sentence(interactive):
    figure, sentence = interactive.picture()
    for name, control in interactive.controls().items():
        if isinstance(control, Slider):
            step = control.step if control.value + control.step <= control.high else -control.step
            other, words = interactive.picture(**{name: control.value + step})
            assert plots.png(other) != plots.png(figure), f"{name} doesn't change the picture"
            assert words != sentence, f"{name} doesn't change the sentence"


@pytest.mark.parametrize("interactive", INTERACTIVES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_every_slider_draw(interactive, end):
    sliders = {name: each for name, each in interactive.controls().items() if isinstance(each, Slider)}
    figure, sentence = interactive.picture(**{name: getattr(each, end) for name, each in sliders.items()})
    assert plots.png(figure).startswith(b"\x89PNG") and sentence


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_same_values_same_picture(interactive):
    (one, words), (other, same) = interactive.picture(), interactive.picture()
    assert plots.png(one) == plots.png(other) and words == same


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_texts_lie_inside_the_figure_and_apart(interactive):
    figure, _ = interactive.picture()
    plots.png(figure)  # texts have their places once they are drawn
    texts = [t for a in figure.axes for t in (*a.texts, a.xaxis.label, a.yaxis.label) if t.get_text()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
    for (one, box), (other, other_box) in itertools.combinations(boxes, 2):
        assert not box.overlaps(other_box), (one, other)


def contrast(colour):
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_every_line_colour_stands_out_on_white():
    for name in (
        "OLD",
        "NEW",
        "RETURN",
        "SURROGATE",
        "BOUND",
        "FORWARD",
        "BACKWARD",
        "VARIATION",
        "VARIANCE",
    ):
        assert contrast(getattr(style, name)["color"]) >= 4, name
    assert contrast(style.INK) >= 7 and contrast(style.MUTED) >= 4


# Lesson 01: the numbers behind the pictures, against closed forms and values known beforehand.


def test_two_coins_give_the_two_kls_of_the_lesson():
    pair = lesson_01.compute_pair(0.5, 0.9)
    assert pair.kl_old_new == pytest.approx(-0.5 * np.log(4 * 0.9 * 0.1))
    assert pair.kl_new_old == pytest.approx(0.9 * np.log(1.8) + 0.1 * np.log(0.2))
    assert pair.tv == pytest.approx(0.4)


@pytest.mark.parametrize(
    "log_old,ratio,variance", [(-2, 3.1, 0.045), (-3, 13.5, 0.157), (-4, 105, 1.08), (-6, 9960, 99.2)]
)
def test_a_rare_actions_ratio_and_variance_at_kl_001(log_old, ratio, variance):
    rare = lesson_01.compute_rare(log_old)
    p, q = rare.old, rare.new
    assert p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)) == pytest.approx(0.01, abs=1e-12)
    assert rare.ratio == pytest.approx(ratio, rel=0.01)
    assert rare.variance == pytest.approx((q - p) ** 2 / (p * (1 - p)), rel=1e-9)
    assert rare.variance == pytest.approx(variance, rel=0.01)


def test_the_other_kl_bounds_the_variance_no_better():
    new = lesson_01.raised_probability(1e-6, lambda p, q: lesson_01.kl_categorical(q, p))
    assert new / 1e-6 == pytest.approx(1572, rel=0.01)


def test_the_figures_command_makes_every_picture(tmp_path):
    figures.make(tmp_path)
    stills.make(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted([*stills.PICTURES, *figures.stored_pictures(), "learning_curves.png"])
    assert all((BOOK / "figures" / name).exists() for name in made)
