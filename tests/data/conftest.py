"""What the tests of loaded data share: a mirror on this machine, and no files of the user's in sight."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder, says nothing, and breaks off where it is told to."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/broken-off/"):
            content = Path(self.directory, self.path.rpartition("/")[2]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            return
        if self.path.startswith("/endless/"):
            self.send_response(200)
            self.end_headers()
            for _ in range(64):
                self.wfile.write(bytes(1 << 20))
            return
        super().do_GET()

    def log_message(self, format, *args):
        pass


class QuietServer(ThreadingHTTPServer):
    """A server that does not report the clients that hang up on it."""

    def handle_error(self, request, client_address):
        pass


class Mirror:
    """A folder, and the addresses under which it is served."""

    def __init__(self, folder, server):
        self.folder = folder
        self.asked = server.asked
        self.address = f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """The cache in an empty folder, and no BACKLIT_DATA; gives the folder where the cache is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("BACKLIT_DATA", raising=False)
    return tmp_path / "cache" / "backlit"


@pytest.fixture
def mirror(monkeypatch, tmp_path, elsewhere):
    """A web server on this machine that serves an empty folder."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = QuietServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Mirror(folder, server)
    server.shutdown()
    thread.join()
    server.server_close()
