// What the page hands the browser as JSON (webmap/map/page.py), and how things look (layers/style.py).

export type Mode = "territory" | "responsibility" | "issues" | "coverage" | "draw";
export type Level = "county" | "town" | "community" | "compound";

/** West, south, east, north in WGS 84 degrees. */
export type Box = [west: number, south: number, east: number, north: number];

/** Words by key, in the reader's language. */
export type Strings = Record<string, string>;

export interface Config {
  lang: "zh" | "en";
  /** The county's present day, YYYY-MM-DD. */
  today: string;
  /** Null before an import. */
  county: { id: number; name: string; bounds: Box } | null;
  layers: LayerConfig[];
  base: BaseConfig;
  strings: Strings;
  /** Addresses of the libraries that draw boundaries, for those who see plans. */
  drawing?: { geoman: string; geomanSheet: string; topojson: string };
  build: string;
  nonce: string;
}

export interface LayerConfig {
  name: keyof Styles;
  /** Where its TileJSON is; null where there is nothing of one's own to ask for. */
  tilejson: string | null;
  /** The address of its tiles today without a filter. */
  tiles?: string | null;
  style: Styles[keyof Styles];
}

/** What lies under the territory (webmap/core/basemap.py). */
export type BaseConfig = NoBase | OfflineBase | ServiceBase;

export interface NoBase {
  kind: "none";
}

interface AnyBase {
  minZoom?: number;
  maxZoom: number;
  attribution?: string;
  attributionUrl?: string;
  note?: string;
}

export interface OfflineBase extends AnyBase {
  kind: "offline";
  url: string;
  bounds: Box;
  labels?: "all" | "roads" | "none";
}

export interface ServiceBase extends AnyBase {
  kind: "xyz";
  urls: string[];
  subdomains?: string;
  frame?: string;
  muted?: boolean;
}

/** How the layers look (STYLE). */
export interface Styles {
  grids: GridsStyle;
  members: MembersStyle;
  issues: IssuesStyle;
  coverage: CoverageStyle;
  changes: ChangesStyle;
}

/** A fill: a colour, or a pattern of ink on it. */
export interface Look {
  fill: string;
  ink?: string;
  pattern?: "plain" | "stripes" | "dots" | "cross" | "hollow";
}

/** A fill with an edge. */
export interface EdgedLook extends Look {
  ink: string;
  dash: number[];
  alpha: number;
}

export interface BadgeLook {
  fill: string;
  ink: string;
}

export interface IssueLook extends Look {
  shape: "diamond" | "circle" | "square" | "ring";
}

/** A building by verdict: paths in SVG around the origin. */
export interface BuildingLook {
  fill: string;
  line: string;
  body: string;
  sign: string;
}

/** A class of shares in percent: up to which bound it reaches. */
export interface ClassLook extends Look {
  to: number;
}

export interface SpotLook {
  fill: string;
  halo: string;
  radius: number;
}

export interface GridsStyle {
  paper: string;
  ink: string;
  halo: string;
  accent: string;
  compound_fill: string;
  from_zoom: Record<Level, number>;
  levels: Record<Level, { line: string; width: number; label_size: number; label_weight: number }>;
}

export type DutyState = "held" | "deputy" | "ended" | "vacant";

export interface MembersStyle {
  states: Record<DutyState, Look>;
  building_zoom: number;
  unheld: BadgeLook;
}

export type IssueState = "overdue" | "open" | "suspended" | "closed";

export interface IssuesStyle {
  states: Record<IssueState, IssueLook>;
}

export type Verdict = "met" | "too_few" | "over_capacity" | "term_ended" | "too_far" | "nobody";

export interface CoverageStyle {
  classes: ClassLook[];
  missing: Look;
  facility: { fill: string; ink: string };
  facility_zoom: number;
  homes: Record<Verdict, BuildingLook>;
  area: EdgedLook;
  gap: EdgedLook;
}

export type EdgeState = "ended" | "new";
export type GroundState = "gained" | "lost" | "passed";

export interface ChangesStyle {
  halo: string;
  edges: Record<EdgeState, { line: string; width: number; dash: number[] }>;
  ground: Record<GroundState, Look>;
  spot: SpotLook;
}
