"""The interactives without a browser: their numbers, their pictures, their sliders, their errors."""

import importlib
import itertools
from pathlib import Path

import ipywidgets
import numpy as np
import pytest

from trpobook.book import figures, style
from trpobook.widgets import lesson_01, stills
from trpobook.widgets.base import Interactive, slider

BOOK = Path(__file__).resolve().parents[1]
MODULES = [
    importlib.import_module(f"trpobook.widgets.{path.stem}")
    for path in sorted((BOOK / "lib/trpobook/widgets").glob("lesson_*.py"))
]
INTERACTIVES = [
    pytest.param(thing, id=name) for m in MODULES for name, thing in vars(m).items() if isinstance(thing, Interactive)
]


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_every_control_changes_picture_and_sentence(interactive):
    for name, control in interactive.controls().items():
        live = interactive.live()
        picture, sentence = live.picture.value, live.sentence.value
        step = control.step if control.value + control.step <= control.max else -control.step
        live.controls[name].value += step
        assert bytes(live.picture.value).startswith(b"\x89PNG")
        assert live.picture.value != picture, f"{name} doesn't change the picture"
        assert live.sentence.value != sentence, f"{name} doesn't change the sentence"


@pytest.mark.parametrize("interactive", INTERACTIVES)
@pytest.mark.parametrize("end", ["min", "max"])
def test_the_ends_of_every_slider_draw(interactive, end):
    values = {name: getattr(control, end) for name, control in interactive.controls().items()}
    assert "Widget error" not in interactive.live(**values).sentence.value


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_the_figure_is_reused_and_doesnt_grow(interactive):
    live = interactive.live()
    figure, count = live.figure, len(live.figure.findobj())
    for _ in range(3):
        live.refresh()
    assert live.figure is figure
    assert len(figure.findobj()) == count


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_same_values_same_picture(interactive):
    assert interactive.live().picture.value == interactive.live().picture.value


@pytest.mark.parametrize("interactive", INTERACTIVES)
def test_texts_lie_inside_the_figure_and_apart(interactive):
    live = interactive.live()
    texts = [t for a in live.figure.axes for t in (*a.texts, a.xaxis.label, a.yaxis.label) if t.get_text()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= live.figure.bbox.x1 and box.y1 <= live.figure.bbox.y1, text
    for (one, box), (other, other_box) in itertools.combinations(boxes, 2):
        assert not box.overlaps(other_box), (one, other)


def test_a_callbacks_error_is_shown_and_raised():
    def compute(x):
        if x > 1:
            raise ZeroDivisionError("x is <too> large")
        return x

    broken = Interactive("broken", compute, lambda axes, x: None, str, lambda: {"x": slider("x", 0, 3, 1)})
    live = broken.live()
    assert "Widget error" not in live.sentence.value
    with pytest.raises(ZeroDivisionError):
        live.controls["x"].value = 2
    assert "Widget error: ZeroDivisionError: x is &lt;too&gt; large" in live.sentence.value
    live.controls["x"].value = 0.5
    assert "Widget error" not in live.sentence.value


@pytest.mark.parametrize("alter", ["set_title", "set_xlabel", "set_xlim", "set_yticks"])
def test_a_change_in_the_frame_alone_is_drawn(alter):
    def draw(axes, x):
        getattr(axes, alter)(f"{x:.2f}" if alter in ("set_title", "set_xlabel") else [0, x])

    live = Interactive("frame", lambda x: x, draw, str, lambda: {"x": slider("x", 0, 1, 0.5)}).live()
    before = live.picture.value
    live.controls["x"].value = 0.25
    assert live.picture.value != before


def test_a_page_without_kernel_gets_one_line():
    assert repr(lesson_01.rare_action.live()).startswith("[interactive: a rare action")


def test_sliders_answer_while_they_move():
    controls = lesson_01.two_distributions.controls()
    assert all(isinstance(c, ipywidgets.FloatSlider) and c.continuous_update for c in controls.values())


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
