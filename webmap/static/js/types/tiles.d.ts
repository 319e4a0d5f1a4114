// What decoded tiles hold, and what is used of protomaps-leaflet's layer: it leaves much of it untyped.

import type * as Library from "protomaps-leaflet";
import type { DutyState, EdgeState, Level } from "./page.d.ts";

/** A point in CSS pixels of its tile. */
export interface Point {
  x: number;
  y: number;
}

export interface Extent {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

/** A decoded feature: rings, lines or points of a tile, and what its columns hold. */
export interface TileFeature<Props = unknown> {
  readonly props: Props;
  readonly bbox: Extent;
  /** MVT's number: 1 points, 2 lines, 3 areas. */
  readonly geomType: number;
  readonly geom: Point[][];
}

// Columns that are null are left out of a tile. What each layer has stands in layers/*.py.
export type GridProps = { id: number; name: string; code?: string };
export type LabelProps = { id: number; level: Level; name: string; area: number };
export type DutyProps = { id: number; name: string; state: DutyState };
export type UnheldProps = LabelProps & { n: number };
export type IssueProps = { n: number; overdue: number; suspended: number; closed: number; id?: number; category?: string; state?: "open" | "suspended" | "closed" };
export type ShareProps = { id: number; name: string; kind?: string; share?: number };
export type FacilityProps = { id: number; name: string; outside?: number };
export type GroundProps = { level: Level; giver?: number; taker?: number };
export type EdgeProps = { level: Level; state: EdgeState };
export type SpotProps = { n: number };

/** The layers of a tile by source, and what their features hold. */
export interface TileLayers {
  grids: Record<Level, GridProps> & { label: LabelProps };
  members: { grid: DutyProps; building: DutyProps; unheld: UnheldProps };
  issues: { issue: IssueProps };
  coverage: { grid: ShareProps; facility: FacilityProps };
  changes: { ground: GroundProps; edge: EdgeProps; spot: SpotProps };
}

export type SourceName = keyof TileLayers;

/** A decoded tile: its layers' features by name. */
export interface TileData<Layers> {
  get<Name extends keyof Layers>(name: Name): TileFeature<Layers[Name]>[] | undefined;
}

/** Where a tile's pixels lie in those of the world. */
export interface TilePlace {
  dataTile: { z: number; x: number; y: number };
  origin: Point;
  scale: number;
  dim: number;
}

/** What is decoded of one source. */
export interface TileView<Layers = unknown> {
  tileCache: { cache: Map<string, { used: number; data: TileData<Layers> }> };
  dataTileForDisplayTile(tile: { z: number; x: number; y: number }): TilePlace;
  dataTilesForBounds(zoom: number, bounds: Extent): TilePlace[];
}

export interface PaintSymbolizer<Props> {
  before?(ctx: CanvasRenderingContext2D, zoom: number): void;
  draw(ctx: CanvasRenderingContext2D, geom: Point[][], zoom: number, feature: TileFeature<Props>): void;
}

export interface Label {
  anchor: Point;
  bboxes: Extent[];
  draw(ctx: CanvasRenderingContext2D): void;
}

export interface Layout {
  index: { bboxCollides(box: Extent, order: number): boolean };
  order: number;
  scratch: CanvasRenderingContext2D;
  zoom: number;
}

export interface LabelSymbolizer<Props> {
  place(layout: Layout, geom: Point[][], feature: TileFeature<Props>): Label[] | undefined;
}

interface Rule<Props> {
  dataSource?: string;
  dataLayer: string;
  minzoom?: number;
  maxzoom?: number;
  filter?(zoom: number, feature: TileFeature<Props>): boolean;
}

export interface PaintRule<Props = unknown> extends Rule<Props> {
  symbolizer: PaintSymbolizer<Props>;
}

export interface LabelRule<Props = unknown> extends Rule<Props> {
  symbolizer: LabelSymbolizer<Props>;
  sort?(a: Props, b: Props): number;
}

/** Anything that fetches tiles, and takes the place of an archive. */
export interface ZxyReader {
  getZxy(z: number, x: number, y: number, signal?: AbortSignal): Promise<{ data: ArrayBuffer } | undefined>;
}

export interface TileSourceOptions<Url extends ZxyReader = ZxyReader> {
  url: Url;
  levelDiff?: number;
  maxDataZoom?: number;
}

type TileElement = HTMLCanvasElement & { key: string };

export interface TileViews {
  get<Name extends SourceName>(name: Name): TileView<TileLayers[Name]> | undefined;
  set<Name extends SourceName>(name: Name, view: TileView<TileLayers[Name]>): void;
}

/** protomaps-leaflet's layer, with what a Leaflet layer of tiles keeps for itself. */
export interface VectorLayer<Url extends ZxyReader = ZxyReader> extends L.GridLayer {
  sources: Record<string, TileSourceOptions<Url>>;
  views: TileViews;
  paintRules: PaintRule[];
  labelRules: LabelRule[];
  labelers: unknown;
  scratch: CanvasRenderingContext2D;
  tasks: Promise<unknown>[];
  tileSize: number;
  _tiles: Record<string, { el: TileElement; coords: L.Coords; loaded?: Date }>;
  _tileZoom: number | undefined;
  _update(): void;
  _wrapCoords(coords: L.Coords): L.Coords;
  isLoading(): boolean;
  onTilesInvalidated(keys: Set<string>): void;
  renderTile(coords: L.Coords, element: TileElement, key: string, done?: () => void): Promise<void>;
  rerenderTiles(): void;
}

export interface VectorLayerOptions<Url extends ZxyReader> extends L.GridLayerOptions {
  url?: string;
  sources?: Record<string, TileSourceOptions<Url>>;
  paintRules: PaintRule[];
  labelRules: LabelRule[];
  maxDataZoom?: number;
  tileDelay?: number;
  devicePixelRatio?: number;
  backgroundColor?: string;
  lang?: string;
}

export interface Protomaps extends Omit<typeof Library, "leafletLayer" | "Labelers"> {
  leafletLayer<Url extends ZxyReader>(options: VectorLayerOptions<Url>): VectorLayer<Url>;
  Labelers: new (scratch: CanvasRenderingContext2D, rules: LabelRule[], maxLabelledTiles: number, callback: (keys: Set<string>) => void) => unknown;
}
