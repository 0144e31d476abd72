// One compact table of what a reader picks: columns of places and metrics, marks among the rows shown, footnotes. Cells
// are written in Python; here they are picked, and the ranks that stand beside them say which of the picked is best.
const PASTE = DATA.paste;
const NOTHING = "–";

function letter(index) {
  const head = Math.floor(index / 26);
  return (head ? letter(head - 1) : "") + String.fromCharCode(97 + (index % 26));
}

const cleaned = (text) => text.split(/\s+/u).filter((word) => word).join(" ").replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200e\u200f]/gu, "\ufffd");
const sentence = (text) => (!text || ".!?".includes(text.at(-1)) ? text : `${text}.`);

// What is picked: {models, metrics, splits, datasets} by index or label, {names} that replace others, {sort, intervals, signs}.
function pasted(picked) {
  const named = (kind, key, label) => cleaned((picked.names[`${kind} ${key}`] || "").trim() || label);
  const columns = [];
  for (const d of picked.datasets) {
    for (const split of picked.splits) {
      const p = PASTE.places.findIndex((one) => one.dataset === d && one.split === split);
      if (p < 0) continue;
      for (const m of picked.metrics) {
        const held = PASTE.places[p].columns[m];
        const heads = () => [named("dataset", d, PASTE.datasets[d].label), named("split", split, split), named("metric", m, DATA.metrics[m].heading)];
        if (held) columns.push({ p, m, held, told: heads(), quality: DATA.metrics[m].task !== "cost", lower: !DATA.metrics[m].higher });
      }
    }
  }
  if (!columns.length || !picked.models.length) return null;
  const digits = Math.max(0, ...columns.filter((one) => one.quality).map((one) => one.held.first));
  const vary = [0, 1, 2].filter((level) => new Set(columns.map((one) => one.told[level])).size > 1);
  for (const one of columns) {
    one.heads = (vary.length ? vary : [2]).map((level) => one.told[level]);
    one.heading = one.heads.at(-1);
    one.at = one.quality ? digits - one.held.first : 0;
    one.signed = one.held.reference === null || picked.models.includes(one.held.reference);
    one.marks = marks(one, picked.models);
  }
  const notes = new Map();
  const note = (text) => { if (!notes.has(text)) notes.set(text, letter(notes.size)); return notes.get(text); };
  // Letters are given column by column first, then row by row, then to reasons inside the rows as they stand.
  for (const one of columns) for (const i of picked.models) for (const k of (one.held.cells[i] || {}).notes || []) note(PASTE.notes[k]);
  const places = [...new Set(columns.map((one) => one.p))];
  const lines = picked.models.map((i) => row(i, columns, places, note)).filter((one) => one);
  const groups = [false, true].map((ceiling) => ({ ceiling, lines: sorted(lines.filter((one) => one.ceiling === ceiling), columns, picked, named) }));
  for (const group of groups) for (const one of group.lines) one.cells = one.cells.map((cell) => compact(cell, one, note, picked));
  labels(lines, named);
  const simulated = [...new Set(places.map((p) => PASTE.places[p].dataset))];
  const invented = simulated.filter((d) => PASTE.datasets[d].simulated);
  const some = invented.length && invented.length < simulated.length ? `${invented.map((d) => PASTE.datasets[d].label).join(", ")}: ` : "";
  return {
    columns, groups: groups.filter((one) => one.lines.length), lines,
    caption: [title(columns), ...(invented.length ? [some + PASTE.simulated] : [])].map(sentence),
    notes: [...notes].map(([text, mark]) => ({ letter: mark, text })),
  };
}

function marks(column, models) {
  const ranks = models.map((i) => [i, Array.isArray(column.held.cells[i]) ? column.held.cells[i][2][column.at] : null]).filter(([, rank]) => rank !== null && rank !== undefined);
  const ladder = [...new Set(ranks.map(([, rank]) => rank))].sort((a, b) => a - b);
  const found = new Map();
  if (ladder.length < 2) return found;
  for (const [i, rank] of ranks) {
    if (rank === ladder[0]) found.set(i, "best");
    else if (rank === ladder[1] && ranks.length > 2) found.set(i, "second");
  }
  return found;
}

function row(i, columns, places, note) {
  const cells = columns.map((column) => {
    const held = column.held.cells[i];
    if (!held) return { words: NOTHING, notes: [] };
    if (!Array.isArray(held)) return { words: held.words, state: held.state, reason: held.reason, notes: held.notes.map((k) => note(PASTE.notes[k])) };
    return { number: held[0][column.at], margin: held[1][column.at], sign: column.signed ? held[3] : 0, mark: column.marks.get(i) || "", notes: [], words: "" };
  });
  if (cells.every((cell) => cell.words === NOTHING)) return null;
  const told = new Set(cells.filter((cell) => cell.words !== NOTHING).map((cell) => `${cell.words}\n${cell.notes}`));
  const alike = places.length === 1 && told.size === 1 && cells.every((cell) => !cell.number);
  const span = alike ? cells.find((cell) => cell.words !== NOTHING).words : "";
  const said = [fallback(places.map((p) => PASTE.places[p].fallback[i])), ...ties(columns.map((column) => column.held.cells[i]))];
  const letters = said.filter((text) => text).map(note);
  letters.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return { i, ceiling: DATA.models[i].ceiling, cells, span, notes: letters };
}

