"""Read a torch file that is more than plain data: with torch's safe reader if possible, else only if it is trusted."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError


def load_torch_file(source: Path, trusted: bool, refusal: str) -> Any:
    """Read a file with torch's weights-only reader or, if it is trusted, by unpickling, which can execute code.

    Args:
        source: the file.
        trusted: whether the user vouches for it.
        refusal: reason why it was not read as plain data, for the error.

    Raises:
        NasbenchError: if torch is not installed, the file cannot be read, or reading it requires trust.
    """
    try:
        import torch
    except ImportError:
        raise NasbenchError(
            f"{refusal} Install torch (the extra live) to have it read by its weights-only reader."
        ) from None
    import numpy as np

    # Numbers of numpy are plain data, too, under the names of the numpy version that wrote the file.
    scalar = np.float64(0).__reduce__()[0]
    plain: list[Any] = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    plain += [np.dtype, *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32))]
    try:
        with torch.serialization.safe_globals(plain):
            return torch.load(source, map_location="cpu", weights_only=not trusted)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
    ) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
    if trusted:
        raise NasbenchError(f"{source} cannot be read even as a trusted file: {reason}")
    raise NasbenchError(
        f"{refusal} Use --allow-unsafe-pickle only if you trust its source: unpickling can execute arbitrary code."
    )
