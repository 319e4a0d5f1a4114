"""The words for findings: a title for the group, a line for each case, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Words:
    """``title`` heads a group, ``case`` is the template of one line, ``advice`` says what to do."""

    title: str
    case: str
    advice: str = ""


WORDS: dict[str, Words] = {
    "empty": Words("No shape", "{row}", "Draw the shape, or delete the row."),
    "wrong_type": Words(
        "Not a polygon", "{row} is a {type}", "A layer of grids holds polygons only."
    ),
    "not_finite": Words(
        "Coordinates that are no numbers (NaN or infinite)", "{row}", "Draw the shape again."
    ),
    "too_many_points": Words(
        "Too many corners",
        "{row} has {corners:,} corners; the limit is {limit:,}",
        "Simplify the shape: no boundary on the ground needs so many.",
    ),
    "out_of_range": Words(
        "Coordinates that cannot be degrees: the coordinate system must be another",
        "{row} lies at {x:.1f}, {y:.1f}",
        "Give the right system with --crs.",
    ),
    "far_away": Words(
        "Far from the county",
        "{row} lies {km:,} km away",
        "Check the coordinate system (--crs) and the order of longitude and latitude.",
    ),
    "invalid": Words(
        "Invalid shapes",
        "{row}: {reason}",
        "Correct them in the drawing program, or let --repair unfold them.",
    ),
    "no_code": Words("No code", "{row}", "Every grid needs a code of its own."),
    "duplicate_code": Words(
        "The same code twice", "{row} and {other}", "A code belongs to one grid."
    ),
    "no_name": Words(
        "No name",
        "{row}",
        "Fill the column in, or give the code's column as --name.",
    ),
    "duplicate_name": Words(
        "The same name twice in one grid of the level above", "{row} and {other}"
    ),
    "broken_text": Words(
        "Names that look like a wrong encoding", '{row}: "{text}"', "Read the file with --encoding."
    ),
    "bad_number": Words(
        "Not a whole number", '{row}: {column} is "{text}"', "Correct the column, or leave it out."
    ),
    "overlap": Words(
        "Overlaps within the file",
        "{row} and {other} share {m2} m²",
        "Decide whose ground it is, or let --repair give it to the longer neighbour.",
    ),
    "overlap_existing": Words(
        "Overlaps with grids that are not in the file",
        "{row} and {other} share {m2} m²",
        "Bring those grids in the same file, or correct the shapes.",
    ),
    "sliver": Words(
        "Slivers: grids smaller than 1 m²",
        "{row} has {m2} m²",
        "Delete the row if it is a leftover of drawing; --repair keeps it and records it.",
    ),
    "stray_piece": Words(
        "Stray pieces smaller than 1 m²",
        "{row}: {m2} m²",
        "--repair gives them to the neighbour.",
    ),
    "narrow_gap": Words(
        "Gaps narrower than 1 m between neighbours",
        "{row}: {m2} m²",
        "--repair closes them.",
    ),
    "multipart": Words("Not in one piece", "{row} has {pieces} pieces"),
    "no_parent": Words(
        "The parent named in the file is unknown",
        '{row} names "{parent}"',
        "Correct the column, import the level above first, or leave --parent out to go by place.",
    ),
    "does_not_nest": Words(
        "Does not lie in one grid of the level above",
        "{row}: {share:.1%} in {parent}, {m2} m² outside",
        "The two levels divide the land differently, or one is of another year. --accept"
        " outside_parent --reason TEXT records an exception.",
    ),
    "outside_parent": Words("Leaves its parent", "{row} leaves {parent} by {m2} m² ({out:.2%})"),
    "gap": Words(
        "Ground that no grid covers",
        "{parent}: {m2} m² in {pieces} pieces ({share:.1%})",
        "Draw the missing grids, or --accept gap --reason TEXT.",
    ),
    "no_children": Words("Without any grid of this level yet", "{parent}"),
    "frame_offset": Words(
        "Shifted like a Chinese web map",
        "",
        "",
    ),
    "not_in_file": Words("In the database but not in the file; they stay as they are", "{row}"),
    # Plans that are made of a file.
    "plan_fault": Words(
        "To be put right in the plan before it is submitted",
        "{text}",
        "gridmap plan check lists each with what mends it, and the map draws it.",
    ),
    "plan_day_past": Words(
        "The day of the plan is past: what is past is not published",
        "{day}",
        "Give the plan today or a later day: gridmap plan change NUMBER --on DAY.",
    ),
    # Roads.
    "not_a_line": Words("Not a line", "{row}", "Points and areas are left out of the roads."),
    "crossing": Words(
        "Roads that cross without meeting",
        "two roads",
        "Nobody can turn there. If they are junctions, import with --join-crossings.",
    ),
    "island": Words(
        "Islands: roads without a way to the rest",
        "{metres:,.0f} m, edges: {edges:,}",
        "Places are not counted from there. Draw the missing piece, or raise --tolerance.",
    ),
    # Tables: members, issues, facilities, buildings.
    "bad_value": Words("Values that cannot be read", '{row}: {column} is "{text}" ({reason})'),
    "missing_value": Words("Values that are missing", "{row}: {column} is empty"),
    "unknown_value": Words(
        "Values that are not known here", '{row}: {column} is "{text}"', "Known are: {known}."
    ),
    "bad_point": Words("No usable place", "{row}: {reason}"),
    "outside_county": Words(
        "Outside the county",
        "{row} lies at {lon:.5f}, {lat:.5f}",
        "They are imported all the same.",
    ),
    "swapped": Words(
        "Longitude and latitude are swapped",
        "{row} and {count:,} more",
        "Name the columns the other way round: --map lon=COLUMN --map lat=COLUMN.",
    ),
    "duplicate_row": Words("The same row twice", "{row} repeats row {first}"),
    "duplicate_duty": Words("The same duty twice", "{row} repeats the duty of row {first}"),
    "unknown_place": Words(
        "Places that are not known here",
        '{row}: {column} is "{text}"',
        "Import the grids first, or correct code or name.",
    ),
    "ambiguous_place": Words(
        "Names that several grids carry", '{row}: "{text}"', "Give the code instead of the name."
    ),
    "personal_number": Words(
        "Personal numbers in texts that everybody can read",
        "{row}: {column} holds what looks like {what}",
        "They are imported all the same: delete them in the file unless they are meant for"
        " everybody, and import it again.",
    ),
}

# What a text seems to hold, by the kinds of geodata/privacy.py.
PERSONAL_NUMBERS: dict[str, Phrase] = {
    "identity_number": Phrase("an identity number"),
    "mobile_number": Phrase("a mobile phone number"),
    "landline_number": Phrase("a landline number"),
}

# What an import wrote, by the name under which reports count it.
COUNTS: dict[str, Phrase] = {
    "new county": Phrase("{number:,} new county"),
    "new towns": Phrase("{number:,} new towns"),
    "new communities": Phrase("{number:,} new communities"),
    "new compounds": Phrase("{number:,} new compounds"),
    "new versions of known grids": Phrase("{number:,} new versions of known grids"),
    "neighbours that got shared corners": Phrase("{number:,} neighbours that got shared corners"),
    "new members": Phrase("{number:,} new members"),
    "new duties": Phrase("{number:,} new duties"),
    "known duties": Phrase("{number:,} known duties"),
    "new issues": Phrase("{number:,} new issues"),
    "updated issues": Phrase("{number:,} updated issues"),
    "issues that changed state": Phrase("{number:,} issues that changed state"),
    "new facilities": Phrase("{number:,} new facilities"),
    "updated facilities": Phrase("{number:,} updated facilities"),
    "new road edges": Phrase("{number:,} new road edges"),
    "removed road edges": Phrase("{number:,} earlier road edges replaced"),
    "new buildings": Phrase("{number:,} new buildings"),
    "updated buildings": Phrase("{number:,} updated buildings"),
}

DEEDS: dict[str, Phrase] = {
    "invalid": Phrase("unfolded"),
    "vanishes": Phrase("kept as the smallest shape that can be stored"),
    "coverage": Phrase("boundary fitted to its neighbours"),
}

# The columns of a report as a table, then what its first column can say.
COLUMNS = (
    Phrase("severity"),
    Phrase("kind"),
    Phrase("row"),
    Phrase("code"),
    Phrase("name"),
    Phrase("other"),
    Phrase("m2"),
    Phrase("lon"),
    Phrase("lat"),
    Phrase("text"),
    Phrase("title"),
    Phrase("advice"),
)
SEVERITIES: dict[str, Phrase] = {
    "blocking": Phrase("blocking"),
    "warning": Phrase("warning"),
    "repaired": Phrase("repaired"),
    "difference": Phrase("difference"),
}

# What GEOS calls shapes and their faults, and the database the places of duties: they reach a
# report as data.
GIVEN = (
    Phrase("Point"),
    Phrase("MultiPoint"),
    Phrase("LineString"),
    Phrase("LinearRing"),
    Phrase("MultiLineString"),
    Phrase("GeometryCollection"),
    Phrase("Topology Validation Error"),
    Phrase("Repeated Point"),
    Phrase("Hole lies outside shell"),
    Phrase("Holes are nested"),
    Phrase("Interior is disconnected"),
    Phrase("Self-intersection"),
    Phrase("Ring Self-intersection"),
    Phrase("Nested shells"),
    Phrase("Duplicate Rings"),
    Phrase("Too few points in geometry component"),
    Phrase("Invalid Coordinate"),
    Phrase("Ring is not closed"),
    Phrase("building"),
    Phrase("entrance"),
)
