"""V5 of ASVS, validation and encoding: what a stranger says is bounded and plain before anything is done with it."""

import io
import itertools

import pytest
from console_browser import PASSWORD, Browser, hire
from shops import API_TOKEN, Client, StandardShop, standard_fixture

from notifier.incoming.forms import LARGEST
from notifier.practice import standard
from notifier.service.process import Service

FORM = "application/x-www-form-urlencoded"
CALLBACK = "/callbacks/kavenegar/test-callback-token/inbound"
PLACES = ["/console/login", CALLBACK, "/callbacks/kavenegar/test-callback-token/delivery"]
CODECS = ["punycode", "idna", "utf-7", "utf-16", "cp1256", "unicode_escape", "zlib", "rot13", "no-such-codec", "ascii"]


@pytest.mark.parametrize("path", PLACES)
async def test_no_other_encoding_than_utf_8(client: Client, path: str) -> None:
    """Refused by its name alone, before a byte of the body: here none ever comes."""
    for codec in CODECS:
        answer = await client.post(path, headers={"Content-Type": f"{FORM}; charset={codec}", "Content-Length": "0"})
        assert (answer.status, answer.content_type) == (415, "application/problem+json"), codec


@pytest.mark.parametrize(
    "content_type",
    [
        f'{FORM}; charset="punycode"',
        f"{FORM};CHARSET = punycode",
        f"{FORM}; charset=utf-8; charset=punycode",
        f"{FORM}; charset*=utf-8''punycode",
        f"{FORM}; charset*0=puny; charset*1=code",
        "application/json; charset=punycode",
        "multipart/form-data; boundary=x; charset=punycode",
        "text/plain; charset=punycode",
    ],
)
async def test_however_it_is_named(client: Client, content_type: str) -> None:
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {API_TOKEN}"}
    for path in (*PLACES, "/webhooks/shop", "/webhooks/woo", "/api/calls/1/claim"):
        assert (await client.post(path, data=b"username=x", headers=headers)).status == 415, path


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", '"utf-8"'])
async def test_utf_8_may_be_named(client: Client, service: Service, charset: str) -> None:
    await hire(service)
    form = f"username=sara&password={PASSWORD.replace(' ', '+')}".encode()
    headers = {"Content-Type": f"{FORM}; charset={charset}"}
    answer = await client.post("/console/login", data=form, headers=headers, allow_redirects=False)
    assert answer.status == 303


def parts(*named: tuple[str, bytes], head: str = "") -> bytes:
    return (
        b"".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n{head}\r\n'.encode() + value + b"\r\n"
            for name, value in named
        )
        + b"--x--\r\n"
    )


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize(
    "body",
    [
        parts(("username", b"a-" * 1000), head="Content-Type: text/plain; charset=punycode\r\n"),
        parts(("_charset_", b"punycode"), ("username", b"a-" * 1000)),
        b"--x\r\nContent-Disposition: form-data; name=\"a\"; charset*=utf-8''punycode\r\n\r\nx\r\n--x--\r\n",
    ],
)
async def test_nor_in_a_part(client: Client, path: str, body: bytes) -> None:
    answer = await client.post(path, data=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status == 415


async def test_nor_in_a_field(client: Client) -> None:
    answer = await client.post("/console/login", data={"_charset_": "punycode", "username": "x"})
    assert answer.status == 415


async def test_a_form_in_parts_is_read(client: Client, service: Service) -> None:
    await hire(service)
    body = parts(("username", b"sara"), ("password", PASSWORD.encode()))
    headers = {"Content-Type": 'multipart/form-data; boundary="x"'}
    answer = await client.post("/console/login", data=body, headers=headers, allow_redirects=False)
    assert answer.status == 303


async def test_a_form_is_as_large_as_a_form(client: Client, service: Service) -> None:
    headers = {"Content-Type": FORM}
    large = b"username=" + b"x" * LARGEST
    assert (await client.post("/console/login", data=large, headers=headers)).status == 413
    assert (await client.post("/console/login", data=io.BytesIO(large), headers=headers, chunked=True)).status == 413
    await hire(service)
    browser = Browser(client)
    await browser.enter(service, "sara")
    assert (await browser.post("/logout", note="x" * LARGEST)).status == 413
    assert (await browser.get("/me")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "a:b:c"},
        {"Host": "a:99999999"},
        {"Host": "a:" + "9" * 5000},
        {"Host": "["},
        {"Host": "[::1"},
        {"Host": "a b"},
        {"Host": "user@host"},
        {"Host": "xn--" + "a" * 4000},
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
        {"Origin": "http://a:b"},
        {"Origin": "nonsense"},
        {"Origin": "http://a]b"},
    ],
)
async def test_a_host_that_is_none(client: Client, headers: dict[str, str]) -> None:
    paths = ("/console/login", "/healthz", "/webhooks/shop", CALLBACK, "/api/orders")
    for path, method in itertools.product(paths, ("GET", "POST")):
        answer = await client.request(method, path, headers=headers)
        assert answer.status in (400, 405), (method, path, await answer.text())
        if answer.status == 405:
            assert path in ("/webhooks/shop", "/healthz", "/api/orders", "/console/login")


@pytest.mark.parametrize("partition", ["9" * 5000, "-1", "۱", "1e3", "0x1"])
async def test_a_partition_that_is_none(client: Client, service: Service, partition: str) -> None:
    await hire(service)
    browser = Browser(client)
    await browser.enter(service, "sara")
    assert (await browser.post(f"/messages/{partition}/1/again")).status == 400
    assert (await browser.post("/messages/7/1/again")).status == 404


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 5000, "1e999", "۹" * 1000, "NaN", "\x00", "1" * 400])
async def test_numbers_of_any_length_are_no_trouble(client: Client, service: Service, digits: str) -> None:
    """In every place of an address or a form where a number is looked for."""
    await hire(service)
    boss = Browser(client)
    await boss.enter(service, "boss")
    signed = {"Authorization": f"Bearer {API_TOKEN}"}
    for path in ("orders", "messages", "calls", "deliveries"):
        for asked in ({"limit": digits}, {"cursor": f"{digits}:1"}, {"status": digits}):
            assert (await client.get(f"/api/{path}", params=asked, headers=signed)).status < 500
    for path in ("orders", "messages", "deposits", "parked", "deliveries", "priority"):
        assert (await boss._ask("GET", f"/{path}?after={digits}:1".replace("\x00", "%00"))).status < 500
    for name in ("quick", "hour", "minute", "day"):
        form = {"day": "2026-11-24", "hour": "10", "minute": "00"} | {name: digits}
        assert (await boss.post("/orders/shop/1/call", **form)).status < 500
    for page in ("figures?from=", "figures?to=", "deliveries?status=", "orders?q="):
        assert (await boss._ask("GET", f"/{page}{digits}".replace("\x00", "%00"))).status < 500


async def test_a_delivery_is_read_as_utf_8_whatever_it_says(shop: StandardShop) -> None:
    body, headers = standard.signed(
        shop.secret, standard_fixture("payment.succeeded__tehran_online"), at=shop.clock.now()
    )
    said = headers | {"content-type": "application/json; charset=cp1256"}
    assert (await shop.send(body, said)).status == 415
    assert (await shop.send(body, headers | {"content-type": "application/json; charset=utf-8"})).status == 202
