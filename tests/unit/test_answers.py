"""What the API answers, and that its document says the same."""

from datetime import datetime
from typing import Any

import pytest
from aiohttp import web
from msgspec import Struct
from msgspec.json import decode, schema_components
from pydantic import BaseModel

from notifier.clock import TEHRAN
from notifier.domain.messages import Message, MessageState
from notifier.domain.orders import Order
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.store.reading import StoredMessage, Told
from notifier.store.records import encode
from notifier.web import answers, openapi
from notifier.web.described import Body, Description, DocumentedAnswer

AT = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
MESSAGE = Message(id="7", template="paid", version="v1", to="09121234567", text="سلام", created_at=AT, order_v=3)


def shown(answer: Struct) -> Any:
    return decode(encode(answer))


def test_what_is_not_known_is_null_and_what_is_ours_stays_ours() -> None:
    stored = StoredMessage(
        message=MESSAGE, state=MessageState.QUEUED, provider=None, provider_id=None, cost=None, reason=None,
        unconfirmed=False, attempts=[], first=1,
    )  # fmt: skip
    found = shown(answers.message(stored))
    assert (found["not_before"], found["accepted_at"], found["patterns"]) == (None, None, {})
    assert (found["essential"], found["audience"], found["created_at"]) == (False, "customer", AT.isoformat())
    assert not {"order_v", "about", "follows", "first"} & found.keys()


def test_a_line_of_a_timeline_says_what_there_is() -> None:
    lines = [
        TimelineEntry(at=AT, kind=LineKind.EVENT, what="order.packed"),
        TimelineEntry(at=AT, kind=LineKind.CALL, what="help", ref="c1"),
    ]
    story = shown(answers.story(Order(id="1", source="shop"), Told(timeline=lines, messages=[], calls=[])))
    assert story["timeline"] == [
        {"at": AT.isoformat(), "kind": "event", "what": "order.packed"},
        {"at": AT.isoformat(), "kind": "call", "what": "help", "ref": "c1"},
    ]
    assert story["customer"] == {
        "name": None,
        "phone": None,
        "city": None,
        "province": None,
        "address": None,
        "note": None,
    }


@pytest.mark.parametrize(
    "model", [answers.OrderStory, answers.MessageFacts, answers.CallReported, answers.DeliveryFacts]
)
def test_the_document_promises_every_field_with_its_offset(model: type[Struct]) -> None:
    schema = schema_components([model], ref_template="{name}")[1][model.__name__]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    times = [one for name, one in schema["properties"].items() if name.endswith("_at") or name == "at"]
    assert times
    assert all("date-time" in str(one) for one in times)


def test_an_answer_and_a_body_of_one_name_are_refused() -> None:
    asked = type("Thing", (BaseModel,), {"__annotations__": {"a": int}})
    answered = type(Struct)("Thing", (Struct,), {"__annotations__": {"b": int}})
    one = Description(
        summary="",
        tag="",
        bodies=(Body(models=(asked,)),),
        answers={200: DocumentedAnswer(text="", models=(answered,))},
    )
    with pytest.raises(ValueError, match="Thing: an answer and a body have this name"):
        openapi.document(web.Application(), {}, {"thing": one})
