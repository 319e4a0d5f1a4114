// The libraries of drawing, loaded when they are first wanted. Their addresses are the page's own.

const loading = new Map();

/** Load a script once; it leaves a global behind. */
export function script(address) {
  return once(address, () => Object.assign(document.createElement("script"), { src: address }));
}

/** Load a style sheet once, before the map's own so that those have the last word. */
export function sheet(address) {
  return once(address, () => Object.assign(document.createElement("link"), { rel: "stylesheet", href: address }));
}

function once(address, make) {
  if (!loading.has(address)) {
    const done = new Promise((resolve, reject) => {
      const element = make();
      element.addEventListener("load", resolve);
      element.addEventListener("error", () => {
        loading.delete(address);
        element.remove();
        reject(new Error(`${address} was not loaded`));
      });
      if (element.rel) document.head.prepend(element);
      else document.head.append(element);
    });
    loading.set(address, done);
  }
  return loading.get(address);
}
