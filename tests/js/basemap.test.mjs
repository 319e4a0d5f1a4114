import assert from "node:assert/strict";
import { test } from "node:test";

import { createBaseLayer, labelRules } from "../../webmap/static/js/map/basemap.js";
import { gcj02ToWgs84, shiftedTileLayer, tileBox, wgs84ToGcj02 } from "../../webmap/static/js/map/gcj02.js";

// The same reference points as tests/unit/test_frames.py.
const POINTS = [
  [[121.5272106, 31.1774276], [121.531541859215, 31.17530398364597]],
  [[113.912316, 22.543847], [113.9171764808363, 22.540796131694766]],
  [[116.377817, 39.911954], [116.38404722455657, 39.91334545536069]],
];

const close = (actual, expected, tolerance) =>
  actual.forEach((value, axis) => assert.ok(Math.abs(value - expected[axis]) < tolerance, `${actual} is not ${expected}`));

const worldPixel = ([lon, lat], z) => {
  const world = 256 * 2 ** z;
  const phi = (lat * Math.PI) / 180;
  return [((lon + 180) / 360) * world, (0.5 - Math.asinh(Math.tan(phi)) / (2 * Math.PI)) * world];
};

const tileAt = (point, z) => worldPixel(point, z).map((pixel) => Math.floor(pixel / 256));

test("GCJ-02 agrees with published points, there and back", () => {
  for (const [wgs84, gcj02] of POINTS) {
    close(wgs84ToGcj02(wgs84), gcj02, 1e-12);
    close(gcj02ToWgs84(gcj02), wgs84, 1e-11);
  }
});

test("abroad nothing moves", () => {
  assert.deepEqual(wgs84ToGcj02([-0.02, 51.46]), [-0.02, 51.46]);
  assert.deepEqual(gcj02ToWgs84([-0.02, 51.46]), [-0.02, 51.46]);
  const [x, y] = tileAt([-0.02, 51.46], 14);
  assert.deepEqual(tileBox({ x, y, z: 14 }, 256), { left: x * 256, top: y * 256, width: 256, height: 256 });
});

test("what a shifted tile shows lies where it is on the ground", () => {
  for (const z of [10, 14, 16, 18]) {
    for (const place of [[116.35, 31.41], [121.5272106, 31.1774276], [113.912316, 22.543847]]) {
      const drawn = wgs84ToGcj02(place);
      const [x, y] = tileAt(drawn, z);
      const within = worldPixel(drawn, z).map((pixel, axis) => (pixel - [x, y][axis] * 256) / 256);
      const box = tileBox({ x, y, z }, 256);
      const seen = [box.left + within[0] * box.width, box.top + within[1] * box.height];
      close(seen, worldPixel(place, z), 1.6);
    }
  }
});

test("neighbouring shifted tiles leave no gap, overlap by a pixel or two, and are never stretched visibly", () => {
  const z = 15;
  const [x0, y0] = tileAt([116.35, 31.41], z);
  for (let x = x0; x < x0 + 12; x += 1) {
    for (let y = y0; y < y0 + 12; y += 1) {
      const box = tileBox({ x, y, z }, 256);
      const east = tileBox({ x: x + 1, y, z }, 256);
      const south = tileBox({ x, y: y + 1, z }, 256);
      const across = tileBox({ x: x + 1, y: y + 1, z }, 256);
      for (const lap of [
        box.left + box.width - east.left,
        box.top + box.height - south.top,
        box.left + box.width - across.left,
        box.top + box.height - across.top,
      ]) {
        assert.ok(lap >= 0 && lap <= 2, `neighbours overlap by ${lap} pixels`);
      }
      assert.ok(Math.abs(box.width - 256) <= 2 && Math.abs(box.height - 256) <= 2, JSON.stringify(box));
    }
  }
});

// Of Leaflet only what the shifted layer builds on: the plain bounds and points.
function leaflet() {
  class TileLayer {
    initialize(url, options) {
      this.url = url;
      this.options = options;
      this.heard = {};
    }
    constructor(url, options) {
      this.initialize(url, options);
    }
    on(name, listener) {
      this.heard[name] = listener;
    }
    getTileSize() {
      return { x: 256, y: 256 };
    }
    _getTiledPixelBounds(center) {
      return center;
    }
  }
  const point = (x, y) => ({ x, y, subtract: (other) => ({ x: x - other.x, y: y - other.y }) });
  return { TileLayer, point, latLng: (lat, lng) => ({ lat, lng }), layerGroup: (layers) => ({ layers }) };
}

test("the shifted layer asks for the tiles of the shifted view and moves and sizes each", () => {
  const layer = new (shiftedTileLayer(leaflet()))("/{z}/{x}/{y}", {});
  const center = layer._getTiledPixelBounds({ lng: 116.35, lat: 31.41 });
  close([center.lng, center.lat], wgs84ToGcj02([116.35, 31.41]), 1e-12);

  const [x, y] = tileAt([116.35, 31.41], 16);
  const coords = { x, y, z: 16 };
  const box = tileBox(coords, 256);
  layer._level = { origin: { x: box.left - 7, y: box.top - 9 } };
  const position = layer._getTilePos(coords);
  assert.deepEqual([position.x, position.y], [7, 9]);
  assert.ok(Math.abs(box.left - x * 256) > 50, "in Huoshan GCJ-02 is hundreds of metres off");

  const tile = { style: {} };
  layer.heard.tileloadstart({ tile, coords });
  assert.deepEqual(tile.style, { width: `${box.width}px`, height: `${box.height}px`, mixBlendMode: "normal" });
});

test("none is null, and names of services are text, never markup", () => {
  assert.equal(createBaseLayer(leaflet(), { kind: "none" }), null);
  assert.equal(createBaseLayer(leaflet(), undefined), null);
  const config = {
    kind: "xyz", urls: ["/{z}/{x}/{y}", "/names/{z}/{x}/{y}"], frame: "wgs84", minZoom: 0, maxZoom: 18,
    attribution: "<img src=x onerror=alert(1)>", attributionUrl: "https://a.example/?a=1&b=\"2\"", note: "A & B",
  };
  const { layers } = createBaseLayer(leaflet(), config);
  assert.equal(
    layers[0].options.attribution,
    '<a href="https://a.example/?a=1&amp;b=&quot;2&quot;" rel="noopener noreferrer" target="_blank">' +
      "&lt;img src=x onerror=alert(1)&gt;</a> · A &amp; B",
  );
  assert.equal(layers[1].options.attribution, "");
});

test("labels follow the language and the administrator's choice", () => {
  const made = [];
  const protomaps = new Proxy({}, { get: () => class { constructor(options) { made.push(options); } } });
  assert.deepEqual(labelRules(protomaps, { labels: "none" }), []);
  const layers = new Set(labelRules(protomaps, { labels: "roads" }).map((rule) => rule.filter(14, { props: { kind: "town", name: "衡山镇" } })));
  assert.deepEqual([...layers], [false]);
  assert.ok(labelRules(protomaps, { lang: "en" }).some((rule) => rule.filter(14, { props: { kind: "town", name: "衡山镇" } })));
  assert.ok(made.some((options) => options.labelProps?.[0] === "name_en"));
});
