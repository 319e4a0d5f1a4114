// The panel's side of the room: what the fragment of a plan says, its forms, and the card of the
// chosen grid that is filled in.

import { Folds } from "../panel/folds.js";
import { showChosen } from "./chosen.js";
import { Forms } from "./forms.js";

export class PlanPanel {
  #folds;

  /** ``parts``: panel, notices, strings, and what a press leads to: send, chosen, opened (Forms), leave(). */
  constructor({ panel, notices, strings, leave, ...doings }) {
    Object.assign(this, { panel, notices, strings });
    this.#folds = new Folds(panel.body);
    this.forms = new Forms(panel.body, { scope: '[data-mode="draw"]', strings, said: (text, undo) => this.#said(text, undo), ...doings });
    panel.body.addEventListener("click", (event) => event.target.closest("[data-do='leave-grid']") && leave());
  }

  get root() {
    return this.panel.root;
  }

  /** May the reader draw in the plan on show? */
  get mayDraw() {
    return Boolean(this.root?.dataset.mayDraw);
  }

  /** The revision of the plan on show. */
  get revision() {
    return Number(this.root?.dataset.revision);
  }

  /** Is the fragment on show that of a plan? */
  isOf(planId) {
    return planId !== null && Number(this.root?.dataset.plan) === planId;
  }

  /** Can the last step be undone, or one be redone? */
  offers(deed) {
    return Boolean(this.root?.querySelector(`[data-send="${deed}"]`));
  }

  fill(card) {
    const level = (name) => this.strings[`level.${name}`];
    showChosen(this.root, { strings: this.strings, level, ...card });
  }

  /** Ask for the fragment anew; what was unfolded stays so. */
  reload() {
    this.panel.reload();
  }

  #said(text, undo) {
    const back = () => {
      this.notices.hide("plan");
      undo();
    };
    this.notices.show("plan", text, { action: { text: this.strings["draw.undo"], do: back }, forMs: 15_000 });
  }

  unfold() {
    this.#folds.restore(this.root);
  }
}
