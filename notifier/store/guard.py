"""Ends a store that was made for one run when the run is gone, however it ended; a program of its own.

It holds one end of a pipe. The run holds the other, and the kernel closes that when the run dies, be it by SIGKILL: no
signal, no process id and no parent need be trusted for it, on any Unix.
"""

import contextlib
import fcntl
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE = 10.0  # seconds in which the server must have ended
_POLL = 0.05  # seconds between looks at whether it has


class RunGuard:
    """Watches over the store in a folder that nobody needs after this run; both are gone when it is.

    Made before the server is started, so that no moment is left in which it would outlive us.
    """

    def __init__(self, folder: Path) -> None:
        # It sees no module path and no environment of ours, and no Ctrl-C: it must outlive us by a moment.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """The run ends by itself, with its store."""
        assert self._process.stdin is not None
        self._process.stdin.write(b".")
        self._process.stdin.close()
        self._process.wait()


def main(folder: Path) -> None:
    """Wait for the end of the run; end its server and remove its folder, unless the run did that."""
    if sys.stdin.buffer.read():
        return
    deadline = time.monotonic() + _PATIENCE
    while _runs(folder / "server.lock") and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            server.settimeout(_PATIENCE)
            server.connect((folder / "server.lock").read_bytes())
            server.sendall(b"SHUTDOWN NOSAVE\r\n")
            while server.recv(4096):  # until it closes the connection by ending
                pass
        time.sleep(_POLL)
    shutil.rmtree(folder, ignore_errors=True)


def _runs(lock: Path) -> bool:
    """Whether a server holds its lock, whose text is the socket it listens at or soon will."""
    with contextlib.suppress(FileNotFoundError), lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
