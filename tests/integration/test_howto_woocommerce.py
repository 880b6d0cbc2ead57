"""The how-to about WooCommerce: what it shows loads, what it calls exists, and practice orders mean what they say."""

import re
from pathlib import Path

import pytest
from doc_blocks import blocks
from shops import WOO_SECRET, ApiUser, Client, WooShop

from notifier.clock import StillClock
from notifier.config.loading import load
from notifier.config.sources import WooCommerceSource
from notifier.domain.events import EventType
from notifier.intake.woocommerce.rules import STATUSES, UNSAYABLE
from notifier.practice import woocommerce
from tools.reference.commands import commands

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["how-to/woocommerce.md", "how-to/woocommerce.fa.md"]
SHOP = '[shop]\nname = "فروشگاه"\nsupport_phone = "02191001234"\n'
UNTOLD = {
    EventType.STALLED,
    EventType.DEPOSIT_UNMATCHED,
    *UNSAYABLE,
    *(EventType.DEPOSIT_REPORTED, EventType.DEPOSIT_REJECTED),
    *(EventType.CONFIRMED, EventType.CALLBACK_REQUESTED, EventType.DELIVERY_RELEASED),
}


def test_both_languages_show_the_same() -> None:
    assert blocks(PAGES[0]) == blocks(PAGES[1])
    assert len(blocks(PAGES[0])) == 5


def test_the_configuration_loads(tmp_path: Path) -> None:
    first, full, rest = [text for language, text in blocks(PAGES[0]) if language == "toml"]
    for text in (first, full + rest):
        file = tmp_path / "config.toml"
        file.write_text(SHOP + text)
        woo = load(file, environment={}).sources["woo"]
        assert isinstance(woo, WooCommerceSource)
    assert woo.rest is not None
    assert woo.rules().meanings("in-the-workshop")[-1] == "order.preparing"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_exist(page: str) -> None:
    known_by = commands()
    form = r"notifier ([a-z]+(?: [a-z.]+)*)((?: --[a-z-]+(?: [^\s`#]+)?)*)"
    named = re.findall(form, (DOCS / page).read_text())
    assert len(named) >= 6
    for words, options in named:
        command = next(
            (known_by[name] for count in (2, 1) if (name := " ".join(words.split()[:count])) in known_by), None
        )
        assert command is not None, words
        known = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known, (words, options)


@pytest.mark.parametrize("event", list(EventType))
async def test_practice_orders_mean_what_they_say(
    client: Client, woo: WooShop, clock: StillClock, api: ApiUser, event: EventType
) -> None:
    status = woocommerce.status_of(event, STATUSES)
    assert (status is None) == (event in UNTOLD)
    if status is None:
        return
    order = woocommerce.order(event, status, STATUSES[status], at=clock.now())
    body, headers = woocommerce.signed(WOO_SECRET, order, topic="order.updated", delivery=event)
    assert (await woo.send(body, headers)).status == 200
    story = (await api.get("/orders/10025")).body["timeline"]
    assert event in [line["what"] for line in story if line["kind"] == "event"][-2:]  # processing is two things at once
