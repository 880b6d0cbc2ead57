"""The sms.ir adapter over real HTTP, against a stand-in that forgets ids and has faults on demand."""

import socket
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from standins.smsir import Fault, SmsIr
from structlog.testing import capture_logs

from notifier.sms.providers import smsir_codes as codes
from notifier.sms.providers.base import (
    FINAL,
    Accepted,
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    ProviderError,
    Result,
)
from notifier.sms.providers.smsir import SmsIrError, SmsIrProvider
from notifier.sms.providers.transport import TransportError

KEY = "PN1TVeBeaAehNotARealKeySk2bDef"
LINE = 30004505000017
PRICE = 2_000  # rial a unit of credit

Open = Callable[..., SmsIrProvider]


def messages(count: int) -> list[Outgoing]:
    return [Outgoing(id=n, to=f"0912{n:07d}", text=f"سفارش {n} ارسال شد") for n in range(1, count + 1)]


ONE = Outgoing(id=7, to="09121234567", text="سلام سارا")
LOOKUP = Outgoing(id=8, to="09121234567", text="", pattern="100000", tokens={"NAME": "سارا محمدی", "ORDER": "۱۰۰۲۵"})


@pytest.fixture
def account() -> SmsIr:
    return SmsIr(KEY, templates={100_000: {"NAME", "ORDER"}})


@pytest.fixture
async def url(account: SmsIr, aiohttp_server: Any) -> AsyncIterator[str]:
    server = await aiohttp_server(account.app())
    yield str(server.make_url("/v1/"))
    account.release.set()


@pytest.fixture
async def provider_at() -> AsyncIterator[Open]:
    opened: list[SmsIrProvider] = []

    def open_at(url: str, **options: Any) -> SmsIrProvider:
        opened.append(SmsIrProvider(KEY, base_url=url, **{"sender": str(LINE), "unit_price": PRICE, **options}))
        return opened[-1]

    yield open_at
    for provider in opened:
        await provider.close()


@pytest.fixture
def provider(url: str, provider_at: Open) -> SmsIrProvider:
    return provider_at(url)


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


async def test_one_message_goes_by_the_line(account: SmsIr, provider: SmsIrProvider) -> None:
    [result] = await provider.send([ONE])
    assert result == Accepted(provider_id="86522023", cost=PRICE, status=DeliveryStatus.QUEUED)
    body = {"lineNumber": LINE, "messageTexts": [ONE.text], "mobiles": [ONE.to], "sendDateTime": None}
    assert account.requests == [("send/likeToLike", body)]


async def test_two_hundred_go_in_two_hundreds_and_keep_their_order(account: SmsIr, provider: SmsIrProvider) -> None:
    account.credit = 1_000
    batch = messages(200)
    results = await provider.send(batch)
    assert [len(body["mobiles"]) for _, body in account.requests] == [100, 100]
    by_mobile = {message.mobile: str(message.id) for message in account.sent}
    assert [result.provider_id for result in results if isinstance(result, Accepted)] == [
        by_mobile[m.to] for m in batch
    ]
    assert len(account.sent) == 200
    with pytest.raises(ValueError, match="201 messages at once"):
        await provider.send(messages(201))
    assert await provider.send([]) == []


async def test_each_line_has_its_own_call(account: SmsIr, provider: SmsIrProvider) -> None:
    account.lines.add(2000)
    batch = [
        ONE,
        Outgoing(id=9, to="09350000000", text="b", sender="2000"),
        Outgoing(id=10, to="09360000000", text="c"),
    ]
    assert failures(await provider.send(batch)) == [None] * 3
    assert {message.mobile: message.line for message in account.sent} == {
        ONE.to: LINE,
        "09350000000": 2000,
        "09360000000": LINE,
    }


async def test_without_a_line_texts_wait_and_patterns_go(account: SmsIr, url: str, provider_at: Open) -> None:
    provider = provider_at(url, sender=None)
    odd = Outgoing(id=1, to="09121234567", text="a", sender="shop")
    assert [code_of(result) for result in await provider.send([ONE, odd])] == [
        (Failure.ACCOUNT, 101),
        (Failure.REFUSED, 101),
    ]
    assert account.requests == []
    assert isinstance(await provider.lookup(LOOKUP), Accepted)


