/* The interpreter: what each op computes, one line an op, in the words of the op's card.

   A tensor is {shape, dtype, data}, its elements in row-major order in a typed array. A node is
   {op, arguments, attributes, shape, dtype}: shape and data type of its value were settled when the graph was built,
   so nothing is inferred here. Floats are computed in float64 and rounded when they are stored; integers are computed
   exactly, as BigInt, and wrapped to their width. The gradient is a graph of the same ops: this table runs it too. */

const TYPES = {
  bool: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  float32: Float32Array, float64: Float64Array,
};
const isFloat = (dtype) => dtype.startsWith("float");
const isInteger = (dtype) => dtype.includes("int");
const size = (shape) => shape.reduce((product, length) => product * length, 1);
const strides = (shape) => shape.map((_, axis) => size(shape.slice(axis + 1)));
const tensor = ({ shape, dtype }, data = new TYPES[dtype](size(shape))) => ({ shape, dtype, data });

/* How an element is read, and how a result is stored. */
const reader = (dtype) => (isInteger(dtype) ? BigInt : Number);
const whole = (x) => BigInt(typeof x === "number" ? (Number.isFinite(x) ? Math.trunc(x) : 0) : x);
function writer(dtype) {
  if (dtype === "bool") return (x) => x != 0;
  if (isFloat(dtype)) return Number;
  return dtype.endsWith("64") ? whole : (x) => Number(BigInt.asUintN(32, whole(x)));
}

/* The offset at every place of a shape, when a step along an axis goes so many elements on. */
function places(shape, steps, start = 0) {
  let offsets = Int32Array.of(start);
  shape.forEach((length, axis) => {
    const inner = new Int32Array(offsets.length * length), step = steps[axis];
    for (let i = 0, k = 0; i < offsets.length; i++) for (let j = 0; j < length; j++) inner[k++] = offsets[i] + j * step;
    offsets = inner;
  });
  return offsets;
}

/* The steps of a value stretched to a larger shape: none along an axis of length 1, or that it lacks. */
function stretched(shape, target) {
  const own = strides(shape), missing = target.length - shape.length;
  return target.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : own[axis - missing]));
}
const pick = (list, positions) => positions.map((position) => list[position]);
const without = (shape, axes) => [...shape.keys()].filter((axis) => !axes.includes(axis));

function gather(node, x, offsets) {
  const result = tensor(node);
  for (let i = 0; i < offsets.length; i++) result.data[i] = x.data[offsets[i]];
  return result;
}

/* A function of numbers at every place of the shape to which the arguments broadcast. */
function map(node, f, ...values) {
  const result = tensor(node), write = writer(node.dtype);
  const [x, y, z] = values.map(({ shape, dtype, data }) => {
    const read = reader(dtype);
    if (data.length === result.data.length) return (i) => read(data[i]);
    const offsets = places(node.shape, stretched(shape, node.shape));
    return (i) => read(data[offsets[i]]);
  });
  for (let i = 0; i < result.data.length; i++) result.data[i] = write(f(x(i), y && y(i), z && z(i)));
  return result;
}
const elementwise = (f) => (node, ...values) => map(node, f, ...values);

/* The elements along some axes, one row for each place of the others; each row becomes one number. */
function fold(node, x, axes, f) {
  const result = tensor(node), read = reader(x.dtype), write = writer(node.dtype);
  const order = [...without(x.shape, axes), ...axes], length = size(pick(x.shape, axes));
  const offsets = places(pick(x.shape, order), pick(strides(x.shape), order));
  for (let i = 0; i < result.data.length; i++) {
    const row = Array.from(offsets.subarray(i * length, (i + 1) * length), (offset) => read(x.data[offset]));
    result.data[i] = write(f(row));
  }
  return result;
}
const folded = (f) => (node, x) => fold(node, x, node.attributes.axes, (row) => row.reduce(f));
const missing = (x) => x !== x; // NaN, of which alone this is true
const larger = (x, y) => (x >= y || missing(x) ? x : y);
const smaller = (x, y) => (x <= y || missing(x) ? x : y);
const added = (x, y) => x + y;
const zero = (dtype) => (isInteger(dtype) ? 0n : 0);

/* The place of the first element that no other beats; NaN is beaten by none. */
const placed = (beats) => (node, x) => fold(node, x, [node.attributes.axis], (row) => row.reduce(
  (best, y, k) => (!missing(row[best]) && (missing(y) || beats(y, row[best])) ? k : best), 0));

function runningSum(node, x) {
  const result = tensor(node), read = reader(x.dtype), write = writer(node.dtype);
  const order = [...without(x.shape, [node.attributes.axis]), node.attributes.axis];
  const offsets = places(pick(x.shape, order), pick(strides(x.shape), order));
  let sum = zero(x.dtype);
  offsets.forEach((offset, i) => {
    sum = (i % x.shape[node.attributes.axis] ? sum : zero(x.dtype)) + read(x.data[offset]);
    result.data[offset] = write(sum);
  });
  return result;
}

