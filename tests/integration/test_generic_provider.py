"""The HTTP provider that configuration describes, over real HTTP against a server that answers as it is told."""

import asyncio
import json
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from notifier.secret import MissingSecretError, Secret
from notifier.sms.providers.base import Accepted, DeliveryStatus, Failed, Failure, Outgoing, ProviderError, Result
from notifier.sms.providers.generic import HttpProvider
from notifier.sms.providers.generic_rules import HttpProviderRules, Signs

KEY = "k3y+not/a=real&one"
NASTY = 'سلام "سارا" & <b>50%</b>\n{id} {to} {key}\\ + ؟#'

Open = Callable[..., HttpProvider]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    method: str
    raw_path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    form: dict[str, str]
    port: int


@dataclass(slots=True)
class Script:
    """A server that gives its only answer to all, and keeps what it was asked."""

    http: int = 200
    answer: Any = field(default_factory=lambda: {"ok": True, "data": {"id": 1123594208, "price": 120}})
    trouble: str = ""
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.seen.append(
            Seen(
                request.method,
                request.raw_path,
                dict(request.query),
                {name.lower(): value for name, value in request.headers.items()},
                await request.read(),
                form,
                request.transport.get_extra_info("peername")[1],
            )
        )
        if self.trouble == "drop":
            request.transport.abort()
        if self.trouble == "hang":
            await self.release.wait()
        if self.trouble == "redirect":
            return web.Response(status=307, headers={"Location": str(request.url)})
        if isinstance(self.answer, str):
            return web.Response(status=self.http, text=self.answer, content_type="text/html")
        return web.json_response(self.answer, status=self.http)


@pytest.fixture
async def script(aiohttp_server: Any) -> AsyncIterator[Script]:
    script = Script()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", script.handle)
    server = await aiohttp_server(app)
    script.url = str(server.make_url("/"))
    yield script
    script.release.set()


@pytest.fixture
async def provider_of() -> AsyncIterator[Open]:
    opened: list[HttpProvider] = []

    def open_with(rules: HttpProviderRules, **options: Any) -> HttpProvider:
        opened.append(HttpProvider(rules, **{"name": "second", **options}))
        return opened[-1]

    yield open_with
    for provider in opened:
        await provider.close()


@pytest.fixture
def rules(script: Script) -> HttpProviderRules:
    return HttpProviderRules(
        url=f"{script.url}send",
        headers={"ApiKey": Secret(KEY)},
        body={"receptor": "{to}", "message": "{text}", "reference": "{id}"},
        accepted_when="ok",
        provider_id="data.id",
        cost="data.price",
        code="code",
        message="why",
        retry=Signs(http=frozenset({503}), codes=frozenset({"20"})),
        refused=Signs(http=frozenset({422}), codes=frozenset({"BAD_NUMBER", "411"})),
        account=Signs(http=frozenset({401}), codes=frozenset({"418", "false"})),
        retry_after=timedelta(seconds=30),
    )


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


ONE = Outgoing(id=7, to="09121234567", text="سلام سارا")
ODD = Outgoing(id=7, to="+97455123456", text=NASTY)


def failures(results: Sequence[Result]) -> list[Failure | None]:
    return [result.failure if isinstance(result, Failed) else None for result in results]


def failed(results: Sequence[Result]) -> Failed:
    [result] = results
    assert isinstance(result, Failed)
    return result


# What goes out


