// What the page and its libraries put into the global scope, and members of Leaflet that its types leave out.

import "@geoman-io/leaflet-geoman-free";
import type { Protomaps } from "./tiles.d.ts";

declare global {
  /** What is used of htmx. */
  const htmx: {
    ajax(verb: "GET", url: string, parts: { source: Element; target: Element; swap: "innerHTML" }): Promise<void>;
    swap(target: Element, content: string, how: { swapStyle: "innerHTML" }): void;
    trigger(target: Element, event: string): void;
  };
  // Loaded with the page, as layers/basemap.py says; without it basemap.js finds nothing here.
  var protomapsL: Protomaps;
  /** The map that folium makes (layers/basemap.py). */
  var map_grid: L.Map;
}

declare module "leaflet" {
  interface Map {
    /** Is a zoom being animated? */
    _animatingZoom?: boolean;
  }

  interface GridLayer {
    /** The tiles of the present zoom, and where they begin among the pixels of the world. */
    _level: { origin: Point };
    _getTiledPixelBounds(center: LatLng): Bounds;
    _getTilePos(coords: Coords): Point;
  }
}
