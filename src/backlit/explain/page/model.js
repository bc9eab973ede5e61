/* The model: the program of this page, its values, and the arithmetic behind every number.

   Forward pass, backward pass and update are nodes of one list. The gradient of a node, the contribution of an edge and
   the new value of a parameter are nodes like any other; the program says by numbers which they are. */

const program = JSON.parse(document.getElementById("program").textContent);
let unnamed = 0;
const nodes = program.nodes.map((node, i) => ({
  arguments: node.of ?? [], attributes: {}, shape: [], dtype: program.dtype,
  label: `%${unnamed += !node.label || i === program.nameless}`, ...node }));
const leaves = nodes.map((node, i) => (i in program.values ? leaf(node, program.values[i]) : undefined));
let values = run(nodes, [...leaves]);
const original = values; // what the file came with: an edit works on a copy of its leaf

const edges = program.contributions.map(([consumer, position, back, slope]) => (
  { consumer, position, back, slope, argument: nodes[consumer].arguments[position] }));
/* An element as it is: an integer exactly, as BigInt; and as a number to compute with. */
const exact = ({ dtype, data }, place) => (
  (dtype === "bool" ? Boolean : reader(dtype))(data[data.length === 1 ? 0 : place]));
const at = (x, place) => Number(exact(x, place));
const exactAt = (i, place, state = values) => exact(state[i], place);
const valueAt = (i, place, state = values) => at(state[i], place);
const gradientOf = (i, state = values) => state[program.gradients[i]];
const slopeAt = (i, place, state = values) => (gradientOf(i, state) ? at(gradientOf(i, state), place) : NaN);
const isSingle = (i) => size(nodes[i].shape) === 1;
const isNamed = (i) => !nodes[i].label.startsWith("%");

/* An edit gives an element of a leaf another value; what the leaf cannot hold is refused, and nothing has changed. */
const edits = new Map();
function edit(i, place, words) {
  const { dtype, label } = nodes[i], isBool = dtype === "bool", isWhole = !isFloat(dtype);
  const value = isBool ? { false: 0, 0: 0, true: 1, 1: 1 }[words.toLowerCase()] : Number(words || NaN);
  if (!Number.isFinite(value)) throw Error(`write ${isBool ? "true or false" : "a number"}`);
  if (isWhole && value % 1) throw Error(`${label} holds whole numbers`);
  if (leaves[i] === original[i]) leaves[i] = tensor(nodes[i], original[i].data.slice());
  const { data } = leaves[i], held = data[place];
  data[place] = typeof held === "bigint" ? BigInt(value) : value;
  try {
    if (isWhole && Number(data[place]) !== value) throw Error(`${words} is out of range: ${label} is ${dtype}`);
    values = run(nodes, [...leaves]);
  } catch (error) {
    data[place] = held;
    throw error;
  }
  edits.set(`${i} ${place}`, { i, place });
}
function restore() {
  for (const { i } of edits.values()) leaves[i] = original[i];
  edits.clear();
  values = run(nodes, [...leaves]);
}

/* A number with few digits, as Python writes %.6g: of two as near the even one. An integer has all of its digits. */
function format(x, digits = 6) {
  if (typeof x !== "number") return String(x);
  if (!Number.isFinite(x)) return x > 0 ? "inf" : x < 0 ? "-inf" : "nan";
  const isTie = RegExp(`^-?[^e]{${digits}}[02468]50*e`).test(x.toExponential(40));
  const near = (isTie ? x * (1 - Number.EPSILON) : x).toExponential(digits - 1);
  const [mantissa, exponent] = near.split("e");
  if (exponent >= -4 && exponent < digits) return String(Number(near));
  return `${mantissa.replace(/\.?0+$/, "")}e${exponent[0]}${exponent.slice(1).padStart(2, 0)}`;
}
/* Two numbers with as many digits as tell them apart. */
function apart(x, y, digits = 6) {
  const pair = [format(x, digits), format(y, digits)];
  return x === y || pair[0] !== pair[1] || digits > 16 ? pair : apart(x, y, digits + 1);
}

/* A piece of a formula is a text, or {text, i, place, kind}: a number or a name. */
const indices = (shape, place) => strides(shape).map((step, axis) => Math.floor(place / step) % shape[axis]);
const placeOf = (shape, index) => strides(shape).reduce((sum, step, axis) => sum + step * index[axis], 0);
function name(i, place) {
  const { op, label, shape } = nodes[i];
  if (op === "constant" && !isNamed(i) && isSingle(i)) return format(exactAt(i, 0));
  return place === undefined || !shape.length ? label : `${label}[${indices(shape, place)}]`;
}
const named = (i, place) => ({ text: name(i, place), i, place });
const valued = (i, place) => ({ text: format(exactAt(i, place)), kind: "value" });

