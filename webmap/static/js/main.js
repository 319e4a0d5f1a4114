// The map page: joins the view, the map, the panel and the buttons. Each part is in its own file.

/** @import { Config } from "./types/page.d.ts" */
/** @import { How, View } from "./types/view.d.ts" */

import { closest, find } from "./view/elements.js";
import { boxOf, latLngOf } from "./view/geometry.js";
import { comeBack, printed, showDay, showLinks, showMode } from "./panel/bars.js";
import { Clicks } from "./map/clicks.js";
import { addScale, Base, Locator } from "./map/controls.js";
import { Days } from "./days/days.js";
import { around, Fitting, reveal, whole } from "./map/fitting.js";
import { Hover } from "./map/hover.js";
import { LayerSet } from "./map/layerset.js";
import { LegendBox } from "./map/legendbox.js";
import { Notices, watchNetwork } from "./panel/notices.js";
import { delaySubmits, opener } from "./view/opener.js";
import { Panel } from "./panel/panel.js";
import { watchPending } from "./panel/pending.js";
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

/** @type {Config} */
const config = JSON.parse(find(HTMLElement, "#config").textContent);
const { strings } = config;
const map = globalThis.map_grid;
const legend = find(HTMLDetailsElement, ".legend");
const stage = find(HTMLElement, ".stage");

const store = new Store(config.today);
const notices = new Notices(find(HTMLElement, ".notices"));
const panel = new Panel(find(HTMLElement, "#panel"), config);
const sheet = new Sheet(panel.element, strings, () => map.fire("sheet"));
const base = new Base(map, config, () => layers.refresh());
const layers = new LayerSet(map, config, () => base.isOn);
const selection = new Selection(map);
const locator = new Locator(map, config, notices, sheet);
const failed = () => notices.show("drawing", strings["panel.failed"], { kind: "warn" });
const planEditor = opener({
  store, failed,
  isWanted: ({ mode }) => mode === "draw" && Boolean(config.drawing),
  load: async () => new (await import("./drawing.js")).PlanEditor({ map, config, store, panel, notices, sheet, layers, fit: (box) => fitting.fit(box) }),
});
const scenarioEditor = opener({
  store, failed,
  isWanted: ({ mode, scenario, list }) => mode === "coverage" && Boolean(scenario || list === "scenarios"),
  load: async () => new (await import("./scenarios.js")).ScenarioEditor({ map, store, panel, notices, sheet, layers, strings }),
});
delaySubmits(panel.body, ".scenario form, .scenarios form", scenarioEditor, store);
const why = new Why({ map, config, panel, styles: layers.styles.coverage, facilityAt: (at) => clicks.facilityAt(at), changed: () => showLegend() });
const clicks = new Clicks({ map, store, layers, selection, panel, sheet, planEditor, why, scenarioEditor });
const days = new Days({ config, store, panel, selection, layers, notices });
const hover = new Hover(map, () => (planEditor.part?.isOpen ? null : layers.layer), (...grids) => services.pointed(...grids));
const services = new Services({ map, config, store, panel, layers, base, hover, selection, sheet, fit: (box) => fitting.fit(box, { animate: false }) });
const fitting = new Fitting({ map, county: config.county, layers, services, days, sheet, legend });
const legendBox = new LegendBox(legend, { map, config, store, layers, selection, planEditor, why });
const showLegend = () => legendBox.show();
new Search(find(HTMLInputElement, "#search"), find(HTMLElement, "#hits"), strings, {
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
  addScale(map, find(HTMLElement, ".scale"));
  // On a small screen it would hide half of the map.
  if (matchMedia("(max-width: 1199px)").matches) legend.open = false;
  // A link to a grid or an issue is opened to be read; an empty map says what to do.
  if (!config.county || store.view.grid || store.view.issue || store.view.facility || store.view.scenario) sheet.raise();
  services.show(store.view);
  if (services.isSplit) showLegend();
  fitting.follow(store.view, { animate: false });
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

/**
 * Bring everything in line with a new view.
 * @param {View} view
 * @param {View | null} before
 * @param {How} how
 */
function react(view, before, how) {
  if (!before || view.mode !== before.mode) showMode(view.mode);
  const differs = (/** @type {(keyof View)[]} */ ...keys) => !before || keys.some((key) => view[key] !== before[key]);
  if (differs("mode", "on", "versus", "kind", "classes", "state", "category", "age", "closed") || (view.versus && differs("grid"))) layers.show(view);
  if (differs("grid", "on", "mode")) select(view).then(showLegend);
  if ((!before || panelUrl(view) !== panelUrl(before)) && how.panel !== "loaded") {
    // At first the map's tiles are asked for before anything else.
    if (how.from === "start") setTimeout(() => panel.load(services.url(store.view)));
    else panel.load(services.url(view));
  }
  if (how.from === "history" || (how.from === "link" && view.place)) fitting.follow(view);
  planEditor.show(view, how);
  scenarioEditor.show(view);
  days.show(view, before);
  services.show(view);
  why.show(view);
  showDay(view, config);
  showLinks(view, config.lang);
  showLegend();
}

/**
 * Outline what is selected; what is drawn in shows its own outline.
 * @param {View} view
 */
function select(view) {
  return selection.show(view.mode === "draw" ? null : view.grid, view.on);
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
  document.addEventListener("keydown", (event) => isPrintKey(event) && (event.preventDefault(), printMap()));
  // Leaflet takes the focus on every click: the cross is for those who came by keyboard.
  addEventListener("keydown", () => stage.classList.add("by-keys"));
  addEventListener("pointerdown", () => stage.classList.remove("by-keys"), true);
  document.addEventListener("click", click);
  const on = find(HTMLInputElement, "#on");
  on.addEventListener("click", () => on.showPicker?.());
  document.addEventListener("change", change);
  document.addEventListener("submit", (event) => closest(HTMLElement, event.target, "[data-view]") && event.preventDefault());
  watchPending(layers, panel);
  panel.addEventListener("arrived", (event) => event instanceof CustomEvent && arrived(event.detail));
  watchLayers();
}

function watchLayers() {
  const progress = find(HTMLElement, ".progress");
  layers.addEventListener("loading", () => (progress.hidden = false));
  layers.addEventListener("load", () => {
    progress.hidden = true;
    hover.look();
  });
  layers.addEventListener("painted", () => (document.documentElement.dataset.painted = "true"));
  for (const name of ["painted", "load"]) layers.addEventListener(name, () => performance.mark("map-painted"));
  layers.addEventListener("shown", () => hover.clear());
  // Those who draw have forms open, and hear of news by the plan's own revision.
  layers.addEventListener("news", () => store.view.mode !== "draw" && panel.load(services.url(store.view), { quiet: true }));
  layers.addEventListener("failed", () =>
    notices.show("tiles", strings["tiles.failed"], { kind: "warn", action: { text: strings["panel.retry"], do: retryTiles } }));
}

function retryTiles() {
  notices.hide("tiles");
  layers.retry();
}

const pick = (/** @type {L.LatLng} */ latlng) => void (fitNext = clicks.answer(latlng));

/**
 * A fragment is on show: take its grid as the selection, its title, and fit what has no place yet.
 * @param {DOMStringMap} fragment
 */
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
    fitting.fit(boxOf(bounds), { animate: fitNext, inside: fitting.insideZoom(level) });
  } else if (point && sheet.isSheet) {
    reveal(map, latLngOf(point), sheet);
  }
  selection.point(view.issue && point ? latLngOf(point) : null);
  if (view.issue && point && !view.place) fitting.fit(around(point));
  fitNext = false;
  showLegend();
}

