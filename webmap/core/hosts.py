"""Under which names the map is served: a request for any other is not for it.

The name stands in a header that anybody can write, and goes into addresses that are handed on
(TileJSON, the way back from single sign-on). A foreign site that has its name lead here (DNS
rebinding) would read what this network alone may see.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from geodata.errors import GridMapError

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)


class MisdirectedError(GridMapError):
    """The request names a host that is none of ours."""

    code = "misdirected"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Names in lower case; one that begins with a dot stands for all below it as well.

    With ``has_addresses`` every IP address is one: no name can be made to lead to another place.
    """

    names: tuple[str, ...]
    has_addresses: bool = False

    def allows(self, host: str) -> bool:
        """Tell whether a Host header, with or without a port, names one of them."""
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = found[1].lower().rstrip(".")
        if self.has_addresses and _is_address(name):
            return True
        return any(
            name == each.removeprefix(".") or (each.startswith(".") and name.endswith(each))
            for each in self.names
        )


def of_this_machine(listening_on: str = "") -> Hosts:
    """Return what needs no setting: addresses, and the names that this machine has itself."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    names = ("localhost", ".localhost", name, short, f"{short}.local", listening_on.lower())
    return Hosts(tuple(dict.fromkeys(filter(None, names))), has_addresses=True)


def read(text: str) -> Hosts:
    """Return the hosts of a setting. Raises ValueError with the word that is none."""
    names: list[str] = []
    for word in text.split():
        try:
            # A name in other letters is asked for as browsers write it.
            plain = word.removeprefix(".")
            plain = plain if _is_address(plain) else plain.encode("idna").decode().lower()
        except UnicodeError:
            raise ValueError(word) from None
        name = word[: word.startswith(".")] + plain
        if ":" in name:
            name = f"[{ipaddress.ip_address(name.strip('[]'))}]" if _is_address(name) else ""
        if not re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", name):
            raise ValueError(word)
        names.append(name)
    return Hosts(tuple(names))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
