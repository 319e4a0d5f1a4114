// The keys of the drawing mode that belong to no button: undo, redo, Enter, which ends a line,
// Backspace, which takes its last corner back, and T, which lets it run along others.

/** Watch them: ``back(deed)`` undoes or redoes; ``working`` is what is being drawn on the map. */
export function watchKeys(map, { isOn, back, working }) {
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.target.matches("input, textarea, select")) return;
    if (event.key === "Enter" && event.target === map.getContainer()) working.finish();
    const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if ((event.key === "Backspace" || undoes) && working.back()) {
      event.preventDefault();
      return;
    }
    if (event.key.toLowerCase() === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) working.follow();
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    back(event.shiftKey ? "redo" : "undo");
  });
}
