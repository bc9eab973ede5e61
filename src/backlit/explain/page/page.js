/* The page: what is selected, which boxes are open, which step is shown; pointer, keys and search. */

const get = (id) => document.getElementById(id);
const sheets = new Map(JSON.parse(get("diagram").textContent).map(([id, parent, layers, ...parts]) => {
  const [marks, edges, ports] = parts.map((part, k) => part.map((fields) => [
    ([id, symbol, node = 0, layer = 0, order = 0, kind, label, output, trainable, ordered]) => (
      { id, symbol, node, layer, order, kind: kind || "operation", label, output, trainable, ordered }),
    ([source, target, position = 0, source_port, target_port, bends = []]) => (
      { source, target, position, source_port, target_port, bends }),
    ([id, side, passing, order = 0]) => ({ id, side, passing, order })][k](fields)));
  return [id, { id, parent, layers, marks, edges, ports }];
}));
const state = { i: program.loss, place: 0, example: 0, position: 0, open: new Set(), view: null };

const operations = program.forward.filter((i) => !leaves[i]);
const steps = [
  ...operations.map((i) => ["forward", i]),
  ...[...operations].reverse().filter((i) => gradientOf(i)).map((i) => ["backward", i]),
  ...Object.keys(program.updates).map((i) => ["update", Number(i)]),
];
/* From which step on a number is known; a leaf waits for the last edge that leads back to it. */
const when = { forward: {}, backward: {}, update: {} };
steps.forEach(([phase, i], k) => { when[phase][i] = k + 1; });
for (const { argument: i, consumer } of edges) {
  if (leaves[i]) when.backward[i] = Math.max(when.backward[i] ?? 0, when.backward[consumer]);
}
const isKnown = (phase, i) => (when[phase][i] ?? 0) <= state.position;

/* Where nodes are drawn, and which of them is at work. */
const marks = new Map(), homes = new Map(), ports = new Map();
for (const sheet of sheets.values()) {
  for (const port of sheet.ports) ports.set(port.id, port);
  for (const mark of sheet.marks) {
    marks.set(mark.id, mark);
    const isHome = mark.node >= 0 && !homes.has(mark.node) && !/^(update|output)$/.test(mark.kind);
    if (isHome) homes.set(mark.node, { mark: mark.id, sheet: sheet.id });
  }
}
const around = (sheet) => (sheet === "root" ? [] : [...around(sheets.get(sheet).parent), sheet]);
const holds = (box, i) => homes.has(i) && around(homes.get(i).sheet).includes(box);
function isNow({ kind, node, id }) {
  const [, i] = steps[state.position - 1] ?? [];
  return i !== undefined && state.position < steps.length && (kind === "box" ? holds(id, i) : node === i);
}

function select(i, place) {
  if (batch.has(i)) state.example = indices(nodes[i].shape, place)[0];
  refresh(Object.assign(state, { i, place }));
}
/* Open or close a box: its opener stays where it is; what is opened is made readable. */
function toggle(id) {
  const opener = `${id} opener`, before = boxOf(opener), { isFit } = state.view;
  state.view.isFit = false;
  if (!state.open.delete(id)) state.open.add(id);
  refresh();
  const isOpen = state.open.has(id), after = boxOf(opener);
  if (isFit && (!isOpen || scaleToFit(drawn) >= READABLE)) return fit();
  pan(before.x - after.x, before.y - after.y);
  if (isOpen) look(opener);
}
function go(position) {
  state.position = Math.min(Math.max(position, 0), steps.length);
  const [, i = -1] = steps[state.position - 1] ?? [];
  refresh(Object.assign(state, { i, place: i < 0 ? 0 : gridOf(i).start }));
}
function stepText() {
  const [phase, i] = steps[state.position - 1] ?? [], same = steps.filter((step) => step[0] === phase);
  if (!phase) return "start: only inputs and parameters are known";
  const isDone = state.i !== i && state.position === steps.length;
  if (isDone) return `all ${steps.length} steps done: ‹ goes back, « to the start`;
  const { start } = gridOf(i), told = (lines) => lines.map((each) => each.textContent ?? "").join("");
  const head = `${phase} ${same.findIndex((step) => step[1] === i) + 1} of ${same.length}: `;
  if (phase === "update") {
    return `${head}${name(i, start)} becomes ${apart(exactAt(i, start), exactAt(program.updates[i], start))[1]}`;
  }
  if (phase === "forward") return head + told(originLines(i, start, 0).slice(0, phrase(i).way === "each" ? 2 : 1));
  const back = new Set(edges.filter(({ consumer }) => consumer === i).map(({ argument }) => name(argument)));
  return `${head}${told(chainLines(i, start, 0).slice(0, 1))}, passed back to ${[...back].join(" and ")}`;
}

