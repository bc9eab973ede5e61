"""How a matrix product is computed, decided once for its shape: tiles, order of the loops, what is copied beforehand.

A product does M·N·K multiplications on M·K + K·N numbers, so its speed is decided by how often a number that was loaded
is used. The plan answers that on three levels: a tile of sums that fills the registers, a panel of the right matrix
that stays in the first caches, and a block of the left one that stays in the second (Goto and van de Geijn, 2008).
"""

from dataclasses import dataclass, replace

from backlit.engines.native.builder import Body
from backlit.engines.native.target import Target
from backlit.engines.native.values import LLVM_TYPES, Value

__all__ = ["Matrix", "ProductPlan", "element_size", "plan_product"]

LEFT_BLOCK = 512 * 1024
"""Bytes of the left matrix that are used for one panel after another: about half of a second-level cache."""

INNER_BLOCK = 256
"""Steps of the inner dimension after which a large product puts its sums aside."""

LARGE = 2 << 20
"""Bytes of the left matrix from which on a product is done in blocks: it no longer stays in the last cache."""

COLUMN_BLOCK = 3072
"""Columns for which a large product puts sums aside at a time."""


@dataclass(frozen=True)
class Matrix:
    """Where the elements of a matrix lie: address + size · (row · row_stride + column · column_stride).

    Args:
        address: The address of element (0, 0).
        row_stride: From one row to the next, in elements; any integer.
        column_stride: From one column to the next, in elements; any integer.
    """

    address: Value
    row_stride: int
    column_stride: int

    def moved(self, body: Body, row: Value, column: Value, size: int) -> "Matrix":
        """Return the part that begins at a row and a column."""
        terms = [(row, self.row_stride), (column, self.column_stride)]
        return Matrix(body.address(self.address, terms, 0, size), self.row_stride, self.column_stride)


