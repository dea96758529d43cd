"""Many runs, as many at a time as there are processors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from trpobook.agents.environments import cpu_count

Job, Result = TypeVar("Job"), TypeVar("Result")


def side_by_side(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int | None = None
) -> Iterator[tuple[Job, Result]]:
    """Yield each job and what `work` returned for it, in the order in which they end.

    Each has a process of its own, begun afresh, for two trainers in one process would share PyTorch's number of
    threads. They are started in the order of `jobs`. An exception of one is raised here, when those under way are over.

    Args:
        work: a function of a module, and jobs that can be pickled.
        workers: jobs at a time; one for each processor unless given.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(workers or cpu_count(), mp_context=context, max_tasks_per_child=1) as pool:
        asked = {pool.submit(work, job): job for job in jobs}
        try:
            for future in as_completed(asked):
                yield asked[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
