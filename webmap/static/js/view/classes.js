// Classes of shares: into which steps of percent the map and its legend sort the grids. An address
// says "quantile" or "own:30,50,80,95"; without it the steps are equal (layers/style.py). A limit
// belongs to the class above it.

/** @import { ClassLook, CoverageStyle, Level, Look } from "../types/page.d.ts" */

/** Limits of quantiles by level, in percent. @typedef {Partial<Record<Level, number[]>>} Quantiles */

/**
 * A step of shares in percent, and how it is drawn.
 * @typedef {{ from: number, to: number, look: ClassLook }} Step
 */

const LIMITS = 4;

/**
 * Return classes as an address may carry them, null for equal steps and for what are none.
 * @param {string | null} text
 */
export function classesOf(text) {
  if (text === "quantile") return text;
  const limits = ownLimits(text);
  return limits && !faultOf(limits) ? `own:${limits.join(",")}` : null;
}

/**
 * Return the four limits of own classes, null for others.
 * @param {string | null} [text]
 */
export function ownLimits(text) {
  return text && /^own:\d{1,3}(,\d{1,3}){3}$/.test(text) ? text.slice(4).split(",").map(Number) : null;
}

/**
 * Return what is wrong with four limits: the place of the first that is and what it must reach.
 * @param {number[]} limits
 * @returns {{ n: number, least: number } | null}
 */
export function faultOf(limits) {
  let least = 1;
  for (const [i, limit] of limits.entries()) {
    if (!Number.isInteger(limit) || limit < least || limit > 100) return { n: i + 1, least };
    least = limit + 1;
  }
  return limits.length === LIMITS ? null : { n: limits.length + 1, least };
}

/**
 * Return the steps of a level, lowest first. ``quantiles`` are the limits by level that the server
 * found; where many grids are alike there are fewer.
 * @param {Pick<CoverageStyle, "classes">} style
 * @param {string | null | undefined} classes
 * @param {Quantiles | null | undefined} quantiles
 * @param {Level} level
 * @returns {Step[]}
 */
export function stepsOf(style, classes, quantiles, level) {
  const looks = style.classes;
  const limits = ownLimits(classes) ?? (classes === "quantile" ? quantiles?.[level] : null) ?? looks.slice(0, -1).map(({ to }) => to);
  const tops = [...limits, 100];
  // Fewer steps take their colours from all of the ramp.
  const spread = (/** @type {number} */ i) => (tops.length === 1 ? Math.floor(looks.length / 2) : Math.round((i * (looks.length - 1)) / (tops.length - 1)));
  return tops.map((to, i) => ({ from: tops[i - 1] ?? 0, to, look: looks[spread(i)] }));
}

/**
 * Return how a share in percent is drawn: as its step, or as missing.
 * @param {Pick<CoverageStyle, "missing">} style
 * @param {Step[]} steps
 * @param {number | null} [share]
 * @returns {Look}
 */
export function lookOf(style, steps, share) {
  if (share === undefined || share === null) return style.missing;
  return (steps.find((step) => share < step.to) ?? steps[steps.length - 1]).look;
}
