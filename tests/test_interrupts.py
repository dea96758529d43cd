"""The first signal is noted, a second one stops at once, and the handlers of before come back."""

import signal

import pytest

from trpobook.runs.interrupts import SIGNALS, Interrupted, patient_with_signals


@pytest.fixture(autouse=True)
def listening():
    """All signals as a terminal's program has them: what runs in the background may have been told to ignore some."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_a_wish_and_the_second_an_order(number):
    with pytest.raises(Interrupted, match="stopped at once") as caught, patient_with_signals() as wish:
        assert wish.number == 0
        signal.raise_signal(number)
        assert wish.number == number
        signal.raise_signal(number)
    assert caught.value.number == number


def test_the_handlers_of_before_come_back():
    def own(number, frame):
        raise AssertionError

    signal.signal(signal.SIGTERM, own)
    with patient_with_signals():
        assert signal.getsignal(signal.SIGTERM) is not own
    assert signal.getsignal(signal.SIGTERM) is own


def test_a_signal_that_is_ignored_stays_so_as_under_nohup():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with patient_with_signals() as wish:
        signal.raise_signal(signal.SIGTERM)
        assert wish.number == 0
