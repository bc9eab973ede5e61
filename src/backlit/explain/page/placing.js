/* Placing: coordinates from the layers and orders of the diagram, for the boxes that are open just now.

   A column keeps its order, and everything in it moves as near as it can to what it is joined to. The positions with
   the least squares of distances are found by pooling neighbours that would collide (Ayer and others, 1955). */

const SPACE = { column: 46, row: 16, bend: 9, side: 14, head: 28 };

function settle(column) {
  const pools = [], rise = [];
  column.forEach((item, k) => {
    const above = column[k - 1], space = item.isBend || above?.isBend ? SPACE.bend : SPACE.row;
    rise.push(k ? rise[k - 1] + (above.height + item.height) / 2 + space : 0);
    let pool = { sum: (item.wanted - rise[k]) * item.weight, weight: item.weight, count: 1 };
    while (pools.length && pools.at(-1).sum / pools.at(-1).weight > pool.sum / pool.weight) {
      const { sum, weight, count } = pools.pop();
      pool = { sum: sum + pool.sum, weight: weight + pool.weight, count: count + pool.count };
    }
    pools.push(pool);
  });
  let k = 0;
  for (const { sum, weight, count } of pools) for (let n = 0; n < count; n++, k++) column[k].y = sum / weight + rise[k];
}

/* Column after column: going right towards what is on the left, and back. */
function straighten(columns) {
  const move = (column, sides) => {
    for (const item of column) {
      const links = sides.flatMap((side) => item[side]), count = links.length;
      item.wanted = count ? links.reduce((sum, [other, shift]) => sum + other.y + shift, 0) / count : item.y;
    }
    settle(column);
  };
  for (const column of columns) move(column, []);
  for (let round = 0; round < 8; round++) {
    for (const column of columns) move(column, ["before"]);
    for (const column of [...columns].reverse()) move(column, round < 7 ? ["after"] : ["before", "after"]);
  }
}

/* How far below the middle of an item its lines meet it. */
function attach(item, lines, end) {
  const ports = sheets.get(item.id)?.ports.filter(({ side }) => (side === "in") === (end === "target"));
  return lines.map(({ edge }) => {
    const port = edge[`${end}_port`], rank = ports?.findIndex(({ id }) => id === port);
    if (item.inner) return item.inner.items.get(port).y + SPACE.head - item.height / 2;
    return ports ? ((rank + 0.5) / ports.length - 0.5) * item.height : 0;
  });
}

/* Lines arrive at a mark without ports where they come from, as far as they can; which no longer tells their order. */
function fan(item, lines) {
  const last = lines.length - 1, room = item.height / 2 - 9, gap = Math.min(12, 2 * room / Math.max(1, last));
  const ends = lines.map(({ edge: { position }, stops }) => {
    const [from, to] = stops.slice(-2), wanted = from.item.y + from.shift - item.y;
    return { to, position, wanted, weight: 1, height: gap - SPACE.bend, isBend: true };
  }).sort((a, b) => a.wanted - b.wanted || a.position - b.position);
  settle(ends);
  ends.forEach(({ to, y }, k) => { to.shift = Math.min(Math.max(y, k * gap - room), room - (last - k) * gap); });
  item.isMixed = item.ordered && ends.some(({ position }, k) => k && position < ends[k - 1].position);
}

/* Place a sheet: items get x (left side) and y (middle), lines their points. */
function place(sheet) {
  const items = new Map(), add = (id, fields) => items.set(id, {
    before: [], after: [], weight: 1, layer: 0, order: 0, y: 0, width: 0, height: 2, isBend: true, ...fields }).get(id);
  for (const mark of sheet.marks) {
    const inner = state.open.has(mark.id) && place(sheets.get(mark.id));
    const content = inner ? { width: inner.width, height: inner.height + SPACE.head } : contentOf(mark);
    add(mark.id, { ...mark, ...content, inner, isBend: false });
  }
  for (const port of sheet.ports) add(port.id, { ...port, layer: port.side === "in" ? -1 : sheet.layers });
  const lines = sheet.edges.map((edge) => {
    const source = items.get(edge.source), bends = edge.bends.map((order, k) => { // a bundle shares its bends
      const layer = source.layer + 1 + k, id = `${layer} ${order}`;
      return items.get(id) ?? add(id, { layer, order, weight: 4 });
    });
    return { edge, stops: [source, ...bends, items.get(edge.target)].map((item) => ({ item, shift: 0 })) };
  });
  for (const item of items.values()) {
    for (const [end, k] of [["source", 0], ["target", -1]]) {
      const ends = lines.map(({ edge, stops }) => ({ edge, stop: stops.at(k) }));
      const met = ends.filter(({ stop }) => stop.item === item);
      attach(item, met, end).forEach((shift, n) => { met[n].stop.shift = shift; });
    }
  }
  for (const { stops } of lines) {
    stops.slice(1).forEach((to, k) => {
      stops[k].item.after.push([to.item, to.shift - stops[k].shift]);
      to.item.before.push([stops[k].item, stops[k].shift - to.shift]);
    });
  }
  const all = [...items.values()], hasPorts = sheet.ports.length > 0;
  const columns = Array.from({ length: sheet.layers + 2 }, (_, k) => (
    all.filter(({ layer }) => layer === k - 1).sort((a, b) => a.order - b.order)));
  straighten(columns);
  for (const item of items.values()) {
    if (item.kind && !sheets.has(item.id)) fan(item, lines.filter(({ stops }) => stops.at(-1).item === item));
  }
  const top = Math.min(...all.map(({ y, height }) => y - height / 2)) - SPACE.side;
  let x = hasPorts ? 0 : SPACE.side - SPACE.column;
  columns.forEach((column, k) => {
    const width = Math.max(0, ...column.map((item) => item.width));
    if (k && column.length) x += SPACE.column;
    for (const item of column) {
      Object.assign(item, { x: x + (width - item.width) / 2, y: item.y - top, left: x, right: x + width });
    }
    x += width;
  });
  for (const line of lines) { // level across columns: it meets no mark there
    line.points = line.stops.flatMap(({ item, shift }, k) => {
      const y = item.y + shift, isLast = k === line.stops.length - 1;
      return [[k ? item.left : item.x + item.width, y], [isLast ? item.x : item.right, y]];
    });
  }
  const height = Math.max(...all.map((item) => item.y + item.height / 2)) + SPACE.side;
  return { items, lines, width: x + (hasPorts ? 0 : SPACE.side), height };
}
