// Quality with intervals, cold start, quality against cost, users won and lost.
const words = (x, y, text, attributes) => svg("text", { x: x.toFixed(1), y: y.toFixed(1), text, ...attributes });
const line = (x1, y1, x2, y2, kind) =>
  svg("line", { x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1), class: kind });
const clipped = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const gutter = (labels, width) => Math.min(width * 0.36, 10 + 6.9 * Math.max(4, ...labels.map((text) => text.length)));
const fits = (room) => Math.max(4, Math.floor((room - 8) / 6.9));

// The best reference of a place: chosen where the numbers are judged, here only drawn.
function reference(p, m) {
  const i = DATA.references[p][m];
  return i === undefined ? null : number(p, m, i);
}

function span(values, zero) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (zero && low >= 0 && low < high * 0.5) low = 0;
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  return [low === 0 ? 0 : low - pad, high + pad];
}

function quality() {
  const m = state.metric;
  const metric = DATA.metrics[m];
  const shown = numbers(state.place, m).sort(better(m));
  const order = [...shown.filter((one) => !DATA.models[one.i].ceiling), ...shown.filter((one) => DATA.models[one.i].ceiling)];
  const silent = DATA.models.map((_, i) => i).filter((i) => visible(i) && reason(state.place, m, i) && reason(state.place, m, i) !== "–");
  const held = reference(state.place, m);
  const note = `${where(place())}. ${metric.higher ? "Higher" : "Lower"} is better${order.some((one) => one.l !== null) ? "; 95% intervals" : ""}.` + (held ? ` The dashed line is the best reference, ${DATA.models[held.i].label}.` : "");
  const chart = card("c-quality", `${metric.heading} of each model`, note);
  const { width } = chart;
  const left = gutter([...order.map((one) => DATA.models[one.i].label), ...silent.map((i) => DATA.models[i].label)], width);
  const right = 14 + 6.6 * Math.max(3, ...order.map((one) => one.t.length + (one.s ? 2 : 0)));
  const rows = order.length + silent.length;
  const height = rows * 24 + 34;
  const nodes = [];
  const points = [];
  if (order.length) {
    const [low, high] = span(order.flatMap((one) => [one.v, one.l ?? one.v, one.h ?? one.v]), true);
    const x = (v) => left + ((v - low) / (high - low)) * (width - left - right);
    for (const mark of ticks(low, high, Math.max(2, Math.floor((width - left - right) / 70)))) {
      nodes.push(line(x(mark.v), 0, x(mark.v), height - 24, "grid"));
      nodes.push(words(x(mark.v), height - 8, mark.text, { "text-anchor": "middle", class: "soft" }));
    }
    if (held && visible(held.i)) nodes.push(line(x(held.v), 0, x(held.v), height - 24, "ref"));
    order.forEach((one, row) => {
      const y = row * 24 + 13;
      const label = DATA.models[one.i].label;
      if (row && DATA.models[one.i].ceiling && !DATA.models[order[row - 1].i].ceiling) nodes.push(line(0, y - 12, width, y - 12, "grid"));
      nodes.push(words(left - 10, y + 4, clipped(label, fits(left)), { "text-anchor": "end" }));
      if (one.l !== null && one.h !== null) nodes.push(fill(line(x(one.l), y, x(one.h), y, ""), { css: { stroke: colour(one.i), "stroke-width": "2" } }, []));
      nodes.push(shape(one.i, x(one.v), y, 5));
      nodes.push(words(width - right + 10, y + 4, one.t, {}));
      if (one.s) nodes.push(words(width - 2, y + 4, one.s > 0 ? "▲" : "▼", { "text-anchor": "end", class: one.s > 0 ? "better" : "worse" }));
      points.push({ x: x(one.v), y, row: true, text: `${label}: ${metric.heading} ${one.t}${one.s ? (one.s > 0 ? ", better than the best reference" : ", worse than the best reference") : ""}` });
    });
  }
  silent.forEach((i, k) => {
    const y = (order.length + k) * 24 + 13;
    nodes.push(words(left - 10, y + 4, clipped(DATA.models[i].label, fits(left)), { "text-anchor": "end", class: "soft" }));
    nodes.push(words(left + 4, y + 4, clipped(reason(state.place, m, i), fits(width - left)), { class: "soft", "font-style": "italic" }));
  });
  chart.draw(Math.max(height, 40), nodes, points);
}

// Names at the ends of lines, pushed apart where they would touch; returns their heights in the given order.
function apart(heights, gap, low, high) {
  const order = heights.map((y, k) => [y, k]).sort((a, b) => a[0] - b[0]);
  const placed = [];
  order.forEach(([y], k) => placed.push(k ? Math.max(y, placed[k - 1] + gap) : Math.max(y, low)));
  for (let k = placed.length - 1; k >= 0; k -= 1) placed[k] = Math.min(placed[k], k === placed.length - 1 ? high : placed[k + 1] - gap);
  const result = [];
  order.forEach(([, k], rank) => { result[k] = placed[rank]; });
  return result;
}

