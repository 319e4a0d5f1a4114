"""What lists of facilities and buildings say of sites that moved, or may have."""

from __future__ import annotations

from collections.abc import Sequence

from geodata.errors import InvalidInputError
from geodata.importing.findings.finding import Finding
from geodata.importing.lists import sites
from geodata.importing.lists.identifying import ALL
from geodata.importing.lists.persons import plain_name
from geodata.importing.lists.reading import ListImport
from geodata.importing.lists.sites import Site
from geodata.importing.values.rows import Sheet


def identify(
    order: ListImport, sheet: Sheet, rows: Sequence[Site], known: Sequence[Site], *, ask_m: float
) -> dict[int, Site]:
    """Return what is known of the rows; note what moved, and which rows are in doubt.

    Raises:
        InvalidInputError: a decision about a name that no row has
    """
    names = {plain_name(site.name) for site in rows} | {ALL}
    for option, told in (("--same", order.same), ("--different", order.different)):
        for name in told:
            if plain_name(name) not in names:
                raise InvalidInputError(
                    "{option} {name}: no row has this name.", option=option, name=name
                )
    found = sites.match(rows, known, ask_m=ask_m, same=order.same, different=order.different)
    for site, before, metres in found.moved:
        data = {"metres": metres, "name": before.name}
        row = sheet.ref(site.row, site.name)
        spot = (before.lon, before.lat)
        sheet.findings.append(Finding("moved", "warning", (row,), None, spot, data))
    for site, before, metres in found.doubts:
        data = {"metres": metres, "name": before.name}
        row = sheet.ref(site.row, site.name)
        spot = (before.lon, before.lat)
        sheet.findings.append(Finding("which_site", "blocking", (row,), None, spot, data))
        sheet.bad.add(site.row)
    return found.known
