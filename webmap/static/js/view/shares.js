// What a share says in words: of the grid under the pointer, from tiles that are already here.

/** Return a kind's name in the reader's language. */
export function nameOf(code, kinds, { lang, strings }) {
  if (code === "worst") return strings["kind.worst"];
  const [zh, en] = kinds[code] ?? [code, code];
  return lang === "en" ? en : zh;
}

/** Say a grid's share and what it is of ("Clinic 45%"); "" where the layer shows no shares. */
export function shareOf(layer, id, { kind, kinds }, config) {
  const tiles = layer?.views?.get("coverage")?.tileCache.cache.values() ?? [];
  for (const { data } of tiles) {
    const feature = data.get?.("grid")?.find(({ props }) => props.id === id);
    if (!feature || !kinds) continue;
    const { share, kind: of = kind } = feature.props;
    return share === undefined ? `${nameOf(kind, kinds, config)} ${config.strings["share.none"]}` : `${nameOf(of, kinds, config)} ${share}%`;
  }
  return "";
}
