"""Files are written whole or not at all."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backlit.errors import FileError
from backlit.interop import check_writable, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_new_file_holds_the_content_and_nothing_lies_beside_it(tmp_path):
    write_atomically(tmp_path / "a", b"one")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert names(tmp_path) == ["a"]


def test_a_file_that_exists_is_replaced_and_keeps_its_permissions(tmp_path):
    (tmp_path / "a").write_bytes(b"old and longer")
    os.chmod(tmp_path / "a", 0o640)
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_that_the_user_gives_new_files(tmp_path):
    (tmp_path / "usual").touch()
    write_atomically(tmp_path / "a", b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_goes_on_leading_to_the_file(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "a")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"


@pytest.mark.parametrize("write", [check_writable, lambda path: write_atomically(path, b"x")])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "missing" / "a", "there is no folder"),
        (lambda folder: folder, "is a folder"),
        (lambda folder: Path(os.devnull), "is no ordinary file"),
        (lambda folder: folder / ("n" * 300), "name is too long|no path that a file can have"),
        (lambda folder: str(folder / "a\0b"), "no path that a file can have"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused(write, make, message, tmp_path):
    with pytest.raises(FileError, match=message):
        write(make(tmp_path))
    assert names(tmp_path) == []
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)


def test_checking_changes_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    check_writable(tmp_path / "a")
    check_writable(tmp_path / "b")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "you may not write into its folder"),
        (errno.EROFS, "the disk can only be read"),
        (errno.EIO, "the system says"),
    ],
)
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_what_the_system_refuses_leaves_the_old_file_and_nothing_beside_it(
    step, number, message, tmp_path, monkeypatch
):
    (tmp_path / "a").write_bytes(b"old")

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(FileError, match=message):
        write_atomically(tmp_path / "a", b"new")
    monkeypatch.undo()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_an_interruption_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", b"new")
    monkeypatch.undo()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_the_content_is_synced_before_it_is_renamed_and_the_folder_after(tmp_path, monkeypatch):
    steps = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(number):
        steps.append("sync folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "sync file")
        real_sync(number)

    def replace(source, target):
        steps.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    write_atomically(tmp_path / "a", b"x")
    assert steps == ["sync file", "rename", "sync folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is a matter of POSIX")
def test_a_real_limit_on_the_size_of_files_is_reported(tmp_path):
    program = (
        "import resource, signal, sys\n"
        "from backlit.errors import FileError\n"
        "from backlit.interop import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_atomically(sys.argv[1], bytes(100_000))\n"
        "except FileError as error:\n    print(error.why)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a")], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "the file would be larger than is allowed here"
    assert names(tmp_path) == []
