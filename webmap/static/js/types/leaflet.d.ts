// Members of Leaflet and of Geoman that their types leave out, and that the drawing uses.

import "@geoman-io/leaflet-geoman-free";

declare global {
  /** Loaded when ground is opened. */
  var topojson: typeof import("topojson-server") | undefined;
}

declare module "leaflet" {
  interface Renderer {
    _container?: HTMLCanvasElement | null;
    /** What the canvas covers, in pixels of the map's layer; undefined before it was first placed. */
    _bounds?: L.Bounds;
    _update(): void;
  }

  namespace PM {
    /** What Geoman gives each map that is made after it. */
    const Map: new (map: L.Map) => PMMap;
  }
}

/** What draws a line or an area in Geoman. */
export interface GeomanDraw {
  options: { snappable?: boolean };
  /** What is being drawn; null before and after. */
  _layer?: L.Polyline | null;
  /** Where the next corner would be, and whether that holds on to something. */
  _hintMarker?: L.Marker & { _snapped?: boolean };
  /** From the last corner to there. */
  _hintline?: L.Polyline;
  _removeLastVertex(): void;
  _finishShape(): void;
}
