"""The code cache: what LLVM has once compiled is kept on the disk.

Compiling a training step takes a tenth of a second or more, reading it back a thousandth. A file's name is the hash of
everything that decides what LLVM makes: the program, the machine and the versions. So nothing in the cache ever becomes
wrong, only unused; what was not used for longest goes first. The cache is a convenience: whatever goes wrong with it,
a program is compiled as if it were not there.
"""

import contextlib
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from backlit.engines.native.target import Target

__all__ = ["cache_folder", "cache_key", "clear_cache", "load", "save"]

_FORMAT = 1  # raise it whenever the same program gives other code: other settings of LLVM, another layout of the file
_MOST_BYTES = 256 << 20
_MAGIC = b"backlit\x00"
_LENGTH_BYTES = 8
_DIGEST_BYTES = 32
_HEADER_BYTES = len(_MAGIC) + _LENGTH_BYTES + _DIGEST_BYTES
_FINISHED = re.compile(r"[0-9a-f]{64}\.code")
_UNFINISHED = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{16}\.partial")
_ABANDONED = 3600.0  # seconds after which a file that is still unfinished has lost its writer


def cache_folder() -> Path | None:
    """Return the folder where compiled programs are kept; it need not exist yet.

    It is what the environment variable ``BACKLIT_CACHE`` names. Where that is not set, it is ``backlit/native`` inside
    ``XDG_CACHE_HOME``, or inside the system's usual place: ``~/.cache``, ``~/Library/Caches`` on macOS,
    ``%LOCALAPPDATA%`` on Windows.

    Returns:
        The folder, or `None` where ``BACKLIT_CACHE`` is ``off`` or the user has no home.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, BACKLIT_CACHE="/var/tmp/code"):
        ...     cache_folder().as_posix()
        '/var/tmp/code'
        >>> with patch.dict(os.environ, BACKLIT_CACHE="off"):
        ...     cache_folder()
    """
    explicit = os.environ.get("BACKLIT_CACHE", "")
    if explicit.lower() == "off":
        return None
    try:
        return Path(explicit).expanduser() if explicit else _user_folder() / "backlit" / "native"
    except RuntimeError:  # no home
        return None


def _user_folder() -> Path:
    shared = os.environ.get("XDG_CACHE_HOME", "")
    if shared:
        return Path(shared).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"


def cache_key(ir: str, target: Target) -> str:
    """Return the name under which the code of a program is kept.

    Args:
        ir: The program, as LLVM's text.
        target: The machine it is compiled for.

    Returns:
        A hash in hexadecimal: of the program, the machine, and the versions of LLVM, llvmlite and backlit.

    Example:
        >>> from backlit.engines.native.target import named_target
        >>> small, large = named_target("x86-64-v2"), named_target("x86-64-v3")
        >>> len(cache_key("", small)), cache_key("", small) == cache_key("", large)
        (64, False)
    """
    import llvmlite
    import llvmlite.binding as llvm

    own = sys.modules[__name__.partition(".")[0]].__version__
    versions = f"{_FORMAT} {own} {llvmlite.__version__} {llvm.llvm_version_info}"
    about = f"{versions}\0{target.triple}\0{target.cpu}\0{target.features}\0"
    return _hash(about, ir.encode()).hex()


def load(key: str) -> bytes | None:
    """Return the code kept under a key.

    A file that is damaged, that was kept under another key, or that another user wrote (it would be run with the rights
    of this one) is as good as none.

    Args:
        key: The key, from `cache_key`.

    Returns:
        The code, or `None` where there is none.

    Example:
        >>> load("0" * 64) is None
        True
    """
    folder = cache_folder()
    if folder is None:
        return None
    path = _path(folder, key)
    try:
        with path.open("rb") as stream:
            trusted = _is_trusted(os.fstat(stream.fileno()))
            content = stream.read() if trusted else b""
    except OSError:
        return None
    code = _unpack(key, content)
    with contextlib.suppress(OSError):  # a folder that cannot be written to still serves
        if code is None:
            path.unlink()
        else:
            os.utime(path)  # not every disk notes when a file was read
    return code


def save(key: str, code: bytes) -> None:
    """Keep code under a key, and remove what was not used for longest once the cache is larger than 256 MiB.

    The file gets its name when it is whole, so that other processes never see a part of it. Where nothing can be
    written, nothing is kept.

    Args:
        key: The key, from `cache_key`.
        code: The code.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, BACKLIT_CACHE=folder):
        ...     save("0" * 64, b"code")
        ...     load("0" * 64)
        b'code'
    """
    folder = cache_folder()
    if folder is None or len(code) + _HEADER_BYTES > _MOST_BYTES:
        return
    temporary = folder / f"{key}.{os.urandom(8).hex()}.partial"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as stream:
                stream.write(_pack(key, code))
            temporary.replace(_path(folder, key))
        finally:
            temporary.unlink(missing_ok=True)
        _make_room(folder)


def clear_cache() -> int:
    """Remove every program from the cache; nothing else that lies in its folder is touched.

    Returns:
        How many programs were removed.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, BACKLIT_CACHE=folder):
        ...     save("0" * 64, b"code")
        ...     clear_cache(), clear_cache()
        (1, 0)
    """
    folder = cache_folder()
    if folder is None:
        return 0
    removed = 0
    for pattern in (_UNFINISHED, _FINISHED):
        for path, _ in list(_files(folder, pattern)):
            with contextlib.suppress(OSError):
                path.unlink()
                removed += pattern is _FINISHED
    return removed


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}.code"


def _is_trusted(status: os.stat_result) -> bool:
    """Say whether a file is this user's own, or the administrator's."""
    return sys.platform == "win32" or status.st_uid in {0, os.geteuid()}


def _hash(about: str, content: bytes) -> bytes:
    """Hash with BLAKE2b (Aumasson et al., 2013): twice as fast as SHA-256 where the processor has no help for that."""
    state = hashlib.blake2b(about.encode(), digest_size=_DIGEST_BYTES)
    state.update(content)
    return state.digest()


def _pack(key: str, code: bytes) -> bytes:
    return _MAGIC + len(code).to_bytes(_LENGTH_BYTES, "little") + _hash(key, code) + code


def _unpack(key: str, content: bytes) -> bytes | None:
    """Return the code in a file's content, or `None` where anything about the file is wrong."""
    code = content[_HEADER_BYTES:]
    return code if content == _pack(key, code) else None


def _files(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, os.stat_result]]:
    """Find the cache's own files in its folder; other processes may remove them meanwhile."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _make_room(folder: Path) -> None:
    """Remove what was not used for longest until the rest fits, and what a killed process left unfinished."""
    for path, status in list(_files(folder, _UNFINISHED)):
        if time.time() - status.st_mtime > _ABANDONED:
            path.unlink(missing_ok=True)
    kept = sorted(_files(folder, _FINISHED), key=lambda file: file[1].st_mtime_ns)
    total = sum(status.st_size for _, status in kept)
    for path, status in kept:
        if total <= _MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= status.st_size
