// Short messages over the map. Polite: a screen reader says them when it is free.

/** @import { Strings } from "../types/page.d.ts" */

/**
 * What a message offers to do.
 * @typedef {{ text: string, do: () => void }} Action
 */

export class Notices {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /**
   * Show a message under a name; the same name replaces it.
   * @param {string} name
   * @param {string} text
   * @param {{ action?: Action | Action[] | null, kind?: "info" | "warn", forMs?: number }} [options]
   */
  show(name, text, { action = null, kind = "info", forMs = 0 } = {}) {
    this.hide(name);
    const notice = document.createElement("div");
    notice.className = `notice notice-${kind}`;
    notice.dataset.name = name;
    notice.append(Object.assign(document.createElement("span"), { textContent: text }));
    for (const each of action ? [action].flat() : []) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: each.text });
      button.addEventListener("click", () => each.do());
      notice.append(button);
    }
    this.element.append(notice);
    if (forMs) setTimeout(() => notice.remove(), forMs);
  }

  /** @param {string} name */
  hide(name) {
    this.element.querySelector(`[data-name="${name}"]`)?.remove();
  }
}

/**
 * Tell when the network goes and comes back; retry() runs on its return.
 * @param {Notices} notices
 * @param {Strings} strings
 * @param {() => void} retry
 */
export function watchNetwork(notices, strings, retry) {
  const away = () => notices.show("network", strings.offline, { kind: "warn" });
  const back = () => {
    notices.hide("network");
    notices.show("back", strings.online, { forMs: 3000 });
    retry();
  };
  addEventListener("offline", away);
  addEventListener("online", back);
  if (!navigator.onLine) away();
}
