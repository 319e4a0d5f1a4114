// Where issues and clusters of issues are drawn, and how large.

/** @import { IssueProps, TileFeature } from "../types/tiles.d.ts" */

import { towardsMiddle } from "../view/geometry.js";
import { clusterRadius } from "./symbols.js";

// The server counts issues in cells of that many CSS pixels (layers/issues.py).
const CLUSTER_CELL = 64;
const CLUSTER_SLACK = 10;

/**
 * Return where an issue or cluster is drawn, in the pixels of its tile.
 * @param {TileFeature<IssueProps>} feature
 * @param {number} [k]
 */
export function issuePlace(feature, k = 1) {
  const place = feature.geom[0][0];
  if (feature.props.n === 1) return place;
  // All of it in its own cell: a neighbouring tile would not draw what reaches over its edge.
  const slack = Math.min(CLUSTER_SLACK, CLUSTER_CELL / 2 - issueReach(feature, k));
  return towardsMiddle(place, CLUSTER_CELL, slack);
}

/**
 * Return how far from its centre an issue or cluster can be hit, in a tile's pixels.
 * @param {Pick<TileFeature<IssueProps>, "props">} feature
 * @param {number} [k]
 */
export function issueReach(feature, k = 1) {
  const { n } = feature.props;
  return n > 1 ? (clusterRadius(n) + 2) * clusterScale(n, k) : 11 * k;
}

/**
 * Return how much larger than in CSS pixels a cluster is drawn. The lattice shrinks with its tile:
 * beyond its cells clusters would cover each other.
 * @param {number} n
 * @param {number} k
 */
export function clusterScale(n, k) {
  return Math.min(k, Math.max(1, CLUSTER_CELL / 2 / (clusterRadius(n) + 2)));
}
