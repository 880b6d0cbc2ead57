"""The descriptions that are shipped, each against a stand-in made from its provider's documentation."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from standins import panels
from standins.panels import Panel

from notifier.config.providers import HttpConfig, ProviderConfig
from notifier.config.section import Section
from notifier.sms.providers import presets
from notifier.sms.providers.base import Accepted, DeliveryStatus, Failed, Failure, Outgoing, Provider, ProviderError

KEY = "panel-key-of-nobody"
ONE = Outgoing(id=7, to="09121234567", text="سفارش ۱۰۰۲۵ ارسال شد.")
S, F = DeliveryStatus, Failure


class _Providers(Section):
    """Sections as the configuration reads them."""

    panel: ProviderConfig


@dataclass(frozen=True, slots=True)
class Case:
    """A preset, and what is to come out by it."""

    app: Callable[[Panel], web.Application]
    base: str
    to: str
    credit: int
    statuses: dict[Any, DeliveryStatus]
    refusals: list[tuple[int, Any, Failure]]
    cost: int = 0


def _mediana(code: int) -> dict[str, Any]:
    return {"meta": {"code": "Failed", "errorMessage": None, "errors": [{"errorCode": code}]}, "data": None}


def _ippanel(code: str) -> dict[str, Any]:
    return {"data": None, "meta": {"status": False, "message": "نشد", "message_code": code, "errors": {"x": ["y"]}}}


def _meli(code: int) -> dict[str, Any]:
    return {"Value": str(code), "RetStatus": code, "StrRetStatus": "x"}


CASES = {
    "ippanel": Case(
        panels.ippanel,
        "/v1",
        "+989121234567",
        6084723,
        {"1": S.SENT, "2": S.DELIVERED, "3": S.UNDELIVERED, "4": S.BLOCKED},
        [(422, _ippanel("400-2"), F.REFUSED), (401, _ippanel("400-1"), F.ACCOUNT), (500, {}, F.UNKNOWN)],
    ),
    "melipayamak": Case(
        panels.melipayamak,
        "/api/SendSMS",
        "09121234567",
        2469000,
        {"1": S.DELIVERED, "2": S.UNDELIVERED, "8": S.SENT, "16": S.FAILED, "35": S.BLOCKED},
        [
            (200, _meli(2), F.ACCOUNT),
            (200, _meli(6), F.RETRY),
            (200, _meli(18), F.REFUSED),
            (200, _meli(35), F.ELSEWHERE),
            (200, {"Value": "11", "RetStatus": 1, "StrRetStatus": "Ok"}, F.UNKNOWN),
        ],
    ),
    "medianasms": Case(
        panels.medianasms,
        "/sms/v1",
        "09121234567",
        250000,
        {"Delivered": S.DELIVERED, "Blacklisted": S.BLOCKED},
        [
            (400, _mediana(1042), F.ACCOUNT),
            (400, _mediana(1041), F.REFUSED),
            (400, _mediana(1047), F.ELSEWHERE),
            (400, _mediana(1062), F.RETRY),
            (400, _mediana(9999), F.UNKNOWN),
        ],
    ),
    "ghasedak": Case(
        panels.ghasedak,
        "/rest/api/v1/WebService",
        "09121234567",
        81000,
        {5: S.DELIVERED, 4: S.UNDELIVERED, 2: S.BLOCKED, 6: S.FAILED, 1: S.CANCELLED, 3: S.SENT},
        [
            (400, {"isSuccess": False, "statusCode": 400, "message": "شماره"}, F.REFUSED),
            (200, {"IsSuccess": False, "StatusCode": 401, "Message": "x"}, F.ACCOUNT),
            (200, {"isSuccess": False, "statusCode": 200, "data": None}, F.UNKNOWN),
        ],
        cost=3537,
    ),
}

Open = Callable[..., Provider]


@pytest.fixture
def panel() -> Panel:
    return Panel(KEY)


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_provider(
    name: str, panel: Panel, aiohttp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Open]:
    server = await aiohttp_server(CASES[name].app(panel))
    opened: list[Provider] = []

    def open_it(key: str = KEY, **more: Any) -> Provider:
        monkeypatch.setenv("PANEL_KEY", key)
        monkeypatch.setenv("PANEL_USER", "shop")
        secrets = dict.fromkeys(presets.preset(name)["needs"], "env:PANEL_KEY")
        secrets |= {"username": "env:PANEL_USER"} if "username" in secrets else {}
        section = {"kind": "http", "preset": name, "secrets": secrets, "sender": "+983000505"}
        section |= {"base_url": str(server.make_url(CASES[name].base)), **more}
        config = _Providers.model_validate({"panel": section}).panel
        assert isinstance(config, HttpConfig)
        opened.append(config.provider("panel"))
        return opened[-1]

    yield open_it
    panel.release.set()
    for provider in opened:
        await provider.close()


def test_every_preset_has_its_stand_in() -> None:
    assert set(presets.names()) == set(CASES)


async def test_a_text_is_taken_and_asked_about(name: str, panel: Panel, open_provider: Open) -> None:
    provider, case = open_provider(), CASES[name]
    [result] = await provider.send([ONE])
    [text] = panel.texts
    assert result == Accepted(provider_id=str(text.id), cost=case.cost, status=S.QUEUED)
    assert (text.to, text.text, text.sender) == (case.to, ONE.text, "+983000505")
    for value, status in case.statuses.items():
        panel.statuses[str(text.id)] = value
        assert await provider.statuses([str(text.id)]) == {str(text.id): status}
    panel.statuses[str(text.id)] = "what nobody described"
    assert await provider.statuses([str(text.id)]) == {}
    assert await provider.credit() == case.credit


async def test_refusals(name: str, panel: Panel, open_provider: Open) -> None:
    provider = open_provider()
    for http, answer, failure in CASES[name].refusals:
        panel.refusal = (http, answer)
        [result] = await provider.send([ONE])
        assert isinstance(result, Failed)
        assert (result.failure, result.maybe_sent) == (failure, failure is F.UNKNOWN)


@pytest.mark.parametrize("trouble", ["drop", "hang", "html", "half"])
async def test_a_lost_answer_stays_unknown(panel: Panel, open_provider: Open, trouble: Any) -> None:
    panel.trouble = trouble
    [result] = await open_provider(timeout=timedelta(seconds=0.3)).send([ONE])
    assert isinstance(result, Failed)
    assert (result.failure, result.maybe_sent, len(panel.texts)) == (F.UNKNOWN, True, 1)


async def test_a_wrong_key_is_the_accounts_and_shows_nowhere(open_provider: Open) -> None:
    provider = open_provider(key="wrong-panel-key")
    [result] = await provider.send([ONE])
    assert isinstance(result, Failed)
    assert result.failure is F.ACCOUNT
    assert "wrong-panel-key" not in f"{result} {provider!r}"


async def test_a_question_that_is_not_answered_says_nothing(open_provider: Open, name: str) -> None:
    provider = open_provider(key="wrong-panel-key")
    if name == "melipayamak":  # which answers a wrong password like everything else
        assert await provider.statuses(["1"]) == {}
    else:
        with pytest.raises(ProviderError, match="HTTP 401"):
            await provider.statuses(["1"])
    with pytest.raises(ProviderError, match=r"HTTP 401|without its credit"):
        await provider.credit()
