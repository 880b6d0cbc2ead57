"""``kind = "mapping"`` and second secrets in the configuration: what is wrong is found at the start."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mapping_shop import SOURCE, order
from typer.testing import CliRunner

from notifier.cli import app
from notifier.config.loading import load
from notifier.config.mapping import MappingSource
from notifier.diagnostics import offline
from notifier.errors import ConfigError
from notifier.practice import mapping

ROOT = Path(__file__).parents[2]
SHOP = '[shop]\nname = "x"\nsupport_phone = "02191001234"\n'
MINE = """
[sources.mine]
kind = "mapping"
secret = "env:MINE_SECRET"
previous_secret = "env:MINE_SECRET_OLD"
signature = { scheme = "hmac", header = "X-Signature" }
status = "order.state"
statuses = { paid = ["order.registered", "paid"] }
time = "order.at"
methods = { cod = "cash" }
fields.order_id = "order.id"
fields.customer.phone = "buyer.phone"
fields.payment.currency = "IRT"
fields.items = "lines[].{name: title}"
samples = ["paid.json"]
"""

Refusals = Callable[[str], list[str]]


@pytest.fixture
def refusals(tmp_path: Path) -> Refusals:
    """What is said of a file with this source."""

    def found(text: str) -> list[str]:
        file = tmp_path / "config.toml"
        file.write_text(SHOP + text)
        try:
            load(file, environment={})
        except ConfigError as error:
            return [line.removeprefix(f"{file}: ") for line in str(error).splitlines()]
        return []

    return found


MISTAKES = [
    ('"order.state"', '"order.state ="', "sources.mine.status", "no JMESPath"),
    ('"order.state"', '"header:not a header"', "sources.mine.status", "no name of a header"),
    ('"order.state"', '"header:x-signature"', "sources.mine", "no expression may read header:x-signature"),
    ('"order.id"', '"order.id["', "sources.mine.fields.order_id", "no JMESPath"),
    ('"buyer.phone"', '"first(buyer)"', "sources.mine.fields.customer.phone", "Unknown function: first()"),
    ('"buyer.phone"', '"lines[].{x: nothere(y)}"', "sources.mine.fields.customer.phone", "nothere()"),
    ('"buyer.phone"', '"join(buyer)"', "sources.mine.fields.customer.phone", "join() takes 2 arguments, not 1"),
    ('"IRT"', '"IRT ="', "sources.mine.fields.payment.currency", "no JMESPath"),
    ("fields.items", "fields.itmes", "sources.mine.fields.itmes", "misspelt"),
    ("fields.customer.phone", "fields.customer.fone", "sources.mine.fields.customer.fone", "misspelt"),
    ('fields.order_id = "order.id"', "", "sources.mine.fields.order_id", "required"),
    ('"paid"]', '"payed"]', "sources.mine.statuses.paid", "payment.succeeded"),
    ('cod = "cash"', 'cod = "gold"', "sources.mine.methods.cod", "cash"),
    ('scheme = "hmac"', 'scheme = "rot13"', "sources.mine.signature", "hmac"),
    ('header = "X-Signature"', 'header = "X Signature"', "sources.mine.signature.header", "no name of a header"),
    (', header = "X-Signature"', "", "sources.mine.signature.header", "required"),
    ('"X-Signature" }', '"X-Signature", algorithm = "md5" }', "sources.mine.signature.algorithm", "sha256"),
    ('"X-Signature" }', '"X-Signature", signed = "{timestamp}{body}" }', "sources.mine.signature", "timestamp_header"),
    ('"X-Signature" }', '"X-Signature", signed = "nothing" }', "sources.mine.signature", "{body}"),
    ('secret = "env:MINE_SECRET"\n', "", "sources.mine.secret", "required"),
]


def test_a_mapping_that_is_right(refusals: Refusals) -> None:
    assert refusals(MINE) == []


@pytest.mark.parametrize(("old", "new", "key", "hint"), MISTAKES, ids=[f"{key} {new}" for _, new, key, _ in MISTAKES])
def test_a_mistake_is_named_with_its_key(refusals: Refusals, old: str, new: str, key: str, hint: str) -> None:
    assert old in MINE
    found = refusals(MINE.replace(old, new, 1))
    assert found
    assert any(line.startswith(f"{key}") and hint in line for line in found), found


def test_the_commented_example_that_ships_can_be_used(refusals: Refusals) -> None:
    shipped = (ROOT / "config.toml").read_text()
    lines = shipped[shipped.index("# [sources.mine]") :].split("\n\n")[0].splitlines()
    assert refusals("\n".join(line.removeprefix("# ") for line in lines)) == []


def test_every_key_is_in_the_file_that_ships() -> None:
    shipped = (ROOT / "config.toml").read_text()
    example = shipped[shipped.index("# [sources.mine]") :].split("\n\n")[0]
    assert not [name for name in MappingSource.__annotations__ if name not in example]


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration that ships and a mapped shop with samples."""
    monkeypatch.setenv("MINE_SECRET", "new")
    text = (ROOT / "config.toml").read_text().replace('folder = "templates"', f'folder = "{ROOT / "templates"}"')
    source = json.dumps(SOURCE | {"secret": "env:MINE_SECRET", "samples": ["good.json", "bad.json", "gone.json"]})
    monkeypatch.setenv("NOTIFIER__SOURCES__MINE", source)
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "good.json").write_text(json.dumps(order()))
    (tmp_path / "bad.json").write_text(json.dumps(order(total="much", buyer={"mobile": "12"})))
    return tmp_path / "config.toml"


