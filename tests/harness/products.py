"""Matrix products of the native engine, compiled and run alone, on matrices with nothing readable around them."""

import ctypes
import dataclasses
import mmap
from collections.abc import Sequence

import numpy as np

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.product import Matrix, ProductPlan, emit_product, plan_product
from backlit.engines.native.target import Target, host_target, named_target
from backlit.engines.native.values import LLVM_TYPES, constant

PAGE = mmap.PAGESIZE
RANGES = ("first_row", "last_row", "first_column", "last_column", "first_inner", "last_inner")
UNTOUCHED = 7
"""What a result holds before, and still holds where nothing was to be written."""


def targets() -> list[Target]:
    """This machine, and older ones whose code it runs too."""
    older = (
        [named_target(name) for name in ("x86-64-v3", "x86-64-v2")] if host_target().architecture == "x86_64" else []
    )
    return [host_target(), *(target for target in older if target.runs_on(host_target()))]


def guarded(shape: Sequence[int], dtype: str, *, at_end: bool, transposed: bool = False) -> np.ndarray:
    """An array in pages of its own, which ends (or begins) where the next page must not be touched."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = max(1, -(-size // PAGE))
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    library = ctypes.CDLL(None, use_errno=True)
    for page in (0, pages + 1):
        assert library.mprotect(ctypes.c_void_p(start + page * PAGE), PAGE, 0) == 0
    offset = (pages + 1) * PAGE - size if at_end else PAGE
    flat = np.frombuffer(memory, dtype, int(np.prod(shape)), offset)
    return flat.reshape(shape[::-1]).T if transposed else flat.reshape(shape)


def strides(matrix: np.ndarray) -> tuple[int, int]:
    """Row and column stride in elements."""
    row, column = (stride // matrix.itemsize for stride in matrix.strides)
    return row, column


def program(
    plan: ProductPlan,
    left: np.ndarray,
    right: np.ndarray,
    target: Target,
    ranges: Sequence[int],
    dynamic: Sequence[bool],
    granules: tuple[int, int] = (1, 1),
) -> str:
    """The text of ``product(left, right, result, scratch, ranges…)``: the ranges are arguments, or constants."""
    module = Module(target)
    names = ["left", "right", "result", "scratch"]
    body = module.body("product", [*(("ptr", n) for n in names), *(("i64", n) for n in RANGES)], exported=True)
    place = {name: body.parameter(name) for name in (*names, *RANGES)}

    def address(body, row, column):
        terms = [(row[0], plan.columns), (column[0], 1)]
        return body.address(place["result"], terms, row[1] * plan.columns + column[1], plan.size)

    def finish(body, row, column, vector, mask):
        assert vector.type == LLVM_TYPES[plan.dtype]
        body.store(vector, address(body, row, column), mask)

    ends = [
        place[name] if dynamic[number // 2] else constant(end)
        for number, (name, end) in enumerate(zip(RANGES, ranges, strict=True))
    ]
    emit_product(
        body,
        plan,
        Matrix(place["left"], *strides(left)),
        Matrix(place["right"], *strides(right)),
        rows=(ends[0], ends[1]),
        columns=(ends[2], ends[3]),
        inner=(ends[4], ends[5]),
        scratch=place["scratch"],
        finish=finish,
        ahead=lambda body, row, column: body.fetch_ahead(address(body, row, column), writing=True),
        granules=granules,
    )
    body.close()
    return str(module)


def multiply(
    left: np.ndarray,
    right: np.ndarray,
    *,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
    inner: tuple[int, int] | None = None,
    dynamic: Sequence[bool] = (False, False, False),
    updating: bool = False,
    target: Target | None = None,
    granules: tuple[int, int] = (1, 1),
    **changes: object,
) -> np.ndarray:
    """Compute a product, or a part of it, into an array of ``UNTOUCHED``; ``changes`` are made to the plan."""
    target = target or host_target()
    (height, steps), width = left.shape, right.shape[1]
    shape = (height, width, steps, str(left.dtype))
    plan = plan_product(target, *shape, strides(left), strides(right), updating=updating)
    plan = dataclasses.replace(plan, **changes)
    ranges = [*(rows or (0, height)), *(columns or (0, width)), *(inner or (0, steps))]
    code = compile_module(program(plan, left, right, target, ranges, dynamic, granules), target, ["product"])
    result = guarded((height, width), str(left.dtype), at_end=True)
    result[...] = UNTOUCHED
    scratch = guarded((-(-plan.scratch_bytes // 64) * 64,), "uint8", at_end=True)
    scratch[:] = 255  # NaN, whatever float it is read as
    pointers = [ctypes.c_void_p(array.__array_interface__["data"][0]) for array in (left, right, result, scratch)]
    ctypes.CFUNCTYPE(None)(code.address("product"))(*pointers, *map(ctypes.c_int64, ranges))
    return result


def expected(
    left: np.ndarray,
    right: np.ndarray,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
    inner: tuple[int, int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The product at the highest precision there is, and how far rounding may carry a result from it."""
    rows, columns = slice(*(rows or (None,))), slice(*(columns or (None,)))
    inner = slice(*(inner or (None,)))
    floating = left.dtype.kind == "f"
    wide = np.longdouble if floating else left.dtype
    value = np.full((left.shape[0], right.shape[1]), UNTOUCHED, wide)
    bound = np.zeros(value.shape)
    x, y = left[rows, inner].astype(wide), right[inner, columns].astype(wide)
    value[rows, columns] = x @ y
    if floating:
        # |error| <= K eps Σ |x| |y| for a sum in any order (Higham, Accuracy and Stability, 2002, section 3.1)
        bound[rows, columns] = (abs(x) @ abs(y)) * x.shape[1] * np.finfo(left.dtype).eps
    return value, bound


def check(left: np.ndarray, right: np.ndarray, **options) -> np.ndarray:
    """Compute a product and compare it."""
    result = multiply(left, right, **options)
    value, bound = expected(left, right, *(options.get(name) for name in ("rows", "columns", "inner")))
    wrong = ~(abs(result - value) <= bound)
    assert not wrong.any(), f"{wrong.sum()} elements are wrong, the first at {np.argwhere(wrong)[0]}"
    return result


def random_matrix(
    rows: int, columns: int, dtype: str = "float32", *, transposed: bool = False, seed: int = 0
) -> np.ndarray:
    """A guarded matrix of random numbers, with either its rows or its columns lying together."""
    generator = np.random.default_rng([rows, columns, seed])
    matrix = guarded((rows, columns), dtype, at_end=bool(seed % 2), transposed=transposed)
    kind = np.dtype(dtype).kind
    matrix[...] = generator.standard_normal(matrix.shape) if kind == "f" else generator.integers(0, 100, matrix.shape)
    return matrix
