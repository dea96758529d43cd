"""The quick mode: fewer steps, and nothing else."""

import os


def full_or_quick(full, quick):
    """Return ``full``, or ``quick`` where the environment variable TRPOBOOK_QUICK is 1.

    The quick mode shrinks step counts and nothing else; the tests that open every lesson in a browser set it.
    """
    return quick if os.environ.get("TRPOBOOK_QUICK") == "1" else full
