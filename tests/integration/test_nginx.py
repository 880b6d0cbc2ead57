"""The service behind the nginx of deploy/nginx.conf, where there is an nginx: who gets through, and as whom."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from call_fixtures import BOSS
from console_browser import PASSWORD
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.console import passwords
from notifier.service.process import WEB, Service

ROOT = Path(__file__).parents[2]
HOST = "shop.example"
OFFICE, ANYWHERE = "127.0.0.1", "127.0.0.2"  # where a browser comes from
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine"),
]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def service_url(
    make_config: Callable[..., Config],
    clock: StillClock,
    redis: Redis,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> AsyncIterator[str]:
    config = make_config(server__trusted_proxies=["127.0.0.1/32"])
    async with Service(config, clock=clock, roles=[WEB]) as service:
        await service.staff.put(replace(BOSS, password=passwords.hashed(PASSWORD)))
        server = await aiohttp_server(service.app)
        yield f"127.0.0.1:{server.port}"


@pytest.fixture
def port(
    service_url: str, authority: trustme.CA, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> Iterator[int]:
    """Where nginx listens with what the guide has its reader install: other ports, and a certificate of our own."""
    https = unused_tcp_port_factory()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert.pem")
    live = f"/etc/letsencrypt/live/{HOST}"
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for ours, theirs in {
        "server 127.0.0.1:8080": f"server {service_url}",
        "listen 443": f"listen 127.0.0.1:{https}",
        "listen 80": f"listen 127.0.0.1:{unused_tcp_port_factory()}",
        f"{live}/fullchain.pem": f"{tmp_path}/cert.pem",
        f"{live}/privkey.pem": f"{tmp_path}/cert.pem",
    }.items():
        assert ours in site
        site = site.replace(ours, theirs)
    (tmp_path / "site.conf").write_text(site)
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        f"{user} pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ {folders} access_log {tmp_path}/access.log; include {tmp_path}/site.conf; }}\n"
    )
    nginx = [str(NGINX), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    tried = subprocess.run([*nginx, "-t"], capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr
    assert "[warn]" not in tried.stderr
    subprocess.run(nginx, check=True)  # comes back when it listens
    yield https
    subprocess.run([*nginx, "-s", "stop"], check=True)


class Here(AbstractResolver):
    """Every host is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = ResolveResult(
            hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
        )
        return [found]

    async def close(self) -> None:
        """There is nothing to close."""


@asynccontextmanager
async def browser(
    port: int, authority: trustme.CA, *, at: str, host: str = HOST
) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody at an address who asks for a host."""
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    connector = aiohttp.TCPConnector(ssl=trust, local_addr=(at, 0), resolver=Here())
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(f"https://{host}:{port}", connector=connector, cookie_jar=jar) as session:
        yield session


async def status(session: aiohttp.ClientSession, path: str) -> int:
    async with session.get(path, allow_redirects=False) as answer:
        return answer.status


async def test_who_gets_through(port: int, authority: trustme.CA, tmp_path: Path) -> None:
    async with browser(port, authority, at=ANYWHERE) as stranger, browser(port, authority, at=OFFICE) as office:
        for path in ("/console/", "/console/login", "/console/live", "/api/orders/1", "/docs", "/openapi.json"):
            assert await status(stranger, path) == 404, path
            assert await status(office, path) in (200, 303, 401), path
        for path in ("/metrics", "/readyz", "/healthz", "/", "/webhooksx"):
            assert await status(office, path) == 404, path
        assert await status(stranger, "/callbacks/kavenegar/guess-of-a-token/delivery") == 404
        assert await status(stranger, "/webhooks/shop") == 405
    logged = (tmp_path / "access.log").read_text()
    assert "/webhooks/shop" in logged
    assert "guess-of-a-token" not in logged


async def test_a_shop_and_a_supervisor_come_through(port: int, authority: trustme.CA, clock: StillClock) -> None:
    async with browser(port, authority, at=ANYWHERE) as stranger:
        shop = StandardShop(stranger, clock)  # type: ignore[arg-type]
        assert (await shop.post(standard_fixture("payment.succeeded__tehran_online"))).status == 202
    async with browser(port, authority, at=OFFICE) as office:
        form = {"username": BOSS.id, "password": PASSWORD}
        origin = {"Origin": f"https://{HOST}:{port}"}
        async with office.post("/console/login", data=form, headers=origin, allow_redirects=False) as answer:
            assert answer.status == 303
            cookie = answer.cookies["console"]
            assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        async with office.get("/console/live", headers={"Cookie": f"console={cookie.value}"}) as news:
            assert news.headers["Content-Type"] == "text/event-stream"
            assert await news.content.readline() == b"event: changed\n"


async def test_no_other_host_is_answered(port: int, authority: trustme.CA) -> None:
    async with browser(port, authority, at=OFFICE, host="other.example") as office:
        with pytest.raises(aiohttp.ClientConnectorSSLError, match="UNRECOGNIZED_NAME"):
            await office.get("/console/login")
