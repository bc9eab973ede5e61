"""Tables: numbers, classes, and the line and column of whatever is neither."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data import from_csv
from backlit.errors import ArgumentError, DataError, FileError

PETS = "weight,height,kind\n4.1,25,cat\n30,60,dog\n3.9,24,cat\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="pets.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_column_of_text_becomes_classes(write):
    data = from_csv(write(PETS), target="kind")
    assert data.inputs.tolist() == np.array([[4.1, 25], [30, 60], [3.9, 24]], np.float32).tolist()
    assert data.inputs.dtype == np.float32
    assert data.targets.tolist() == [0, 1, 0]
    assert data.targets.dtype == np.int64
    assert (data.classes, data.name) == (("cat", "dog"), "pets")


def test_a_column_of_numbers_stays_quantities(write):
    data = from_csv(write(PETS), target="height", columns=["weight"])
    assert data.inputs.shape == data.targets.shape == (3, 1)
    assert data.targets.dtype == np.float32
    assert data.targets.ravel().tolist() == [25.0, 60.0, 24.0]
    assert data.classes is None


def test_without_a_target_there_are_inputs_alone(write):
    data = from_csv(write("a,b\n1,2\n3,4\n"))
    assert data.inputs.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert data.targets is None


def test_columns_come_in_the_order_asked_for(write):
    assert from_csv(write(PETS), columns=["height", "weight"]).inputs[0].tolist() == pytest.approx([25, 4.1])


def test_classes_are_numbered_as_asked(write):
    assert from_csv(write(PETS), target="kind", classes=["dog", "cat"]).targets.tolist() == [1, 0, 1]
    numbered = from_csv(write("x,digit\n1,7\n2,0\n"), target="digit", classes=list("0123456789"))
    assert numbered.targets.tolist() == [7, 0]
    with pytest.raises(DataError, match=r"line 3 of .* has 'dog' in the target column 'kind' \(did you mean 'dogs'"):
        from_csv(write(PETS), target="kind", classes=["cat", "dogs"])


def test_other_delimiters_quotes_spaces_and_marks_are_read(write):
    text = '\ufeffweight;"the height";kind\r\n 4.1 ;25;"cat; small"\r\n\r\n30;60; dog \r\n'
    data = from_csv(write(text), target="kind", delimiter=";")
    assert data.classes == ("cat; small", "dog")
    assert data.inputs.tolist() == pytest.approx(np.array([[4.1, 25], [30, 60]]))
    assert from_csv(write("a\tb\n1\t2\n"), delimiter="\t").inputs.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x\n", r"line 3 of .*pets\.csv has 'x' in column 'b'"),
        ("a,b\n1,\n", "line 2 of .* has no value in column 'b'"),
        ("a,b\n1,nan\n", "line 2 of .* has 'nan' in column 'b'"),
        ("a,b\n1,inf\n", "line 2 of .* has 'inf' in column 'b'"),
        ("a,b\n1,1e39\n", "line 2 of .* has '1e39' in column 'b'"),
        ("a,b\n1,1_000\n", "line 2 of .* has '1_000' in column 'b'"),
        ('a,b\n1,"1,5"\n', "line 2 of .* has '1,5' in column 'b'"),
        ('a,b\n1,"2\n"\n3,x\n', "line 4 of .* has 'x'"),
        ("a,b\n", "has a header and no rows"),
    ],
)
def test_a_value_that_is_no_number_is_named_with_line_and_column(write, text, message):
    with pytest.raises(DataError, match=message) as caught:
        from_csv(write(text))
    assert caught.value.instead


@pytest.mark.parametrize("text", ["a,b\n1,\n", "a,b\n1, \n"])
def test_a_missing_target_is_named(write, text):
    with pytest.raises(DataError, match=r"line 2 of .* has no value in the target column 'b'"):
        from_csv(write(text), target="b")


def test_a_target_that_is_partly_numbers_names_what_is_not(write):
    with pytest.raises(DataError, match=r"line 3 of .* has 'many' in column 'b'"):
        from_csv(write("a,b\n1,2\n3,many\n"), target="b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("1,2\n3,4\n", "the first line of .* holds numbers alone: 1, 2"),
        ("a,a\n1,2\n", "more than one column named 'a'"),
        ("a,b\n1,2,3\n", "line 2 of .* has 3 values, and the header names 2 columns"),
        ("a,b\n1\n", "line 2 of .* has 1 values"),
        (b"a,b\n\xff\xfe,2\n", "is not text in UTF-8"),
        ('a,b\n1,"2\n', "is no sound table"),
        ('a,b\n1,"2"3\n', "is no sound table"),
        ("a,b\n1," + "9" * 200_000 + "\n", "is no sound table: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused(write, text, message):
    with pytest.raises(FileError, match=message) as caught:
        from_csv(write(text))
    assert caught.value.instead


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "knd"}, r"has no column 'knd' \(did you mean 'kind'\?\)"),
        ({"columns": ["weight", "length"]}, "has no column 'length'"),
        ({"columns": []}, "no column of .* is left to learn from"),
        ({"delimiter": ""}, "the delimiter is ''"),
        ({"delimiter": "::"}, "the delimiter is '::'"),
        ({"delimiter": "\n"}, "the delimiter is"),
        ({"target": "kind", "classes": ["cat", "cat"]}, "classes is"),
    ],
)
def test_settings_that_do_not_fit_are_refused(write, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        from_csv(write(PETS), **arguments)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileError, match="there is no file"):
        from_csv(tmp_path / "nowhere.csv")
    with pytest.raises(FileError, match="cannot be read"):
        from_csv(tmp_path)


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_a_table_or_an_error(tmp_path_factory, content, with_target):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"a,b\n" + content)
    with contextlib.suppress(FileError, DataError):
        data = from_csv(path, target="b" if with_target else None)
        assert np.isfinite(data.inputs).all()
        assert len(data) >= 1
