"""Pictures for the page: a figure as PNG with its sentence, and labels that stand beside their lines."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from trpobook.book import style
from trpobook.finite.mdp import GOAL, GRID, MOVES, START, TRAP

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def png(figure: Figure, *, dpi: int = 100) -> bytes:
    """Return the figure as PNG of at most 256 colours, which look the same and take a third of the room."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    buffer = io.BytesIO()
    pixels.quantize(256, dither=Image.Dither.NONE).save(buffer, format="png", compress_level=9)
    return buffer.getvalue()


def show(figure: Figure, caption: str) -> None:
    """Display a still picture and, below it, a sentence that says what it shows.

    The sentence is also the picture's alternative text.
    """
    width = int(figure.get_figwidth() * 100)
    data = {"image/png": png(figure, dpi=160), "text/plain": caption}
    display(data, metadata={"image/png": {"width": width, "alt": caption}}, raw=True)
    display(Markdown(f"*{caption}*"))


def show_png(file: Path, caption: str) -> None:
    """Display a picture stored as PNG, and its sentence: for a lesson that can't make the picture here."""
    data = {"image/png": file.read_bytes(), "text/plain": caption}
    display(data, metadata={"image/png": {"width": 900, "alt": caption}}, raw=True)
    display(Markdown(f"*{caption}*"))


def label(axes: Axes, line: Line2D, text: str, *, at: float = 1.0, dx: float = 4, dy: float = 0, **alignment) -> None:
    """Write text in a line's colour beside a point of it: at = 0 the first, 1 the last; dx, dy in points."""
    x, y = line.get_data()
    index = round(at * (len(x) - 1))
    axes.annotate(
        text,
        (x[index], y[index]),
        (dx, dy),
        textcoords="offset points",
        color=line.get_color(),
        annotation_clip=False,
        **({"va": "center", "ha": "left"} | alignment),
    )


def bars(axes: Axes, names: list[str], old, new) -> None:
    """Draw two distributions over the same outcomes as pairs of bars, the old solid, the new hatched."""
    places = range(len(names))
    axes.bar([i - 0.2 for i in places], old, 0.38, color=style.OLD["color"], label="old p")
    axes.bar(
        [i + 0.2 for i in places],
        new,
        0.38,
        facecolor="white",
        edgecolor=style.NEW["color"],
        hatch="///",
        label="new q",
    )
    axes.set_xticks(list(places), names)
    axes.set(ylim=(0, 1), ylabel="probability")
    axes.grid(False, axis="x")


def powers_of_ten(axis: Axis, exponents) -> None:
    """Mark powers of ten on an axis that shows log₁₀ of a quantity; far faster than a log scale."""
    names = [f"10{str(e).translate(SUPERSCRIPTS)}" for e in exponents]
    axis.set_ticks(list(exponents), names)


def show_array(pixels: np.ndarray, caption: str) -> None:
    """Display a picture given as (height, width, 3) bytes, a film strip for instance, and its sentence."""
    height, width = pixels.shape[:2]
    figure = Figure(figsize=(width / 100, height / 100))
    figure.figimage(pixels)
    data = {"image/png": png(figure), "text/plain": caption}
    display(data, metadata={"image/png": {"width": min(width, 960), "alt": caption}}, raw=True)
    display(Markdown(f"*{caption}*"))


class Growing:
    """A picture on the page that is drawn again while numbers come in; what it shows last is stored as a PNG.

    It needs no widget: it works wherever a notebook runs, and on a page without a kernel the last drawing stays.
    """

    def __init__(self, figure: Figure, caption: str, *, every: float = 1.0) -> None:
        """Display the figure as it is; `every` is the least time between two drawings, seconds."""
        self.figure, self.caption, self.every = figure, caption, every
        self.handle = display(*self._picture(), **self._details(), display_id=True)
        self.drawn = time.monotonic()
        display(Markdown(f"*{caption}*"))

    def due(self) -> bool:
        """Return whether it is time to draw again."""
        return time.monotonic() - self.drawn >= self.every

    def update(self) -> None:
        """Show the figure as it now is."""
        self.handle.update(*self._picture(), **self._details())
        self.drawn = time.monotonic()

    def _picture(self) -> tuple:
        return ({"image/png": png(self.figure, dpi=110), "text/plain": self.caption},)

    def _details(self) -> dict:
        width = int(self.figure.get_figwidth() * 100)
        return {"metadata": {"image/png": {"width": width, "alt": self.caption}}, "raw": True}


def column(rows: list[dict], name: str) -> np.ndarray:
    """Return a column of the training log as numbers; an empty cell becomes NaN."""
    return np.array([np.nan if row[name] == "" else row[name] for row in rows], float)


