"""The command line: train, evaluate, record, settings, bench, doctor, progress. An error is one line, exit code 2."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for input or a disk that cannot serve, 128 + n for signal n."""
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, closed by the caller: nobody is to be told
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt as stop:
        say(options, str(stop) or "interrupted; what was saved stays")
        return 128 + getattr(stop, "number", 2)
    except Exception as error:
        if options.debug or not is_for_the_reader(error):
            raise
        say(options, str(error))
        return 2


def is_for_the_reader(error: Exception) -> bool:
    """Return whether the error says in one line what to do; any other is a fault of ours, with all its traceback."""
    from trpobook.agents.faults import TaskError

    return isinstance(error, ValueError | OSError | FloatingPointError | TaskError)


def say(options: argparse.Namespace, message: str) -> None:
    """Print one line on standard error, which says of several processes which one it is."""
    who = f", process {os.environ.get('RANK', '?')}" if os.environ.get("WORLD_SIZE", "1") != "1" else ""
    print(f"trpobook {options.command}{who}: {' '.join(message.split())}", file=sys.stderr)


def build_parser() -> Parser:
    parser = Parser(prog="python -m trpobook", description="Train, evaluate and film trust-region agents.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Any, purpose: str) -> Parser:
        made = commands.add_parser(name, help=purpose, description=purpose)
        made.add_argument("--debug", action="store_true", help="show the traceback of an error")
        made.set_defaults(run=run)
        return made

    algorithms = "trpo, npg, ppo, ppo-kl, reinforce, vine, cem or cma-es (trpo)"
    train = command("train", run_train, "train an agent")
    train.add_argument("--algo", default="trpo", help=algorithms)
    train.add_argument("--env", required=True, help="task, for instance Hopper-v5, or my_module:make_my_env")
    train.add_argument("--steps", type=int, default=1_000_000, help="environment steps (1000000)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", default="auto", help="auto, cpu or cuda; auto is the CPU, faster for small networks")
    train.add_argument("--out", type=Path, help="folder of the run (runs/ENV-ALGO-SEED)")
    train.add_argument("--resume", action="store_true", help="go on with the folder's run, or begin one")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a setting, for instance delta=0.02 or hidden=128,128; as often as wanted",
    )
    train.add_argument("--processes", type=int, default=0, metavar="N", help="step the task in N processes")
    train.add_argument("--threads", type=int, default=0, metavar="N", help="PyTorch's threads (1, or as begun)")
    train.add_argument(
        "--evaluate-every", type=int, default=0, metavar="STEPS", help="evaluate in mid-run, into the log"
    )
    train.add_argument("--tensorboard", type=Path, metavar="DIR", help="write the log for TensorBoard, too")

    evaluate = command("evaluate", run_evaluate, "play whole episodes with a trained agent")
    evaluate.add_argument("dir", type=Path, help="the folder of a run, or a file that agent.save wrote")
    evaluate.add_argument("--episodes", type=int, default=20)
    evaluate.add_argument("--device", default="cpu", help="cpu or cuda")

    record = command("record", run_record, "film a trained agent")
    record.add_argument("dir", type=Path, help="the folder of a run, or a file that agent.save wrote")
    record.add_argument("--out", type=Path, default=Path("clip.mp4"))
    record.add_argument("--device", default="cpu", help="cpu or cuda")

    settings = command("settings", run_settings, "list an algorithm's settings, their meaning and their values")
    settings.add_argument("--algo", default="trpo", help=algorithms)
    settings.add_argument("--env", default="", help="show the values for this task")

    bench = command("bench", run_bench, "measure the speeds that the book quotes, here")
    bench.add_argument("--sb3", type=Path, help="a Python interpreter with sb3-contrib, to compare training with it")
    bench.add_argument("--tianshou", type=Path, help="a Python interpreter with tianshou, to compare training with it")
    bench.add_argument("--reach", type=float, default=0, metavar="RETURN", help="time five seeds until Hopper gets it")
    bench.add_argument("--device", default="", help="cuda: updates on the GPU beside the CPU; cpu: the CPU's alone")

    command("doctor", run_doctor, "check the installation")
    command("progress", run_progress, "say which exercises you have solved, and which comes next")
    return parser


def run_train(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from trpobook.runs.front import train
    from trpobook.runs.ranks import place
    from trpobook.runs.settings_text import parsed

    changes = {}
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set is {text!r}; it takes NAME=VALUE, for instance delta=0.02")
        changes[name] = parsed(options.algo, name, value)
    with ExitStack() as stack:
        bar = None

        def show(row: dict[str, Any]) -> None:
            nonlocal bar
            if bar is None:  # not before the first update: what is wrong with the input takes one line, alone
                bar = stack.enter_context(tqdm(total=options.steps, unit=" steps", unit_scale=True, desc=options.env))
            shown = {"return": row["return_mean"], "KL": row.get("kl", "")}
            bar.set_postfix({name: value for name, value in shown.items() if value != ""}, refresh=False)
            bar.update(row["steps"] - bar.n)

        summary = train(
            options.env,
            options.algo,
            options.steps,
            options.seed,
            options.device,
            options.out,
            resume=options.resume,
            settings=changes,
            processes=options.processes,
            threads=options.threads,
            evaluate_every=options.evaluate_every,
            tensorboard=options.tensorboard,
            on_update=show,
        )
    if place()[0] == 0:  # of several processes one speaks for all
        print(json.dumps(summary))
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    from trpobook.runs.front import load

    agent = load(options.dir, device=options.device)
    returns = agent.evaluate(options.episodes)
    about = {name: agent.about[name] for name in ("algo", "seed", "steps")}
    result = {"episodes": options.episodes, "return_mean": float(returns.mean()), "return_std": float(returns.std())}
    print(json.dumps({"env": agent.task.name, **about, **result}))
    return 0


def run_record(options: argparse.Namespace) -> int:
    from trpobook.agents.video import film, write_mp4
    from trpobook.runs.front import load

    if not options.out.parent.is_dir():
        raise ValueError(f"--out is {options.out}, but there is no folder {options.out.parent}; create it first")
    if options.out.suffix != ".mp4":
        raise ValueError(f"--out is {options.out}; a clip is an .mp4 file")
    agent = load(options.dir, device=options.device)
    frames = film(agent.policy, agent.moments, agent.task, agent.about["seed"])
    write_mp4(frames, options.out)
    print(json.dumps({"clip": str(options.out), "frames": len(frames)}))
    return 0


def run_settings(options: argparse.Namespace) -> int:
    from trpobook.runs.settings_text import described

    print(described(options.algo, options.env))
    return 0


def run_bench(options: argparse.Namespace) -> int:
    from trpobook.book.bench import bench

    for name in ("sb3", "tianshou"):
        if (python := getattr(options, name)) and not os.access(python, os.X_OK):
            raise ValueError(f"--{name} is {python}, but there is no such program; give a Python interpreter")
    pythons = (path and str(path) for path in (options.sb3, options.tianshou))
    print(json.dumps(bench(*pythons, options.reach, options.device)))
    return 0


def run_progress(options: argparse.Namespace) -> int:
    from trpobook.book.lab import WORKING_COPY
    from trpobook.book.progress import report

    print(report(WORKING_COPY))
    return 0


def run_doctor(options: argparse.Namespace) -> int:
    from trpobook.book.doctor import main as doctor

    return doctor()


if __name__ == "__main__":
    sys.exit(main())
