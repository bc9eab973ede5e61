"""The code cache: it gives back exactly what was kept, or nothing, and never stands in the way."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from backlit.data import fetch
from backlit.engines.native import cache
from backlit.engines.native.cache import cache_folder, cache_key, clear_cache, load, save
from backlit.engines.native.target import named_target

KEY, OTHER = "0" * 64, "1" * 64
posix = pytest.mark.skipif(os.name != "posix", reason="needs the rights of POSIX")
root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only the administrator can give a file away")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ----------------------------------------------------------------------------------------------------------- the folder


def test_the_folder_is_the_one_that_is_named(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    monkeypatch.setenv("BACKLIT_CACHE", "~/code")
    assert cache_folder() == Path("/home/ada/code")


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "/home/ada/.cache/backlit/native"),
        ("linux", {"XDG_CACHE_HOME": "/var/cache/ada"}, "/var/cache/ada/backlit/native"),
        ("darwin", {}, "/home/ada/Library/Caches/backlit/native"),
        ("win32", {"LOCALAPPDATA": "/ada/Local"}, "/ada/Local/backlit/native"),
        ("win32", {}, "/home/ada/AppData/Local/backlit/native"),
    ],
)
def test_without_a_name_it_lies_where_the_system_keeps_such_things(monkeypatch, platform, variables, expected):
    for name in ("BACKLIT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, "/home/ada")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == Path(expected)
    assert cache_folder().parent == fetch.cache_folder()  # beside the data sets


@pytest.mark.parametrize("word", ["off", "OFF"])
def test_the_cache_can_be_switched_off(monkeypatch, folder, word):
    save(KEY, b"code")
    monkeypatch.setenv("BACKLIT_CACHE", word)
    assert cache_folder() is None
    assert load(KEY) is None
    save(OTHER, b"code")
    assert clear_cache() == 0
    assert names(folder) == [f"{KEY}.code"]
    assert not Path(word).exists()


# -------------------------------------------------------------------------------------------------------------- the key


def test_a_key_changes_with_everything_that_changes_the_code(monkeypatch):
    import llvmlite
    import llvmlite.binding as llvm

    target = named_target("x86-64-v3")
    keys = [
        cache_key("ret", target),
        cache_key("ret ", target),
        cache_key("ret", replace(target, features=target.features.replace("+fma", "-fma"))),
        cache_key("ret", replace(target, cpu="haswell")),
        cache_key("ret", replace(target, triple="x86_64-apple-darwin")),
    ]
    for owner, name, value in [
        (llvmlite, "__version__", "0.99.0"),
        (llvm, "llvm_version_info", (99, 0, 0)),
        (sys.modules["backlit"], "__version__", "99.0"),
        (cache, "_FORMAT", 99),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, value)
            keys.append(cache_key("ret", target))
    assert len(set(keys)) == len(keys)
    assert cache_key("ret", target) == keys[0]


def test_a_key_is_the_same_in_another_process():
    program = (
        "from backlit.engines.native.cache import cache_key\n"
        "from backlit.engines.native.target import named_target\n"
        "print(cache_key('ret', named_target('x86-64-v3')))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == cache_key("ret", named_target("x86-64-v3"))


# -------------------------------------------------------------------------------------------------- keeping and finding


@pytest.mark.parametrize("code", [b"", b"code", bytes(range(256)) * 1000])
def test_what_was_kept_is_found(code):
    save(KEY, code)
    assert load(KEY) == code
    assert load(OTHER) is None


def test_keeping_again_replaces(folder):
    save(KEY, b"old")
    save(KEY, b"new")
    assert load(KEY) == b"new"
    assert names(folder) == [f"{KEY}.code"]


def damaged(whole: bytes) -> dict[str, bytes]:
    cuts = {f"cut to {length}": whole[:length] for length in (0, 5, 12, 47, 48, len(whole) - 1)}
    flips = {f"byte {at} changed": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (0, 8, 20, 48, 99)}
    others = {
        "longer": whole + b"\0",
        "garbage": bytes(range(256)) * 4,
        "text": b"not a program\n",
        "a pickle": b"cos\nsystem\n(S'false'\ntR.",
        "a length without end": whole[:8] + b"\xff" * 8 + whole[16:],
    }
    return cuts | flips | others


@pytest.mark.parametrize("how", damaged(bytes(148)))
def test_a_damaged_file_is_as_good_as_none_and_goes(folder, how):
    save(KEY, bytes(range(100)))
    path = folder / f"{KEY}.code"
    path.write_bytes(damaged(path.read_bytes())[how])
    assert load(KEY) is None
    assert not path.exists()
    save(KEY, b"code")
    assert load(KEY) == b"code"


def test_a_file_under_a_name_that_is_not_its_own_is_not_taken(folder):
    save(KEY, b"code")
    (folder / f"{KEY}.code").rename(folder / f"{OTHER}.code")
    assert load(OTHER) is None


def test_a_folder_in_the_place_of_a_file_is_no_code(folder):
    (folder / f"{KEY}.code").mkdir(parents=True)
    assert load(KEY) is None
    save(KEY, b"code")
    assert load(KEY) is None
    assert names(folder) == [f"{KEY}.code"]


@root
def test_code_that_another_user_wrote_is_not_run(folder):
    save(KEY, b"code")
    os.chown(folder / f"{KEY}.code", 12345, -1)
    assert load(KEY) is None


@posix
def test_the_folder_is_for_its_owner_alone(folder):
    save(KEY, b"code")
    assert folder.stat().st_mode & 0o777 == 0o700


# --------------------------------------------------------------------------------------------------- where it cannot be


def test_a_place_where_no_folder_can_be_is_no_cache(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "file" / "cache"))
    save(KEY, b"code")
    assert load(KEY) is None
    assert clear_cache() == 0
    assert names(tmp_path) == ["file"]


@posix
def test_a_folder_that_cannot_be_written_to_is_still_read(tmp_path):
    # In a process of its own, because the administrator, who runs the tests in a container, may write anywhere.
    program = """
