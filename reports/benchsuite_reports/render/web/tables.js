// Tables stand in the page already; here they are sorted, filtered, and shown for the chosen place.
function keyOf(row, column) {
  const node = row.children[column];
  if (column === 0) return Number(row.dataset.i);
  return node && node.dataset.v !== undefined ? Number(node.dataset.v) : null;
}

function sortBy(table, column, direction) {
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => row.dataset.i !== undefined);
    rows.sort((a, b) => {
      const [x, y] = [keyOf(a, column), keyOf(b, column)];
      if (x === null || y === null) return (x === null) - (y === null) || a.dataset.i - b.dataset.i;
      return direction * (x - y) || a.dataset.i - b.dataset.i;
    });
    body.append(...rows);
  }
  [...table.tHead.rows[0].cells].forEach((cell, k) => cell.setAttribute("aria-sort", k === column ? (direction > 0 ? "ascending" : "descending") : "none"));
}

function prepareTables() {
  for (const table of document.querySelectorAll("figure.table table")) {
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = el("button", { type: "button", class: "sort" });
      const notes = [...cell.querySelectorAll("sup")];
      button.append(...[...cell.childNodes].filter((node) => !notes.includes(node)));
      cell.prepend(button);
      if (!cell.hasAttribute("aria-sort")) cell.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const now = cell.getAttribute("aria-sort");
        // The first click puts the best on top; the next turns the order round.
        const first = column === 0 || cell.dataset.lower ? 1 : -1;
        sortBy(table, column, now === "none" ? first : now === "ascending" ? -1 : 1);
      });
    });
  }
}

// Tables whose columns are metrics.
const WHOLE = ["all", "ranking", "classification", "rating", "cost"].map((kind) => `[data-kind=${kind}]`).join(",");

function showTables() {
  const here = place();
  const inBase = (p) => DATA.places[p].dataset === here.dataset && DATA.places[p].base === here.base;
  for (const section of document.querySelectorAll("section.place")) {
    const places = section.dataset.places ? section.dataset.places.split(",").map(Number) : [];
    // A section about several places (all groups of a split) belongs to each of them.
    const chosen = places.length > 1 ? places.some(inBase) : places.includes(state.place);
    section.hidden = !(state.all || !places.length || chosen);
  }
  for (const row of document.querySelectorAll("tr[data-i]")) row.hidden = !visible(Number(row.dataset.i));
  for (const cell of document.querySelectorAll("thead th.on, td.on")) cell.classList.remove("on");
  for (const section of document.querySelectorAll("section.place:not([hidden])")) {
    for (const cell of section.querySelectorAll(`figure:is(${WHOLE}) thead th[data-m="${state.metric}"]`)) {
      const column = cell.cellIndex;
      cell.classList.add("on");
      for (const body of cell.closest("table").tBodies) for (const row of body.rows) if (row.cells[column]) row.cells[column].classList.add("on");
    }
  }
}
