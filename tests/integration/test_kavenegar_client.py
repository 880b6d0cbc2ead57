"""The Kavenegar client over real HTTP: a scripted server for the odd answers, the simulator for the plain ones."""

import asyncio
import json
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

import aiohttp
import kavenegar
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from structlog.testing import capture_logs

from notifier.clock import TEHRAN, StillClock
from notifier.simulator import Fault, Simulator, create_app
from notifier.sms.providers.base import Accepted, DeliveryStatus, Failed, Failure, Outgoing, ProviderError, Result
from notifier.sms.providers.kavenegar import (
    AsyncKavenegarAPI,
    KavenegarError,
    KavenegarProvider,
    KavenegarTransportError,
)

KEY = "4B6579546F4E657665724C65616B"
LINE = "10004346"

Answer = Callable[[web.Request, dict[str, str]], web.StreamResponse | Awaitable[web.StreamResponse]]


class Script:
    """A server that answers as it is told, and keeps what it was asked. Without a line left it repeats the last one."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.release = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append((request.path.removeprefix(f"/v1/{KEY}/"), form))
        answer = (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request, form)
        return answer if isinstance(answer, web.StreamResponse) else await answer

    async def hang(self, request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        await self.release.wait()
        return web.Response()


def envelope(entries: Any, *, code: int = 200, http: int = 200, text: str = "تایید شد") -> web.Response:
    body = {"return": {"status": code, "message": text}, "entries": entries}
    return web.json_response(body, status=http)


def says(entries: Any, *, code: int = 200, http: int = 200, text: str = "تایید شد") -> Answer:
    return lambda request, form: envelope(entries, code=code, http=http, text=text)


def refuses(code: int, *, http: int = 200) -> Answer:
    return says(None, code=code, http=http, text="نشد")


def html(http: int) -> Answer:
    """What a proxy says, with the address it was asked for, as some do."""
    return lambda request, form: web.Response(
        status=http, text=f"<html>{request.url} failed</html>", content_type="text/html"
    )


def half_json(request: web.Request, form: dict[str, str]) -> web.StreamResponse:
    return web.Response(text='{"return": {"status": 200, "mess', content_type="application/json")


def not_an_envelope(request: web.Request, form: dict[str, str]) -> web.StreamResponse:
    return web.json_response([{"return": 200}])


def drop(request: web.Request, form: dict[str, str]) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def redirect(request: web.Request, form: dict[str, str]) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": str(request.url)})


def record(message: Outgoing, /, **other: Any) -> dict[str, Any]:
    """An entry as Kavenegar gives it: the message's number in local form, no localid."""
    return {
        "messageid": message.id + 8_000_000,
        "message": message.text,
        "status": 5,
        "statustext": "ارسال به مخابرات",
        "sender": LINE,
        "receptor": f"0{message.to[-10:]}",
        "date": 1356619709,
        "cost": 120,
    } | other


def accepted(message: Outgoing, status: DeliveryStatus = DeliveryStatus.SENT) -> Accepted:
    return Accepted(provider_id=str(message.id + 8_000_000), cost=120, status=status)


def messages(count: int) -> list[Outgoing]:
    return [Outgoing(id=n, to=f"0912{n:07d}", text=f"سفارش {n} ارسال شد") for n in range(1, count + 1)]


ONE = Outgoing(id=7, to="+989121234567", text="سلام سارا")
LOOKUP = Outgoing(
    id=8, to="09121234567", text="سفارش ۱ ارسال شد", pattern="shipped", tokens={"token": "۱", "token10": "سارا محمدی"}
)


@pytest.fixture
async def script(aiohttp_server: Any) -> AsyncIterator[Script]:
    script = Script()
    app = web.Application()
    app.router.add_post("/{rest:.*}", script.handle)
    server = await aiohttp_server(app)
    script.url = str(server.make_url("/v1/"))
    yield script
    script.release.set()


Open = Callable[..., KavenegarProvider]


