"""What the machine offers: PostgreSQL with PostGIS, and an account to run it under."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geodata.database.connecting import MIN_SERVER
from geodata.errors import SetupError


@dataclass(frozen=True, slots=True)
class Installation:
    """An installed PostgreSQL server that has PostGIS."""

    major: int
    programs: Path


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that a cluster runs under; never root."""

    name: str
    uid: int
    gid: int

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program under this account.

        The program gets SIGINT when the process that started it dies, however that dies. setpriv
        is part of util-linux; it arms the signal after changing the account, which would disarm it.
        """
        privileges = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() != self.uid:
            privileges += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        return [*privileges, *arguments]


def find_postgres(major: int | None = None, *, root: Path = Path("/")) -> Installation:
    """Return the newest installed PostgreSQL with PostGIS, or that of one major version.

    Looks where pg_config points to, then under ``root`` as Debian and Fedora lay it out.
    Raises ``SetupError`` naming the package to install.
    """
    servers = dict(_servers(root))
    if major is not None and major not in servers:
        raise SetupError(
            "This cluster was made by PostgreSQL {major}, which is not installed any more.",
            hint="Install it again: apt-get install postgresql-{major}-postgis-3",
            major=major,
        )
    wanted = {number: at for number, at in servers.items() if major in (None, number)}
    complete = [number for number, (_, share) in wanted.items() if _has_postgis(share)]
    usable = [number for number in complete if number >= MIN_SERVER]
    if usable:
        return Installation(max(usable), wanted[max(usable)][0])
    if complete:
        raise SetupError(
            "PostgreSQL {found} is too old: GridMap needs {needed} or newer.",
            hint="Install it: apt-get install postgresql-postgis",
            found=max(complete),
            needed=MIN_SERVER,
        )
    if wanted:
        raise SetupError(
            "PostgreSQL {major} is installed, but PostGIS is missing.",
            hint="Install it: apt-get install postgresql-{major}-postgis-3",
            major=max(wanted),
        )
    raise SetupError(
        "PostgreSQL with PostGIS is not installed.",
        hint="Install it (apt-get install postgresql postgresql-postgis), "
        "or set GRIDMAP_DATABASE_URL to a database elsewhere.",
    )


def account_for(data: Path) -> Account:
    """Return the account that a cluster with this data directory runs under.

    Ours, unless we are root: then the owner of the data, and postgres for a new cluster.
    """
    uid = os.geteuid()
    if uid != 0:
        entry = pwd.getpwuid(uid)
    elif data.exists() and data.stat().st_uid != 0:
        entry = pwd.getpwuid(data.stat().st_uid)
    else:
        try:
            entry = pwd.getpwnam("postgres")
        except KeyError as error:
            raise SetupError(
                "The database must not run as root, and there is no system user postgres.",
                hint="Create it (adduser --system --group postgres), or run as another user.",
            ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _servers(root: Path) -> Iterator[tuple[int, tuple[Path, Path]]]:
    """Find (major, (programs, shared files))."""
    for program in filter(None, [shutil.which("pg_config")]):
        answer = subprocess.run(
            [program, "--version", "--bindir", "--sharedir"], capture_output=True, text=True
        )
        lines = answer.stdout.splitlines()
        if len(lines) == 3 and (found := re.search(r"(\d+)", lines[0])):
            yield from _server(int(found[1]), Path(lines[1]), Path(lines[2]))
    for programs in (root / "usr/lib/postgresql").glob("[0-9]*/bin"):
        number = programs.parent.name
        if number.isdigit():
            share = root / "usr/share/postgresql" / number
            yield from _server(int(number), programs, share)
    for programs in (root / "usr").glob("pgsql-[0-9]*/bin"):
        number = programs.parent.name.removeprefix("pgsql-")
        if number.isdigit():
            yield from _server(int(number), programs, programs.parent / "share")


def _server(major: int, programs: Path, share: Path) -> Iterator[tuple[int, tuple[Path, Path]]]:
    if (programs / "postgres").exists() and (programs / "initdb").exists():
        yield major, (programs, share)


def _has_postgis(share: Path) -> bool:
    return (share / "extension" / "postgis.control").exists()
