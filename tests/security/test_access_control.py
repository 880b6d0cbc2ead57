"""V4 and V13 of ASVS, access control: every change of the console, whatever it is, asks who, from where, and may they.

The routes are read from the application itself, so that a new one is tried as soon as it is there.
"""

import re
from collections.abc import Iterator

import pytest
from console_browser import Browser, hire
from shops import API_TOKEN, Client

from notifier.service.process import Service

_PUBLIC = {"/console/login", "/console/login/code"}
_SUPERVISORS = re.compile(r"/console/(desk|staff|figures|deliveries|audit|owner)(/|$)")
_MADE_UP = {"source": "shop", "id": "10025", "partition": "0", "message": "1", "name": "order_packed"}


def routes(service: Service, method: str) -> list[str]:
    """Every address of the console that takes a method, with something made up where a name belongs."""
    found = set()
    for resource in service.app.router.resources():
        if not resource.canonical.startswith("/console"):
            continue
        for route in resource:
            if route.method == method:
                address = route.resource.canonical if route.resource else ""
                found.add(re.sub(r"\{(\w+)[^}]*\}", lambda match: _MADE_UP.get(match[1], "1"), address))
    return sorted(one for one in found if one not in _PUBLIC | {"/console"} and "/static/" not in one)


@pytest.fixture
async def people(client: Client, service: Service) -> dict[str, Browser]:
    await hire(service)
    browsers = {name: Browser(client) for name in ("sara", "reza", "boss")}
    for name, browser in browsers.items():
        await browser.enter(service, name)
    return browsers


def _bare(path: str) -> str:
    return path.removeprefix("/console")


async def test_there_are_routes_to_try(service: Service) -> None:
    assert len(routes(service, "POST")) >= 15
    assert len(routes(service, "GET")) >= 12


async def test_nothing_is_shown_or_done_without_a_session(client: Client, service: Service) -> None:
    stranger = Browser(client)
    for path in routes(service, "GET"):
        page = await stranger.get(_bare(path))
        assert (page.status, page.headers.get("Location")) == (303, "/console/login"), path
    for path in routes(service, "POST"):
        assert (await stranger.post_bare(_bare(path), csrf="x")).status == 403, path


def forgeries(token: str, other: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Headers and form of what a page of somebody else's could have a browser send."""
    yield {}, {}
    yield {}, {"csrf": ""}
    yield {}, {"csrf": "made-up"}
    yield {}, {"csrf": other}
    yield {}, {"csrf": token[:-1]}
    yield {"Origin": "https://evil.example"}, {"csrf": token}
    yield {"Origin": "http://127.0.0.1:1"}, {"csrf": token}
    yield {"Sec-Fetch-Site": "cross-site"}, {"csrf": token}
    yield {"Sec-Fetch-Site": "same-site"}, {"csrf": token}
    yield {"X-CSRF-Token": other}, {}


async def test_no_change_comes_from_another_site(service: Service, people: dict[str, Browser]) -> None:
    boss, other = people["boss"], people["sara"]
    for path in routes(service, "POST"):
        for headers, form in forgeries(boss.csrf, other.csrf):
            page = await boss.post_bare(_bare(path), headers=headers, **form)
            assert page.status == 403, (path, headers, form)
    assert (await boss.get("/me")).status == 200, "and nobody was signed out by it"


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "", "multipart/form-data; boundary=x"])
async def test_nor_as_another_kind_of_body(
    client: Client, service: Service, people: dict[str, Browser], kind: str
) -> None:
    cookie = f"console={people['boss'].cookies['console']}"
    for path in routes(service, "POST"):
        headers = {"Cookie": cookie, "Content-Type": kind}
        answer = await client.post(path, data=b'{"csrf":"x"}', headers=headers, allow_redirects=False)
        assert answer.status == 403, path


async def test_an_agent_is_no_supervisor_anywhere(service: Service, people: dict[str, Browser]) -> None:
    tried = 0
    for path in routes(service, "GET"):
        if _SUPERVISORS.match(path):
            tried += 1
            assert (await people["sara"].get(_bare(path))).status == 403, path
    for path in routes(service, "POST"):
        if _SUPERVISORS.match(path):
            tried += 1
            assert (await people["sara"].post(_bare(path))).status == 403, path
    assert tried >= 6


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"bearer{API_TOKEN}", f"Basic {API_TOKEN}", f"Bearer {API_TOKEN}x"],
)
async def test_the_api_wants_its_token_before_anything(
    client: Client, service: Service, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("orders", "orders/10025", "messages", "calls", "deliveries", "nothing"):
        assert (await client.get(f"/api/{path}", headers=headers)).status == 401, path
    for path in ("claim", "outcome", "snooze"):
        assert (await client.post(f"/api/calls/1/{path}", json={}, headers=headers)).status == 401, path


async def test_a_cookie_is_no_token_and_a_token_no_cookie(client: Client, people: dict[str, Browser]) -> None:
    cookie = {"Cookie": f"console={people['boss'].cookies['console']}"}
    assert (await client.get("/api/orders", headers=cookie)).status == 401
    token = {"Authorization": f"Bearer {API_TOKEN}", "Cookie": f"console={API_TOKEN}"}
    assert (await client.get("/console/", headers=token, allow_redirects=False)).status == 303
