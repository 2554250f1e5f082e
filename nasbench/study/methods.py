"""Methods of a study: registered names, `module:ATTR`, or classes and objects passed directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nasbench.errors import NasbenchError, quoted
from nasbench.ranges import SWITCH, as_plain, check_setting
from nasbench.search.methods import as_optimizer, load_attribute, source_sha256
from nasbench.search.no_repeats import without_repeats
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.registry import get_optimizer, is_unpackaged


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """One method of a study.

    Attributes:
        name: registered name, or `module:qualified.name` of an object that was passed or will be imported.
        label: name in reports; unique within the study.
        settings: hyperparameters that differ from the algorithm's defaults.
        sha256: SHA-256 of the source of an unregistered method, if available.
        implementation: the method itself, if it was passed as an object.
        no_repeats: whether it evaluates no architecture twice; see `nasbench.search.no_repeats`.
    """

    name: str
    label: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    implementation: Any = field(default=None, compare=False, repr=False)
    no_repeats: bool = False

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name)
        object.__setattr__(self, "no_repeats", as_plain(self.no_repeats))
        object.__setattr__(self, "settings", as_plain(self.settings))
        check_setting(f"no_repeats of {self.label}", self.no_repeats, SWITCH)
        if not isinstance(self.settings, Mapping):
            raise NasbenchError(
                f"The settings of {self.label} are {quoted(self.settings)}; they should be a mapping from names to values."
            )

    def optimizer(self) -> Lockstep | PerRun:
        """Return the ask-tell optimizer.

        Raises:
            NasbenchError: if nothing is registered or importable under that name, or it is not an optimizer.
        """
        named = self.implementation is None
        optimizer = get_optimizer(self.name) if named else as_optimizer(self.implementation, self.label)
        return without_repeats(optimizer) if self.no_repeats else optimizer

    def with_source(self) -> MethodConfig:
        """Return the entry with the SHA-256 of the method's source if no package registers its name."""
        if self.implementation is not None or not is_unpackaged(self.name):
            return self
        thing: Any = load_attribute(self.name) if ":" in self.name else self.optimizer()
        return replace(self, sha256=source_sha256(getattr(thing, "algorithm", thing)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the method as plain data."""
        source = {"sha256": self.sha256} if self.sha256 else {}
        wrapped = {"no_repeats": True} if self.no_repeats else {}
        return {"name": self.name, "label": self.label, **source, **wrapped, "settings": dict(self.settings)}


def method_config(method: Any) -> MethodConfig:
    """Return the `MethodConfig` of a name, or of anything that `nasbench.search.methods.as_optimizer` accepts."""
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
