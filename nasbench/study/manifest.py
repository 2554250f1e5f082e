"""Manifest of a results folder: SHA-256 of its files when they were written, in the format of `sha256sum`.

A line is appended before its file appears, so that a killed process never leaves a file without one. A file may have
several lines from successive writes, until the next writer compacts the manifest. The last line of a killed process may
be truncated.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from nasbench.errors import CorruptDataError, NasbenchError
from nasbench.files.atomic import write_atomically

NAME = "manifest.sha256"
_LINE = re.compile(rb"([0-9a-f]{64})  ([\x21-\x7e]+)")


class DamagedError(CorruptDataError):
    """The content of a file differs from what was written."""


class Manifest:
    """The SHA-256 of the files of a folder.

    Args:
        folder: folder of the manifest.
        hashes: SHA-256 of each file by its relative path, with slashes.
    """

    def __init__(self, folder: Path, hashes: Mapping[str, frozenset[str]]) -> None:
        self.folder = folder
        self._hashes = dict(hashes)

    @classmethod
    def begin(cls, folder: Path, files: Mapping[str, bytes]) -> Manifest:
        """Write files, and then a manifest of exactly these files.

        Raises:
            OSError: if a file cannot be written.
        """
        for name, content in files.items():
            write_atomically(folder / name, content)
        manifest = cls(folder, {name: frozenset((_sha256(content),)) for name, content in files.items()})
        manifest._write()
        return manifest

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder.

        Raises:
            NasbenchError: if there is none, or a line of it is invalid.
        """
        path = folder / NAME
        try:
            *lines, _ = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            raise NasbenchError(
                f"{folder} has no {NAME}, against which its files are checked: they were written by an older version, or it was lost; "
                f"`nasbench run {folder / 'study.toml'} --out {folder}` creates them again."
            ) from None
        except OSError as fault:
            raise NasbenchError(f"{path} cannot be read ({fault.strerror}); make it readable.") from None
        hashes: dict[str, frozenset[str]] = {}
        for number, line in enumerate(lines, start=1):
            found = _LINE.fullmatch(line)
            if found is None:
                raise CorruptDataError(
                    f"Line {number} of {path} is damaged; restore the file, or remove it and run the study again to repeat everything."
                )
            sha256, name = found[1].decode(), found[2].decode()
            hashes[name] = hashes.get(name, frozenset()) | {sha256}
        return cls(folder, hashes)

    def holds(self, name: str) -> bool:
        """Return whether a file exists and has a line; its content is checked when it is read."""
        return name in self._hashes and (self.folder / name).exists()

    def file(self, name: str) -> bytes:
        """Read a file and check it.

        Files in sub-folders belong to work units and can be produced again.

        Raises:
            DamagedError: if its content differs from what was written, or it cannot be read.
        """
        path = self.folder / name
        if name not in self._hashes:
            raise DamagedError(
                f"{self.folder / NAME} has no line for {name}, so it is damaged; restore it, or remove it and run the study again "
                "to repeat everything."
            )
        cure = "remove it and run the study again to repeat it" if "/" in name else "restore it"
        try:
            content = path.read_bytes()
        except OSError as fault:
            raise DamagedError(f"{path} cannot be read ({fault.strerror}); {cure}.") from None
        if _sha256(content) not in self._hashes[name]:
            raise DamagedError(
                f"{path} cannot be read as what was written there (its SHA-256 is not that of {NAME}); {cure}."
            )
        return content

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files in order, each atomically.

        Raises:
            OSError: if a file cannot be written; previous content is kept.
        """
        hashes = {name: _sha256(content) for name, content in files.items()}
        self._append("".join(f"{sha256}  {name}\n" for name, sha256 in hashes.items()).encode())
        older = any(self._hashes.get(name, frozenset()) - {sha256} for name, sha256 in hashes.items())
        for name, content in files.items():
            self._hashes[name] = self._hashes.get(name, frozenset()) | {hashes[name]}
            write_atomically(self.folder / name, content)
            self._hashes[name] = frozenset((hashes[name],))
        if older:
            self._write()

    def remove(self, names: Iterable[str]) -> None:
        """Remove those of some files that exist, and their lines.

        Raises:
            OSError: if a file cannot be removed; those before it are gone.
        """
        for name in names:
            # A file without a line is produced again, as one without either is: a killed process leaves nothing that is taken for a result.
            self._hashes.pop(name, None)
            (self.folder / name).unlink(missing_ok=True)
        self._write()

    def put_in_order(self) -> list[str]:
        """Check every file that has a line and exists, keep one line for each of these, and return their names.

        Raises:
            DamagedError: for the first file whose content differs from what was written.
            OSError: if a file cannot be written.
        """
        there = sorted(name for name in self._hashes if (self.folder / name).exists())
        self._hashes = {name: frozenset((_sha256(self.file(name)),)) for name in there}
        if (self.folder / NAME).read_bytes() != self._lines():
            self._write()
        return there

    def _append(self, lines: bytes) -> None:
        # Not created again if the folder was removed.
        descriptor = os.open(self.folder / NAME, os.O_WRONLY | os.O_APPEND)
        try:
            length = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder / NAME))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, length)
                raise
        finally:
            os.close(descriptor)

    def _write(self) -> None:
        write_atomically(self.folder / NAME, self._lines())

    def _lines(self) -> bytes:
        lines = [f"{sha256}  {name}\n" for name in sorted(self._hashes) for sha256 in sorted(self._hashes[name])]
        return "".join(lines).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
