"""A trace of each order, as a collector of OpenTelemetry gets it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from redis.asyncio import Redis
from shops import SHOP_SECRET, Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.errors import ConfigError
from notifier.observability.tracing import ids
from notifier.service import reload
from notifier.service.process import WEB, Service
from notifier.simulator import Fault, Simulator
from notifier.store.reading import StoredMessage

PAID = "payment.succeeded__tehran_online"
PHONES, NAME = "912123456", "سارا محمدی"  # all but the last digit
CALLBACK = "/callbacks/kavenegar/test-callback-token/delivery"
ROOT = Path(__file__).parents[2]

SECOND = 10**9  # ns

MakeConfig = Callable[..., Config]
MakeClient = Callable[..., Awaitable[Client]]
MakeServer = Callable[..., Awaitable[TestServer]]


@dataclass(slots=True)
class Collector:
    """Takes what is exported to it, as OTLP over HTTP says."""

    url: str = ""
    raw: bytes = b""
    services: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        for one in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {
                value.value.string_value for value in one.resource.attributes if value.key == "service.name"
            }
            self.spans += [span for scope in one.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    def of(self, order: str) -> dict[str, Span]:
        """The spans of an order by name; of several of one name the last."""
        return {span.name: span for span in self.spans if said(span)["order"] == order}


def said(span: Span) -> dict[str, Any]:
    """What a span says, by name; a list as its values."""
    return {
        one.key: [each.string_value for each in one.value.array_value.values]
        if one.value.HasField("array_value")
        else getattr(one.value, str(one.value.WhichOneof("value")))
        for one in span.attributes
    }


@pytest.fixture
async def collector(aiohttp_server: MakeServer) -> Collector:
    collector, app = Collector(), web.Application()
    app.router.add_post("/v1/traces", collector.take)
    collector.url = str((await aiohttp_server(app)).make_url(""))
    return collector


@pytest.fixture
def traced(make_config: MakeConfig, collector: Collector) -> Config:
    return make_config(tracing__endpoint=collector.url, quiet_hours__enabled=False)


async def play(client: Client, clock: StillClock, *orders: str) -> None:
    """Each order is paid, by a customer of its own."""
    shop = StandardShop(client, clock)
    for number, order in enumerate(orders):
        payload = standard_fixture(PAID) | {"timestamp": clock.now().isoformat()}
        payload["data"] |= {"order_id": order}
        payload["data"]["customer"] |= {"phone": f"0{PHONES}{number}", "name": NAME}
        assert (await shop.post(payload, event_id=f"msg_{order}")).status == 202


async def messages(service: Service, order: str) -> list[StoredMessage]:
    known = await service.reader.order("shop", order)
    assert known is not None
    return (await service.reader.story(known)).messages


async def test_one_trace_from_the_webhook_to_the_receipt(
    traced: Config, clock: StillClock, redis: Redis, aiohttp_client: MakeClient, collector: Collector
) -> None:
    async with Service(traced, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        await play(client, clock, "T-1", "T-2", f"0{PHONES}7")
        clock.turn(timedelta(seconds=1))
        assert await service.sender.send_ready() == 3
        (text,) = await messages(service, "T-1")
        clock.turn(timedelta(seconds=30))
        async with client.post(CALLBACK, data={"messageid": text.provider_id, "status": "10"}) as answer:
            assert answer.status == 200
    assert collector.services == {"notifier"}
    one, other = collector.of("T-1"), collector.of("T-2")
    assert (one.keys(), other.keys()) == ({"take", "call", "send", "receipt"}, {"take", "call", "send"})
    (trace, root), (another, _) = ids("shop", "T-1"), ids("shop", "T-2")
    assert {span.trace_id for span in one.values()} == {trace.to_bytes(16)}
    assert {span.trace_id for span in other.values()} == {another.to_bytes(16)}

    take, call, send, receipt = (one[name] for name in ("take", "call", "send", "receipt"))
    assert (take.span_id, take.parent_span_id) == (root.to_bytes(8), b"")
    assert {span.parent_span_id for span in (call, send, receipt)} == {take.span_id}
    assert len({span.span_id for span in collector.spans}) == len(collector.spans)
    assert 0 < take.end_time_unix_nano - take.start_time_unix_nano < 60 * SECOND
    assert call.start_time_unix_nano == call.end_time_unix_nano == take.end_time_unix_nano
    assert receipt.start_time_unix_nano == send.end_time_unix_nano == receipt.end_time_unix_nano - 30 * SECOND
    assert (send.kind, send.status.code) == (Span.SPAN_KIND_CLIENT, Status.STATUS_CODE_UNSET)

    message = text.message.id
    assert said(take) == {
        "source": "shop",
        "order": "T-1",
        "event_id": "msg_T-1",
        "stage": "paid",
        "messages": [message],
    }
    assert said(call)["purpose"] == "reassurance"
    about = {"source": "shop", "order": "T-1", "message": message, "template": text.message.template}
    assert said(send) == about | {"provider": "simulator", "outcome": "accepted", "state": "accepted"}
    assert said(receipt) == about | {"provider": "simulator", "state": "delivered"}
    for secret in (PHONES, NAME, text.message.text, SHOP_SECRET, str(traced.callbacks.tokens()[0])):
        assert secret.encode() not in collector.raw
    assert collector.of("0912***4567").keys() >= {"take"}, "an order whose number is a phone"


async def test_an_attempt_that_failed_says_so_and_what_waits_for_its_order_is_there(
    traced: Config,
    clock: StillClock,
    redis: Redis,
    simulator: Simulator,
    aiohttp_client: MakeClient,
    collector: Collector,
) -> None:
    async with Service(traced, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        await play(client, clock, "T-3")
        simulator.faults.add(Fault(kind="code", code=418, times=1))
        await service.sender.send_ready()
        packed = {"type": "order.packed", "timestamp": clock.now().isoformat(), "data": {"order_id": "T-4"}}
        assert (await StandardShop(client, clock).post(packed)).status == 202
    send, take = collector.of("T-3")["send"], collector.of("T-4")["take"]
    assert send.status.code == Status.STATUS_CODE_ERROR
    assert said(send) | {"outcome": "account", "code": 418, "state": "queued"} == said(send)
    assert said(take)["parked"] is True
    assert (take.trace_id, take.parent_span_id) == tuple(
        number.to_bytes(size) for number, size in zip(ids("shop", "T-4"), (16, 8), strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("listens", [True, False])
async def test_a_collector_that_does_not_answer_disturbs_nothing(
    make_config: MakeConfig, clock: StillClock, redis: Redis, aiohttp_client: MakeClient, listens: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if listens else unused_port()
        config = make_config(tracing__endpoint=f"http://127.0.0.1:{port}", quiet_hours__enabled=False)
        async with asyncio.timeout(9):  # a request to it would take longer
            async with Service(config, clock=clock, roles=[WEB]) as service:
                await play(await aiohttp_client(service.app), clock, "T-5")
                assert await service.sender.send_ready() == 1
                assert [text.state for text in await messages(service, "T-5")] == ["accepted"]


async def test_without_an_endpoint_there_are_no_traces(service: Service) -> None:
    assert service.traces is None


@pytest.mark.process
def test_without_an_endpoint_no_package_of_it_is_needed() -> None:
    """Whoever imports one here fails: but for redis-py, which does without as well."""
    program = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "import notifier.service\n"
        "from notifier.__main__ import main\n"
        "sys.argv = ['notifier', 'check']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    left = [name for name in sys.modules if name.startswith(('opentelemetry', 'google.protobuf'))]\n"
        "    assert left == ['opentelemetry'], left\n"
    )

    def check(**more: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
        environment |= {"NOTIFIER__SMS__PROVIDER": "simulator", "WOO_WEBHOOK_SECRET": "a-secret-of-enough-signs"}
        environment["SHOP_WEBHOOK_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment | more
        )

    without, given = check(), check(NOTIFIER__TRACING__ENDPOINT="http://127.0.0.1:4318")
    assert (without.returncode, without.stderr) == (0, "")
    assert given.returncode == 1
    assert "pip install 'order-notifier[tracing]'" in " ".join(given.stdout.split())
    assert "Traceback" not in given.stderr


async def test_variables_of_the_library_that_make_no_sense_are_told(
    traced: Config, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1000000")
    with pytest.raises(ConfigError, match=r"OTEL_.*max_export_batch_size"):
        await Service(traced, clock=clock).__aenter__()


def test_another_collector_is_for_the_next_start(config: Config, make_config: MakeConfig) -> None:
    other = make_config(tracing__endpoint="http://127.0.0.1:4318/")
    assert other.tracing.endpoint == "http://127.0.0.1:4318"
    assert reload.changes(config, other).restart == ["tracing.endpoint"]


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("127.0.0.1:4318", "write the address of a collector"),
        ("grpc://127.0.0.1:4317", "write the address of a collector"),
        ("http://127.0.0.1:port", "write the address of a collector"),
        ("https://me:secret@collector.example", "leave the name and password out of the address"),
    ],
)
def test_an_address_that_is_none_is_named(make_config: MakeConfig, endpoint: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"TRACING__ENDPOINT: tracing.endpoint: {why}"):
        make_config(tracing__endpoint=endpoint)
