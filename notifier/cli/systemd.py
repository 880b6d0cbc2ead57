"""Word to systemd of how the service is doing, shown by ``systemctl status``; without systemd nothing happens."""

import contextlib
import os
import socket

_LONGEST = 500  # characters of a status


def notify(*, status: str, ready: bool = False, stopping: bool = False) -> None:
    """Tell whoever started us. https://www.freedesktop.org/software/systemd/man/sd_notify.html"""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    lines = [f"STATUS={' '.join(status.split())[:_LONGEST]}"]
    lines += ["READY=1"] if ready else []
    lines += ["STOPPING=1"] if stopping else []
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.send("\n".join(lines).encode())