@pytest.fixture
async def provider_at() -> AsyncIterator[Open]:
    opened: list[KavenegarProvider] = []

    def open_at(url: str, **options: Any) -> KavenegarProvider:
        opened.append(KavenegarProvider(KEY, base_url=url, **options))
        return opened[-1]

    yield open_at
    for provider in opened:
        await provider.close()


@pytest.fixture
def provider(script: Script, provider_at: Open) -> KavenegarProvider:
    return provider_at(script.url, sender=LINE)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def failures(results: Sequence[Result]) -> list[Failure | None]:
    return [result.failure if isinstance(result, Failed) else None for result in results]


def code_of(result: Result) -> tuple[Failure, int | None]:
    assert isinstance(result, Failed)
    return result.failure, result.code


# What goes out


async def test_one_message_goes_by_send_with_its_id(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [says([record(ONE)])]
    assert await provider.send([ONE]) == [accepted(ONE)]
    fields = {"receptor": "+989121234567", "message": "سلام سارا", "sender": LINE, "localid": "7"}
    assert script.calls == [("sms/send.json", fields)]


async def test_several_go_as_arrays_of_json_in_one_field_each(script: Script, provider: KavenegarProvider) -> None:
    first, second = messages(2)
    script.answers = [says([record(first), record(second)])]
    assert await provider.send([first, second]) == [accepted(first), accepted(second)]
    [(path, form)] = script.calls
    assert path == "sms/sendarray.json"
    assert {name: json.loads(value) for name, value in form.items()} == {
        "receptor": [first.to, second.to],
        "sender": [LINE, LINE],
        "message": [first.text, second.text],
        "localmessageids": [1, 2],
    }


async def test_without_a_line_several_go_one_by_one(script: Script, provider_at: Open) -> None:
    batch = messages(3)
    by_id = {str(message.id): message for message in batch}
    script.answers = [lambda request, form: envelope([record(by_id[form["localid"]])])]
    assert await provider_at(script.url).send(batch) == [accepted(message) for message in batch]
    assert [path for path, _ in script.calls] == ["sms/send.json"] * 3
    assert not any("sender" in form for _, form in script.calls)


async def test_a_message_may_name_its_own_line(script: Script, provider: KavenegarProvider) -> None:
    own = Outgoing(id=1, to="09120000001", text="a", sender="2000")
    script.answers = [says([record(own)])]
    await provider.send([own])
    assert script.calls[0][1]["sender"] == "2000"


async def test_lookup_sends_the_tokens_as_given(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [says(record(LOOKUP))]
    assert await provider.lookup(LOOKUP) == accepted(LOOKUP)
    fields = {"receptor": "09121234567", "template": "shipped", "token": "۱", "token10": "سارا محمدی"}
    assert script.calls == [("verify/lookup.json", fields)]


async def test_nothing_and_too_many(script: Script, provider: KavenegarProvider) -> None:
    assert await provider.send([]) == []
    with pytest.raises(ValueError, match="201 messages at once"):
        await provider.send(messages(201))
    assert code_of(await provider.lookup(ONE)) == (Failure.REFUSED, None)
    assert script.calls == []


# Which entry is whose


async def test_entries_in_reverse_order_find_their_messages(script: Script, provider: KavenegarProvider) -> None:
    batch = messages(5)
    script.answers = [says([record(message) for message in reversed(batch)])]
    assert await provider.send(batch) == [accepted(message) for message in batch]


async def test_the_local_id_decides_before_number_and_text(script: Script, provider: KavenegarProvider) -> None:
    same = [Outgoing(id=n, to="09121234567", text="یکسان") for n in (1, 2)]
    script.answers = [says([record(same[1], localid="2"), record(same[0], localid=1)])]
    assert await provider.send(same) == [accepted(same[0]), accepted(same[1])]


async def test_two_texts_to_one_number_are_told_apart(script: Script, provider: KavenegarProvider) -> None:
    first, second = Outgoing(id=1, to="09121234567", text="یک"), Outgoing(id=2, to="989121234567", text="دو")
    script.answers = [says([record(second), record(first)])]
    assert await provider.send([first, second]) == [accepted(first), accepted(second)]


async def test_a_text_tidied_up_is_found_by_its_number(script: Script, provider: KavenegarProvider) -> None:
    first, second = messages(2)
    script.answers = [says([record(second, message="x\nلغو۱۱"), record(first, message="y\nلغو۱۱")])]
    assert await provider.send([first, second]) == [accepted(first), accepted(second)]


async def test_what_cannot_be_told_apart_is_asked_again(script: Script, provider: KavenegarProvider) -> None:
    twins = [Outgoing(id=n, to="09121234567", text="یکسان") for n in (1, 2)]
    other = Outgoing(id=3, to="09350000000", text="یکسان")
    script.answers = [says([record(other), record(twins[1])])]
    results = await provider.send([*twins, other])
    assert failures(results) == [Failure.RETRY, Failure.RETRY, None]
    assert results[2] == accepted(other)


async def test_two_changed_texts_to_one_number_are_not_guessed_at(script: Script, provider: KavenegarProvider) -> None:
    pair = [Outgoing(id=n, to="09121234567", text=f"سفارش {n}") for n in (1, 2)]
    script.answers = [says([record(message, message="لغو۱۱") for message in pair])]
    assert failures(await provider.send(pair)) == [Failure.RETRY, Failure.RETRY]


async def test_a_missing_entry_is_tried_again_alone(script: Script, provider: KavenegarProvider) -> None:
    batch = messages(3)
    script.answers = [says([record(batch[0]), None, record(batch[2])])]
    assert failures(await provider.send(batch)) == [None, Failure.RETRY, None]


async def test_a_record_of_somebody_else_is_not_ours(script: Script, provider: KavenegarProvider) -> None:
    stranger = Outgoing(id=7, to="09350000000", text="کس دیگر")
    script.answers = [says([record(stranger)]), says([record(ONE, localid=99)])]
    assert failures(await provider.send([ONE])) == [Failure.RETRY]
    assert failures(await provider.send([ONE])) == [Failure.RETRY]


async def test_the_only_record_with_a_masked_number_is_the_only_message_s(
    script: Script, provider: KavenegarProvider
) -> None:
    script.answers = [says([record(ONE, receptor="09*********")])]
    assert await provider.send([ONE]) == [accepted(ONE)]


@pytest.mark.parametrize("entries", [None, [], [None], {}, "?", [{"messageid": None}]])
async def test_a_confirmed_answer_without_a_record(script: Script, provider: KavenegarProvider, entries: Any) -> None:
    script.answers = [says(entries)]
    assert failures([*await provider.send([ONE]), await provider.lookup(LOOKUP)]) == [Failure.RETRY, Failure.UNKNOWN]


async def test_one_object_instead_of_a_list_and_numbers_as_text(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [says(record(ONE, messageid="8000007", status="5", cost="120"))]
    assert await provider.send([ONE]) == [accepted(ONE)]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (6, DeliveryStatus.FAILED),
        (11, DeliveryStatus.UNDELIVERED),
        (13, DeliveryStatus.CANCELLED),
        (14, DeliveryStatus.BLOCKED),
        (99, DeliveryStatus.QUEUED),
    ],
)
async def test_a_record_that_has_failed_already_is_accepted_with_that_status(
    script: Script, provider: KavenegarProvider, number: int, status: DeliveryStatus
) -> None:
    script.answers = [says([record(ONE, status=number)])]
    assert await provider.send([ONE]) == [accepted(ONE, status)]


# Codes


@pytest.mark.parametrize("mirrored", [True, False], ids=["in HTTP too", "in JSON only"])
@pytest.mark.parametrize(
    ("code", "send", "lookup"),
    [
        (418, Failure.ACCOUNT, Failure.ACCOUNT),
        (411, Failure.REFUSED, Failure.REFUSED),
        (409, Failure.RETRY, Failure.RETRY),
        (402, Failure.RETRY, Failure.UNKNOWN),
        (451, Failure.RETRY, Failure.RETRY),
        (799, Failure.UNKNOWN, Failure.UNKNOWN),
    ],
)
async def test_the_code_decides_wherever_it_stands(
    script: Script, provider: KavenegarProvider, code: int, send: Failure, lookup: Failure, mirrored: bool
) -> None:
    script.answers = [refuses(code, http=code if mirrored else 200)]
    assert [code_of(result) for result in await provider.send([ONE])] == [(send, code)]
    assert code_of(await provider.lookup(LOOKUP)) == (lookup, code)
    assert [code_of(result) for result in await provider.send(messages(2))] == [(send, code)] * 2


async def test_the_json_decides_over_the_http_status(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [says([record(ONE)], http=500)]
    assert await provider.send([ONE]) == [accepted(ONE)]


async def test_a_rate_limit_says_how_long_to_wait(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [refuses(451)]
    [result] = await provider.send([ONE])
    assert isinstance(result, Failed)
    assert result.retry_after == 60


async def test_our_own_mistake_is_logged_without_number_or_text(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [refuses(406), refuses(411)]
    with capture_logs() as logs:
        await provider.send([ONE])
        await provider.send([ONE])
    [line] = logs
    assert (line["log_level"], line["method"], line["code"]) == ("error", "sms_send", 406)
    assert not any(secret in str(line) for secret in (KEY, "9121234567", ONE.text))


async def test_one_refused_message_does_not_take_the_batch_along(script: Script, provider: KavenegarProvider) -> None:
    batch = messages(200)
    culprits = {batch[17].to, batch[18].to, batch[199].to}
    by_id = {message.id: message for message in batch}

    def picky(request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        if culprits & set(json.loads(form["receptor"])):
            return envelope(None, code=411)
        return envelope([record(by_id[number]) for number in json.loads(form["localmessageids"])])

    script.answers = [picky]
    results = await provider.send(batch)
    for message, result in zip(batch, results, strict=True):
        if message.to in culprits:
            assert code_of(result) == (Failure.REFUSED, 411)
        else:
            assert result == accepted(message)
    assert len(script.calls) < 40


@pytest.mark.parametrize("code", [404, 405, 409, 418, 429, 799])
async def test_what_no_single_message_can_cause_is_not_split(
    script: Script, provider: KavenegarProvider, code: int
) -> None:
    script.answers = [refuses(code)]
    results = await provider.send(messages(8))
    assert {code_of(result)[1] for result in results} == {code}
    assert len(results) == 8
    assert len(script.calls) == 1


# Trouble on the way


@pytest.mark.parametrize("trouble", [html(502), html(500), half_json, not_an_envelope, drop, redirect])
async def test_a_lost_answer_repeats_a_send_and_never_a_lookup(
    script: Script, provider: KavenegarProvider, trouble: Answer
) -> None:
    script.answers = [trouble]
    assert failures(await provider.send([ONE])) == [Failure.RETRY]
    assert failures(await provider.send(messages(2))) == [Failure.RETRY] * 2
    assert failures([await provider.lookup(LOOKUP)]) == [Failure.UNKNOWN]
    assert len(script.calls) == 3  # no redirect followed, nothing repeated in secret


async def test_a_timeout_after_the_request_was_written(script: Script, provider_at: Open) -> None:
    provider = provider_at(script.url, sender=LINE, timeout=0.2)
    script.answers = [script.hang]
    assert failures([*await provider.send([ONE]), await provider.lookup(LOOKUP)]) == [Failure.RETRY, Failure.UNKNOWN]


async def test_nothing_was_sent_where_nobody_listens(provider_at: Open, closed_port: int) -> None:
    provider = provider_at(f"http://127.0.0.1:{closed_port}/v1")
    assert failures([*await provider.send([ONE]), await provider.lookup(LOOKUP)]) == [Failure.RETRY] * 2


async def test_nothing_was_sent_to_a_name_nobody_knows(provider_at: Open) -> None:
    class KnowsNobody(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> NoReturn:
            raise OSError(f"no address for {host}")

        async def close(self) -> None:
            pass

    connector = aiohttp.TCPConnector(resolver=KnowsNobody())
    async with aiohttp.ClientSession(connector=connector) as session:
        provider = provider_at("https://kavenegar.invalid/v1", session=session)
        assert failures([await provider.lookup(LOOKUP)]) == [Failure.RETRY]


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_gateway_that_shuts_the_door_pauses_the_account(
    script: Script, provider: KavenegarProvider, status: int
) -> None:
    script.answers = [html(status)]
    assert code_of(await provider.lookup(LOOKUP)) == (Failure.ACCOUNT, status)


# Questions


async def test_statuses_in_batches_tolerating_the_unknown(script: Script, provider: KavenegarProvider) -> None:
    def answer(request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        ids = form["messageid"].split(",")
        numbers = {"1": 10, "2": 100, "3": 50, "501": "14"}
        return envelope([{"messageid": int(i), "status": numbers.get(i, 4)} for i in ids])

    script.answers = [answer]
    found = await provider.statuses([str(n) for n in range(1, 502)])
    assert [len(form["messageid"].split(",")) for _, form in script.calls] == [500, 1]
    assert (found["1"], found["2"], found["501"]) == (
        DeliveryStatus.DELIVERED,
        DeliveryStatus.UNKNOWN_ID,
        DeliveryStatus.BLOCKED,
    )
    assert "3" not in found
    assert found["4"] is DeliveryStatus.SENT
    assert await provider.statuses([]) == {}
    assert len(script.calls) == 2


async def test_statuses_by_our_ids(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [
        says(
            [
                {"messageid": 85463238, "localid": "450", "status": 10, "statustext": "رسیده"},
                {"messageid": 0, "localid": "451", "status": 100},
            ]
        )
    ]
    expected = {450: ("85463238", DeliveryStatus.DELIVERED), 451: ("", DeliveryStatus.UNKNOWN_ID)}
    assert await provider.statuses_by_local_id([450, 451]) == expected
    assert script.calls == [("sms/statuslocalmessageid.json", {"localid": "450,451"})]


async def test_credit(script: Script, provider: KavenegarProvider) -> None:
    account = {"remaincredit": 1500000, "expiredate": 13548889, "type": "master"}
    script.answers = [says(account), says([account]), says({})]
    assert await provider.credit() == 1500000
    assert await provider.credit() == 1500000
    with pytest.raises(ProviderError, match="remaincredit"):
        await provider.credit()


async def test_a_question_raises_what_the_answer_was(script: Script, provider: KavenegarProvider) -> None:
    script.answers = [refuses(403)]
    with pytest.raises(KavenegarError) as caught:
        await provider.credit()
    assert isinstance(caught.value, kavenegar.APIException)
    assert (caught.value.status, caught.value.text) == (403, "نشد")
    assert caught.value.failed().failure is Failure.ACCOUNT


# The key


@pytest.mark.parametrize(
    "trouble",
    [
        html(502),
        html(403),
        half_json,
        drop,
        redirect,
        refuses(418, http=418),
        says(None, code=404, text=f"/v1/{KEY}/ وجود ندارد"),
        None,
    ],
    ids=["502", "403", "half JSON", "drop", "redirect", "code", "key in the message", "nobody listens"],
)
async def test_the_key_is_in_no_exception_traceback_or_local(
    script: Script, trouble: Answer | None, closed_port: int
) -> None:
    script.answers = [trouble or drop]
    url = script.url if trouble else f"http://127.0.0.1:{closed_port}/v1"
    async with aiohttp.ClientSession() as session:
        api = AsyncKavenegarAPI(KEY, session, base_url=url)
        with pytest.raises((kavenegar.APIException, kavenegar.HTTPException)) as caught:
            await api.sms_send({"receptor": "09121234567", "message": "سلام"})
    error = caught.value
    assert isinstance(error, ProviderError)
    assert error.__context__ is None
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format(chain=True))
    assert "AsyncKavenegarAPI('***'" in shown  # the locals are really there
    assert KEY not in shown
    assert KEY not in f"{error} {error!r} {vars(error)} {api} {api!r}"


async def test_a_timeout_does_not_show_the_key(script: Script) -> None:
    script.answers = [script.hang]
    async with aiohttp.ClientSession() as session:
        api = AsyncKavenegarAPI(KEY, session, base_url=script.url, timeout=0.2)
        with pytest.raises(KavenegarTransportError, match="TimeoutError") as caught:
            await api.account_info()
    assert caught.value.maybe_sent
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_what_cannot_work_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="api_key"):
        KavenegarProvider(" \n")
    with pytest.raises(ValueError, match="base_url"):
        KavenegarProvider(KEY, base_url="api.kavenegar.com/v1")


async def test_a_session_that_was_handed_in_stays_open(script: Script, provider_at: Open) -> None:
    script.answers = [says({"remaincredit": 5})]
    async with aiohttp.ClientSession() as session:
        provider = provider_at(script.url, session=session)
        assert await provider.credit() == 5
        await provider.close()
        assert not session.closed
        assert await provider.credit() == 5


# Against the simulator


@pytest.fixture
def simulator() -> Simulator:
    clock = StillClock(datetime(2026, 11, 23, 10, tzinfo=TEHRAN))
    return Simulator(clock=clock, api_key=KEY, templates={"shipped": "%token10 عزیز، سفارش %token ارسال شد"})


@pytest.fixture
async def real(simulator: Simulator, aiohttp_server: Any, provider_at: Open) -> KavenegarProvider:
    server = await aiohttp_server(create_app(simulator, callbacks_every=None))
    return provider_at(str(server.make_url("/v1")), sender=LINE)


@pytest.mark.parametrize("count", [1, 200])
async def test_a_lost_answer_sends_once(simulator: Simulator, real: KavenegarProvider, count: int) -> None:
    simulator.faults.add(Fault(kind="drop", accepted=True, times=1))
    batch = messages(count)
    assert set(failures(await real.send(batch))) == {Failure.RETRY}
    again = await real.send(batch)
    ids = {message.localid: str(message.messageid) for message in simulator.messages}
    assert [result.provider_id for result in again if isinstance(result, Accepted)] == [ids[m.id] for m in batch]
    assert len(simulator.messages) == count


async def test_a_bad_number_in_a_batch_is_found(simulator: Simulator, real: KavenegarProvider) -> None:
    batch = messages(50)
    batch[20] = Outgoing(id=21, to="0912", text="شماره ناقص")
    results = await real.send(batch)
    assert code_of(results[20]) == (Failure.REFUSED, 411)
    assert sum(isinstance(result, Accepted) for result in results) == 49
    assert sorted(message.localid or 0 for message in simulator.messages) == [m.id for m in batch if m.id != 21]


async def test_lookup_status_and_credit(simulator: Simulator, real: KavenegarProvider) -> None:
    sent, looked_up = [*await real.send([ONE]), await real.lookup(LOOKUP)]
    assert isinstance(sent, Accepted)
    assert isinstance(looked_up, Accepted)
    assert simulator.messages[1].text == "سارا محمدی عزیز، سفارش ۱ ارسال شد"
    assert await real.credit() == 10_000_000 - sent.cost - looked_up.cost
    assert isinstance(simulator.clock, StillClock)
    simulator.clock.turn(timedelta(minutes=5))
    assert await real.statuses([sent.provider_id, looked_up.provider_id, "1"]) == {
        sent.provider_id: DeliveryStatus.DELIVERED,
        looked_up.provider_id: DeliveryStatus.DELIVERED,
        "1": DeliveryStatus.UNKNOWN_ID,
    }
    known = await real.statuses_by_local_id([ONE.id, 999])
    assert known == {ONE.id: (sent.provider_id, DeliveryStatus.DELIVERED), 999: ("", DeliveryStatus.UNKNOWN_ID)}


async def test_an_empty_account_keeps_the_messages(simulator: Simulator, real: KavenegarProvider) -> None:
    simulator.credit = 0
    assert [code_of(result) for result in await real.send(messages(2))] == [(Failure.ACCOUNT, 418)] * 2
    simulator.credit = 1_000_000
    assert failures(await real.send(messages(2))) == [None, None]