async def test_json_keeps_every_sign_and_its_own_types(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    body = {
        "to": ["{to}"],
        "text": "{text}",
        "sms": {"line": 3000, "flash": False, "at": None, "ref": "n-{id}/{sender}"},
    }
    provider = provider_of(replace(rules, body=body), sender="shop")
    assert failures(await provider.send([ODD])) == [None]
    assert json.loads(script.seen[0].body) == {
        "to": ["+97455123456"],
        "text": NASTY,
        "sms": {"line": 3000, "flash": False, "at": None, "ref": "n-7/shop"},
    }
    assert script.seen[0].headers["content-type"] == "application/json"
    assert (script.seen[0].method, script.seen[0].headers["apikey"]) == ("POST", KEY)


async def test_a_form_keeps_every_sign(script: Script, rules: HttpProviderRules, provider_of: Open) -> None:
    body = {"key": "{key}", "to": "{to}", "text": "{text}", "flash": False, "kind": 1}
    rules = replace(rules, body=body, body_format="form", headers={}, secrets={"key": Secret(KEY)})
    assert failures(await provider_of(rules).send([ODD])) == [None]
    assert script.seen[0].form == {"key": KEY, "to": "+97455123456", "text": NASTY, "flash": "false", "kind": "1"}
    assert script.seen[0].headers["content-type"].startswith("application/x-www-form-urlencoded")


async def test_a_url_keeps_every_sign(script: Script, rules: HttpProviderRules, provider_of: Open) -> None:
    rules = replace(
        rules,
        method="GET",
        url=f"{script.url}v1/{{key}}/send?to={{to}}&text={{text}}&ref={{id}}&plus=%2B",
        headers={},
        body=None,
        secrets={"key": Secret(KEY)},
    )
    assert failures(await provider_of(rules).send([ODD])) == [None]
    [seen] = script.seen
    assert seen.raw_path.startswith("/v1/k3y%2Bnot%2Fa%3Dreal%26one/send?")
    assert seen.query == {"to": "+97455123456", "text": NASTY, "ref": "7", "plus": "+"}
    assert (seen.method, seen.body) == ("GET", b"")


async def test_headers_are_templates_too(script: Script, rules: HttpProviderRules, provider_of: Open) -> None:
    headers: dict[str, str | Secret] = {
        "Authorization": "Bearer {token}",
        "Idempotency-Key": "order-{id}-{sender}",
        "X-Braces": Secret("{id}"),
        "accept": "text/plain",
    }
    rules = replace(rules, headers=headers, secrets={"token": Secret(KEY)})
    own = Outgoing(id=9, to=ONE.to, text="a", sender="20\r\nX-Evil: 1")
    assert failures(await provider_of(rules, sender="10").send([own])) == [None]
    sent = script.seen[0].headers
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent["idempotency-key"] == "order-9-20X-Evil: 1"
    assert sent["x-braces"] == "{id}"
    assert sent["accept"] == "text/plain"
    assert "x-evil" not in sent


@pytest.mark.parametrize(("to", "e164"), [("09121234567", "+989121234567"), ("+97455123456", "+97455123456")])
async def test_a_number_in_international_form(
    script: Script, rules: HttpProviderRules, provider_of: Open, to: str, e164: str
) -> None:
    await provider_of(replace(rules, body={"to": "{to_e164}", "text": "{text}"})).send(
        [Outgoing(id=1, to=to, text="a")]
    )
    assert json.loads(script.seen[0].body)["to"] == e164


async def test_half_an_emoji_keeps_nothing_from_being_sent(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    message = Outgoing(id=1, to=ONE.to, text="سلام \ud83c")
    rules = replace(rules, body_format="form")
    assert failures(await provider_of(rules).send([message])) == [None]
    assert script.seen[0].form["message"] == "سلام ?"


async def test_every_message_has_its_call_and_its_place(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    batch = [Outgoing(id=n, to=f"0912{n:07d}", text=str(n)) for n in range(1, 31)]
    script.answer = {"ok": True, "data": {"id": "x"}}
    assert (
        await provider_of(rules).send(batch)
        == [Accepted(provider_id="x", cost=0, status=DeliveryStatus.QUEUED, reported=False)] * 30
    )
    assert {json.loads(seen.body)["reference"] for seen in script.seen} == {str(n) for n in range(1, 31)}
    with pytest.raises(ValueError, match="201 messages"):
        await provider_of(rules).send([ONE] * 201)


# What an answer means


@pytest.mark.parametrize(
    ("answer", "cost"),
    [
        ({"ok": True, "data": {"id": 1123594208, "price": 120}}, 1200),
        ({"ok": "yes", "data": {"id": "1123594208", "price": "120"}}, 1200),
        ({"ok": True, "data": {"id": 1123594208, "price": None}}, 0),
        ({"ok": True, "data": {"id": 1123594208, "price": "free"}}, 0),
        ({"ok": True, "code": "200-1", "data": {"id": 1123594208}}, 0),
    ],
)
async def test_accepted(script: Script, rules: HttpProviderRules, provider_of: Open, answer: Any, cost: int) -> None:
    script.answer = answer
    results = await provider_of(replace(rules, unit_price=10)).send([ONE])
    assert results == [Accepted(provider_id="1123594208", cost=cost, status=DeliveryStatus.QUEUED, reported=False)]


async def test_a_bare_number_is_json_and_an_id_beyond_floats_stays_exact(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    script.answer = "12345678901234567890"
    rules = replace(rules, accepted_when="@ > `1000`", provider_id="@")
    assert await provider_of(rules).send([ONE]) == [
        Accepted(provider_id="12345678901234567890", cost=0, status=DeliveryStatus.QUEUED, reported=False)
    ]


async def test_the_http_status_alone_may_do(script: Script, provider_of: Open) -> None:
    script.http, script.answer = 202, "<html>queued</html>"
    rules = HttpProviderRules(url=f"{script.url}?to={{to}}&t={{text}}", accepted_http=frozenset({202}))
    assert await provider_of(rules).send([ONE]) == [
        Accepted(provider_id="", cost=0, status=DeliveryStatus.QUEUED, reported=False)
    ]
    script.http = 200
    assert failures(await provider_of(rules).send([ONE])) == [Failure.UNKNOWN]


@pytest.mark.parametrize(
    ("http", "answer", "expected"),
    [
        (503, "<html>later</html>", (Failure.RETRY, 503)),
        (200, {"ok": False, "code": 20}, (Failure.RETRY, 20)),
        (422, {"ok": True}, (Failure.REFUSED, 422)),
        (200, {"ok": False, "code": "411"}, (Failure.REFUSED, 411)),
        (400, {"code": "BAD_NUMBER"}, (Failure.REFUSED, 400)),
        (401, "", (Failure.ACCOUNT, 401)),
        (503, {"code": 418}, (Failure.ACCOUNT, 418)),  # the code says more than the status
        (200, {"ok": True, "code": 418, "data": {"id": 5}}, (Failure.ACCOUNT, 418)),
        (200, {"code": False}, (Failure.ACCOUNT, 200)),
    ],
)
async def test_a_listed_answer_has_its_class(
    script: Script,
    rules: HttpProviderRules,
    provider_of: Open,
    http: int,
    answer: Any,
    expected: tuple[Failure, int],
) -> None:
    script.http, script.answer = http, answer
    for repeatable in (False, True):
        result = failed(await provider_of(replace(rules, repeatable=repeatable)).send([ONE]))
        assert (result.failure, result.code) == expected
        assert result.retry_after == (30 if result.failure is Failure.RETRY else None)
        assert not result.maybe_sent


DOUBTS = [
    (200, {"ok": False}),
    (200, {"ok": False, "code": "4110"}),
    (200, {"ok": True, "data": {}}),
    (200, {"ok": True, "data": {"id": 0}}),
    (200, {"ok": True, "data": {"id": ""}}),
    (200, {"ok": True, "data": {"id": True}}),
    (200, {"ok": True, "data": {"id": {"a": 1}}}),
    (200, "<html>ok</html>"),
    (200, '{"ok": tr'),
    (200, "[" * 100_000),
    (200, None),
    (200, []),
    (201, "null"),
    (400, {"ok": True}),
    (418, {"ok": True}),
    (500, {"ok": True, "data": {"id": 5}}),
    (502, "<html>bad gateway</html>"),
    (404, ""),
]


@pytest.mark.parametrize(("http", "answer"), DOUBTS)
async def test_any_other_answer_may_have_sent_it(
    script: Script, rules: HttpProviderRules, provider_of: Open, http: int, answer: Any
) -> None:
    script.http, script.answer = http, answer
    doubt = failed(await provider_of(rules).send([ONE]))
    again = failed(await provider_of(replace(rules, repeatable=True)).send([ONE]))
    assert (doubt.failure, again.failure) == (Failure.UNKNOWN, Failure.RETRY)
    assert doubt.maybe_sent
    assert again.maybe_sent


async def test_what_is_no_json_is_not_accepted_by_a_negation(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    rules = replace(rules, accepted_when="!error", provider_id=None)
    script.answer = "<html>maintenance</html>"
    assert failures(await provider_of(rules).send([ONE])) == [Failure.UNKNOWN]
    script.answer = {"error": None}
    assert failures(await provider_of(rules).send([ONE])) == [None]


async def test_an_expression_that_does_not_fit_the_answer_finds_nothing(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    rules = replace(rules, accepted_when="starts_with(state, 'OK')")
    script.answer = {"state": 5}
    assert failures(await provider_of(rules).send([ONE])) == [Failure.UNKNOWN]
    script.answer = {"state": "OK 5", "data": {"id": 5}}
    assert failures(await provider_of(rules).send([ONE])) == [None]


async def test_the_reason_has_the_provider_s_words(script: Script, rules: HttpProviderRules, provider_of: Open) -> None:
    script.http, script.answer = 400, {"code": "BAD_NUMBER", "why": "شماره نادرست است"}
    result = failed(await provider_of(rules).send([ONE]))
    assert result.reason == "second answered HTTP 400, code BAD_NUMBER, شماره نادرست است"
    script.answer = {"code": "BAD_NUMBER", "why": "x" * 5_000}
    assert len(failed(await provider_of(rules).send([ONE])).reason) < 400


# Trouble on the way


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("trouble", ["drop", "hang", "redirect"])
async def test_a_lost_answer_is_a_doubt_and_nothing_is_repeated_in_secret(
    script: Script, rules: HttpProviderRules, provider_of: Open, trouble: str, method: str
) -> None:
    rules = replace(rules, method=method, url=f"{rules.url}?to={{to}}&text={{text}}&id={{id}}", body=None)
    timeout = 0.5 if trouble == "hang" else 20
    script.trouble = trouble
    assert failures(await provider_of(rules, timeout=timeout).send([ONE])) == [Failure.UNKNOWN]
    assert len(script.seen) == 1
    again = failed(await provider_of(replace(rules, repeatable=True), timeout=timeout).send([ONE]))
    assert (again.failure, again.maybe_sent) == (Failure.RETRY, True)


async def test_what_must_not_be_repeated_has_a_connection_of_its_own(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    once, repeatable = provider_of(rules), provider_of(replace(rules, repeatable=True))
    for provider in (once, once, once, repeatable, repeatable, repeatable):
        assert failures(await provider.send([ONE])) == [None]
    ports = [seen.port for seen in script.seen]
    assert len(set(ports[:3])) == 3
    assert len(set(ports[3:])) == 1


@pytest.mark.parametrize("repeatable", [False, True])
async def test_nothing_was_sent_where_nobody_listens(
    rules: HttpProviderRules, provider_of: Open, closed_port: int, repeatable: bool
) -> None:
    rules = replace(rules, url=f"http://127.0.0.1:{closed_port}/", repeatable=repeatable)
    result = failed(await provider_of(rules).send([ONE]))
    assert (result.failure, result.maybe_sent) == (Failure.RETRY, False)


# What it cannot do


async def test_it_sends_plain_texts_and_no_more(script: Script, rules: HttpProviderRules, provider_of: Open) -> None:
    provider = provider_of(rules)
    assert failures([await provider.lookup(Outgoing(id=1, to=ONE.to, text="a", pattern="p"))]) == [Failure.REFUSED]
    assert await provider.statuses(["1"]) == {}
    assert await provider.statuses_by_local_id([1]) == {}
    with pytest.raises(ProviderError, match="second is described without a way to ask for its credit"):
        await provider.credit()
    assert script.seen == []
    assert (provider.repeatable, provider_of(replace(rules, repeatable=True)).repeatable) == (False, True)


# The rules


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"method": "get"}, "method is 'get'; it must be one of GET, POST"),
        ({"url": "api.example.ir/send"}, "url: it must be a whole address"),
        ({"url": "http://h:99999/{to}"}, "url: Port"),
        ({"url": "ftp://api.example.ir/send"}, "url: it must be a whole address"),
        ({"url": "https://{sender}.example.ir/"}, "url: no placeholder and no password"),
        ({"url": "https://me:secret@example.ir/"}, "url: no placeholder and no password"),
        ({"url": "https://example.ir/ارسال"}, "url: percent-encode"),
        ({"url": "https://example.ir/a b"}, "url: percent-encode"),
        ({"method": "GET"}, "body: a GET has none"),
        ({"body_format": "xml"}, "body_format is 'xml'"),
        ({"body_format": "form", "body": {"to": ["{to}"], "text": "{text}"}}, "body: a form has no tables"),
        ({"headers": {"Api Key": "x"}}, "headers: 'Api Key' is no name"),
        ({"headers": {"X-Key\n": "x"}}, "headers: "),
        ({"headers": {"X-Text": "{text}"}}, r"headers\.X-Text: \{text\} has line breaks"),
        ({"headers": {"X-Key": "{kee}"}}, r"headers\.X-Key: \{kee\} is no placeholder; there are \{to\}, .*\{id\}"),
        ({"body": {"to": "{to}", "text": ["{text}", {"a": "{name}"}]}}, r"body: \{name\} is no placeholder"),
        ({"secrets": {"to": Secret("x")}}, "secrets: to is a placeholder already"),
        ({"body": {"to": "{to}"}}, r"\{text\} must stand somewhere"),
        ({"body": {"text": "{text}"}}, r"\{to\} .* must stand somewhere"),
        ({"body": {"to": "{to}", "text": "{text}"}, "repeatable": True}, r"repeatable: .* put \{id\} somewhere"),
        ({"accepted_http": frozenset()}, "accepted_http: at least one"),
        ({"accepted_http": frozenset({20})}, "accepted_http: 20 is no HTTP status"),
        ({"retry": Signs(http=frozenset({503, 5030}))}, "retry: 5030 is no HTTP status"),
        ({"accepted_when": "ok =="}, "accepted_when: 'ok ==' is no JMESPath expression"),
        ({"accepted_when": ""}, "accepted_when: '' is no JMESPath expression"),
        ({"provider_id": "first(data)"}, r"provider_id: 'first\(data\)' is no JMESPath expression: Unknown function"),
        ({"retry": Signs(http=frozenset({401}))}, "HTTP status 401 is listed under retry and under account"),
        (
            {"accepted_when": None, "refused": Signs(http=frozenset({200}))},
            "HTTP status 200 is listed under accepted_http and under refused",
        ),
        ({"retry": Signs(codes=frozenset({"418"}))}, "code 418 is listed under retry and under account"),
        ({"code": None}, "code: codes are listed"),
        ({"unit_price": 0}, "unit_price is 0"),
    ],
)
def test_rules_that_cannot_work_say_what_is_wrong(
    rules: HttpProviderRules, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        replace(rules, **changed)


async def test_a_status_may_mean_both_where_an_expression_tells(
    script: Script, rules: HttpProviderRules, provider_of: Open
) -> None:
    rules = replace(rules, refused=Signs(http=frozenset({200})))
    assert failures(await provider_of(rules).send([ONE])) == [None]
    script.answer = {"ok": False}
    assert failures(await provider_of(rules).send([ONE])) == [Failure.REFUSED]


def test_what_the_account_lacks_is_said_at_once(rules: HttpProviderRules, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"set sender in \[providers.second\]"):
        HttpProvider(replace(rules, headers={"X-Line": "{sender}"}), name="second")
    monkeypatch.delenv("SECOND_KEY", raising=False)
    with pytest.raises(MissingSecretError, match="SECOND_KEY"):
        HttpProvider(replace(rules, headers={"ApiKey": Secret("env:SECOND_KEY")}), name="second")
    with pytest.raises(MissingSecretError):
        HttpProvider(replace(rules, headers={"ApiKey": Secret(" \n")}), name="second")
    with pytest.raises(ValueError, match=r"check \[providers.second\]") as caught:
        HttpProvider(replace(rules, headers={"ApiKey": Secret(f"{KEY}\nX-Other: 1")}), name="second")
    assert KEY not in str(caught.value)


# The secrets


@pytest.mark.parametrize("where", ["header", "url", "body"])
@pytest.mark.parametrize("trouble", ["echo", "drop", "nobody"])
async def test_a_secret_shows_nowhere(
    script: Script, rules: HttpProviderRules, provider_of: Open, closed_port: int, trouble: str, where: str
) -> None:
    base = f"http://127.0.0.1:{closed_port}/" if trouble == "nobody" else script.url
    hidden = {"headers": {}, "secrets": {"key": Secret(KEY)}}
    with_key: dict[str, dict[str, Any]] = {
        "header": {"headers": {"ApiKey": Secret(KEY)}},
        "url": {"url": f"{base}{{key}}/send", **hidden},
        "body": {"body": {**(rules.body or {}), "k": "{key}"}, **hidden},
    }
    rules = replace(rules, **{"url": f"{base}send", **with_key[where]})
    script.http, script.trouble = 400, trouble
    script.answer = {"code": f"no such key {KEY}", "why": f"/{quote(KEY, safe='')}/ {KEY}"}
    provider = provider_of(rules)
    with capture_logs() as logs:
        result = failed(await provider.send([ONE]))
    assert result.failure is (Failure.RETRY if trouble == "nobody" else Failure.UNKNOWN)
    with pytest.raises(ProviderError) as caught:
        await provider.credit()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [str(frame.locals) for frame in shown.stack if frame.name == "credit"]
    assert len(frames) == 1
    for text in (str(result), repr(rules), repr(provider), str(provider), *frames, str(logs)):
        assert KEY not in text
        assert "k3y%2Bnot" not in text
    assert ("***" in result.reason) == (trouble == "echo")
