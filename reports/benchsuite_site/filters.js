// Hides the rows and points of kinds that are not ticked; without a script everything is shown.
for (const box of document.querySelectorAll(".filters input")) {
  box.addEventListener("change", () => {
    for (const row of document.querySelectorAll("[data-kind]")) {
      if (row.dataset.kind === box.value) {
        row.toggleAttribute("hidden", !box.checked);
        row.style.display = box.checked ? "" : "none";
      }
    }
  });
}
