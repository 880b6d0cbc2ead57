"""A folder with many faults of every kind: each is found at once, and none that only follows from it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from notifier.diagnostics import offline

ROOT = Path(__file__).parents[2]
SOUND = {
    '"02191001234"': '"02188776655"',
    '"xiaomicity.example"': '"goodshop.ir"',
    '"6104337712345678"': '"6037991234567893"',
    '"1234567890"': '"0123987654"',
    '"علی رضایی"': '"شرکت نمونه‌کار"',
    '"شیائومی سیتی"': '"فروشگاه نیک"',
    '"10004346"': '"10007788"',
}
FAULTS = {
    "shop.card": ('"6037991234567893"', '"6037991234567894"'),
    "shop.iban": ('iban = ""', 'iban = "IR820540102680020817909003"'),
    "shop.support_phone": ('"02188776655"', '"0218877"'),
    "shop.site": ('site = "goodshop.ir"', 'site = "htp:/goodshop"'),
    "shop.timezone": ('timezone = "Asia/Tehran" ', 'timezone = "Asia/Teheran" '),
    "shop.return_day": ("return_days = 7", "return_day = 7"),
    "regions.cities.karaj": ("[regions.cities] ", '[regions.cities] \nkaraj = ["کرج"]\n'),
    'policy.tehran.cash."order.packed".sms': ('sms = ["order_packed"]', 'sms = ["order_pakced"]'),
    'policy.tehran.online."payment.succeeded".calls.0.purpose': (
        '"reassurance", after = "15m"',
        '"reasurance", after = "15m"',
    ),
    "quiet_hours.from": ('from = "22:00"', 'from = "25:00"'),
    "calls.tick": ('tick = "1s"', 'tick = "1 sec"'),
    "sms.fallback": ("fallback = [] ", 'fallback = ["smsirr"] '),
    "providers.kavenegar.base_url": ('"https://api.kavenegar.com/v1"', '"api.kavenegar.com/v1"'),
    "providers.kavenegar.api_key": ('"env:KAVENEGAR_API_KEY"', '"6B5C4A6B5C4A6B5C4A6B5C"'),
    "redis.url": ('url = "embedded"', 'url = "redis//127.0.0.1:6379"'),
    "console.second_factor": ('second_factor = "off"', 'second_factor = "supervisor"'),
    "customer_page.base": ('\nbase = "" ', '\nbase = "http://order.goodshop.ir" '),
    "calendar": ('monday = ["09:00-13:00", "14:00-18:00"]', 'monday = ["09:00-13:00", "12:00-18:00"]'),
}
TEXTS = {
    "order_shipped_tehran.txt, line ": ("{{ order }}", "{{ oder }}"),
    "order_preparing.txt, line ": ("{{ order }}", "{{ order "),
    "order_delivered.txt, line ": ("{{ shop }}", "{{ shop }}\nكيف"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop that nothing is wrong with."""
    monkeypatch.setenv("SHOP_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("WOO_WEBHOOK_SECRET", "5f2b8c1e9d7a4f605f2b8c1e9d7a4f60")
    monkeypatch.setenv("KAVENEGAR_API_KEY", "4a6b5c4a6b5c4a6b5c4a6b5c")
    monkeypatch.setenv("NOTIFIER_CALLBACK_TOKEN", "5f2b8c1e9d7a4f605f2b8c1e9d7a4f61")
    monkeypatch.setenv("NOTIFIER_API_TOKEN", "5f2b8c1e9d7a4f605f2b8c1e9d7a4f62")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    put(tmp_path / "config.toml", SOUND.items(), (ROOT / "config.toml").read_text())
    return tmp_path


def put(file: Path, changes: Iterable[tuple[str, str]], text: str) -> None:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)


def wrong(folder: Path) -> list[str]:
    found = offline.check(folder / "config.toml")
    return [one.text.replace(f"{folder}/", "") for one in found if one.level is not offline.FindingLevel.NOTE]


