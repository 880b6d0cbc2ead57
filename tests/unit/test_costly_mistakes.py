"""What `notifier check` finds before customers pay for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from notifier.cli import app
from notifier.cli.initialising import init

SECRETS = {
    "SHOP_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WOO_WEBHOOK_SECRET": "5f2b8c1e9d7a4f605f2b8c1e9d7a4f60",
    "KAVENEGAR_API_KEY": "5f2b8c1e9d7a4f60",
    "NOTIFIER_CALLBACK_TOKEN": "5f2b8c1e9d7a4f60",
    "NOTIFIER_API_TOKEN": "5f2b8c1e9d7a4f60",
}
SAMPLE = {
    "name": "شیائومی سیتی",
    "support_phone": "02191001234",
    "site": "xiaomicity.example",
    "card": "6104337712345678",
    "account": "1234567890",
    "holder": "علی رضایی",
}
OURS = {
    "name": "آوا موبایل",
    "support_phone": "02188776655",
    "site": "shop.ir",
    "card": "6037991234567893",
    "account": "0987654321",
    "holder": "مریم کاظمی",
}
LINE = 'sender = "10004346"'


class Folder:
    """An installation whose sample has been made a shop's own, and faults planted into it one by one."""

    def __init__(self, folder: Path) -> None:
        init(folder)
        self.file = folder / "config.toml"
        for key, value in SAMPLE.items():
            self.replace(f'"{value}"', f'"{OURS[key]}"')
        self.replace(LINE, 'sender = "90001234"')

    def replace(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new, 1))

    def check(self, *options: str) -> Result:
        return CliRunner().invoke(app, ["check", "--config", str(self.file), *options])

    def found(self, *options: str) -> list[tuple[str, str]]:
        """The level and the key of each finding about the configuration but notes."""
        findings = json.loads(self.check("--json", *options).output)["findings"]
        ours = [one for one in findings if one["level"] != "note" and one["text"].startswith(str(self.file))]
        return [(one["level"], one["text"].removeprefix(f"{self.file}: ").split(":")[0]) for one in ours]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return Folder(tmp_path)


def test_a_shop_that_made_it_its_own_hears_nothing(folder: Folder) -> None:
    said = folder.check("--strict")
    assert (said.exit_code, said.output.splitlines()[-1]) == (0, "0 errors, 0 warnings")


def test_a_folder_with_twelve_faults_has_twelve(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.replace(OURS["name"], SAMPLE["name"])
    folder.replace(OURS["holder"], SAMPLE["holder"])
    folder.replace(OURS["account"], SAMPLE["account"])
    folder.replace(OURS["site"], SAMPLE["site"])
    folder.replace(OURS["card"], "6037991234567839")  # two digits changed places
    folder.replace(OURS["support_phone"], "0218877")
    folder.replace('public_url = ""', 'public_url = "https://notifier.shop.example"')
    folder.replace("https://api.kavenegar.com/v1", "http://api.kavenegar.com/v1")
    folder.replace("[regions.cities]", '[regions.cities]\nalborz = ["کرج"]')
    folder.replace('"Tehran City"]', '"Tehran City"]\nelsewhere = ["طهران"]')
    monkeypatch.delenv("SHOP_WEBHOOK_SECRET")
    monkeypatch.setenv("WOO_WEBHOOK_SECRET", "practice")
    keys = {
        *("shop.name", "shop.holder", "shop.account", "shop.site", "shop.card", "shop.support_phone"),
        *("server.public_url", "providers.kavenegar.base_url", "regions.cities.alborz", "regions.cities.elsewhere"),
        *("sources.shop.secret", "sources.woo.secret"),
    }
    found = folder.found()
    assert len(found) == 12
    assert {key for _, key in found} == keys
    assert folder.check().output.splitlines()[-1] == "11 errors, 1 warning"


@pytest.mark.parametrize("key", SAMPLE)
def test_what_is_left_of_the_sample(folder: Folder, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.replace(f'"{OURS[key]}"', f'"{SAMPLE[key]}"')
    assert folder.found() == [("warning" if key == "name" else "error", f"shop.{key}")]
    monkeypatch.setenv("NOTIFIER__SMS__PROVIDER", "simulator")
    assert folder.found() == [("warning", f"shop.{key}")]
    assert (folder.check().exit_code, folder.check("--strict").exit_code) == (0, 1)


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("card", "۶۱۰۴ ۳۳۷۷ ۱۲۳۴ ۵۶۷۸"),
        ("card", "6104-3377-1234-5678"),
        ("support_phone", "021-91001234"),
        ("support_phone", "+98 21 9100 1234"),
        ("support_phone", "۰۰۹۸۲۱۹۱۰۰۱۲۳۴"),
        ("site", "https://www.xiaomicity.example/"),
        ("holder", "علي رضايي"),
    ],
)
def test_the_sample_in_other_letters(folder: Folder, key: str, written: str) -> None:
    folder.replace(f'"{OURS[key]}"', f'"{written}"')
    assert folder.found() == [("error", f"shop.{key}")]