// Lines with their names at the end: series are {i, name, values (null where none), texts}. Of categories, which no line
// may join, each model is a dot beside the others.
function lines(chart, series, labels, about, heading, joined = true) {
  const { width } = chart;
  const right = gutter(series.map((one) => one.name), width) + 8;
  const left = 44;
  const height = Math.max(230, series.length * 16 + 60);
  const [low, high] = span(series.flatMap((one) => one.values.filter((v) => v !== null)), false);
  const room = (width - left - right - 20) / (joined ? Math.max(1, labels.length - 1) : labels.length);
  const step = Math.min(9, (0.75 * room) / series.length);
  const x = (k, n) => left + 10 + (joined ? k * room : (k + 0.5) * room + (n - (series.length - 1) / 2) * step);
  const y = (v) => 10 + (1 - (v - low) / (high - low)) * (height - 54);
  const nodes = [];
  const points = [];
  for (const mark of ticks(low, high, 5)) {
    nodes.push(line(left, y(mark.v), width - right, y(mark.v), "grid"));
    nodes.push(words(left - 6, y(mark.v) + 4, mark.text, { "text-anchor": "end", class: "soft" }));
  }
  const every = Math.ceil(labels.length / Math.max(2, Math.floor((width - left - right) / 36)));
  labels.forEach((text, k) => { if (k % every === 0) nodes.push(words(x(k, (series.length - 1) / 2), height - 26, text, { "text-anchor": "middle", class: "soft" })); });
  nodes.push(words((left + width - right) / 2, height - 8, about, { "text-anchor": "middle", class: "soft" }));
  const ends = series.map((one) => one.values.reduce((last, v, k) => (v === null ? last : k), 0));
  const at = apart(series.map((one, k) => y(one.values[ends[k]])), 14, 8, height - 44);
  series.forEach((one, k) => {
    const known = one.values.map((v, index) => [v, index]).filter(([v]) => v !== null);
    const path = known.map(([v, index], n) => `${n ? "L" : "M"}${x(index, k).toFixed(1)} ${y(v).toFixed(1)}`).join("");
    const stroke = { stroke: colour(one.i), "stroke-width": DATA.models[one.i].lm ? "3" : "1.6", fill: "none" };
    if (joined) nodes.push(svg("path", { d: path, "stroke-dasharray": DASHES[DATA.models[one.i].dash], css: stroke }));
    for (const [v, index] of known) {
      if (labels.length <= 12 || index === ends[k]) nodes.push(shape(one.i, x(index, k), y(v), 4));
      points.push({ x: x(index, k), y: y(v), text: `${one.name}, ${labels[index]}: ${heading} ${one.texts[index]}` });
    }
    nodes.push(fill(line(x(ends[k], k) + 6, y(one.values[ends[k]]), width - right + 10, at[k], ""), { css: { stroke: colour(one.i), "stroke-width": "0.7" } }, []));
    nodes.push(words(width - right + 13, at[k] + 4, clipped(one.name, fits(right)), {}));
  });
  chart.draw(height, nodes, points);
}

function cold() {
  const here = place();
  const group = DATA.groups.find((list) => DATA.places[list[0]].dataset === here.dataset && DATA.places[list[0]].base === here.base);
  if (!group) return;
  const metric = DATA.metrics[state.metric];
  const series = DATA.models.map((model, i) => {
    const found = group.map((p) => number(p, state.metric, i));
    return { i, name: model.label, values: found.map((one) => (one ? one.v : null)), texts: found.map((one) => (one ? one.t + sign(one.s) : "")) };
  }).filter((one) => visible(one.i) && one.values.some((v) => v !== null));
  if (!series.length) return;
  const names = group.map((p) => DATA.places[p].group);
  const counted = names.every((text) => text.startsWith("k="));
  const chart = card("c-cold", counted ? "Cold start" : "By group", `${metric.heading} on ${here.dataset}, ${here.base}${here.simulated ? " (simulated)" : ""}, by ${counted ? "number of history items" : "group of queries"}.`);
  lines(chart, series, counted ? names.map((text) => text.slice(2)) : names, counted ? "history items" : "group", metric.heading, counted);
}