def test_a_sound_shop(folder: Path) -> None:
    assert wrong(folder) == []


def test_all_faults_at_once(folder: Path) -> None:
    config = folder / "config.toml"
    put(config, FAULTS.values(), config.read_text())
    for start, change in TEXTS.items():
        file = folder / "templates" / start.partition(",")[0]
        put(file, [change], file.read_text())
    found = wrong(folder)
    places = [f"config.toml: {key}: " for key in FAULTS] + [f"templates/{start}" for start in TEXTS]
    assert [place for place in places if not any(text.startswith(place) for text in found)] == []
    packed = [text for text in found if text.partition(": ")[2].startswith("policy") and "order.packed" in text]
    assert len(found) == len(places) + len(packed) - 1, found
    assert all("'order_packed'" in text for text in packed)


@pytest.mark.parametrize("key", FAULTS)
def test_one_alone_brings_no_others_along(folder: Path, key: str) -> None:
    config = folder / "config.toml"
    put(config, [FAULTS[key]], config.read_text())
    found = wrong(folder)
    assert {text.partition(": ")[2].partition(": ")[0] for text in found if "order_pa" not in text} <= {key}
    assert found


@pytest.mark.parametrize(
    ("old", "new", "also"),
    [
        ('secret = "env:SHOP_WEBHOOK_SECRET"', "", 1),
        ('kind = "standard"', 'kind = "magento"', 1),
        ("[shop] ", "[shpo] ", 2),
        ("[providers.kavenegar]", "[providers.kavenegar]\nbase_ulr = 1", 1),
    ],
)
def test_what_is_left_out_is_not_missed(folder: Path, old: str, new: str, also: int) -> None:
    config = folder / "config.toml"
    put(config, [(old, new), ('tick = "1s"', 'tick = "soon"'), FAULTS["sms.fallback"]], config.read_text())
    found = wrong(folder)
    assert len(found) == 2 + also, found
    assert any("sms.fallback" in text for text in found)
    assert any("calls.tick" in text for text in found)


def test_what_was_meant_is_offered(folder: Path) -> None:
    config = folder / "config.toml"
    put(config, [FAULTS["shop.return_day"], FAULTS["sms.fallback"]], config.read_text())
    assert any("unknown key; it may be misspelt; did you mean 'return_days'?" in text for text in wrong(folder))


def test_a_folder_of_templates_that_is_not_there(folder: Path) -> None:
    shutil.rmtree(folder / "templates")
    config = folder / "config.toml"
    put(config, [FAULTS["shop.card"]], config.read_text())
    templates, card = wrong(folder)
    assert "no such folder" in templates
    assert "shop.card" in card


@pytest.mark.parametrize(
    ("section", "also"),
    [
        ('\n[webhooks.crm]\nsecret = "env:CRM"\n', {"webhooks.crm.url", "webhooks.crm.events"}),
        (
            '\n[sources.woo.rest]\nurl = "http://shop.ir"\nkey = "env:K"\nsecret = "env:S"\n',
            {"url", "consumer_key", "consumer_secret", "key", "secret"},
        ),
        ('\n[carriers.post]\nkind = "tapin"\nbase_ulr = 1\nstalled = 2\n', {"base_ulr", "stalled"}),
        ("\n[[delivery.slots]]\n[[delivery.slots]]\nregion = 1\n", {"delivery.slots.0", "delivery.slots.1"}),
    ],
)
def test_several_faults_of_one_section(folder: Path, section: str, also: set[str]) -> None:
    config = folder / "config.toml"
    put(config, [FAULTS["shop.card"], FAULTS["sms.fallback"]], config.read_text())
    config.write_text(config.read_text() + section)
    found = wrong(folder)
    for key in also | {"shop.card", "sms.fallback"}:
        assert any(f"{key}: " in text or f"{key}." in text for text in found), (key, found)
