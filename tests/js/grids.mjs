// Ground that tests draw in.

/** A square as a polygon: its one ring, closed. */
export const box = (west, south, east, north) => [[[west, south], [east, south], [east, north], [west, north], [west, south]]];

/** A grid of one polygon as the server tells it. */
export const grid = (id, level, parent, polygon, more = {}) => ({
  grid_id: id, level, parent_id: parent, name: `g${id}`, code: "", households: 1, population: null, is_changed: false, polygons: [polygon], ...more,
});

/** A town of two communities beside each other, each with a compound on their common edge. */
export const plain = () => ({
  grids: [
    grid(1, "town", null, [[[0, 0], [2, 0], [4, 0], [4, 4], [2, 4], [0, 4], [0, 0]]]),
    grid(2, "community", 1, [[[0, 0], [2, 0], [2, 1], [2, 3], [2, 4], [0, 4], [0, 0]]]),
    grid(3, "community", 1, [[[2, 0], [4, 0], [4, 4], [2, 4], [2, 3], [2, 1], [2, 0]]]),
    grid(4, "compound", 2, box(1, 1, 2, 3)),
    grid(5, "compound", 3, box(2, 1, 3, 3)),
  ],
});
