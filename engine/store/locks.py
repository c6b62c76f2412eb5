"""Locks of the operating system: the kernel drops them when a process dies, so they prove who is alive."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreError


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Holds the file's exclusive lock; waits for whoever has it. The file stays: removing it would race."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def passing_lock(path: Path) -> Iterator[None]:
    """Holds the lock of a file that is there only as long as somebody wants it; waits for whoever has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(path, descriptor):
                break
        except BaseException:
            os.close(descriptor)
            raise
        # Whoever had it removed the file we waited on: its lock keeps nobody out any more.
        os.close(descriptor)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def hold(path: Path) -> int:
    """Takes the file's lock until the returned descriptor is closed; BlockingIOError if it is taken."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a living process holds the file's lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def unlockable(path: object, error: OSError) -> StoreError:
    """What is said where the file's lock cannot be had at all."""
    return StoreError(
        f"{path} cannot be locked: {error.strerror}", help="check that its folder may be written"
    )
