"""The interactive of lesson 05: turn arrows of a gridworld policy, and see whose visits tell the gain."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import traitlets
from matplotlib.patches import Rectangle

from trpobook.book import plots, style
from trpobook.finite.bounds import expected_advantage, performance_difference, surrogate
from trpobook.finite.mdp import GOAL, GRID, TRAP, gridworld
from trpobook.widgets.base import Interactive, Slider

WORLD = gridworld()
CELLS = GRID * GRID
MOVES = "↑→↓←"  # in the order of the world's actions
ARROWS = np.array([MOVES.index(arrow) for arrow in "→→→→→ ↑→↑→↑ ↑→↑→↑ →↑↑→↑ →→→→↑".replace(" ", "")])
FOLLOWED = 0.7  # else one of the four moves, each as likely
OLD = FOLLOWED * np.eye(4)[ARROWS] + (1 - FOLLOWED) / 4
WEIGHTS = np.linspace(0, 1, 41)


def turns(cells: dict[int, int]) -> int:
    """Return {cell: quarter turns to the left} as one number, whose 25 digits in base 4 are the cells' turns."""
    return sum((quarters % 4) * 4**cell for cell, quarters in cells.items() if cell not in (GOAL, TRAP))


def quarters(number: int) -> np.ndarray:
    """Return the quarter turns of the 25 cells, the digits of `turns`; goal and trap have no arrow to turn."""
    digits = np.array([number // 4**cell % 4 for cell in range(CELLS)])
    digits[[GOAL, TRAP]] = 0
    return digits


def turned_policy(number: int, weight: float) -> np.ndarray:
    """Return (1 − weight)·OLD + weight·(OLD with its arrows turned), (25, 4)."""
    target = np.array([np.roll(row, -quarter) for row, quarter in zip(OLD, quarters(number), strict=True)])
    return (1 - weight) * OLD + weight * target


class Turned(NamedTuple):
    """The old policy with some arrows turned, each by the same weight, and what that is worth."""

    quarters: np.ndarray  # (25,)
    weight: float
    new: np.ndarray  # (25, 4)
    visits_old: np.ndarray  # ρ_old, (25,)
    visits_new: np.ndarray
    notes: np.ndarray  # Ā, (25,)
    promised: float  # L = Σ ρ_old Ā
    gained: float  # Σ ρ_new Ā = J(new) − J(old)
    promises: np.ndarray  # along WEIGHTS
    gains: np.ndarray


@functools.lru_cache(maxsize=32)
def _along_weights(number: int) -> tuple[np.ndarray, np.ndarray]:
    policies = [turned_policy(number, weight) for weight in WEIGHTS]
    promises = np.array([surrogate(WORLD, OLD, new) for new in policies])
    return promises, np.array([performance_difference(WORLD, OLD, new) for new in policies])


def compute_turned(turns: int, weight: float) -> Turned:
    """Return visits, promise and gain of the old policy with its arrows turned by `weight`, as `turns` says."""
    new = turned_policy(turns, weight)
    visits = WORLD.visitation(OLD), WORLD.visitation(new)
    worth = surrogate(WORLD, OLD, new), performance_difference(WORLD, OLD, new)
    notes = expected_advantage(WORLD, OLD, new)
    return Turned(quarters(turns), weight, new, *visits, notes, *worth, *_along_weights(turns))


def number_cells(axes) -> None:
    """Write the number of each cell, 5·row + column, into its upper left corner; goal and trap get none."""
    for cell in set(range(CELLS)) - {GOAL, TRAP}:
        corner = cell % GRID - 0.43, cell // GRID - 0.42
        axes.text(*corner, str(cell), va="top", fontsize=8, color=style.INK)


def _number(x: float) -> str:
    return f"{x:.2f}" if x < 10 else f"{x:.1f}"


def draw_turned(axes, turned: Turned) -> None:
    """Draw both policies over their own visits, and promise and true gain against the weight of the turn."""
    policies = (
        (axes[0], "old policy, its visits", OLD, turned.visits_old, style.OLD),
        (axes[1], "new policy, its visits", turned.new, turned.visits_new, style.NEW),
    )
    for panel, title, policy, visits, look in policies:
        words = [_number(x) if quarter else "" for x, quarter in zip(visits, turned.quarters, strict=True)]
        plots.draw_gridworld(panel, visits, policy=policy, words=words, limit=1.5, colour=look["color"])
        for cell in np.flatnonzero(turned.quarters):
            corner = cell % GRID - 0.46, cell // GRID - 0.46
            panel.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, edgecolor=style.INK, linewidth=1.8, zorder=2))
        number_cells(panel)
        panel.set_title(title)

    panel = axes[2]
    panel.axhline(0, color=style.MUTED, linewidth=1)
    panel.plot(WEIGHTS, turned.gains, **style.RETURN)
    panel.plot(WEIGHTS, turned.promises, **style.SURROGATE)
    panel.plot(turned.weight, turned.promised, "o", mfc="white", mew=2, color=style.SURROGATE["color"], markersize=11)
    panel.plot(turned.weight, turned.gained, "o", color=style.RETURN["color"], markersize=7)
    panel.text(0.04, 0.93, "– –  promised, old visits", color=style.SURROGATE["color"], transform=panel.transAxes)
    panel.text(0.04, 0.84, "—   true, new visits", color=style.RETURN["color"], transform=panel.transAxes)
    size = max(np.abs(turned.promises).max(), np.abs(turned.gains).max())
    ladder = np.outer(10.0 ** np.arange(-3, 4), [1, 2, 5]).ravel()
    top = ladder[ladder >= size][0] if turned.quarters.any() else 1.0  # few different axes: they take long to draw
    panel.set(xlim=(-0.04, 1.04), ylim=(-1.1 * top, 1.6 * top), xlabel="weight of the turn", title="gain in J")
    panel.set_xticks([0, 0.5, 1])


