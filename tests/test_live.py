"""The live figures in the browser: Python's numbers and sentences at random states, pictures, keys, narrow screens."""

from __future__ import annotations

import importlib
import re
import statistics
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import BOOK
from live_page import page_of
from test_browser import AT_ITS_END, BOUND, WATCH_PICTURES, said
from trpobook.agents.policies import CategoricalPolicy
from trpobook.agents.value_function import ValueFunction
from trpobook.book import style
from trpobook.book.results import AGENTS, log_of
from trpobook.widgets import lesson_10, lesson_12, lesson_13
from trpobook.widgets.base import SCRIPTS, Choice, Interactive, Slider, Switch, source

STATES = 200
MODULES = [
    importlib.import_module(f"trpobook.widgets.{path.stem}")
    for path in sorted((BOOK / "lib/trpobook/widgets").glob("lesson_*.py"))
]


def recorded_line(fall=0.0):
    """A line through policy space as lesson 10 records one; with a `fall`, the line search has to go back on it."""
    c, tried = np.linspace(0, 10, 101), np.array([0, 0.5, 1, 1.5, 2, 3, 4, 5.5, 7, 10])
    kl, gain = 0.0102 * c**2 / (1 + 0.03 * c), 0.039 * (c - 0.06 * c**2) - fall * c
    return lesson_10.Line(c, kl, gain, 0.039, 0.01, tried, 342 + 7 * tried - 1.6 * tried**2)


def recorded_epochs():
    """Ratios that drift apart, as lesson 12 records them."""
    rng = np.random.default_rng(0)
    spread = 0.03 * np.sqrt(np.arange(11)) * np.array([1, 1.5, 2.5, 5, 9])[:, None]
    spread = spread * np.array([1, 1.5, 2])[:, None, None]  # (clips, rates, epochs)
    ratios = np.exp(spread[..., None] * rng.normal(size=(3, 5, 11, 1000)))
    return lesson_12.Epochs([0.1, 0.2, 0.3], [1e-4, 3e-4, 1e-3, 3e-3, 1e-2], ratios, spread**2 / 2)


def watched_game():
    """Sixty steps of the stored agent's game, at a quarter of the pixels."""
    saved, generator = torch.load(AGENTS / "Qbert-v5.pt", weights_only=True), torch.Generator()
    policy = CategoricalPolicy((4, 42, 42), 6, (64,), generator)
    value = ValueFunction((4, 42, 42), (64,), 1e-3, generator)
    policy.load_state_dict(saved["agent"]["policy"])
    value.load_state_dict(saved["value"])
    watched = lesson_13.watch(policy, value, "Qbert-v5", 60, seed=5)
    return watched._replace(frames=watched.frames[..., ::2, ::2], saliency=watched.saliency[:, ::2, ::2])


ACTIONS = ("wait", "fire", "up right", "down right", "up left", "down left")


def live_figures():
    """Each figure that the browser draws; of those that a lesson makes of its own run, small ones made here."""
    for lesson in MODULES:
        for name, thing in vars(lesson).items():
            if isinstance(thing, Interactive):
                yield pytest.param(thing, id=f"{lesson.__name__[-2:]}-{name}")
    yield pytest.param(lesson_10.radius_dial(recorded_line()), id="10-radius_dial")
    yield pytest.param(lesson_10.radius_dial(recorded_line(0.0345)), id="10-radius_dial_going_back")
    yield pytest.param(lesson_10.forensics(log_of("Hopper-v5"), 3), id="10-forensics")
    yield pytest.param(lesson_10.forensics(log_of("Hopper-v5", "ppo"), 3), id="10-forensics_without_a_radius")
    yield pytest.param(lesson_12.ratio_dial(recorded_epochs()), id="12-ratio_dial")
    yield pytest.param(lesson_13.scrubber(watched_game(), ACTIONS, start=40), id="13-scrubber")


each_figure = pytest.mark.parametrize("interactive", list(live_figures()))


