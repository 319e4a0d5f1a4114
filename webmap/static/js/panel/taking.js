// Reports and files that are made while one waits: said so, saved when they are there, and if not, why.

/** @import { Strings } from "../types/page.d.ts" */
/** @import { Notices } from "./notices.js" */

import { contextOf } from "../view/elements.js";

// Of a picture, in pixels: for a slide or a print of A4.
const WIDTH = 2400;

/**
 * Fetch what a link or a button names and save it; a drawing is painted here, where the fonts are.
 * @param {HTMLElement} button
 * @param {Event | null} event
 * @param {{ notices: Notices, strings: Strings }} parts
 */
export async function take(button, event, { notices, strings }) {
  event?.preventDefault();
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  notices.show("take", strings["take.making"]);
  try {
    const answer = await fetch(button instanceof HTMLAnchorElement ? button.href : button.dataset.address ?? "");
    if (!answer.ok) throw new Error(await reason(answer));
    const name = /filename="(.+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
    if (!name) throw new Error("");
    const file = await answer.blob();
    if (file.type.startsWith("image/svg")) save(await painted(file), name.replace(/svg$/, "png"));
    else save(file, name);
    notices.hide("take");
  } catch (error) {
    const again = { text: strings["panel.retry"], do: () => take(button, null, { notices, strings }) };
    // What the network says of itself is in no reader's language.
    const text = error instanceof Error && !(error instanceof TypeError) ? error.message : "";
    notices.show("take", text || strings["take.failed"], { kind: "warn", action: again });
  } finally {
    button.ariaBusy = null;
  }
}

/**
 * The server's error page says what happened and what to do.
 * @param {Response} answer
 */
async function reason(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [...page.querySelectorAll("main > p:not([class])")].map((each) => each.textContent.trim()).join(" ");
}

/** @param {Blob} drawing */
async function painted(drawing) {
  const url = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = WIDTH;
    canvas.height = Math.round((WIDTH * image.naturalHeight) / image.naturalWidth);
    contextOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
    return await /** @type {Promise<Blob>} */ (new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(""))), "image/png")));
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
