// The view and its address: what the map shows, as one plain frozen object.
// Points are lon/lat in WGS 84 degrees; zoom is the map's.

/** @import { Level, Mode } from "../types/page.d.ts" */
/** @import { Place, View } from "../types/view.d.ts" */

import { classesOf } from "./classes.js";
import { allowed } from "./zoom.js";

/** A part of a view that an address carries under its own name. @typedef {Exclude<keyof View, "place">} Key */

/** @type {readonly Mode[]} */
export const MODES = ["territory", "responsibility", "issues", "coverage", "draw"];
/** @type {readonly Level[]} */
export const LEVELS = ["county", "town", "community", "compound"];
/** @type {readonly View["state"][]} */
const STATES = ["open", "overdue", "suspended", "closed", "all"];
const AGES = ["7", "30", "90", "365"];
const CLOSED_WITHIN = ["7", "90", "365", "all"];

// The keys that an address carries, in their order.
/** @type {readonly Key[]} */
const KEYS = [
  "mode", "plan", "grid", "issue", "scenario", "phase", "on", "versus", "kind", "classes", "beside", "rank", "within", "state", "category", "age",
  "closed", "list", "facility", "page", "lang",
];

// What each part means is said in types/view.d.ts.
/** @type {View} */
const EMPTY = {
  mode: "territory",
  plan: null,
  place: null,
  grid: null,
  issue: null,
  scenario: null,
  phase: null,
  on: null,
  versus: null,
  kind: null,
  classes: null,
  beside: null,
  rank: null,
  within: null,
  state: "open",
  category: null,
  age: null,
  closed: null,
  list: null,
  facility: null,
  page: 1,
  lang: null,
};

/**
 * Read an address's query ("?mode=…"). Whatever is not understood is left at its default.
 * @param {string} search
 * @param {string} today
 * @returns {View}
 */
export function parse(search, today) {
  const query = new URLSearchParams(search);
  const on = dayOf(query.get("on"));
  return Object.freeze({
    ...EMPTY,
    mode: among(query.get("mode"), MODES) ?? EMPTY.mode,
    plan: idOf(query.get("plan")),
    place: placeOf(query),
    grid: idOf(query.get("grid")),
    issue: idOf(query.get("issue")),
    scenario: idOf(query.get("scenario")),
    phase: among(query.get("phase"), ["before"]),
    on: on === today ? null : on,
    versus: dayOf(query.get("versus")),
    kind: wordOf(query.get("kind")),
    classes: classesOf(query.get("classes")),
    beside: dayOf(query.get("beside")) ?? kindOf(query.get("beside")),
    rank: among(query.get("rank"), LEVELS.slice(1)),
    within: among(query.get("within"), ["view"]),
    state: among(query.get("state"), STATES) ?? EMPTY.state,
    category: wordOf(query.get("category")),
    age: among(query.get("age"), AGES),
    closed: among(query.get("closed"), CLOSED_WITHIN),
    list: among(query.get("list"), ["issues", "changes", "why", "archived", "scenarios"]),
    facility: idOf(query.get("facility")),
    page: Math.max(1, idOf(query.get("page")) ?? 1),
    lang: among(query.get("lang"), ["zh", "en"]),
  });
}

/**
 * Return the query that parse() reads back; defaults are left out.
 * @param {View} view
 */
