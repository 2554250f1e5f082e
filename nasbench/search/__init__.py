"""What every optimizer stands on: the ask-tell protocol, random streams, accounts and the registry.

The package can be called: `nasbench.search("hybrid", "nas-bench-201/cifar10", budget=100)` is `nasbench.api.search.search`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    """A package that is also the function of its name, which the public face offers."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        from nasbench.api.search import search

        return search(*arguments, **keywords)


sys.modules[__name__].__class__ = _CallableModule
