// Pickers, theme, address, and drawing it all anew when something changes.
function metricsAt(p) {
  return Object.keys(DATA.values[p]).map(Number);
}

function options(select, entries, value) {
  select.replaceChildren(...entries.map(([key, text]) => el("option", { value: key, text })));
  select.value = value;
}

function pickers() {
  const here = place();
  const datasets = [...new Set(DATA.places.map((p) => p.dataset))];
  options(byId("dataset"), datasets.map((name) => [name, name + (DATA.places.find((p) => p.dataset === name).simulated ? " (simulated)" : "")]), here.dataset);
  options(byId("split"), DATA.places.map((p, k) => [k, p]).filter(([, p]) => p.dataset === here.dataset).map(([k, p]) => [k, p.split]), state.place);
  options(byId("metric"), metricsAt(state.place).map((m) => [m, DATA.metrics[m].heading]), state.metric);
}

function chips() {
  byId("chips").replaceChildren(...DATA.models.map((model, i) => el("button", {
    type: "button", class: "chip", "aria-pressed": String(!state.off.has(i)), hidden: model.label.toLowerCase().includes(state.text) ? null : "",
    onclick: (event) => {
      if (state.off.has(i)) state.off.delete(i); else state.off.add(i);
      event.currentTarget.setAttribute("aria-pressed", String(!state.off.has(i)));
      render(false);
    },
  }, el("span", { class: `key k${i}` }), el("span", { text: model.label }))));
}

function remember() {
  const here = place();
  const hash = new URLSearchParams({ d: here.dataset, s: here.split, m: DATA.metrics[state.metric].label });
  history.replaceState(null, "", `#${hash}`);
}

function recall() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const found = DATA.places.findIndex((p) => p.dataset === wanted.get("d") && p.split === wanted.get("s"));
  if (found >= 0) state.place = found;
  const m = DATA.metrics.findIndex((one) => one.label === wanted.get("m"));
  state.metric = metricsAt(state.place).includes(m) ? m : place().main ?? metricsAt(state.place)[0];
}

function render(withPickers = true) {
  if (withPickers) { pickers(); chips(); }
  byId("charts").replaceChildren();
  tell(0, 0, "");
  // First: what is hidden need not be laid out when the charts ask how wide they may be.
  showTables();
  quality();
  cold();
  parts();
  cost();
  won();
  tuning();
  ranks();
  distribution();
  showPeople();
  const count = DATA.models.filter((_, i) => visible(i)).length;
  byId("status").textContent = `${where(place())}: ${count} of ${DATA.models.length} models shown.`;
}

function move(next) {
  pair.a = null;
  pair.b = null;
  const keep = DATA.metrics[state.metric].label;
  state.place = next;
  const m = metricsAt(next).find((index) => DATA.metrics[index].label === keep);
  state.metric = m ?? place().main ?? metricsAt(next)[0];
  remember();
  render();
}

function theme() {
  const button = byId("theme");
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
  try { if (localStorage.getItem("benchsuite-theme")) root.dataset.theme = localStorage.getItem("benchsuite-theme"); } catch { /* a page opened from a file may have no storage */ }
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("benchsuite-theme", root.dataset.theme); } catch { /* the choice then lasts as long as the page */ }
    name();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  name();
}

function start() {
  theme();
  prepareTables();
  window.addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("#notes, .card > details")) one.open = true; });
  // Of several places, a phone shows first who leads each.
  const cards = document.querySelectorAll(".card > details");
  if (cards.length > 2 && matchMedia("(max-width: 640px)").matches) for (const one of cards) one.open = false;
  if (!DATA.places.length) return;
  byId("explore").hidden = false;
  document.querySelector(".all").hidden = false;
  recall();
  byId("dataset").addEventListener("change", (event) => {
    const name = event.target.value;
    const same = DATA.places.findIndex((p) => p.dataset === name && p.split === place().split);
    move(same >= 0 ? same : DATA.places.findIndex((p) => p.dataset === name));
  });
  byId("split").addEventListener("change", (event) => move(Number(event.target.value)));
  byId("metric").addEventListener("change", (event) => { state.metric = Number(event.target.value); remember(); render(); });
  byId("filter").addEventListener("input", (event) => { state.text = event.target.value.trim().toLowerCase(); chips(); render(false); });
  byId("all").addEventListener("change", (event) => { state.all = event.target.checked; showTables(); });
  window.addEventListener("hashchange", () => { recall(); render(); });
  let wide = window.innerWidth;
  window.addEventListener("resize", () => { if (window.innerWidth !== wide) { wide = window.innerWidth; render(false); } });
  render();
  startPaste();
}
start();
