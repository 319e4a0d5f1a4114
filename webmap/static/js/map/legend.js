// The legend: only what is drawn now, drawn by the same functions as the map.

/** @import { ChangesStyle, CoverageStyle, DutyState, EdgeState, GridsStyle, GroundState, IssuesStyle, IssueState, Level, MembersStyle, Mode, Strings, Styles, Verdict } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Quantiles } from "../view/classes.js" */
/** @import { Draw, Pin } from "./swatches.js" */

/** @typedef {{ title: string } | { note: string } | { text: string, draw: Draw }} Entry */

/**
 * What a plan shows of the ground that is open: which of its phases, and what is drawn of it.
 * @typedef {{ phase: string, made?: boolean, gone?: boolean, comes?: boolean, goes?: boolean, name?: string | null }} ShownPlan
 */

/** What is drawn of why households have a service. @typedef {{ verdicts: Verdict[], area: boolean, gaps: boolean }} ShownWhy */
/** What is drawn of services. @typedef {{ classes?: string | null, quantiles?: Quantiles | null, outside?: boolean }} ShownShares */

/**
 * What the map shows.
 * @typedef {object} Drawn
 * @property {View} view
 * @property {number} zoom
 * @property {Level} finest
 * @property {Styles} styles
 * @property {Strings} strings
 * @property {string} kind
 * @property {boolean} outlined
 * @property {ShownPlan | null} [shown]
 * @property {boolean} [seesIssues]
 * @property {ShownShares} [shares]
 * @property {ShownWhy | null} [why]
 */

import { stepsOf } from "../view/classes.js";
import { TRANSFERS } from "./transfers.js";
import { drawBadge, drawBuilding, drawCluster, drawFacility, drawHome, drawIssue, drawSpot } from "./symbols.js";
import { area, border, centred, line, outline, pin, swatch } from "./swatches.js";
import { LEVELS } from "../view/view.js";

/** @type {Pin[]} */
const PINS = ["add", "move", "close"];
/** @type {DutyState[]} */
const DUTY_STATES = ["vacant", "ended", "deputy", "held"];
/** @type {DutyState[]} */
const LEAD_STATES = ["held", "ended", "vacant"];
/** @type {EdgeState[]} */
const EDGE_STATES = ["ended", "new"];
/** @type {GroundState[]} */
const GROUND_STATES = ["passed", "gained", "lost"];
/** @type {Record<View["state"], IssueState[]>} */
const SHOWN_STATES = {
  open: ["overdue", "open", "suspended"],
  overdue: ["overdue"],
  suspended: ["suspended"],
  closed: ["closed"],
  all: ["overdue", "open", "suspended", "closed"],
};

/**
 * Return the legend's entries for a view: pure but for the drawing.
 * @param {Drawn} drawn
 * @returns {Entry[]}
 */
export function entries({ view, zoom, finest, styles, strings, kind, outlined, shown = null, seesIssues = true, shares = {}, why = null }) {
  const grids = styles.grids;
  const levels = LEVELS.slice(0, LEVELS.indexOf(finest) + 1);
  const borders = [
    { title: strings["legend.boundaries"] },
    ...levels.map((level) => ({ text: strings[`level.${level}`], draw: border(grids, level) })),
  ];
  /** @type {Record<Mode, () => Entry[]>} */
  const own = {
    territory: () => compounds(grids, strings, finest),
    responsibility: () => responsibility(styles.members, strings, zoom, finest),
    issues: () => [...(seesIssues ? issues(styles.issues, strings, view.state) : []), ...compounds(grids, strings, finest)],
    coverage: () => coverage(styles.coverage, strings, { view, zoom, finest, kind, shares }),
    draw: () => [...drawn(strings, shown), ...compounds(grids, strings, finest)],
  };
  const selected = outlined ? [{ text: strings["legend.selected"], draw: outline(grids) }] : [];
  const differing = view.versus && view.mode !== "draw" ? changes(styles.changes, strings, finest, Boolean(view.grid)) : [];
  return [...differing, ...(why && view.mode === "coverage" ? whys(styles.coverage, strings, why) : []), ...own[view.mode](), ...borders, ...selected];
}

