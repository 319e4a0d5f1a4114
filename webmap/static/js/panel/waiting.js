// A form whose answer takes a moment says so (data-busy), and is sent once.

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-busy]"))) {
  const line = Object.assign(document.createElement("p"), { className: "note" });
  line.setAttribute("role", "status");
  form.querySelector(".actions")?.after(line);
  form.addEventListener("submit", () => {
    line.textContent = form.dataset.busy ?? "";
    // What is pressed is sent along: it is put away only then.
    setTimeout(() => disable(form, true));
  });
  // Those who come back find the form as they left it, but ready.
  addEventListener("pageshow", () => {
    line.textContent = "";
    disable(form, false);
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {boolean} isDisabled
 */
function disable(form, isDisabled) {
  for (const button of form.querySelectorAll("button")) button.disabled = isDisabled;
}