const largest = (shares) => shares.reduce((most, one) => (one && (!most || one[0] > most[0]) ? one : most), null);

function fallback(shares) {
  const most = largest(shares);
  return most ? `${shares.length === 1 ? "" : "Up to "}${most[1]} of its list places were filled by the declared fallback.` : "";
}

function ties(cells) {
  const judged = cells.filter((cell) => Array.isArray(cell) && cell[4]).map((cell) => cell[4]);
  const most = largest(judged);
  if (!most) return [];
  const upTo = new Set(judged.map((one) => one[0])).size === 1 ? "" : "up to ";
  const idle = judged.filter((one) => !one[2]).length;
  const whole = "It does not compete for best and second: it decided less than half of its answers itself.";
  return [
    most[0] > PASTE.tied ? `Ties decided ${upTo}${most[1]} of its answers: other candidates had the same score.` : "",
    idle === judged.length ? whole : idle ? "It does not compete for best and second where it decided less than half of its answers itself." : "",
  ];
}

function compact(cell, line, note, picked) {
  if (cell.number) return { ...cell, margin: picked.intervals ? cell.margin : "", sign: picked.signs ? cell.sign : 0 };
  if (line.span || cell.state === undefined || cell.state === cell.words) return cell;
  return { ...cell, words: cell.state, notes: cell.reason === null ? cell.notes : [note(PASTE.notes[cell.reason])] };
}

function sorted(lines, columns, picked, named) {
  if (picked.sort === "name") return [...lines].sort((a, b) => { const [x, y] = [a, b].map((one) => named("model", one.i, DATA.models[one.i].label).toLowerCase()); return x < y ? -1 : x > y ? 1 : 0; });
  if (picked.sort !== "place") return lines;
  const main = PASTE.main.find((m) => columns.some((one) => one.m === m)) ?? columns[0].m;
  const { order } = columns.find((one) => one.m === main).held;
  const at = (line) => { const place = order.indexOf(line.i); return place < 0 ? order.length : place; };
  return [...lines].sort((a, b) => at(a) - at(b));
}

function labels(lines, named) {
  const shown = lines.map((one) => named("model", one.i, DATA.models[one.i].label));
  lines.forEach((one, k) => { one.name = shown.filter((name) => name === shown[k]).length === 1 ? shown[k] : `${shown[k]} [${DATA.models[one.i].label}]`; });
}

function title(columns) {
  const [dataset, split, metric] = [0, 1, 2].map((level) => (new Set(columns.map((one) => one.told[level])).size === 1 ? columns[0].told[level] : ""));
  return ((columns.length > 1 && metric) || "Results") + (dataset ? ` on ${dataset}` : "") + (split ? `, ${split}` : "");
}

// The heads of one level with the number of columns that each stands over.
function spans(columns, level) {
  const found = [];
  columns.forEach((one, k) => {
    const same = k && one.heads.slice(0, level + 1).every((head, at) => head === columns[k - 1].heads[at]);
    if (same) found.at(-1)[1] += 1; else found.push([one.heads[level], 1]);
  });
  return found;
}

// What the marks mean that the table has; in the form's own marks, its words made safe.
function meaning(table, form) {
  const cells = table.lines.filter((one) => !one.span).flatMap((one) => one.cells);
  const has = (mark) => cells.some((cell) => cell.mark === mark);
  const said = [];
  if (has("second")) said.push(`${form.best}${form.safe(": best,")} ${form.second}${form.safe(": second best; equal numbers share a mark.")}`);
  else if (has("best")) said.push(`${form.best}${form.safe(": best; equal numbers share a mark.")}`);
  const words = [
    [cells.some((cell) => cell.sign), `${form.better}/${form.worse}: better or worse than the best reference at 5%, tested in pairs with Holm's correction.`],
    [cells.some((cell) => cell.margin), "±: the larger side of the 95% interval."],
    [table.groups.some((group) => group.ceiling), "Ceiling: knows what no model can know, so it never competes."],
    [table.columns.some((column) => column.lower), "↓: smaller is better."],
    [table.lines.some((one) => one.cells.some((cell) => cell.words.startsWith("n/a"))), "n/a: not applicable."],
    [cells.some((cell) => cell.words === NOTHING), `${NOTHING}: not measured here.`],
  ];
  return [...said, ...words.filter(([there]) => there).map(([, text]) => form.safe(text))];
}