def describe_turned(turned: Turned) -> str:
    """Say which arrows are turned, and the numbers of the picture."""
    cells = np.flatnonzero(turned.quarters)
    if len(cells) == 0:
        return f"No arrow is turned: the new policy is the old one (weight {turned.weight:.2f}), and gains nothing."
    where = [
        f"cell {cell} to {MOVES[(ARROWS[cell] - turned.quarters[cell]) % 4]} (Ā = {turned.notes[cell]:+z.3f})"
        for cell in cells[:3]
    ]
    more = f" and {len(cells) - 3} more" if len(cells) > 3 else ""
    return (
        f"Turned with weight {turned.weight:.2f}: {', '.join(where)}{more}. Counted over the old policy's visits the "
        f"advantage is {turned.promised:+z.3f}, over the new policy's own visits {turned.gained:+z.3f}, "
        f"and that is what the return gains."
    )


@dataclass(frozen=True)
class ArrowGrid:
    """The world as 25 buttons; a click turns that cell's arrow to the left by a quarter. Its value is their `turns`."""

    kind: ClassVar[str] = "arrows"
    label: str
    value: int = 0

    def trait(self) -> traitlets.TraitType:
        """Return what holds the number of turns; 25 digits in base 4 are exact in the browser's floats too."""
        return traitlets.Int(self.value, min=0, max=4**CELLS - 1)

    def random_value(self, rng: np.random.Generator) -> int:
        """Return some cells turned, from none to all."""
        cells = rng.choice(CELLS, size=rng.choice([0, 1, 2, 3, 5, CELLS]), replace=False)
        return turns({int(cell): int(rng.integers(4)) for cell in cells})


turned_arrows = Interactive(
    title="arrows of a gridworld policy, turned one by one: the old policy's visits, the new one's, and the gain",
    compute=compute_turned,
    draw=draw_turned,
    describe=describe_turned,
    controls=lambda: {
        "turns": ArrowGrid("Click a cell: its arrow turns to the left.", turns({20: 1, 15: 1})),
        "weight": Slider("weight of the turn", 0, 1, 1, 0.02),
    },
    columns=3,
    width=10.0,
    height=3.7,
    script="lesson_05.js",
    name="turned_arrows",
)
