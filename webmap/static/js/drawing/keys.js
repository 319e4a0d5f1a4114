// The keys of the drawing mode that belong to no button: undo, redo, Enter, which ends a
// line, and T, which lets it run along others.

/** Watch them: ``back(deed)`` undoes or redoes; ``working`` ends what is drawn, or lets it follow. */
export function watchKeys(map, { isOn, back, working }) {
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.target.matches("input, textarea, select")) return;
    if (event.key === "Enter" && event.target === map.getContainer()) working.finish();
    if (event.key.toLowerCase() === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) working.follow();
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    back(event.shiftKey ? "redo" : "undo");
  });
}
