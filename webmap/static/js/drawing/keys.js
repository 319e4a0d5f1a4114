// The keys of the drawing mode that belong to no button: undo, redo, Enter, which ends a
// line, and T, which lets it run along others.

/**
 * Watch them: ``back(deed)`` undoes or redoes, ``finish()`` ends what is being drawn on the map,
 * ``follow()`` lets it run along lines or not.
 */
export function watchKeys(map, { isOn, back, finish, follow }) {
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.target.matches("input, textarea, select")) return;
    if (event.key === "Enter" && event.target === map.getContainer()) finish();
    if (event.key.toLowerCase() === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) follow();
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    back(event.shiftKey ? "redo" : "undo");
  });
}
