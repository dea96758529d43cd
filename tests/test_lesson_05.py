"""Lesson 05: the numbers behind turned arrows, the grid of buttons in the browser, and the error of a guess."""

import numpy as np
import pytest
from traitlets import TraitError

from live_page import page_of
from trpobook.finite.bounds import expected_advantage, guess_error, performance_difference
from trpobook.finite.mdp import GOAL, START, TRAP, gridworld, random_mdp, random_policy
from trpobook.widgets import lesson_05
from trpobook.widgets.lesson_05 import OLD, WORLD, compute_turned, quarters, turned_policy, turns


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


@pytest.fixture
def cell_of(browser):
    """A function that gives the button of a cell, of the interactive on a page, all arrows back."""
    page = browser.new_page()
    page.set_content(page_of(lesson_05.turned_arrows.live(turns=0)))
    yield lambda cell: page.locator(f".world button:nth-child({cell + 1})")
    page.close()


def turned_in(page):
    return page.evaluate("model.get('turns')"), page.locator(".sentence").text_content()


def test_a_click_turns_one_arrow_and_back_turns_all(cell_of):
    button, page = cell_of(15), cell_of(15).page
    _, sentence = turned_in(page)
    button.click()
    assert turned_in(page)[0] == turns({15: 1}) and turned_in(page)[1] != sentence
    assert button.get_attribute("aria-label") == "cell 15, arrow up, turned"
    for _ in range(3):
        button.click()
    assert turned_in(page) == (0, sentence) and button.get_attribute("aria-label") == "cell 15, arrow right"
    cell_of(3).click()
    cell_of(24).click()
    assert turned_in(page)[0] == turns({3: 1, 24: 1})
    page.get_by_text("all arrows back").click()
    assert turned_in(page) == (0, sentence)


def test_keys_turn_the_arrow_that_has_the_focus_to_either_side(cell_of):
    button, page = cell_of(20), cell_of(20).page
    button.focus()
    for key, quarter in (("Enter", 1), ("Space", 2), ("ArrowLeft", 3), ("ArrowLeft", 0), ("ArrowRight", 3), ("Tab", 3)):
        page.keyboard.press(key)
        assert turned_in(page)[0] == turns({20: quarter}), key
    page.keyboard.press("Enter")
    assert turned_in(page)[0] == turns({20: 3, 21: 1})


def test_python_sets_the_arrows_and_the_buttons_show_them(cell_of):
    page = cell_of(0).page
    page.evaluate(
        "n => { model.set('turns', n); model.listeners['change:turns'].forEach((tell) => tell()); }", turns({0: 2})
    )
    assert cell_of(0).get_attribute("aria-label") == "cell 0, arrow left, turned"
    live = lesson_05.turned_arrows.live()
    live.turns = turns({24: 1})
    assert live.values["turns"] == turns({24: 1}) and live.sentence.startswith("Turned with weight 1.00: cell 24 to ←")
    with pytest.raises(TraitError):
        live.turns = 4**25


def test_goal_and_trap_are_no_arrows(cell_of):
    assert [cell for cell in range(25) if cell_of(cell).is_disabled()] == [GOAL, TRAP]
    assert cell_of(GOAL).text_content() == "goal" and cell_of(TRAP).text_content() == "trap"


def test_a_note_of_nothing_has_the_sign_of_nothing():
    said = lesson_05.describe_turned(compute_turned(turns({20: 1, 15: 1}), 0.0))
    assert "-0.000" not in said and said.count("+0.000") == 4


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
