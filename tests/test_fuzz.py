"""Command lines drawn at random: whatever is typed, the exit code is 0, or 2 with one line, and never a traceback.

TRPOBOOK_FUZZ=2000 tries that many.
"""

import contextlib
import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trpobook.__main__ import main
from trpobook.runs.front import train
from trpobook.runs.settings import ALGORITHMS, SearchSettings, field_of

pytestmark = pytest.mark.slow

TASK = "InvertedPendulum-v5"
TINY = {"num_envs": "2", "batch_size": "32", "hidden": "4", "value_epochs": "1"}
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
numbers = st.one_of(
    st.sampled_from(
        ["0", "1", "-1", "2", "7", "30", "0.5", "1e9", "nan", "inf", "-inf", "1e400", "9" * 30, "0x10", ""]
    ),
    st.integers(-3, 60).map(str),
    st.floats().map(str),
    words,
)
tasks = st.one_of(
    st.sampled_from(
        [TASK, "CartPole-v1", "Pendulum-v1", "FrozenLake-v1", "Hopper-v99", "Hopper", "os:path", ".x:Y-v0"]
    ),
    st.sampled_from(["numpy:array", "json:loads", "NoSuch-v0", "a:b:c-v1", "no/such:thing", "CartPole-v0", "Ant-v5"]),
    words,
)
algorithms = st.one_of(st.sampled_from([*ALGORITHMS, "sarsa"]), words)
folders = st.sampled_from(["new", "run", "foreign", "file", "file/below", "agent.pt", ".", "", "/proc/x", "no/where"])
devices = st.sampled_from(["cpu", "auto", "cuda", "tpu", ""])


def option(name, values):
    """A strategy for nothing, or `name` and one of the values."""
    return st.one_of(
        st.just([]), values.map(lambda value: [f"{name}={value}"] if value.startswith("-") else [name, value])
    )


def joined(*parts):
    return st.tuples(*parts).map(lambda lists: [word for part in lists for word in part])


@st.composite
def changes(draw):
    """Settings: small ones that train in an instant, and one drawn at random."""
    algo = draw(st.sampled_from(list(ALGORITHMS)))
    known = [name for name in (*TINY, "delta", "gamma", "checkpoint_steps", "clip") if _is_setting(algo, name)]
    small = {name: value for name, value in TINY.items() if name in known}
    if ALGORITHMS[algo] is SearchSettings:
        small["batch_size"] = "2"
    if algo == "vine":
        small |= {"branch_states": "2", "horizon": "3"}
    name = draw(st.one_of(st.sampled_from(known), words))
    changed = draw(st.one_of(st.just([]), numbers.map(lambda value: ["--set", f"{name}={value}"])))
    return ["--algo", algo, *(word for k, v in small.items() for word in ("--set", f"{k}={v}")), *changed]


def _is_setting(algo, name):
    try:
        field_of(algo, name)
    except ValueError:
        return False
    return True


few = st.sampled_from(["1", "40", "60"])
train_lines = st.one_of(
    joined(
        st.just(["train", "--env"]),
        st.sampled_from([TASK, "CartPole-v1", "Pendulum-v1"]).map(lambda task: [task]),
        few.map(lambda steps: ["--steps", steps]),
        changes(),
        option("--out", folders),
        option("--seed", numbers),
        option("--device", devices),
        option("--processes", st.sampled_from(["0", "-1", "x", "1000000"])),
        option("--evaluate-every", st.sampled_from(["0", "-5", "x"])),
        st.sampled_from([[], ["--resume"]]),
    ),
    joined(
        st.just(["train"]),
        option("--env", tasks),
        option("--algo", algorithms),
        st.sampled_from(["0", "-1", "x", "", "1", "1e3", "٣"]).map(lambda steps: [f"--steps={steps}"]),
        option("--set", words),
        option("--out", folders),
    ),
)
other_lines = st.one_of(
    joined(
        st.sampled_from([["evaluate"], ["record"]]),
        folders.map(lambda folder: [folder]),
        option("--episodes", st.one_of(st.sampled_from(["1", "2", "0", "-1", "x"]), words)),
        option("--device", devices),
    ),
    joined(st.just(["settings"]), option("--algo", algorithms), option("--env", tasks)),
    st.lists(words, max_size=4),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run, an agent, a file and somebody else's folder, and the process in it."""
    here = tmp_path_factory.mktemp("fuzz")
    before = Path.cwd()
    os.chdir(here)
    train(TASK, steps=40, out="run", settings={"num_envs": 2, "batch_size": 32, "hidden": (4,), "value_epochs": 1})
    (here / "agent.pt").write_bytes((here / "run" / "final.pt").read_bytes())
    (here / "file").write_text("text")
    (here / "foreign").mkdir()
    (here / "foreign" / "thesis.tex").write_text("years of work")
    yield here
    os.chdir(before)


@given(st.one_of(train_lines, other_lines))
@settings(
    max_examples=int(os.environ.get("TRPOBOOK_FUZZ", "100")),
    deadline=None,
    derandomize="TRPOBOOK_FUZZ" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
def test_no_command_line_ends_in_a_traceback(place, line):
    for folder in place.glob("runs/*"):
        folder.rename(tempfile.mkdtemp(dir=place.parent) + "/old")
    printed, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        try:
            code = main(line)
        except SystemExit as stop:
            code = stop.code
    said = errors.getvalue()
    assert code in (0, 2), (line, code, said)
    assert "Traceback" not in said
    if code == 2:
        assert said.splitlines()[-1].startswith(("trpobook ", "python -m trpobook")), (line, said)
    assert (place / "foreign" / "thesis.tex").read_text() == "years of work"
    assert (place / "file").read_text() == "text"
