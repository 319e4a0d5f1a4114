// The page of figures: what it does besides its forms and links, which work by themselves.

/** @type {HTMLElement | null} */
const print = document.querySelector("[data-do='print']");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
// A choice of place is all that somebody wants to say.
/** @type {HTMLSelectElement | null} */
const place = document.querySelector("#f-grid");
place?.addEventListener("change", () => place.form?.submit());
