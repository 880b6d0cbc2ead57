"""The official SDK, unchanged, against the simulator over TLS."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp.test_utils import TestServer
from kavenegar import APIException, HTTPException, KavenegarAPI

from notifier.clock import StillClock
from notifier.simulator import Fault, Simulator, create_app

PHONE = "09121234567"


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(
        clock=StillClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC)), api_key="s3cret", templates={"code": "کد %token"}
    )


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with authority.cert_pem.tempfile(dir=str(tmp_path)) as bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        monkeypatch.setenv("NO_PROXY", "*")
        yield context


@pytest.fixture
async def host(simulator: Simulator, tls: ssl.SSLContext) -> Any:
    server = TestServer(create_app(simulator), host="localhost", scheme="https")
    await server.start_server(ssl=tls)
    yield f"localhost:{server.port}"
    await server.close()


def sdk(host: str, key: str = "s3cret") -> Any:
    api = KavenegarAPI(key)
    api.host = host
    return api


async def test_send(host: str, simulator: Simulator) -> None:
    params = {"receptor": PHONE, "message": "سلام", "localid": "5"}
    [entry] = await asyncio.to_thread(sdk(host).sms_send, params)
    assert (entry["status"], entry["receptor"]) == (1, PHONE)
    assert [message.text for message in simulator.messages] == ["سلام"]
    [status] = await asyncio.to_thread(sdk(host).sms_statuslocalmessageid, {"localid": "5"})
    assert status["messageid"] == entry["messageid"]


async def test_lookup(host: str, simulator: Simulator) -> None:
    params = {"receptor": PHONE, "template": "code", "token": "852596", "type": "sms"}
    [entry] = await asyncio.to_thread(sdk(host).verify_lookup, params)
    assert entry["message"] == simulator.messages[0].text == "کد 852596"


async def test_account_info(host: str, simulator: Simulator) -> None:
    info = await asyncio.to_thread(sdk(host).account_info)
    assert info["remaincredit"] == simulator.credit


async def test_a_wrong_key(host: str) -> None:
    with pytest.raises(APIException, match=r"APIException\[403\]"):
        await asyncio.to_thread(sdk(host, "wrong").account_info)


async def test_what_is_no_json(host: str, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="http_error"))
    with pytest.raises(HTTPException):
        await asyncio.to_thread(sdk(host).account_info)
