"""Best places by spopt (PySAL), in the interpreter that has it: the other side of the siting bench.

Reads distances, households and questions from an .npz file and prints answers and seconds of
processor time as JSON. Each model is built from the ready matrix and solved by HiGHS on one thread
without a gap, as ours.

Run by scripts.bench.siting: PYTHON siting_spopt.py FILE
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np


def main(path: str) -> None:
    """Answer the questions of a file."""
    given = np.load(path)
    answers: list[dict[str, Any]] = [
        _answer(given["distances"], given["households"], float(given["reach_m"]), int(k))
        for k in given["ks"]
    ]
    served = (given["distances"] <= given["reach_m"]).any(axis=1)
    answers.append(_cover(given["distances"][served], float(given["reach_m"])))
    version = import_module("importlib.metadata").version("spopt")
    print(json.dumps({"version": version, "answers": answers}))


def _answer(distances: Any, households: Any, reach_m: float, k: int) -> dict[str, Any]:
    """Return the households that the k best places serve (MCLP)."""
    locate = import_module("spopt.locate")
    begin = time.process_time()
    model = locate.MCLP.from_cost_matrix(distances, households, reach_m, p_facilities=k)
    built = time.process_time()
    model = model.solve(_solver(), results=False)
    end = time.process_time()
    value = float(import_module("pulp").value(model.problem.objective))
    return {"value": value, "build_s": built - begin, "solve_s": end - built}


def _cover(distances: Any, reach_m: float) -> dict[str, Any]:
    """Return the fewest places that serve everybody who can be reached (LSCP)."""
    locate = import_module("spopt.locate")
    begin = time.process_time()
    model = locate.LSCP.from_cost_matrix(distances, reach_m)
    built = time.process_time()
    model = model.solve(_solver(), results=False)
    end = time.process_time()
    value = float(import_module("pulp").value(model.problem.objective))
    return {"value": value, "build_s": built - begin, "solve_s": end - built}


def _solver() -> Any:
    return import_module("pulp").HiGHS(msg=False, gapRel=0.0, threads=1)


if __name__ == "__main__":
    main(sys.argv[1])
