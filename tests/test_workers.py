"""Jobs in processes of their own: all are done, each by itself, and a failure is not swallowed."""

import os

import pytest

from trpobook.book.workers import side_by_side

pytestmark = pytest.mark.slow  # each process imports PyTorch


def square(number):
    if number < 0:
        raise ValueError(f"no root of {number}")
    return number**2, os.getpid()


def test_each_job_is_done_once_in_a_process_of_its_own():
    found = dict(side_by_side(square, [1, 2, 3], workers=2))
    assert {job: result for job, (result, _) in found.items()} == {1: 1, 2: 4, 3: 9}
    assert len({process for _, process in found.values()} | {os.getpid()}) == 4


def test_a_job_that_fails_says_so():
    with pytest.raises(ValueError, match="no root of -1"):
        list(side_by_side(square, [-1, 2], workers=1))


def test_nothing_to_do_is_done_at_once():
    assert list(side_by_side(square, [])) == []
