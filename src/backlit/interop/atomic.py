"""Writing a file so that it is there whole or not at all.

The content goes to a temporary file in the same folder, is flushed and synced to the disk, and then renamed over the
old one; the folder is synced too. Whoever reads the path at any moment, or after the power failed, finds the old file
or the new one, never half of one.

This module imports the standard library and `backlit.errors` alone.
"""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from backlit.errors import FileError

__all__ = ["check_writable", "write_atomically"]

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space, or write to another disk"),
    errno.EDQUOT: ("your share of the disk is used up", "free some space, or write to another disk"),
    errno.EFBIG: ("the file would be larger than is allowed here", "raise the limit, or write to another disk"),
    errno.EROFS: ("the disk can only be read", "write to a folder on another disk"),
    errno.EACCES: ("you may not write into its folder", "choose a folder of your own"),
    errno.EPERM: ("you may not write into its folder", "choose a folder of your own"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
}


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Return where a file would be written, checked that it can be, by making a file beside it and removing it again.

    Args:
        path: The file; it need not exist.

    Returns:
        The path, with links followed.

    Raises:
        FileError: Where the folder is missing or closed to you, or the path leads to anything but an ordinary file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_writable(Path(folder) / "model.safetensors").name
        'model.safetensors'
    """
    target = _target(path)
    try:
        temporary, number = _create_beside(target)
        os.close(number)
        os.unlink(temporary)
    except OSError as error:
        raise _file_error(target, error) from error
    return target


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that the path holds what it held before, or all of the new content, at every moment.

    Args:
        path: The file; one that exists is replaced, and its permissions are kept.
        content: Its whole content.

    Raises:
        FileError: Where the folder is missing or closed to you, the disk is full, or the path leads to anything but an
            ordinary file. Nothing is changed then.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atomically(Path(folder) / "note.txt", b"hello")
        ...     (Path(folder) / "note.txt").read_bytes(), len(os.listdir(folder))
        (b'hello', 1)
    """
    target = _target(path)
    temporary: Path | None = None
    try:
        temporary, number = _create_beside(target)
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
        os.replace(temporary, target)
        temporary = None
        _sync_folder(target.parent)
    except OSError as error:
        raise _file_error(target, error) from error
    finally:
        if temporary is not None:  # also after Ctrl-C
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the path with links followed, so that a link goes on leading to the new file."""
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise FileError(f"{path} is a folder", instead="add the name of the file to write")
        if target.exists() and not target.is_file():
            raise FileError(
                f"{path} is no ordinary file",
                why="a device or a pipe cannot be replaced by a file",
                instead="write to a path of its own",
            )
        if not target.parent.is_dir():
            raise FileError(
                f"there is no folder {target.parent}",
                why=f"{target.name} was to be written there",
                instead="create the folder first, or choose another one",
            )
    except (OSError, ValueError) as error:  # a name too long for the system, or with a null byte in it
        if isinstance(error, FileError):
            raise
        raise FileError(f"{os.fspath(path)!r} is no path that a file can have: {error}") from error
    return target


def _create_beside(target: Path) -> tuple[Path, int]:
    """Return a new file in the folder of another one, and its open number."""
    temporary = target.parent / f".{secrets.token_hex(8)}.backlit-temporary"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return temporary, os.open(temporary, flags, 0o666)


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself last: the names in a folder are data of the folder."""
    if os.name == "nt":
        return  # Windows opens no folders, and syncs names with the files
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _file_error(target: Path, error: OSError) -> FileError:
    """Return the error that says why a file could not be written."""
    reason = error.strerror or str(error)
    why, instead = _REASONS.get(error.errno or 0, (f"the system says: {reason}", "write to another place"))
    return FileError(f"{target} cannot be written", why=why, instead=instead)
