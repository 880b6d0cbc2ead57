"""Every kind of shop has all that a kind needs: whoever adds one is told here what was forgotten."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from mapping_shop import SOURCE, order
from multidict import CIMultiDict
from shops import SHOP_SECRET

from notifier.clock import TEHRAN
from notifier.config import Config, Source
from notifier.config.loading import load
from notifier.domain.events import Event, EventType
from notifier.errors import BadSignature, Conflict, NotFound, WrongContentType
from notifier.intake.adapter import Answer, AnswerAlone, Found, Part, Proof, Received, ShopAdapter
from notifier.intake.dead_letters import DeadLetter, DeadLetters
from notifier.intake.delivery import Clashing, Delivery, Outcome, Recorded, Repeated, Unchanged
from notifier.intake.replaying import Replayer, ReplayOutcome
from notifier.intake.submitting import Submitter, muted
from notifier.intake.woocommerce.events import _TURN
from notifier.practice import kinds as practice
from notifier.service import shops
from notifier.store.keys import Keys

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
EVERY = [get_args(section.model_fields["kind"].annotation)[0] for section in get_args(get_args(Source)[0])]
KINDS = [kind for kind in EVERY if kind != "bank"]
"""Those that have orders: what an account tells is tested in test_bank.py."""

SECRETS = {"NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET, "NOTIFIER__SOURCES__WOO__SECRET": "woo"}
SECTIONS: Mapping[str, dict[str, Any]] = {
    "standard": {"secret": SHOP_SECRET},
    "woocommerce": {"secret": "woo"},
    "mapping": SOURCE | {"samples": ["new.json"]},
}
"""The least that each kind needs in its section."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def config(kind: str, tmp_path: Path) -> Config:
    assert kind in SECTIONS, f"say in SECTIONS of this test what [sources.NAME] of kind {kind} needs"
    (tmp_path / "new.json").write_text(json.dumps(order("new")))
    file = tmp_path / "config.toml"
    file.write_text((ROOT / "config.toml").read_text())
    environment = {"NOTIFIER__SOURCES__IT": json.dumps(SECTIONS[kind] | {"kind": kind})}
    return load(file, environment=environment | SECRETS)


@pytest.fixture
def shop(config: Config) -> ShopAdapter:
    return shops.adapters(config)["it"]


@pytest.fixture
def received(config: Config) -> Received:
    """A practice delivery as it comes."""
    body, given = practice.post(config, "it", EventType.REGISTERED, now=NOW)
    return Received(headers=CIMultiDict(given), content_type="application/json", body=body, at=NOW)


def found(read: Found | AnswerAlone | object) -> Found:
    assert isinstance(read, Found)
    return read


def kept(received: Received, *, status: int = 422, batch: bool = False) -> DeadLetter:
    body, headers = received.body.decode(), {name.lower(): value for name, value in received.headers.items()}
    return DeadLetter(
        id="k1", at=NOW, source="it", status=status, reason="", body=body, headers=headers, whole=True, batch=batch
    )


def test_a_kind_has_a_row_in_each_table() -> None:
    assert set(EVERY) == shops.KINDS.keys() == practice.KINDS.keys()
    assert SECTIONS.keys() == set(KINDS)


def test_a_kind_has_a_folder_and_a_name_in_the_documents(kind: str, shop: ShopAdapter) -> None:
    assert type(shop).__module__ == f"notifier.intake.{kind}.shop"
    assert f"(../notifier/intake/{kind}/shop.py)" in (ROOT / "docs" / "architecture.md").read_text()
    assert f'kind = "{kind}"' in (ROOT / "config.toml").read_text()
    pages = {path.name: path.read_text() for path in (ROOT / "docs" / "how-to").glob("*.md")}
    named = [name for name, text in pages.items() if f'kind = "{kind}"' in text]
    assert {name.endswith(".fa.md") for name in named} == {True, False}, "a page of docs/how-to and its twin name it"


def test_what_it_posts_is_proved_and_read(shop: ShopAdapter, received: Received) -> None:
    proof = shop.verify(received)
    assert proof.signed
    delivery = found(shop.read(received, proof)).delivery
    assert delivery.source == "it"
    assert delivery.phone == "09121234567"
    assert EventType.REGISTERED in [event.type for event in delivery.events(None)]


def test_what_it_did_not_sign_is_refused(shop: ShopAdapter, received: Received) -> None:
    other = Received(headers=received.headers, content_type="application/json", body=received.body + b" ", at=NOW)
    with pytest.raises(BadSignature):
        shop.verify(other)


def test_what_was_kept_is_read_as_it_came(shop: ShopAdapter, received: Received) -> None:
    came = found(shop.read(received, shop.verify(received))).delivery
    again = found(shop.replay(kept(received))).delivery
    assert (again.order_id, again.phone, again.digest) == (came.order_id, came.phone, came.digest)
    assert [event.type for event in again.events(None)] == [event.type for event in came.events(None)]


def test_its_headers_are_kept_and_its_secrets_are_not_shown(shop: ShopAdapter, config: Config) -> None:
    assert all(name == name.lower() for name in shop.kept_headers)
    for secret in config.sources["it"].secrets():
        assert secret not in repr(shop)
        assert secret not in repr(getattr(shop, "scheme", None))


