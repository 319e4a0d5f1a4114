// Folds of a fragment that stay as the reader left them: those with a data-key.

import { findAll } from "../view/elements.js";

/** Keep what is folded open in a fragment when it is loaded again. */
export class Folds {
  /** @type {Map<string, boolean>} */
  #open = new Map();

  /** @param {HTMLElement} body */
  constructor(body) {
    const note = (/** @type {Event} */ { target }) => {
      if (target instanceof HTMLDetailsElement && target.isConnected && target.dataset.key !== undefined) this.#open.set(target.dataset.key, target.open);
    };
    body.addEventListener("toggle", note, true);
  }

  /** @param {HTMLElement | null | undefined} root */
  restore(root) {
    if (!root) return;
    for (const fold of findAll(HTMLDetailsElement, "details[data-key]", root)) {
      fold.open = this.#open.get(fold.dataset.key ?? "") ?? fold.open;
    }
  }
}