def test_the_line_of_the_sample(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.replace('sender = "90001234"', LINE)
    assert folder.found() == [("warning", "providers.kavenegar.sender")]
    monkeypatch.setenv("NOTIFIER__SMS__PROVIDER", "simulator")
    assert folder.found() == []


@pytest.mark.parametrize(
    ("card", "is_good"),
    [
        ("6037991234567893", True),
        ("6037-9912-3456-7893", True),
        ("۶۰۳۷ ۹۹۱۲ ۳۴۵۶ ۷۸۹۳", True),
        ("6037991234567894", False),
        ("603799123456789", False),
        ("60379912345678933", False),
        ("0000000000000000", False),
        ("0412341234123415", False),
        ("six", False),
        ("6" * 100, False),
    ],
)
def test_cards(folder: Folder, card: str, is_good: bool) -> None:
    folder.replace(OURS["card"], card)
    assert folder.found() == ([] if is_good else [("error", "shop.card")])


@pytest.mark.parametrize(
    ("phone", "is_good"),
    [
        ("021-88776655", True),
        ("+98 21 8877 6655", True),
        ("۰۹۱۲۱۲۳۴۵۶۷", True),
        ("1540", True),
        ("88776655", False),
        ("021-887766", False),
        ("call us", False),
        ("12", False),
    ],
)
def test_phones(folder: Folder, phone: str, is_good: bool) -> None:
    folder.replace(OURS["support_phone"], phone)
    assert folder.found() == ([] if is_good else [("error", "shop.support_phone")])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('public_url = ""', 'public_url = "https://notifier.shop.ir"', []),
        ('public_url = ""', 'public_url = "https://notifier.shop.ir/orders"', []),
        ('public_url = ""', 'public_url = "http://127.0.0.1:8080"', []),
        ('public_url = ""', 'public_url = "http://10.0.0.5:8080"', ["warning"]),
        ('public_url = ""', 'public_url = "http://notifier.shop.ir"', ["error"]),
        ('public_url = ""', 'public_url = "https://not a site"', ["error"]),
        ('public_url = ""', 'public_url = "https://shop..ir"', ["error"]),
        ('public_url = ""', 'public_url = "https://shop.ir:99999"', ["error"]),
        ('public_url = ""', 'public_url = "https://shop.ir/?a=b"', ["error"]),
        ('site = "shop.ir"', 'site = "https://shop.ir/mobile"', []),
        ('site = "shop.ir"', 'site = "فروشگاه.ایران"', []),
        ('site = "shop.ir"', 'site = ""', []),
        ('site = "shop.ir"', 'site = "shop"', ["error"]),
        ('site = "shop.ir"', 'site = "shop ir"', ["error"]),
        ('site = "shop.ir"', 'site = "htps://shop.ir"', ["error"]),
        ('site = "shop.ir"', 'site = "http://localhost"', ["error"]),
        ("https://api.kavenegar.com/v1", "api.kavenegar.com/v1", ["error"]),
        ("https://api.kavenegar.com/v1", "http://simulator:8090/v1", ["warning"]),
        ('url = "embedded"', 'url = "redis://localhost:6379/0"', []),
        ('url = "embedded"', 'url = "redsi://localhost:6379/0"', ["error"]),
    ],
)
def test_addresses(folder: Folder, old: str, new: str, found: list[str]) -> None:
    folder.replace(old, new)
    assert [level for level, _ in folder.found()] == found


