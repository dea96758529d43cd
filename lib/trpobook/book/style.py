"""The look of every figure: one style, one colour and one line style for each meaning.

Importing this module sets matplotlib's defaults for the book.
"""

from __future__ import annotations

import matplotlib
import matplotlib.figure
import numpy as np

FACE = "#FFFFFF"  # opaque: a transparent figure's black text vanishes on a dark theme
INK = "#222222"
MUTED = "#6B6B6B"

# Meanings that meet in one picture differ in hue, lightness and line style; all but BAND, a fill, have a
# contrast of at least 4:1 on white.
OLD = {"color": "#0060A8", "linestyle": "-"}  # the old policy, p
NEW = {"color": "#C44E00", "linestyle": "--"}  # the new policy, q
RETURN = {"color": "#00795C", "linestyle": "-"}  # the true return
SURROGATE = {"color": "#A8328A", "linestyle": "--"}  # what the surrogate promises
BOUND = {"color": "#222222", "linestyle": ":"}  # what a theorem guarantees
FORWARD = {"color": "#0060A8", "linestyle": "-"}  # KL(old‖new)
BACKWARD = {"color": "#C44E00", "linestyle": "--"}  # KL(new‖old)
VARIATION = {"color": "#6A3D9A", "linestyle": "-."}  # total variation
VARIANCE = {"color": "#A8328A", "linestyle": "-."}  # χ², variance
BAND = {"color": "#B8C4CE", "alpha": 0.45}  # the trust region, filled

matplotlib.rcParams.update(
    {
        "figure.facecolor": FACE,
        "savefig.facecolor": FACE,
        "axes.facecolor": FACE,
        "font.size": 12,
        "axes.titlesize": 13,
        "axes.titlelocation": "left",
        "axes.labelsize": 12,
        "xtick.labelsize": 11,
        "ytick.labelsize": 11,
        "legend.frameon": False,
        "legend.fontsize": 11,
        "lines.linewidth": 2.2,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E3E6E8",
        "grid.linewidth": 0.8,
    }
)


def figure(columns: int = 1, *, width: float = 9.0, height: float = 3.8):
    """Return a new Figure, outside pyplot, and its axes: one Axes, or an array of `columns` side by side.

    Width and height in inches. The margins are fixed: no layout engine runs when the figure is drawn again.
    """
    fig = matplotlib.figure.Figure(figsize=(width, height))
    axes = fig.subplots(1, columns)
    fig.subplots_adjust(left=0.75 / width, right=1 - 0.25 / width, bottom=0.62 / height, top=1 - 0.42 / height)
    if columns > 1:
        fig.subplots_adjust(wspace=0.28)
    return fig, (np.asarray(axes) if columns > 1 else axes)
