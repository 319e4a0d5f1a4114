// The bar over the map while something is being drawn or chosen: what to do, and the buttons for it.

export class Bar {
  #form = null;

  constructor(stage, strings) {
    this.strings = strings;
    this.element = document.createElement("div");
    this.element.className = "draw-bar";
    this.element.hidden = true;
    this.text = Object.assign(document.createElement("p"), { className: "draw-bar-text" });
    this.text.setAttribute("role", "status");
    this.buttons = Object.assign(document.createElement("div"), { className: "draw-bar-buttons" });
    this.element.append(this.text, this.buttons);
    L.DomEvent.disableClickPropagation(this.element);
    stage.append(this.element);
  }

  /** Show a text and buttons: [{text, do, isMain?, isPressed?}]. */
  show(text, buttons = []) {
    this.#form?.remove();
    this.#form = null;
    this.text.textContent = text;
    this.buttons.replaceChildren(...buttons.map(buttonOf));
    this.element.hidden = false;
  }

  /** Ask for a name, or what ``field`` describes; resolves to it, or to null when cancelled. */
  ask(text, field = { maxLength: 80 }) {
    return new Promise((resolve) => {
      this.show(text);
      const form = Object.assign(document.createElement("form"), { className: "draw-bar-form" });
      const input = Object.assign(document.createElement("input"), { required: true, autocomplete: "off", ...field });
      input.setAttribute("aria-label", text);
      const main = buttonOf({ text: this.strings[field.type === "number" ? "draw.do" : "draw.make"], isMain: true });
      main.type = "submit";
      const end = (name) => {
        this.hide();
        resolve(name);
      };
      form.append(input, main, buttonOf({ text: this.strings["draw.cancel"], do: () => end(null) }));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        end(input.value.trim() || null);
      });
      form.addEventListener("keydown", (event) => event.key === "Escape" && end(null));
      this.#form = form;
      this.element.append(form);
      input.focus();
      input.select();
    });
  }

  hide() {
    this.#form?.remove();
    this.#form = null;
    this.element.hidden = true;
  }

  remove() {
    this.element.remove();
  }
}

function buttonOf({ text, do: act, isMain, isPressed }) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  if (isMain) button.className = "primary";
  if (isPressed !== undefined) button.setAttribute("aria-pressed", String(isPressed));
  if (act) button.addEventListener("click", act);
  return button;
}
