"""Checks in modules that take seconds to import, or need an extra: they are imported when a check is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from nasbench.theory.machinery.claim import Context, Verdict


@dataclass(frozen=True)
class Deferred:
    """A function of a module that is imported at the first call.

    Attributes:
        module: its full name.
        function: name of the function.
    """

    module: str
    function: str

    def __call__(self, context: Context, *args: Any, **options: Any) -> Verdict:
        """Return what the function returns."""
        verdict: Verdict = getattr(import_module(self.module), self.function)(context, *args, **options)
        return verdict