async def test_one_cost_for_all_is_shared_by_parts(account: SmsIr, provider: SmsIrProvider) -> None:
    account.faults.append(
        Fault("answer", http=200, answer={"status": 1, "data": {"messageIds": [1, None, 3], "cost": 4}})
    )
    long = Outgoing(id=3, to="09350000000", text="ب" * 140)  # three parts of 67
    results = await provider.send([ONE, Outgoing(id=2, to="09360000000", text="b"), long])
    assert [result.cost for result in results if isinstance(result, Accepted)] == [PRICE, 3 * PRICE]


async def test_a_pattern_goes_with_named_parameters(account: SmsIr, provider: SmsIrProvider) -> None:
    assert await provider.lookup(LOOKUP) == Accepted(provider_id="86522023", cost=PRICE, status=DeliveryStatus.QUEUED)
    parameters = [{"name": "NAME", "value": "سارا محمدی"}, {"name": "ORDER", "value": "۱۰۰۲۵"}]
    body = {"mobile": LOOKUP.to, "templateId": 100_000, "parameters": parameters}
    assert account.requests == [("send/verify", body)]


@pytest.mark.parametrize(("value", "fits"), [("ب" * 25, True), ("ب" * 26, False), ("🎁" * 13, False)])
async def test_a_value_that_is_too_long_is_refused_before_it_is_sent(
    account: SmsIr, provider: SmsIrProvider, value: str, fits: bool
) -> None:
    tokens = {"NAME": value, "ORDER": "۱"}
    result = await provider.lookup(Outgoing(id=8, to=LOOKUP.to, text="", pattern="100000", tokens=tokens))
    if fits:
        assert isinstance(result, Accepted)
        return
    assert code_of(result) == (Failure.REFUSED, 114)
    assert isinstance(result, Failed)
    assert "25" in result.reason
    assert "NAME" in result.reason
    assert value not in result.reason
    assert account.requests == []


@pytest.mark.parametrize("pattern", [None, "shipped", "۱۰۰"])
async def test_a_pattern_is_a_number(account: SmsIr, provider: SmsIrProvider, pattern: str | None) -> None:
    result = await provider.lookup(Outgoing(id=8, to=LOOKUP.to, text="", pattern=pattern))
    assert failures([result]) == [Failure.REFUSED]
    assert account.requests == []


# Which answer is whose


async def test_a_number_refused_and_one_blacklisted_leave_the_others_alone(
    account: SmsIr, provider: SmsIrProvider
) -> None:
    batch = messages(4)
    account.invalid.add(batch[1].to)
    account.blacklist.add(batch[2].to)
    results = await provider.send(batch)
    assert [code_of(results[1]), code_of(results[2])] == [(Failure.REFUSED, 104), (Failure.REFUSED, 115)]
    assert [result.provider_id for result in (results[0], results[3]) if isinstance(result, Accepted)] == [
        str(message.id) for message in account.sent
    ]


async def test_one_bad_number_does_not_take_the_batch_along(account: SmsIr, provider: SmsIrProvider) -> None:
    batch = messages(100)
    batch[41] = Outgoing(id=42, to="0912", text="شماره ناقص")
    batch[42] = Outgoing(id=43, to="09120000043", text="")
    results = await provider.send(batch)
    assert code_of(results[41]) == (Failure.REFUSED, 104)
    assert code_of(results[42]) == (Failure.REFUSED, 103)
    assert failures(results).count(None) == 98
    assert sorted(message.mobile for message in account.sent) == sorted(m.to for m in batch if m.id not in {42, 43})
    assert len(account.requests) < 30


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"messageIds": None},
        {"messageIds": []},
        {"messageIds": [1]},
        {"messageIds": [1, 2, 3]},
        {"messageIds": [True, "?"]},
        {"messageIds": [-1, 1.5]},
        {"messageId": 5},
    ],
)
async def test_a_confirmed_answer_that_names_nothing_is_a_doubt(
    account: SmsIr, provider: SmsIrProvider, data: Any
) -> None:
    account.faults.append(Fault("answer", http=200, answer={"status": 1, "message": "موفق", "data": data}))
    assert failures(await provider.send(messages(2))) == [Failure.UNKNOWN] * 2


