// The bar over the map while something is being drawn or chosen: what to do, and the buttons for it.

/** @import { Strings } from "../types/page.d.ts" */

/**
 * @typedef {object} BarButton
 * @property {string} text
 * @property {(event: MouseEvent) => void} [do]
 * @property {boolean} [isMain]
 * @property {boolean} [isPressed]  of one that stays pressed
 *
 * What is asked for: a text or a number.
 * @typedef {{type?: "text" | "number", maxLength?: number, min?: string, max?: string, value?: string}} Field
 */

export class Bar {
  #strings;
  #element = Object.assign(document.createElement("div"), { className: "draw-bar", hidden: true });
  #text = Object.assign(document.createElement("p"), { className: "draw-bar-text" });
  #buttons = Object.assign(document.createElement("div"), { className: "draw-bar-buttons" });
  /** @type {HTMLFormElement | null} */
  #form = null;

  /**
   * @param {HTMLElement} stage  what it stands on
   * @param {Strings} strings
   */
  constructor(stage, strings) {
    this.#strings = strings;
    this.#text.setAttribute("role", "status");
    this.#element.append(this.#text, this.#buttons);
    L.DomEvent.disableClickPropagation(this.#element);
    stage.append(this.#element);
  }

  /**
   * Show a text and buttons.
   * @param {string} text
   * @param {BarButton[]} [buttons]
   */
  show(text, buttons = []) {
    this.#form?.remove();
    this.#form = null;
    this.#text.textContent = text;
    this.#buttons.replaceChildren(...buttons.map(buttonOf));
    this.#element.hidden = false;
  }

  /**
   * Ask for a name, or for what a field describes.
   * @param {string} text
   * @param {Field} [field]
   * @returns {Promise<string | null>}  null when cancelled
   */
  ask(text, field = { maxLength: 80 }) {
    return new Promise((resolve) => {
      this.show(text);
      const form = Object.assign(document.createElement("form"), { className: "draw-bar-form" });
      const input = Object.assign(document.createElement("input"), { required: true, autocomplete: "off", ...field });
      input.setAttribute("aria-label", text);
      const main = buttonOf({ text: this.#strings[field.type === "number" ? "draw.do" : "draw.make"], isMain: true });
      main.type = "submit";
      const end = (/** @type {string | null} */ answer) => {
        this.hide();
        resolve(answer);
      };
      form.append(input, main, buttonOf({ text: this.#strings["draw.cancel"], do: () => end(null) }));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        end(input.value.trim() || null);
      });
      form.addEventListener("keydown", (event) => event.key === "Escape" && end(null));
      this.#form = form;
      this.#element.append(form);
      input.focus();
      input.select();
    });
  }

  hide() {
    this.#form?.remove();
    this.#form = null;
    this.#element.hidden = true;
  }
}

/** @param {BarButton} button */
function buttonOf({ text, do: act, isMain, isPressed }) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  if (isMain) button.className = "primary";
  if (isPressed !== undefined) button.setAttribute("aria-pressed", String(isPressed));
  if (act) button.addEventListener("click", act);
  return button;
}
