"""Whether this machine can run the project, asked before anything is made: one sentence with the cure, and exit 1.

Run by the Makefile with whatever Python there is, so this is written for old ones too.
"""

import platform
import sys

LOWEST_PYTHON = (3, 11)
LOWEST_GLIBC = (2, 28)  # of the wheels in locks/
MACHINES = {"linux": ("x86_64", "aarch64"), "darwin": ("x86_64", "arm64")}


def trouble():
    """What is missing, as a sentence with its cure; empty when nothing is."""
    if sys.version_info < LOWEST_PYTHON or platform.python_implementation() != "CPython":
        found = " ".join((sys.executable, "is", platform.python_implementation(), platform.python_version()))
        return "This needs CPython 3.11 or newer, and " + found + ". Name another: make PYTHON=python3.13 run"
    system, machine = sys.platform, platform.machine()
    if system not in MACHINES:
        return "This runs on Linux and macOS; on Windows use it inside WSL, where it is Linux."
    if machine not in MACHINES[system]:
        return "There is no embedded store for {} on {}: use {}.".format(machine, system, " or ".join(MACHINES[system]))
    if system == "linux":
        library, version = platform.libc_ver()
        number = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        if library != "glibc" or number < LOWEST_GLIBC:
            return (
                "The packages are built for glibc 2.28 or newer, and this system has {}: use Debian 10, Ubuntu 20.04, "
                "RHEL 8 or newer, not Alpine (musl).".format(
                    " ".join((library, version)).strip() or "another C library"
                )
            )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"
    return ""


if __name__ == "__main__":
    found = trouble()
    if found:
        sys.exit(found)
