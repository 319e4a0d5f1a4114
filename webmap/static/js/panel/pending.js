// Figures that are being computed: the map and the panel are asked for again, less and less often,
// until they are there.

const FIRST_PAUSE_MS = 1_500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * @param {{ refresh(): unknown }} layers
 * @param {import("./panel.js").Panel} panel
 */
export function watchPending(layers, panel) {
  let pause = FIRST_PAUSE_MS;
  let timer = 0;
  const ask = async () => {
    await layers.refresh();
    return panel.root?.dataset.mode === "error" ? panel.retry() : panel.reload();
  };
  panel.addEventListener("arrived", () => {
    clearTimeout(timer);
    if (panel.root?.dataset.pending === undefined) pause = FIRST_PAUSE_MS;
    else {
      timer = window.setTimeout(ask, pause);
      pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
    }
  });
}
