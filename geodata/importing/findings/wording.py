"""The words for findings: a title for the group, a line for each case, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.language.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Words:
    """``title`` heads a group, ``case`` is the template of one line, ``advice`` says what to do.

    ``offer`` adds what an option does. It is left out where the command has no such option, or
    where it is on.
    """

    title: str
    case: str
    advice: str = ""
    offer: str = ""


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
    "unclosed": Words(
        "Rings that do not end where they begin",
        "{row}",
        "Perhaps corners are missing. Close them in the drawing program, or let --repair close them"
        " by a straight line.",
    ),
    "invalid": Words(
        "Invalid shapes",
        "{row}: {reason}",
        "Correct them in the drawing program.",
        "--repair unfolds those that cross themselves up to 50 times.",
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
        "Decide whose ground it is, and correct the file.",
        "--repair gives slips of the pen to the neighbour with the longer border.",
    ),
    "overlap_existing": Words(
        "Overlaps with grids that are not in the file",
        "{row} and {other} share {m2} m²",
        "Bring those grids in the same file, or correct the shapes.",
    ),
    "sliver": Words(
        "Slivers: grids smaller than 1 m²",
        "{row} has {m2} m²",
        "Delete the row if it is a leftover of drawing.",
        "--repair keeps it and records it.",
    ),
    "stray_piece": Words(
        "Stray pieces smaller than 1 m²",
        "{row}: {m2} m²",
        "Give them to the neighbour.",
        "--repair does so.",
    ),
    "narrow_gap": Words(
        "Gaps narrower than 1 m between neighbours",
        "{row}: {m2} m²",
        "Draw the border once for both.",
        "--repair closes them.",
    ),
    "moves_much": Words(
        "More ground would move than a repair may",
        "{row}: {m2} m², {moved:.1%} of its ground",
        "Correct the file: a repair moves at most {limit:.0%} of a grid.",
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
        "The two levels divide the land differently, or one is of another year.",
        "--accept outside_parent --reason TEXT records an exception.",
    ),
    "outside_parent": Words("Leaves its parent", "{row} leaves {parent} by {m2} m² ({out:.2%})"),
    "gap": Words(
        "Ground that no grid covers",
        "{parent}: {m2} m² in {pieces} pieces ({share:.1%})",
        "Draw the missing grids.",
        "--accept gap --reason TEXT records an exception.",
    ),
    "no_children": Words("Without any grid of this level yet", "{parent}"),
    "frame_offset": Words(
        "Shifted like a Chinese web map",
        "",
        "",
    ),
    "below_outside": Words(
        "Grids of the levels below that would leave their parent",
        "{row} leaves {parent} by {m2} m²",
        "They are not in this file. Bring it as a plan (--as-plan NAME), in which they are handed"
        " over or cut along the new border. Or let them stand outside for now (--accept"
        " outside_parent --reason TEXT), and bring their own file for the same day next.",
    ),
    "further_outside": Words(
        "Grids further down that lie on that ground", "{row} with {m2} m² outside {parent}"
    ),
    "below_gap": Words(
        "Ground that no grid of the level below would cover",
        "{parent}: {m2} m² in {pieces} pieces ({share:.1%})",
        "Bring the file as a plan (--as-plan NAME), in which the ground is given to one of them. Or"
        " let it stand for now (--accept gap --reason TEXT), and bring the level below for the same"
        " day next.",
    ),
    "parent_ends": Words(
        "The parent ends on a later day",
        "{row} lies in {parent}, which is there until {day}",
        "Other boundaries hold from that day on already. Import the file for that day"
        " (--valid-from), or take back the plan that was published for it.",
    ),
    "parent_moves": Words(
        "Leaves its parent on a later day",
        "{row} leaves {parent} by {m2} m² from {day} on",
        "Other boundaries hold from that day on already. Import the file for that day"
        " (--valid-from), or take back the plan that was published for it.",
    ),
    "overlap_later": Words(
        "Overlaps on a later day",
        "{row} and {other} share {m2} m² from {day} on",
        "Other boundaries hold from that day on already. Import the file for that day"
        " (--valid-from), or take back the plan that was published for it.",
    ),
    "code_later": Words(
        "Codes that others have on a later day",
        "{row} and, from {day} on, {other}",
        "A code belongs to one grid. Give the grid of the file another one.",
    ),
    "code_elsewhere": Words(
        "Known codes on the ground of other grids",
        "{row}: the code has been that of {known}, which lies elsewhere",
        "A code keeps its grid: those in office would go with it to the other ground. Correct"
        " the codes. If they have really changed hands, bring the file as a plan (--as-plan NAME),"
        " in which each grid stays where it is and gets its new code.",
    ),
    "moved_away": Words(
        "Lies elsewhere than before",
        "{row}",
        "Name and code are those of before. Those in office there stay: check the place.",
    ),
    "names_exchanged": Words(
        "Has taken the former name of a neighbour",
        "{row}, so far {known}: {holder_code} {holder} has another name now",
        "Those in office stay with the code. Check whether names or codes were mixed up.",
    ),
    "second_county": Words(
        "More than one county",
        "{row}",
        "One installation holds one county. Leave its row alone in the file, or start another"
        " installation with a home of its own (GRIDMAP_HOME) for each of the others.",
    ),
    "no_level_between": Words(
        "No level between",
        "{row} lies in {holder}, which has no {between}",
        "No level can be skipped. Bring that grid's own row once more with --level {option}: it"
        " then stands for itself on the level that is missing.",
    ),
    "ambiguous_parent": Words(
        "Several grids of the level above have the name that is given as the parent",
        '{row} names "{parent}", which {count:,} are called',
        "Give the parent's code instead of its name.",
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
        "Give the plan today or a later day with gridmap plan change.",
    ),
    # Roads.
    "not_a_line": Words("Not a line", "{row}", "Points and areas are left out of the roads."),
    "crossing": Words(
        "Roads that cross without meeting",
        "two roads",
        "Nobody can turn there.",
        "If they are junctions, import with --join-crossings.",
    ),
    "island": Words(
        "Islands: roads without a way to the rest",
        "{metres:,.0f} m, edges: {edges:,}",
        "Places are not counted from there. Draw the missing piece, or raise --tolerance.",
    ),
    # Tables: members, issues, facilities, buildings.
    "bad_value": Words("Values that cannot be read", '{row}: {column} is "{text}" ({reason})'),
    "cut_number": Words(
        "Numbers that a spreadsheet has cut",
        '{row}: {column} is "{text}"',
        "It keeps 15 digits: the others are not in this file. Format the column as text in the"
        " spreadsheet before the numbers are typed in or exported.",
    ),
    "unknown_order": Words(
        "Dates that can be read in two ways",
        "{row}: {column}, in {count:,} rows, for example {samples}",
        "Say which stands first, the day (--date-order dmy) or the month (--date-order mdy).",
    ),
    "very_old": Words(
        "Reported before 1990",
        '{row}: {column} is "{text}"',
        "They are imported all the same. Programs write such days where a time is missing: look.",
    ),
    "closed_nevertheless": Words(
        "A time of closing beside another state",
        '{row}: "{state}", with a time of closing of {closed_at}',
        "They were taken for closed. If they are open, delete the time of closing.",
    ),
    "missing_value": Words("Values that are missing", "{row}: {column} is empty"),
    "unknown_value": Words(
        "Values that are not known here", '{row}: {column} is "{text}"', "Known are: {known}."
    ),
    "dropped_value": Words(
        "Values that were left out", '{row}: {column} is "{text}"', "Their rows are imported."
    ),
    "total_row": Words("Totals: no rows of the list, left out", "{row}: {text}"),
    "note_row": Words("Notes and signatures: no rows of the list, left out", "{row}: {text}"),
    "heading_row": Words("Headings within the list, left out", "{row}: {text}"),
    "vacant_row": Words("Duties that nobody holds, left out", "{row}: {text}"),
    "amount_row": Words(
        "Amounts in a cell that is merged over several rows",
        "{row}: {text}",
        "Write into each row what is its own.",
    ),
    "extra_row": Words(
        "Rows longer than the header",
        "{row}: {text}",
        "A separator stands within a text: put the text into quotes.",
    ),
    "several_people": Words(
        "Several people whose numbers cannot be told apart",
        "{row}: {text}",
        "Give each person a row, or a number each in the same order.",
    ),
    "bad_point": Words("No usable place", "{row}: {reason}"),
    "outside_county": Words(
        "Outside the county",
        "{row} lies at {lon:.5f}, {lat:.5f}",
        "They are imported all the same.",
    ),
    "lie_elsewhere": Words(
        "Most rows lie elsewhere",
        "{outside:,} of {total:,} rows lie outside {where}: {row}, {x:.10g}, {y:.10g}, would lie"
        " {spot}",
        "No usual reading puts them inside: check the file and its coordinate system (--crs). If"
        " they are right as they are, add --outside.",
    ),
    "duplicate_row": Words("The same row twice", "{row} repeats row {first}"),
    "duplicate_duty": Words("The same duty twice", "{row} repeats the duty of row {first}"),
    "who_is_meant": Words(
        "Who is meant",
        "{row} may be the same as {others}",
        "Give each a staff number of their own in a column 工号, or add --same NAME (they are one)"
        " or --different NAME (they are not); NAME may be all.",
    ),
    "which_site": Words(
        "Moved, or another of the same name",
        "{row} lies {metres:,.0f} m from the one known, which is",
        "Give each a code in a column 编号, or add --same NAME (it is the known one, moved) or"
        " --different NAME (it is another); NAME may be all.",
    ),
    "moved": Words("Moved", "{row}, {metres:,.0f} m from where it was,"),
    "number_of_another": Words(
        "Staff numbers that somebody else has",
        "{row} has the number of {others}",
        "Correct the number, or add --same NAME if only the name has changed.",
    ),
    "one_number_two_names": Words(
        "One staff number for two names", '{row} and {other}: "{key}"', "Correct the number."
    ),
    "renamed": Words("Names that changed", "{row} was {before} so far"),
    "new_number": Words(
        "Phone numbers that changed",
        "{row} held the same duty with another number so far: {numbers}",
        "They are taken for one person, who gets the new number; if they are two, import with"
        " --different NAME.",
    ),
    "other_phone": Words(
        "Phone numbers of known people that changed",
        "{row}: {numbers}",
        "The last two digits are shown. The number of the list is kept.",
    ),
    "first_day_kept": Words(
        "Known duties that began earlier than the list says",
        "{row}, {duty}, {place}: in office since {known}, as known; the file says {told}",
        "The known first day is kept. If the office was left in between, give it two rows, each"
        " with its first and its last day.",
    ),
    "first_day_earlier": Words(
        "Known duties that begin earlier than was known",
        "{row}, {duty}, {place}: in office since {known} → {told}",
    ),
    "last_day_changed": Words(
        "Known duties of which the last day has changed",
        "{row}, {duty}, {place}: last day {before} → {after}",
    ),
    "several_terms": Words(
        "Terms that span several known ones",
        "{row}, {duty}, {place}: known are {terms}",
        "Give each term a row of its own, with its first and its last day.",
    ),
    "known_elsewhere": Words(
        "People known from other lists", "{row} is known from {source}: taken for one person"
    ),
    "not_in_list": Words(
        "In office, and not in the list",
        "{name} ({places})",
        "They stay in office: give the last day of their term if it has ended.",
    ),
    "unknown_place": Words(
        "Places that are not known here",
        '{row}: {column} is "{text}"',
        "Import the grids first, or correct code or name.",
    ),
    "other_level": Words(
        "Places of another level than the duty is for",
        '{row}: {column} is "{text}", which is a {level} here',
        "Name a grid of the level in brackets, or give the duty that belongs to that place.",
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

# What a text seems to hold, by the kinds of geodata/people/privacy.py.
PERSONAL_NUMBERS: dict[str, Phrase] = {
    "identity_number": Phrase("an identity number"),
    "mobile_number": Phrase("a mobile phone number"),
    "landline_number": Phrase("a landline number"),
}

# What an import wrote, by the name under which reports count it.
COUNTS: dict[str, Phrase] = {
    "new counties": Phrase("{number:,} new counties"),
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
