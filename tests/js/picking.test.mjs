import assert from "node:assert/strict";
import { test } from "node:test";
import { badgeAt, eachPiece, facilityAt, gridsAt, issueAt } from "../../webmap/static/js/map/picking.js";

const AREA = 3;
const LINE = 2;
const square = (from, to) => [[[from, from], [to, from], [to, to], [from, to], [from, from]].map(([x, y]) => ({ x, y }))];
const area = (id, from, to, geomType = AREA) => ({
  props: { id, name: `grid ${id}` }, geom: square(from, to), geomType, bbox: { minX: from, minY: from, maxX: to, maxY: to },
});
const point = (x, y, props) => ({ props, geom: [[{ x, y }]], geomType: 1, bbox: { minX: x, minY: y, maxX: x, maxY: y } });

// A map whose places are pixels of the world, and a layer with one tile, the first, at its zoom.
const mapAt = (zoom) => ({
  getZoom: () => zoom,
  project: ({ x, y }) => ({ x, y }),
  getPixelBounds: () => ({ getTopLeft: () => ({ x: 0, y: 0 }), getBottomRight: () => ({ x: 255, y: 255 }) }),
});
const at = (x, y) => ({ x, y, wrap: () => ({ x, y }) });
const layerOf = (zoom, source, features, scale = 1) => {
  const place = ({ x, y, z }) => ({ dataTile: { x, y, z }, origin: { x: x * 256, y: y * 256 }, scale, dim: 256 });
  const view = {
    tileCache: { cache: new Map([[`0:0:${zoom}`, { used: 0, data: new Map(Object.entries(features)) }]]) },
    dataTileForDisplayTile: place,
    dataTilesForBounds: () => [place({ x: 0, y: 0, z: zoom }), place({ x: 1, y: 0, z: zoom })],
  };
  return { views: new Map([[source, view]]) };
};

test("the grids at a place are found in the tile that is here, coarsest first", () => {
  const layer = layerOf(14, "grids", { compound: [area(9, 50, 60), area(3, 0, 20)], county: [area(1, 0, 200)], town: [area(2, 0, 100)] });
  assert.deepEqual(gridsAt(mapAt(14), layer, at(10, 10)), [
    { id: 1, name: "grid 1", level: "county" },
    { id: 2, name: "grid 2", level: "town" },
    { id: 3, name: "grid 3", level: "compound" },
  ]);
  assert.deepEqual(gridsAt(mapAt(14), layer, at(150, 150)).map(({ id }) => id), [1]);
});

test("a border is no ground, and of a tile that is not here nothing is known", () => {
  const layer = layerOf(14, "grids", { county: [area(1, 0, 200, LINE)] });
  assert.deepEqual(gridsAt(mapAt(14), layer, at(10, 10)), []);
  assert.deepEqual(gridsAt(mapAt(14), layerOf(14, "grids", { county: [area(1, 0, 999)] }), at(300, 10)), []);
  assert.deepEqual(gridsAt(mapAt(14), { views: new Map() }, at(10, 10)), []);
  assert.deepEqual(gridsAt(mapAt(14), null, at(10, 10)), []);
});

test("a tile that is shown enlarged is looked into at its own scale", () => {
  const layer = layerOf(14, "grids", { county: [area(1, 40, 50)] }, 2);
  assert.equal(gridsAt(mapAt(14), layer, at(90, 90)).length, 1);
  assert.equal(gridsAt(mapAt(14), layer, at(45, 45)).length, 0);
});

test("facilities are hit within ten pixels, from the zoom on that draws them", () => {
  const layer = layerOf(12, "coverage", { facility: [point(100, 100, { id: 5, name: "" })] });
  assert.equal(facilityAt(mapAt(12), layer, { facility_zoom: 12 }, at(109, 100))?.props.id, 5);
  assert.equal(facilityAt(mapAt(12), layer, { facility_zoom: 12 }, at(111, 100)), null);
  assert.equal(facilityAt(mapAt(12), layer, { facility_zoom: 13 }, at(100, 100)), null);
});

test("an issue is hit where it is drawn, a cluster in the middle of its cell", () => {
  const single = layerOf(16, "issues", { issue: [point(10, 10, { n: 1, id: 7 })] });
  assert.equal(issueAt(mapAt(16), single, at(20, 10))?.props.id, 7);
  const cluster = layerOf(12, "issues", { issue: [point(1, 1, { n: 50 })] });
  assert.equal(issueAt(mapAt(12), cluster, at(48, 32))?.props.n, 50);
  assert.equal(issueAt(mapAt(12), cluster, at(0, 0)), null);
});

test("a badge is hit beneath the name, not at it", () => {
  const style = { levels: { town: { label_size: 15 } } };
  const layer = layerOf(12, "members", { unheld: [point(100, 100, { id: 4, level: "town", name: "衡山镇", area: 100, n: 3 })] });
  assert.equal(badgeAt(mapAt(12), layer, style, at(100, 123))?.props.id, 4);
  assert.equal(badgeAt(mapAt(12), layer, style, at(100, 100)), null);
});

test("every piece of a grid that is here is drawn, and no other grid's", () => {
  const layer = layerOf(14, "grids", { town: [area(2, 0, 10), area(3, 10, 20), area(2, 20, 30)] });
  const drawn = [];
  eachPiece(mapAt(14), layer, "town", 2, (rings, { origin }) => drawn.push([rings[0][0].x, origin.x]));
  assert.deepEqual(drawn, [[0, 0], [20, 0]]);
});
