"""The sockets that a service listens at: bound once, and handed to every process that answers there."""

import errno
import socket
from collections.abc import Iterable, Sequence

from notifier.errors import ConfigError, NotifierError

_BACKLOG = 128
_PASSES = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)


class PortTaken(NotifierError):
    """The port is taken by a stranger, or this machine does not have the address yet; a later try may succeed."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Listen at every address of the host; port 0 is any free one, the same for all of them.

    Raises PortTaken where it may be free later, ConfigError where it never will.
    """
    where = f"{host}:{port}"
    bound: list[socket.socket] = []
    try:
        try:
            found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise PortTaken(f"cannot listen on {where} yet: its name is not known ({error.strerror})") from None
            raise ConfigError(f"cannot listen on {where}: {error.strerror}; choose another --host") from None
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                bound.append(_listening(family, (address[0], _port(bound) or port, *address[2:])))
            except OSError as error:
                raise _told(error, where) from None
    except BaseException:
        close(bound)
        raise
    return bound


def inherited(numbers: str) -> list[socket.socket]:
    """The sockets that the parent of this process has bound, by their file descriptors."""
    return [socket.socket(fileno=int(number)) for number in numbers.split(",")]


def numbers(sockets: Iterable[socket.socket]) -> str:
    """The file descriptors, as `inherited` takes them."""
    return ",".join(str(one.fileno()) for one in sockets)


def close(sockets: Iterable[socket.socket]) -> None:
    for one in sockets:
        one.close()


def _port(bound: Sequence[socket.socket]) -> int:
    return int(bound[0].getsockname()[1]) if bound else 0


def _listening(family: int, address: tuple[str | int, ...]) -> socket.socket:
    """A socket that nobody shares: two programs that both listened would each get a part of the requests."""
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(_BACKLOG)
        one.setblocking(False)
    except BaseException:
        one.close()
        raise
    return one


def _told(error: OSError, where: str) -> NotifierError:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"cannot listen on {where}: another program has this port, perhaps a second installation; it is tried "
            "again until it is free. End the other one, or choose another --port ([server] port)."
        )
    if error.errno in _PASSES:
        return PortTaken(
            f"cannot listen on {where}: this machine does not have the address, or not yet; it is tried again. If it "
            "never will, choose another --host ([server] host)."
        )
    return ConfigError(f"cannot listen on {where}: {error.strerror}; choose another --port")
