// The page of figures: what it does besides its forms and links, which work by themselves.

const print = document.querySelector("[data-do='print']");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
// A choice of place is all that somebody wants to say.
document.querySelector("#f-grid")?.addEventListener("change", (event) => event.target.form.submit());