def test_it_says_whether_it_takes_batches(shop: ShopAdapter, received: Received) -> None:
    if shop.no_batch:
        with pytest.raises(NotFound, match="no batch here"):
            shop.read_batch(received, Proof("b1"))
    else:
        many = Received(headers={}, content_type="application/json", body=b"[" + received.body + b",7]", at=NOW)
        good, bad = shop.read_batch(many, Proof("b1"))
        assert (good.event_id, bad.event_id, bad.body) == ("b1/0", "b1/1", b"7")
        assert [one.found for one in _parts(shop.replay(kept(many, batch=True)))][1].__class__ is bad.found.__class__


def _parts(read: object) -> list[Part]:
    assert not isinstance(read, Found)
    return list(read)  # type: ignore[call-overload,no-any-return]


def test_every_outcome_has_an_answer(kind: str, shop: ShopAdapter, received: Received) -> None:
    delivery = found(shop.read(received, shop.verify(received))).delivery
    statuses = {"standard": (202, 200, 202), "woocommerce": (200, 200, 200), "mapping": (202, 200, 200)}
    told = [shop.answer(delivery, one) for one in (Recorded(b"{}", None, Keys(0)), Repeated(b"{}"), Unchanged())]
    assert tuple(one.status for one in told) == statuses[kind]
    assert [isinstance(one, Answer) and one.is_news for one in told] == [True, False, False]
    clash = shop.answer(delivery, Clashing())
    assert isinstance(clash, Conflict)
    assert delivery.event_id in clash.detail


def test_woocommerce_is_answered_without_a_delivery() -> None:
    woo = shops.adapters(load(ROOT / "config.toml", environment=SECRETS))["woo"]
    form = "application/x-www-form-urlencoded"
    ping = Received(headers={"content-type": form}, content_type=form, body=b"webhook_id=7", at=NOW)
    proof = woo.verify(ping)
    assert not proof.signed
    assert woo.read(ping, proof) == AnswerAlone(document={"ping": True})
    with pytest.raises(WrongContentType):
        woo.verify(Received(headers={"content-type": form}, content_type=form, body=b"webhook_id=", at=NOW))
    odd = woo.read(Received(headers={}, content_type="application/json", body=b"[]", at=NOW), Proof())
    assert isinstance(odd, AnswerAlone)
    assert (odd.document["understood"], odd.refusal and odd.refusal.status, odd.alert) == (False, 422, None)


def test_adapters_know_nothing_of_requests() -> None:
    asking = {"rest.py", "catch_up.py", "asking.py"}  # these ask the shop or the carrier
    texts = {path: path.read_text() for path in (ROOT / "notifier" / "intake").rglob("*.py") if path.name not in asking}
    assert [path for path, text in texts.items() if re.search(r"^\s*(import|from) aiohttp", text, re.MULTILINE)] == []


def test_every_type_of_event_has_its_turn() -> None:
    """Of several at one time WooCommerce's snapshots tell the later by it: a type without one could not be told."""
    assert _TURN.keys() == set(EventType)
    assert sorted(_TURN.values()) == list(range(len(EventType)))


def test_a_clash_goes_under_an_id_of_its_own() -> None:
    """Replayed, it is neither taken for what came before nor lost."""
    config = load(ROOT / "config.toml", environment=SECRETS)
    shop = shops.adapters(config)["shop"]
    body, _ = practice.post(config, "shop", EventType.PAID, now=NOW + timedelta(hours=1))
    received = Received(headers={}, content_type="application/json", body=body, at=NOW)
    assert found(shop.replay(kept(received, status=409))).delivery.event_id == "kept-k1~k1"


@dataclass
class Clashes:
    """A committer that has had everything under the same id with another body."""

    async def submit(self, delivery: Delivery) -> Outcome:
        return Clashing()


async def test_what_clashes_when_it_is_replayed_stays_kept(shop: ShopAdapter, received: Received) -> None:
    """Its id may have come with another body since: then nobody has taken this one."""

    async def known(source: str, order_id: str) -> bool:
        return False

    book = DeadLetters(cast(Any, None), ("it",), timedelta(days=1))  # to remove it from the store would fail
    replayed = await Replayer(book, {"it": shop}, Submitter(Clashes(), known)).replay(kept(received), trust=True)
    assert replayed.became is ReplayOutcome.REFUSED
    assert "came before with another body" in replayed.reason


@pytest.mark.parametrize(("is_known", "past"), [(True, True), (False, None)])
async def test_a_part_of_an_order_that_is_known_is_told_to_nobody(is_known: bool, past: bool | None) -> None:
    async def known(source: str, order_id: str) -> bool:
        assert (source, order_id) == ("woo", "900")
        return is_known

    event = Event(id="e", source="woo", type=EventType.REGISTERED, order_id="901", at=NOW)
    part = Delivery(
        source="woo", event_id="e", digest="e", order_id="901", phone=None, events=lambda _: [event], part_of="900"
    )
    assert [one.past for one in (await muted(part, known)).events(None)] == [past]
