"""How much memory a server of ours may take: with half of the machine's, the other half is there for its forks."""

import os
from pathlib import Path

_LEAST = 64 << 20
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def half() -> int:
    """Half of what the machine, or the container, has, in bytes."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            found.append(int(text))
    return max(min(found) // 2, _LEAST)