@dataclass(frozen=True)
class ProductPlan:
    """How a product of ``rows × inner`` by ``inner × columns`` is computed.

    Args:
        rows: Rows of the left matrix, M.
        columns: Columns of the right matrix, N.
        inner: What is summed over, K.
        dtype: The type of all elements.
        size: Bytes of an element.
        lanes: Elements in a vector.
        dot: Whether the lanes run along the inner dimension, so that every element is a dot product; else they run
            along the columns.
        tile_rows: Rows of a tile of sums.
        tile_vectors: Vectors in a row of a tile.
        unroll: Steps of the inner dimension written one after another.
        edge_sums: How many vectors of sums a narrower tile at the edge of the columns has at most.
        rows_outside: Whether all panels of columns are done for a block of rows before the next; else the reverse.
        copy_left: Whether blocks of the left matrix are copied together before use.
        copy_right: Whether panels of the right matrix are copied together before use.
        through_memory: Whether sums pass through memory before what becomes of them, which is then written once for a
            row of a tile, and not for each register.
        block_rows: Tiles, one below the other, that are done for all panels before the next; 0: all.
        block_columns: Columns done before the next; 0: all.
        block_inner: Steps of the inner dimension after which sums are put aside; 0: never.
    """

    rows: int
    columns: int
    inner: int
    dtype: str
    size: int
    lanes: int
    dot: bool
    tile_rows: int
    tile_vectors: int
    unroll: int
    edge_sums: int = 0
    rows_outside: bool = False
    copy_left: bool = False
    copy_right: bool = False
    through_memory: bool = False
    block_rows: int = 0
    block_columns: int = 0
    block_inner: int = 0

    def rows_of(self, vectors: int) -> int:
        """Return how many rows a tile has that is so many vectors wide: narrow ones at the edge are taller.

        The multipliers are kept busy by many sums that do not wait for one another.
        """
        if vectors == self.tile_vectors or self.copy_left or self.block_rows:
            return self.tile_rows
        return max(self.tile_rows, min(self.rows, self.edge_sums // vectors))

    @property
    def steps(self) -> int:
        """The most steps of the inner dimension that are done at a time."""
        return self.block_inner or self.inner

    @property
    def left_row_stride(self) -> int:
        """From one row to the next where rows of the left matrix are copied: no two in one set of the cache."""
        return _round_up(self.steps, self.lanes) + self.lanes

    @property
    def left_bytes(self) -> int:
        """The scratch that a copied block of the left matrix needs."""
        blocks = self.block_rows or -(-self.rows // self.tile_rows)
        return _round_up(blocks * self.tile_rows * self.left_row_stride * self.size, 64) if self.copy_left else 0

    @property
    def right_bytes(self) -> int:
        """The scratch that a copied panel of the right matrix needs."""
        columns = _round_up(self.columns, self.lanes) if self.rows_outside else self.tile_vectors * self.lanes
        panel = max(self.steps, 1) * columns * self.size
        return _round_up(panel, 64) if self.copy_right else 0

    @property
    def sums_bytes(self) -> int:
        """The scratch through which sums pass: those of a tile, or of a block where they are put aside."""
        tile = max(self.tile_rows * self.tile_vectors, self.edge_sums) * self.lanes * self.size
        columns = _round_up(self.block_columns or self.columns, self.lanes)
        return self.block_rows * self.tile_rows * columns * self.size if self.block_inner else tile

    @property
    def scratch_bytes(self) -> int:
        """The private memory that each thread needs, in bytes; it begins at a multiple of 64."""
        return self.left_bytes + self.right_bytes + self.sums_bytes

    def __str__(self) -> str:
        if self.dot:
            return f"dot products of {self.lanes} lanes, {self.tile_rows} × {self.lanes if self.columns > 1 else 1}"
        copies = [name for name, copied in (("left", self.copy_left), ("right", self.copy_right)) if copied]
        return ", ".join(
            [
                f"tiles {self.tile_rows} × {self.tile_vectors} vectors of {self.lanes}",
                "rows outside" if self.rows_outside else "panels outside",
                f"{self.unroll} steps a turn",
                *(f"{name} copied" for name in copies),
                *([f"blocks of {self.block_rows * self.tile_rows} rows"] if self.block_rows else []),
                *([f"sums put aside every {self.block_inner} steps"] if self.block_inner else []),
            ]
        )


def plan_product(
    target: Target,
    rows: int,
    columns: int,
    inner: int,
    dtype: str,
    left_strides: tuple[int, int],
    right_strides: tuple[int, int],
    *,
    updating: bool,
    light: bool = False,
) -> ProductPlan:
    """Decide how a product is computed.

    Args:
        target: The machine.
        rows: Rows of the left matrix, M.
        columns: Columns of the right matrix, N.
        inner: What is summed over, K.
        dtype: The type of all elements.
        left_strides: Row and column stride of the left matrix, in elements.
        right_strides: Row and column stride of the right matrix, in elements.
        updating: Whether what is done with the product reads and writes arrays as large as the product: then these,
            and not the right matrix, are walked through in order.
        light: Whether what is done with the product is so short that it may stand in the code for each register.

    Returns:
        The plan, which depends on nothing but the arguments.

    Example:
        >>> machine = Target("x86_64-unknown-linux-gnu", "", "+avx512f,+fma", 64, 32, True)
        >>> print(plan_product(machine, 8, 300, 784, "float32", (784, 1), (300, 1), updating=False))
        tiles 8 × 3 vectors of 16, panels outside, 4 steps a turn
    """
    size, floating = element_size(dtype), dtype.startswith("float")
    lanes = target.lanes(size)
    contiguous = right_strides[1] == 1 or columns == 1
    along_inner = floating and left_strides[1] == 1 and right_strides[0] == 1 and lanes > 1
    if along_inner and ((columns == 1 and rows > 1) or (not contiguous and rows <= 4)):
        tile_rows = min(rows, 8) if columns == 1 else 1
        return ProductPlan(rows, columns, inner, dtype, size, _narrowed(lanes, max(inner, 2)), True, tile_rows, 1, 1)
    lanes = _narrowed(lanes, columns)
    tile_rows, tile_vectors = _tile(target, rows, columns, inner, lanes, floating)
    plan = ProductPlan(
        rows,
        columns,
        inner,
        dtype,
        size,
        lanes,
        False,
        tile_rows,
        tile_vectors,
        _unroll(inner, floating),
        edge_sums=(16 if target.registers >= 32 else 6) if floating and inner > 2 else 0,
        rows_outside=updating,
        copy_right=not contiguous or (rows >= 3 * tile_rows and inner >= 16 and columns > lanes),
        through_memory=inner > 8 and not light,
    )
    return _with_blocks(plan, left_strides)


def _with_blocks(plan: ProductPlan, left_strides: tuple[int, int]) -> ProductPlan:
    """Add what is copied of the left matrix, and for a large product the blocks whose parts fit the caches."""
    size = plan.rows * plan.inner * plan.size
    if not plan.dtype.startswith("float") or plan.rows < 64 or plan.columns < 8 * plan.lanes or size < LARGE:
        lines = left_strides[0] == 1 != left_strides[1] and plan.inner > 64 and plan.columns > 2 * plan.lanes
        return replace(plan, copy_left=True, block_rows=4) if plan.rows_outside and lines else plan
    parts = -(-plan.inner // INNER_BLOCK)
    inner = _round_up(-(-plan.inner // parts), 8) if parts > 1 else 0
    block_rows = _block_rows(plan, inner or plan.inner)
    columns = COLUMN_BLOCK if plan.columns > COLUMN_BLOCK and inner else 0
    return replace(
        plan,
        rows_outside=False,
        copy_left=True,
        copy_right=True,
        through_memory=True,
        block_rows=block_rows,
        block_columns=columns,
        block_inner=inner,
    )


def _block_rows(plan: ProductPlan, inner: int) -> int:
    """Count the tiles of a block whose part of the left matrix fits its cache; blocks are as equal as they can be."""
    tiles = -(-plan.rows // plan.tile_rows)
    most = max(1, LEFT_BLOCK // (plan.tile_rows * max(inner, 1) * plan.size))
    return -(-tiles // -(-tiles // most))


def element_size(dtype: str) -> int:
    """Return the bytes of an element.

    Example:
        >>> element_size("float32"), element_size("uint8")
        (4, 1)
    """
    type = LLVM_TYPES[dtype]
    return {"float": 4, "double": 8}.get(type) or int(type[1:]) // 8


def _tile(target: Target, rows: int, columns: int, inner: int, lanes: int, floating: bool) -> tuple[int, int]:
    """Choose a tile whose sums, with a row of the right matrix and an element of the left, fit the registers."""
    vectors = -(-columns // lanes)
    if not floating:
        return min(rows, 4), 1
    if inner <= 2:
        return 1, min(vectors, 4)
    if target.registers >= 32:
        wide = {1: 10, 2: 8, 3: 6, 4: 5, 5: 4, 6: 4}.get(rows, 3)
        tall = {1: 16, 2: 12}.get(vectors, 8)
    else:
        wide = {1: 6, 2: 4, 3: 3}.get(rows, 3 if target.fma else 2)
        tall = {1: 6, 2: 5}.get(vectors, 4)
    if vectors > wide > 3:
        wide = -(-vectors // -(-vectors // wide))
    return min(rows, tall), min(vectors, wide)


def _unroll(inner: int, floating: bool) -> int:
    """Choose how many steps stand one after another: a divisor, so that none is left over."""
    return next((steps for steps in (4, 2, 3) if inner % steps == 0), 4) if floating else 1


def _narrowed(lanes: int, elements: int) -> int:
    """Take no more lanes than there are elements: what is written without a mask can be read again at once."""
    return min(lanes, 1 << max(elements - 1, 0).bit_length())


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
