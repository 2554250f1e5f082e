"""The claim about a trained network: from the files of evidence that `nasbench.live.evidence` wrote, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.live.evidence_file import accuracy, read_evidence
from reports.claims.registry import Claim
from reports.claims.verdict import ClaimVerdict, Outcome, Part, not_run
from reports.statistics.result import Undefined

TABLE_BEST = 94.37
"""Best mean test accuracy of NAS-Bench-201 on CIFAR-10 in %, published and found in the reference table."""

NO_CELL = f"no cell of NAS-Bench-201 as tabulated can reach it (the table's best is {TABLE_BEST:g} %), so only a larger network, trained, can"
REMEDY = "run `python -m nasbench.live.evidence` on an accelerator"


def judge_training(claim: Claim, folder: Path) -> ClaimVerdict:
    """Judge a claim of the kind "trained network" by `TASK-NETWORK-seedN.json` in a folder.

    Raises:
        NasbenchError: if a file is not JSON, lacks what it should hold, or was changed after it was written.
    """
    facts = claim.facts
    paths = sorted(folder.glob(f"{facts['task']}-{facts['network']}-seed*.json")) if folder.is_dir() else []
    if not paths:
        return not_run(claim, f"there is no evidence in {folder}; {NO_CELL}", REMEDY)
    files = [read_evidence(path) for path in paths]
    if differing := _differing(files):
        return not_run(claim, f"the evidence in {folder} was made under different {' and '.join(differing)}", REMEDY)
    accuracies = np.array([accuracy(evidence, path) for evidence, path in zip(files, paths, strict=True)])
    part = _part(claim, accuracies, files)
    if len(accuracies) < int(facts["seeds"]):
        return not_run(claim, f"there are {len(accuracies)} seeds and {facts['seeds']} are registered", REMEDY)
    target, outcome = float(facts["target"]), _outcome(part, float(facts["target"]))
    low = part.lower.reason if isinstance(part.lower, Undefined) else f"lower bound {part.lower:.2f} %"
    change = (
        claim.change
        if outcome == "holds"
        else f"a better cell or recipe, fixed before training, or more seeds; {NO_CELL}"
    )
    return ClaimVerdict(
        claim=claim,
        outcome=outcome,
        threshold=target,
        parts=(part,),
        evidence=f"mean {accuracies.mean():.2f} % over {part.n} seeds, {low} (files {part.runs}); {NO_CELL}",
        change=change,
    )


def _part(claim: Claim, accuracies: np.ndarray, files: list[dict[str, Any]]) -> Part:
    digest = hashlib.sha256("".join(evidence["sha256"] for evidence in files).encode()).hexdigest()[:12]
    n = len(accuracies)
    lower: float | Undefined = Undefined("one seed shows no variation between seeds")
    upper = lower
    if n > 1:
        from scipy.special import stdtrit

        reach = float(stdtrit(n - 1, 0.95)) * float(accuracies.std(ddof=1)) / np.sqrt(n)
        lower, upper = float(accuracies.mean() - reach), float(accuracies.mean() + reach)
    of = f"{claim.facts['network']} network on {claim.facts['task']}, test accuracy in %"
    return Part(of=of, statistic=float(accuracies.mean()), lower=lower, upper=upper, n=n, runs=digest)


def _outcome(part: Part, target: float) -> Outcome:
    if not isinstance(part.lower, Undefined) and part.lower >= target:
        return "holds"
    if not isinstance(part.upper, Undefined) and part.upper < target:
        return "fails"
    return "not shown"


def _differing(files: list[dict[str, Any]]) -> list[str]:
    """What the files should share and do not; the seed is part of a recipe, and differs."""
    shared: dict[str, Any] = {
        "recipes": lambda file: {key: value for key, value in dict(file.get("recipe", {})).items() if key != "seed"},
        "architectures": lambda file: file.get("architecture"),
    }
    return [name for name, of in shared.items() if any(of(file) != of(files[0]) for file in files)]
