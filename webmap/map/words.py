"""The words that JavaScript puts on the screen, translated with everything else."""

from __future__ import annotations

from flask_babel import gettext as _

from geodata.issues.reading import STATE_TITLES
from geodata.model import LEVEL_TITLES, RESPONSIBILITY_TITLES, VERDICT_TITLES


def words() -> dict[str, str]:
    """Return them by key, in the reader's language."""
    return {
        **_titles(),
        "title": _("GridMap"),
        "map": _(
            "Map of the grids. Arrow keys move it, plus and minus zoom, Enter selects what is"
            " under the cross, Escape goes back."
        ),
        "level.county.mid": _("county"),
        "level.town.mid": _("town"),
        "level.community.mid": _("community"),
        "level.compound.mid": _("compound"),
        "locate.denied": _(
            "This browser is not sharing your location. Allow it in the "
            "browser's settings, then try again."
        ),
        "locate.failed": _("Your position could not be found. Move into the open and try again."),
        "locate.outside": _("You are outside the county."),
        "locate.you": _("You are here, within {m} m"),
        "base": _("Base map"),
        "base.none": _("No base map"),
        "legend.boundaries": _("Boundaries"),
        "legend.gap": _("Outside every compound"),
        "legend.responsibility": _("Responsible for the {level}"),
        "legend.unheld": _("Compounds with nobody in office, their number"),
        "legend.building": _("Building lead"),
        "legend.issues": _("Issues"),
        "legend.cluster": _("Several issues, with their number"),
        "legend.coverage": _("Households served"),
        "legend.coverage.of": _("Households served: {kind}"),
        "legend.quantile": _("About as many grids ({level}) in each class"),
        "legend.missing": _("No data on households"),
        "legend.facility": _("Facility"),
        "legend.outside": _("Outside the county, counted as well"),
        "kind.worst": _("Worst of all"),
        "share.none": _("no data"),
        "classes.fault": _(
            "Limit {n} must be a whole number from {least} to 100: each limit is larger than the"
            " one before."
        ),
        "classes.full": _(
            "Limit {n} has no room: the one before it is 100. Make that one smaller."
        ),
        "beside.map": _("The map beside it; both move together."),
        "beside.leave": _("End side by side"),
        "legend.selected": _("Selected"),
        "legend.homes": _("Buildings"),
        "legend.out": _("Ground out of reach where people live"),
        "legend.area": _("Service area of the chosen facility"),
        "why.road": _("along roads"),
        "why.straight": _("straight line with detour"),
        "why.estimated": _("counted by area"),
        "unit.m": _("m"),
        "unit.km": _("km"),
        "unit.min": _("min"),
        "changes.legend": _("What differs"),
        "changes.ended": _("Old boundary"),
        "changes.new": _("New boundary"),
        "changes.passed.all": _("Ground that went to another grid"),
        "changes.gained.all": _("Ground that was in no grid before"),
        "changes.lost.all": _("Ground that is in no grid any more"),
        "changes.passed.own": _("Other ground that changed hands"),
        "changes.gained.own": _("Ground gained"),
        "changes.lost.own": _("Ground lost"),
        "changes.spot": _("Grids changed here: zoom in"),
        "panel.failed": _("This could not be loaded."),
        "panel.retry": _("Try again"),
        "take.making": _("Creating the file. This can take a few seconds."),
        "take.failed": _("The file could not be created."),
        "offline": _("You are offline. What has been loaded stays on the map."),
        "online": _("Connected again."),
        "tiles.failed": _("Parts of the map could not be loaded."),
        "link.copied": _("Link copied."),
        "search.none": _("Nothing found"),
        "search.count": _("{n} results"),
        "search.more": _("The first {n} results. Type more to narrow them."),
        "draw.undo": _("Undo"),
        "draw.offline": _("Not saved: no connection. Nothing is lost."),
        "scenario.add": _("Click where the new facility should be: {kind}."),
        "scenario.move": _("Click the facility to move: {kind}."),
        "scenario.to": _("Now click its new place."),
        "scenario.close": _("Click the facility to close: {kind}."),
        "scenario.none": _("There is none here: {kind}. Click on one of its points."),
        "scenario.before": _("As it is"),
        "scenario.after": _("As it would be"),
        "scenario.pin.add": _("New facility"),
        "scenario.pin.move": _("Facility that moves"),
        "scenario.pin.close": _("Facility that closes"),
        "scenario.cancel": _("Cancel"),
        "sheet.peek": _("Panel folded. Open it halfway."),
        "sheet.half": _("Panel half open. Open it fully."),
        "sheet.full": _("Panel fully open. Fold it."),
    }


