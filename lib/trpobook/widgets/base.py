"""The pattern of the interactives: a pure function computes, a pure function draws, sliders join them."""

from __future__ import annotations

import html
import io
import itertools
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from trpobook.book import plots, style


@dataclass(frozen=True)
class Interactive:
    """An interactive picture.

    Attributes:
        title: a few words.
        compute: named values -> the numbers to draw; pure.
        draw: (axes, result) -> None; draws on the given axes, which hold only ticks; makes no others.
        describe: result -> one sentence that says what the picture shows now.
        controls: () -> {name: fresh ipywidgets control with a ``value``}, in the order of the page.
        columns, width, height: of the figure, in axes and inches.
        scene: axes -> None; draws what never changes, once, below what `draw` draws. None for nothing.
    """

    title: str
    compute: Callable[..., Any]
    draw: Callable[[Any, Any], None]
    describe: Callable[[Any], str]
    controls: Callable[[], Mapping[str, ipywidgets.Widget]]
    columns: int = 1
    width: float = 9.0
    height: float = 3.8
    scene: Callable[[Any], None] | None = None

    def picture(self, **values) -> tuple[Figure, str]:
        """Return the figure and its sentence, for the given values and the controls' own for the rest."""
        result = self.compute(**({name: c.value for name, c in self.controls().items()} | values))
        figure, axes = style.figure(self.columns, width=self.width, height=self.height)
        if self.scene:
            self.scene(axes)
        self.draw(axes, result)
        return figure, self.describe(result)

    def still(self, **values) -> None:
        """Display the picture, with its sentence, as it stands without sliders."""
        plots.show(*self.picture(**values))

    def live(self, **values) -> Live:
        """Return the picture with its sliders, started at the given values."""
        return Live(self, values)


class Live(ipywidgets.VBox):
    """The sliders, the picture and its sentence. One Figure is drawn again and again, no layout engine."""

    def __init__(self, interactive: Interactive, values: Mapping[str, Any]) -> None:
        """Draw once, then whenever a control's value changes."""
        self.interactive = interactive
        self.controls = dict(interactive.controls())
        for name, value in values.items():
            self.controls[name].value = value
        self.figure, self.axes = style.figure(interactive.columns, width=interactive.width, height=interactive.height)
        if interactive.scene:
            interactive.scene(self.axes)
        self._scene = {artist for axes in self.figure.axes for artist in _drawn(axes)}
        self.canvas, self._frame, self._background = FigureCanvasAgg(self.figure), None, None
        width = f"{interactive.width * 100:.0f}px"
        self.picture = ipywidgets.Image(format="png", layout={"width": "100%", "max_width": width})
        self.sentence = ipywidgets.HTML(layout={"max_width": width})
        for control in self.controls.values():
            if isinstance(control, ipywidgets.widget_description.DescriptionWidget):
                control.style.description_width = "170px"
            control.layout.width = "min(520px, 100%)"
            control.observe(self._on_change, "value")
        super().__init__([*self.controls.values(), self.picture, self.sentence])
        self.refresh()

    def refresh(self) -> None:
        """Compute and draw for the controls' values; show an error as "Widget error: …", then raise it."""
        try:
            result = self.interactive.compute(**{name: control.value for name, control in self.controls.items()})
            for axes in self.figure.axes:
                _wipe(axes, self._scene)
            self.interactive.draw(self.axes, result)
            self.picture.value = self._render()
            self._say(self.interactive.describe(result))
        except Exception as error:  # ipywidgets hides a callback's errors: show it where the reader looks, then raise
            self._say(f"Widget error: {type(error).__name__}: {error}")
            raise

    def _render(self) -> bytes:
        """Return the picture as PNG; axes, ticks and labels, most of the work, are drawn again only if they changed."""
        drawn = {axes: _drawn(axes, self._scene) for axes in self.figure.axes}
        frame = [_frame(axes) for axes in drawn]
        if frame != self._frame:
            for artist in itertools.chain(*drawn.values()):
                artist.set_visible(False)
            self.canvas.draw()
            for artist in itertools.chain(*drawn.values()):
                artist.set_visible(True)
            self._frame, self._background = frame, self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._background)
        for axes, artists in drawn.items():
            for artist in sorted(artists, key=lambda artist: artist.zorder):
                axes.draw_artist(artist)
        buffer = io.BytesIO()
        image = Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3])
        image.save(buffer, format="png", compress_level=1)
        return buffer.getvalue()

    def _on_change(self, _change) -> None:
        self.refresh()

    def _say(self, text: str) -> None:
        self.sentence.value = f'<p role="status" aria-live="polite" style="line-height:1.4">{html.escape(text)}</p>'

    def __repr__(self) -> str:
        """Return what a page without a running kernel shows in place of the sliders."""
        return f"[interactive: {self.interactive.title}; run the lesson to use it]"


def _drawn(axes: Axes, scene: Set[Artist] = frozenset()) -> list[Artist]:
    """Return what was drawn into the axes: everything but ticks, labels, title, spines and the scene."""
    legend = [axes.get_legend()] if axes.get_legend() is not None else []
    drawn = [*axes.lines, *axes.patches, *axes.collections, *axes.texts, *axes.images, *legend]
    return [artist for artist in drawn if artist not in scene]


def _frame(axes: Axes) -> tuple:
    """Return what the axes look like without what was drawn into them."""
    ticks = [axis.get_major_formatter().format_ticks(axis.get_majorticklocs()) for axis in (axes.xaxis, axes.yaxis)]
    return axes.get_xlim(), axes.get_ylim(), ticks, axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()


def _wipe(axes: Axes, scene: Set[Artist]) -> None:
    """Remove what was drawn and keep the ticks: making those anew, as clear() does, costs most of a frame."""
    for artist in _drawn(axes, scene):
        artist.remove()
    axes.containers.clear()
    axes.relim()
    axes.set_prop_cycle(None)


def slider(description: str, low: float, high: float, start: float, step: float = 0.01) -> ipywidgets.FloatSlider:
    """Return a slider that answers while it moves, and to the arrow keys when it has the focus."""
    return ipywidgets.FloatSlider(start, min=low, max=high, step=step, description=description, readout_format=".3g")