def draw_training(axes, rows: list[dict], steps: int) -> None:
    """Draw a run so far on three axes: mean return, KL of each update against δ, steps a second.

    Args:
        rows: of the training log.
        steps: where the run will end; fixes the horizontal axis.
    """
    thousands = column(rows, "steps") / 1000
    for panel, title in zip(axes, ("return", "KL(old‖new) of each update", "speed"), strict=True):
        panel.clear()
        panel.set(title=title, xlim=(0, steps / 1000), xlabel="thousand steps")
    returns, divergence, speed = axes

    returns.plot(thousands, column(rows, "return_mean"), **style.RETURN)
    returns.set(ylabel="mean of the last 20 episodes", ylim=(0, None))

    limit = rows[-1]["kl_limit"]
    accepted = column(rows, "accepted") == 1
    if np.isfinite(limit):
        divergence.axhspan(0, limit, **style.BAND, linewidth=0)
        divergence.text(0, 1.03 * limit, f" δ = {limit:g}", color=style.MUTED)
    divergence.plot(thousands[accepted], column(rows, "kl")[accepted], ".", color=style.OLD["color"], markersize=4)
    divergence.plot(thousands[~accepted], column(rows, "kl")[~accepted], "x", color=style.NEW["color"], markersize=7)
    divergence.set(ylabel="nats", ylim=(0, 1.3 * limit if np.isfinite(limit) else None))

    seconds = np.cumsum(sum(column(rows, name) for name in rows[-1] if name.endswith("_seconds")))
    sampled, first = column(rows, "steps"), np.maximum(np.arange(len(rows)) - 20, -1)
    before = np.where(first < 0, 0, sampled[first]), np.where(first < 0, 0, seconds[first])
    speed.plot(thousands, (sampled - before[0]) / (seconds - before[1]), color=style.INK)
    speed.set(ylabel="steps a second", ylim=(0, None))


def draw_batch(axes: Axes, terminated: np.ndarray, truncated: np.ndarray, valid: np.ndarray) -> None:
    """Draw a batch as a map, time to the right, one line an environment; all arguments are (T, n) booleans."""
    kinds = np.where(~valid, 3, np.where(truncated, 2, np.where(terminated, 1, 0)))
    colours = ["#E3E9EF", style.NEW["color"], style.OLD["color"], style.INK]
    axes.imshow(kinds.T, cmap=ListedColormap(colours), vmin=0, vmax=3, aspect="auto", interpolation="nearest")
    axes.grid(False)
    axes.set(xlabel="step of the batch", ylabel="environment")


def draw_gridworld(axes: Axes, shade=None, *, policy=None, words=None, limit=None, colour=style.RETURN["color"]):
    """Draw the book's 5×5 gridworld on the axes, start, goal and trap named; row 0 is at the top.

    Args:
        shade: one number a cell, (25,): white at 0, towards `colour` above it, towards magenta below.
        policy: (25, 4); each move that is made gets an arrow as long as its probability.
        words: 25 short texts for the cells' lower edges, "" for none; goal and trap show none.
        limit: the number that gets the full colour; the largest |shade| if left out.
    """
    shade = np.zeros(GRID * GRID) if shade is None else np.asarray(shade)
    limit = (np.abs(shade).max() or 1) if limit is None else limit
    colours = LinearSegmentedColormap.from_list("shade", [style.SURROGATE["color"], "white", colour])
    edges = np.arange(GRID + 1) - 0.5
    cells = shade.reshape(GRID, GRID)
    # the full colour at ±1.8 limits: arrows and words must stand out on the darkest cell
    axes.pcolormesh(
        edges, edges, cells, cmap=colours, vmin=-1.8 * limit, vmax=1.8 * limit, edgecolors="#C9CDD1", linewidth=0.8
    )
    for cell, name in ((GOAL, "goal\n+1"), (TRAP, "trap\n−1")):
        axes.text(cell % GRID, cell // GRID, name, ha="center", va="center", fontsize=10, color=style.INK)
    axes.text(START % GRID, START // GRID + 0.56, "start", ha="center", va="top", fontsize=10, color=style.INK)
    if policy is not None:
        shown = np.array(policy)
        shown[[GOAL, TRAP]] = 0
        cell, move = np.nonzero(shown > 0.02)
        down, right = np.array(MOVES).T
        length, lift = (0.42, 0) if words is None else (0.32, 0.14)
        length = length * shown[cell, move]
        arrows = {
            "angles": "xy",
            "scale_units": "xy",
            "scale": 1,
            "width": 0.012,
            "headwidth": 3.5,
            "headlength": 2.5,
            "headaxislength": 2.5,
        }
        place = cell % GRID, cell // GRID - lift
        axes.quiver(*place, length * right[move], length * down[move], color=style.INK, **arrows)
    for cell, word in enumerate(words or ()):
        if word and cell not in (GOAL, TRAP):
            axes.text(cell % GRID, cell // GRID + 0.47, word, ha="center", va="bottom", fontsize=9, color=style.INK)
    axes.grid(False)
    axes.set(xlim=(-0.5, GRID - 0.5), ylim=(GRID - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_walks(axes: Axes, cells: np.ndarray, steps: np.ndarray, looks: list[dict]) -> None:
    """Draw walks on the gridworld, each a little beside the others, a dot at its end.

    A walk into goal or trap stops at the edge of that cell, for its name stands there.

    Args:
        cells: s_0, s_1, … of each walk, (n, T + 1).
        steps: how many of them each walk made, (n,).
        looks: colour and line style of each walk.
    """
    ends = {}
    for k, (walk, count, look) in enumerate(zip(cells, steps, looks, strict=True)):
        place = np.array(np.divmod(walk[: count + 1], GRID), float)
        if walk[count] in (GOAL, TRAP):
            place[:, -1] = place[:, -2] + 0.55 * (place[:, -1] - place[:, -2])
        place += 0.07 * (k - (len(cells) - 1) / 2)
        # one line for all walks that look alike, the pen lifted in between: drawing a line takes a millisecond
        pen = ends.setdefault(tuple(look.items()), [])
        pen += [place, np.full((2, 1), np.nan)]
        axes.plot(place[1, -1], place[0, -1], "o", color=look["color"], markersize=5)
    for look, pieces in ends.items():
        rows, columns = np.hstack(pieces)
        axes.plot(columns, rows, **dict(look), linewidth=1.6)
