"""Coordinate systems whose file does not say on which datum they stand, and which they may be."""

from __future__ import annotations

from typing import Final

from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from geodata.importing.files.refusals import FileRefusedError

_UNNAMED: Final = ("unknown", "unnamed", "not specified", "undefined", "unspecified")
# Where only degrees are known: systems of China by their ellipsoids' 1/flattening.
_GEOGRAPHIC: Final = {298.2572: (4490, 4326), 298.257: (4610,), 298.3: (4214,)}
_MOST: Final = 3


def is_unnamed(crs: CRS) -> bool:
    """Whether a system does not say its datum."""
    geodetic = crs.geodetic_crs
    if geodetic is None or geodetic.datum is None:
        return True
    name = geodetic.datum.name.lower().replace("_", " ").removeprefix("d ")
    return any(name.startswith(each) for each in _UNNAMED) or name.startswith("based on")


def refusal(crs: CRS, area: AreaOfInterest | None) -> FileRefusedError:
    """Return the refusal of such a system; its hint names those with the same parameters."""
    codes = candidates(crs, area)
    told = [f"EPSG:{code} ({CRS.from_epsg(code).name})" for code in codes]
    return FileRefusedError(
        "no_datum",
        "The coordinate system {name} does not name its datum: places could be hundreds of metres"
        " off.",
        hint="If you know which it is, give it: --crs {first}. Its parameters are those of"
        " {systems}."
        if codes
        else "Ask who made the file, then give the system with --crs.",
        name=crs.name,
        first=f"EPSG:{codes[0]}" if codes else "",
        systems=", ".join(told),
    )


def candidates(crs: CRS, area: AreaOfInterest | None) -> list[int]:
    """Return up to three systems (EPSG) that differ from one in nothing but the datum's name."""
    if crs.is_geographic:
        flattening = crs.ellipsoid.inverse_flattening if crs.ellipsoid is not None else 0.0
        near = [codes for value, codes in _GEOGRAPHIC.items() if abs(value - flattening) < 1e-4]
        return list(near[0]) if near else []
    if area is None:
        return []
    wanted = _parameters(crs)
    infos = query_crs_info(
        auth_name="EPSG", pj_types=PJType.PROJECTED_CRS, area_of_interest=area, contains=True
    )
    same = [int(each.code) for each in infos if _parameters(CRS.from_epsg(each.code)) == wanted]
    # The 3-degree zones of CGCS2000 first, in which counties draw.
    return sorted(same, key=lambda code: (not 4513 <= code <= 4554, code))[:_MOST]


def _parameters(crs: CRS) -> tuple[object, ...]:
    """Return what a projection is made of: method, parameters, ellipsoid, unit."""
    operation, ellipsoid = crs.coordinate_operation, crs.ellipsoid
    if operation is None or ellipsoid is None:
        return ()
    values = sorted((each.name.lower(), f"{float(each.value):.6f}") for each in operation.params)
    shape = round(ellipsoid.semi_major_metre, 2), round(ellipsoid.inverse_flattening, 5)
    unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    return operation.method_name.lower(), tuple(values), shape, unit
