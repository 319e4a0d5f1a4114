// A link to the present view: by the phone's own means, by the clipboard, or to be read.

/** @import { Strings } from "../types/page.d.ts" */
/** @import { Notices } from "./notices.js" */
/** @import { Sheet } from "./sheet.js" */

/**
 * Share the address; notices say how it went.
 * @param {{ notices: Notices, strings: Strings, sheet: Sheet }} parts
 */
export async function share({ notices, strings, sheet }) {
  const url = location.href;
  try {
    if (navigator.share && sheet.isSheet) await navigator.share({ title: document.title, url });
    else {
      await navigator.clipboard.writeText(url);
      notices.show("share", strings["link.copied"], { forMs: 2500 });
    }
  } catch {
    notices.show("share", url, { forMs: 10_000 });
  }
}