/**
 * Show entries in an element, the legend's body.
 * @param {HTMLElement} element
 * @param {Entry[]} list
 */
export function show(element, list) {
  const nodes = list.map((entry) => {
    if ("note" in entry) return Object.assign(document.createElement("p"), { className: "legend-note", textContent: entry.note });
    if ("title" in entry) return Object.assign(document.createElement("h3"), { textContent: entry.title });
    const row = Object.assign(document.createElement("p"), { className: "legend-row" });
    row.append(swatch(entry.draw), Object.assign(document.createElement("span"), { textContent: entry.text }));
    return row;
  });
  element.replaceChildren(...nodes);
}

/**
 * @param {GridsStyle} style
 * @param {Strings} strings
 * @param {Level} finest
 */
function compounds(style, strings, finest) {
  if (finest !== "compound") return [];
  return [
    { text: strings["level.compound"], draw: area({ fill: style.compound_fill }) },
    { text: strings["legend.gap"], draw: area({ fill: style.paper }) },
  ];
}

/**
 * What a plan makes of the ground that is open. The colours of drawing/paint.js, which only those load
 * who draw.
 * @param {Strings} strings
 * @param {ShownPlan | null} shown
 * @returns {Entry[]}
 */
function drawn(strings, shown) {
  if (!shown) return [];
  const name = shown.name ?? "";
  return [
    { title: strings[shown.phase === "both" ? "draw.legend" : `draw.legend.${shown.phase}`] },
    ...(shown.made ? [{ text: strings["draw.legend.made"], draw: line("#1d56b8", []) }] : []),
    ...(shown.gone ? [{ text: strings["draw.legend.gone"], draw: line("#8a4e0a", [6, 4]) }] : []),
    ...(shown.comes ? [{ text: strings[name ? "draw.legend.comes" : "draw.legend.hands"].replace("{name}", name), draw: area(TRANSFERS.comes) }] : []),
    ...(shown.goes ? [{ text: strings["draw.legend.goes"].replace("{name}", name), draw: area(TRANSFERS.goes) }] : []),
  ];
}

/**
 * What differs between two days; the ground as the selected grid sees it, if one is.
 * @param {ChangesStyle} style
 * @param {Strings} strings
 * @param {Level} finest
 * @param {boolean} isOwn
 * @returns {Entry[]}
 */
function changes(style, strings, finest, isOwn) {
  const whose = isOwn ? "own" : "all";
  return [
    { title: strings["changes.legend"] },
    ...EDGE_STATES.map((state) => ({
      text: strings[`changes.${state}`],
      draw: line(style.edges[state].line, style.edges[state].dash, style.edges[state].width),
    })),
    ...GROUND_STATES.map((look) => ({ text: strings[`changes.${look}.${whose}`], draw: area(style.ground[look]) })),
    ...(finest === "compound" ? [] : [{ text: strings["changes.spot"], draw: centred((ctx) => drawSpot(ctx, style.spot, style.spot.radius)) }]),
  ];
}

/**
 * @param {MembersStyle} style
 * @param {Strings} strings
 * @param {number} zoom
 * @param {Level} finest
 * @returns {Entry[]}
 */
function responsibility(style, strings, zoom, finest) {
  const rows = DUTY_STATES.map((state) => ({
    text: strings[`state.${state}`],
    draw: area(style.states[state]),
  }));
  const title = strings["legend.responsibility"].replace("{level}", strings[`level.${finest}.mid`]);
  if (finest !== "compound") {
    const draw = centred((ctx) => {
      ctx.scale(0.8, 0.8);
      drawBadge(ctx, style.unheld, 3);
    });
    return [{ title }, ...rows, { text: strings["legend.unheld"], draw }];
  }
  if (zoom < style.building_zoom) return [{ title }, ...rows];
  const leads = LEAD_STATES.map((state) => ({
    text: strings[`state.${state}`],
    draw: centred((ctx) => drawBuilding(ctx, style.states[state], state, 1.3)),
  }));
  return [{ title }, ...rows, { title: strings["legend.building"] }, ...leads];
}

