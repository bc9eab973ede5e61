/* The panel: the arithmetic of one number, told in lines; every name in them leads to where it comes from. */

const MOST = 8;
const slopeName = (i, place) => `∂${name(program.loss)}/∂${name(i, place)}`;
const number = (x, kind, i) => ({ text: format(i >= 0 && isInteger(nodes[i].dtype) ? BigInt(x) : x), kind });
const change = (x, y, kind = "value") => {
  const [from, to] = apart(x, y);
  return [{ text: from, kind: "value" }, " → ", { text: to, kind }];
};
const factor = (x, kind) => ({ text: x < 0 ? `(${format(x)})` : format(x), kind });

/* A line of texts, names that can be followed, and numbers in their colours. */
function line(kind, ...pieces) {
  return element("p", { class: kind }, ...pieces.flat().map((piece) => {
    const { text: words, i, place = 0, kind: colour } = piece;
    if (words === undefined) return piece;
    if (i === undefined || name(i) === format(exactAt(i, 0))) return element("span", { class: colour }, words);
    return element("button", { type: "button", class: "link", onclick: () => select(i, place) }, words);
  }));
}

/* The largest of the terms behind a number, and what the others come to. */
function largest(i, entries, most, kind, tell) {
  const sorted = [...entries].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)), rest = sorted.slice(most);
  const sum = rest.reduce((total, { value }) => total + value, 0);
  const more = rest.length && line("term", `and ${rest.length} more, together `, number(sum, kind, i));
  return [...sorted.slice(0, most).map(tell), more];
}

function originLines(i, place, most = MOST) {
  const value = number(exactAt(i, place), "value"), head = `${name(i, place)} = `;
  if (leaves[i]) return [line("", head, value)];
  const { formula, numbers, terms } = origin(i, place);
  if (numbers) return [line("", head, formula, " "), line("term", "= ", numbers, " = ", value)];
  return [line("", head, formula, " = ", value), ...largest(i, terms, most, "value", (term) => (
    line("term", term.names, " = ", term.numbers,
      term.names.length > 1 ? [" = ", number(term.value, "value", i)] : "")))];
}

function chainLines(i, place, most = MOST) {
  if (!program.forward.includes(i)) return [];
  if (!gradientOf(i)) return [line("rule", "no gradient reaches it")];
  const links = chain(i, place), head = ["", `${slopeName(i, place)} = `, number(slopeAt(i, place), "gradient")];
  if (i === program.loss) return [line(...head), line("rule", "where the way back begins")];
  const rest = links.length > 1 ? ", the sum of" : links.length ? "" : ": every local derivative on the way is 0";
  return [line(...head, rest), ...largest(i, links, most, "gradient", ({ formula, local, ...link }, k, all) => element(
    "div", { class: "chain" },
    line("", "through ", named(link.consumer, link.k), ": local ", formula, formula.length ? " = " : "", number(local)),
    line("", "local · upstream = ", number(local), " · ", factor(link.upstream, "gradient"), " = ",
      number(link.value, "gradient")),
    most === MOST && all[k - 1]?.rule !== link.rule && line("rule", link.rule)))];
}

/* What else leaves a box, where this is shown for it: the memory of a cell beside what it puts out. */
function companyLines(i) {
  const all = [...marks.values()].map(outOf).filter(([first]) => first === i).flatMap(([, ...more]) => more);
  const others = [...new Set(all)].slice(0, MOST);
  return others.length && line("rule", "leaves its box with ", others.flatMap((k, n) => [n ? ", " : "", named(k)]));
}

/* The maps of all elements, large; the arrow keys walk from one to the next. */
function chooser(i, place) {
  const grid = gridOf(i), count = mapsOf(i).length, scale = Math.min((320 / count - 8) / grid.width, 230 / grid.height);
  const walk = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns }[event.key];
    const next = place - grid.start + step;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    if (next >= 0 && next < grid.count) select(i, grid.start + next);
  };
  return grid.count > 1 && element("svg", {
    id: "map", tabindex: 0, role: "img", onkeydown: walk, width: 330, height: grid.height * scale + 4,
    "aria-label": `elements of ${name(i)}; arrow keys choose one` }, ...heatMaps(i, grid, 2, 2, scale));
}

function editor(i, place) {
  const { op, dtype } = nodes[i];
  if (!/input|parameter/.test(op)) return [];
  const wrong = element("span", { role: "alert", class: "new" }), field = element("input", {
    type: dtype === "bool" ? "text" : "number", step: isFloat(dtype) ? "any" : 1, id: "edit",
    value: format(exactAt(i, place)),
    onchange: () => {
      try {
        edit(i, place, field.value);
        refresh();
      } catch (error) {
        wrong.textContent = error.message;
      }
    } });
  return [element("p", { class: "fields" }, element("label", { for: "edit" }, "set it to "), field, wrong)];
}

/* What the edits did to the loss, beside what the gradients predicted. */
function effect() {
  const before = valueAt(program.loss, 0, original), after = valueAt(program.loss, 0), sum = [], lines = [];
  let predicted = before;
  for (const { i, place } of edits.values()) {
    const step = valueAt(i, place) - valueAt(i, place, original), slope = slopeAt(i, place, original);
    predicted += slope * step;
    sum.push(" + ", number(slope, "gradient"), " · ", factor(step));
    lines.push(line("", named(i, place), ": ", change(exactAt(i, place, original), exactAt(i, place))));
  }
  const isExact = Math.abs(after - predicted) <= 1e-6 * Math.max(1, Math.abs(after));
  const [start, , guess] = change(before, predicted);
  return lines.length ? [section("effect", "What the change does", [...lines,
    line("", `${name(program.loss)}: `, change(before, after)),
    isNaN(predicted) ? line("rule", "without a gradient there is no prediction")
      : line("", "linear prediction: ", start, sum, " = ", guess),
    !isNaN(predicted) && line("rule", isExact ? "exact: the loss is a straight line here"
      : `off by ${format(after - predicted)}: the loss is curved here`),
    element("button", { type: "button", id: "restore", onclick: () => refresh(restore()) }, "restore")])] : [];
}

const section = (id, title, lines) => lines.length && element("section", { id }, element("h3", {}, title), ...lines);
function panelParts() {
  const { i, place } = state;
  if (i < 0) return effect();
  const { op, trainable, dtype } = nodes[i], update = program.updates[i], isComputed = isKnown("forward", i);
  const slope = isKnown("backward", i) && gradientOf(i);
  const kind = [op === "parameter" ? (trainable ? "trainable parameter" : "state") : op, dtype, shapeText(i)];
  return [element("section", {}, element("h2", {}, name(i, place)), line("rule", kind.filter(Boolean).join(" · ")),
    chooser(i, place), element("p", { class: "big" },
      element("span", { class: "value", id: "value" }, isComputed ? format(exactAt(i, place)) : "?"),
      slope && element("span", { class: "gradient", id: "gradient" }, format(at(slope, place)))),
    ...editor(i, place), companyLines(i)),
  ...effect(),
  isComputed && !leaves[i] && section("origin", "How the value arises", originLines(i, place)),
  (slope || !gradientOf(i)) && section("chain", "How the gradient arises", chainLines(i, place)),
  update !== undefined && isKnown("update", i) && section("update", "What the update makes of it", [
    line("", change(exactAt(i, place), exactAt(update, place), "new"))])];
}
