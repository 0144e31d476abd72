// How models were tuned, how they rank over data sets, and how two of them differ user by user.
function tuning() {
  const here = place();
  const found = DATA.tuning.filter((one) => one.dataset === here.dataset && one.split === here.base && visible(one.model));
  const once = found.filter((one, k) => found.findIndex((other) => other.model === one.model) === k);
  if (!once.length) return;
  const longest = Math.max(...once.map((one) => one.curve.length));
  const series = once.map((one) => ({
    i: one.model,
    name: DATA.models[one.model].label,
    values: Array.from({ length: longest }, (_, k) => one.curve[k] ?? null),
    texts: one.curve.map((v) => (v === null ? "" : v.toFixed(4).replace(/^0/, "") + (one.edges.length ? ` (won at an end of the range of ${one.edges.join(", ")})` : ""))),
  })).filter((one) => one.values.some((v) => v !== null));
  if (!series.length) return;
  const several = found.length > once.length ? " The first seed and fold of each model." : "";
  const chart = card("c-tuning", "Tuning", `Best ${once[0].metric} so far on the validation part, ${here.dataset}, ${here.base}.${several}`);
  lines(chart, series, Array.from({ length: longest }, (_, k) => String(k + 1)), "trials", once[0].metric);
}

// Mean ranks with bars that join what the test does not separate: a critical-difference diagram, one model a row.
function ranks() {
  for (const [k, one] of DATA.standings.entries()) {
    if (one.split !== place().base || one.metric !== ranked(place().base)) continue;
    const shown = one.models.map((i, n) => ({ i, n, rank: one.ranks[n] })).filter((entry) => visible(entry.i));
    if (!shown.length) continue;
    const out = one.leftOut.length ? ` Left out, having no value somewhere: ${one.leftOut.join(", ")}.` : "";
    const chart = card(`c-ranks-${k}`, `Mean rank of ${one.metric} over ${one.datasets} data sets`, `${one.split}. A grey bar joins models whose mean ranks lie within the critical difference of ${one.critical.toFixed(2)}: the test (Nemenyi, 5%) does not separate them.${out}`);
    const { width } = chart;
    const bars = one.joined.map(([first, last]) => [shown.findIndex((entry) => entry.n >= first), shown.findLastIndex((entry) => entry.n <= last)]).filter(([first, last]) => first >= 0 && last > first);
    const left = gutter(shown.map((entry) => DATA.models[entry.i].label), width);
    const side = 46 + 9 * bars.length;
    const high = Math.max(one.models.length, ...one.ranks);
    const x = (rank) => left + 8 + ((rank - 1) / (high - 1 || 1)) * (width - left - 16 - side);
    const height = shown.length * 24 + 34;
    const nodes = [];
    for (let rank = 1; rank <= high; rank += Math.ceil(high / Math.max(2, Math.min(10, (width - left - side) / 30)))) {
      nodes.push(line(x(rank), 0, x(rank), height - 24, "grid"));
      nodes.push(words(x(rank), height - 8, String(rank), { "text-anchor": "middle", class: "soft" }));
    }
    bars.forEach(([first, last], level) => nodes.push(fill(line(width - 5 - 9 * level, first * 24 + 5, width - 5 - 9 * level, last * 24 + 21, "joined"), { css: { stroke: "var(--soft)", "stroke-width": "4", "stroke-linecap": "round" } }, [])));
    const points = shown.map((entry, row) => {
      const y = row * 24 + 13;
      const label = DATA.models[entry.i].label;
      nodes.push(words(left - 10, y + 4, clipped(label, fits(left)), { "text-anchor": "end" }));
      nodes.push(shape(entry.i, x(entry.rank), y, 5));
      nodes.push(words(width - side + 32, y + 4, entry.rank.toFixed(2), { "text-anchor": "end" }));
      return { x: x(entry.rank), y, row: true, text: `${label}: mean rank ${entry.rank.toFixed(2)}` };
    });
    chart.draw(height, nodes, points);
  }
}

// The metric that ranks are shown of: the chosen one where it is ranked, else the first.
function ranked(base) {
  const there = DATA.standings.filter((one) => one.split === base).map((one) => one.metric);
  const chosen = DATA.metrics[state.metric].heading;
  return there.includes(chosen) ? chosen : there[0];
}

// Parts of one test: popular and rare items, warm and cold ones, short and long histories.
let family = null;

