"""Finding a file of a known content: in the user's folder, in the cache, or on the network.

The order is fixed: the folder that the environment variable `BACKLIT_DATA` names, then the cache folder, then each
mirror in turn. Whatever is found is compared with the SHA-256 of its content before a byte of it is used. A download is
written to a temporary file, synced to the disk, checked and then renamed, so that the cache holds whole files or
nothing.

This module imports the standard library and `backlit.errors` alone.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backlit.errors import DownloadError, FileError

__all__ = ["KnownFile", "cache_folder", "check_file", "data_folder", "fetch", "find", "read_content"]

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True)
class KnownFile:
    """A file whose content is known.

    Args:
        name: Its name, without folders. A name that ends in `.gz` is a file compressed on its own.
        sha256: The SHA-256 of its content: decompressed for `.gz` (compressing again changes only the wrapper), else
            the file itself.
        content_bytes: How many bytes the content has; nothing longer is ever decompressed.

    Example:
        >>> KnownFile("labels.gz", "00" * 32, 1024).compressed
        True
    """

    name: str
    sha256: str
    content_bytes: int

    @property
    def compressed(self) -> bool:
        """Return whether the file is compressed on its own (an archive of several files is not).

        Example:
            >>> KnownFile("pictures.tar.gz", "00" * 32, 1024).compressed
            False
        """
        return self.name.endswith(".gz") and not self.name.endswith(".tar.gz")


def data_folder() -> Path | None:
    """Return the folder that `BACKLIT_DATA` names, or `None` where the variable is not set.

    Returns:
        The folder, which exists.

    Raises:
        FileError: Where the variable names no folder.

    Example:
        >>> folder = data_folder()
        >>> folder is None or folder.is_dir()
        True
    """
    value = os.environ.get("BACKLIT_DATA", "")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise FileError(
            f"BACKLIT_DATA is {value!r}, and there is no such folder",
            why="the variable names the folder where data files already lie",
            instead="create the folder, correct the variable, or unset it",
        )
    return folder


def cache_folder() -> Path:
    """Return the folder where backlit keeps what it has downloaded; it need not exist yet.

    It is `backlit` inside `XDG_CACHE_HOME` where that variable is set, else inside the system's usual place:
    `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.

    Returns:
        The folder.

    Example:
        >>> cache_folder().name
        'backlit'
    """
    explicit = os.environ.get("XDG_CACHE_HOME", "")
    if explicit:
        return Path(explicit).expanduser() / "backlit"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "backlit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "backlit"
    return Path.home() / ".cache" / "backlit"


def find(file: KnownFile, folders: Sequence[str]) -> Path | None:
    """Return where a file already lies, or `None`.

    Args:
        file: The file. Where it is compressed, the same name without `.gz` counts too.
        folders: The folders of its data set, by name, inside `BACKLIT_DATA` and the cache; the former itself is looked
            into last.

    Returns:
        The path, unchecked.

    Raises:
        FileError: Where `BACKLIT_DATA` names no folder.

    Example:
        >>> find(KnownFile("no-such-file", "00" * 32, 1), ["nowhere"]) is None
        True
    """
    names = [file.name, file.name.removesuffix(".gz")] if file.compressed else [file.name]
    own = data_folder()
    places = [] if own is None else [*(own / folder for folder in folders), own]
    places += [cache_folder() / folder for folder in folders]
    for place in places:
        for name in names:
            if (place / name).is_file():
                return place / name
    return None


def read_content(path: Path, file: KnownFile) -> bytes:
    """Return the content of a file, decompressed where it is compressed, and checked.

    Args:
        path: Where it lies.
        file: What it should be.

    Returns:
        The content, of `file.content_bytes` bytes.

    Raises:
        FileError: Where the file is damaged, cut short, or another one.

    Example:
        >>> import hashlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "three"
        ...     _ = path.write_bytes(b"abc")
        ...     read_content(path, KnownFile("three", hashlib.sha256(b"abc").hexdigest(), 3))
        b'abc'
    """
    try:
        with _open_content(path) as stream:
            # One byte more than there should be shows that there is too much, without decompressing all of a hostile
            # file.
            content = stream.read(file.content_bytes + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, f"cannot be decompressed: {error}") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}", instead="check the file") from error
    if len(content) > file.content_bytes:
        raise _damaged(path, f"holds more than the {file.content_bytes:,} bytes of {file.name}")
    if len(content) < file.content_bytes:
        raise _damaged(path, f"holds {len(content):,} bytes, and {file.name} has {file.content_bytes:,}")
    _check_digest(path, file, [content])
    return content


def check_file(path: Path, file: KnownFile) -> None:
    """Check a file that is too large to be read whole, piece by piece.

    Args:
        path: Where it lies.
        file: What it should be; not compressed on its own.

    Raises:
        FileError: Where the file is damaged, cut short, or another one.

    Example:
        >>> import hashlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "three"
        ...     _ = path.write_bytes(b"abc")
        ...     check_file(path, KnownFile("three", hashlib.sha256(b"abc").hexdigest(), 3))
    """
    try:
        size = path.stat().st_size
        if size != file.content_bytes:
            raise _damaged(path, f"holds {size:,} bytes, and {file.name} has {file.content_bytes:,}")
        with path.open("rb") as stream:
            _check_digest(path, file, iter(lambda: stream.read(_CHUNK), b""))
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}", instead="check the file") from error


def _open_content(path: Path) -> gzip.GzipFile | IO[bytes]:
    """Return a stream of a file's content, decompressed where its name ends in `.gz`."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _check_digest(path: Path, file: KnownFile, pieces: Iterable[bytes]) -> None:
    """Check the SHA-256 of a content that comes in pieces."""
    import hashlib  # costs 4 ms to import, and is needed for loaded data alone

    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    if digest.hexdigest() != file.sha256:
        raise _damaged(path, f"has SHA-256 {digest.hexdigest()}, and {file.name} has {file.sha256}")


def _damaged(path: Path, what: str) -> FileError:
    """Return the error for a file whose content is not the one known."""
    return FileError(
        f"{path} {what}",
        why="the file is damaged, or it is another data set's file of the same name",
        instead="delete the file and fetch it again; give each data set a folder of its own, such as mnist/",
    )


def fetch(file: KnownFile, folder: str, mirrors: Sequence[str]) -> Path:
    """Download a file into the cache, from the first mirror that gives the right content.

    Args:
        file: The file.
        folder: The folder of its data set inside the cache.
        mirrors: Addresses that the name of the file is appended to, tried in turn.

    Returns:
        Where the file now lies, checked.

    Raises:
        DownloadError: Where no mirror gave it, with what each one said.
        FileError: Where the cache cannot be written to.

    Example:
        >>> fetch(KnownFile("labels.gz", "00" * 32, 1), "example", [])
        Traceback (most recent call last):
        backlit.errors.DownloadError: labels.gz could not be downloaded: there is no mirror to ask
          ...
    """
    target = cache_folder() / folder / file.name
    answers: list[str] = []
    for mirror in mirrors:
        address = mirror.rstrip("/") + "/" + file.name
        try:
            with _temporary_file(target) as temporary:
                _download(address, temporary, most=file.content_bytes + _CHUNK)
                _check_download(temporary, file)
                _publish(temporary, target)
        except DownloadError as error:
            answers.append(f"{address}: {error.what}")
        else:
            return target
    raise DownloadError(
        f"{file.name} could not be downloaded: {'; '.join(answers) or 'there is no mirror to ask'}",
        why="the data set is not on this machine yet",
        instead=f"connect to the network, or put the file into a folder and set BACKLIT_DATA to it "
        f"(BACKLIT_DATA=/data for /data/{folder}/{file.name})",
    )


@contextlib.contextmanager
def _temporary_file(target: Path) -> Iterator[Path]:
    """Give a fresh path beside the target, and remove what is left there at the end."""
    import tempfile  # costs 5 ms to import, and is needed for downloads alone

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The ending stays, because it says whether the file is compressed.
        handle, name = tempfile.mkstemp(prefix=".partial-", suffix="-" + target.name, dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise FileError(
            f"{target.parent} cannot be written to: {error.strerror or error}",
            why="downloads are kept there",
            instead="set XDG_CACHE_HOME to a folder that can be written to",
        ) from error
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _download(address: str, path: Path, *, most: int) -> None:
    """Write what an address gives to a file, and sync it to the disk."""
    import http.client  # with urllib, costs 40 ms to import, a fifth of what `import backlit` may take
    import urllib.error
    import urllib.request

    try:
        request = urllib.request.Request(address, headers={"User-Agent": "backlit"})  # some servers refuse the default
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            promised = response.headers.get("Content-Length")
            received = 0
            with path.open("wb") as stream:
                while piece := response.read(_CHUNK):
                    received += len(piece)
                    if received > most:
                        raise DownloadError(f"sent more than {most:,} bytes")
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
    except DownloadError:
        raise
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise DownloadError(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DownloadError(f"{type(error).__name__}: {reason}" if str(reason) else type(error).__name__) from error
    if promised is not None and promised.isdigit() and received != int(promised):
        raise DownloadError(f"the connection closed after {received:,} of {int(promised):,} bytes")


def _check_download(path: Path, file: KnownFile) -> None:
    """Check the content of a file just received; what is wrong with it is the mirror's fault, not the user's."""
    try:
        if file.compressed:
            read_content(path, file)
        else:
            check_file(path, file)
    except FileError as error:
        raise DownloadError("the file received " + error.what.removeprefix(f"{path} ")) from error


def _publish(temporary: Path, target: Path) -> None:
    """Give a finished file its name, and sync the folder so that the name outlives a power cut."""
    try:
        temporary.replace(target)
        if os.name == "posix":
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise FileError(
            f"{target} cannot be written: {error.strerror or error}",
            why="downloads are kept there",
            instead="set XDG_CACHE_HOME to a folder that can be written to",
        ) from error
