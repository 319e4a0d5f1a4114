// What the panel says of the chosen grid, and the tools for it. The fragment brings the places; the
// words come from the ground that is open.

import { find, findAll } from "../view/elements.js";

/** @import { Strings } from "../types/page.d.ts" */
/** @import { Grid } from "../types/plans.d.ts" */
/** @import { Tool } from "./tools.js" */

/**
 * @typedef {object} Card
 * @property {Grid[]} path  the grid and all above it; empty while none is chosen
 * @property {Tool[]} tools  those that it may have
 * @property {string | null} active  the key of the tool that is at work
 * @property {(id: number) => void} choose
 * @property {(tool: Tool) => void} start
 */

/**
 * Fill the fragment's card.
 * @param {HTMLElement | null} root  of the fragment
 * @param {Card & {strings: Strings}} card
 */
export function showChosen(root, { path, tools, strings, active, choose, start }) {
  const card = root?.querySelector("[data-chosen]");
  if (!root || !(card instanceof HTMLElement)) return;
  const grid = path[path.length - 1];
  card.hidden = !grid;
  find(HTMLElement, "[data-nothing]", root).hidden = Boolean(grid);
  if (!grid) return;
  const levels = path.filter((each) => each.level !== "county").map((each) => {
    const button = buttonOf(each.name, each.id === grid.id, () => choose(each.id));
    button.className = "level";
    button.title = strings[`level.${each.level}`];
    return button;
  });
  find(HTMLElement, "[data-chosen-levels]", card).replaceChildren(...levels);
  say(card, "name", `${grid.name} · ${strings[`level.${grid.level}`]}`);
  say(card, "code", grid.code);
  say(card, "households", grid.households === null ? strings["draw.unknown"] : strings["draw.households"].replace("{n}", grid.households.toLocaleString()));
  const values = /** @type {Record<string, string | number | null>} */ ({ name: grid.name, code: grid.code, households: grid.households });
  for (const field of findAll(HTMLInputElement, "[data-of]", card)) {
    if (field !== document.activeElement) field.value = String(values[field.dataset.of ?? ""] ?? "");
  }
  card.querySelector("[data-tools]")?.replaceChildren(...tools.map((tool) => {
    const button = buttonOf(strings[`draw.${tool.key}`], tool.key === active, () => start(tool));
    button.dataset.tool = tool.key;
    return button;
  }));
}

/**
 * @param {HTMLElement} card
 * @param {"name" | "code" | "households"} what
 * @param {string} text
 */
function say(card, what, text) {
  find(HTMLElement, `[data-chosen-${what}]`, card).textContent = text;
}

/**
 * @param {string} text
 * @param {boolean} isPressed
 * @param {() => void} act
 */
function buttonOf(text, isPressed, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("aria-pressed", String(isPressed));
  button.addEventListener("click", act);
  return button;
}
