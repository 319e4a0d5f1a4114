"""The words that JavaScript puts on the screen, translated with everything else."""

from __future__ import annotations

from flask_babel import gettext as _


def words() -> dict[str, str]:
    """Return them by key, in the reader's language."""
    return {
        "title": _("GridMap"),
        "map": _(
            "Map of the grids. Arrow keys move it, plus and minus zoom, Enter selects what is"
            " under the cross, Escape goes back."
        ),
        "level.county": _("County"),
        "level.town": _("Town"),
        "level.community": _("Community"),
        "level.compound": _("Compound"),
        "level.county.mid": _("county"),
        "level.town.mid": _("town"),
        "level.community.mid": _("community"),
        "level.compound.mid": _("compound"),
        "locate.denied": _(
            "This browser does not tell the map where you are. Allow it in the browser's"
            " settings, then try again."
        ),
        "locate.failed": _(
            "Your position could not be found. Go where the sky is open and try again."
        ),
        "locate.outside": _("You are outside the county."),
        "locate.you": _("You are here, within {m} m"),
        "base": _("Base map"),
        "base.none": _("No base map"),
        "legend.boundaries": _("Boundaries"),
        "legend.gap": _("Outside every compound"),
        "legend.responsibility": _("Responsible for the {level}"),
        "state.held": _("Held"),
        "state.deputy": _("Deputy only"),
        "state.ended": _("Term ended"),
        "state.vacant": _("Vacant"),
        "legend.unheld": _("Compounds with nobody in office, their number"),
        "legend.building": _("Building lead"),
        "legend.issues": _("Issues"),
        "legend.cluster": _("Several issues, with their number"),
        "issue.overdue": _("Overdue"),
        "issue.open": _("Open"),
        "issue.suspended": _("Hung up"),
        "issue.closed": _("Closed"),
        "legend.coverage": _("Households in reach"),
        "legend.coverage.of": _("Households in reach: {kind}"),
        "legend.missing": _("No data on households"),
        "legend.facility": _("Facility"),
        "legend.selected": _("Selected"),
        "panel.failed": _("This could not be loaded."),
        "panel.retry": _("Try again"),
        "offline": _("You are offline. What has been loaded stays on the map."),
        "online": _("Connected again."),
        "tiles.failed": _("Parts of the map could not be loaded."),
        "link.copied": _("Link copied."),
        "search.none": _("Nothing found"),
        "search.count": _("{n} results"),
        "search.more": _("The first {n} results. Type more to narrow them."),
        "sheet.peek": _("Panel folded. Open it halfway."),
        "sheet.half": _("Panel half open. Open it fully."),
        "sheet.full": _("Panel fully open. Fold it."),
    }