@pytest.mark.parametrize("data", [None, {}, {"messageId": None}, {"messageId": 0}, [1]])
async def test_a_pattern_confirmed_without_an_id_is_a_doubt(account: SmsIr, provider: SmsIrProvider, data: Any) -> None:
    account.faults.append(Fault("answer", http=200, answer={"status": 1, "message": "موفق", "data": data}))
    assert failures([await provider.lookup(LOOKUP)]) == [Failure.UNKNOWN]


# Statuses


OUR_BUGS = {16, 105, 106, 107, 108, 109, 110, 111, 112}
THIS_MESSAGE = {103, 104, 113, 114, 115, 116, 117, 118, 119}
THE_ACCOUNT = {10, 11, 12, 13, 14, 15, 101, 102, 123, 124}


def test_the_table_holds_every_documented_status_in_its_class() -> None:
    table = {number: code.failure for number, code in codes.CODES.items()}
    assert table == {
        0: Failure.UNKNOWN,
        20: Failure.RETRY,
        **dict.fromkeys(OUR_BUGS | THIS_MESSAGE, Failure.REFUSED),
        **dict.fromkeys(THE_ACCOUNT, Failure.ACCOUNT),
    }
    assert {number for number, code in codes.CODES.items() if code.our_bug} == OUR_BUGS
    assert all(code.meaning for code in codes.CODES.values())


@pytest.mark.parametrize("http", [200, 400])
@pytest.mark.parametrize("status", [*sorted(codes.CODES), 799])
async def test_the_status_decides_for_texts_and_patterns(
    account: SmsIr, provider: SmsIrProvider, status: int, http: int
) -> None:
    account.faults.extend([Fault("status", status=status, http=http)] * 2)
    expected = (codes.code(status).failure, status)
    assert [code_of(result) for result in [*await provider.send([ONE]), await provider.lookup(LOOKUP)]] == [
        expected
    ] * 2
    assert account.sent == []


@pytest.mark.parametrize("status", [0, 10, 20, 101, 102, 105, 110, 799])
async def test_what_no_single_message_can_cause_is_not_split(
    account: SmsIr, provider: SmsIrProvider, status: int
) -> None:
    account.faults.append(Fault("status", status=status, http=400))
    assert {code_of(result)[1] for result in await provider.send(messages(8))} == {status}
    assert len(account.requests) == 1


async def test_too_many_requests_says_how_long_to_wait(account: SmsIr, provider: SmsIrProvider) -> None:
    account.faults.append(Fault("status", status=20, http=429))
    [result] = await provider.send([ONE])
    assert isinstance(result, Failed)
    assert (result.failure, result.retry_after) == (Failure.RETRY, 60)


async def test_our_own_mistake_is_logged_without_number_or_text(account: SmsIr, provider: SmsIrProvider) -> None:
    account.faults.extend([Fault("status", status=110), Fault("status", status=104)])
    with capture_logs() as logs:
        await provider.send([ONE])
        await provider.send([ONE])
    [line] = logs
    assert (line["log_level"], line["method"], line["code"]) == ("error", "send/likeToLike", 110)
    assert not any(secret in str(line) for secret in (KEY, "9121234567", ONE.text))


async def test_an_empty_account_keeps_the_messages(account: SmsIr, provider: SmsIrProvider) -> None:
    account.credit = 1
    assert [code_of(result) for result in await provider.send(messages(2))] == [(Failure.ACCOUNT, 102)] * 2
    account.credit = 2
    assert failures(await provider.send(messages(2))) == [None, None]


async def test_a_wrong_key_pauses_the_account(account: SmsIr, provider: SmsIrProvider) -> None:
    account.key = "another"
    assert code_of(await provider.lookup(LOOKUP)) == (Failure.ACCOUNT, 10)


# Trouble on the way: nothing is repeatable, so what may have been sent stays a doubt


