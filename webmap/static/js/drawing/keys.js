// The keys of the drawing mode that belong to no button: undo, redo, Enter, which ends a line, and
// Backspace, which takes its last corner back.

/**
 * Watch them: ``back(deed)`` undoes or redoes, ``finish()`` ends what is being drawn on the map,
 * ``corner()`` takes its last corner back and returns whether there was anything.
 */
export function watchKeys(map, { isOn, back, finish, corner }) {
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.target.matches("input, textarea, select")) return;
    if (event.key === "Enter" && event.target === map.getContainer()) finish();
    const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if ((event.key === "Backspace" || undoes) && corner()) {
      event.preventDefault();
      return;
    }
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    back(event.shiftKey ? "redo" : "undo");
  });
}
