// The bars around the map: which mode and which day are on show, and the addresses of their links.

import { format } from "../view/view.js";

const $ = (selector) => document.querySelector(selector);

/** Mark the mode that is on show. */
export function showMode(mode) {
  document.documentElement.dataset.mode = mode;
  for (const link of document.querySelectorAll("[data-mode].mode")) {
    if (link.dataset.mode === mode) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Show the day of a view, today unless it names one. */
export function showDay(view, { today, lang }) {
  const day = view.on ?? today;
  $("#on").value = day;
  $("#on + time").textContent = written(day, lang);
  $("[data-do='today']").hidden = !view.on;
  $(".day").classList.toggle("past", Boolean(view.on));
}

/** Let a link to the sign-in lead back to this very view; from a mere place, to one's own territory. */
export function comeBack(link) {
  const asked = [...new URLSearchParams(location.search).keys()].some((key) => !["z", "lat", "lon", "lang"].includes(key));
  link.href = asked ? `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}` : "/sign-in";
}

/** Keep the addresses of modes and language those of this very view, so they can be opened anew. */
export function showLinks(view, lang) {
  for (const link of document.querySelectorAll("[data-mode].mode")) {
    link.href = `/${format({ ...view, mode: link.dataset.mode, plan: null, issue: null, list: null, facility: null, page: 1 })}`;
  }
  const { grid, kind, on } = view;
  const asked = Object.entries({ grid, kind, on }).filter(([, value]) => value);
  $("[data-figures]").href = `/figures?${new URLSearchParams(asked)}`.replace(/\?$/, "");
  for (const link of document.querySelectorAll("[data-lang]")) {
    link.href = `/${format({ ...view, lang: lang === "en" ? "zh" : "en" })}`;
  }
}

/** Return what paper says of a view: its mode, its day or days and what is selected. */
export function printed(view, root, { county, lang, today }) {
  const mode = $(`.mode[data-mode="${view.mode}"] span`)?.textContent ?? "";
  const title = root?.dataset.title ?? "";
  const parts = [title === county?.name ? "" : title, root?.dataset.filtered];
  const selected = parts.filter(Boolean).map((part) => `${part} ·`).join(" ");
  const days = [view.on ?? today, ...(view.versus ? [view.versus] : [])].sort();
  return { mode, on: days.map((day) => written(day, lang)).join(" – "), selected };
}

/** Say a day in the reader's language. */
export function written(day, lang) {
  const [locale, dateStyle] = lang === "en" ? ["en-GB", "medium"] : ["zh", "long"];
  return new Intl.DateTimeFormat(locale, { dateStyle, timeZone: "UTC" }).format(new Date(day));
}
