// The panel beside the plan that is edited: what the fragment of a plan says, its forms, and the card
// of the chosen grid that is filled in.

import { Folds } from "../panel/folds.js";
import { closest } from "../view/elements.js";
import { showChosen } from "./chosen.js";
import { Forms } from "./forms.js";

/** @import { Notices } from "../panel/notices.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Strings } from "../types/page.d.ts" */
/** @import { Card } from "./chosen.js" */
/** @import { FormsOptions } from "./forms.js" */

export class PlanPanel {
  #panel;
  #notices;
  #strings;
  #folds;

  /**
   * @param {object} parts
   * @param {Panel} parts.panel
   * @param {Notices} parts.notices
   * @param {Strings} parts.strings
   * @param {() => void} parts.leave  the grid that is drawn in
   * @param {FormsOptions["send"]} parts.send
   * @param {FormsOptions["chosen"]} parts.chosen
   * @param {FormsOptions["opened"]} parts.opened
   */
  constructor({ panel, notices, strings, leave, send, chosen, opened }) {
    this.#panel = panel;
    this.#notices = notices;
    this.#strings = strings;
    this.#folds = new Folds(panel.body);
    new Forms(panel.body, { scope: '[data-mode="draw"]', strings, send, chosen, opened, said: (text, undo) => this.#said(text, undo) });
    panel.body.addEventListener("click", ({ target }) => {
      if (closest(Element, target, "[data-do='leave-grid']")) leave();
    });
  }

  /** The root element of the fragment on show, null while none is. */
  get root() {
    return this.#panel.root;
  }

  /** May the reader draw in the plan on show? */
  get mayDraw() {
    return Boolean(this.root?.dataset.mayDraw);
  }

  /** The revision of the plan on show. */
  get revision() {
    return Number(this.root?.dataset.revision);
  }

  /**
   * Is the fragment on show that of a plan?
   * @param {number | null} planId
   */
  isOf(planId) {
    return planId !== null && Number(this.root?.dataset.plan) === planId;
  }

  /**
   * Can the last step be undone, or one be redone?
   * @param {"undo" | "redo"} deed
   */
  offers(deed) {
    return Boolean(this.root?.querySelector(`[data-send="${deed}"]`));
  }

  /** @param {Card} card */
  fill(card) {
    showChosen(this.root, { strings: this.#strings, ...card });
  }

  /** Ask for the fragment again; what was unfolded stays so. */
  reload() {
    this.#panel.reload();
  }

  unfold() {
    this.#folds.restore(this.root);
  }

  /**
   * @param {string} text
   * @param {() => void} undo
   */
  #said(text, undo) {
    const back = () => {
      this.#notices.hide("plan");
      undo();
    };
    this.#notices.show("plan", text, { action: { text: this.#strings["draw.undo"], do: back }, forMs: 15_000 });
  }
}
