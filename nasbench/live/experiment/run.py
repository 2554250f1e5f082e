"""Run a live experiment: search, retrain, evaluate once on the test split; one flat result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nasbench.live.experiment.config import ExperimentConfig, check_config, config_as_dict
from nasbench.live.experiment.experiment import Experiment, open_experiment
from nasbench.live.experiment.percentile import reference_percentile
from nasbench.live.experiment.rank import NO_RANK, RankConfig, rank_supernet
from nasbench.live.experiment.search import resume_or_search
from nasbench.live.training.training import Reporter, stderr_reporter
from nasbench.study.trace_table import Columns


def run_experiment(
    config: ExperimentConfig,
    device: torch.device,
    workdir: Path | None = None,
    reporter: Reporter = stderr_reporter,
    rank: RankConfig = NO_RANK,
) -> dict[str, Any]:
    """Search, retrain and evaluate; return one flat result with curves and configuration.

    Args:
        config: configuration of the experiment.
        device: device for all computation.
        workdir: folder of checkpoints, resumed if it has the same configuration; None for no checkpoints.
        reporter: callback for messages.
        rank: what the ranking of the supernet is compared with.

    Raises:
        NasbenchError: for an invalid configuration, or a rank correlation without weight sharing.
    """
    check_config(config)
    if rank != NO_RANK:
        rank.check(config.optimizer, config.shares_weights, config.task, config.space)
    return search_and_score(open_experiment(config, device, workdir, reporter), rank)[0]


def search_and_score(experiment: Experiment, rank: RankConfig = NO_RANK) -> tuple[dict[str, Any], Columns]:
    """Return the result of an experiment whose configuration was checked, and the trace of its search."""
    config = experiment.config
    experiment.reporter(
        f"{config.optimizer} searches {config.space} on {config.task} (seed {config.seed}, {experiment.device.type})"
    )
    outcome = resume_or_search(experiment)
    trained = experiment.retrain(outcome.architecture, experiment.workdir)
    result = {
        "task": config.task,
        "space": config.space,
        "optimizer": config.optimizer,
        "seed": config.seed,
        "architecture": experiment.space.to_string(outcome.architecture),
        "search_seconds": outcome.seconds,
        **({"stopped_early": outcome.stopped_early} if config.shares_weights else {}),
        **experiment.score(trained),
        **reference_percentile(experiment.task, config.space, outcome.architecture, config.recipe),
        **(rank_supernet(experiment, outcome, rank) if rank != NO_RANK else {}),
        "search_curve": outcome.curve,
        "train_curve": trained.curve,
        "config": config_as_dict(config),
    }
    return result, outcome.trace
