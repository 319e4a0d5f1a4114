// Folds of a fragment that stay as the reader left them: those with a data-key.

/** Keep what is folded open in a fragment over its next coming, whoever asks for that. */
export class Folds {
  #open = new Map();

  constructor(body) {
    const note = ({ target }) => target.isConnected && target.matches("details[data-key]") && this.#open.set(target.dataset.key, target.open);
    body.addEventListener("toggle", note, true);
  }

  restore(root) {
    for (const fold of root?.querySelectorAll("details[data-key]") ?? []) {
      if (this.#open.has(fold.dataset.key)) fold.open = this.#open.get(fold.dataset.key);
    }
  }
}
