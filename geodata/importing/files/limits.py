"""Limits that a process puts on itself before it opens a file from outside.

Memory, processor time and file sizes through the kernel's resource limits; the network, other
programs and other processes through a seccomp filter, which no later code can take off again.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct

from geodata.errors import SetupError

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
_X32 = 0x40000000

# Audit architecture, then the numbers of: socket, connect, bind, sendto, execve, execveat, ptrace,
# process_vm_readv, io_uring_setup (which could open sockets on its own).
_CALLS: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, (41, 42, 49, 44, 59, 322, 101, 310, 425)),
    "aarch64": (0xC00000B7, (198, 203, 200, 206, 221, 281, 117, 270, 425)),
}


def limit(*, memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Bound this process for good: address space, processor seconds, size of written files."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def cut_off() -> None:
    """Refuse this process the network, other programs and other processes, for good.

    Raises:
        SetupError: the kernel or the processor does not support it
    """
    machine = platform.machine()
    if machine not in _CALLS:
        raise SetupError(
            "Files cannot be read safely on a processor of type {machine}.", machine=machine
        )
    arch, refused = _CALLS[machine]
    program = _filter(arch, refused)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        or libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) != 0
    ):
        raise SetupError(
            "This kernel does not let a process give up the network (seccomp, error {errno}).",
            hint="Files from outside are only opened without one.",
            errno=ctypes.get_errno(),
        )


def _filter(arch: int, refused: tuple[int, ...]) -> bytes:
    """Return the classic BPF program: wrong architecture or a listed call means EACCES."""
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    count = len(refused)
    steps = [
        (load, 0, 0, 4),
        # Jumps count from the next step; the refusal is the last step but nothing follows it.
        (equal, 0, count + 3, arch),
        (load, 0, 0, 0),
        (at_least, count + 1, 0, _X32),
    ]
    steps += [(equal, count - index, 0, call) for index, call in enumerate(refused)]
    steps += [(answer, 0, 0, _ALLOW), (answer, 0, 0, _REFUSE)]
    return b"".join(struct.pack("@HBBI", *step) for step in steps)
