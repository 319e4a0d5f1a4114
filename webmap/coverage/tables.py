"""The words and the rows of coverage in files: Excel, and the titles of a GeoPackage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flask_babel import gettext as _

from geodata.coverage.figures.keeping import Figures
from geodata.coverage.standards.definition import describe
from geodata.coverage.standards.model import Kind, Standard
from geodata.exporting import geopackage
from geodata.exporting.coverage import COUNTS, Extract, Line
from geodata.model import LEVELS, REASONS, Coverage, Level, Reason
from geodata.spreadsheets import PERCENT, Cell, Sheet
from webmap.core import asking, i18n
from webmap.core.titles import level_name, reason_name


def count_title(name: str) -> str:
    """Return the title of one of the counts."""
    reason: Reason | None = next((each for each in REASONS if each == name), None)
    if reason:
        return reason_name(reason)
    return {
        "households": _("Households"),
        "estimated": _("Counted by area"),
        "met": _("Served"),
        "unmet": _("Unserved"),
    }[name]


def method(extract: Extract) -> str:
    """Say how distances are measured."""
    if extract.is_along_roads:
        return _(
            "Distance is the way on foot along the known roads; a building that no road comes near"
            " is measured in a straight line, times the standard's detour."
        )
    return _(
        "No roads are known: distance is a straight line from the building, times the standard's"
        " detour."
    )


def sheets(extract: Extract) -> list[Sheet]:
    """Return the workbook: all figures in one long table, then what they mean."""
    return [_figures(extract), _standards(extract), _explanation(extract)]


def not_current(figures: Figures) -> str:
    """Say of figures that something has changed since, and what becomes of it."""
    computed = i18n.time(figures.computed_at)
    if figures.waiting_since is None:
        return _("Computed %(time)s; what has changed since is not in them yet.", time=computed)
    return _(
        "Computed %(time)s; being recomputed since %(since)s for what has changed.",
        time=computed,
        since=i18n.time(figures.waiting_since),
    )


def about(extract: Extract) -> list[tuple[str, str]]:
    """Return what a file is about and how it is to be read, line by line."""
    place = " / ".join([*(ref.name for ref in extract.place.path), extract.place.name])
    lines = [
        (_("Grid"), f"{place} ({extract.place.code})"),
        (_("As of"), i18n.day(extract.day)),
        (_("Made"), i18n.time(asking.now())),
        *(() if extract.figures.is_current else ((_("Figures"), not_current(extract.figures)),)),
        (_("Distance"), method(extract)),
        (_("Served"), _("Households to whom the standard of the kind is met.")),
        (
            _("Unserved"),
            _("The others. Each has one reason, so that the reasons add up to the unserved."),
        ),
        *((count_title(name), meaning(name)) for name in REASONS),
        (
            _("Counted by area"),
            _(
                "Households of compounds of which no building is known: they are spread evenly"
                " over the compound's area."
            ),
        ),
        (
            _("No data"),
            _("No households are known there. This is missing data, not a missing service."),
        ),
        (
            _("Sums"),
            _(
                "A community's households outside every compound are counted in the community, so"
                " its figures can be larger than those of its compounds together."
            ),
        ),
        (
            _("Coordinates"),
            _(
                "WGS 84 (EPSG:4326), which differs from CGCS2000 (EPSG:4490) by less than a metre;"
                " not GCJ-02 and not BD-09."
            ),
        ),
    ]
    if extract.least:
        lines.append(
            (
                _("Rounded"),
                _(
                    "Counts of households are sums over buildings whose households are rounded to"
                    " classes of %(least)s, so that none tells of a single building. Those who"
                    " answer for the grid see exact ones after signing in.",
                    least=extract.least,
                ),
            )
        )
    else:
        lines.append(
            (_("For whom"), _("Counts are exact, and not for everybody: be careful who gets them."))
        )
    return lines


def standards(extract: Extract) -> list[tuple[str, str]]:
    """Return what counts as served, kind by kind."""
    return [
        (
            i18n.pick(kind.name_zh, kind.name_en),
            "; ".join(
                (
                    _("in towns: %(standard)s", standard=_standard(kind, kind.town)),
                    _("in villages: %(standard)s", standard=_standard(kind, kind.village)),
                )
            ),
        )
        for kind in extract.kinds
    ]


def meaning(reason: str) -> str:
    """Say what a reason means."""
    return {
        "too_far": _("The town has a provider, but none within the standard's distance."),
        "nobody": _("Nobody serves them, and there is none in the town."),
        "over_capacity": _(
            "Providers are in reach, but share their capacity among too many households."
        ),
        "too_few": _("Fewer providers are in reach than the standard asks for."),
        "term_ended": _("They had a provider, which has closed or whose term has ended."),
    }[reason]


def field_titles(extract: Extract) -> geopackage.Titles:
    """Return how the fields of a GeoPackage are titled."""
    names = {kind.kind: i18n.pick(kind.name_zh, kind.name_en) for kind in extract.kinds}
    own = {"code": _("Code"), "name": _("Name of the grid"), "within": _("Lies in")}
    more = {"share": _("Share served"), "note": _("Note")}

    def titles(name: str, kind: str) -> str:
        if not kind:
            return own[name]
        return f"{names[kind]} · {more.get(name) or count_title(name)}"

    return titles


def layer_titles() -> Mapping[str, str]:
    """Return how the layers of a GeoPackage are titled."""
    return {
        **{name: level_name(level) for level, name in geopackage.LAYERS.items()},
        geopackage.FACILITIES: _("Facilities"),
        geopackage.ABOUT: _("About these figures"),
    }


def _standard(kind: Kind, standard: Standard) -> str:
    return i18n.said(describe(standard, by_facility=kind.by_facility))


def _figures(extract: Extract) -> Sheet:
    above: list[Level] = [
        level
        for level in LEVELS
        if LEVELS.index(level) > LEVELS.index(extract.place.level) and level != "compound"
    ]
    head = [
        _("Service"),
        _("Level"),
        _("Code"),
        _("Name of the grid"),
        *(level_name(level) for level in above),
        *(count_title(name) for name in ("households", "met")),
        _("Share served"),
        *(count_title(name) for name in ("unmet", *REASONS, "estimated")),
        _("Most frequent reason"),
    ]
    share = 6 + len(above)
    return Sheet(
        _("Coverage"),
        head,
        _rows(extract, above),
        [16, 11, 18, 22, *[18] * len(above), *[12] * (len(COUNTS) + 1), 20],
        {share: PERCENT},
        is_filtered=True,
    )


def _rows(extract: Extract, above: Sequence[Level]) -> Iterator[list[Cell]]:
    for kind in extract.kinds:
        for line in extract.lines:
            coverage = line.figures[kind.kind]
            yield [
                i18n.pick(kind.name_zh, kind.name_en),
                level_name(line.ref.level),
                line.ref.code,
                line.ref.name,
                *_around(line, above),
                *(_count(coverage, name) for name in ("households", "met")),
                coverage.share,
                *(_count(coverage, name) for name in ("unmet", *REASONS, "estimated")),
                count_title(coverage.reasons[0][0]) if coverage.unmet else None,
            ]


def _count(coverage: Coverage, name: str) -> Cell:
    if not coverage.households:
        return _("no data") if name == "households" else None
    return getattr(coverage, name)


def _around(line: Line, levels: Sequence[Level]) -> list[Cell]:
    names = {ref.level: ref.name for ref in (*line.above, line.ref)}
    return [names.get(level) for level in levels]


def _standards(extract: Extract) -> Sheet:
    rows: list[list[Cell]] = [
        [
            i18n.pick(kind.name_zh, kind.name_en),
            _standard(kind, kind.town),
            _standard(kind, kind.village),
        ]
        for kind in extract.kinds
    ]
    head = [_("Service"), _("Standard in towns"), _("Standard in villages")]
    return Sheet(_("Standards"), head, rows, [20, 60, 60])


def _explanation(extract: Extract) -> Sheet:
    return Sheet(_("About these figures"), [_("What"), _("Meaning")], about(extract), [24, 120])
