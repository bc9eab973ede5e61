/* Drawing: sheets, marks and lines as SVG. Values are blue, gradients green, what an update makes new is violet.

   An array is drawn as a heat map of its elements, and each of them can be pointed at: one click from the first picture
   to any neuron. Texts of the user enter as text nodes and as nothing else. */

function element(tag, attributes = {}, ...children) {
  const isShape = /^(svg|g|rect|path|text|tspan|image)$/.test(tag);
  const made = isShape ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter(Boolean));
  return made;
}
const text = (x, y, kind, ...parts) => element("text", { x, y, class: kind }, ...parts);

/* The nodes that a mark stands for, first the one it shows: of a box what goes out of it. */
function outOf({ id, kind, node }) {
  const out = sheets.get(id)?.ports.filter(({ side }) => side === "out").flatMap(({ passing }) => passing) ?? [];
  return out.length ? [...new Set(out)] : [kind === "box" && holds(id, program.loss) ? program.loss : node];
}

/* In a batch: the nodes with a row for each example, of which one is shown. */
const batch = new Set(program.rows), examples = nodes[program.rows[0]]?.shape[0];

/* An array as a grid; a long vector is wrapped, so that 784 pixels are an image again. */
function gridOf(i) {
  const isRow = batch.has(i), shape = nodes[i].shape.slice(isRow ? 1 : 0).filter((length) => length !== 1);
  const count = size(shape), isLong = shape.length === 1 && count > 16, start = isRow ? state.example * count : 0;
  const across = shape.length > 1 ? size(shape.slice(Math.floor(shape.length / 2))) : 1;
  const columns = isLong ? Math.ceil(Math.sqrt(count)) : across;
  const rows = Math.ceil(count / columns), cell = Math.min(14, 112 / Math.max(rows, columns));
  return { count, start, columns, rows, width: Math.max(10, columns * cell), height: Math.max(10, rows * cell) };
}

const COLOURS = {
  value: [[11, 92, 173], [213, 94, 0]],
  gradient: [[10, 122, 85], [136, 34, 136]], weight: [[110, 110, 110], [213, 94, 0]] };
const pictures = new WeakMap();
function picture(x, { columns, rows, count, start }, kind) {
  const known = pictures.get(x) ?? pictures.set(x, {}).get(x);
  if (known[start]) return known[start];
  const [width, height] = [columns, rows].map((length) => Math.min(length, 112));
  const canvas = element("canvas", { width, height }), context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  let most = 0;
  for (let k = start; k < start + count; k++) {
    if (Number.isFinite(at(x, k))) most = Math.max(most, Math.abs(at(x, k)));
  }
  for (let p = 0; p < width * height; p++) {
    const k = Math.floor(Math.floor(p / width) * rows / height) * columns + Math.floor((p % width) * columns / width);
    const number = k < count ? at(x, start + k) : 0, strength = Math.abs(number) / (most || 1);
    image.data.set([...COLOURS[kind][number < 0 ? 1 : 0], strength <= 1 ? 255 * strength : 255], p * 4);
  }
  context.putImageData(image, 0, 0);
  return (known[start] = canvas.toDataURL());
}
const mapsOf = (i) => [
  [values[i], nodes[i].op === "parameter" ? "weight" : "value", isKnown("forward", i)],
  [gradientOf(i), "gradient", isKnown("backward", i)]].filter(([x]) => x);