NOT_AN_ENVELOPE = [
    {"type": "https://tools.ietf.org/html/rfc7231#section-6.5.1", "title": "One or more errors", "status": 1},
    {"status": None, "message": "?"},
    {"status": True, "message": "?", "data": {"messageIds": [1]}},
    [1],
    None,
]


@pytest.mark.parametrize("accepted", [True, False], ids=["sent", "not sent"])
@pytest.mark.parametrize(
    "kind",
    [
        Fault("drop"),
        Fault("half"),
        Fault("html", http=502),
        Fault("html", http=404),
        Fault("html", http=307),
        *(Fault("answer", http=http, answer=answer) for answer in NOT_AN_ENVELOPE for http in (200, 400)),
    ],
)
async def test_a_lost_answer_is_never_sent_again(
    account: SmsIr, provider: SmsIrProvider, kind: Fault, accepted: bool
) -> None:
    account.faults.extend(
        [Fault(kind.kind, accepted=accepted, http=kind.http, answer=kind.answer) for _ in range(3)],
    )
    assert failures(await provider.send([ONE])) == [Failure.UNKNOWN]
    assert failures(await provider.send(messages(2))) == [Failure.UNKNOWN] * 2
    assert failures([await provider.lookup(LOOKUP)]) == [Failure.UNKNOWN]
    assert len(account.requests) == 3  # no redirect followed, nothing repeated in secret
    assert len(account.sent) == (4 if accepted else 0)


async def test_a_timeout_after_the_request_was_written(account: SmsIr, url: str, provider_at: Open) -> None:
    provider = provider_at(url, timeout=0.5)
    account.faults.extend([Fault("hang", accepted=True)] * 2)
    results = [*await provider.send([ONE]), await provider.lookup(LOOKUP)]
    assert failures(results) == [Failure.UNKNOWN] * 2
    assert len(account.sent) == 2


async def test_nothing_was_sent_where_nobody_listens(provider_at: Open, closed_port: int) -> None:
    provider = provider_at(f"http://127.0.0.1:{closed_port}/v1")
    assert failures([*await provider.send(messages(2)), await provider.lookup(LOOKUP)]) == [Failure.RETRY] * 3


@pytest.mark.parametrize(
    ("http", "expected"),
    [(401, (Failure.ACCOUNT, 10)), (403, (Failure.ACCOUNT, 12)), (429, (Failure.RETRY, 20))],
)
async def test_a_gateway_that_shuts_the_door(
    account: SmsIr, provider: SmsIrProvider, http: int, expected: tuple[Failure, int]
) -> None:
    account.faults.append(Fault("html", http=http))
    assert code_of(await provider.lookup(LOOKUP)) == expected


async def test_every_call_has_a_connection_of_its_own(account: SmsIr, provider: SmsIrProvider) -> None:
    for _ in range(3):
        assert failures(await provider.send([ONE])) == [None]
    assert len(set(account.ports)) == 3


# Questions


async def test_statuses_one_call_each_and_not_all_at_once(account: SmsIr, url: str, provider_at: Open) -> None:
    provider = provider_at(url, parallel=3)
    ids = [result.provider_id for result in await provider.send(messages(10)) if isinstance(result, Accepted)]
    account.states = {int(one): state for one, state in zip(ids, [1, 2, 3, 4, 5, 6, 7, 8, None, 99], strict=True)}
    account.most_at_once = 0
    found = await provider.statuses([*ids, "404404"])
    assert found == {
        ids[0]: DeliveryStatus.DELIVERED,
        ids[1]: DeliveryStatus.UNDELIVERED,
        ids[2]: DeliveryStatus.SENT,
        ids[3]: DeliveryStatus.FAILED,
        ids[4]: DeliveryStatus.SENT,
        ids[5]: DeliveryStatus.FAILED,
        ids[6]: DeliveryStatus.BLOCKED,
        ids[8]: DeliveryStatus.QUEUED,
        "404404": DeliveryStatus.UNKNOWN_ID,
    }
    assert 1 < account.most_at_once <= 3
    assert await provider.statuses([]) == {}
    assert {state for state, status in codes.STATES.items() if status in FINAL} == {1, 2, 4, 6, 7}


