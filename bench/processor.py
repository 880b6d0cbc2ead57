"""The time that processes were on a processor: what else a machine does weighs less on it than on time by the clock."""

import os
import time
from pathlib import Path
from typing import Any

from redis import Redis

_TICKS = os.sysconf("SC_CLK_TCK")
_REST = 0.02  # seconds spent in two of the clock by who does nothing but wait
_PATIENCE = 40  # seconds


def of_process(pid: int) -> float:
    """Seconds of a process and of all that it started and that still runs, user and system mode together."""
    spent, children = dict[int, float](), dict[int, list[int]]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        one = int(stat.parent.name)
        spent[one] = (int(fields[11]) + int(fields[12])) / _TICKS
        children.setdefault(int(fields[1]), []).append(one)
    waiting, total = [pid], 0.0
    while waiting:
        one = waiting.pop()
        total += spent.get(one, 0.0)
        waiting += children.get(one, [])
    return total


def rest(*pids: int) -> None:
    """Wait until these processes only wait: what is done once after a start is no part of what is done for an event."""
    deadline, before = time.monotonic() + _PATIENCE, float("-inf")
    while (now := sum(map(of_process, pids))) > before + _REST and time.monotonic() < deadline:
        before = now
        time.sleep(2)


def of_redis(said: dict[str, Any]) -> float:
    """Seconds of a Redis, from its answer to ``INFO cpu``."""
    return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])


def of_redis_at(socket: str) -> float:
    """Seconds of the Redis behind a unix socket."""
    with Redis(unix_socket_path=socket) as redis:
        return of_redis(redis.info("cpu"))
