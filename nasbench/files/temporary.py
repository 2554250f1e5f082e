"""A folder that goes when nothing holds it any more, or the program ends."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class TemporaryFolder:
    """An empty folder of this process alone.

    Attributes:
        path: where it is.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="nasbench-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
