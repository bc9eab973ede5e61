"""Philox4x32-10, the counter-based generator, in NumPy (Salmon, Moraes, Dror and Shaw, 2011).

Element i of a draw is word ``i mod 4`` of the block whose counter is ``(i div 4, stream, step, 0)``, under the key
made of the two words of the seed. Every engine draws exactly these bits.
"""

import math

import numpy as np

from backlit.graph.node import Array

__all__ = ["philox_bits"]

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_MASK = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)
_ROUNDS = 10


def philox_bits(state: Array, *, shape: tuple[int, ...], stream: int, bits: int) -> Array:
    """Draw the highest bits of random words.

    Args:
        state: The seed in two words, and the step; uint32 of shape (3,).
        shape: The shape of the draw.
        stream: Which draw of the step.
        bits: How many bits of each word to keep.

    Returns:
        Integers below 2^bits, uint32 of that shape.

    Example:
        >>> philox_bits(np.zeros(3, dtype=np.uint32), shape=(4,), stream=0, bits=32).tolist()
        [1713891541, 3781805453, 3159862348, 2600524760]
    """
    count = math.prod(shape)
    blocks = -(-count // 4)
    low, high, step = (int(word) for word in state)
    c0 = np.arange(blocks, dtype=np.uint64)
    c1, c2, c3 = (np.full(blocks, word, dtype=np.uint64) for word in (stream, step, 0))
    for _ in range(_ROUNDS):
        first, second = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0 = (second >> _WORD) ^ c1 ^ np.uint64(low)
        c1 = second & _MASK
        c2 = (first >> _WORD) ^ c3 ^ np.uint64(high)
        c3 = first & _MASK
        low, high = (low + _WEYL[0]) & 0xFFFFFFFF, (high + _WEYL[1]) & 0xFFFFFFFF
    words = np.stack([c0, c1, c2, c3], axis=1).reshape(-1)[:count]
    return (words >> np.uint64(32 - bits)).astype(np.uint32).reshape(shape)
