// The bars around the map: which mode and which day are on show, and the addresses of their links.

/** @import { Config, Mode } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */

import { find, findAll } from "../view/elements.js";
import { format } from "../view/view.js";

/**
 * Mark the mode that is on show.
 * @param {Mode} mode
 */
export function showMode(mode) {
  document.documentElement.dataset.mode = mode;
  for (const link of findAll(HTMLElement, "[data-mode].mode")) {
    if (link.dataset.mode === mode) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/**
 * Show the day of a view, today unless it names one.
 * @param {View} view
 * @param {Config} config
 */
export function showDay(view, { today, lang }) {
  const day = view.on ?? today;
  find(HTMLInputElement, "#on").value = day;
  find(HTMLElement, "#on + time").textContent = written(day, lang);
  find(HTMLElement, "[data-do='today']").hidden = !view.on;
  find(HTMLElement, ".day").classList.toggle("past", Boolean(view.on));
}

/**
 * Let a link to the sign-in lead back to this very view; from a mere place, to one's own territory.
 * @param {HTMLAnchorElement} link
 */
export function comeBack(link) {
  const asked = [...new URLSearchParams(location.search).keys()].some((key) => !["z", "lat", "lon", "lang"].includes(key));
  link.href = asked ? `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}` : "/sign-in";
}

/**
 * Keep the addresses of modes and language those of this very view, so they can be opened again.
 * @param {View} view
 * @param {Config["lang"]} lang
 */
export function showLinks(view, lang) {
  for (const link of findAll(HTMLAnchorElement, "[data-mode].mode")) {
    const mode = /** @type {Mode} */ (link.dataset.mode);
    link.href = `/${format({ ...view, mode, plan: null, issue: null, list: null, facility: null, page: 1 })}`;
  }
  const { grid, kind, on } = view;
  const asked = Object.entries({ grid, kind, on }).flatMap(([key, value]) => (value ? [[key, String(value)]] : []));
  find(HTMLAnchorElement, "[data-figures]").href = `/figures?${new URLSearchParams(asked)}`.replace(/\?$/, "");
  for (const link of findAll(HTMLAnchorElement, "[data-lang]")) {
    link.href = `/${format({ ...view, lang: lang === "en" ? "zh" : "en" })}`;
  }
}

/**
 * Return what paper says of a view: its mode, its day or days and what is selected.
 * @param {View} view
 * @param {HTMLElement | null} root
 * @param {Config} config
 */
export function printed(view, root, { county, lang, today }) {
  const mode = document.querySelector(`.mode[data-mode="${view.mode}"] span`)?.textContent ?? "";
  const title = root?.dataset.title ?? "";
  const parts = [title === county?.name ? "" : title, root?.dataset.filtered];
  const selected = parts.filter(Boolean).map((part) => `${part} ·`).join(" ");
  const days = [view.on ?? today, ...(view.versus ? [view.versus] : [])].sort();
  return { mode, on: days.map((day) => written(day, lang)).join(" – "), selected };
}

/**
 * Say a day in the reader's language.
 * @param {string} day
 * @param {Config["lang"]} lang
 */
export function written(day, lang) {
  /** @type {[string, "medium" | "long"]} */
  const [locale, dateStyle] = lang === "en" ? ["en-GB", "medium"] : ["zh", "long"];
  return new Intl.DateTimeFormat(locale, { dateStyle, timeZone: "UTC" }).format(new Date(day));
}
