// The forms and buttons of the panel's fragments: [data-send] names what is asked for below the plan,
// or an address; data-with what goes along; data-then="open" leads to the plan that was made.

import { closest, find } from "../view/elements.js";
import { ask, Problem } from "./api.js";

/** @import { Strings } from "../types/page.d.ts" */
/** @import { Grid, PlanAnswer } from "../types/plans.d.ts" */

/** @typedef {Record<string, unknown>} Body */
/** @typedef {{revision?: number, plan_id?: number, scenario_id?: number}} Answer  what of it is read */

/**
 * @typedef {object} FormsOptions
 * @property {string} scope  selects where forms are looked after
 * @property {Strings} strings
 * @property {(path: string, body: Body, options: {method: string, quiet: boolean, isNew: boolean}) => Promise<PlanAnswer | null>} [send]  sends
 *   something of the present plan
 * @property {() => Grid | null} [chosen]  the grid that an operation is for
 * @property {(made: Answer) => void} opened  goes to what was made
 * @property {(text: string, undo: () => void) => void} said  says what was done, with the way back
 * @property {(body: Body) => Promise<void>} [done]  hears of what was sent to an address and answered
 * @property {(address: string) => number | undefined} [revision]  the state of an address that was seen
 * @property {(address: string, revision: number) => void} [changed]  hears of the next one
 * @property {(problem: Problem, again: () => void) => void} [stale]  hears of a change to what had not been seen
 * @property {(text: string) => void} [failed]  says what went wrong where the form has no place for it
 */

/**
 * What a form or a button sends, as its data attributes say; data-busy is said while an answer takes its time.
 * @typedef {{send: string, method: string, then?: string, said?: string, undo?: string, busy?: string}} Deed
 */

/**
 * Return what a form says, as JSON data: numbers as numbers, empty optional fields left out, boxes of
 * one name as the list of those that are ticked.
 * @param {HTMLFormElement} form
 */
export function valuesOf(form) {
  /** @type {Body} */
  const values = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement) || !field.name) continue;
    const { name, type, value, dataset } = field;
    const isTicked = field instanceof HTMLInputElement && field.checked;
    if (type === "checkbox") values[name] = [...ticked(values[name]), ...(isTicked ? [value] : [])];
    else if (type === "radio" && !isTicked) continue;
    else if (value === "" && "optional" in dataset) continue;
    else values[name] = type === "number" || "number" in dataset ? Number(value) : value;
  }
  return values;
}

/** @param {unknown} values  of the boxes before */
function ticked(values) {
  return Array.isArray(values) ? values : [];
}

/** Watches a panel, and sends what its forms and buttons say. */
export class Forms {
  #options;

  /**
   * @param {HTMLElement} panel
   * @param {FormsOptions} options
   */
  constructor(panel, options) {
    this.#options = options;
    panel.addEventListener("submit", (event) => this.#submitted(event));
    panel.addEventListener("click", (event) => this.#clicked(event));
  }

  /** @param {MouseEvent} event */
  #clicked({ target }) {
    const button = closest(HTMLButtonElement, target, "button[data-send]");
    if (!button || button.disabled || !button.closest(this.#options.scope)) return;
    this.#send(button, deedOf(button), extra(button), button.closest("section")?.querySelector(".fault-line"));
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = closest(HTMLFormElement, event.target, "form[data-send]");
    if (!form?.closest(this.#options.scope)) return;
    event.preventDefault();
    const body = { ...extra(form), ...valuesOf(form) };
    if (form.dataset.operation) Object.assign(body, { do: form.dataset.operation, grid: this.#options.chosen?.()?.id });
    this.#send(find(HTMLButtonElement, "button[type=submit], button:not([type=button])", form), deedOf(form), body, form.querySelector(".fault-line"));
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Deed} deed
   * @param {Body} body
   * @param {Element | null} [place]  where it may be said what went wrong
   */
  async #send(button, deed, body, place = null) {
    const line = place instanceof HTMLElement ? place : null;
    if (line) showBusy(line, deed.busy);
    button.disabled = true;
    try {
      await this.#sent(button, deed, body);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isStale && this.#options.stale) {
        if (line) line.hidden = true;
        this.#options.stale(problem, () => this.#send(button, { ...deed, busy: undefined }, body));
        return;
      }
      const text = problem.isOffline ? this.#options.strings["draw.offline"] : problem.message;
      if (line?.isConnected) showFault(line, text);
      else this.#options.failed?.(text);
    } finally {
      button.disabled = false;
    }
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Deed} deed
   * @param {Body} body
   */
  async #sent(button, { send, method, then, said, undo }, body) {
    const isAddress = send.startsWith("/");
    const isNew = then === "open";
    const answer = isAddress ? await this.#ask(send, method, body) : await this.#options.send?.(send, body, { method, quiet: true, isNew });
    if (!answer) return;
    if (isNew) this.#options.opened(answer);
    else if (isAddress) await this.#options.done?.(body);
    // The fragment has been asked for again: what was pressed may be gone by now.
    if (said) this.#options.said(said, () => this.#send(button, { send, method }, JSON.parse(undo ?? "{}")));
  }

  /**
   * @param {string} address
   * @param {string} method
   * @param {Body} body
   */
  async #ask(address, method, body) {
    /** @type {Answer} */
    const answer = await ask(address, { method, body, revision: this.#options.revision?.(address) });
    if (answer.revision) this.#options.changed?.(address, answer.revision);
    return answer;
  }
}

/**
 * @param {HTMLElement} element
 * @returns {Deed}
 */
function deedOf({ dataset: { send = "", method = "POST", then, said, undo, busy } }) {
  return { send, method, then, said, undo, busy };
}

/**
 * @param {HTMLElement} element
 * @returns {Body}
 */
function extra({ dataset }) {
  return dataset.with ? JSON.parse(dataset.with) : {};
}

/**
 * @param {HTMLElement} line
 * @param {string} [text]
 */
function showBusy(line, text = "") {
  line.hidden = !text;
  line.textContent = text;
  line.classList.toggle("is-busy", Boolean(text));
}

/**
 * @param {HTMLElement} line
 * @param {string} text
 */
function showFault(line, text) {
  line.classList.remove("is-busy");
  line.textContent = text;
  line.hidden = false;
}