function parts() {
  const here = place();
  const whole = DATA.places.findIndex((p) => p.dataset === here.dataset && p.split === here.base);
  const found = DATA.parts.filter((one) => one.place === whole);
  if (!found.length) return;
  if (!found.some((one) => one.family === family)) family = found.some((one) => one.family === "item popularity") ? "item popularity" : found[0].family;
  const cut = found.find((one) => one.family === family);
  const there = Object.keys(cut.values[0]).map(Number);
  const m = there.includes(state.metric) ? state.metric : there[0];
  if (m === undefined) return;
  const metric = DATA.metrics[m];
  const series = DATA.models.map((model, i) => {
    const cells = [number(whole, m, i), ...cut.values.map((one) => { const entry = (one[m] || [])[i]; return Array.isArray(entry) ? { v: entry[0], t: entry[3] } : null; })];
    return { i, name: model.label, values: cells.map((one) => (one ? one.v : null)), texts: cells.map((one) => (one ? one.t : "")) };
  }).filter((one) => visible(one.i) && one.values.some((v) => v !== null));
  if (!series.length) return;
  const chart = card("c-parts", `Parts of the test: ${family}`, `${metric.heading} on ${here.dataset}, ${here.base}${here.simulated ? " (simulated)" : ""}. Parts are shown, not tested.`);
  const select = el("select", { id: "family", onchange: (event) => { family = event.target.value; render(false); byId("family").focus(); } }, ...found.map((one) => el("option", { value: one.family, text: one.family })));
  select.value = family;
  const about = el("dl", { class: "about-parts" }, ...cut.names.flatMap((name, k) => [el("dt", { text: name }), el("dd", { text: cut.about[k] })]));
  byId("c-parts").querySelector("p").after(el("div", { class: "pair" }, el("label", {}, "cut by ", select)));
  lines(chart, series, ["all", ...cut.names.map((name) => name.replace(/ (items|users|histories)$/, ""))], family, metric.heading, false);
  byId("c-parts").append(el("details", {}, el("summary", { text: "What each part is" }), about));
}

const pair = { a: null, b: null };

function distribution() {
  const here = place();
  const people = DATA.people.find((one) => one.dataset === here.dataset && one.split === here.split);
  if (!people) return;
  const models = Object.keys(people.values).map(Number).filter(visible);
  if (models.length < 2) return;
  const [first, second] = people.pair;
  if (!models.includes(pair.a)) pair.a = models.includes(first) ? first : models.find((i) => i !== second);
  if (!models.includes(pair.b) || pair.b === pair.a) pair.b = models.includes(second) && second !== pair.a ? second : models.find((i) => i !== pair.a);
  const [a, b] = [people.values[pair.a], people.values[pair.b]];
  const gaps = a.map((v, k) => (v === null || b[k] === null ? null : v - b[k])).filter((v) => v !== null);
  if (!gaps.length) return;
  const [nameA, nameB] = [DATA.models[pair.a].label, DATA.models[pair.b].label];
  const mean = people.gaps[pair.a][pair.b];
  const chart = card("c-gaps", "Differences user by user", `${people.metric} of ${nameA} minus ${nameB}, ${where(here)}, ${gaps.length.toLocaleString("en")} users.`);
  const choose = (key, text) => {
    const select = el("select", { onchange: (event) => { pair[key] = Number(event.target.value); render(); byId(`pair-${key}`).focus(); }, id: `pair-${key}` }, ...models.map((i) => el("option", { value: i, text: DATA.models[i].label })));
    select.value = pair[key];
    return el("label", {}, `${text} `, select);
  };
  byId("c-gaps").querySelector("p").after(el("div", { class: "pair" }, choose("a", "model"), choose("b", "minus")));
  const { width } = chart;
  const most = Math.max(0.01, ...gaps.map(Math.abs));
  const bins = 21;
  const counts = new Array(bins).fill(0);
  for (const v of gaps) counts[Math.min(bins - 1, Math.floor(((v + most) / (2 * most)) * bins))] += 1;
  const height = 230;
  const top = Math.max(...counts);
  const x = (v) => 8 + ((v + most) / (2 * most)) * (width - 16);
  const y = (count) => 12 + (1 - count / top) * (height - 60);
  const nodes = [];
  const points = counts.map((count, k) => {
    const [from, to] = [-most + (k / bins) * 2 * most, -most + ((k + 1) / bins) * 2 * most];
    const middle = (from + to) / 2;
    const ground = k === (bins - 1) / 2 ? "var(--soft)" : middle > 0 ? colour(pair.a) : colour(pair.b);
    nodes.push(svg("rect", { x: (x(from) + 1).toFixed(1), y: y(count).toFixed(1), width: Math.max(1, x(to) - x(from) - 2).toFixed(1), height: (height - 48 - y(count)).toFixed(1), css: { fill: ground, opacity: "0.85" } }));
    return { x: x(middle), y: y(count), text: `${from.toFixed(2)} to ${to.toFixed(2)}: ${count} users` };
  });
  for (const mark of ticks(-most, most, Math.floor(width / 80))) nodes.push(words(x(mark.v), height - 30, mark.text, { "text-anchor": "middle", class: "soft" }));
  nodes.push(line(x(mean), 4, x(mean), height - 48, "ref"));
  nodes.push(words(width / 2, height - 8, `mean ${mean >= 0 ? "+" : ""}${mean.toFixed(3)}; right: ${clipped(nameA, 20)} is ahead`, { "text-anchor": "middle", class: "soft" }));
  chart.draw(height, nodes, points);
}
