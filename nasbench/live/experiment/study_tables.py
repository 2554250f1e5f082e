"""The tables of settings in the section `live` of a study, as models that follow from the dataclasses of these settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field, create_model

from nasbench.files.schema import FileModel, validate_table
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.recipe import Recipe
from nasbench.ranges import SINCE_0_2

Examples = Annotated[int, Field(ge=1)] | Literal["all"]


@dataclass(frozen=True)
class SubsetSize:
    """Training and search examples to use."""

    train: Examples
    search: Examples


def read_settings(kind: type, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the settings that a study states, checked against the types of a dataclass; `where` names the table in errors.

    Raises:
        ConfigurationError: for a key that it does not have, one that must be named and is not, or another type.
    """
    return validate_table(_model(kind), given, where).model_dump()


@lru_cache
def _model(kind: type) -> type[FileModel]:
    """Return the model of a dataclass: all but its seed, where those that version 0.1 had must be named."""
    hints = get_type_hints(kind, include_extras=True)
    if kind is Recipe:
        hints["augmentation"] = Literal["task"] | _model(Augmentation)
    named: dict[str, Any] = {
        each.name: (
            hints[each.name],
            Field(
                each.default if each.metadata == SINCE_0_2 else ...,
                description="named, since a study names every setting of it, or none",
            ),
        )
        for each in fields(kind)
        if each.name != "seed"
    }
    return create_model(f"{kind.__name__}Table", __base__=FileModel, **named)
