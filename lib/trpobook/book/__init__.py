"""The book's own apparatus: ledger, references, pictures, recorded results, measurements, the reader's working copy.

Nothing that a training run needs.
"""

from pathlib import Path

BOOK = Path(__file__).resolve().parents[3]
