"""Execute notebooks and store their outputs: ``python tools/execute_notebooks.py notebooks/*.ipynb``.

What changes from run to run, or belongs to one machine, is left out: times, the version of Python, the random
names of widgets. Of a live figure stays what it shows and with which numbers, so that the site can wake it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

WIDGET = "application/vnd.jupyter.widget-view+json"
BOOK = Path(__file__).resolve().parents[1]


def joined(outputs: list) -> list:
    """Return the outputs with printed text in one piece, however slowly it came."""
    found: list = []
    for output in outputs:
        if found and output.output_type == "stream" == found[-1].output_type and output.name == found[-1].name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def clean(notebook: nbformat.NotebookNode) -> None:
    """Delete what is volatile."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def execute(path: Path) -> None:
    """Execute the notebook from its first cell and, if no cell fails, store it with its outputs.

    It runs in a temporary folder beside a link to figures/, so that nothing a simulator writes stays.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "figures").symlink_to(BOOK / "figures")
        here = Path(folder) / "notebooks"
        here.mkdir()
        nbclient.NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(here)}}
        ).execute()
    clean(notebook)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    for notebook_path in parser.parse_args().notebooks:
        print(notebook_path, file=sys.stderr)
        execute(notebook_path)
