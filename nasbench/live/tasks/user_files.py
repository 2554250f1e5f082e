"""Data that are neither shipped nor downloaded: the user provides the files once, and copies are kept in the cache."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.live.tasks.task import Fetched, Splits, task_folder

NOT_AS_EXPECTED = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)
"""Exceptions raised for a file with unexpected content."""


@dataclass(frozen=True)
class UserFiles:
    """User-provided files of a task.

    Attributes:
        task: name of the task.
        names: names of the files.
        published: where they are published, and their content.
        read: returns the splits of a folder with these files.
        sizes: number of examples of each split; other numbers are rejected.
    """

    task: str
    names: tuple[str, ...]
    published: str
    read: Callable[[Path], Splits]
    sizes: tuple[int, int, int]

    @property
    def command(self) -> str:
        """The command that copies the files into the cache."""
        return f"nasbench data fetch {self.task} --source FOLDER"

    @property
    def source(self) -> str:
        """Origin of the data, for lists."""
        return f"{self.command}, with {' and '.join(self.names)}: {self.published}"

    def load(self) -> Splits:
        """Return the splits of the files in the cache; raise NasbenchError with the command to fetch them if they are
        missing.
        """
        folder = task_folder(self.task)
        if not all((folder / name).is_file() for name in self.names):
            raise NasbenchError(
                f"The data of task {self.task!r} are not in the cache; get {' and '.join(self.names)} ({self.published}) "
                f"and run: {self.command}"
            )
        return self._splits(folder)

    def fetch(self, source: Path | None) -> Fetched:
        """Copy the files into the cache; return its folder and the source used.

        Args:
            source: a folder with the files, or the file if there is only one.

        Raises:
            NasbenchError: if no source is given, it lacks a file, or a file is invalid.
        """
        if source is None:
            raise NasbenchError(f"Task {self.task!r} is not downloaded; get its data and run: {self.source}.")
        single = source.is_file() and len(self.names) == 1
        found = {name: source if single else source / name for name in self.names}
        for name, path in found.items():
            if not path.is_file():
                raise NasbenchError(f"{source} has no {name}; it should hold {' and '.join(self.names)}.")
        content = {name: path.read_bytes() for name, path in found.items()}
        with tempfile.TemporaryDirectory() as scratch:
            for name, data in content.items():
                (Path(scratch) / name).write_bytes(data)
            self._splits(Path(scratch))
        for name, data in content.items():
            write_atomically(task_folder(self.task) / name, data)
        return Fetched(task_folder(self.task), str(source))

    def _splits(self, folder: Path) -> Splits:
        try:
            splits = self.read(folder)
        except NOT_AS_EXPECTED as fault:
            raise NasbenchError(
                f"{' and '.join(self.names)} cannot be read as the data of task {self.task!r} "
                f"({type(fault).__name__}: {str(fault)[:200]}); they should be {self.published}."
            ) from None
        sizes = (len(splits.train), len(splits.search), len(splits.test))
        if sizes != self.sizes:
            raise NasbenchError(
                f"{' and '.join(self.names)} give {sizes} examples and should give {self.sizes}; they should be {self.published}."
            )
        return splits
