"use strict";
// Everything a reader can see comes from DATA by textContent or attributes, never as markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const state = { place: 0, metric: 0, off: new Set(), text: "", all: false };
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function fill(node, attributes, kids) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "css") for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  for (const kid of kids) if (kid) node.append(kid);
  return node;
}
const el = (tag, attributes, ...kids) => fill(document.createElement(tag), attributes, kids);
const svg = (tag, attributes, ...kids) => fill(document.createElementNS(SVG, tag), attributes, kids);

const visible = (i) => !state.off.has(i) && DATA.models[i].label.toLowerCase().includes(state.text);
const colour = (i) => `var(--m${i})`;
const place = () => DATA.places[state.place];
const where = (p) => `${p.dataset}, ${p.split}${p.simulated ? " (simulated)" : ""}`;

// One model's value: {v, l, h, t, s}, or null where there is only a reason.
function number(p, m, i) {
  const entry = (DATA.values[p][m] || [])[i];
  return Array.isArray(entry) ? { i, v: entry[0], l: entry[1], h: entry[2], t: entry[3], s: entry[4] } : null;
}
function reason(p, m, i) {
  const entry = (DATA.values[p][m] || [])[i];
  return typeof entry === "string" ? entry : "";
}
const numbers = (p, m) => DATA.models.map((_, i) => number(p, m, i)).filter((one) => one && visible(one.i));
const better = (m) => (a, b) => (DATA.metrics[m].higher ? b.v - a.v : a.v - b.v);
const sign = (s) => (s > 0 ? " ▲" : s < 0 ? " ▼" : "");

function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const marks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) marks.push(k * step);
  const decimals = Math.max(0, ...marks.map((v) => (v.toFixed(6).replace(/0+$/, "").split(".")[1] || "").length));
  return marks.map((v) => ({ v, text: v === 0 ? "0" : v.toFixed(decimals).replace(/^(-?)0\./, "$1.") }));
}

// The same shapes as in the printed figures.
function shape(i, x, y, r) {
  const model = DATA.models[i];
  const polygon = (n, turn, inner) => {
    const points = [];
    const total = inner ? 2 * n : n;
    for (let k = 0; k < total; k += 1) {
      const angle = turn + (2 * Math.PI * k) / total;
      const radius = inner && k % 2 ? r * inner : r * (inner ? 1.5 : 1.15);
      points.push(`${(x + radius * Math.sin(angle)).toFixed(1)},${(y - radius * Math.cos(angle)).toFixed(1)}`);
    }
    return svg("polygon", { points: points.join(" ") });
  };
  const quarter = Math.PI / 2;
  const forms = {
    o: () => svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r }), s: () => polygon(4, Math.PI / 4),
    D: () => polygon(4, 0), "^": () => polygon(3, 0), v: () => polygon(3, Math.PI), "<": () => polygon(3, -quarter),
    ">": () => polygon(3, quarter), p: () => polygon(5, 0), h: () => polygon(6, 0), "*": () => polygon(5, 0, 0.5),
  };
  const node = (forms[model.marker] || forms.o)();
  return fill(node, { css: { fill: model.filled ? colour(i) : "var(--card)", stroke: colour(i), "stroke-width": "2" } }, []);
}
const DASHES = { solid: null, dashed: "5 3", dashdot: "6 3 1.5 3", dotted: "1.5 3" };

function tell(x, y, text) {
  const tip = byId("tip");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(6, Math.min(x + 14, window.innerWidth - box.width - 6))}px`;
  tip.style.top = `${Math.max(6, y - box.height - 12)}px`;
}

// A card with a chart: its points answer to the pointer, and to the arrow keys once the chart has the focus.
function card(id, title, note) {
  const readout = el("p", { class: "readout", "aria-live": "polite" });
  const holder = el("div", { tabindex: "0", role: "group", "aria-label": `Chart: ${title}. Arrow keys walk through its points.` });
  const figure = el("figure", { class: "chart", id }, el("h3", { text: title }), note ? el("p", { text: note }) : null, holder, readout);
  byId("charts").append(figure);
  const width = Math.max(280, holder.clientWidth || 460);
  return {
    width,
    draw(height, nodes, points) {
      const ring = svg("circle", { r: 10, css: { fill: "none", stroke: "var(--accent)", "stroke-width": "2", display: "none" } });
      const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title }, ...nodes, ring);
      holder.append(drawing);
      const near = (event) => {
        const box = drawing.getBoundingClientRect();
        const scale = width / box.width;
        const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
        const far = (one) => Math.abs(one.x - x) * (one.row ? 0.05 : 1) + Math.abs(one.y - y);
        const best = points.reduce((a, b) => (a && far(a) <= far(b) ? a : b), null);
        return best && far(best) < 30 ? best : null;
      };
      const show = (one) => {
        ring.style.display = one ? "" : "none";
        if (one) fill(ring, { cx: one.x, cy: one.y }, []);
        readout.textContent = one ? one.text : "";
      };
      drawing.addEventListener("pointermove", (event) => {
        const one = near(event);
        tell(event.clientX, event.clientY, one && one.text);
      });
      drawing.addEventListener("pointerleave", () => tell(0, 0, ""));
      drawing.addEventListener("click", (event) => show(near(event)));
      let at = -1;
      holder.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        if (!step || !points.length) return;
        event.preventDefault();
        at = (at + step + points.length) % points.length;
        show(points[at]);
      });
      holder.addEventListener("blur", () => { at = -1; show(null); });
    },
  };
}
