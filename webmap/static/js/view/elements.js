// Elements of the page, of the type that is needed.

/**
 * Return the first element below ``root`` that a selector finds; it must be there, and of the type.
 * @template {Element} Type
 * @param {new () => Type} type
 * @param {string} selector
 * @param {ParentNode} [root]
 */
export function find(type, selector, root = document) {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} ${selector}`);
}

/**
 * Return all elements below ``root`` that a selector finds and that are of the type.
 * @template {Element} Type
 * @param {new () => Type} type
 * @param {string} selector
 * @param {ParentNode} [root]
 */
export function findAll(type, selector, root = document) {
  return [...root.querySelectorAll(selector)].flatMap((each) => (each instanceof type ? [each] : []));
}

/**
 * Return the element that an event happened in and a selector finds, of the type; null elsewhere.
 * @template {Element} Type
 * @param {new () => Type} type
 * @param {EventTarget | null} target
 * @param {string} selector
 */
export function closest(type, target, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof type ? found : null;
}

/**
 * Return what draws on a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no more canvases");
  return context;
}