/* Draw everything anew; what had the focus gets it again. */
let drawn, isFlat = false;
function refresh() {
  const { dataset: { id: mark } = {}, id } = document.activeElement ?? {};
  drawn = place(sheets.get("root"));
  pane.replaceChildren(drawSheet(drawn));
  get("panel").replaceChildren(...panelParts().filter(Boolean));
  keep();
  get("example").value = state.example + 1;
  get("step").textContent = stepText();
  get("hint").hidden = true;
  for (const button of ["start", "back"]) get(button).ariaDisabled = state.position === 0;
  for (const button of ["forward", "end"]) get(button).ariaDisabled = state.position === steps.length;
  (mark ? document.querySelector(`[data-id="${mark}"]`) : get(id || "none"))?.focus({ preventScroll: true });
}

const pane = get("picture"), frame = () => pane.getBoundingClientRect();
function show(k, x, y, isFit = false) {
  const { width, height } = frame();
  state.view = { k, x, y, isFit };
  pane.setAttribute("viewBox", [-x / k, -y / k, width / k, height / k]);
}
/* A panel below may grow: the picture stays above it, if it can, so that it need not move then. */
const lowest = () => pane.clientHeight - (isFlat ? 0.45 * innerHeight + 4 - get("panel").offsetHeight : 0);
const scaleToFit = ({ width, height }) => Math.min(pane.clientWidth / width, pane.clientHeight / height, 1.5);
function fit() {
  const k = scaleToFit(drawn), middle = (pane.clientHeight - k * drawn.height) / 2;
  show(k, (pane.clientWidth - k * drawn.width) / 2, Math.max(0, Math.min(middle, lowest() - k * drawn.height)), true);
}
function zoom(by, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  const { view } = state, k = Math.min(Math.max(view.k * by, 0.05), 8);
  show(k, x - (x - view.x) * k / view.k, y - (y - view.y) * k / view.k);
}
const pan = (right, down) => show(state.view.k, state.view.x + right, state.view.y + down);

/* After a change nothing moves, unless something of what was seen whole would be cut off. */
function keep() {
  const { k, x, y, isFit = true } = state.view ?? {};
  const isWhole = x + k * drawn.width < pane.clientWidth + 1 && y + k * drawn.height < pane.clientHeight + 1;
  if (isFit && !isWhole) fit();
  else show(k, x, y, isFit);
}

/* Make something readable (the smallest texts are 12 high) and show it, from its beginning if it does not fit; nothing
   moves if it is seen already. */
const READABLE = 11 / 12;
const boxOf = (id) => document.querySelector(`[data-id="${id}"]`).parentNode.getBoundingClientRect();
function look(id) {
  const box = boxOf(id), own = frame(), { k } = state.view;
  const isInside = box.x >= own.x && box.y >= own.y && box.right <= own.right && box.bottom <= own.bottom;
  if (isInside && k >= READABLE) return;
  const whole = 0.96 * Math.min(own.width / box.width, own.height / box.height);
  const by = Math.max(READABLE / k, Math.min(whole, 1));
  zoom(by);
  const shift = (start, length, from, room) => (
    Math.max((room - by * length) / 2, 8) - room / 2 - by * (start - from - room / 2));
  pan(shift(box.x, box.width, own.x, own.width), shift(box.y, box.height, own.y, own.height));
}

function hover(event, i, place) {
  event.stopPropagation();
  const hint = get("hint"), key = `${i} ${place} ${state.position}`;
  if (i < 0) return;
  if (hint.hidden || hint.dataset.key !== key) {
    hint.dataset.key = key;
    const told = isKnown("forward", i) ? [...originLines(i, place, 3), companyLines(i)] : [];
    if (isKnown("backward", i)) told.push(...chainLines(i, place, 3));
    hint.replaceChildren(...told.filter(Boolean));
    hint.hidden = !told.length;
  }
  const { width, height } = hint.getBoundingClientRect(), y = event.clientY;
  hint.style.left = `${Math.max(4, Math.min(event.clientX + 16, innerWidth - width - 8))}px`;
  hint.style.top = `${y + 18 + height > innerHeight ? Math.max(4, y - height - 12) : y + 18}px`;
}

