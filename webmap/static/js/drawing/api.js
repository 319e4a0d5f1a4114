// Plans over HTTP: what is sent carries the revision that was seen, what comes back is data or a
// Problem in the reader's language.

export class Problem extends Error {
  /** status is 0 where no answer came. */
  constructor(status, data = {}) {
    const { detail = "", kind = "", ids = [], place = null } = data;
    super(detail);
    Object.assign(this, { status, kind, ids, place, data });
  }

  get isOffline() {
    return this.status === 0;
  }

  get isStale() {
    return this.status === 412;
  }
}

/** Ask for data, or send it. Throws a Problem. */
export async function ask(address, { method = "GET", body, revision } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-CSRFToken"] = token();
    headers["Content-Type"] = "application/json";
  }
  if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
  let response;
  try {
    response = await fetch(address, { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}), cache: "no-store" });
  } catch {
    throw new Problem(0);
  }
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, data);
  return data;
}

/** Return what the server wants to see of whoever changes something. */
export function token() {
  const headers = document.getElementById("panel").getAttribute("hx-headers");
  return headers ? JSON.parse(headers)["X-CSRFToken"] : "";
}
