"""The adapters that are always there: a reset leads back to the start, to the last bit."""

import numpy as np
import pytest
from benchmarks.nets import training_task
from benchmarks.peers import backlit_reference, numpy_by_hand


@pytest.mark.parametrize("peer", [backlit_reference, numpy_by_hand], ids=["backlit", "NumPy"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_reset_leads_back_to_the_start(peer, optimizer):
    task = training_task(optimizer, batch=4, steps=3)
    prepared = peer.train(task)
    first = prepared.turn()
    assert not np.array_equal(prepared.turn(), first)
    prepared.reset()
    assert np.array_equal(prepared.turn(), first)


def test_nobody_writes_into_the_initial_weights():
    task = training_task("SGD", batch=4, steps=3)
    before = [weight.copy() for weight, _ in task.weights]
    for peer in (backlit_reference, numpy_by_hand):
        peer.train(task).turn()
    assert all(np.array_equal(old, new) for old, (new, _) in zip(before, task.weights, strict=True))
