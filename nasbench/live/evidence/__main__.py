"""`python -m nasbench.live.evidence`: search CIFAR-10 with the hybrid, train the architecture found and two references,
test the hypothesis.

A call ends before the first epoch after its time limit, or when it is interrupted, and leaves a valid file; the next
call resumes. Only registered plans count: `--register` fixes a plan with the current sources.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import torch

from nasbench.errors import NasbenchError
from nasbench.files.locks import only_writer
from nasbench.live.evidence.clock import Clock, TimeBudgetExhaustedError
from nasbench.live.evidence.cost import cost, expected_rate, extrapolated_accuracy
from nasbench.live.evidence.plans import PLANS, REHEARSAL, EvidenceConfig
from nasbench.live.evidence.record import new_record, open_record
from nasbench.live.evidence.registration import FOLDER, covering, register
from nasbench.live.evidence.run import EvidenceRun
from nasbench.live.evidence.sources import sources_digest
from nasbench.live.hardware.torch_device import choose_device
from nasbench.live.tasks import cifar10
from nasbench.live.tasks.task import Splits, task_folder
from nasbench.live.training.training import stderr_reporter

IMAGES = 45_000, 5_000
"""Training and search images of CIFAR-10."""
REHEARSED = 256, 128, 256
"""Training, search and test examples of a rehearsal."""
DONE, WRONG_USE, UNFINISHED, INTERRUPTED = 0, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Collect evidence; return 0 when it is complete, 3 at the time limit, 2 for wrong use or bad input."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except TimeBudgetExhaustedError:
        stderr_reporter(
            f"The time limit is reached; results so far are in {options.out}, and the same command resumes."
        )
        return UNFINISHED
    except KeyboardInterrupt:
        stderr_reporter(f"Interrupted; results so far are in {options.out}, and the same command resumes.")
        return INTERRUPTED
    except (NasbenchError, OSError) as fault:
        stderr_reporter(f"evidence: {fault}")
        return WRONG_USE


def default_out() -> Path:
    """Return `reports/evidence` in a checkout, else `results/evidence`, since an installed package must not be written
    to.
    """
    return Path("reports/evidence" if Path("reports/hypotheses").resolve() == FOLDER else "results/evidence")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nasbench.live.evidence", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--data", type=Path, help="CIFAR-10: a folder with its six binary files or all parts; default: the cache"
    )
    parser.add_argument(
        "--out", type=Path, default=default_out(), help="folder of the evidence file (default: %(default)s)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder of checkpoints; default: on a CPU in the cache, on a GPU none"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="time limit, after which no epoch starts; default: none"
    )
    parser.add_argument("--device", default="cuda", help="cuda or cpu, each with its own plan")
    parser.add_argument("--threads", type=int, help="number of CPU threads; default: all cores")
    parser.add_argument("--rehearsal", action="store_true", help="a tiny run to check that everything works")
    parser.add_argument(
        "--plan",
        action="store_true",
        help="print the plan and its cost, without data or device, and run nothing",
    )
    parser.add_argument(
        "--register", action="store_true", help="register the plan with the current sources, and run nothing"
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    if not options.minutes > 0:
        raise NasbenchError(f"--minutes is {options.minutes:g}; it should be a positive number.")
    if options.threads is not None and options.threads < 1:
        raise NasbenchError(f"--threads is {options.threads}; it should be 1 or more.")
    config = _plan(options)
    if options.register:
        stderr_reporter(
            f"registered: {register(config.as_dict(), sources_digest(), extrapolated_accuracy(cost(config, *IMAGES).seed), FOLDER)}"
        )
        return DONE
    if not options.device.startswith("cuda"):
        torch.set_num_threads(options.threads or os.cpu_count() or 1)
    if options.plan:
        rate = expected_rate(config, torch.device(options.device.partition(":")[0]))
        print(json.dumps({"plan": config.as_dict(), "expected": cost(config, *IMAGES, rate=rate).as_dict()}, indent=1))
        return DONE
    deadline = time.monotonic() + 60 * options.minutes
    device = choose_device(options.device)
    splits = cifar10.splits(cifar10.cached() if options.data is None else cifar10.from_path(options.data))
    if config is REHEARSAL:
        train, search, test = REHEARSED
        splits = Splits(splits.train.first(train), splits.search.first(search), splits.test.first(test))
    expected = cost(config, len(splits.train), len(splits.search), rate=expected_rate(config, device))
    stderr_reporter(f"{config.name}: {expected}")
    fresh = new_record(config.as_dict(), sources_digest(), None)
    under = covering(fresh, FOLDER)
    fresh["registration"] = under.name if under else None
    path = options.out / f"{config.name}.json"
    work = options.work or (task_folder("cifar10").parent / "evidence" / config.name if device.type == "cpu" else None)
    with ExitStack() as held:
        # Without a checkpoint folder there is one process per GPU, and a file system without locks is sufficient.
        for folder in sorted({options.out.resolve(), work.resolve()}) if work else ():
            held.enter_context(only_writer(folder))
        record = open_record(path, fresh)
        if record["registration"] is None and config is not REHEARSAL:
            stderr_reporter(
                "This run is not registered under the present sources, or was begun before it was, and will decide nothing; see --register."
            )
        clock = Clock(deadline, expected.total, stderr_reporter)
        run = EvidenceRun(config, cifar10.TASK, splits, device, path, record, work, clock)
        run.write()
        print(json.dumps({"evidence": str(path), **run.collect()["summary"]}, indent=1))
    return DONE


def _plan(options: argparse.Namespace) -> EvidenceConfig:
    kind = options.device.partition(":")[0]
    if kind not in PLANS:
        raise NasbenchError(f"There is no plan for the device {options.device!r}; it should be cuda or cpu.")
    return REHEARSAL if options.rehearsal else PLANS[kind]


if __name__ == "__main__":
    sys.exit(main())
