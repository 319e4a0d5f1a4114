// Where tiles come from. protomaps-leaflet takes any object with getZxy as an archive; its own
// reader of addresses would hand an error page to the tile parser.

export class TileSource {
  #report;

  /** template holds {z}/{x}/{y}; report(true|false) hears of every answer that arrives or fails. */
  constructor(template, report) {
    this.template = template;
    this.#report = report;
  }

  async getZxy(z, x, y, signal) {
    const url = this.template.replace("{z}", z).replace("{x}", x).replace("{y}", y);
    try {
      const response = await fetch(url, { signal });
      if (response.status === 204) return undefined;
      if (!response.ok) throw new Error(`tile ${z}/${x}/${y}: ${response.status}`);
      const data = await response.arrayBuffer();
      this.#report(true);
      return data.byteLength ? { data } : undefined;
    } catch (error) {
      if (error.name !== "AbortError") this.#report(false);
      throw error;
    }
  }
}
