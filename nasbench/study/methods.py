"""The methods of a study: registered names, `module:ATTR`, or classes and objects that are passed as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nasbench.search.methods import as_optimizer, load_attribute, source_sha256
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.registry import get_optimizer, is_unpackaged


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """One method of a study.

    Attributes:
        name: registered name, or `module:qualified.name` of what was passed or is to be imported.
        label: how reports call it; unique within the study.
        settings: its settings, where they differ from the algorithm's defaults.
        sha256: of the source of a method that is not registered, where that can be had.
        implementation: the method itself, where it was passed and not named.
    """

    name: str
    label: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    implementation: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name)

    def optimizer(self) -> Lockstep | PerRun:
        """Return the ask-tell optimizer.

        Raises:
            NasbenchError: if nothing is registered or importable under that name, or it is no optimizer.
        """
        return (
            get_optimizer(self.name) if self.implementation is None else as_optimizer(self.implementation, self.label)
        )

    def with_source(self) -> MethodConfig:
        """Return the entry with the SHA-256 of the method's source, where it is named but no package registers it."""
        if self.implementation is not None or not is_unpackaged(self.name):
            return self
        thing: Any = load_attribute(self.name) if ":" in self.name else self.optimizer()
        return replace(self, sha256=source_sha256(getattr(thing, "algorithm", thing)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the method as plain data."""
        source = {"sha256": self.sha256} if self.sha256 else {}
        return {"name": self.name, "label": self.label, **source, "settings": dict(self.settings)}


def method_config(method: Any) -> MethodConfig:
    """Return the entry of a study for a name, a `MethodConfig`, or what `nasbench.search.methods.as_optimizer` takes."""
    if isinstance(method, MethodConfig):
        return method
    if isinstance(method, str):
        return MethodConfig(name=method)
    algorithm: Callable[..., Any] = as_optimizer(method).algorithm
    qualified = getattr(algorithm, "__qualname__", type(algorithm).__qualname__)
    return MethodConfig(
        name=f"{getattr(algorithm, '__module__', '__main__')}:{qualified}",
        label=getattr(algorithm, "__name__", qualified),
        sha256=source_sha256(algorithm),
        implementation=method,
    )