/* Search: a name or part of one, an element W[3,5], a weight of the lectures w[layer, output, input]. */
function search(text) {
  const [, label, inside] = /^(.*?)(?:\[([\d, ]+)\])?$/.exec(text.trim()), index = inside?.split(",").map(Number) ?? [];
  const tests = [(each) => each === label, (each) => each.endsWith(`.${label}`), (each) => each.includes(label)];
  const layer = program.layers[index[0] - 1]?.["wb".indexOf(label)];
  for (const isMatch of label ? tests : []) {
    const i = [...homes.keys()].find((k) => isMatch(nodes[k].label));
    const box = [...marks.values()].find((mark) => mark.kind === "box" && isMatch(mark.label));
    if (i === undefined && layer !== undefined) return reveal(layer, index.slice(1).reverse().map((k) => k - 1));
    if (i !== undefined) return reveal(i, index);
    if (box) return reveal(outOf(box)[0], [], box.id);
  }
  get("found").textContent = label ? `nothing is called ${text}` : "";
}
function reveal(i, index, box) {
  const { shape = [] } = nodes[i] ?? {};
  const isElement = index.length === shape.length && index.every((k, axis) => k >= 0 && k < shape[axis]);
  (box ? around(box).slice(0, -1) : around(homes.get(i).sheet)).forEach((each) => state.open.add(each));
  get("found").textContent = index.length && !isElement ? `its shape is ${shapeText(i)}` : "";
  if (i < 0) refresh();
  else select(i, isElement ? placeOf(shape, index) : gridOf(i).start);
  look(box ? `${box} opener` : homes.get(i).mark);
}

const listen = (target, kinds, act, settings) => {
  for (const kind of kinds.split(" ")) target.addEventListener(kind, act, settings);
};

/* One finger, or the mouse, drags the picture; two fingers turn their distance into its size as well. */
const fingers = new Map(); // the pointers that are down, by id
function grip() {
  const [one, two = one] = fingers.values(), { left, top } = frame();
  return { x: (one.clientX + two.clientX) / 2 - left, y: (one.clientY + two.clientY) / 2 - top,
    width: Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY) || 1 };
}
listen(pane, "pointerdown", (event) => { fingers.set(event.pointerId, event); });
listen(window, "pointerup pointercancel", (event) => { fingers.delete(event.pointerId); });
listen(window, "pointermove", (event) => {
  if (!fingers.has(event.pointerId)) return;
  const before = grip();
  fingers.set(event.pointerId, event);
  const after = grip();
  pan(after.x - before.x, after.y - before.y);
  if (fingers.size > 1) zoom(after.width / before.width, after.x, after.y);
});
listen(pane, "pointermove pointerleave", () => { get("hint").hidden = true; });
listen(pane, "wheel", (event) => {
  event.preventDefault();
  zoom(2 ** (-event.deltaY / 400), event.clientX - frame().x, event.clientY - frame().y);
}, { passive: false });

const actions = {
  start: () => go(0), end: () => go(steps.length),
  back: () => go(state.position - 1), forward: () => go(state.position + 1),
  closer: () => zoom(1.25), further: () => zoom(0.8), fit };
const keys = {
  ArrowLeft: "back", ArrowRight: "forward", Home: "start", End: "end", "+": "closer", "-": "further", 0: "fit" };
for (const [id, act] of Object.entries(actions)) listen(get(id), "click", act);
listen(window, "keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") get("search").focus();
  else if (event.key === "Escape") refresh(Object.assign(state, { i: -1 }));
  else if (keys[event.key]) actions[keys[event.key]]();
  else return;
  event.preventDefault();
});
listen(window, "resize", fit);
listen(get("search"), "change", ({ target }) => search(target.value));
const labels = [...homes.keys()].filter(isNamed).map((i) => nodes[i].label).slice(0, 1000);
get("names").append(...labels.map((value) => element("option", { value })));
get("batch").hidden = !batch.size;
listen(get("example"), "change", ({ target }) => {
  target.value = Math.min(Math.max(Math.trunc(target.valueAsNumber) || 1, 1), examples);
  refresh(Object.assign(state, { i: -1, example: target.value - 1 }));
});

/* The first picture: boxes are open while it stays large enough. */
state.position = steps.length;
for (const id of [...sheets.keys()].slice(1, 20)) {
  state.open.add(id);
  if (scaleToFit(place(sheets.get("root"))) < 0.8) state.open.delete(id);
}
refresh();
isFlat = drawn.width > 3 * drawn.height && innerWidth > 800;
document.body.classList.toggle("flat", isFlat);
fit();
