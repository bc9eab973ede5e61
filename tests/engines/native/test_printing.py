"""Tables and numbers that a reader can take in."""

import pytest

from backlit.engines.native.printing import bytes_text, count_text, paragraph, seconds_text, table_text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1024**2 - 1, "1.00 MiB"), (3.5 * 1024**3, "3.50 GiB")],
)
def test_bytes(number: float, text: str) -> None:
    assert bytes_text(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1000, "1.00 k"), (123_456, "123 k"), (4e15, "4000 T")]
)
def test_counts(number: float, text: str) -> None:
    assert count_text(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.2e-10, "0.32 ns"),
        (1.234e-8, "12.3 ns"),
        (1e-6, "1.00 µs"),
        (0.0125, "12.5 ms"),
        (1.5, "1.50 s"),
        (75.0, "75 s"),
    ],
)
def test_seconds(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_no_line_is_wider_than_a_page() -> None:
    lines = table_text(("kernel", "time"), [("long " * 60, "5 ns"), ("short", "12 ns")])
    assert max(map(len, lines)) == 100
    assert lines[1].rstrip("5 ns").endswith("…")
    assert all(len(line) <= 100 for line in paragraph("word " * 100, indent=4))


def test_numbers_end_below_one_another() -> None:
    lines = table_text(("a", "b"), [("x", "5"), ("yy", "125")])
    assert lines == ["a     b", "x     5", "yy  125"]