/* Heat maps of values and gradients; the selected element is framed. */
function heatMaps(i, grid, left, y, scale = 1) {
  const [width, height] = [grid.width * scale, grid.height * scale], k = state.i === i ? state.place - grid.start : -1;
  const [across, down] = [width / grid.columns, height / grid.rows];
  const pointed = ({ target, clientX, clientY }) => {
    const box = target.getBoundingClientRect(), row = Math.floor((clientY - box.top) / box.height * grid.rows);
    const column = Math.floor((clientX - box.left) / box.width * grid.columns);
    return grid.start + Math.min(row * grid.columns + column, grid.count - 1);
  };
  return mapsOf(i).flatMap(([map, kind, isSeen], n) => {
    const x = left + n * (width + 6), box = { x, y, width, height }, row = Math.floor(k / grid.columns);
    const chosen = { x: x + (k % grid.columns) * across, y: y + row * down, width: across, height: down };
    return isSeen ? [element("rect", { ...box, class: "frame" }), element("image", {
      ...box, href: picture(map, grid, kind), preserveAspectRatio: "none", class: "map",
      onclick: (event) => select(i, pointed(event), event.stopPropagation()),
      onpointermove: (event) => hover(event, i, pointed(event)) }),
    k >= 0 && k < grid.count && element("rect", { ...chosen, class: "chosen" })] : [];
  });
}

const ruler = element("canvas").getContext("2d"), FONTS = { heading: "600 15px", second: "12px", value: "13px" };
function widthOf(words, kind) {
  ruler.font = `${FONTS[kind]} system-ui, sans-serif`;
  return ruler.measureText(words).width;
}
const WIDEST = 270;
function clipped(words, kind, width = WIDEST) {
  const least = Math.max(width, 30);
  let short = words, length = Math.ceil(words.length * least / widthOf(words, kind));
  while (widthOf(short, kind) > least) short = `${words.slice(0, length--)}…`;
  return short;
}
const brief = (x, place) => format(exact(x, place), 4);
const shapeText = (i) => nodes[i].shape.join(" × ");

/* What is written into a mark, and how large that makes it. A name that is the symbol too is written once. */
function contentOf(mark) {
  const [i, ...others] = outOf(mark), isBox = mark.kind === "box", label = mark.label || nodes[mark.node].label;
  const hasName = !/^%/.test(label) && !/box|update/.test(mark.kind), isOnce = hasName && label.endsWith(mark.symbol);
  const heading = clipped(isOnce ? label : mark.symbol, "heading"), left = WIDEST - widthOf(heading, "heading");
  const second = hasName && !isOnce ? clipped(label, "second", left) : "";
  const company = others.slice(0, MOST).map((k) => nodes[k].label.split(".").at(-1)).join(", ");
  const also = company && clipped(`and ${company}`, "second");
  const head = widthOf(heading, "heading") + (second ? widthOf(second, "second") + 8 : 0) + (isBox ? 22 : 0);
  const size = (width, height) => ({
    width: Math.max(26, head, width, widthOf(also, "second")) + 20, height: height + (also ? 16 : 0) });
  const content = { i, heading, second, also };
  if (i < 0 || mark.kind === "output") return { ...content, ...size(0, 34) };
  const grid = gridOf(i), maps = mapsOf(i), update = program.updates[i], room = (grid.width + 6) * maps.length - 6;
  if (grid.count > 1) {
    const row = batch.has(i) ? `${state.example + 1} of ` : "", shape = row + shapeText(i);
    return { ...content, grid, room, shape, ...size(Math.max(room, widthOf(shape, "second")), 54 + grid.height) };
  }
  const numbers = maps.map(([x]) => brief(x, grid.start));
  let renewed = "";
  if (update !== undefined) {
    [numbers[0], renewed] = apart(exactAt(i, grid.start), exactAt(update, grid.start), 4);
    renewed = ` → ${renewed}`;
  }
  const width = Math.max(...numbers.map((number, k) => widthOf(k ? number : number + renewed, "value")));
  return { ...content, numbers, renewed, maps, ...size(width, 32 + 17 * numbers.length) };
}

function spoken({ kind, label, node, numbers = [], shape, also }) {
  const told = numbers.map((number, k) => `${k ? "gradient" : "value"} ${number}`);
  return [label || nodes[node].label, nodes[node]?.op ?? kind, ...told, shape, also].filter(Boolean).join(", ");
}
const pressed = (act) => (event) => { if (event.key === "Enter" || event.key === " ") act(event.preventDefault()); };

