"""Read pickles from strangers: plain containers, numbers, strings and numpy arrays, and nothing else.

Benchmarks of this field are pickles, and a pickle is a program: loading one may run any function it names. The reader here
resolves only the few names that plain data needs and refuses every other before anything is called.
"""

from __future__ import annotations

import bz2
import io
import pickle
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

from nasbench.errors import NasbenchError

_ADMITTED = {
    ("builtins", name)
    for name in (
        "dict",
        "list",
        "tuple",
        "set",
        "frozenset",
        "int",
        "float",
        "complex",
        "bool",
        "str",
        "bytes",
        "bytearray",
        "range",
        "slice",
    )
} | {
    ("collections", "OrderedDict"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("_codecs", "encode"),
}
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
_ADMITTED |= {(module, name) for module in _ARRAY_MODULES for name in ("_reconstruct", "scalar", "_frombuffer")}


class Inert:
    """Stands for an object of a class that a file names: its attributes, and nothing that it could do."""


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that admits plain data only.

    Args:
        stream: where the bytes come from.
        records: (module, class) names whose objects are read as `Inert`; the classes themselves are never looked up.
    """

    def __init__(self, stream: io.BufferedIOBase | IO[bytes], records: Collection[tuple[str, str]] = ()) -> None:
        super().__init__(stream)
        self._records = frozenset(records)

    def find_class(self, module: str, name: str) -> Any:
        """Resolve an admitted name; raise `NasbenchError` for any other."""
        module = {"__builtin__": "builtins"}.get(module, module)
        if (module, name) in self._records:
            return Inert
        if (module, name) not in _ADMITTED:
            raise NasbenchError(
                f"The pickle names {module}.{name}, which plain data does not need, so it was not loaded; "
                "a benchmark file should hold containers, numbers, strings and arrays only."
            )
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """Refuse references to objects outside the pickle."""
        raise NasbenchError(
            f"The pickle refers to an outside object {pid!r}, so it was not loaded; a benchmark file stands alone."
        )


def load(stream: io.BufferedIOBase | IO[bytes], what: str, records: Collection[tuple[str, str]] = ()) -> Any:
    """Read one pickle of plain data from a binary stream.

    Args:
        stream: where the bytes come from.
        what: how to call the source in an error.
        records: see `RestrictedUnpickler`.

    Raises:
        NasbenchError: if the pickle names anything but plain data, or is damaged.
    """
    try:
        return RestrictedUnpickler(stream, records).load()
    except NasbenchError as refused:
        raise NasbenchError(f"{what}: {refused}") from None
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        UnicodeDecodeError,
        MemoryError,
        OSError,
    ) as damage:
        raise NasbenchError(
            f"{what} is not a whole pickle of plain data ({type(damage).__name__}); get the file again."
        ) from None


def load_file(path: Path, records: Collection[tuple[str, str]] = ()) -> Any:
    """Read one pickle of plain data from a file, decompressed on the way where its name ends in `bz2`; raises as `load`."""
    with bz2.open(path) if path.suffix.endswith("bz2") else path.open("rb") as stream:
        return load(stream, str(path), records)


def loads(data: bytes, what: str) -> Any:
    """Read one pickle of plain data from bytes; raises as `load`."""
    return load(io.BytesIO(data), what)
