"""What the private cluster runs with: for every transaction's safety, and this machine's size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from geodata.database.roles import APP
from geodata.installation.home import Home
from geodata.installation.machine import Account

_SHM = Path("/dev/shm")  # noqa: S108 - asked for its size only
_ROLES = ("gridmap", APP, "postgres")


def write(home: Home, account: Account) -> Path:
    """Write PostgreSQL's configuration, at every start, and return its main file.

    Not into the data directory. We may be root, and must not write where another account could
    put a link.
    """
    directory = home.cluster
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(home.sockets),
        # Its directory keeps others out; root must get in.
        "unix_socket_permissions": "0777",
        "port": "5432",
        "hba_file": str(directory / "pg_hba.conf"),
        "ident_file": str(directory / "pg_ident.conf"),
        "max_connections": "60",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        # Our queries take milliseconds; compiling them would take longer.
        "jit": "off",
        # A refused row would stand in the log with all that it says of a person.
        "log_error_verbosity": "terse",
        "log_line_prefix": "%m [%p] %u ",
        **_memory_settings(),
    }
    config = [
        "# Written at every start. Settings of your own go into local.conf beside it.",
        f"include {_quoted(str(home.data / 'postgresql.conf'))}",
        *(f"{name} = {_quoted(value)}" for name, value in settings.items()),
        "include_if_exists 'local.conf'",
    ]
    users = [f'gridmap "{user}" {role}' for user in {account.name, "root"} for role in _ROLES]
    for name, lines in (
        ("gridmap.conf", config),
        ("pg_hba.conf", ["local all all peer map=gridmap"]),
        ("pg_ident.conf", users),
    ):
        unfinished = directory / f"{name}.new"
        unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
        unfinished.chmod(0o644)
        unfinished.replace(directory / name)
    return directory / "gridmap.conf"


def _memory_settings() -> dict[str, str]:
    """Return PostgreSQL settings that suit this machine's, or this container's, memory."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        memory_mb = min(memory_mb, int(text) // 2**20)
    settings = {
        "shared_buffers": f"{min(max(memory_mb // 8, 32), 1024)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 64)}MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 16, 32), 256)}MB",
        "work_mem": f"{min(max(memory_mb // 128, 4), 32)}MB",
    }
    # Containers often have 64 MB of it, too little for one parallel query.
    if not _SHM.is_dir() or shutil.disk_usage(_SHM).total < 512 * 2**20:
        settings["dynamic_shared_memory_type"] = "mmap"
    return settings


def _quoted(value: str) -> str:
    """Quote a value for postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
