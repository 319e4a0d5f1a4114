"""What levels, states and reasons are called stands in one place each."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from geodata.model import LEVEL_PLURALS, LEVEL_TITLES, REASON_TITLES, RESPONSIBILITY_TITLES

ROOT = Path(__file__).parents[2]


def test_titles_stand_in_one_place() -> None:
    loader = SourceFileLoader("translate", str(ROOT / "scripts" / "translate"))
    translate = module_from_spec(spec_from_loader("translate", loader))  # type: ignore[arg-type]
    loader.exec_module(translate)
    said = {str(each.id): {place for place, _ in each.locations} for each in translate.collect()}
    titles = [*LEVEL_TITLES.values(), *LEVEL_PLURALS.values(), *REASON_TITLES.values()]
    elsewhere = {
        title.text: sorted(said[title.text] - {"geodata/model.py"})
        for title in (*titles, *RESPONSIBILITY_TITLES.values())
        if said[title.text] != {"geodata/model.py"}
    }
    assert elsewhere == {}
