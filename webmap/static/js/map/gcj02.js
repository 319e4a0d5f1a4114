// GCJ-02, the frame of Amap's and Tencent's tiles, and where such tiles belong on our map.
// The same formulas as geodata/frames.py, which names their source. Points are [lon, lat] in degrees.

/** A place as [lon, lat] in degrees. @typedef {[lon: number, lat: number]} LonLat */

const A = 6378245.0;
const EE = 0.006693421622965943;
const [WEST, SOUTH, EAST, NORTH] = [72.004, 0.8293, 137.8347, 55.8271];
const ROUNDS = 8;

/** @param {LonLat} point */
function isInChina([lon, lat]) {
  return lon >= WEST && lon <= EAST && lat >= SOUTH && lat <= NORTH;
}

/**
 * @param {number} t
 * @param {[amplitude: number, half: number][]} parts
 */
function waves(t, parts) {
  return parts.reduce((sum, [amplitude, half]) => sum + amplitude * Math.sin((Math.PI * t) / half), 0);
}

/**
 * @param {LonLat} point
 * @returns {LonLat}
 */
function offset([lon, lat]) {
  const x = lon - 105;
  const y = lat - 35;
  const root = Math.sqrt(Math.abs(x));
  const shared = 20 * Math.sin(6 * Math.PI * x) + 20 * Math.sin(2 * Math.PI * x);
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root +
    (2 / 3) * (shared + waves(x, [[20, 1], [40, 3], [150, 12], [300, 30]]));
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root +
    (2 / 3) * (shared + waves(y, [[20, 1], [40, 3], [160, 12], [320, 30]]));
  const phi = (lat * Math.PI) / 180;
  const bend = 1 - EE * Math.sin(phi) ** 2;
  const primeVertical = A / Math.sqrt(bend);
  const meridian = (primeVertical * (1 - EE)) / bend;
  const degrees = 180 / Math.PI;
  return [(east / (primeVertical * Math.cos(phi))) * degrees, (north / meridian) * degrees];
}

/**
 * Shift WGS 84 to GCJ-02; outside China nothing moves.
 * @param {LonLat} point
 * @returns {LonLat}
 */
export function wgs84ToGcj02(point) {
  if (!isInChina(point)) return [...point];
  const [east, north] = offset(point);
  return [point[0] + east, point[1] + north];
}

/**
 * Shift GCJ-02 back to WGS 84, to far below a millimetre; outside China nothing moves.
 * @param {LonLat} point
 * @returns {LonLat}
 */
export function gcj02ToWgs84(point) {
  if (!isInChina(point)) return [...point];
  let guess = point;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [east, north] = offset(guess);
    guess = [point[0] - east, point[1] - north];
  }
  return guess;
}

/**
 * Where the corner (x, y) of a GCJ-02 tile belongs: [x, y] in whole pixels of the world at zoom z.
 * @param {number} x
 * @param {number} y
 * @param {number} z
 * @param {number} size
 */
export function cornerPixel(x, y, z, size) {
  const world = size * 2 ** z;
  const lon = (x / 2 ** z) * 360 - 180;
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** z))) * 180) / Math.PI;
  const [east, north] = gcj02ToWgs84([lon, lat]);
  const phi = (north * Math.PI) / 180;
  return [
    Math.round(((east + 180) / 360) * world),
    Math.round((0.5 - Math.asinh(Math.tan(phi)) / (2 * Math.PI)) * world),
  ];
}

/**
 * Where a whole GCJ-02 tile belongs: {left, top, width, height} in pixels of the world at zoom z.
 *
 * It is the box around the tile's corners. Neighbours share corners, so there is no gap between them,
 * though the offset differs from one to the next; they overlap by a pixel at most.
 * @param {{ x: number, y: number, z: number }} tile
 * @param {number} size
 */
export function tileBox({ x, y, z }, size) {
  const corners = [[x, y], [x + 1, y], [x, y + 1], [x + 1, y + 1]].map(([cx, cy]) => cornerPixel(cx, cy, z, size));
  const left = Math.min(...corners.map(([px]) => px));
  const top = Math.min(...corners.map(([, py]) => py));
  const width = Math.max(...corners.map(([px]) => px)) - left;
  const height = Math.max(...corners.map(([, py]) => py)) - top;
  return { left, top, width, height };
}

/**
 * Make L.TileLayer into one that moves tiles drawn in GCJ-02 to where they belong.
 * @param {Pick<typeof globalThis.L, "TileLayer" | "latLng" | "point">} L
 */
export function shiftedTileLayer(L) {
  return class extends L.TileLayer {
    /**
     * @param {string} url
     * @param {L.TileLayerOptions} options
     */
    constructor(url, options) {
      super(url, options);
      this.on("tileloadstart", ({ tile, coords }) => {
        const { width, height } = tileBox(coords, this.getTileSize().x);
        tile.style.width = `${width}px`;
        tile.style.height = `${height}px`;
        // Leaflet adds up the light of overlapping tiles, for fractional zooms: here a bright seam.
        tile.style.mixBlendMode = "normal";
      });
    }

    /**
     * Which tiles are seen is asked in the frame the tiles are numbered in.
     * @override
     * @param {L.LatLng} center
     */
    _getTiledPixelBounds(center) {
      const [lng, lat] = wgs84ToGcj02([center.lng, center.lat]);
      return super._getTiledPixelBounds(L.latLng(lat, lng));
    }

    /**
     * @override
     * @param {L.Coords} coords
     */
    _getTilePos(coords) {
      const { left, top } = tileBox(coords, this.getTileSize().x);
      return L.point(left, top).subtract(this._level.origin);
    }
  };
}
