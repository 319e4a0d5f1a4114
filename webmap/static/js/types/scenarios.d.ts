// Scenarios as JSON (webmap/scenarios/models.py).

export interface Point {
  lon: number;
  lat: number;
}

/** MarkOut: a facility that is added, moved or closed: where it is, and where it would be. */
export interface Mark {
  what: "add" | "move" | "close";
  name: string;
  was: Point | null;
  point: Point | null;
}

/** What is read of a scenario: shares before and after, in per cent, by grid. */
export interface ScenarioAnswer {
  marks: Mark[];
  shares: Record<string, [before: number | null, after: number | null]>;
}

/** What is sent as a change. */
export type ChangeIn =
  | { what: "add"; kind: string; lon: number; lat: number }
  | { what: "move"; facility: number; lon: number; lat: number }
  | { what: "close"; facility: number };
