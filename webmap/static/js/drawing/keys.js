// The keys of the drawing mode that belong to no button: undo, redo, and Enter, which ends a line.

/** Watch them: ``back(deed)`` undoes or redoes, ``finish()`` ends what is being drawn on the map. */
export function watchKeys(map, { isOn, back, finish }) {
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.target.matches("input, textarea, select")) return;
    if (event.key === "Enter" && event.target === map.getContainer()) finish();
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    back(event.shiftKey ? "redo" : "undo");
  });
}