def drawing_words() -> dict[str, str]:
    """Return the words of the drawing mode by key, in the reader's language."""
    return {
        "draw.legend": _("Plan"),
        "draw.legend.made": _("As the plan draws it"),
        "draw.legend.gone": _("As published"),
        "draw.legend.before": _("Boundaries as published"),
        "draw.legend.after": _("Boundaries as planned"),
        "draw.legend.comes": _("Comes to {name}"),
        "draw.legend.goes": _("Goes from {name}"),
        "draw.legend.hands": _("Ground that changes hands"),
        "draw.phases": _("What the map shows of the plan"),
        "draw.before": _("Before"),
        "draw.both": _("Both"),
        "draw.after": _("After"),
        "draw.corner": _("Corner {n}. Arrow keys move it, Enter sets it, Delete removes it."),
        "draw.junction": _("Corner {n}, where edges meet. Arrow keys move it, Enter sets it."),
        "draw.middle": _("New corner here"),
        "draw.households": _("{n} households"),
        "draw.unknown": _("households unknown"),
        "draw.zoom": _("Only junctions can be moved at this zoom. Zoom in to see every corner."),
        "draw.split": _("Split"),
        "draw.split.hint": _("Draw the line along which {name} is split, from edge to edge."),
        "draw.merge": _("Merge"),
        "draw.merge.hint": _("Click the neighbour that {name} takes in."),
        "draw.hand_over": _("Hand over"),
        "draw.hand_over.hint": _("Click the grid that {name} should belong to."),
        "draw.redraw": _("Redraw an edge"),
        "draw.redraw.hint": _("Draw the new edge of {name}: begin and end on two of its corners."),
        "draw.draw": _("New compound"),
        "draw.draw.hint": _("Draw the new compound. Land of its neighbours stays theirs."),
        "draw.draw_community": _("New community"),
        "draw.draw_community.hint": _(
            "Draw the new community where there is none. Land of its neighbours stays theirs."
        ),
        "draw.draw_town": _("New town"),
        "draw.draw_town.hint": _(
            "Draw the new town where there is none. Land of its neighbours stays theirs."
        ),
        "draw.cut_out": _("Cut an area out"),
        "draw.cut_out.hint": _("Draw the part of {name} that becomes a grid of its own."),
        "draw.annex": _("Take an area in"),
        "draw.annex.hint": _("Draw the area to add to {name}. Its neighbours give it up."),
        "draw.remove": _("Remove"),
        "draw.divide": _("Divide by households"),
        "draw.divide.hint": _(
            "How many parts with equal households should {name} be divided into?"
        ),
        "draw.balance": _("Even out households"),
        "draw.balance.hint": _("Click the neighbour with which {name} evens out its households."),
        "draw.close_slivers": _("Close slivers"),
        "draw.do": _("Apply"),
        "draw.name": _("What is it called?"),
        "draw.make": _("Create the grid"),
        "draw.finish": _("Finish"),
        "draw.back": _("Remove the last corner"),
        "draw.held": _("Drag its corners, click to add more, then finish it again."),
        "draw.snap": _("Snap"),
        "draw.follow": _("Follow lines"),
        "draw.follow.hint": _("All corners between two points on a line are followed."),
        "draw.follow.key": _("Key T toggles it."),
        "reference.drop": _("Drop the file here: it becomes a reference layer of the plan."),
        "reference.sending": _("Sending {name}"),
        "reference.reading": _("The file is being read"),
        "reference.offline": _("The file did not arrive: no connection. It is kept here."),
        "draw.cancel": _("Cancel"),
        "draw.loading": _("Loading"),
        "draw.not.this": _("Not this one: choose one of the highlighted grids."),
        "draw.ends": _("Begin and end the line on two corners of the grid's edge."),
        "draw.forget": _("Discard mine"),
        "draw.mine": _("Apply mine on top"),
        "draw.theirs": _("Keep the current version"),
    }


def _titles() -> dict[str, str]:
    """Return the titles of levels, states and verdicts, by kind and key."""
    kinds = {
        "level": LEVEL_TITLES,
        "state": RESPONSIBILITY_TITLES,
        "issue": STATE_TITLES,
        "verdict": VERDICT_TITLES,
    }
    return {
        f"{kind}.{key}": title.said(_)
        for kind, titles in kinds.items()
        for key, title in titles.items()
    }
