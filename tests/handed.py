"""Files as offices brought them, which are handed along beside the clone, and how they come in.

They are read where they are: ``CASES / "README.md"`` says what is right for each of them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from geodata.model import Level
from tests.conftest import MISSING

Conn = psycopg.Connection[Any]
CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
handed = pytest.mark.skipif(not CASES.is_dir(), reason=MISSING)

_IMPORTS: dict[str, Callable[..., Report]] = {
    "members": import_members,
    "issues": import_issues,
    "facilities": import_facilities,
}


# Which test runs each file: those of grids in test_handed_cases_grids.py, and so on.
TESTS = {
    "grids/county.geojson": "test_a_small_sound_county",
    "grids/towns.geojson": "test_a_small_sound_county",
    "grids/communities.geojson": "test_a_small_sound_county",
    "grids/compounds.geojson": "test_a_small_sound_county",
    "grids/villages-border-moved.geojson": "test_a_village_border_that_cuts_compounds",
    "grids/villages-border-orig.geojson": "test_village_borders_as_they_were",
    "grids/towns-border-moved.geojson": "test_a_town_border_that_cuts_a_village",
    "grids/community-chiefs.csv": "test_two_codes_swapped",
    "grids/gen-swapped-codes.geojson": "test_two_codes_swapped",
    "grids/gen-merge-newcode.geojson": "test_a_full_file_becomes_a_plan",
    "grids/gen-recode.geojson": "test_a_full_file_becomes_a_plan",
    "grids/gen-h-sup.geojson": "test_a_raised_two_is_no_digit",
    "grids/bowtie.geojson": "test_a_bowtie_is_unfolded_within_its_box",
    "grids/lid_bowtie.geojson": "test_two_sound_squares_and_a_bowtie",
    "grids/enclave-not-cut.geojson": "test_an_enclave_that_is_not_cut_out",
    "grids/unclosed_ring.geojson": "test_a_ring_that_is_not_closed",
    "grids/one-pharmacy.csv": "test_the_first_shop_beside_one_pharmacy",
    "grids/ov_county.geojson": "test_an_overlap_of_950_m_is_no_slip",
    "grids/ov_towns_950m.geojson": "test_an_overlap_of_950_m_is_no_slip",
    "grids/big5_silent.zip": "test_big5_by_its_language_byte",
    "grids/gbk_trad_ldid4d.zip": "test_gbk_by_its_language_byte",
    "grids/datav_array.json": "test_a_bare_array_of_features",
    "lists/ids18-march.xlsx": "test_numbers_that_the_spreadsheet_has_cut",
    "lists/ids18-march-b.xlsx": "test_numbers_that_the_spreadsheet_has_cut",
    "lists/codeE14.csv": "test_a_code_as_a_power_of_ten",
    "lists/t12h-silent.csv": "test_hours_and_zones_are_those_of_the_titles",
    "lists/issues_pm.csv": "test_hours_before_and_after_noon",
    "lists/term-last-day.csv": "test_the_last_day_in_office",
    "lists/one-day-term.csv": "test_a_term_of_one_day",
    "lists/names-nophone.csv": "test_two_of_one_name_without_a_phone",
    "lists/phone-jan.csv": "test_a_new_phone_is_no_new_person",
    "lists/phone-feb.csv": "test_a_new_phone_is_no_new_person",
    "lists/kind-dates.csv": "test_cells_that_are_no_date",
    "lists/blank-lines.csv": "test_rows_are_counted_as_the_spreadsheet_does",
    "lists/xy-survey.csv": "test_x_is_north_in_surveys",
    "lists/xy-survey-zone.csv": "test_x_is_north_in_surveys",
    "lists/far-away.csv": "test_a_list_of_the_next_county",
    "lists/total-and-note-rows.xlsx": "test_a_total_and_a_note_at_the_end",
    "lists/fac-samename.csv": "test_two_facilities_of_one_name",
    "lists/traditional.csv": "test_words_in_other_characters",
    "lists/fullwidth.csv": "test_words_in_other_characters",
    "lists/members_A_title_row.xlsx": "test_titles_months_and_several_phones",
    "lists/members_A2_dates_phones.xlsx": "test_titles_months_and_several_phones",
    "lists/members_A3_phones.xlsx": "test_titles_months_and_several_phones",
    "lists/members_B_two_header_rows.xlsx": "test_a_column_for_each_role",
    "lists/members_B2_role_columns.xlsx": "test_a_column_for_each_role",
    "lists/members_C_merged_down.xlsx": "test_cells_merged_downwards",
    "lists/members_D_dates.xlsx": "test_days_as_offices_write_them",
}


def quiet(_stage: str, _share: float) -> None:
    pass


def grids(path: Path, level: Level, since: str, columns: str = "n c", **options: Any) -> GridImport:
    """Order grids of a file; ``columns`` are those of name, code and, if there, households."""
    name, code, *rest = columns.split()
    households = rest[0] if rest else None
    return GridImport(
        FileRequest(str(path)),
        level,
        Columns(name, code, households=households),
        date.fromisoformat(since),
        **options,
    )


def bring(conn: Conn, subject: str, name: str, *, crs: str | None = None, **options: Any) -> Report:
    """Bring a handed list in; its source is its name unless another is given."""
    source = options.pop("source", Path(name).name)
    order = ListImport(FileRequest(str(CASES / name), crs=crs), source, **options)
    return _IMPORTS[subject](conn, order, progress=quiet)


def found(report: Report, severity: str = "blocking") -> list[tuple[Any, ...]]:
    """Return kind and row (or code, of a grid that is not in the file) of each finding."""
    return [
        (each.kind, *[row.row if row.row is not None else row.code for row in each.rows])
        for each in report.findings
        if each.severity == severity
    ]


def sources(module: Path) -> dict[str, str]:
    """Return the text of each test of a module, from its decorators on, by its name."""
    text = module.read_text("utf-8")
    lines = text.splitlines()
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found
