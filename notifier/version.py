"""The version of this program, which no two commits share: it counts the commits and names the last one.

A wheel carries the version it was built from; a checkout is asked each time. Read by hatchling when it builds, so this
imports nothing that is not in the standard library. Form: PEP 440, `0.1.0.dev38+g6d1013d`; `.dirty` where files differ.
"""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

NEXT = "0.1.0"
"""The release that is being worked on."""
BUILD_VERSION = "NOTIFIER_BUILD_VERSION"
"""Environment variable that says the version where no history comes along, as in a container's build."""

_PACKAGE = Path(__file__).parent


def version() -> str:
    """What `notifier --version` tells."""
    if (_PACKAGE / "shipped").is_dir():
        return importlib.metadata.version("order-notifier")
    return of_checkout(_PACKAGE.parent)


def of_checkout(folder: Path) -> str:
    """The version of what lies in `folder`; without its history it is that of no commit in particular."""
    if named := os.environ.get(BUILD_VERSION):
        return named
    if not (folder / ".git").exists():
        return f"{NEXT}.dev0"
    try:
        count, commit = _git(folder, "rev-list", "--count", "HEAD"), _git(folder, "rev-parse", "--short=9", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return f"{NEXT}.dev0"
    return f"{NEXT}.dev{count}+g{commit}{'.dirty' if changed else ''}"


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()


if __name__ == "__main__":  # python3 -m notifier.version, for whoever has nothing installed yet
    sys.stdout.write(f"{version()}\n")
