// The faults that the panel lists, as marks on the map, and the way from one to the next; and what
// the law said to the last attempt, at its place.

export class Faults {
  #layer;
  #said = null;
  #current = null;

  /** ``list`` holds the items [data-fault]; go(ids, place) leads to grids and to a place or null. */
  constructor(map, list, go) {
    Object.assign(this, { map, list, go });
    if (!map.getPane("marks")) map.createPane("marks").style.zIndex = 640;
    this.#layer = L.layerGroup().addTo(map);
    list.addEventListener("click", (event) => {
      const doer = event.target.closest("[data-do]")?.dataset.do;
      if (doer === "fault") this.#open(event.target.closest("[data-fault]"));
      else if (doer === "next-fault") this.#next();
    });
  }

  /** Mark the faults that are listed now, each at its place; none where no list is. */
  show(isListed = true) {
    this.#layer.clearLayers();
    for (const item of isListed ? this.#items : []) {
      if (!item.dataset.place) continue;
      const icon = L.divIcon({ className: `fault-mark fault-mark-${item.dataset.kind}`, iconSize: [22, 22], html: "" });
      const text = item.querySelector(".fault-go").textContent.trim().replace(/\s+/g, " ");
      // The list in the panel is the way for keyboards.
      const mark = L.marker(placeOf(item).toReversed(), { icon, pane: "marks", keyboard: false, title: text, alt: "" });
      mark.on("click", () => this.#open(item));
      this.#layer.addLayer(mark);
    }
    this.#mark();
  }

  /** Say something at a place until the next thing is done; the map goes there if it is out of sight. */
  say(place, text) {
    this.hush();
    const words = Object.assign(document.createElement("span"), { textContent: text });
    this.#said = L.tooltip({ permanent: true, direction: "top", className: "said", pane: "marks", interactive: false })
      .setLatLng([place[1], place[0]])
      .setContent(words)
      .addTo(this.map);
    const at = this.#said.getLatLng();
    if (!this.map.getBounds().contains(at)) this.map.panTo(at);
  }

  hush() {
    this.#said?.remove();
    this.#said = null;
  }

  get #items() {
    return [...this.list.querySelectorAll("[data-fault]")];
  }

  #next() {
    const items = this.#items;
    const at = items.findIndex((each) => each.dataset.fault === this.#current);
    this.#open(items[(at + 1) % items.length]);
  }

  #open(item) {
    this.#current = item.dataset.fault;
    this.#mark();
    const fold = item.parentElement.closest("details");
    if (fold) fold.open = true;
    item.scrollIntoView({ block: "nearest" });
    this.go(item.dataset.ids.split(",").map(Number), item.dataset.place ? placeOf(item) : null);
  }

  #mark() {
    for (const each of this.#items) each.classList.toggle("current", each.dataset.fault === this.#current);
  }
}

function placeOf(item) {
  return item.dataset.place.split(",").map(Number);
}
