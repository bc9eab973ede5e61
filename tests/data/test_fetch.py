"""Files of known content: found, downloaded, and never taken unchecked."""

import gzip
import hashlib
import socket

import pytest

from backlit.data.fetch import KnownFile, cache_folder, check_file, data_folder, fetch, find, read_content
from backlit.errors import DownloadError, FileError

CONTENT = b"seven digits and a sign" * 100
PLAIN = KnownFile("pictures.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
PACKED = KnownFile("pictures.gz", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture
def own(monkeypatch, tmp_path, elsewhere):
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("BACKLIT_DATA", str(folder))
    return folder


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_cache_is_where_the_system_keeps_such_things(monkeypatch, elsewhere):
    assert cache_folder() == elsewhere
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder().as_posix() == "/home/ada/.cache/backlit"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder().as_posix() == "/home/ada/Library/Caches/backlit"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache_folder().as_posix() == "/local/backlit"


def test_a_data_folder_that_is_not_there_is_named(monkeypatch, own):
    assert data_folder() == own
    monkeypatch.setenv("BACKLIT_DATA", str(own / "nowhere"))
    with pytest.raises(FileError, match=r"BACKLIT_DATA is '.*nowhere', and there is no such folder"):
        find(PLAIN, ["set"])


def test_the_users_folder_comes_before_the_cache_and_the_named_folder_before_the_top(own, elsewhere):
    (elsewhere / "set").mkdir(parents=True)
    places = [elsewhere / "set", own, own / "other-name", own / "set"]
    assert find(PLAIN, ["set", "other-name"]) is None
    for place in places:  # each comes before those already there
        place.mkdir(exist_ok=True)
        (place / PLAIN.name).write_bytes(CONTENT)
        assert find(PLAIN, ["set", "other-name"]) == place / PLAIN.name


def test_a_packed_file_may_lie_there_unpacked(own):
    (own / "pictures").write_bytes(CONTENT)
    path = find(PACKED, ["set"])
    assert path == own / "pictures"
    assert read_content(path, PACKED) == CONTENT
    (own / "pictures.gz").write_bytes(gzip.compress(CONTENT))
    assert read_content(find(PACKED, ["set"]), PACKED) == CONTENT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(CONTENT)[:-9], "cannot be decompressed"),
        (gzip.compress(CONTENT) + b"more", "cannot be decompressed"),
        (gzip.compress(CONTENT)[:20] + b"\xff" * 20, "cannot be decompressed"),
        (CONTENT, "cannot be decompressed"),
        (b"", "holds 0 bytes, and pictures.gz has 2,300"),
        (gzip.compress(CONTENT[:-1]), "holds 2,299 bytes, and pictures.gz has 2,300"),
        (gzip.compress(CONTENT + b"+"), "holds more than the 2,300 bytes"),
        (gzip.compress(bytes(50_000_000)), "holds more than the 2,300 bytes"),
        (gzip.compress(CONTENT[:-1] + b"?"), "has SHA-256 [0-9a-f]{64}, and pictures.gz has " + PACKED.sha256),
    ],
    ids=["cut", "followed", "garbled", "plain", "empty", "short", "long", "endless", "other"],
)
def test_a_damaged_packed_file_is_named(tmp_path, content, message):
    path = tmp_path / "pictures.gz"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message) as caught:
        read_content(path, PACKED)
    assert str(path) in caught.value.what
    assert "delete the file" in caught.value.instead


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT[:-1], "holds 2,299 bytes, and pictures.bin has 2,300"),
        (CONTENT + b"+", "holds 2,301 bytes"),
        (CONTENT[:-1] + b"?", "has SHA-256"),
    ],
    ids=["short", "long", "other"],
)
def test_a_damaged_file_is_named(tmp_path, content, message):
    path = tmp_path / "pictures.bin"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message):
        check_file(path, PLAIN)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for read in (check_file, read_content):
        with pytest.raises(FileError, match="cannot be read: No such file"):
            read(tmp_path / "pictures.bin", PLAIN)


@pytest.mark.parametrize(
    ("file", "served"), [(PLAIN, CONTENT), (PACKED, gzip.compress(CONTENT))], ids=["plain", "packed"]
)
def test_a_download_lands_in_the_cache(mirror, elsewhere, file, served):
    (mirror.folder / file.name).write_bytes(served)
    path = fetch(file, "set", [mirror.address])
    assert path == elsewhere / "set" / file.name
    assert path.read_bytes() == served
    assert find(file, ["set"]) == path
    assert left_in(elsewhere) == [file.name]


