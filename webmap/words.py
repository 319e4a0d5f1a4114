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
        "legend.coverage": _("Households served"),
        "legend.coverage.of": _("Households served: {kind}"),
        "legend.missing": _("No data on households"),
        "legend.facility": _("Facility"),
        "legend.selected": _("Selected"),
        "changes.legend": _("What differs"),
        "changes.ended": _("Boundary that ended"),
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
        "take.making": _("Being made. This can take some seconds."),
        "take.failed": _("The file could not be made."),
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
        "draw.corner": _("Corner {n}. Arrow keys move it, Enter sets it, Delete takes it away."),
        "draw.junction": _("Corner {n}, where edges meet. Arrow keys move it, Enter sets it."),
        "draw.middle": _("New corner here"),
        "draw.households": _("{n} households"),
        "draw.unknown": _("households unknown"),
        "draw.zoom": _("Only where edges meet can be moved now. Zoom in to see every corner."),
        "draw.split": _("Split"),
        "draw.split.hint": _("Draw the line along which {name} is split, from edge to edge."),
        "draw.merge": _("Merge"),
        "draw.merge.hint": _("Click the neighbour that {name} takes in."),
        "draw.hand_over": _("Hand over"),
        "draw.hand_over.hint": _("Click where {name} is to belong."),
        "draw.redraw": _("Redraw an edge"),
        "draw.redraw.hint": _("Draw the new edge of {name}: begin and end on two of its corners."),
        "draw.draw": _("New compound"),
        "draw.draw.hint": _("Draw the new compound; what neighbours have stays theirs."),
        "draw.draw_community": _("New community"),
        "draw.draw_community.hint": _(
            "Draw the new community where there is none; what neighbours have stays theirs."
        ),
        "draw.draw_town": _("New town"),
        "draw.draw_town.hint": _(
            "Draw the new town where there is none; what neighbours have stays theirs."
        ),
        "draw.cut_out": _("Cut an area out"),
        "draw.cut_out.hint": _("Draw the part of {name} that becomes a grid of its own."),
        "draw.annex": _("Take an area in"),
        "draw.annex.hint": _("Draw the area that {name} takes in; neighbours give it up."),
        "draw.remove": _("Remove"),
        "draw.divide": _("Divide by households"),
        "draw.divide.hint": _("Into how many parts with equal households is {name} divided?"),
        "draw.balance": _("Even out households"),
        "draw.balance.hint": _("Click the neighbour with which {name} evens out its households."),
        "draw.close_slivers": _("Close slivers"),
        "draw.do": _("Do it"),
        "draw.name": _("What is it called?"),
        "draw.make": _("Make it"),
        "draw.finish": _("Finish"),
        "draw.back": _("Remove the last corner"),
        "draw.held": _("Drag its corners, click to add more, then finish it again."),
        "draw.snap": _("Snap"),
        "draw.follow": _("Follow lines"),
        "draw.follow.hint": _(
            "From one place on a line to the next, all corners between are taken."
        ),
        "draw.follow.key": _("Key T switches it."),
        "reference.drop": _("Drop the file here: it becomes a reference layer of the plan."),
        "reference.sending": _("Sending {name}"),
        "reference.reading": _("The file is being read"),
        "reference.offline": _("The file did not arrive: no connection. It is kept here."),
        "draw.cancel": _("Cancel"),
        "draw.loading": _("Loading"),
        "draw.not.this": _("Not this one: choose one of those that are lit up."),
        "draw.ends": _("Begin and end the line on two corners of the grid's edge."),
        "draw.undo": _("Undo"),
        "draw.offline": _("Not saved: no connection. Nothing is lost."),
        "draw.forget": _("Drop it"),
        "draw.mine": _("Do mine on top"),
        "draw.theirs": _("Leave it as it is now"),
    }
