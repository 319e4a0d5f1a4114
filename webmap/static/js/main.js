// The map page: joins the view, the map, the panel and the buttons. Each part is in its own file.

import { comeBack, printed, showDay, showLinks, showMode } from "./panel/bars.js";
import { Clicks } from "./map/clicks.js";
import { addScale, around, Base, fit, Locator, reveal, whole } from "./map/controls.js";
import { Days } from "./days/days.js";
import { Hover } from "./map/hover.js";
import { LayerSet } from "./map/layerset.js";
import { LegendBox } from "./map/legendbox.js";
import { Notices, watchNetwork } from "./panel/notices.js";
import { delaySubmits, opener } from "./view/opener.js";
import { Panel } from "./panel/panel.js";
import { isPrintKey, print } from "./map/printing.js";
import { Search } from "./panel/search.js";
import { Selection } from "./map/selection.js";
import { Services } from "./services/services.js";
import { share } from "./panel/sharing.js";
import { Sheet } from "./panel/sheet.js";
import { Store } from "./view/store.js";
import { take } from "./panel/taking.js";
import { layerQuery, panelUrl } from "./view/view.js";
import { Why } from "./services/why.js";
import { leastZoom, setExactView } from "./view/zoom.js";

const config = JSON.parse(document.getElementById("config").textContent);
const { strings } = config;
const map = globalThis.map_grid;
const $ = (selector) => document.querySelector(selector);

const store = new Store(config.today);
const notices = new Notices($(".notices"));
const panel = new Panel($("#panel"), config);
const sheet = new Sheet($("#panel"), strings, () => map.fire("sheet"));
const base = new Base(map, config, () => layers.refresh());
const layers = new LayerSet(map, config, () => base.isOn);
const selection = new Selection(map);
const locator = new Locator(map, config, notices, sheet);
const loadFailed = () => notices.show("drawing", strings["panel.failed"], { kind: "warn" });
const planEditor = opener({
  store,
  isWanted: ({ mode }) => mode === "draw" && Boolean(config.drawing),
  load: () => import("./drawing.js").then(
    ({ PlanEditor }) => new PlanEditor({ map, config, store, panel, notices, sheet, layers, fit: (box) => fit(map, box, free()) })),
  failed: loadFailed,
});
const scenarioEditor = opener({
  store,
  isWanted: ({ mode, scenario, list }) => mode === "coverage" && Boolean(scenario || list === "scenarios"),
  load: () => import("./scenarios.js").then(({ ScenarioEditor }) => new ScenarioEditor({ map, store, panel, notices, sheet, layers, strings })),
  failed: loadFailed,
});
delaySubmits(panel.body, ".scenario form, .scenarios form", scenarioEditor, store);
const why = new Why({ map, config, panel, styles: layers.styles.coverage, facilityAt: (at) => clicks.facilityAt(at), changed: () => showLegend() });
const clicks = new Clicks({ map, store, layers, selection, panel, sheet, planEditor, why, scenarioEditor });
const days = new Days({ config, store, panel, selection, layers, notices });
const hover = new Hover(map, () => (planEditor.part?.isOpen ? null : layers.layer), (...grids) => services.pointed(...grids));
const services = new Services({ map, config, store, panel, layers, base, hover, selection, sheet, fit: (box) => fit(map, box, free(), { animate: false }) });
const legendBox = new LegendBox($(".legend"), { map, config, store, layers, selection, planEditor, why });
const showLegend = () => legendBox.show();
const search = new Search($("#search"), $("#hits"), strings, {
  query: (text) => `/panel/search?q=${encodeURIComponent(text)}${layerQuery(store.view, "grids").replace("?", "&")}`,
  choose: (option) => goTo(option.dataset),
  focused: () => sheet.isSheet && sheet.set("full"),
});

// The next fragment's grid is to be fitted: it was named by a link, or clicked a second time.
let fitNext = false;

start();

function start() {
  map.getContainer().setAttribute("aria-label", strings.map);
  map.getContainer().setAttribute("role", "application");
  addScale(map, $(".scale"));
  // On a small screen it would hide half of the map.
  if (matchMedia("(max-width: 1199px)").matches) $(".legend").open = false;
  // A link to a grid or an issue is opened to be read; an empty map says what to do.
  if (!config.county || store.view.grid || store.view.issue || store.view.facility || store.view.scenario) sheet.raise();
  services.show(store.view);
  if (services.isSplit) showLegend();
  place(store.view, { animate: false });
  base.start().catch(() => {});
  store.follow(react);
  react(store.view, null, { from: "start" });
  watch();
  watchNetwork(notices, strings, () => {
    retryTiles();
    panel.retry();
    select(store.view).then(showLegend);
  });
}