def random_value(control, rng):
    if isinstance(control, Slider):
        steps = round((control.high - control.low) / control.step)
        return min(control.high, float(f"{control.low + control.step * rng.integers(steps + 1):.12g}"))
    if isinstance(control, Switch):
        return bool(rng.integers(2))
    if isinstance(control, Choice):
        return control.options[rng.integers(len(control.options))]
    return control.random_value(rng)


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def plain(result):
    """Return a result of `compute` as the browser would have it."""
    if hasattr(result, "_asdict"):
        return {camel(name): plain(value) for name, value in result._asdict().items()}
    if is_dataclass(result):
        return {camel(each.name): plain(getattr(result, each.name)) for each in fields(result)}
    if isinstance(result, dict):
        return {camel(str(name)): plain(value) for name, value in result.items()}
    if isinstance(result, torch.Tensor):
        return plain(result.numpy())
    if isinstance(result, np.ndarray | list | tuple):
        return [plain(value) for value in result]
    return result.item() if isinstance(result, np.generic) else result


def compare(here, there, path=""):
    """Yield the relative difference of each pair of numbers, above a thousandth; anything else must be equal."""
    if isinstance(here, dict):
        for name, value in here.items():
            assert name in there, f"{path}.{name} isn't computed in the browser"
            yield from compare(value, there[name], f"{path}.{name}")
    elif isinstance(here, list):
        assert len(here) == len(there), path
        for index, pair in enumerate(zip(here, there, strict=True)):
            yield from compare(*pair, f"{path}[{index}]")
    elif isinstance(here, float) and not np.isfinite(here):
        assert there is None or str(there) == str(here), path
    elif isinstance(here, int | float) and not isinstance(here, bool):
        yield abs(here - there) / max(1e-3, abs(here)), path
    else:
        assert here == there, path


RUN = """({ figure, states, data }) => {
  SOURCES
  return states.map((values) => {
    const result = FIGURES[figure].compute(values, data);
    return [result, FIGURES[figure].describe(result, data)];
  });
}"""


@each_figure
def test_numbers_and_sentences_are_pythons_at_random_states(interactive, browser):
    rng, controls = np.random.default_rng(1), interactive.controls()
    states = [{name: each.value for name, each in controls.items()}]
    states += [{name: random_value(each, rng) for name, each in controls.items()} for _ in range(STATES)]
    sources = "\n".join(source(name) for name in (*SCRIPTS, interactive.script))
    page = browser.new_page()
    given = {"figure": interactive.name, "states": states, "data": interactive.data()}
    found = page.evaluate(RUN.replace("SOURCES", sources), given)
    page.close()
    worst = 0.0
    for values, (there, sentence) in zip(states, found, strict=True):
        result = interactive.compute(**values)
        for difference, path in compare(plain(result), there):
            assert difference <= 1e-9, (values, path, difference)
            worst = max(worst, difference)
        assert sentence == interactive.describe(result), values
    print(f"{interactive.name}: worst difference {worst:.1e}")


@pytest.fixture
def shown(browser):
    """A function that opens a figure on a page of some width and returns the page; errors in it fail the test."""
    pages, errors = [], []

    def show(interactive, width=1000, height=700, **options):
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.set_content(page_of(interactive.live()))
        page.wait_for_function("document.querySelector('.panels svg path')")
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.close()
    assert not errors


PICTURE = "[...document.querySelectorAll('.panels svg')].map((svg) => svg.innerHTML.replace(/clip\\d+/g, '')).join()"
SENTENCE = "document.querySelector('.sentence').textContent"


@each_figure
def test_every_control_changes_picture_and_sentence_by_the_keyboard(interactive, shown):
    page = shown(interactive)
    assert page.locator("[role=img]").get_attribute("aria-label") == page.evaluate(SENTENCE)
    for control in page.locator(".knobs :is(input, select, [tabindex='0'])").all():
        before = page.evaluate(PICTURE), page.evaluate(SENTENCE)
        assert control.get_attribute("aria-label") or control.evaluate("node => node.closest('label').textContent")
        control.focus()
        kind = control.get_attribute("type")
        at_the_end = kind == "range" and control.input_value() == control.get_attribute("max")
        page.keyboard.press("Space" if kind == "checkbox" else "ArrowLeft" if at_the_end else "ArrowRight")
        after = page.evaluate(PICTURE), page.evaluate(SENTENCE)
        assert before[0] != after[0] and before[1] != after[1], control
        assert "Widget error" not in after[1]


