// What the page and its libraries put into the global scope, and members of Leaflet that its types leave out.

import "@geoman-io/leaflet-geoman-free";
import type { Protomaps } from "./tiles.d.ts";

declare global {
  const htmx: (typeof import("htmx.org"))["default"];
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
}