import os, tempfile
from backlit.engines.native.cache import clear_cache, load, save
with tempfile.TemporaryDirectory() as outer:
    os.environ["BACKLIT_CACHE"] = folder = os.path.join(outer, "cache")
    save("0" * 64, b"code")
    save("1" * 64, b"code")
    os.truncate(os.path.join(folder, "1" * 64 + ".code"), 30)
    os.chmod(outer, 0o755)
    os.chmod(folder, 0o555)
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(65534)
    save("2" * 64, b"code")
    print(load("0" * 64), load("1" * 64), load("2" * 64), clear_cache(), len(os.listdir(folder)))
    os.seteuid(os.getuid())
    os.chmod(folder, 0o700)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("b'code' None None 0 2\n", "")


# ---------------------------------------------------------------------------------------------------- several processes


def test_processes_that_keep_the_same_code_do_not_disturb_one_another(folder):
    program = f"""
from backlit.engines.native.cache import save
print("ready", flush=True)
input()
for turn in range(50):
    save("{KEY}", bytes([turn]) * 300_000)
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    seen = set()
    while any(writer.poll() is None for writer in writers):
        code = load(KEY)
        if code is not None:
            assert len(code) == 300_000
            seen.add(code)
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert all(len(set(code)) == 1 for code in seen)
    assert len(seen) > 1, "the reader never saw the writers at work"
    assert load(KEY) == bytes([49]) * 300_000
    assert names(folder) == [f"{KEY}.code"]


# ----------------------------------------------------------------------------------------------------------------- size


def keys(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


def age(folder: Path, key: str, seconds: float) -> None:
    past = time.time() - seconds
    os.utime(folder / f"{key}.code", (past, past))


def test_what_was_not_used_for_longest_goes_first(monkeypatch, folder):
    monkeypatch.setattr(cache, "_MOST_BYTES", 4500)
    first, second, third, fourth, fifth = keys(5)
    for number, key in enumerate([first, second, third, fourth]):
        save(key, bytes(1000))
        age(folder, key, 1000 - number)
    assert load(first) == bytes(1000)  # it was the oldest; now it is the last that was used
    save(fifth, bytes(1000))
    assert names(folder) == [f"{key}.code" for key in (first, third, fourth, fifth)]


def test_many_small_ones_give_way_to_a_large_one(monkeypatch, folder):
    monkeypatch.setattr(cache, "_MOST_BYTES", 10_000)
    *small, large = keys(8)
    for number, key in enumerate(small):
        save(key, bytes(1000))
        age(folder, key, 1000 - number)
    save(large, bytes(7000))
    assert names(folder) == [f"{key}.code" for key in [*small[-2:], large]]


def test_what_is_larger_than_the_whole_cache_is_not_kept(monkeypatch, folder):
    monkeypatch.setattr(cache, "_MOST_BYTES", 2000)
    save(KEY, bytes(1000))
    save(OTHER, bytes(2000))
    assert names(folder) == [f"{KEY}.code"]


def test_what_does_not_belong_to_the_cache_is_left_alone(monkeypatch, folder):
    folder.mkdir()
    (folder / "notes.txt").write_bytes(bytes(5000))
    (folder / f"{KEY}.code.backup").write_bytes(bytes(5000))
    (folder / "mnist").mkdir()
    monkeypatch.setattr(cache, "_MOST_BYTES", 1500)
    save(KEY, bytes(1000))
    save(OTHER, bytes(1000))
    assert clear_cache() == 1
    assert names(folder) == [f"{KEY}.code.backup", "mnist", "notes.txt"]


def test_what_a_killed_writer_left_goes_when_it_is_old(folder):
    save(KEY, b"code")
    old, young = (folder / f"{OTHER}.{number:016x}.partial" for number in range(2))
    for path in (old, young):
        path.write_bytes(b"half of")
    os.utime(old, (time.time() - 4000,) * 2)
    save(KEY, b"code")
    assert names(folder) == [f"{KEY}.code", young.name]
    assert clear_cache() == 1
    assert names(folder) == []
