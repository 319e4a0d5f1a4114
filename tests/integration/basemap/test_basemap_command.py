"""``gridmap basemap`` as an administrator types it."""

from pathlib import Path

import pytest
import regions
from click.testing import CliRunner, Result

from geodata.basemap import archive, settings
from geodata.errors import InvalidInputError, NotFoundError
from scripts.cli.basemap import basemap


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    monkeypatch.setenv("GRIDMAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    return tmp_path / "home"


def run(*words: str) -> Result:
    return CliRunner().invoke(basemap, words, catch_exceptions=False)


def test_make_then_look_then_hide(home: Path, tmp_path: Path) -> None:
    source = str(regions.osm_extract(tmp_path / "a.osm.pbf"))
    made = run("make", source)
    assert made.exit_code == 0, made.output
    assert "© OpenStreetMap contributors" in made.output
    assert settings.load(home, {}).kind == "offline"
    assert archive.read(home / settings.ARCHIVE_NAME).metadata["licence"] == "ODbL 1.0"
    assert "Shown: offline" in run("info").output
    assert "Restart" in run("use", "none").output
    assert "Shown: none" in run("info").output
    assert "use offline" in run("make", source).output
    assert run("use", "offline", "--labels", "roads").exit_code == 0
    assert settings.load(home, {}).labels == "roads"


def test_layers_a_box_and_another_place(home: Path, tmp_path: Path) -> None:
    regions.geopackage(tmp_path / "a.gpkg")
    out = tmp_path / "out.pmtiles"
    words = ("--layer", f"water={tmp_path / 'a.gpkg'}:multipolygons", "--bbox", "116,31,117,32",
             "--attribution", "县自然资源局 审图号", "--out", str(out))  # fmt: skip
    assert run("make", *words).exit_code == 0
    about = archive.read(out)
    assert about.attribution == "县自然资源局 审图号"
    assert about.bounds.east == 117
    assert not home.exists() or settings.load(home, {}).kind == "none"
    assert str(out) in run("info", str(out)).output


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "2,1,1,2", "0,0,200,1", "0,0,nan,1"])
def test_a_box_that_is_none_is_refused(home: Path, tmp_path: Path, box: str) -> None:
    source = str(regions.osm_extract(tmp_path / "a.osm.pbf"))
    answer = run("make", source, "--bbox", box)
    assert answer.exit_code == 2
    assert "--bbox" in answer.output


def test_no_file_is_a_usage_error(home: Path) -> None:
    assert run("make").exit_code == 2


def test_services_are_chosen_with_what_visitors_will_ask(home: Path) -> None:
    answer = run("use", "tianditu", "--key", "secret")
    assert "https://t0.tianditu.gov.cn" in answer.output
    assert "see the key" in answer.output
    assert "secret" not in run("info").output
    assert "tk=…" in run("info").output
    answer = run("use", "xyz", "--url", "https://a.example/{z}/{x}/{y}", "--frame", "gcj02")
    assert "--attribution" in answer.output
    assert settings.load(home, {}).frame == "gcj02"
    answer = run("use", "wmts", "--url", "https://a.example/w", "--layer", "x",
                 "--matrix-set", "EPSG:3857", "--matrix", "EPSG:3857:{z}", "--vivid")  # fmt: skip
    assert answer.exit_code == 0
    assert not settings.load(home, {}).muted


def test_a_wrong_choice_changes_nothing(home: Path) -> None:
    run("use", "xyz", "--url", "https://a.example/{z}/{x}/{y}")
    with pytest.raises(InvalidInputError, match="Baidu"):
        run("use", "xyz", "--url", "https://b.example/{z}/{x}/{y}", "--frame", "bd09")
    with pytest.raises(NotFoundError):
        run("use", "offline")
    assert settings.load(home, {}).url == "https://a.example/{z}/{x}/{y}"
