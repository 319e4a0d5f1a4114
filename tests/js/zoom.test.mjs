import assert from "node:assert/strict";
import { test } from "node:test";
import { allowed, setExactView, tilePixels, tileZoom } from "../../webmap/static/js/view/zoom.js";

test("at a whole zoom a tile's pixel is one of the screen; between two it is not", () => {
  assert.equal(tilePixels(12), 1);
  // Tiles of zoom 12, shown at 11.5, are shrunk: two of their pixels for 1.41 of the screen's.
  assert.equal(tileZoom(11.5), 12);
  assert.ok(Math.abs(tilePixels(11.5) - Math.SQRT2) < 1e-9);
  assert.ok(Math.abs(tilePixels(12.4) - 2 ** -0.4) < 1e-9);
});

test("a view's zoom has one decimal, without the noise of binary fractions", () => {
  assert.equal(String(allowed(9.649999)), "9.6");
  assert.equal(String(allowed(9.69, Math.floor)), "9.6");
});

test("only an exact view leaves the whole zooms", () => {
  const map = {
    options: { zoomSnap: 1 },
    setView(center, zoom) {
      this.went = [center, this.options.zoomSnap ? Math.round(zoom) : zoom];
    },
  };
  setExactView(map, "here", 9.6, {});
  assert.deepEqual(map.went, ["here", 9.6]);
  assert.equal(map.options.zoomSnap, 1);
});
