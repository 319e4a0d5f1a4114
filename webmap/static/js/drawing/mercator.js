// From degrees to the pixels of a map at a zoom, for many corners at once.

const cache = new WeakMap();

/** Return a ring's places in a world of one by one: [x0, y0, x1, y1, …]; computed once. */
export function world(ring) {
  let found = cache.get(ring);
  if (!found) {
    found = new Float64Array(ring.length * 2);
    for (let i = 0; i < ring.length; i += 1) [found[2 * i], found[2 * i + 1]] = project(ring[i]);
    cache.set(ring, found);
  }
  return found;
}

/** Return a place in a world of one by one. */
export function project([lon, lat]) {
  return [lon / 360 + 0.5, 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)];
}

/** Return the size of the world in pixels at a zoom. */
export function worldSize(zoom) {
  return 256 * 2 ** zoom;
}
