"""What ``notifier check`` finds, each with file and key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.diagnostics import offline
from notifier.diagnostics.offline import FindingLevel

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "config.toml").read_text()


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """The errors in a configuration file with this text; its secrets are set, its provider is on this machine."""
    monkeypatch.setenv("SHOP_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("WOO_WEBHOOK_SECRET", "5f2b8c1e9d7a4f605f2b8c1e9d7a4f60")
    monkeypatch.setenv("KAVENEGAR_API_KEY", "simulator")

    def errors(text: str) -> list[str]:
        file = tmp_path / "config.toml"
        here = text.replace("https://api.kavenegar.com/v1", "http://127.0.0.1:8090/v1")
        file.write_text(here.replace('folder = "templates"', f'folder = "{ROOT / "templates"}"'))
        return [found.text for found in offline.check(file) if found.level is FindingLevel.ERROR]

    return errors


def test_what_ships_is_without_error(check: Callable[[str], list[str]]) -> None:
    assert check(GOOD) == []


def test_secrets_that_are_not_set_are_errors_where_serve_refuses_them(
    check: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET", "KAVENEGAR_API_KEY", "NOTIFIER_API_TOKEN")
    for name in (*names, "NOTIFIER_CALLBACK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    errors = [text.split(": ")[1] for text in check(GOOD)]
    assert errors == ["sources.shop.secret", "sources.woo.secret", "providers.kavenegar.api_key"]
    warnings = [one.text for one in offline.check(ROOT / "config.toml") if one.level is FindingLevel.WARNING]
    assert any("api.tokens[0]: the environment variable NOTIFIER_API_TOKEN is not set" in text for text in warnings)
    assert any("callbacks.token" in text for text in warnings)


MISTAKES = [
    ("port = 8080", "port = 80800", "server.port", ""),
    ("port = 8080", "prot = 8080", "server.prot", "misspelt"),
    ("partitions = 1", "partitions = 0", "redis.partitions", ""),
    ('durability = "fsync"', 'durability = "never"', "redis.durability", ""),
    ('timeout = "5s"', 'timeout = "soon"', "redis.timeout", "15m"),
    ('kind = "standard"', 'kind = "magento"', "sources.shop", ""),
    ('secret = "env:SHOP_WEBHOOK_SECRET"', 'secret = "whsec_c2VjcmV0"', "sources.shop.secret", "do not belong"),
    ('secret = "env:SHOP_WEBHOOK_SECRET"', 'secret = "$SHOP_WEBHOOK_SECRET"', "sources.shop.secret", "env:NAME"),
    ('secret = "env:SHOP_WEBHOOK_SECRET"', 'secret = "env:"', "sources.shop.secret", "names nothing"),
    ('secret = "env:SHOP_WEBHOOK_SECRET"', 'secret = "file:secret"', "sources.shop.secret", "whole path"),
    ('secret = "env:SHOP_WEBHOOK_SECRET"', 'secret = "credential:../x"', "sources.shop.secret", "bare name"),
    ('secret = "env:SHOP_WEBHOOK_SECRET"', "", "sources.shop.secret", ""),
    ('provider = "kavenegar"', 'provider = "nobody"', "sms.provider", "nobody"),
    ('timezone = "Asia/Tehran"', 'timezone = "Asia/Teheran"', "shop.timezone", "Asia/Tehran"),
    ('iban = ""', 'iban = "IR820540102680020817909003"', "shop.iban", "wrong digit"),
    ('iban = ""', 'iban = "1234"', "shop.iban", "24 digits"),
    ('holder = "علی رضایی"', 'holder = ""', "shop.holder", "order_registered_transfer"),
    ('holder = "علی رضایی"', 'holder = " "', "shop.holder", "order_registered_transfer"),
    ('support_phone = "02191001234"', 'support_phone = ""', "shop.support_phone", ""),
    ('name = "شیائومی سیتی"', 'name = ""', "shop.name", ""),
    ('opt_out_by = "provider"', 'opt_out_by = "somebody"', "providers.kavenegar", "opt_out_by"),
    ("return_days = 7", "return_days = -7", "shop.return_days", ""),
    ("[policy.tehran.cash]", "[policy.teheran.cash]", "policy.teheran", "no such region"),
    ("[policy.tehran.cash]", "[policy.tehran.credit]", "policy.tehran.credit", ""),
    ('sms = ["order_registered_cash"]', 'sms = ["order_registred_cash"]', "order.registered", "no template"),
    ('sms = ["order_registered_cash"]', 'sms = ["call_due"]', "order.registered", "staff"),
    ('{ purpose = "reassurance"', '{ purpose = "reasurance"', "payment.succeeded", ""),
    ('cancel = ["reassurance"]', 'cancel = ["reasurance"]', "order.shipped", "neither"),
    ('"order.return_requested" =', '"order.return_asked" =', "order.return_asked", ""),
    ('from = "22:00"', 'from = "08:00"', "quiet_hours", "enabled = false"),
    ('from = "22:00"', 'from = "10pm"', "quiet_hours.from", "22:00"),
    ('thursday = ["09:00-13:00"]', 'thursday = ["13:00-13:00"]', "calendar", ""),
    ('thursday = ["09:00-13:00"]', 'thursday = ["09-13"]', "calendar", ""),
    ("thursday = [", "thorsday = [", "calendar.hours.thorsday", ""),
    ("[server]", "[server", "", "not TOML"),
]


@pytest.mark.parametrize(("old", "new", "key", "hint"), MISTAKES, ids=[new for _, new, _, _ in MISTAKES])
def test_a_mistake_is_named_with_file_and_key(
    check: Callable[[str], list[str]], old: str, new: str, key: str, hint: str
) -> None:
    assert old in GOOD
    errors = check(GOOD.replace(old, new, 1))
    assert errors
    assert all("config.toml: " in error or str(ROOT / "templates") in error for error in errors), errors
    assert any(key in error and hint in error for error in errors), errors


def test_a_transfer_wants_a_card_or_an_account(check: Callable[[str], list[str]]) -> None:
    card, account = 'card = "6104337712345678"', 'account = "1234567890"'
    without = GOOD.replace(card, 'card = ""')
    assert check(without) == []
    assert check(GOOD.replace(account, 'account = ""')) == []
    neither = without.replace(account, 'account = ""')
    (error,) = check(neither)
    assert "shop.card" in error
    assert "order_registered_transfer" in error
    assert check(neither.replace('iban = ""', 'iban = "IR820540102680020817909002"')) == []


def test_a_shop_without_transfers_needs_no_card(check: Callable[[str], list[str]], tmp_path: Path) -> None:
    start = GOOD.index("[policy.elsewhere.bank_transfer]")
    text = GOOD[:start] + GOOD[GOOD.index("[policy.free]") :]
    text = text.replace('card = "6104337712345678"', 'card = ""').replace('account = "1234567890"', 'account = ""')
    errors = check(text.replace('holder = "علی رضایی"', 'holder = ""'))
    assert [error for error in errors if "shop." in error] == []


def test_all_mistakes_at_once(check: Callable[[str], list[str]]) -> None:
    errors = check(GOOD.replace("port = 8080", "port = 80800").replace("return_days = 7", "return_days = -7"))
    assert len(errors) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = offline.check(tmp_path / "none.toml")
    assert finding.level is FindingLevel.ERROR
    assert "--config" in finding.text


def test_a_missing_and_a_broken_template(check: Callable[[str], list[str]], tmp_path: Path) -> None:
    templates = tmp_path / "texts"
    templates.mkdir()
    for file in (ROOT / "templates").glob("*.txt"):
        (templates / file.name).write_text(file.read_text())
    ours = GOOD.replace('folder = "templates"', f'folder = "{templates}"')
    (templates / "call_due.txt").unlink()
    assert any("call_due.txt is missing" in error for error in check(ours))
    file = templates / "order_packed.txt"
    file.write_text(file.read_text() + "{{ no_such_thing }}")
    broken, missing = check(ours)
    assert "order_packed.txt" in broken
    assert "no_such_thing" in broken
    assert "call_due.txt is missing" in missing


def test_cities_that_are_numbers_are_spoken_of(tmp_path: Path) -> None:
    text = (ROOT / "config.toml").read_text().replace('folder = "templates"', f'folder = "{ROOT / "templates"}"')
    for file, found in ((text, True), (text.replace('"Tehran City"]', '"Tehran City", "177"]'), False)):
        (tmp_path / "config.toml").write_text(file)
        notes = [one.text for one in offline.check(tmp_path / "config.toml") if one.level is offline.FindingLevel.NOTE]
        assert any("regions.cities" in note and "Shipping" in note for note in notes) is found