def test_check_tries_the_samples(whole: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--config", str(whole)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert "sample sources.mine: good.json: order 812, status 'paid': order.registered, payment.succeeded" in lines
    errors = [line for line in lines if line.startswith("error") and ".json" in line]
    assert len(errors) == 3
    for key, expression, file in (
        ("sources.mine.fields.payment.amount", "'total'", "bad.json"),
        ("sources.mine.fields.customer.phone", "'buyer.mobile'", "bad.json"),
        ("sources.mine.samples[2]", "", "gone.json"),
    ):
        assert any(key in line and expression in line and file in line for line in errors), (key, errors)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (order("in-the-clouds"), "not named in statuses"),
        (order("draft"), "nothing, as statuses says"),
        (order(pay="barter"), "The payment method 'barter' is not known"),
    ],
)
def test_what_check_says_of_odd_samples(whole: Path, document: object, words: str) -> None:
    (whole.parent / "good.json").write_text(json.dumps(document))
    said = offline.samples(whole)
    assert len(said) == 1
    assert words in said[0]
    assert len(list(mapping.every(load(whole)))) == 3


def test_two_secrets_are_worth_a_reminder(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def warnings() -> list[str]:
        return [found.text for found in offline.check(whole) if "previous_" in found.text]

    assert warnings() == []
    monkeypatch.setenv("NOTIFIER__SOURCES__SHOP__PREVIOUS_SECRET", "env:SHOP_OLD")
    monkeypatch.setenv("NOTIFIER__CALLBACKS__PREVIOUS_TOKEN", "env:CALLBACK_OLD")
    assert sorted(text.count("is not set") for text in warnings()) == [1, 1]
    monkeypatch.setenv("SHOP_OLD", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("CALLBACK_OLD", "a-token")
    assert [("two are valid" in text, "SHOP_OLD" in text) for text in warnings()] == [(True, False)] * 2
    monkeypatch.setenv("SHOP_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert any("holds the same as sources.shop.secret" in text for text in warnings())
    monkeypatch.setenv("SHOP_OLD", "whsec_***")
    errors = [found.text for found in offline.check(whole) if found.level == "error"]
    assert any("sources.shop.previous_secret" in text and "base64" in text for text in errors)
    assert not any("whsec_***" in text for text in errors)
