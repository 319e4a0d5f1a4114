// Plans as JSON (webmap/plans/models.py), and the ground of one as it is drawn in.

import type { Box, Level } from "./page.d.ts";

/** Degrees in WGS 84, on the server's grid of 1e-7 unless it is said otherwise. */
export type Position = [lon: number, lat: number];
/** A closed list of corners: the last one is the first. */
export type Ring = Position[];
/** Each polygon's rings, the outer one first. */
export type Polygons = Ring[][];
export type Segment = [Position, Position];

/** A place on the screen, in CSS pixels of the map's layer. */
export interface Pixel {
  x: number;
  y: number;
}

/** DraftGridOut. */
export interface PlainGrid {
  grid_id: number;
  level: Level;
  parent_id: number | null;
  name: string;
  code: string;
  households: number | null;
  population: number | null;
  is_changed: boolean;
  polygons: Polygons;
}

/** GroundOut. */
export interface PlainGround {
  revision: number;
  grids: PlainGrid[];
  before?: PlainGrid[];
}

/** A grid of the ground that is drawn in. */
export interface Grid {
  readonly id: number;
  readonly level: Level;
  readonly parent: number | null;
  readonly name: string;
  readonly code: string;
  readonly households: number | null;
  readonly population: number | null;
  readonly isChanged: boolean;
  readonly polygons: Polygons;
  readonly box: Box;
}

/** What a step has changed. */
export interface GroundChange {
  changed: PlainGrid[];
  gone: number[];
}

/** DoneOut after a step, PlanOut after what draws nothing: only what is read of them. */
export interface PlanAnswer extends Partial<GroundChange> {
  plan?: { revision: number };
  plan_id?: number;
  revision?: number;
  state?: "draft" | "submitted" | "approved" | "published" | "withdrawn";
}

/** What is sent as a step (geodata/plans/operations.py). */
export type Operation =
  | { do: "move"; corner: Position; to: Position }
  | { do: "reshape"; old: Position[]; new: Position[] }
  | { do: "split"; grid: number; line: Position[] }
  | { do: "cut_out" | "annex"; grid: number; ring: Ring }
  | { do: "divide"; grid: number; parts: number }
  | { do: "merge" | "balance"; grid: number; other: number }
  | { do: "hand_over"; grid: number; parent: number }
  | { do: "draw"; level: Level; parent: number | null; ring: Ring; name: string }
  | { do: "close_slivers" | "remove"; grid: number };

/** An edge of a grid, and the grids on its other side. */
export interface Edge {
  line: Position[];
  sides: number[];
}

/** The edges of the chosen grid, and the corners (as text) where they end. */
export interface Edges {
  edges: Edge[];
  junctions: Set<string>;
}

/** What a drag makes of the ground while it lasts. */
export interface Preview {
  /** By grid. */
  polygons: Map<number, Polygons>;
  edges: { level: Level; made: Segment[]; gone: Segment[] }[];
  /** What the corner holds on to. */
  snap: { at: Position } | null;
}

/** Lines and points of a reference layer that are on show. */
export interface ReferenceLine {
  line: Position[];
  box: Box;
}
