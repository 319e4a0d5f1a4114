// What the panel says of the chosen grid, and the tools for it. The fragment brings the places; the
// words come from the ground that is open.

/** Fill the fragment's card: path is the grid and all above it, tools are those that it may have. */
export function showChosen(root, { path, tools, strings, level, active, choose, start }) {
  const card = root?.querySelector("[data-chosen]");
  if (!card) return;
  const grid = path.at(-1);
  card.hidden = !grid;
  root.querySelector("[data-nothing]").hidden = Boolean(grid);
  if (!grid) return;
  const levels = path.filter((each) => each.level !== "county").map((each) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "level", textContent: each.name });
    button.title = level(each.level);
    button.setAttribute("aria-pressed", String(each.id === grid.id));
    button.addEventListener("click", () => choose(each.id));
    return button;
  });
  card.querySelector("[data-chosen-levels]").replaceChildren(...levels);
  card.querySelector("[data-chosen-name]").textContent = `${grid.name} · ${level(grid.level)}`;
  card.querySelector("[data-chosen-code]").textContent = grid.code;
  card.querySelector("[data-chosen-households]").textContent =
    strings[grid.households === null ? "draw.unknown" : "draw.households"].replace("{n}", grid.households?.toLocaleString() ?? "");
  for (const field of card.querySelectorAll("[data-of]")) {
    if (field !== document.activeElement) field.value = grid[field.dataset.of] ?? "";
  }
  const holder = card.querySelector("[data-tools]");
  holder?.replaceChildren(...tools.map((tool) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: strings[`draw.${tool.key}`] });
    button.dataset.tool = tool.key;
    button.setAttribute("aria-pressed", String(tool.key === active));
    button.addEventListener("click", () => start(tool));
    return button;
  }));
}
