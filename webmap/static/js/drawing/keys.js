// The keys of the drawing mode that belong to no button: undo, redo, Enter, which ends a line,
// Backspace, which takes its last corner back, and T, which lets it run along others.

/** @import { ActiveTool } from "./activetool.js" */

/**
 * Watch them.
 * @param {L.Map} map
 * @param {object} parts
 * @param {() => boolean} parts.isOn
 * @param {(deed: "undo" | "redo") => void} parts.back
 * @param {ActiveTool} parts.tool
 */
export function watchKeys(map, { isOn, back, tool }) {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (!isOn() || (target instanceof Element && target.matches("input, textarea, select"))) return;
    const key = event.key.toLowerCase();
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && target === map.getContainer()) tool.finish();
    if ((event.key === "Backspace" || (isCommand && !event.shiftKey && key === "z")) && tool.back()) {
      event.preventDefault();
      return;
    }
    if (key === "t" && !isCommand && !event.altKey) tool.follow();
    if (!isCommand || key !== "z") return;
    event.preventDefault();
    back(event.shiftKey ? "redo" : "undo");
  });
}
