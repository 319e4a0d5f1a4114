"""What is drawn on the offline base map."""

import numpy as np
import pandas as pd
import pytest

from geodata.basemap import kinds


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("gis_osm_roads_free_1", "roads"),
        ("gis_osm_water_a_free_1", "water"),
        ("gis_osm_buildings_a_free_1", "buildings"),
        ("gis_osm_landuse_a_free_1", "landuse"),
        ("gis_osm_places_free_1", "places"),
        ("LRDL", "roads"),
        ("HYDA", "water"),
        ("道路中心线", "roads"),
        ("水系面", "water"),
        ("绿地", "landuse"),
        ("boundary", None),
    ],
)
def test_layers_are_known_by_the_names_their_makers_give(name: str, layer: str | None) -> None:
    assert kinds.layer_named(name) == layer


def test_the_first_tag_that_says_something_wins() -> None:
    tags = pd.DataFrame(
        {
            "highway": ["primary", None, "proposed", None, np.nan],
            "natural": [None, "water", None, None, np.nan],
            "building": [None, None, None, "house", "no"],
        }
    )
    drawn = [what and (what.layer, what.kind) for what in kinds.by_tags(tags)]
    assert drawn[:4] == [("roads", "primary"), ("water", "water"), None, ("buildings", "")]
    last = kinds.by_tags(tags)[4]
    assert last
    assert last.min_zoom > kinds.MAX_ZOOM


def test_words_are_osm_values_or_chinese_terms() -> None:
    words = pd.DataFrame({"type": ["高速", "Primary", "谁知道", None]})
    assert [what and what.kind for what in kinds.by_word("roads", words)] == [
        "motorway", "primary", "tertiary", "tertiary",
    ]  # fmt: skip
    assert [what and what.kind for what in kinds.by_word("landuse", words[:0])] == []
    assert len(kinds.by_word("landuse", pd.DataFrame(index=range(3)))) == 3


def test_larger_polygons_appear_earlier() -> None:
    area = np.array([1.0, 1e3, 1e6, 1e9, 1e12])
    zooms = kinds.zoom_of_area(area)
    assert list(zooms) == sorted(zooms, reverse=True)
    # At its zoom a square has the size asked for on the screen, one zoom before it has not.
    for size, zoom in zip(area, zooms, strict=True):
        assert size / kinds.pixel_m(int(zoom)) ** 2 >= 24
        assert size / kinds.pixel_m(int(zoom) - 1) ** 2 < 24


def test_every_class_can_be_drawn() -> None:
    for table in kinds.TAGS.values():
        for what in table.values():
            assert what.layer in kinds.LAYERS
            assert what.min_zoom >= 0
