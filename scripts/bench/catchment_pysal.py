"""Floating catchment by PySAL access, in the interpreter that has it: the other side of the bench.

Reads households, capacities and pairs with their distances from an .npz file and prints the places
a household of each building (two-step floating catchment) and seconds of processor time as JSON.

Run by scripts.bench.catchment: PYTHON catchment_pysal.py FILE
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module

import numpy as np


def main(path: str) -> None:
    """Answer the question of a file."""
    pandas, access = import_module("pandas"), import_module("access")
    given = np.load(path)
    homes = pandas.DataFrame({"households": given["households"].astype(np.float64)})
    homes.index.name = "home"
    providers = pandas.DataFrame({"capacity": given["capacities"].astype(np.float64)})
    providers.index.name = "provider"
    pairs = pandas.DataFrame(
        {"home": given["at"], "provider": given["by"], "way_m": given["way_m"]}
    )
    begin = time.process_time()
    model = access.Access(
        demand_df=homes,
        demand_value="households",
        supply_df=providers,
        supply_value="capacity",
        cost_df=pairs,
        cost_origin="home",
        cost_dest="provider",
        cost_name="way_m",
    )
    model.two_stage_fca(name="fca", max_cost=float(given["reach_m"]))
    seconds = time.process_time() - begin
    values = model.access_df["fca_capacity"].fillna(0.0)
    print(
        json.dumps(
            {
                "version": import_module("importlib.metadata").version("access"),
                "seconds": seconds,
                "values": values.sort_index().tolist(),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
