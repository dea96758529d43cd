"""The pattern of the interactives: a pure function computes, a pure function draws, controls join them.

Each is written twice. In Python it computes and draws by matplotlib, for the still on the page and for print; in
JavaScript it does the same in the browser, in JupyterLab and on the site alike, so that no kernel stands between a
reader's hand and the picture. A test holds the two to the same numbers and the same sentence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any, ClassVar

import anywidget
from matplotlib.figure import Figure
from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Float, TraitType

from trpobook.book import plots, style

# What a stored page holds of a figure, for whoever shows it without a kernel.
FIGURE_MIME = "application/vnd.trpobook.figure+json"


@dataclass(frozen=True)
class Slider:
    """A number between `low` and `high`; it answers while it moves, and to the arrow keys when it has the focus."""

    kind: ClassVar[str] = "slider"
    label: str
    low: float
    high: float
    value: float
    step: float = 0.01

    def trait(self) -> TraitType:
        return Float(self.value, min=self.low, max=self.high)


@dataclass(frozen=True)
class Switch:
    """On or off."""

    kind: ClassVar[str] = "switch"
    label: str
    value: bool = True

    def trait(self) -> TraitType:
        return Bool(self.value)


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    kind: ClassVar[str] = "choice"
    label: str
    options: Sequence[str]
    value: str

    def trait(self) -> TraitType:
        return Enum(list(self.options), self.value)


@dataclass(frozen=True)
class Interactive:
    """An interactive picture.

    Attributes:
        title: a few words.
        compute: named values -> the numbers to draw; pure.
        draw: (axes, result) -> None; draws on the given axes; makes no others.
        describe: result -> one sentence that says what the picture shows now.
        controls: () -> {name: control with a ``value``}, in the order of the page.
        columns, width, height: of the figure, in axes and inches.
        script: the file of this folder that holds its JavaScript, under `name` in FIGURES.
        data: () -> what the script is given besides the values, as JSON has it.
    """

    title: str
    compute: Callable[..., Any]
    draw: Callable[[Any, Any], None]
    describe: Callable[[Any], str]
    controls: Callable[[], Mapping[str, Any]]
    script: str
    name: str
    columns: int = 1
    width: float = 9.0
    height: float = 3.8
    data: Callable[[], Any] = lambda: None

    def picture(self, **values) -> tuple[Figure, str]:
        """Return the figure and its sentence, for the given values and the controls' own for the rest."""
        result = self.compute(**({name: c.value for name, c in self.controls().items()} | values))
        figure, axes = style.figure(self.columns, width=self.width, height=self.height)
        self.draw(axes, result)
        return figure, self.describe(result)

    def still(self, **values) -> None:
        """Display the picture, with its sentence, as it stands without controls."""
        plots.show(*self.picture(**values))

    def live(self, **values) -> LiveFigure:
        """Return the picture with its controls, started at the given values; each can be read and set by its name."""
        controls = self.controls()
        traits = {name: control.trait().tag(sync=True) for name, control in controls.items()}
        return type("LiveFigure", (LiveFigure,), traits)(self, controls, values)


class LiveFigure(anywidget.AnyWidget):
    """The controls, the picture and its sentence, drawn by the browser; one trait for each control."""

    figure, title = AnyTrait().tag(sync=True), AnyTrait().tag(sync=True)
    settings, data = AnyTrait().tag(sync=True), AnyTrait().tag(sync=True)

    def __init__(self, interactive: Interactive, controls: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self.interactive, self.names = interactive, tuple(controls)
        self._esm, self._css = module(interactive.script), source("flagships.css")
        settings = [{"name": name, "kind": each.kind, **asdict(each)} for name, each in controls.items()]
        super().__init__(
            figure=interactive.name, title=interactive.title, settings=settings, data=interactive.data(), **values
        )

    @property
    def values(self) -> dict[str, Any]:
        """What the controls stand at."""
        return {name: getattr(self, name) for name in self.names}

    @property
    def sentence(self) -> str:
        """What the picture shows now."""
        return self.interactive.describe(self.interactive.compute(**self.values))

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        stored = {name: getattr(self, name) for name in ("figure", "title", "settings")}
        stored |= {"script": self.interactive.script, "values": self.values}
        stored["data"] = json.dumps(self.data, separators=(",", ":"))  # one line: a notebook gives each number one
        data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
        data = {**data, "text/plain": repr(self), FIGURE_MIME: stored}
        return (data, *rest) if rest else data

    def __repr__(self) -> str:
        """Return what a page without a running kernel shows in its place."""
        return f"[interactive: {self.title}; run the lesson to wake this picture]"


SCRIPTS = ("numbers.js", "gridworld.js", "drawing.js", "figure.js")


def source(name: str) -> str:
    """Return the text of a file of this folder."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def module(script: str) -> str:
    """Return the JavaScript module that shows the figures of a lesson's script, in Jupyter and elsewhere."""
    code = "\n".join(source(name) for name in (*SCRIPTS, script))
    return f"{code}\nexport default {{ PlainModel, render({{ model, el }}) {{ startFigure(el, model); }} }};\n"