function matrixProduct(node, x, y) {
  const result = tensor(node), write = writer(node.dtype);
  const batch = node.shape.slice(0, -2), [rows, columns] = node.shape.slice(-2), inner = x.shape.at(-1);
  const numbers = ({ dtype, data }) => (isFloat(dtype) ? data : Array.from(data, BigInt));
  const starts = ({ shape }) => (
    places(batch, stretched(shape.slice(0, -2), batch)).map((i) => i * size(shape.slice(-2))));
  const [a, b, left, right] = [numbers(x), numbers(y), starts(x), starts(y)];
  const sums = isFloat(node.dtype) ? new Float64Array(columns) : Array(columns);
  for (let row = 0; row < left.length * rows; row++) {
    const at = left[Math.floor(row / rows)] + (row % rows) * inner, from = right[Math.floor(row / rows)];
    sums.fill(zero(node.dtype));
    for (let k = 0; k < inner; k++) {
      const factor = a[at + k], start = from + k * columns;
      for (let j = 0; j < columns; j++) sums[j] += factor * b[start + j];
    }
    for (let j = 0; j < columns; j++) result.data[row * columns + j] = write(sums[j]);
  }
  return result;
}

/* The offsets of the elements that indices name along an axis. */
function lookedUp({ op, attributes: { axis = 0 } }, shape, indices) {
  const length = shape[axis], inner = size(shape.slice(axis + 1)), outer = size(shape.slice(0, axis));
  const chosen = Array.from(indices.data, Number), wrong = chosen.find((i) => i < 0 || i >= length);
  if (wrong !== undefined) throw RangeError(`${op}: ${wrong} is out of range: places are numbered 0 to ${length - 1}`);
  const offsets = new Int32Array(outer * chosen.length * inner);
  for (let i = 0; i < offsets.length; i++) {
    const row = Math.floor(i / inner);
    offsets[i] = (Math.floor(row / chosen.length) * length + chosen[row % chosen.length]) * inner + (i % inner);
  }
  return offsets;
}

function oneHot(node, labels) {
  const result = tensor(node), write = writer(node.dtype), { classes } = node.attributes;
  lookedUp(node, [classes], labels).forEach((label, i) => { result.data[i * classes + label] = write(1); });
  return result;
}

/* Put values down at offsets in a new tensor of zeros, adding up what meets. */
function scatter(node, ...parts) {
  const result = tensor(node), read = reader(node.dtype), write = writer(node.dtype);
  for (const { x, at } of parts) {
    for (let i = 0; i < at.length; i++) result.data[at[i]] = write(read(result.data[at[i]]) + read(x.data[i]));
  }
  return result;
}

function joined(node, ...values) {
  const steps = strides(node.shape), axis = (node.attributes.axis + steps.length) % steps.length; // -1 is the last
  let start = 0;
  return scatter(node, ...values.map((x) => {
    const at = places(x.shape, steps, start * steps[axis]);
    start += x.shape[axis];
    return { x, at };
  }));
}

function padded(node, x) {
  const { low, interior } = node.attributes, steps = strides(node.shape);
  const start = low.reduce((sum, count, axis) => sum + count * steps[axis], 0);
  return scatter(node, { x, at: places(x.shape, steps.map((step, axis) => step * (interior[axis] + 1)), start) });
}

function cut(node, x) {
  const { starts, steps } = node.attributes, own = strides(x.shape);
  const start = starts.reduce((sum, count, axis) => sum + count * own[axis], 0);
  return gather(node, x, places(node.shape, own.map((step, axis) => step * steps[axis]), start));
}

function reversed(node, x) {
  const { axes } = node.attributes, own = strides(x.shape);
  const start = axes.reduce((sum, axis) => sum + (x.shape[axis] - 1) * own[axis], 0);
  return gather(node, x, places(x.shape, own.map((step, axis) => (axes.includes(axis) ? -step : step)), start));
}

/* Philox4x32 with 10 rounds (Salmon, Moraes, Dror and Shaw, 2011): element i is word i mod 4 of block i div 4. */
function philox(node, state) {
  const { stream, bits } = node.attributes, result = tensor(node), word = 0xffffffffn;
  for (let block = 0; block * 4 < result.data.length; block++) {
    let [low, high, step] = state.data, c = [block, stream, step, 0];
    for (let round = 0; round < 10; round++) {
      const first = BigInt(c[0]) * 0xd2511f53n, second = BigInt(c[2]) * 0xcd9e8d57n;
      const above = [second, first].map((product) => Number(product >> 32n));
      c = [above[0] ^ c[1] ^ low, Number(second & word), above[1] ^ c[3] ^ high, Number(first & word)];
      c = c.map((x) => x >>> 0); // unsigned again
      low = (low + 0x9e3779b9) >>> 0;
      high = (high + 0xbb67ae85) >>> 0;
    }
    c.forEach((x, i) => { if (block * 4 + i < result.data.length) result.data[block * 4 + i] = x >>> (32 - bits); });
  }
  return result;
}

