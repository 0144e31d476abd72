// Hides the rows and points of what is not ticked; without a script everything is shown.
const boxes = [...document.querySelectorAll(".filters input")];
const redraw = () => {
  const hidden = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
  const gpu = boxes.find((box) => box.className === "gpu");
  for (const row of document.querySelectorAll("[data-kind]")) {
    const off = hidden.has(row.dataset.kind) || (row.dataset.gpu !== undefined && gpu !== undefined && !gpu.checked);
    row.toggleAttribute("hidden", off);
    row.style.display = off ? "none" : "";
  }
};
for (const box of boxes) box.addEventListener("change", redraw);