/** Bring everything in line with a new view. */
function react(view, before, how) {
  if (!before || view.mode !== before.mode) showMode(view.mode);
  const drawn = ["mode", "on", "versus", "kind", "classes", "state", "category", "age", "closed", ...(view.versus ? ["grid"] : [])];
  if (!before || drawn.some((key) => view[key] !== before[key])) layers.show(view);
  if (!before || ["grid", "on", "mode"].some((key) => view[key] !== before[key])) select(view).then(showLegend);
  if ((!before || panelUrl(view) !== panelUrl(before)) && how.panel !== "loaded") {
    // At first the map's tiles are asked for before anything else.
    if (how.from === "start") setTimeout(() => panel.load(services.url(store.view)));
    else panel.load(services.url(view));
  }
  if (how.from === "history" || (how.from === "link" && view.place)) place(view, {});
  planEditor.show(view, how);
  scenarioEditor.show(view);
  days.show(view, before);
  services.show(view);
  why.show(view);
  showDay(view, config);
  showLinks(view, config.lang);
  showLegend();
}

// What is drawn in shows its own outline.
function select(view) {
  return selection.show(view.mode === "draw" ? null : view.grid, view.on);
}

/** Move the map to where a view says; a view without a place is fitted when its panel arrives. */
function place(view, { animate = true }) {
  if (view.place) setExactView(map, [view.place.lat, view.place.lon], view.place.z, { animate });
  else if (config.county && !view.grid) fit(map, config.county.bounds, free(), { animate });
}

function watch() {
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter();
    store.note({ place: { z: map.getZoom(), lat, lon: lng } });
  });
  map.on("zoomend sheet drawn", showLegend);
  map.on("click", (event) => pick(event.latlng));
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === map.getContainer()) pick(map.getCenter());
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && up(event.target));
  document.addEventListener("keydown", (event) => isPrintKey(event) && (event.preventDefault(), DO.print()));
  // Leaflet takes the focus on every click: the cross is for those who came by keyboard.
  addEventListener("keydown", () => $(".stage").classList.add("by-keys"));
  addEventListener("pointerdown", () => $(".stage").classList.remove("by-keys"), true);
  document.addEventListener("click", click);
  $("#on").addEventListener("click", (event) => event.target.showPicker?.());
  document.addEventListener("change", change);
  document.addEventListener("submit", (event) => event.target.closest("[data-view]") && event.preventDefault());
  panel.addEventListener("arrived", (event) => arrived(event.detail));
  watchLayers();
}

function watchLayers() {
  const progress = $(".progress");
  layers.addEventListener("loading", () => (progress.hidden = false));
  layers.addEventListener("load", () => {
    progress.hidden = true;
    hover.look();
  });
  layers.addEventListener("painted", () => (document.documentElement.dataset.painted = "true"));
  for (const name of ["painted", "load"]) layers.addEventListener(name, () => performance.mark("map-painted"));
  layers.addEventListener("shown", () => hover.clear());
  // Whoever draws has forms open, and hears of news by the plan's own revision.
  layers.addEventListener("news", () => store.view.mode !== "draw" && panel.load(services.url(store.view), { quiet: true }));
  layers.addEventListener("failed", () =>
    notices.show("tiles", strings["tiles.failed"], { kind: "warn", action: { text: strings["panel.retry"], do: retryTiles } }));
}

function retryTiles() {
  notices.hide("tiles");
  layers.retry();
}

function pick(latlng) {
  fitNext = clicks.answer(latlng);
}

/** A fragment is on show: take its grid as the selection, its title, and fit what has no place yet. */
function arrived({ grid, level, bounds, point, title, becomes, kindTitle: kind }) {
  // Filters that the data does not know were left out; so the address and the map do too.
  if (becomes) store.note(Object.fromEntries([...new URLSearchParams(becomes)].map(([key, value]) => [key, value || null])), { panel: "loaded" });
  // Outside the county nothing is selected.
  if (grid === "") store.go({ grid: null, issue: null, list: null, facility: null }, { panel: "loaded" });
  const view = store.view;
  document.title = [title, strings.title].filter(Boolean).join(" · ");
  legendBox.kind = kind ?? legendBox.kind;
  const id = grid ? Number(grid) : null;
  const found = id && id !== view.grid && !view.issue;
  if (found) store.go({ grid: id }, { panel: "loaded" });
  if (bounds && (fitNext || (!found && id === view.grid && !view.place && !view.issue))) {
    fit(map, bounds.split(",").map(Number), free(), { animate: fitNext, inside: insideZoom(level) });
  }
  else if (point && sheet.isSheet) reveal(map, ...point.split(",").map(Number), sheet);
  selection.point(view.issue && point ? point.split(",").map(Number).reverse() : null);
  if (view.issue && point && !view.place) fit(map, around(point), free());
  fitNext = false;
  showLegend();
}