/**
 * Go to what a search hit names.
 * @param {DOMStringMap} named
 */
function goTo(named) {
  const { grid, issue } = named;
  fitting.show(named);
  store.go({ grid: grid ? Number(grid) : null, issue: issue ? Number(issue) : null });
}

/**
 * Escape: empty the filter that is being typed, close what is open, then go a level up.
 * @param {EventTarget | null} target
 */
function up(target) {
  if (target instanceof HTMLInputElement && target.matches("[data-filters]") && target.value) {
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

/** @type {Record<string, (doer: HTMLElement, event: MouseEvent) => unknown>} */
const DO = {
  "zoom-in": () => map.zoomIn(),
  "zoom-out": () => map.zoomOut(),
  whole: () => config.county && fitting.fit(config.county.bounds),
  locate: () => locator.locate(),
  share: () => share({ notices, strings, sheet }),
  today: () => store.go({ on: null }),
  // On a phone they cover what is selected.
  days: () => days.toggle().then(() => days.covers && sheet.isSheet && selection.bounds && fitting.fit(selection.bounds)),
  place: ({ dataset }) => fitting.show(dataset),
  gaps: () => why.toggleGaps(),
  take: (button, event) => take(button, event, { notices, strings }),
  retry: () => panel.retry(),
  print: printMap,
  close: () => store.go({ grid: null, issue: null, list: null, facility: null }),
};

function printMap() {
  return print(map, services, printed(store.view, panel.root, config), selection.bounds ?? whole(map, config.county?.bounds));
}

/** @param {MouseEvent} event */
function click(event) {
  const doer = closest(HTMLElement, event.target, "[data-do]");
  const act = DO[doer?.dataset.do ?? ""];
  if (doer && act) {
    act(doer, event);
    return;
  }
  const link = closest(HTMLAnchorElement, event.target, "a[href]");
  if (link?.matches("[data-sign-in]")) comeBack(link);
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.pathname !== "/" || link.target || link.matches("[data-lang], .skip")) return;
  event.preventDefault();
  const url = new URL(link.href);
  const grid = Number(url.searchParams.get("grid"));
  fitNext = Boolean(grid && grid !== store.view.grid && !url.searchParams.has("issue"));
  if (link.dataset.point) reveal(map, latLngOf(link.dataset.point), sheet);
  // The map stays where it is unless the link says otherwise.
  if (!url.searchParams.has("z")) for (const [key, value] of Object.entries(store.view.place ?? {})) url.searchParams.set(key, String(value));
  store.followLink(url);
  if (sheet.isSheet && sheet.height === "full") sheet.set("half");
  else sheet.raise();
}

/**
 * A filter or the day has changed: its name is a part of the view.
 * @param {Event} event
 */
function change({ target }) {
  if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
  if (!target.closest("form[data-view]") || !target.name || !target.validity.valid) return;
  const value = target.value || null;
  if (target.name === "on") store.go({ on: value === config.today ? null : value });
  else store.go({ [target.name]: target.name === "state" ? value ?? "open" : value });
}
