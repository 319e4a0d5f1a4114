"""Joins the page's JavaScript modules into one: a phone in the hills waits for every request.

A module becomes a function that is called once and returns what it exports; what it imports are the
results of those called before it. Only the forms of import and export that this project writes are
known; the others are refused, so that nothing is joined wrongly. Comments, which hold the types,
are left out: they are for those who read the sources. A dynamic ``import()`` loads its module by
itself, from where the joined one lies: in the folder of all modules. See docs/decisions/0007.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from posixpath import dirname, normpath

_IMPORT = re.compile(
    r"^import (?:\{ (?P<names>\w+(?:, \w+)*) \}|\* as (?P<all>\w+))"
    r' from "(?P<file>\.{1,2}/(?:[\w-]+/)*[\w-]+\.js)";$'
)
_EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (?P<name>\w+)")
_LATER = re.compile(r'\bimport\("(?P<file>\.{1,2}/(?:[\w-]+/)*[\w-]+\.js)"\)')
_OTHER = re.compile(r"^(?:import|export)\b(?!\()")
# A comment that is all there is in a line.
_WHOLE = re.compile(r"/\*(?:(?!\*/).)*\*/")


def join(entry: str, read: Callable[[str], str]) -> str:
    """Return one module that does what ``entry`` does and exports what it exports.

    ``read`` gives a file's source by its name.

    Names are paths below the folder of modules, which hold each other by relative ones.

    Raises ValueError on modules that import each other in a circle, or by other means.
    """
    done: dict[str, str] = {}
    exports = _add(entry, read, done, ())
    exported = f"export const {{ {', '.join(exports)} }} = {_variable(entry)};\n" if exports else ""
    return "\n".join([*done.values(), exported])


def _add(
    name: str, read: Callable[[str], str], done: dict[str, str], above: tuple[str, ...]
) -> list[str]:
    """Add a module after those that it imports, and return the names of its exports."""
    if name in done:
        return []
    if name in above:
        raise ValueError(f"modules import each other: {' > '.join([*above, name])}")
    lines: list[str] = []
    exports: list[str] = []

    def beside(found: re.Match[str]) -> str:
        return normpath(f"{dirname(name) or '.'}/{found['file']}")

    for line in _code(name, read(name)):
        if found := _IMPORT.match(line):
            file = beside(found)
            _add(file, read, done, (*above, name))
            # What is bound is the same, under the same name.
            names = f"{{ {found['names']} }}" if found["names"] else found["all"]
            lines.append(f"const {names} = {_variable(file)};")
        elif found := _EXPORT.match(line):
            exports.append(found["name"])
            lines.append(line.removeprefix("export "))
        elif _OTHER.match(line):
            raise ValueError(f"{name}: this cannot be joined: {line}")
        else:
            lines.append(_LATER.sub(lambda later: f'import("./{beside(later)}")', line))
    body = "\n".join(lines)
    returned = f"return {{ {', '.join(exports)} }};"
    done[name] = f"// {name}\nconst {_variable(name)} = (() => {{\n{body}\n{returned}\n}})();"
    return exports


def _code(name: str, source: str) -> Iterator[str]:
    """Yield the lines of a module but for those that are comments.

    A text of several lines could hold what looks like one: it is refused.
    """
    is_comment = False
    for line in source.splitlines():
        text = line.strip()
        if is_comment and "*/" in text and not text.endswith("*/"):
            raise ValueError(f"{name}: this cannot be joined: {line}")
        if is_comment:
            is_comment = not text.endswith("*/")
        elif text.startswith("/*") and "*/" not in text:
            is_comment = True
        elif line.count("`") % 2 and not text.startswith("//"):
            raise ValueError(f"{name}: a text of several lines cannot be joined: {line}")
        elif text and not text.startswith("//") and not _WHOLE.fullmatch(text):
            yield line


def _variable(name: str) -> str:
    return f"${name.removesuffix('.js').replace('-', '_').replace('/', '$')}"