function drawMark(item) {
  const { id, kind, width, height, i, heading, second, also, grid, room, shape, numbers, renewed, maps } = item;
  const isTrained = item.trainable || nodes[item.node]?.trainable, middle = width / 2;
  const isChosen = i >= 0 && state.i === i, isBox = kind === "box";
  const start = isChosen ? state.place : i < 0 ? 0 : gridOf(i).start;
  const act = () => (i < 0 ? toggle(id) : select(i, start));
  const outline = (inset, name) => element("rect", {
    x: inset, y: inset, width: width - 2 * inset, height: height - 2 * inset, class: name,
    rx: ({ input: 16, constant: 16, box: 4 }[kind] ?? 8) - inset });
  const isNew = renewed && isKnown("update", i) && element("tspan", { class: "new" }, renewed);
  const written = (numbers ?? []).map((number, k) => (
    maps[k][2] && text(middle, 40 + 17 * k, k ? "gradient" : "value", number, !k && isNew)));
  const mark = element("g", {
    class: `mark ${kind}${isTrained ? " trainable" : ""}${isChosen ? " selected" : ""}${isNow(item) ? " now" : ""}`,
    tabindex: 0, role: "button", "data-id": id,
    "aria-label": spoken(item), "aria-pressed": isChosen, onclick: act, onkeydown: pressed(act),
    onpointermove: (event) => hover(event, i, start) },
  outline(0, item.output ? "body result" : "body"), isTrained && outline(3, "inner"),
  text(isBox ? middle + 11 : middle, 21, "heading", heading,
    second && element("tspan", { class: "second", dx: 6 }, second)),
  ...written, ...(room ? heatMaps(i, grid, middle - room / 2, 30) : []),
  room && text(middle, 46 + grid.height, "second", shape), also && text(middle, height - 8, "second", also));
  return element("g", { transform: `translate(${item.x} ${item.y - height / 2})` }, mark, isBox && opener(item));
}

function opener({ id, label, inner }) {
  const act = () => toggle(id), d = inner ? "M10 16h8" : "M10 16h8M14 12v8";
  return element("g", {
    class: "opener", tabindex: 0, role: "button", "data-id": `${id} opener`, onclick: act, onkeydown: pressed(act),
    "aria-expanded": Boolean(inner), "aria-label": `${inner ? "close" : "open"} ${label}` },
  element("rect", { x: 6, y: 8, width: 16, height: 16, rx: 3 }), element("path", { d }));
}
function drawBox(item) {
  const { width, height, inner, symbol, x, y } = item, content = drawSheet(inner);
  content.setAttribute("transform", `translate(0 ${SPACE.head})`);
  return element("g", { transform: `translate(${x} ${y - height / 2})`, class: "open" },
    element("rect", { width, height, rx: 4, class: "body" }),
    text(28, 21, "heading start", clipped(symbol, "heading", width - 40)), content, opener(item));
}
function drawLine({ edge, points }) {
  const d = points.slice(1).map(([x, y], k) => {
    const [before, above] = points[k], bend = (before + x) / 2;
    return y === above ? `H${x}` : `C${bend} ${above} ${bend} ${y} ${x} ${y}`;
  });
  const flow = ports.get(edge.source_port || edge.source)?.passing ?? [marks.get(edge.source).node];
  const seen = flow.every((i) => isKnown("forward", i)) ? " seen" : "";
  const back = flow.some((i) => gradientOf(i) && isKnown("backward", i)) ? " back" : "";
  return element("path", { d: `M${points[0]}${d.join("")}`, class: `edge${seen}${back}` });
}
function drawSheet({ items, lines }) {
  const seen = [...items.values()].filter(({ kind }) => kind);
  const orders = lines.filter(({ stops }) => stops.at(-1).item.isMixed).map(({ edge, points }) => (
    text(points.at(-1)[0] - 8, points.at(-1)[1] - 3, "second", edge.position + 1)));
  const shown = seen.map((item) => (item.inner ? drawBox(item) : drawMark(item)));
  return element("g", {}, ...lines.map(drawLine), ...orders, ...shown);
}
