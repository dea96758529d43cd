"""Lesson 05: the numbers behind turned arrows, the grid of buttons, and the error of a guess."""

import numpy as np
import pytest

from trpobook.finite.bounds import expected_advantage, guess_error, performance_difference
from trpobook.finite.mdp import GOAL, START, TRAP, gridworld, random_mdp, random_policy
from trpobook.widgets import lesson_05
from trpobook.widgets.lesson_05 import OLD, WORLD, ArrowGrid, compute_turned, quarters, turned_policy, turns


def test_turns_and_quarters_are_inverse():
    cells = {0: 1, 15: 3, 20: 2, 24: 1}
    assert {cell: int(q) for cell, q in enumerate(quarters(turns(cells))) if q} == cells
    assert turns({20: 5}) == turns({20: 1})
    assert turns({GOAL: 1, TRAP: 2}) == 0


def test_one_quarter_turns_the_start_arrow_from_right_to_up():
    new = turned_policy(turns({START: 1}), 1.0)
    assert OLD[START].argmax() == 1 and new[START].argmax() == 0
    others = np.arange(25) != START
    assert np.array_equal(new[others], OLD[others])
    assert np.allclose(turned_policy(turns({START: 1}), 0.25)[START], 0.75 * OLD[START] + 0.25 * new[START])


@pytest.mark.parametrize(
    "cells,promised,gained", [({20: 1}, -0.680, -0.683), ({20: 1, 15: 1}, -0.603, 0.069), ({24: 1}, -0.062, -0.208)]
)
def test_turned_arrows_promise_and_gain_what_the_lesson_says(cells, promised, gained):
    turned = compute_turned(turns(cells), 1.0)
    assert turned.promised == pytest.approx(promised, abs=6e-4)
    assert turned.gained == pytest.approx(gained, abs=6e-4)
    assert turned.gained == pytest.approx(WORLD.expected_return(turned.new) - WORLD.expected_return(OLD), abs=1e-12)
    assert turned.promises == pytest.approx(lesson_05.WEIGHTS * turned.promised, abs=1e-12)  # L is linear
    assert turned.gains[-1] == pytest.approx(turned.gained, abs=1e-12)


def test_a_note_is_zero_where_no_arrow_is_turned():
    notes = expected_advantage(WORLD, OLD, turned_policy(turns({20: 1, 15: 1}), 1.0))
    assert np.allclose(np.delete(notes, [15, 20]), 0, atol=1e-12)


def test_the_sentence_names_cells_by_number_and_gives_their_notes():
    said = lesson_05.describe_turned(compute_turned(turns({20: 1, 15: 1}), 1.0))
    assert "cell 15 to ↑ (Ā = +0.692)" in said and "cell 20 to ↑ (Ā = -0.537)" in said
    assert "-0.603" in said and "+0.069" in said


def test_a_guess_that_is_wrong_by_a_constant_attains_the_bound_by_the_residual():
    rng = np.random.default_rng(2)
    for gamma in (0.5, 0.9, 0.99):
        world = random_mdp(rng, gamma=gamma)
        pi = random_policy(rng, world)
        f = world.value(pi) + 0.7
        move = np.einsum("sa,sat->st", pi, world.transition)
        residual = np.sum(pi * world.reward, axis=1) + gamma * move @ f - f
        assert np.abs(residual).max() / (1 - gamma) == pytest.approx(0.7, rel=1e-9)


def test_a_click_turns_one_arrow_and_back_turns_all():
    live = lesson_05.turned_arrows.live(turns=0)
    grid, sentence = live.controls["turns"], live.sentence.value
    grid.buttons[15].click()
    assert grid.value == turns({15: 1})
    assert grid.buttons[15].description == "↑"
    assert live.sentence.value != sentence
    for _ in range(3):
        grid.buttons[15].click()
    assert grid.value == 0 and grid.buttons[15].description == "→"
    grid.buttons[3].click()
    grid.children[-1].click()
    assert grid.value == 0


def test_goal_and_trap_are_no_arrows():
    grid = ArrowGrid()
    assert {cell for cell, button in enumerate(grid.buttons) if button.disabled} == {GOAL, TRAP}
    assert grid.buttons[GOAL].description == "goal" and grid.buttons[TRAP].description == "trap"


def test_error_of_a_guess_is_the_return_less_the_guess():
    rng = np.random.default_rng(0)
    for world in (gridworld(), random_mdp(rng, gamma=0.8)):
        pi, f = random_policy(rng, world), rng.normal(size=len(world.start))
        expected = world.expected_return(pi) - world.start @ (f * world.live)
        assert guess_error(world, pi, f) == pytest.approx(expected, abs=1e-12)


def test_error_of_the_old_value_is_the_performance_difference():
    rng = np.random.default_rng(1)
    world = gridworld()
    old, new = random_policy(rng, world), random_policy(rng, world)
    assert guess_error(world, new, world.value(old)) == pytest.approx(
        performance_difference(world, old, new), abs=1e-12
    )
