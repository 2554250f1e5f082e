"""One writer at a time: a lock that ends with its process, however that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nasbench.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows, which locks a byte in place of a file
    import msvcrt

    def _seize(descriptor: int, wait: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:

    def _seize(descriptor: int, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@dataclass(frozen=True)
class Lock:
    """A lock that is held.

    Attributes:
        path: its file, which is there for as long as it is held.
        descriptor: of the opened file.
    """

    path: Path
    descriptor: int

    @property
    def holds(self) -> bool:
        """Whether the file is still there: a folder that is removed, or put in place of another, takes its lock along."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), self.path.stat())
        except OSError:
            return False

    def check(self) -> None:
        """Raise StorageError unless the lock `holds`."""
        if not self.holds:
            raise StorageError(
                f"The folder {self.path.parent} was removed or replaced during the run; what it held is lost: run again."
            )


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[Lock]:
    """Hold the lock whose file is `path`, which is made here and removed at the end.

    The operating system takes the lock away from a process that ends, so that none is ever stale.

    Args:
        path: the file, in a folder that is there.
        wait: for another process to let go of it.

    Raises:
        BlockingIOError: if another process holds it and there is no waiting.
        OSError: if the file cannot be made or the file system has no locks.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        lock = Lock(path, descriptor)
        try:
            try:
                _seize(descriptor, wait)
            except PermissionError as fault:  # how Windows, and a few file systems, say that another holds it
                raise BlockingIOError(fault.errno, fault.strerror, str(path)) from None
            if not lock.holds:
                continue  # its last holder removed the file between the two calls
            try:
                yield lock
                return
            finally:
                if lock.holds:
                    path.unlink()
        finally:
            os.close(descriptor)


@contextmanager
def only_writer(folder: Path) -> Iterator[Lock]:
    """Make a results folder where there is none, and hold it against other writers; one that stays empty goes again.

    Raises:
        StorageError: if it is a file, cannot be written, or another process writes it.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StorageError(f"{folder} is a file; results need a folder.") from None
    except OSError as fault:
        raise _unwritable(folder, fault) from None
    holding = locked(folder / ".lock")
    try:
        lock = holding.__enter__()
    except BlockingIOError:
        raise StorageError(
            f"Another process is writing {folder}; wait until it ends, or choose another folder."
        ) from None
    except OSError as fault:
        raise _unwritable(folder, fault) from None
    try:
        yield lock
    finally:
        holding.__exit__(None, None, None)
        if made:
            with suppress(OSError):
                folder.rmdir()


def _unwritable(folder: Path, fault: OSError) -> StorageError:
    return StorageError(f"The results folder {folder} cannot be written ({fault.strerror}); choose one that can.")
