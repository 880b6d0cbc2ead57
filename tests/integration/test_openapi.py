"""The API's document against the API: schemathesis asks what the document says may be asked, and more."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from shops import API_TOKEN, SHOP_SECRET
from standardwebhooks import Webhook
from threaded_service import CALLBACK_TOKEN, service_in_thread, shop_config

from notifier.clock import TEHRAN, StillClock
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service
from notifier.web import openapi
from notifier.web.described import description_of
from notifier.web.openapi_routes import DESCRIBED

START = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
EXAMPLES = 15  # of each operation, asked as somebody who is known, and as anybody

LEFT_OUT = [
    # A schema cannot say which phones, amounts and signatures are good ones, nor which orders there are.
    checks.positive_data_acceptance,
    # Nor that numbers may come as text, and that callbacks answer 200 to everything.
    checks.negative_data_rejection,
    # Which of two sets of headers a webhook needs is its source's business.
    checks.missing_required_header,
]


@pytest.fixture
def address(redis: Redis, redis_url: str) -> Iterator[str]:
    with service_in_thread(shop_config(redis_url), StillClock(START)) as url:
        for number, kind in enumerate(EventType):  # so that there is something to be asked about
            body, headers = standard.signed(SHOP_SECRET, standard.event(kind, at=START, order_id=str(number)), at=START)
            assert requests.post(f"{url}/webhooks/shop", data=body, headers=headers, timeout=10).status_code == 202
        yield url


class Signed(requests.auth.AuthBase):
    """Signs whatever is about to be sent."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        text = body if isinstance(body, str) else body.decode(errors="replace")
        stamp = datetime.fromtimestamp(int(START.timestamp()), UTC)
        request.headers["webhook-id"] = f"msg_{abs(hash(text))}"
        request.headers["webhook-timestamp"] = str(int(stamp.timestamp()))
        request.headers["webhook-signature"] = Webhook(SHOP_SECRET).sign(request.headers["webhook-id"], stamp, text)
        return request


def ask(
    case: schemathesis.Case, url: str, session: requests.Session, *, known: bool, real: bool
) -> schemathesis.Response:
    """Ask, of what is known or of anything, and check the answer; of webhooks some are real events."""
    path = case.operation.path
    left_out, more = list(LEFT_OUT), {}
    if path.startswith("/webhooks/"):
        # A ping of WooCommerce is unsigned and answered 200; how signatures are refused is tested by itself.
        left_out.append(checks.ignored_auth)
        if known:
            case.path_parameters["source"] = "shop"
            more["auth"] = Signed()
            if real:
                event = standard.event(EventType.PAID, at=START)
                case.body, case.media_type = [event] if path.endswith("/batch") else event, "application/json"
    elif path.startswith("/callbacks/") and known:
        case.path_parameters["token"] = CALLBACK_TOKEN
    elif path.startswith("/api/"):
        more["headers"] = {"Authorization": f"Bearer {API_TOKEN}"} if known else {}
        if path == "/api/orders/{id}" and known:
            case.path_parameters["id"] = "3"
    return case.call_and_validate(base_url=url, session=session, excluded_checks=left_out, timeout=10, **more)


async def test_every_route_is_in_the_document(service: Service) -> None:
    missing = [
        place
        for place, handler in openapi.routes(service.app)
        if place not in DESCRIBED and description_of(handler) is None
    ]
    assert not missing, "describe them: see notifier/web/described.py"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.mark.slow
def test_the_api_is_as_its_document_says(address: str, session: requests.Session) -> None:
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    statuses: set[tuple[str, int]] = set()
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation, known in product(operations, (True, False)):
        cases = operation.as_strategy(GenerationMode.POSITIVE)
        if operation.path_parameters or operation.query or operation.body:
            cases |= operation.as_strategy(GenerationMode.NEGATIVE)

        @given(cases, st.booleans(), st.just(known))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def probe(case: schemathesis.Case, real: bool, known: bool) -> None:
            answer = ask(case, address, session, known=known, real=real)
            statuses.add((case.operation.label, answer.status_code))

        probe()
    assert len(operations) > 20
    # Whether what is made up is unsigned and for a shop there is, chance decides.
    unsigned = session.post(f"{address}/webhooks/shop", json={}, timeout=10)
    statuses.add(("POST /webhooks/{source}", unsigned.status_code))
    assert {("POST /webhooks/{source}", 202), ("POST /webhooks/{source}", 401), ("GET /api/orders", 200)} <= statuses
    assert {("POST /webhooks/{source}", 422), ("POST /webhooks/{source}/batch", 202), ("GET /docs", 200)} <= statuses
