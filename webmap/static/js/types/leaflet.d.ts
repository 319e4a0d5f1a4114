// Members of Leaflet and of Geoman's drawing that their types leave out, and that the drawing uses.

import "@geoman-io/leaflet-geoman-free";

declare module "leaflet" {
  interface Renderer {
    _container?: HTMLCanvasElement | null;
    /** What the canvas covers, in pixels of the map's layer; undefined before it was first placed. */
    _bounds?: L.Bounds;
    _update(): void;
  }
}
