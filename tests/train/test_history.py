"""The history: a table that can be read, plotted, printed and written."""

import csv
import math

import pytest

from backlit.errors import ArgumentError, FileError, UnknownNameError
from backlit.train.history import History, larger_is_better


@pytest.fixture
def history():
    return History(
        [
            {"epoch": 1, "loss": 0.5, "validation accuracy": 0.25},
            {"epoch": 2, "loss": 12345678.0, "validation accuracy": 0.75},
            {"epoch": 3, "loss": 0.00001},
        ],
        [1.0, 0.5],
    )


def test_columns_are_plain_lists(history):
    assert history["epoch"] == [1, 2, 3]
    assert history["loss"] == [0.5, 12345678.0, 0.00001]
    assert history.columns == ("epoch", "loss", "validation accuracy")


def test_what_was_not_recorded_is_nan(history):
    assert history["validation accuracy"][:2] == [0.25, 0.75]
    assert math.isnan(history["validation accuracy"][2])
    history.add({"epoch": 4, "late": 1.0})
    assert [math.isnan(value) for value in history["late"]] == [True, True, True, False]
    assert math.isnan(history["loss"][3])


def test_a_column_that_is_not_there_is_named(history):
    with pytest.raises(UnknownNameError, match="did you mean 'loss'") as raised:
        history["los"]
    assert "epoch, loss, validation accuracy" in str(raised.value)


def test_what_is_handed_out_changes_nothing(history):
    history["loss"].clear()
    with pytest.raises(TypeError):
        history.rows[0]["loss"] = 3.0
    history.step_losses[:] = 0.0
    assert history["loss"][0] == 0.5
    assert history.step_losses.tolist() == [1.0, 0.5]


def test_it_prints_as_an_aligned_table(history):
    history.stopped = "all 3 epochs are done"
    assert str(history).splitlines() == [
        "epoch       loss  validation accuracy",
        "    1     0.5000               0.2500",
        "    2  1.235e+07               0.7500",
        "    3  1.000e-05                     ",
        "stopped: all 3 epochs are done",
    ]
    assert repr(history) == "<history of 3 epochs: epoch, loss, validation accuracy>"
    assert str(History()) == "nothing recorded yet"
    assert "nan" in str(History([{"loss": math.nan}]))


def test_the_best_row(history):
    assert history.best("loss")["epoch"] == 3
    assert history.best("validation accuracy")["epoch"] == 2
    equal = History([{"epoch": 1, "loss": math.nan}, {"epoch": 2, "loss": 1.0}, {"epoch": 3, "loss": 1.0}])
    assert equal.best("loss")["epoch"] == 2


def test_the_name_tells_what_is_better():
    assert [larger_is_better(name) for name in ("top 2 accuracy", "F score", "root mean squared error", "loss")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ArgumentError, match="does not tell"):
        larger_is_better("seconds")


def test_it_is_written_as_csv(history, tmp_path):
    history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert rows[2]["validation accuracy"] == ""
    with pytest.raises(FileError, match="could not be written"):
        history.to_csv(tmp_path / "nowhere" / "history.csv")


def test_one_iterates_over_the_rows(history):
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert len(history) == 3
