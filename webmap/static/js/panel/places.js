// Searches for places while one types. Without it the button beside the field does the same.

const WAIT_MS = 200;

const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-places]"));
const role = /** @type {HTMLSelectElement} */ (form.elements.namedItem("role"));
const text = /** @type {HTMLInputElement} */ (form.elements.namedItem("place_text"));
const search = /** @type {HTMLElement} */ (form.querySelector("[data-place-search]"));

let timer = 0;
/** @type {AbortController | null} */
let asked = null;

/** Show the search only for roles that are held in more than one place. */
function settle() {
  search.hidden = role.value === "" || "fixed" in role.selectedOptions[0].dataset;
}

/** Fetch the places for what stands in the fields; an answer that is overtaken is dropped. */
async function refresh() {
  asked?.abort();
  asked = new AbortController();
  const query = new URLSearchParams({ role: role.value, place_text: text.value });
  try {
    const answer = await fetch(`${form.dataset.places}?${query}`, { signal: asked.signal });
    if (!answer.ok || answer.redirected) {
      return;
    }
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("places")?.replaceWith(found.getElementById("places") ?? "");
  } catch (error) {
    // Offline or overtaken: the button still asks the server.
    if (!(error instanceof TypeError) && !(error instanceof DOMException && error.name === "AbortError")) {
      throw error;
    }
  }
}

text.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, WAIT_MS);
});
role.addEventListener("change", () => {
  // At once: those who go on typing find the field.
  settle();
  refresh();
});
settle();
