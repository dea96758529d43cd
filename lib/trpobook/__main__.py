"""The command line: train, evaluate, record, bench, doctor. Errors take one line and exit code 2."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for input or a disk that cannot serve, 130 for Ctrl-C."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"trpobook {options.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"trpobook {options.command}: interrupted; what was saved stays", file=sys.stderr)
        return 130


def build_parser() -> Parser:
    parser = Parser(prog="python -m trpobook", description="Train, evaluate and film trust-region agents.")
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train an agent")
    train.add_argument("--algo", default="trpo", help="trpo, npg, ppo, ppo-kl, reinforce, vine, cem or cma-es (trpo)")
    train.add_argument("--env", required=True, help="task, for instance Hopper-v5")
    train.add_argument("--steps", type=int, default=1_000_000, help="environment steps (1000000)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", default="auto", help="auto, cpu or cuda; auto is the CPU, faster for small networks")
    train.add_argument("--out", type=Path, help="folder of the run (runs/ENV-ALGO-SEED)")
    train.add_argument("--resume", action="store_true", help="go on from the folder's last checkpoint")
    train.set_defaults(run=run_train)

    evaluate = commands.add_parser("evaluate", help="play whole episodes with a trained agent")
    evaluate.add_argument("dir", type=Path)
    evaluate.add_argument("--episodes", type=int, default=20)
    evaluate.set_defaults(run=run_evaluate)

    record = commands.add_parser("record", help="film a trained agent")
    record.add_argument("dir", type=Path)
    record.add_argument("--out", type=Path, default=Path("clip.mp4"))
    record.set_defaults(run=run_record)

    bench = commands.add_parser("bench", help="measure the speeds that the book quotes, here")
    bench.add_argument("--baseline", help="a Python interpreter with sb3-contrib, to compare training with it")
    bench.set_defaults(run=run_bench)

    doctor = commands.add_parser("doctor", help="check the installation")
    doctor.set_defaults(run=run_doctor)
    return parser


def run_train(options) -> int:
    from tqdm import tqdm

    from trpobook.runs.training import train

    out = options.out or Path("runs") / f"{options.env}-{options.algo}-{options.seed}"
    with ExitStack() as stack:
        bar = None

        def show(row: dict) -> None:
            nonlocal bar
            if bar is None:  # not before the first update: what is wrong with the input takes one line, alone
                bar = stack.enter_context(tqdm(total=options.steps, unit=" steps", unit_scale=True, desc=options.env))
            bar.set_postfix({"return": row["return_mean"], "KL": row["kl"]}, refresh=False)
            bar.update(row["steps"] - bar.n)

        summary = train(
            options.env, options.algo, options.steps, options.seed, options.device, out, options.resume, show
        )
    print(json.dumps(summary))
    return 0


def run_evaluate(options) -> int:
    from trpobook.runs.training import restore

    if options.episodes < 1:
        raise ValueError(f"--episodes is {options.episodes}; it must be at least 1")
    trainer = restore(options.dir)
    returns = trainer.evaluate(options.episodes)
    print(
        json.dumps(
            {
                "env": trainer.task,
                "algo": trainer.algo,
                "seed": trainer.seed,
                "steps": trainer.steps,
                "episodes": options.episodes,
                "return_mean": float(returns.mean()),
                "return_std": float(returns.std()),
            }
        )
    )
    return 0


def run_record(options) -> int:
    from trpobook.agents.video import film, write_mp4

    if not options.out.parent.is_dir():
        raise ValueError(f"--out is {options.out}, but there is no folder {options.out.parent}; create it first")
    from trpobook.runs.training import restore

    trainer = restore(options.dir)
    frames = film(trainer.policy, trainer.observation_moments, trainer.task, trainer.seed)
    write_mp4(frames, options.out)
    print(json.dumps({"clip": str(options.out), "frames": len(frames)}))
    return 0


def run_bench(options) -> int:
    from trpobook.book.bench import bench

    print(json.dumps(bench(options.baseline)))
    return 0


def run_doctor(options) -> int:
    from trpobook.book.doctor import main as doctor

    return doctor()


if __name__ == "__main__":
    sys.exit(main())
