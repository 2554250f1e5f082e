"""Optional dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nasbench.errors import MissingExtraError

PACKAGES: Mapping[str, tuple[str, str]] = {
    "torch": ("live", "torch"),
    "sklearn": ("live", "scikit-learn"),
    "PIL": ("live", "pillow"),
    "statsmodels": ("live", "statsmodels"),
    "sympy": ("theory", "sympy"),
    "nats_bench": ("nas-bench-201", "nats-bench"),
    "nas_201_api": ("nas-bench-201", "nas-bench-201"),
    "distributed": ("cluster", "distributed"),
    "dask": ("cluster", "dask"),
    "optuna": ("tune", "optuna"),
    "smac": ("rivals", "smac"),
    "botorch": ("rivals", "botorch"),
    "tensorboard": ("tensorboard", "tensorboard"),
    "mlflow": ("mlflow", "mlflow"),
    "wandb": ("wandb", "wandb"),
    "flwr": ("federated", "flwr"),
    "onnx": ("edge", "onnx"),
    "onnxruntime": ("edge", "onnxruntime"),
}
"""Extra and distribution name of each optional module."""


def require_extra(extra: str, module: str) -> Any:
    """Import and return a module of an optional extra.

    Raises:
        MissingExtraError: if it is not installed.
        ImportError: if it is installed but its own import fails, which no extra can fix.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as fault:
        if not f"{module}.".startswith(f"{fault.name}."):
            raise
        package = PACKAGES.get(module.partition(".")[0], (extra, module))[1]
        raise MissingExtraError(extra, package) from None


def require_modules(modules: tuple[str, ...]) -> None:
    """Raise `MissingExtraError` for the first of several modules of `PACKAGES` that is not installed; imports none of them."""
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtraError(*PACKAGES[module])


def missing_extra(fault: BaseException) -> MissingExtraError | None:
    """Return the error that names the extra, if the missing package of an import belongs to one."""
    if isinstance(fault, ModuleNotFoundError) and fault.name is not None and fault.name in PACKAGES:
        return MissingExtraError(*PACKAGES[fault.name])
    return None
