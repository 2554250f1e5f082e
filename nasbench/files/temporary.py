"""A temporary folder, removed when it is garbage-collected or the program ends."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class TemporaryFolder:
    """An empty folder private to this process.

    Attributes:
        path: path of the folder.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="nasbench-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