// The zoom from which what lies in a town or a community is drawn; of the county all is to be seen.
function insideZoom(level) {
  const below = { town: "community", community: "compound" }[level];
  return below ? leastZoom(layers.styles.grids.from_zoom[below]) : 0;
}

// What a fit should leave free: the sheet, the days, the legend if it is open, the buttons.
function free() {
  const { offsetWidth, offsetHeight } = $(".corner-left");
  const isOpen = $(".legend").open;
  // Half a map is narrow: it keeps free of the legend by height.
  const left = isOpen && !services.isSplit ? offsetWidth : 0;
  const covers = services.covers + (isOpen && services.isSplit && !sheet.isSheet ? offsetHeight : 0);
  return { covers, above: days.covers + services.above, least: services.least, left, right: $(".corner-right").offsetWidth };
}

function showPlace(bounds, point, level) {
  // The sheet first: what it covers is not where the place may be shown.
  sheet.isSheet && sheet.set("half");
  if (bounds || point) fit(map, bounds ? bounds.split(",").map(Number) : around(point), free(), { inside: insideZoom(level) });
}

/** Go to what a search hit or a button names: {grid, issue, bounds, point}. */
function goTo({ grid, issue, bounds, point, level }) {
  showPlace(bounds, point, level);
  store.go({ grid: grid ? Number(grid) : null, issue: issue ? Number(issue) : null });
}

/** Escape: empty the filter that is being typed, close what is open, then go a level up. */
function up(target) {
  if (target.matches("input[data-filters]") && target.value) {
    target.value = "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  const view = store.view;
  if (scenarioEditor.part?.up()) return;
  if (view.mode === "draw" && planEditor.part?.up()) return;
  if (view.issue) store.go({ issue: null });
  else if (view.facility) store.go({ facility: null });
  else if (view.list) store.go({ list: null });
  else if (view.mode === "draw") store.go(view.grid ? { grid: null } : { plan: null });
  else if (view.grid) {
    const parent = panel.root?.dataset.parent;
    store.go({ grid: parent && Number(parent) !== config.county?.id ? Number(parent) : null });
  }
}

const DO = {
  "zoom-in": () => map.zoomIn(),
  "zoom-out": () => map.zoomOut(),
  whole: () => config.county && fit(map, config.county.bounds, free()),
  locate: () => locator.locate(),
  share: () => share({ notices, strings, sheet }),
  today: () => store.go({ on: null }),
  // On a phone they cover what is selected.
  days: () => days.toggle().then(() => days.covers && sheet.isSheet && selection.bounds && fit(map, selection.bounds, free())),
  place: ({ dataset }) => showPlace(dataset.bounds, dataset.point, dataset.level),
  gaps: () => why.toggleGaps(),
  take: (button, event) => take(button, event, { notices, strings }),
  retry: () => panel.retry(),
  print: () => print(map, services, printed(store.view, panel.root, config), selection.bounds ?? whole(map, config.county?.bounds)),
  close: () => store.go({ grid: null, issue: null, list: null, facility: null }),
};

function click(event) {
  const doer = event.target.closest("[data-do]");
  if (doer && DO[doer.dataset.do]) {
    DO[doer.dataset.do](doer, event);
    return;
  }
  const link = event.target.closest("a[href]");
  if (link?.matches("[data-sign-in]")) comeBack(link);
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.pathname !== "/" || link.target || link.matches("[data-lang], .skip")) return;
  event.preventDefault();
  const url = new URL(link.href);
  const grid = Number(url.searchParams.get("grid"));
  fitNext = Boolean(grid && grid !== store.view.grid && !url.searchParams.has("issue"));
  if (link.dataset.point) reveal(map, ...link.dataset.point.split(",").map(Number), sheet);
  // The map stays where it is unless the link says otherwise.
  if (!url.searchParams.has("z")) for (const [key, value] of Object.entries(store.view.place ?? {})) url.searchParams.set(key, value);
  store.followLink(url);
  if (sheet.isSheet && sheet.height === "full") sheet.set("half");
  else sheet.raise();
}

/** A filter or the day has changed: its name is a part of the view. */
function change(event) {
  const form = event.target.closest("form[data-view]");
  if (!form || !event.target.name || !event.target.validity.valid) return;
  const value = event.target.value || null;
  if (event.target.name === "on") store.go({ on: value === config.today ? null : value });
  else store.go({ [event.target.name]: event.target.name === "state" ? value ?? "open" : value });
}