def test_the_rest_of_the_country_without_promises(folder: Folder) -> None:
    folder.replace('default = "elsewhere"', 'default = "abroad"')
    assert ("error", "regions.default") in folder.found()


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('iban = ""', 'iban = "IR820540102680020817909003"', "shop.iban", "check digits of this Sheba"),
        ('iban = ""', 'iban = "DE89370400440532013000"', "shop.iban", "write IR and its 24 digits"),
        ('account = "0987654321"', 'account = "12ab"', "shop.account", "write its digits"),
        ('support_phone = "02188776655"', 'support_phone = "O2188776655"', "shop.support_phone", "whole number"),
        ('support_phone = "02188776655"', 'support_phone = ""', "shop.support_phone", "is empty; write"),
        ('public_url = ""', 'public_url = "notifier.shop.ir"', "server.public_url", "write it whole"),
        ("trusted_proxies = []", 'trusted_proxies = ["0.0.0.0/0"]', "server.trusted_proxies", "name the proxy alone"),
        ('sender = "90001234"', 'sender = "MyShop"', "providers.kavenegar.sender", "write its digits alone"),
        ('url = "embedded"', 'url = "redis+sentinel://h:26379"', "redis.url", "names no service"),
        ('thursday = ["09:00-13:00"]', 'thursday = ["13:00-09:00"]', "calendar.hours.thursday", "09:00-13:00 is meant"),
        ('from = "22:00"', 'from = ""', "quiet_hours.from", 'write for example "22:00"'),
        ('from = "22:00"', 'from = "25:00"', "quiet_hours.from", 'write for example "22:00"'),
        (
            'from = "22:00"                  # from then on they wait\nto = "08:00"',
            'from = "08:00"\nto = "22:00"',
            "quiet_hours",
            "which is the day",
        ),
        ('deposit_deadline = "24h"', 'deposit_deadline = "0s"', "shop.deposit_deadline", "no time to pay"),
        ("closed = []", 'closed = ["2027-13-20"]', "calendar.closed.0", 'write for example "2027-03-20"'),
        ("return_days = 7", 'return_days = "seven"', "shop.return_days", "write digits alone"),
        ("return_days = 7", "retrun_days = 7", "shop.retrun_days", "misspelt"),
        ('"order_preparing"', '"order_prepairing"', 'policy.tehran.cash."order.preparing".sms', "there is no template"),
        ("[regions.cities]", '[regions.cities]\nfars = ["شیراز"]', "regions.cities.fars", "there is no [policy.fars"),
    ],
)
def test_other_faults_of_the_same_kinds(folder: Folder, old: str, new: str, key: str, said: str) -> None:
    """Each says what, where (file and key) and what to do."""
    folder.replace(old, new)
    assert folder.found() == [("error", key)]
    assert said in folder.check().output


def test_a_shift_that_ends_in_the_night_is_none(folder: Folder) -> None:
    folder.replace('thursday = ["09:00-13:00"]', 'thursday = ["18:00-01:00"]')
    assert folder.found() == []


def test_two_shops_with_one_secret(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOO_WEBHOOK_SECRET", SECRETS["SHOP_WEBHOOK_SECRET"])
    assert folder.found() == [("error", "sources.woo.secret")]


@pytest.fixture
def unset(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.delenv("NOTIFIER_API_TOKEN")
    return folder


def test_strict_fails_on_warnings_alone(unset: Folder) -> None:
    def said(*options: str) -> Any:
        return json.loads(unset.check("--json", *options).output)

    assert unset.found() == [("warning", "api.tokens[0]")]
    assert (unset.check().exit_code, unset.check("--strict").exit_code) == (0, 1)
    assert [said(*one)["ok"] for one in ((), ("--strict",))] == [True, False]
    assert (said()["errors"], said()["warnings"]) == (0, 1)
    assert unset.check().output.splitlines()[-1] == "0 errors, 1 warning"


def test_a_file_that_cannot_be_read_is_an_error_in_json_too(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["check", "--json", "--config", str(tmp_path / "none.toml")])
    assert said.exit_code == 1
    found = json.loads(said.output)
    assert (found["ok"], found["errors"]) == (False, 1)
