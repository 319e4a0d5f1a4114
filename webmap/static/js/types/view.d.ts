// The view, as view/view.js reads it from an address.

import type { Level, Mode } from "./page.d.ts";

/** Where the map is: its zoom and its middle in WGS 84 degrees. */
export interface Place {
  z: number;
  lat: number;
  lon: number;
}

/** What the map shows. Null is what an address leaves out; days are YYYY-MM-DD. */
export interface View {
  readonly mode: Mode;
  /** What is drawn in, in the mode "draw"; the grid is then where. */
  readonly plan: number | null;
  /** Null: whatever fits the selection or the county. */
  readonly place: Place | null;
  readonly grid: number | null;
  readonly issue: number | null;
  /** Services as they would be, in the mode "coverage"; the grid is then the chosen one. */
  readonly scenario: number | null;
  /** "before": as they are all the same. */
  readonly phase: "before" | null;
  /** Null: today. */
  readonly on: string | null;
  /** The day that is compared with it. */
  readonly versus: string | null;
  readonly kind: string | null;
  /** Of shares: "quantile" or "own:30,50,80,95", null: equal steps. */
  readonly classes: string | null;
  /** A kind, or a day, that is shown side by side. */
  readonly beside: string | null;
  /** The level of the ranked list, null: that of the map. */
  readonly rank: Level | null;
  /** "view": it lists what is in view. */
  readonly within: "view" | null;
  readonly state: "open" | "overdue" | "suspended" | "closed" | "all";
  readonly category: string | null;
  readonly age: string | null;
  /** Within how many days, or "all"; null: within 30. */
  readonly closed: string | null;
  /** The long list of a grid; "archived": the plans put away. */
  readonly list: "issues" | "changes" | "why" | "archived" | "scenarios" | null;
  /** Whose service area is shown. */
  readonly facility: number | null;
  readonly page: number;
  readonly lang: "zh" | "en" | null;
}

/** How a view came to be another one. */
export interface How {
  /** "lead": a plan that is only looked at opens on what it changes. */
  from?: "start" | "history" | "link" | "note" | "lead";
  /** The panel has what belongs to it already. */
  panel?: "loaded";
}
