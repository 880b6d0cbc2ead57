"""Sentinel and Cluster over TLS, by a certificate of an authority that the URL names."""

import ssl
from pathlib import Path

import pytest
import trustme
from redis_servers import RedisProcess, alone, answers, until
from tls_proxy import in_front_of

from notifier.store.connect import connect
from notifier.store.unavailable import StoreRefuses

pytestmark = pytest.mark.process


@pytest.fixture
def context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


AUTHORITY = trustme.CA()


async def test_sentinel(tmp_path: Path, context: ssl.SSLContext, ca: Path) -> None:
    async with alone(tmp_path / "primary") as primary:
        with in_front_of(primary.port, context) as data:
            place = tmp_path / "sentinel"
            place.mkdir()
            (place / "sentinel.conf").write_text(f"sentinel monitor shop 127.0.0.1 {data} 1\n")
            async with alone(place, "--sentinel") as sentinel:
                with in_front_of(sentinel.port, context) as asked:
                    url = f"rediss+sentinel://127.0.0.1:{asked}/shop"
                    client = await connect(f"{url}?ssl_ca_certs={ca}")
                    try:
                        await client.set("n:x", 1)
                    finally:
                        await client.aclose()
                    assert await primary.ask("GET", "n:x") == b"1"


async def test_cluster(tmp_path: Path, context: ssl.SSLContext, ca: Path) -> None:
    node = RedisProcess(tmp_path / "node", "--cluster-enabled", "yes")
    try:
        await answers(node)
        with in_front_of(node.port, context) as outside:
            await node.ask("CONFIG", "SET", "cluster-announce-port", outside)
            await node.ask("CONFIG", "SET", "cluster-announce-ip", "127.0.0.1")
            await node.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            await until(lambda: _fine(node))
            client = await connect(f"rediss+cluster://127.0.0.1:{outside}?ssl_ca_certs={ca}")
            try:
                await client.set("n:x", 1)
            finally:
                await client.aclose()
            assert await node.ask("GET", "n:x") == b"1"
            with pytest.raises(StoreRefuses, match="certificate verify failed"):
                await connect(f"rediss+cluster://127.0.0.1:{outside}")
    finally:
        node.kill()


async def _fine(node: RedisProcess) -> bool:
    return b"cluster_state:ok" in await node.ask("CLUSTER", "INFO")