function cost() {
  const m = state.metric;
  const here = place();
  const found = (DATA.costs[state.place][m] || []).filter(([i]) => visible(i)).map(([i, c, front]) => ({ ...number(state.place, m, i), c, front }));
  if (found.length < 2) return;
  const metric = DATA.metrics[m];
  const chart = card("c-cost", "Quality against cost", `${metric.heading} against seconds to fit and to answer (log scale), ${where(here)}. Of all models, nothing is both better and cheaper than one on the dotted line.`);
  const { width } = chart;
  const height = 300;
  const left = 44;
  const [low, high] = span(found.map((one) => one.v), false);
  const [first, last] = [Math.log10(Math.min(...found.map((one) => one.c))), Math.log10(Math.max(...found.map((one) => one.c)))];
  const edge = Math.max(0.12, (last - first) * 0.12);
  const x = (c) => left + ((Math.log10(c) - first + edge) / (last - first + 2 * edge)) * (width - left - 10);
  const y = (v) => 10 + (1 - (v - low) / (high - low)) * (height - 54);
  const nodes = [];
  for (const mark of ticks(low, high, 5)) {
    nodes.push(line(left, y(mark.v), width - 10, y(mark.v), "grid"));
    nodes.push(words(left - 6, y(mark.v) + 4, mark.text, { "text-anchor": "end", class: "soft" }));
  }
  for (let power = Math.floor(first - edge); power <= last + edge; power += 1) {
    for (const factor of last - first < 1.7 ? [1, 2, 5] : [1]) {
      const c = factor * 10 ** power;
      if (x(c) < left || x(c) > width - 10) continue;
      nodes.push(line(x(c), 10, x(c), height - 44, "grid"));
      nodes.push(words(x(c), height - 26, String(Number(c.toPrecision(2))), { "text-anchor": "middle", class: "soft" }));
    }
  }
  nodes.push(words((left + width) / 2, height - 8, "seconds", { "text-anchor": "middle", class: "soft" }));
  const front = found.filter((one) => one.front).sort((a, b) => a.c - b.c);
  const path = front.map((one, k) => (k ? `H${x(one.c).toFixed(1)}V${y(one.v).toFixed(1)}` : `M${x(one.c).toFixed(1)} ${y(one.v).toFixed(1)}`)).join("");
  nodes.push(svg("path", { d: path, "stroke-dasharray": "2 3", css: { stroke: "var(--soft)", fill: "none", "stroke-width": "1.4" } }));
  const taken = found.map((one) => [x(one.c) - 7, y(one.v) - 7, x(one.c) + 7, y(one.v) + 7]);
  const points = found.map((one) => {
    nodes.push(shape(one.i, x(one.c), y(one.v), 5.5));
    const text = clipped(DATA.models[one.i].label, 24);
    const wide = 7.1 * text.length;
    let best = null;
    for (const [dx, dy] of [[12, 4], [-12 - wide, 4], [-wide / 2, -12], [-wide / 2, 20], [8, -8], [8, 16], [-8 - wide, -8], [-8 - wide, 16]]) {
      const box = [x(one.c) + dx, y(one.v) + dy - 10, x(one.c) + dx + wide, y(one.v) + dy + 2];
      const over = taken.reduce((sum, other) => sum + Math.max(0, Math.min(box[2], other[2]) - Math.max(box[0], other[0])) * Math.max(0, Math.min(box[3], other[3]) - Math.max(box[1], other[1])), 0);
      const out = (Math.max(0, left - box[0]) + Math.max(0, box[2] - width)) * 12;
      if (!best || over + out < best.bad) best = { bad: over + out, box, dx, dy };
    }
    taken.push(best.box);
    nodes.push(words(x(one.c) + best.dx, y(one.v) + best.dy, text, { class: "halo" }));
    return { x: x(one.c), y: y(one.v), text: `${DATA.models[one.i].label}: ${metric.heading} ${one.t}, ${Number(one.c.toPrecision(3))} s` };
  });
  chart.draw(height, nodes, points);
}

function won() {
  const found = (DATA.contrasts[state.place] || {})[state.metric];
  if (!found) return;
  const rows = found.map((one, i) => one && { i, reference: one[0], wins: one[1], ties: one[2], losses: one[3], verdict: one[4] }).filter((one) => one && visible(one.i));
  if (!rows.length) return;
  rows.sort((a, b) => b.wins - b.losses - (a.wins - a.losses));
  const metric = DATA.metrics[state.metric];
  const chart = card("c-won", `Users won and lost against ${DATA.models[rows[0].reference].label}`, `Users for whom a model's ${metric.heading} is better, equal or worse than that of the best reference, ${where(place())}.`);
  const { width } = chart;
  const left = gutter(rows.map((one) => DATA.models[one.i].label), width);
  const room = width - left - 4;
  const nodes = [];
  const points = [];
  rows.forEach((one, k) => {
    const y = k * 26 + 4;
    const total = one.wins + one.ties + one.losses || 1;
    nodes.push(words(left - 10, y + 13, clipped(DATA.models[one.i].label, fits(left)), { "text-anchor": "end" }));
    let from = left;
    for (const [count, ground, name] of [[one.wins, "var(--good)", "better"], [one.ties, "var(--grid)", "equal"], [one.losses, "var(--bad)", "worse"]]) {
      const long = (count / total) * room;
      nodes.push(svg("rect", { x: from.toFixed(1), y, width: Math.max(0, long - 1).toFixed(1), height: 18, rx: 2, css: { fill: ground } }));
      const text = `${count}`;
      if (long > 7 * text.length + 8) nodes.push(words(from + long / 2, y + 13, text, { "text-anchor": "middle", css: { fill: name === "equal" ? "var(--ink)" : "var(--card)" } }));
      from += long;
    }
    points.push({ x: left + (one.wins / total) * room, y: y + 9, row: true, text: `${DATA.models[one.i].label}: better for ${one.wins}, equal for ${one.ties}, worse for ${one.losses} users; the test says: ${one.verdict}` });
  });
  chart.draw(rows.length * 26 + 6, nodes, points);
}
