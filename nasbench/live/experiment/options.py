"""The options that `nasbench search` and `nasbench federated search` share, and the configuration that they describe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli.live_options import AnyTask, Cells, Channels, Epochs, Seed, SpaceOfTask, parse_options
from nasbench.errors import NasbenchError

if TYPE_CHECKING:
    from nasbench.live.experiment.config import ExperimentConfig


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What a search on a live task depends on, as the command line gives it."""

    task: Annotated[str, typer.Argument(help=AnyTask)]
    space: SpaceOfTask = None
    search_epochs: Annotated[int, typer.Option(help="training epochs of the supernet")] = 10
    search_learning_rate: Annotated[
        float, typer.Option(help="learning rate of the supernet's weights; 0.1 suits few epochs")
    ] = 0.025
    channels: Channels = None
    cells: Cells = None
    recipe: Annotated[str | None, typer.Option(help="small (the default), federated, nas-bench-201 or cifar10-gpu")] = (
        None
    )
    epochs: Epochs = None
    precision: Annotated[
        str | None, typer.Option(help="float32 or bfloat16, for supernet and trainings (default: the recipe's)")
    ] = None
    channels_last: Annotated[
        bool | None,
        typer.Option("--channels-last/--no-channels-last", help="memory layout of images (default: the recipe's)"),
    ] = None
    optimizer_param: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a parameter of the optimizer (repeatable)")
    ] = None
    subset_size: Annotated[int | None, typer.Option(help="use only this many training examples")] = None
    seed: Seed = 0

    def config(self, optimizer: str, **more: Any) -> ExperimentConfig:
        """Return the configuration of a search; `more` are further fields of `ExperimentConfig`.

        Raises:
            NasbenchError: for an option that is out of range.
        """
        from nasbench.live.experiment.config import ExperimentConfig
        from nasbench.live.experiment.defaults import chosen_task, default_recipe
        from nasbench.live.networks.builders import network_size
        from nasbench.live.searchers.catalogue import find_searcher
        from nasbench.live.searchers.searcher import SupernetConfig

        if self.subset_size is not None and self.subset_size < 2:
            raise NasbenchError(f"--subset-size is {self.subset_size}; it should be 2 or more.")
        task, space = chosen_task(self.task, self.space, shares_weights=find_searcher(optimizer) is not None)
        width, depth = network_size(space, self.channels, self.cells, usual=(8, 1))
        named = {"precision": self.precision, "channels_last": self.channels_last}
        arithmetic: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        usual = default_recipe(self.recipe, task, space, self.subset_size)
        recipe = replace(usual, channels=width, cells=depth, **arithmetic)
        return ExperimentConfig(
            task=self.task,
            space=space,
            optimizer=optimizer,
            optimizer_params=parse_options(self.optimizer_param or []),
            seed=self.seed,
            supernet=SupernetConfig(
                epochs=self.search_epochs,
                learning_rate=self.search_learning_rate,
                channels=width,
                cells=depth,
                **arithmetic,
            ),
            recipe=replace(recipe, epochs=recipe.epochs if self.epochs is None else self.epochs),
            search_recipe=replace(recipe, epochs=max(recipe.epochs // 3, 1)),
            subset_size=(self.subset_size, None if self.subset_size is None else max(self.subset_size // 4, 1)),
            **more,
        )


def with_fidelities(config: ExperimentConfig, text: str) -> ExperimentConfig:
    """Return a configuration whose trainings in the search have the lengths `text`, such as "1,3,9", the last of which is the whole one.

    Raises:
        NasbenchError: if they are not numbers.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise NasbenchError(f"--fidelities is {text!r}; it should be ascending epochs, such as 1,3,9.")
    epochs = tuple(int(part) for part in parts)
    recipe = replace(config.search_recipe, epochs=max(epochs[-1], 1))
    return replace(config, search_recipe=recipe, fidelities=epochs)
