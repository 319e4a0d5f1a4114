// The legend: only what is drawn now, drawn by the same functions as the map.

import { stepsOf } from "../view/classes.js";
import { HANDS } from "./hands.js";
import { drawBadge, drawBuilding, drawCluster, drawFacility, drawHome, drawIssue, drawSpot, paintOf } from "./symbols.js";
import { LEVELS } from "../view/view.js";

const WIDTH = 30;
const HEIGHT = 18;
const SHOWN_STATES = {
  open: ["overdue", "open", "suspended"],
  overdue: ["overdue"],
  suspended: ["suspended"],
  closed: ["closed"],
  all: ["overdue", "open", "suspended", "closed"],
};

/** Return the legend's entries for a view: [{title}|{note}|{text, draw}] — pure but for the drawing. */
export function entries({ view, zoom, finest, styles, strings, kind, outlined, shown = null, seesIssues = true, shares = {}, why = null }) {
  const grids = styles.grids;
  const levels = LEVELS.slice(0, LEVELS.indexOf(finest) + 1);
  const borders = [
    { title: strings["legend.boundaries"] },
    ...levels.map((level) => ({ text: strings[`level.${level}`], draw: border(grids, level) })),
  ];
  const own = {
    territory: () => compounds(grids, strings, finest),
    responsibility: () => responsibility(styles.members, strings, zoom, finest),
    issues: () => [...(seesIssues ? issues(styles.issues, strings, view.state) : []), ...compounds(grids, strings, finest)],
    coverage: () => coverage(styles.coverage, strings, { view, zoom, finest, kind, shares }),
    draw: () => [...drawn(strings, shown), ...compounds(grids, strings, finest)],
  }[view.mode]();
  const selected = outlined ? [{ text: strings["legend.selected"], draw: outline(grids) }] : [];
  const differing = view.versus && view.mode !== "draw" ? changes(styles.changes, strings, finest, Boolean(view.grid)) : [];
  return [...differing, ...(why && view.mode === "coverage" ? whys(styles.coverage, strings, why) : []), ...own, ...borders, ...selected];
}

/** Show entries in an element, the legend's body. */
export function show(element, list) {
  const nodes = list.map(({ title, note, text, draw }) => {
    if (note) return Object.assign(document.createElement("p"), { className: "legend-note", textContent: note });
    if (title) return Object.assign(document.createElement("h3"), { textContent: title });
    const row = Object.assign(document.createElement("p"), { className: "legend-row" });
    row.append(swatch(draw), Object.assign(document.createElement("span"), { textContent: text }));
    return row;
  });
  element.replaceChildren(...nodes);
}

function swatch(draw) {
  const canvas = document.createElement("canvas");
  const ratio = Math.max(2, devicePixelRatio);
  canvas.width = WIDTH * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  draw(ctx);
  return canvas;
}

function border(style, level) {
  const { line: ink, width } = style.levels[level];
  return (ctx) => {
    for (const [colour, weight] of [[style.halo, width + 1.6], [ink, width]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = weight;
      ctx.beginPath();
      ctx.moveTo(1, HEIGHT / 2);
      ctx.lineTo(WIDTH - 1, HEIGHT / 2);
      ctx.stroke();
    }
  };
}

function outline(style) {
  return (ctx) => {
    ctx.strokeStyle = style.accent;
    ctx.lineWidth = 3;
    ctx.strokeRect(3, 3, WIDTH - 6, HEIGHT - 6);
  };
}

function area(look) {
  return (ctx) => {
    ctx.fillStyle = paintOf(ctx, look, Math.max(2, devicePixelRatio));
    ctx.fillRect(1, 1, WIDTH - 2, HEIGHT - 2);
    ctx.strokeStyle = "#5d6b80";
    ctx.strokeRect(1, 1, WIDTH - 2, HEIGHT - 2);
  };
}

function centred(draw) {
  return (ctx) => {
    ctx.translate(WIDTH / 2, HEIGHT / 2);
    draw(ctx);
  };
}

function compounds(style, strings, finest) {
  if (finest !== "compound") return [];
  return [
    { text: strings["level.compound"], draw: area({ fill: style.compound_fill }) },
    { text: strings["legend.gap"], draw: area({ fill: style.paper }) },
  ];
}

// What a plan makes of the ground that is open. The colours of drawing/paint.js, which only those load
// who draw.
function drawn(strings, shown) {
  if (!shown) return [];
  return [
    { title: strings[shown.phase === "both" ? "draw.legend" : `draw.legend.${shown.phase}`] },
    shown.made && { text: strings["draw.legend.made"], draw: line("#1d56b8", []) },
    shown.gone && { text: strings["draw.legend.gone"], draw: line("#8a4e0a", [6, 4]) },
    shown.comes && { text: strings[shown.name ? "draw.legend.comes" : "draw.legend.hands"].replace("{name}", shown.name), draw: area(HANDS.comes) },
    shown.goes && { text: strings["draw.legend.goes"].replace("{name}", shown.name), draw: area(HANDS.goes) },
  ].filter(Boolean);
}

// What differs between two days; the ground as the selected grid sees it, if one is.
function changes(style, strings, finest, isOwn) {
  const whose = isOwn ? "own" : "all";
  return [
    { title: strings["changes.legend"] },
    ...["ended", "new"].map((state) => ({
      text: strings[`changes.${state}`],
      draw: line(style.edges[state].line, style.edges[state].dash, style.edges[state].width),
    })),
    ...["passed", "gained", "lost"].map((look) => ({ text: strings[`changes.${look}.${whose}`], draw: area(style.ground[look]) })),
    ...(finest === "compound" ? [] : [{ text: strings["changes.spot"], draw: centred((ctx) => drawSpot(ctx, style.spot, style.spot.radius)) }]),
  ];
}

function line(colour, dash, width = 2.5) {
  return (ctx) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(1, HEIGHT / 2);
    ctx.lineTo(WIDTH - 1, HEIGHT / 2);
    ctx.stroke();
  };
}

function responsibility(style, strings, zoom, finest) {
  const rows = ["vacant", "ended", "deputy", "held"].map((state) => ({
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
  const leads = ["held", "ended", "vacant"].map((state) => ({
    text: strings[`state.${state}`],
    draw: centred((ctx) => drawBuilding(ctx, style.states[state], state, 1.3)),
  }));
  return [{ title }, ...rows, { title: strings["legend.building"] }, ...leads];
}

function issues(style, strings, state) {
  const shown = SHOWN_STATES[state];
  const counts = { n: 12, overdue: 0, suspended: 0, closed: 0 };
  for (const key of shown) if (key !== "open") counts[key] = 3;
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

// Why: buildings by verdict, ground out of reach, and the area of the facility that is open.
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
  const pins = view.scenario ? ["add", "move", "close"].map((what) => ({ text: strings[`scenario.pin.${what}`], draw: pin(what) })) : [];
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

// The worst of all is of no kind of its own: only beside a kind, which may have some, is one named.
function hasFacilities({ kind, beside }) {
  return kind !== "worst" || /^[a-z]/.test(beside ?? "");
}

// As css/scenarios.css draws them on the map.
function pin(what) {
  const [ground, ink, sign] = { add: ["#9b1c6b", "#ffffff", "+"], move: ["#9b1c6b", "#ffffff", "→"], close: ["#ffffff", "#1f2a37", "×"] }[what];
  return centred((ctx) => {
    ctx.fillStyle = ground;
    ctx.strokeStyle = what === "close" ? ink : ground;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(0, 0, 7, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = ink;
    ctx.font = "700 12px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(sign, 0, 0.5);
  });
}