/**
 * @param {IssuesStyle} style
 * @param {Strings} strings
 * @param {View["state"]} state
 */
function issues(style, strings, state) {
  const shown = SHOWN_STATES[state];
  // Of twelve three are in each state that is shown, the rest open; all of one state where none is.
  const counts = { n: 12, open: 0, overdue: 0, suspended: 0, closed: 0 };
  for (const key of shown) counts[key] = 3;
  if (!shown.includes("open")) counts[shown[0]] = 12;
  return [
    { title: strings["legend.issues"] },
    ...shown.map((key) => ({
      text: strings[`issue.${key}`],
      draw: centred((ctx) => drawIssue(ctx, style.states[key], 0.8)),
    })),
    {
      text: strings["legend.cluster"],
      draw: centred((ctx) => drawCluster(ctx, style.states, counts, 0.45)),
    },
  ];
}

/**
 * Why: buildings by verdict, ground out of reach, and the area of the facility that is open.
 * @param {CoverageStyle} style
 * @param {Strings} strings
 * @param {ShownWhy} why
 * @returns {Entry[]}
 */
function whys(style, strings, { verdicts, area: isArea, gaps }) {
  const homes = verdicts.map((verdict) => ({
    text: strings[`verdict.${verdict}`],
    draw: centred((ctx) => drawHome(ctx, style.homes[verdict])),
  }));
  return [
    ...(homes.length ? [{ title: strings["legend.homes"] }, ...homes] : []),
    ...(gaps ? [{ text: strings["legend.out"], draw: area(style.gap) }] : []),
    ...(isArea ? [{ text: strings["legend.area"], draw: area(style.area) }] : []),
  ];
}

/**
 * @param {CoverageStyle} style
 * @param {Strings} strings
 * @param {Pick<Drawn, "view" | "zoom" | "finest" | "kind"> & { shares: ShownShares }} drawn
 * @returns {Entry[]}
 */
function coverage(style, strings, { view, zoom, finest, kind, shares }) {
  const classes = stepsOf(style, shares.classes, shares.quantiles, finest).map(({ from, to, look }) => ({
    text: from === to ? `${to}%` : `${from}–${to}%`,
    draw: area(look),
  }));
  // Of two side by side each says for itself what it shows.
  const named = kind && !view.beside;
  const title = named ? strings["legend.coverage.of"].replace("{kind}", kind) : strings["legend.coverage"];
  const note = shares.classes === "quantile" ? [{ note: strings["legend.quantile"].replace("{level}", strings[`level.${finest}.mid`]) }] : [];
  const tried = view.scenario ? [{ note: strings[view.phase === "before" ? "scenario.before" : "scenario.after"] }] : [];
  const pins = view.scenario ? PINS.map((what) => ({ text: strings[`scenario.pin.${what}`], draw: pin(what) })) : [];
  const facility = { text: (named && kind) || strings["legend.facility"], draw: centred((ctx) => drawFacility(ctx, style.facility)) };
  const outside = shares.outside ? [{ text: strings["legend.outside"], draw: centred((ctx) => drawFacility(ctx, style.facility, 1, { isOutside: true })) }] : [];
  return [
    { title },
    ...tried,
    ...note,
    ...classes,
    { text: strings["legend.missing"], draw: area(style.missing) },
    ...(zoom >= style.facility_zoom && hasFacilities(view) ? [facility, ...outside] : []),
    ...pins,
  ];
}

/**
 * The worst of all is of no kind of its own: only beside a kind, which may have some, is one named.
 * @param {View} view
 */
function hasFacilities({ kind, beside }) {
  return kind !== "worst" || /^[a-z]/.test(beside ?? "");
}

