// A line or an area drawn by hand, with Geoman: it holds on to the corners and edges of the grid that
// is drawn in and of its neighbours.

import { Following } from "./following.js";
import { PendingShape } from "./pending.js";
import { script, sheet } from "./libraries.js";
import { onGrid } from "./rings.js";

const LINE = { color: "#1d56b8", weight: 3 };
const HINT = { color: "#1d56b8", weight: 2, dashArray: "6 5" };
const REACH_PX = matchMedia("(pointer: coarse)").matches ? 22 : 14;
const UNSEEN = { opacity: 0, fillOpacity: 0, interactive: false, weight: 1 };

export class Sketch {
  #guides = null;
  #held = null;

  /** The lines of ``references`` are held on to as well. */
  constructor(map, addresses, references) {
    Object.assign(this, { map, addresses, following: new Following(map, references) });
  }

  /** Load Geoman, and let it know the map that was there before it. */
  async ready() {
    await Promise.all([script(this.addresses.geoman), sheet(this.addresses.geomanSheet)]);
    if (!this.map.pm) {
      this.map.pm = new L.PM.Map(this.map);
      this.map.pm.setGlobalOptions({});
    }
  }

  /** Begin; resolves to the corners drawn, or to null when given up. ``grids`` are held on to. */
  draw(kind, grids, { buildings = [], snaps = true } = {}) {
    this.stop();
    this.kind = kind === "area" ? "Polygon" : "Line";
    this.#guides = L.layerGroup([
      ...grids.flatMap((grid) => grid.polygons.flat().map((ring) => L.polyline(ring.map(([lon, lat]) => [lat, lon]), UNSEEN))),
      ...buildings.map(([lon, lat]) => L.circleMarker([lat, lon], { ...UNSEEN, radius: 1 })),
    ]).addTo(this.map);
    this.map.pm.enableDraw(this.kind, {
      snappable: snaps,
      snapDistance: REACH_PX,
      tooltips: false,
      finishOn: "dblclick",
      allowSelfIntersection: true,
      templineStyle: LINE,
      hintlineStyle: HINT,
      pathOptions: { ...LINE, fillOpacity: 0.12 },
      continueDrawing: false,
    });
    this.following.begin(this.map.pm.Draw[this.kind], grids);
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.map.once("pm:create", this.#made, this);
    });
  }

  #made({ layer }) {
    const rings = layer.getLatLngs();
    const corners = (Array.isArray(rings[0]) ? rings[0] : rings).map(({ lat, lng }) => onGrid([lng, lat]));
    layer.remove();
    if (this.kind === "Polygon") corners.push(...this.following.closing(corners), corners[0]);
    const { resolve } = this;
    this.resolve = null;
    this.following.end();
    this.map.pm.disableDraw();
    this.hold(corners);
    resolve?.(corners);
  }

  /** Keep what was drawn in sight, until stop(). */
  hold(corners) {
    this.#held?.remove();
    this.#held = new PendingShape(this.map, corners, { isArea: this.kind === "Polygon" });
  }

  /** Let what is held be changed. */
  change({ snaps }) {
    this.#held?.change({ snaps, reach: REACH_PX });
  }

  get isChanging() {
    return Boolean(this.#held?.isChanging);
  }

  /** The corners of what is held. */
  get corners() {
    return this.#held?.corners ?? null;
  }

  /** Do without the last corner. */
  back() {
    if (this.#held) {
      this.#held.back();
      return;
    }
    const draw = this.map.pm.Draw[this.kind];
    if (draw._layer?.getLatLngs().flat().length) draw._removeLastVertex();
  }

  /** Is there enough to be a line, or an area? */
  get isEnough() {
    if (this.#held) return this.#held.isEnough;
    const n = this.map.pm?.Draw[this.kind]?._layer?.getLatLngs().flat().length ?? 0;
    return n >= (this.kind === "Polygon" ? 3 : 2);
  }

  finish() {
    if (this.isEnough) this.map.pm.Draw[this.kind]._finishShape();
  }

  /** Hold on to what is near, or do not. */
  snap(on) {
    this.#held?.snap(on);
    const draw = this.map.pm.Draw[this.kind];
    if (draw?.options) draw.options.snappable = on;
  }

  get isOn() {
    return this.#guides !== null;
  }

  /** Give up. */
  stop() {
    if (!this.isOn) return;
    const { resolve } = this;
    this.map.off("pm:create", this.#made, this);
    this.#end();
    resolve?.(null);
  }

  #end() {
    this.resolve = null;
    this.following.end();
    this.map.pm.disableDraw();
    this.#held?.remove();
    this.#held = null;
    this.#guides?.remove();
    this.#guides = null;
  }
}
