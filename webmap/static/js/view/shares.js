// What a share says in words: of the grid under the pointer, from tiles that are already here.

/** @import { Config } from "../types/page.d.ts" */
/** @import { VectorLayer } from "../types/tiles.d.ts" */

/** Names of service kinds by code: Chinese, English. @typedef {Record<string, [string, string]>} Kinds */
/** What is drawn of services: the kind asked for, none in other modes. @typedef {{ kind?: string, kinds?: Kinds }} Shown */

/**
 * Return a kind's name in the reader's language.
 * @param {string} code
 * @param {Kinds} kinds
 * @param {Pick<Config, "lang" | "strings">} config
 */
export function nameOf(code, kinds, { lang, strings }) {
  if (code === "worst") return strings["kind.worst"];
  const [zh, en] = kinds[code] ?? [code, code];
  return lang === "en" ? en : zh;
}

/**
 * Say a grid's share and what it is of ("Clinic 45%"); "" where the layer shows no shares.
 * @param {Pick<VectorLayer, "views"> | null} layer
 * @param {number} id
 * @param {Shown} shown
 * @param {Pick<Config, "lang" | "strings">} config
 */
export function shareOf(layer, id, { kind = "", kinds }, config) {
  const tiles = layer?.views?.get("coverage")?.tileCache.cache.values() ?? [];
  for (const { data } of tiles) {
    const feature = data.get("grid")?.find(({ props }) => props.id === id);
    if (!feature || !kinds) continue;
    const { share, kind: of = kind } = feature.props;
    return share === undefined ? `${nameOf(kind, kinds, config)} ${config.strings["share.none"]}` : `${nameOf(of, kinds, config)} ${share}%`;
  }
  return "";
}