/* Fill {x}, {y}, {z}; a negative number goes into parentheses where it follows a sign. */
function fill(template, pieces, out) {
  const parts = template.split(/\{(\w+)\}/);
  return parts.map((part, k) => {
    if (k % 2 === 0) return part;
    const piece = part === "out" ? out : pieces["xyz".indexOf(part)] ?? { text: "…" };
    const isJoined = parts[k - 1] && !/[(|⌊⌈[√]$/.test(parts[k - 1]) && !/^\)/.test(parts[k + 1]);
    const isApart = piece.text.startsWith("-") && (isJoined || /^[\^²]/.test(parts[k + 1]));
    return isApart ? { ...piece, text: `(${piece.text})` } : piece;
  });
}
const phrase = (i) => ({ way: "each", ...program.phrases[nodes[i].op] });
const nth = (list, position) => list[Math.min(position, list.length - 1)];

/* The element that broadcasting brings to a place of a larger shape. */
const source = (shape, target, place) => (
  indices(target, place).reduce((sum, index, axis) => sum + index * stretched(shape, target)[axis], 0));

/* Where an element of a moved, summed or picked value comes from: arguments and places. */
const FAR = 2 ** 32;
function origins(i, place) {
  const node = nodes[i], { axes } = node.attributes, [first] = node.arguments;
  if (phrase(i).way !== "move") {
    const { shape } = nodes[first], kept = axes && without(shape, axes), own = strides(node.shape);
    const offsets = axes && places(shape, shape.map((_, axis) => own[kept.indexOf(axis)] ?? 0));
    return [...(offsets ?? []).keys()].filter((k) => offsets[k] === place).map((k) => [first, k]);
  }
  // An op that moves elements shows where they come from when it is given their numbers.
  const numbered = node.arguments.map((argument, position) => {
    const { shape, data } = values[argument];
    if (position && node.op !== "concat") return values[argument];
    return { shape, dtype: "float64", data: Float64Array.from(data, (_, k) => position * FAR + k + 1) };
  });
  const from = OPS[node.op]({ ...node, dtype: "float64" }, ...numbered).data[place];
  return from ? [[node.arguments[Math.floor(from / FAR)], (from % FAR) - 1]] : [];
}

/* The summands of an element, as lists of factors. */
function summands(i, place) {
  const node = nodes[i], [x, y] = node.arguments;
  if (node.op !== "matmul") return phrase(i).way === "whole" ? [] : origins(i, place).map((factor) => [factor]);
  const [row, column] = indices(node.shape, place).slice(-2), batch = node.shape.slice(0, -2);
  const start = ({ shape }) => (
    source(shape.slice(0, -2), batch, Math.floor(place / size(node.shape.slice(-2)))) * size(shape.slice(-2)));
  const [left, right] = [start(nodes[x]), start(nodes[y])], inner = nodes[x].shape.at(-1);
  return Array.from({ length: inner }, (_, k) => [
    [x, left + row * inner + k], [y, right + k * node.shape.at(-1) + column]]);
}

/* How a value arose: its formula, with names and with numbers, and the terms of a sum. */
function origin(i, place) {
  const node = nodes[i], told = phrase(i);
  if (told.way === "each") {
    const filled = (make) => (
      fill(told.value, node.arguments.map((k) => make(k, source(nodes[k].shape, node.shape, place)))));
    return { formula: filled(named), numbers: filled(valued), terms: [] };
  }
  const product = (pieces) => fill("{x} · {y}", pieces).slice(1, 2 * pieces.length);
  const terms = summands(i, place).map((factors) => ({
    names: product(factors.map((factor) => named(...factor))),
    numbers: product(factors.map((factor) => valued(...factor))),
    value: factors.reduce((result, factor) => result * valueAt(...factor), 1) }));
  return { formula: fill(told.value, node.arguments.map((k) => named(k))), terms };
}

/* Which elements of a consumer an element moves, and how much: the local derivative. */
function moves({ consumer, position, slope, argument, back }, place) {
  const node = nodes[consumer], { way } = phrase(consumer), { shape } = nodes[argument], found = [];
  if (way === "each") {
    places(node.shape, stretched(shape, node.shape)).forEach((offset, k) => {
      if (offset === place) found.push([k, slope[0] ?? valueAt(slope, source(nodes[slope].shape, node.shape, k))]);
    });
  } else if (way === "pick") {
    const k = placeOf(node.shape, pick(indices(shape, place), without(shape, node.attributes.axes)));
    found.push([k, valueAt(back, place) / slopeAt(consumer, k) || 0]);
  } else { // linear: given 1 at the place and 0 elsewhere, the op answers with the local derivatives
    const inputs = node.arguments.map((other) => (node.op === "concat" ? tensor(nodes[other]) : values[other]));
    inputs[position] = tensor(nodes[argument]);
    inputs[position].data[place] = 1;
    OPS[node.op](node, ...inputs).data.forEach((local, k) => { if (local) found.push([k, local]); });
  }
  return found;
}
function localFormula({ consumer, position }, place, k) {
  const node = nodes[consumer], told = phrase(consumer), template = nth(told.local, position);
  if (told.way === "each") {
    const pieces = node.arguments.map((other) => named(other, source(nodes[other].shape, node.shape, k)));
    return fill(template, pieces, named(consumer, k));
  }
  const factors = summands(consumer, k).find((each) => each.length > 1 && each[position][1] === place);
  return factors ? [named(...factors[1 - position])] : [];
}

/* How a gradient arose: the sum of local derivative · upstream gradient over all edges. */
function chain(i, place) {
  return edges.filter(({ argument }) => argument === i).flatMap((edge) => moves(edge, place).map(([k, local]) => {
    const { consumer, position } = edge, upstream = slopeAt(consumer, k), rule = nth(phrase(consumer).rules, position);
    return { consumer, k, local, upstream, value: local * upstream, rule, formula: localFormula(edge, place, k) };
  }));
}
