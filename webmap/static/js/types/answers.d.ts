// What the server answers as JSON (webmap/coverage/map_api.py).

import type { Verdict } from "./page.d.ts";

/** A building, and why it has a service or not. Those that stand for an area have no number. */
export interface BuildingFeature {
  id?: number;
  geometry: GeoJSON.Point;
  properties: {
    name: string;
    verdict: Verdict;
    nearest: { id: number; name: string; point: GeoJSON.Position } | null;
    way: number;
    unit: string;
    by_road: boolean;
    estimated: boolean;
    servers: string[];
  };
}

/** Ground in reach of a facility, or out of everybody's. */
export interface GroundFeature {
  geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon;
}
