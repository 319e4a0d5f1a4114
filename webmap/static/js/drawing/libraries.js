// The libraries of drawing, loaded when they are first wanted. Their addresses are the page's own.

/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/**
 * Load a script once; it leaves a global behind.
 * @param {string} address
 */
export function script(address) {
  return once(address, () => {
    const element = Object.assign(document.createElement("script"), { src: address });
    document.head.append(element);
    return element;
  });
}

/**
 * Load a style sheet once, before the map's own so that those have the last word.
 * @param {string} address
 */
export function sheet(address) {
  return once(address, () => {
    const element = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
    document.head.prepend(element);
    return element;
  });
}

/**
 * @param {string} address
 * @param {() => HTMLElement} add  puts an element into the page that loads it
 */
function once(address, add) {
  const known = loading.get(address);
  if (known) return known;
  /** @type {Promise<void>} */
  const done = new Promise((resolve, reject) => {
    const element = add();
    element.addEventListener("load", () => resolve());
    element.addEventListener("error", () => {
      loading.delete(address);
      element.remove();
      reject(new Error(`${address} was not loaded`));
    });
  });
  loading.set(address, done);
  return done;
}