async def test_a_failing_question_ends_the_asking(account: SmsIr, url: str, provider_at: Open) -> None:
    provider = provider_at(url, parallel=1)
    ids = [result.provider_id for result in await provider.send(messages(5)) if isinstance(result, Accepted)]
    account.requests.clear()
    account.faults.extend([Fault("answer", http=200, answer={"status": 1, "data": {"deliveryState": 1}})] * 2)
    account.faults.append(Fault("status", status=20, http=429))
    assert await provider.statuses(ids) == dict.fromkeys(ids[:2], DeliveryStatus.DELIVERED)
    assert len(account.requests) == 3
    account.faults.append(Fault("status", status=20, http=429))
    with pytest.raises(SmsIrError) as caught:
        await provider.statuses(ids)
    assert caught.value.status == 20
    assert len(account.requests) == 4


async def test_an_id_stays_within_its_path(account: SmsIr, provider: SmsIrProvider) -> None:
    assert await provider.statuses(["../credit"]) == {"../credit": DeliveryStatus.UNKNOWN_ID}
    assert account.requests == [("send/../credit", None)]


async def test_nothing_can_be_asked_by_our_ids(account: SmsIr, provider: SmsIrProvider) -> None:
    assert provider.repeatable is False
    await provider.send([ONE])
    assert await provider.statuses_by_local_id([ONE.id]) == {}
    assert len(account.requests) == 1


async def test_credit_in_rial(account: SmsIr, url: str, provider_at: Open) -> None:
    assert await provider_at(url).credit() == 330_600
    with pytest.raises(ProviderError, match=r"165\.3 units.*unit_price"):
        await provider_at(url, unit_price=None).credit()
    account.faults.append(Fault("answer", http=200, answer={"status": 1, "message": "موفق", "data": None}))
    with pytest.raises(ProviderError, match="named no credit"):
        await provider_at(url).credit()


async def test_without_a_price_a_message_costs_nothing_we_know_of(url: str, provider_at: Open) -> None:
    [result] = await provider_at(url, unit_price=None).send([ONE])
    assert isinstance(result, Accepted)
    assert result.cost == 0


# The key


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", http=502),
        Fault("html", http=403),
        Fault("half"),
        Fault("drop"),
        Fault("html", http=307),
        Fault("status", status=10, http=401, text="کلید {key} نامعتبر است"),
        Fault("answer", answer={"path": "/v1?key={key}"}),
        None,
    ],
    ids=["502", "403", "half JSON", "drop", "redirect", "key in the message", "key in other JSON", "nobody listens"],
)
async def test_the_key_is_in_no_exception_traceback_or_local(
    account: SmsIr, url: str, provider_at: Open, fault: Fault | None, closed_port: int
) -> None:
    if fault is not None:
        account.faults.extend([fault] * 2)
    provider = provider_at(url if fault else f"http://127.0.0.1:{closed_port}/v1")
    with capture_logs() as logs, pytest.raises((SmsIrError, TransportError)) as caught:
        await provider.credit()
    error = caught.value
    assert error.__context__ is None
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format(chain=True))
    assert "path = 'credit'" in shown  # the locals are really there
    assert KEY not in shown
    assert KEY not in f"{error} {error!r} {vars(error)} {provider} {provider!r} {logs}"
    assert KEY not in str(await provider.send([ONE]))


def test_what_cannot_work_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="api_key"):
        SmsIrProvider(" \n")
    with pytest.raises(ValueError, match="api_key") as caught:
        SmsIrProvider(f"{KEY}\nX-Other: 1")
    assert KEY not in str(caught.value)
    with pytest.raises(ValueError, match=r"base_url in \[providers.second\]"):
        SmsIrProvider(KEY, base_url="api.sms.ir/v1", name="second")
    with pytest.raises(ValueError, match="sender"):
        SmsIrProvider(KEY, sender="shop")
    with pytest.raises(ValueError, match="unit_price"):
        SmsIrProvider(KEY, unit_price=0)