/* The error function: near 0 a series of positive terms, further out Laplace's continued fraction for its tail. */
function erf(x) {
  const square = x * x, size = Math.abs(x);
  if (square < 4) {
    let sum = x;
    for (let n = 1, term = x; n < 60; n++) sum += term *= (2 * square) / (2 * n + 1);
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-square) / Math.sqrt(Math.PI) / (size + fraction));
}

function sigmoid(x) {
  const decay = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : decay) / (1 + decay);
}
function logAddExp(x, y) {
  if (x === y) return x + Math.LN2;
  return x > y ? x + Math.log1p(Math.exp(y - x)) : y + Math.log1p(Math.exp(x - y));
}
function halfToEven(x) {
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}
/* Where JavaScript differs from the standard of floats: 1 to any power is 1, and so is (-1) to an infinite one. */
const power = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);
const ofFloat = (f) => (x) => (typeof x === "bigint" ? x : f(x));
const sign = (x) => (x > 0 ? 1 : x < 0 ? -1 : missing(x) ? x : 0);
const absolute = (x) => (typeof x === "bigint" && x < 0n ? -x : ofFloat(Math.abs)(x));

const OPS = {
  abs: elementwise(absolute),
  acos: elementwise(Math.acos),
  add: elementwise((x, y) => x + y),
  argmax: placed((x, y) => x > y),
  argmin: placed((x, y) => x < y),
  asin: elementwise(Math.asin),
  atan: elementwise(Math.atan),
  broadcast_to: (node, x) => gather(node, x, places(node.shape, stretched(x.shape, node.shape))),
  cast: elementwise((x) => x),
  ceil: elementwise(ofFloat(Math.ceil)),
  clip: elementwise((x, low, high) => smaller(larger(x, low), high)),
  concat: joined,
  cos: elementwise(Math.cos),
  cosh: elementwise(Math.cosh),
  cumulative_sum: runningSum,
  divide: elementwise((x, y) => x / y),
  equal: elementwise((x, y) => x === y),
  erf: elementwise(erf),
  exp: elementwise(Math.exp),
  expm1: elementwise(Math.expm1),
  flip: reversed,
  floor: elementwise(ofFloat(Math.floor)),
  greater: elementwise((x, y) => x > y),
  greater_equal: elementwise((x, y) => x >= y),
  isfinite: elementwise(Number.isFinite),
  isnan: elementwise(missing),
  less: elementwise((x, y) => x < y),
  less_equal: elementwise((x, y) => x <= y),
  log: elementwise(Math.log),
  log1p: elementwise(Math.log1p),
  logaddexp: elementwise(logAddExp),
  logical_and: elementwise((x, y) => x && y),
  logical_not: elementwise((x) => !x),
  logical_or: elementwise((x, y) => x || y),
  logical_xor: elementwise((x, y) => x !== y),
  matmul: matrixProduct,
  max: folded(larger),
  maximum: elementwise(larger),
  min: folded(smaller),
  minimum: elementwise(smaller),
  multiply: elementwise((x, y) => x * y),
  negative: elementwise((x) => -x),
  not_equal: elementwise((x, y) => x !== y),
  one_hot: oneHot,
  pad: padded,
  permute_dims: (node, x) => gather(node, x, places(node.shape, pick(strides(x.shape), node.attributes.axes))),
  pow: elementwise(power),
  random_bits: philox,
  relu: elementwise((x) => larger(x, 0)),
  reshape: (node, x) => tensor(node, x.data),
  round: elementwise(ofFloat(halfToEven)),
  scatter_add: (node, x, i) => scatter(node, { x, at: lookedUp(node, node.shape, i) }),
  sigmoid: elementwise(sigmoid),
  sign: elementwise(sign),
  sin: elementwise(Math.sin),
  sinh: elementwise(Math.sinh),
  slice: cut,
  sqrt: elementwise(Math.sqrt),
  stop_gradient: (node, x) => tensor(node, x.data),
  subtract: elementwise((x, y) => x - y),
  sum: (node, x) => fold(node, x, node.attributes.axes, (row) => row.reduce(added, zero(x.dtype))),
  take: (node, x, i) => gather(node, x, lookedUp(node, x.shape, i)),
  tan: elementwise(Math.tan),
  tanh: elementwise(Math.tanh),
  where: elementwise((condition, x, y) => (condition ? x : y)),
};

/* Read a leaf: a list of numbers, or bytes in base64. */
function leaf(node, elements) {
  const type = TYPES[node.dtype], convert = node.dtype.endsWith("int64") ? BigInt : Number;
  if (Array.isArray(elements)) return tensor(node, type.from(elements, convert));
  const text = atob(elements), bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return tensor(node, new type(bytes.buffer));
}

/* Compute every node in order; the values of leaves stand in the list already. */
function run(nodes, values) {
  nodes.forEach((node, i) => {
    if (!(node.op in OPS)) return;
    values[i] = OPS[node.op](node, ...node.arguments.map((argument) => values[argument]));
  });
  return values;
}
