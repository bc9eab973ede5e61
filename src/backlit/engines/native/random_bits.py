"""The random bits of Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011), a block in each lane.

Element i of a draw is word ``i mod 4`` of the block ``i div 4``: four vectors of words, interleaved as they are stored.
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.evaluating import Memory
from backlit.engines.native.values import Value, constant
from backlit.engines.native.walking import base_of
from backlit.graph.node import Application

__all__ = ["emit_random_bits"]

_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10


def emit_random_bits(body: Body, node: Application, memory: Memory) -> None:
    """Write a draw.

    Args:
        body: Where it is written.
        node: The draw.
        memory: Where arrays lie.
    """
    lanes = min(body.target.lanes(4), 16)
    state = memory.base(base_of(node.arguments[0]))
    seed = [body.load(body.address(state, [], word, 4), "i32", pinned=True) for word in range(3)]
    target = memory.base(node)
    shift = constant(32 - node.attributes["bits"], "i32", 4 * lanes)
    count, width = node.size, 4 * lanes

    def turn(first: Value, mask: Value | None) -> None:
        block = body.convert("trunc", body.whole("add", first, 0), "i32")
        numbers = body.binary("add", block, body.lane_numbers(lanes, "i32"))
        words = _interleaved(body, _rounds(body, numbers, seed, node.attributes["stream"]))
        value = body.binary("lshr", words, shift)
        body.store(value, body.address(target, [(first, 4)], 0, 4), mask)

    full = count // width * width
    if full:
        with body.loop(0, full // 4, lanes) as loop:
            turn(loop.index, None)
    if count > full:
        turn(constant(full // 4), body.mask_below(constant(count - full), width))


def _rounds(body: Body, numbers: Value, seed: list[Value], stream: int) -> list[Value]:
    """Write the ten rounds: two products, four exclusive ors, and a new key."""
    lanes = numbers.lanes
    c0, c1 = numbers, constant(stream, "i32", lanes)
    c2, c3 = body.splat(seed[2], lanes), constant(0, "i32", lanes)
    low, high = seed[0], seed[1]
    for _ in range(_ROUNDS):
        first = [_product(body, c0, _MULTIPLIERS[0]), _product(body, c2, _MULTIPLIERS[1])]
        c0 = body.binary("xor", body.binary("xor", first[1][0], c1), low)
        c1 = first[1][1]
        c2 = body.binary("xor", body.binary("xor", first[0][0], c3), high)
        c3 = first[0][1]
        low = body.binary("add", low, constant(_WEYL[0], "i32"))
        high = body.binary("add", high, constant(_WEYL[1], "i32"))
    return [c0, c1, c2, c3]


def _product(body: Body, x: Value, factor: int) -> tuple[Value, Value]:
    """Return the high and the low word of a 64-bit product."""
    wide = body.binary("mul", body.convert("zext", x, "i64"), constant(factor, "i64", x.lanes))
    high = body.convert("trunc", body.binary("lshr", wide, constant(32, "i64", x.lanes)), "i32")
    return high, body.convert("trunc", wide, "i32")


def _interleaved(body: Body, words: list[Value]) -> Value:
    """Return the words of all blocks in their order."""
    lanes = words[0].lanes
    first, second = (
        body.shuffle(x, y, [lane + which * lanes for lane in range(lanes) for which in (0, 1)])
        for x, y in (words[:2], words[2:])
    )
    order = [
        part for lane in range(lanes) for part in (2 * lane, 2 * lane + 1, 2 * (lanes + lane), 2 * (lanes + lane) + 1)
    ]
    return body.shuffle(first, second, order)
