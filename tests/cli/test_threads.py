"""A small net is trained on one thread, and what comes after it on as many as before."""

import os
import subprocess
import sys

import pytest

from backlit.cli import threads
from backlit.cli.threads import one_thread

PROGRAM = """
from backlit.cli.threads import _thread_calls, one_thread
counts = lambda: [get() for get, _ in _thread_calls()]
before = counts()
with one_thread():
    inside = counts()
try:
    with one_thread():
        raise KeyError
except KeyError:
    pass
print(before, inside, counts())
"""


@pytest.mark.skipif(not threads._thread_calls(), reason="NumPy did not bring an OpenBLAS of its own")
def test_inside_there_is_one_thread_and_afterwards_as_many_as_before():
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    before, inside, after = result.stdout.split("] [")
    assert inside == "1"
    assert before.strip("[") == after.strip("]\n")


def test_where_there_is_no_openblas_nothing_happens(monkeypatch):
    monkeypatch.setattr(threads, "_thread_calls", list)
    with one_thread():
        pass


def test_the_number_of_threads_is_set_and_put_back(monkeypatch):
    count = [8]
    monkeypatch.setattr(threads, "_thread_calls", lambda: [(lambda: count[0], lambda n: count.__setitem__(0, n))])
    with one_thread():
        assert count == [1]
    assert count == [8]