@each_figure
def test_the_ends_of_every_slider_draw(interactive, shown):
    page = shown(interactive)
    for key in ("Home", "End"):
        for control in page.locator(".knobs input[type=range]").all():
            control.focus()
            page.keyboard.press(key)
        assert "Widget error" not in page.evaluate(SENTENCE)
        assert "NaN" not in page.evaluate(PICTURE)


INSIDE = """() => {
  const faults = [];
  const beyond = (box, face) => box.left < face.left - 1 || box.right > face.right + 1
    || box.top < face.top - 1 || box.bottom > face.bottom + 1;
  const common = (a, b, low, high) => Math.min(a[high], b[high]) - Math.max(a[low], b[low]);
  for (const svg of document.querySelectorAll(".panels svg")) {
    const face = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim())
      .map((text) => [text.textContent, text.getBoundingClientRect()]);
    for (const [words, box] of boxes) if (beyond(box, face)) faults.push(`outside: ${words}`);
    boxes.forEach(([words, a], i) => boxes.slice(i + 1).forEach(([others, b]) => {
      if (common(a, b, "left", "right") > 1.5 && common(a, b, "top", "bottom") > 3) {
        faults.push(`overlap: ${words} / ${others}`);
      }
    }));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
  return faults;
}"""


@each_figure
def test_at_every_width_texts_lie_inside_and_apart(interactive, shown):
    page = shown(interactive)
    for width in (1060, 816, 700, 320):  # the site's pages are 800 wide
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_function("(width) => document.querySelector('.panels').clientWidth < width", arg=width)
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert page.evaluate(INSIDE) == [], width


@pytest.mark.alone
@each_figure
def test_a_key_press_changes_the_picture_within_a_few_frames(interactive, shown, record_property):
    page, latencies = shown(interactive), []
    for slider in page.get_by_role("slider").all():
        waits = []
        for _ in range(3):
            slider.focus()
            slider.evaluate(WATCH_PICTURES)
            page.keyboard.press("ArrowLeft" if slider.evaluate(AT_ITS_END) else "ArrowRight")
            waits.append(page.evaluate("window.pictureChanged") / 1000)
        latencies.append(statistics.median(waits))
    record_property("from key press to changed picture, without Jupyter", said(latencies))
    assert max(latencies) < BOUND


@each_figure
def test_script_and_data_are_small(interactive):
    live = interactive.live()
    assert len(page_of(live).encode()) < 300_000
    assert repr(live) == f"[interactive: {interactive.title}; run the lesson to wake this picture]"


def test_python_reads_and_sets_what_the_reader_moves():
    interactive = importlib.import_module("trpobook.widgets.lesson_01").rare_action
    live = interactive.live(log_old=-4)
    before = live.sentence
    live.log_old = -2.0
    assert live.values == {"log_old": -2.0} and live.sentence != before
    with pytest.raises(Exception, match="log_old"):
        live.log_old = 1.0


def test_the_colours_of_the_browser_are_those_of_the_book():
    found = dict(re.findall(r'^  (\w+): \{ color: "(#\w+)"', source("figure.js"), re.MULTILINE))
    for name in ("old", "new", "return", "surrogate", "bound", "forward", "backward", "variation", "variance", "band"):
        assert found[name] == getattr(style, name.upper())["color"], name
    assert found["muted"] == style.MUTED and found["ink"] == style.INK


def test_every_lesson_script_is_of_some_figure():
    scripts = {thing.values[0].script for thing in live_figures()}
    assert {path.name for path in Path(BOOK / "lib/trpobook/widgets").glob("lesson_*.js")} == scripts