export function format(view) {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    if (view[key] !== EMPTY[key] && view[key] !== null) query.set(key, String(view[key]));
  }
  if (view.place) {
    const { z, lat, lon } = view.place;
    query.set("z", String(z));
    query.set("lat", lat.toFixed(digits(z)));
    query.set("lon", lon.toFixed(digits(z)));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/**
 * Return a view with some parts changed; another selection drops what belonged to the old one.
 * @param {View} view
 * @param {Partial<View>} parts
 * @returns {View}
 */
export function change(view, parts) {
  /** @type {{ -readonly [Part in keyof View]: View[Part] }} */
  const next = { ...view, ...parts };
  const differs = (/** @type {Key[]} */ ...keys) => keys.some((key) => next[key] !== view[key]);
  if ("grid" in parts && parts.grid !== view.grid) {
    if (!("issue" in parts)) next.issue = null;
    if (!("list" in parts)) next.list = null;
  }
  if (differs("grid", "issue", "kind", "mode") && !("facility" in parts)) next.facility = null;
  if (!next.versus && next.list === "changes") next.list = null;
  if (next.mode !== "coverage") next.scenario = null;
  if (!next.scenario) next.phase = null;
  if (next.beside === next.kind || next.beside === next.on) next.beside = null;
  if (differs("list", "state", "closed", "on", "versus", "kind", "rank", "within")) next.page = parts.page ?? 1;
  return Object.freeze(next);
}

/**
 * Return the address of the fragment that belongs in the panel.
 * @param {View} view
 */
export function panelUrl(view) {
  if (view.mode === "draw") {
    const grid = view.grid ? `?grid=${view.grid}` : "";
    if (view.plan) return `/panel/plans/${view.plan}${grid}`;
    return view.list === "archived" ? "/panel/plans?archived=true" : "/panel/plans";
  }
  if (view.mode === "coverage" && view.scenario) {
    return `/panel/scenarios/${view.scenario}${queryOf(view, ["mode", "on", "kind", "grid", "phase", "classes"])}`;
  }
  if (view.mode === "coverage" && view.list === "scenarios") return `/panel/scenarios${queryOf(view, ["mode", "on", "kind", "grid", "classes"])}`;
  /** @type {Key[]} */
  const shared = ["mode", "on", "versus", "kind", "classes", "beside", "rank", "within", "state", "category", "age", "closed"];
  // An issue or a facility knows the list that it was opened from, and leads back to it.
  if (view.issue) return `/panel/issue/${view.issue}${queryOf(view, [...shared, "grid", "list", "page"])}`;
  if (view.facility) return `/panel/facility/${view.facility}${queryOf(view, [...shared, "grid", "list", "page"])}`;
  if (view.versus && (!view.grid || view.list === "changes")) {
    return `/panel/changes${queryOf(view, [...shared, "grid", "page"])}`;
  }
  if (view.grid && view.list === "issues") {
    return `/panel/grid/${view.grid}/issues${queryOf(view, [...shared, "page"])}`;
  }
  if (view.grid && view.list === "why") return `/panel/grid/${view.grid}/why${queryOf(view, [...shared, "page"])}`;
  if (view.grid) return `/panel/grid/${view.grid}${queryOf(view, shared)}`;
  return `/panel/home${queryOf(view, view.mode === "coverage" ? [...shared, "page"] : shared)}`;
}

/**
 * Return the query of a layer's TileJSON: the day and the filters that concern it.
 * @param {View} view
 * @param {string} layer
 */
export function layerQuery(view, layer) {
  // Other classes are other colours for the same tiles; but where quantiles lie the server knows.
  /** @type {Key[]} */
  const coverage = view.classes === "quantile" ? ["kind", "classes"] : ["kind"];
  /** @type {Record<string, Key[]>} */
  const filters = { issues: ["state", "category", "age", "closed"], coverage, changes: ["versus"] };
  return queryOf(view, ["on", ...(filters[layer] ?? [])]);
}

/**
 * Return the address that finds the grid at a point.
 * @param {View} view
 * @param {{ lon: number, lat: number }} point
 * @param {Level} [level]
 */
export function hereUrl(view, point, level) {
  const query = new URLSearchParams({ lon: point.lon.toFixed(6), lat: point.lat.toFixed(6) });
  if (level) query.set("level", level);
  const rest = queryOf(view, ["mode", "on", "versus", "kind", "classes", "beside", "rank", "within"]).slice(1);
  return `/panel/here?${query}${rest ? `&${rest}` : ""}`;
}

/**
 * @param {View} view
 * @param {readonly Key[]} keys
 */
function queryOf(view, keys) {
  const query = new URLSearchParams();
  for (const key of keys) {
    if (view[key] !== null && (key === "mode" || view[key] !== EMPTY[key])) query.set(key, String(view[key]));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/**
 * @param {URLSearchParams} query
 * @returns {Place | null}
 */
function placeOf(query) {
  const [z, lat, lon] = ["z", "lat", "lon"].map((key) => Number.parseFloat(query.get(key) ?? ""));
  const possible = z >= 0 && z <= 22 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
  return possible ? { z: allowed(z), lat, lon } : null;
}

/**
 * A tenth of a pixel at that zoom.
 * @param {number} z
 */
function digits(z) {
  return Math.max(2, Math.min(6, Math.ceil((z + 8 - 8.49) / 3.32) + 1));
}

/** @param {string | null} text */
function dayOf(text) {
  const day = new Date(`${text}T00:00:00Z`);
  // A browser takes 2026-02-30 for the second of March.
  return text && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(`${text}T`) ? text : null;
}

/**
 * @template {string} Choice
 * @param {string | null} value
 * @param {readonly Choice[]} choices
 */
function among(value, choices) {
  return choices.find((choice) => choice === value) ?? null;
}

/** @param {string | null} text */
function idOf(text) {
  return /^[1-9]\d{0,15}$/.test(text ?? "") ? Number(text) : null;
}

/** @param {string | null} text */
function wordOf(text) {
  return /^[\w.-]{1,40}$/.test(text ?? "") ? text : null;
}

/**
 * A kind's code, never taken for a day.
 * @param {string | null} text
 */
function kindOf(text) {
  return /^[a-z]\w{0,39}$/.test(text ?? "") ? text : null;
}