@pytest.mark.parametrize("slash", ["", "/"])
def test_mirrors_are_asked_in_turn_until_one_has_it(mirror, elsewhere, slash):
    (mirror.folder / "bad").mkdir()
    (mirror.folder / "bad" / PLAIN.name).write_bytes(CONTENT[::-1])
    (mirror.folder / PLAIN.name).write_bytes(CONTENT)
    base = mirror.address.rstrip("/")
    mirrors = [base + "/missing", base + "/bad", base + "/broken-off", base + slash, base + "/never-asked"]
    assert fetch(PLAIN, "set", mirrors).read_bytes() == CONTENT
    assert mirror.asked == [f"/{place}{PLAIN.name}" for place in ("missing/", "bad/", "broken-off/", "")]
    assert left_in(elsewhere) == [PLAIN.name]


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [
        ("", None, "HTTP Error 404: File not found"),
        ("", CONTENT[::-1], "the file received has SHA-256"),
        ("", CONTENT[:-1], "the file received holds 2,299 bytes"),
        ("", b"", "the file received holds 0 bytes"),
        ("", CONTENT * 1000, "sent more than"),
        ("broken-off/", CONTENT, "the connection closed after 1,150 of 2,300 bytes"),
        ("endless/", CONTENT, "sent more than"),
    ],
    ids=["missing", "other", "short", "empty", "long", "broken-off", "endless"],
)
def test_a_download_that_fails_says_what_the_mirror_did_and_leaves_nothing(mirror, elsewhere, place, content, message):
    if content is not None:
        (mirror.folder / PLAIN.name).write_bytes(content)
    with pytest.raises(DownloadError, match=message) as caught:
        fetch(PLAIN, "set", [mirror.address + place])
    assert mirror.address + place + PLAIN.name in caught.value.what
    assert "BACKLIT_DATA" in caught.value.instead
    assert left_in(elsewhere) == []


def test_a_damaged_packed_download_is_the_mirrors_fault(mirror, elsewhere):
    (mirror.folder / PACKED.name).write_bytes(gzip.compress(CONTENT)[:-5])
    with pytest.raises(DownloadError, match="the file received cannot be decompressed"):
        fetch(PACKED, "set", [mirror.address])


@pytest.mark.parametrize(
    "address", ["no-address", "http://", "unknown://host/", "http://[::1", "http://127.0.0.1:99999"]
)
def test_an_address_that_is_none_is_reported(elsewhere, address):
    with pytest.raises(DownloadError, match=r"pictures\.bin could not be downloaded"):
        fetch(PLAIN, "set", [address])


def test_no_network_is_reported_with_every_mirror_and_a_way_out(elsewhere, monkeypatch):
    def unreachable(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(DownloadError) as caught:
        fetch(PLAIN, "set", ["https://one.example/", "http://two.example/"])
    assert "one.example/pictures.bin: URLError" in caught.value.what
    assert "two.example/pictures.bin: URLError" in caught.value.what
    assert "Name or service not known" in caught.value.what
    assert "/data/set/pictures.bin" in caught.value.instead


def test_a_server_that_refuses_is_reported(elsewhere, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, and not listening
        port = unused.getsockname()[1]
        with pytest.raises(DownloadError, match="refused"):
            fetch(PLAIN, "set", [f"http://127.0.0.1:{port}/"])


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(FileError, match="cannot be written to") as caught:
        fetch(PLAIN, "set", ["http://127.0.0.1:9/"])
    assert "XDG_CACHE_HOME" in caught.value.instead


def test_an_older_file_stays_until_the_new_one_is_whole(mirror, elsewhere):
    target = elsewhere / "set" / PLAIN.name
    target.parent.mkdir(parents=True)
    target.write_bytes(b"older")
    (mirror.folder / PLAIN.name).write_bytes(CONTENT[:-1])
    with pytest.raises(DownloadError):
        fetch(PLAIN, "set", [mirror.address])
    assert target.read_bytes() == b"older"
    (mirror.folder / PLAIN.name).write_bytes(CONTENT)
    assert fetch(PLAIN, "set", [mirror.address]).read_bytes() == CONTENT
