"""File locks for a single writer, released by the operating system when the process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nasbench.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows, which locks a byte range instead of a file
    import msvcrt

    def _seize(descriptor: int, wait: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:

    def _seize(descriptor: int, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@dataclass(frozen=True)
class Lock:
    """A lock held by this process.

    Attributes:
        path: lock file, which exists as long as the lock is held.
        descriptor: file descriptor of the open file.
    """

    path: Path
    descriptor: int

    @property
    def holds(self) -> bool:
        """Whether the lock file still exists: a folder that is removed or replaced loses its lock."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), self.path.stat())
        except OSError:
            return False

    def check(self) -> None:
        """Raise StorageError unless the lock still `holds`."""
        if not self.holds:
            raise StorageError(
                f"The folder {self.path.parent} was removed or replaced during the run; what it held is lost: run again."
            )


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[Lock]:
    """Hold a lock on the file `path`, which is created here and removed at the end.

    The operating system releases the lock of a process that ends, so locks are never stale.

    Args:
        path: the lock file, in an existing folder.
        wait: whether to wait for another process to release it.

    Raises:
        BlockingIOError: if another process holds it and `wait` is false.
        OSError: if the file cannot be created or the file system does not support locks.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        lock = Lock(path, descriptor)
        try:
            try:
                _seize(descriptor, wait)
            except PermissionError as fault:  # how Windows and a few file systems report that another process holds it
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
    """Create a results folder if needed and lock it against other writers; a folder that stays empty is removed.

    Raises:
        StorageError: if it is a file, cannot be written, or another process writes to it.
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
