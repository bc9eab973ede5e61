"""The data sets that ship: what is in them, byte for byte, and what they are good for."""

import hashlib

import numpy as np

from backlit.data import air_traffic, digits, elevation


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:16]


def test_digits_are_a_fixed_balanced_split():
    train, test = digits()
    assert (len(train), len(test)) == (4000, 1000)
    assert np.bincount(train.targets).tolist() == [400] * 10
    assert np.bincount(test.targets).tolist() == [100] * 10
    for part in (train, test):
        assert part.inputs.dtype == np.float32
        assert part.targets.dtype == np.int64
        assert part.inputs.min() == 0
        assert part.inputs.max() == 1
        assert part.image_shape == (28, 28)
        assert part.classes == tuple("0123456789")
    assert digest(train.inputs, train.targets, test.inputs, test.targets) == "3b030071d07f1595"


def test_no_digit_is_in_both_parts():
    train, test = digits()
    together = np.concatenate([train.inputs, test.inputs])
    assert len(np.unique(together, axis=0)) == len(together)


def test_digits_are_in_no_order():
    train, _ = digits()
    # Labels that were drawn one by one differ from their neighbours nine times out of ten.
    assert 0.85 < (train.targets[1:] != train.targets[:-1]).mean() < 0.95


def test_digits_look_like_their_labels():
    train, test = digits()
    means = np.stack([train.inputs[train.targets == digit].mean(axis=0) for digit in range(10)])
    nearest = ((test.inputs[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == test.targets).mean() > 0.75


def test_air_traffic_is_a_bump_over_the_day():
    data = air_traffic()
    assert data.inputs.dtype == data.targets.dtype == np.float32
    assert data.inputs.ravel().tolist() == [0.25 + 0.5 * number for number in range(48)]
    flights = np.round(data.targets.ravel() * 1000).astype(int)
    assert flights.sum() == 200_000
    assert flights[2:10].max() < 300  # from one to five at night
    assert flights[14:40].min() > 4500  # from seven in the morning to eight in the evening
    assert digest(data.inputs, data.targets) == "b8fb1c8226a40345"


def test_elevation_is_a_map_with_north_above():
    data = elevation()
    assert data.inputs.shape == (9216, 2)
    assert data.targets.shape == (9216, 1)
    assert data.inputs.dtype == data.targets.dtype == np.float32
    assert data.inputs[0].tolist() == [-1.0, 1.0]  # the north-western corner
    assert data.inputs[95].tolist() == [1.0, 1.0]
    assert data.inputs[-1].tolist() == [1.0, -1.0]
    assert (data.targets.min(), data.targets.max()) == (256.0, 1076.0)
    assert digest(data.inputs, data.targets) == "356674be059b0a8c"
