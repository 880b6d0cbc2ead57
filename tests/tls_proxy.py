"""TLS in front of a server that speaks none: the bundled Valkey is built without."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def in_front_of(target: int, context: ssl.SSLContext, *, port: int = 0) -> Iterator[int]:
    """A loopback port behind which ``target`` answers: over TLS, and to other servers, which know none, without."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        threading.Thread(target=_take, args=(listening, target, context), daemon=True).start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


def _take(listening: socket.socket, target: int, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_serve, args=(client, target, context), daemon=True).start()


def _serve(client: socket.socket, target: int, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", target)) as server:
        if client.recv(1, socket.MSG_PEEK) != b"\x16":  # no handshake
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            return
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(inside, outside, server_side=True)
        lock = threading.Lock()
        threading.Thread(target=_answer, args=(server, client, tls, outside, lock), daemon=True).start()
        while part := client.recv(65536):
            with lock:
                inside.write(part)
                with contextlib.suppress(ssl.SSLWantReadError):
                    while read := tls.read(65536):
                        server.sendall(read)
                    return  # it says good-bye
                client.sendall(outside.read())


def _answer(
    server: socket.socket, client: socket.socket, tls: ssl.SSLObject, outside: ssl.MemoryBIO, lock: threading.Lock
) -> None:
    with contextlib.suppress(OSError):
        while part := server.recv(65536):
            with lock:
                tls.write(part)
                client.sendall(outside.read())


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
