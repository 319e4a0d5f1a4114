"""The choice of a base map: what is read, what is refused and why."""

import stat
from pathlib import Path

import pytest

from geodata.basemap import settings
from geodata.errors import InvalidInputError, SetupError

XYZ = {"kind": "xyz", "url": "https://tiles.example/{z}/{x}/{y}.png"}


def test_without_a_word_there_is_none(tmp_path: Path) -> None:
    base = settings.load(tmp_path, {})
    assert base.kind == "none"
    assert base.hosts() == ()
    assert base.templates() == ()


def test_a_made_map_is_shown_unless_something_else_is_chosen(tmp_path: Path) -> None:
    (tmp_path / settings.ARCHIVE_NAME).touch()
    assert settings.load(tmp_path, {}).kind == "offline"
    settings.save(tmp_path, settings.BaseMap())
    assert settings.load(tmp_path, {}).kind == "none"


def test_what_is_saved_is_read_again_and_kept_from_others(tmp_path: Path) -> None:
    base = settings.tianditu('k"ey\\', imagery=True)
    path = settings.save(tmp_path, base)
    assert settings.load(tmp_path, {}) == base
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [settings.FILE_NAME]


def test_the_environment_speaks_last(tmp_path: Path) -> None:
    settings.save(tmp_path, settings.make(XYZ))
    spoken = {
        "GRIDMAP_BASEMAP_URL": "https://other.example/{z}/{y}/{x}",
        "GRIDMAP_BASEMAP_MAX_ZOOM": "16",
        "GRIDMAP_BASEMAP_MUTED": "false",
    }
    base = settings.load(tmp_path, spoken)
    assert base.hosts() == ("https://other.example",)
    assert base.max_zoom == 16
    assert not base.muted


def test_tianditu_is_the_web_mercator_map_with_names_over_it() -> None:
    base = settings.tianditu("a&b")
    picture, names = base.templates()
    assert "T=vec_w&x={x}&y={y}&l={z}&tk=a%26b" in picture
    assert "T=cva_w" in names
    assert base.hosts() == tuple(f"https://t{n}.tianditu.gov.cn" for n in range(8))
    assert base.frame == "wgs84"


@pytest.mark.parametrize(
    ("given", "template"),
    [
        (
            {"url": "https://t{s}.tianditu.gov.cn/vec_w/wmts", "layer": "vec", "subdomains": "0",
             "key": "k"},
            "https://t{s}.tianditu.gov.cn/vec_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
            "&LAYER=vec&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
            "&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=k",
        ),
        (
            {"url": "https://gs.example/wmts", "layer": "a:b", "matrix_set": "EPSG:3857",
             "matrix": "EPSG:3857:{z}", "format": "image/png", "style": ""},
            "https://gs.example/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=a%3Ab&STYLE="
            "&TILEMATRIXSET=EPSG%3A3857&FORMAT=image%2Fpng"
            "&TILEMATRIX=EPSG:3857:{z}&TILEROW={y}&TILECOL={x}",
        ),
        (
            {"url": "https://r.example/{Layer}/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}",
             "layer": "base", "matrix_set": "GoogleMapsCompatible"},
            "https://r.example/base/default/GoogleMapsCompatible/{z}/{y}/{x}",
        ),
    ],
)  # fmt: skip
def test_wmts_becomes_xyz(given: dict[str, object], template: str) -> None:
    assert settings.make({"kind": "wmts", **given}).templates() == (template,)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"kind": "google"}, "none | offline | xyz | wmts"),
        ({**XYZ, "frame": "beijing54"}, "wgs84 | gcj02 | bd09"),
        ({**XYZ, "colour": "red"}, "no setting colour"),
        ({**XYZ, "max_zoom": "far"}, "whole number"),
        ({**XYZ, "max_zoom": True}, "whole number"),
        ({**XYZ, "min_zoom": 19}, "at most max_zoom"),
        ({**XYZ, "muted": "a little"}, "true or false"),
        ({**XYZ, "attribution": 7}, "text"),
        ({**XYZ, "attribution_url": "javascript:alert(1)"}, "http or https"),
        ({"kind": "xyz"}, "needs a url"),
        ({**XYZ, "url": "https://a.example/{z}/{x}"}, "{z}, {x} and {y}"),
        ({**XYZ, "url": "https://a.example/{z}/{x}/{y}/{token}"}, "{token}"),
        ({**XYZ, "url": "https://a.example/{z}/{x}/{y};script-src *"}, "semicolons"),
        ({**XYZ, "url": "https://a.example/{z}/{x}/{y}{"}, "quotes"),
        ({**XYZ, "url": "ftp://a.example/{z}/{x}/{y}"}, "http or https"),
        ({**XYZ, "url": "//a.example/{z}/{x}/{y}"}, "http or https"),
        ({**XYZ, "url": "https://u:p@a.example/{z}/{x}/{y}"}, "http or https"),
        ({**XYZ, "url": "https://*/{z}/{x}/{y}"}, "http or https"),
        ({**XYZ, "url": "https://{s}.a.example/{z}/{x}/{y}"}, "has {s}"),
        ({**XYZ, "subdomains": "abc"}, "has {s}"),
        ({**XYZ, "frame": "bd09"}, "Baidu"),
        ({**XYZ, "url": "https://maponline0.bdimg.com/tile/?x={x}&y={y}&z={z}"}, "Baidu"),
        ({**XYZ, "url": "https://t0.tianditu.gov.cn/DataServer?T=vec_c&x={x}&y={y}&l={z}"}, "_w"),
        ({"kind": "wmts", "url": "https://a.example/wmts"}, "needs a layer"),
        ({"kind": "wmts", "url": "https://a.example/wmts", "layer": "x", "matrix_set": "c"}, '"w"'),
        (
            {"kind": "wmts", "url": "https://a.example/w", "layer": "x", "matrix_set": "EPSG:4490"},
            "Web Mercator",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(
    given: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        settings.make(given)
    assert complaint in str(refusal.value)


def test_a_map_on_this_server_needs_no_foreign_host() -> None:
    base = settings.make({"kind": "xyz", "url": "/imagery/{z}/{x}/{y}.jpg"})
    assert base.hosts() == ()


@pytest.mark.parametrize("text", ["kind = ", "kind = 'xyz'\nkind = 'none'", "\x00"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / settings.FILE_NAME).write_text(text)
    with pytest.raises(SetupError, match=r"basemap\.toml cannot be read"):
        settings.load(tmp_path, {})
