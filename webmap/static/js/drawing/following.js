// Drawing along lines: from a corner on a line to the next one on it, or on one that it leads to, all
// corners between are taken. A guest of Geoman's drawing, which holds on to the lines.

import { Network } from "./network.js";
import { onGrid, same } from "./rings.js";

const WAY = { color: "#1d56b8", weight: 5, opacity: 0.55, interactive: false, snapIgnore: true, pmIgnore: true };
const GUIDE = { opacity: 0, interactive: false, weight: 1 };
// How far beside a line a place may be that holds on to it.
const REACH_PX = 2;

export class Following {
  isOn = false;
  #draw = null;
  #grids = [];
  #network = null;
  #ways = null;
  #preview = null;
  #guides = null;
  #frame = 0;

  /** ``references`` are the layers whose lines are held on to, beside the edges of grids. */
  constructor(map, references) {
    Object.assign(this, { map, references });
  }

  /** Go along with a drawing of Geoman's among grids. */
  begin(draw, grids) {
    this.#draw = draw;
    this.#grids = grids;
    this.#preview = L.polyline([], WAY).addTo(this.map);
    this.#guides = L.layerGroup().addTo(this.map);
    this.#guide();
    draw._layer.on("pm:vertexadded", this.#added, this);
    this.map.on("mousemove", this.#moved, this);
    this.references.addEventListener("changed", this.#renewed);
  }

  end() {
    if (!this.#draw) return;
    cancelAnimationFrame(this.#frame);
    this.#draw._layer.off("pm:vertexadded", this.#added, this);
    this.map.off("mousemove", this.#moved, this);
    this.references.removeEventListener("changed", this.#renewed);
    this.#preview.remove();
    this.#guides.remove();
    this.#draw = this.#network = this.#ways = null;
  }

  toggle() {
    this.isOn = !this.isOn;
    if (!this.isOn) this.#show(null);
  }

  /** Return the corners with which an area closes along a line; none where it closes straight. */
  closing(corners) {
    const found = this.isOn ? this.#between(corners.at(-1), corners[0]) ?? [] : [];
    // Back the way that was drawn would leave nothing between.
    return found.some((corner) => corners.some((each) => same(each, corner))) ? [] : found.map(onGrid);
  }

  #renewed = () => {
    this.#network = this.#ways = null;
    this.#guide();
  };

  // What Geoman holds on to besides the grids.
  #guide() {
    this.#guides.clearLayers();
    for (const { line } of this.references.lines()) this.#guides.addLayer(L.polyline(line.map(([lon, lat]) => [lat, lon]), GUIDE));
    for (const [lon, lat] of this.references.points()) this.#guides.addLayer(L.circleMarker([lat, lon], { ...GUIDE, fillOpacity: 0, radius: 1 }));
  }

  // Geoman has set a corner: those between it and the one before are put in.
  #added({ latlng }) {
    this.#show(null);
    if (!this.isOn || !this.#draw._hintMarker._snapped) return;
    const layer = this.#draw._layer;
    const set = layer.getLatLngs();
    if (set.length < 2) return;
    const between = this.#between(placeOf(set.at(-2)), placeOf(latlng));
    // Without markers: taking the last corner back takes these along.
    if (between?.length) layer.setLatLngs([...set.slice(0, -1), ...between.map(([lon, lat]) => L.latLng(lat, lon)), latlng]);
  }

  #moved() {
    if (!this.isOn) return;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show(this.#ahead());
    });
  }

  // The way to where the pointer is, ends included; null where it is straight.
  #ahead() {
    const last = this.#draw?._layer?.getLatLngs().at(-1);
    const marker = this.#draw?._hintMarker;
    if (!last || !marker?._snapped) return null;
    const next = marker.getLatLng();
    const between = this.#between(placeOf(last), placeOf(next));
    return between?.length ? [placeOf(last), ...between, placeOf(next)] : null;
  }

  #show(way) {
    this.#preview?.setLatLngs((way ?? []).map(([lon, lat]) => [lat, lon]));
    this.#draw?._hintline?.setStyle({ opacity: way ? 0 : 1 });
  }

  #between(from, to) {
    this.#network ??= new Network([...this.#grids.flatMap((grid) => grid.polygons.flat()), ...this.references.lines().map(({ line }) => line)]);
    const reach = (REACH_PX * 360) / (256 * 2 ** this.map.getZoom());
    const end = this.#network.near(to, reach);
    if (!end) return null;
    // One search serves every place that the pointer passes.
    if (!this.#ways || !same(this.#ways.place, from)) {
      const start = this.#network.near(from, reach);
      this.#ways = { place: from, from: start && this.#network.waysFrom(start) };
    }
    return this.#ways.from?.between(end) ?? null;
  }
}

function placeOf({ lng, lat }) {
  return [lng, lat];
}
