"""Files of a run: arrays come back as they are, however they lie in memory."""

import numpy as np
import pytest
import safetensors.numpy

from scpo.runs.files import tensor_bytes

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize(
    "array",
    [ROWS, ROWS.T, np.asfortranarray(ROWS), ROWS[:, ::2], ROWS[::-1], ROWS[1:, 1:], np.float32(3.5)],
    ids=["rows", "transposed", "columns", "every second", "turned round", "a part", "one number"],
)
def test_an_array_comes_back_in_the_order_of_its_shape(array):
    back = safetensors.numpy.load(tensor_bytes({"rewards": array}, {"about": "a run"}))["rewards"]
    assert back.shape == np.shape(array) and np.array_equal(back, array)
