// The picker of the compact table: buttons for rows and columns, a preview, and buttons that copy it.
const chosen = { models: [], metrics: [], splits: [], datasets: [], names: {}, sort: "given", intervals: false, signs: false };
const WIDTHS = [[345, "article (345 pt)"], [241, "one column of two (241 pt)"], [506, "both columns (506 pt)"]];
let room = POINTS;

const KINDS = {
  models: () => DATA.models.map((one, i) => [i, one.label, "model"]),
  metrics: () => DATA.metrics.map((one, m) => [m, one.heading, "metric"]),
  datasets: () => PASTE.datasets.map((one, d) => [d, one.label, "dataset"]),
  splits: () => [...new Map(PASTE.places.map((one) => [one.split, one.kind]))].map(([split, kind]) => [split, split, "split", kind === "part"]),
};

function pickButtons() {
  for (const [kind, entries] of Object.entries(KINDS)) {
    const button = ([key, label]) => el("button", {
      type: "button", class: "chip plain", "aria-pressed": String(chosen[kind].includes(key)),
      onclick: (event) => {
        const known = entries().map(([one]) => one);
        const now = chosen[kind].includes(key) ? chosen[kind].filter((one) => one !== key) : [...chosen[kind], key];
        chosen[kind] = known.filter((one) => now.includes(one));
        event.currentTarget.setAttribute("aria-pressed", String(chosen[kind].includes(key)));
        preview();
      },
    }, el("span", { text: label }));
    const parts = entries().filter((one) => one[3]);
    byId(`pick-${kind}`).replaceChildren(...entries().filter((one) => !one[3]).map(button));
    if (parts.length) byId(`pick-${kind}`).append(el("details", {}, el("summary", { text: "parts of a test" }), el("div", { class: "chips" }, ...parts.map(button))));
  }
}

function nameFields() {
  const shown = Object.entries(KINDS).flatMap(([kind, entries]) => entries().filter(([key]) => chosen[kind].includes(key)));
  const inputs = shown.map(([key, label, noun]) => {
    const id = `${noun} ${key}`;
    return el("label", {}, label, el("input", { type: "text", value: chosen.names[id] || "", placeholder: label, autocomplete: "off", spellcheck: "false", oninput: (event) => { chosen.names[id] = event.target.value; draw(); } }));
  });
  byId("pick-names").replaceChildren(...inputs);
}

function preview() {
  nameFields();
  draw();
}

function draw() {
  const table = pasted(chosen);
  for (const id of ["copy-latex", "copy-markdown"]) byId(id).disabled = !table;
  byId("copied").textContent = table ? "" : "Pick at least one model, metric and split.";
  byId("paste-text").value = table ? asLatex(table, room) : "";
  const mark = { best: "b", second: "u" };
  const sup = (notes) => (notes.length ? el("sup", { text: notes.join(",") }) : null);
  const cellOf = (cell) => el("td", {}, cell.number && cell.mark ? el(mark[cell.mark], { text: cell.number }) : cell.number || cell.words, cell.margin ? el("small", { text: ` ±${cell.margin}` }) : null, sign(cell.sign || 0), sup(cell.notes));
  if (!table) { byId("paste-preview").replaceChildren(); return; }
  const head = table.columns[0].heads.map((_, level) => el("tr", {},
    el(level === table.columns[0].heads.length - 1 ? "th" : "td", level === table.columns[0].heads.length - 1 ? { scope: "col", text: "Model" } : {}),
    ...(level === table.columns[0].heads.length - 1
      ? table.columns.map((column) => el("th", { scope: "col", text: column.heading + (column.lower ? " ↓" : "") }))
      : spans(table.columns, level).map(([text, count]) => el("th", { scope: "colgroup", colspan: count, class: "over" }, el("span", { text }))))));
  const rows = table.groups.map((group) => el("tbody", {}, ...group.lines.map((one) => el("tr", {},
    el("th", { scope: "row" }, el("bdi", { text: one.name }), one.ceiling ? " (ceiling)" : "", sup(one.notes)),
    ...(one.span ? [el("td", { class: "span", colspan: one.cells.length, text: one.span })] : one.cells.map(cellOf))))));
  byId("paste-preview").replaceChildren(
    el("p", { class: "status", text: table.caption.join(" ") }),
    el("table", {}, el("thead", {}, ...head), ...rows),
    ...table.notes.map((one) => el("p", { class: "status" }, el("sup", { text: one.letter }), ` ${one.text}`)));
}

async function copied(kind, text) {
  byId("paste-text").value = text;
  let done = true;
  try { await navigator.clipboard.writeText(text); } catch {
    // Where a page may not write to the clipboard, a selected text can still be copied.
    byId("paste-source").open = true;
    byId("paste-text").select();
    done = document.execCommand("copy");
  }
  byId("copied").textContent = done ? `Copied as ${kind}.` : "This browser lets no page copy: the text is selected below.";
}

function startPaste() {
  const here = place();
  const whole = PASTE.places.filter((one) => one.kind === "whole");
  chosen.models = DATA.models.map((_, i) => i).filter((i) => !DATA.models[i].ceiling);
  chosen.datasets = [PASTE.places[state.place].dataset];
  chosen.splits = [...new Set(whole.filter((one) => chosen.datasets.includes(one.dataset)).map((one) => one.split))].slice(0, 2);
  if (!chosen.splits.length) chosen.splits = [here.split];
  chosen.metrics = PASTE.first;
  byId("paste").hidden = false;
  pickButtons();
  options(byId("paste-width"), WIDTHS, room);
  byId("paste-width").addEventListener("change", (event) => { room = Number(event.target.value); draw(); });
  byId("paste-sort").addEventListener("change", (event) => { chosen.sort = event.target.value; draw(); });
  for (const kind of ["intervals", "signs"]) byId(`paste-${kind}`).addEventListener("change", (event) => { chosen[kind] = event.target.checked; draw(); });
  byId("copy-latex").addEventListener("click", () => copied("LaTeX", asLatex(pasted(chosen), room)));
  byId("copy-markdown").addEventListener("click", () => copied("Markdown", asMarkdown(pasted(chosen))));
  preview();
}
