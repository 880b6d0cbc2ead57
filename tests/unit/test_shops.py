"""Several shops in one installation: whose name, numbers and words a customer reads."""

import shutil
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from rulebook import CONFIG, CUSTOMER, NOON, RULEBOOK

from notifier.config import Config
from notifier.config.loading import load
from notifier.config.shop import OwnShopConfig, ShopConfig
from notifier.diagnostics import leftovers, offline
from notifier.domain.calls import Call, Purpose, ReasonToCall
from notifier.domain.decide import decide
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.messages import Audience, Via
from notifier.domain.orders import Order
from notifier.domain.variables import Context
from notifier.errors import ConfigError
from notifier.service.reload import changes, effective
from notifier.sms import templates
from notifier.sms.templates import Defaults
from notifier.texts.review import review
from scheduler.texts import StaffTexts

MAIN, OTHER = CONFIG.shop.name, "می‌شاپ"
OWN = f"""
[sources.mi]
kind = "standard"
secret = "env:MI_SECRET"
[sources.mi.shop]
name = "{OTHER}"
support_phone = "02191005678"
site = "mishop.example"
bank = "سامان"
card = "6219861012345678"
account = ""
holder = "مینا کریمی"
return_days = 10
deposit_deadline = "48h"
"""
SAID_BY_MAIN = (MAIN, "۰۲۱۹۱۰۰۱۲۳۴", "xiaomicity", "ملت", "۶۱۰۴", "رضایی")


def configured(tmp_path: Path, more: str = OWN) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.file.read_text(encoding="utf-8") + more, encoding="utf-8")
    if not (tmp_path / "templates").exists():
        shutil.copytree(CONFIG.templates_folder, tmp_path / "templates")
    return load(file, environment={})


def test_a_source_may_say_every_key_of_the_shop() -> None:
    assert set(OwnShopConfig.model_fields) == {field.name for field in fields(ShopConfig)}


def test_what_a_source_does_not_say_is_as_in_shop(tmp_path: Path) -> None:
    config = configured(tmp_path)
    mi, shop = config.shop_of("mi"), config.shop_of("shop")
    assert shop == config.shop
    assert (mi.name, mi.return_days, mi.deposit_deadline) == (OTHER, 10, timedelta(hours=48))
    assert (mi.account, mi.timezone, mi.deposit_tolerance) == ("", "Asia/Tehran", config.shop.deposit_tolerance)
    assert config.shop_of("nobody") == config.shop


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('name = ""', "sources.mi.shop.name"),
        ("return_days = -1", "sources.mi.shop.return_days"),
        ('iban = "IR00"', "sources.mi.shop.iban"),
        ('timezone = "Mars"', "sources.mi.shop.timezone: 'Mars' is not a time zone"),
        ('deposit_deadline = "soon"', "sources.mi.shop.deposit_deadline"),
        ('colour = "red"', "sources.mi.shop.colour: unknown key"),
    ],
)
def test_it_is_validated_as_shop_is(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        configured(
            tmp_path, f'\n[sources.mi]\nkind = "standard"\nsecret = "env:MI_SECRET"\n[sources.mi.shop]\n{line}\n'
        )


@pytest.mark.parametrize(
    "name", [name for name, one in RULEBOOK.templates.items() if one.audience is Audience.CUSTOMER]
)
def test_no_text_to_a_customer_names_the_other_shop(name: str, tmp_path: Path) -> None:
    shops, template = configured(tmp_path).shops, RULEBOOK.templates[name]
    said = template.render(Context(order=Order(id="10025", source="mi", details=CUSTOMER), shops=shops, now=NOON))
    assert OTHER in said
    assert [one for one in SAID_BY_MAIN if one in said] == []


def registered(source: str, *, city: str = "اصفهان", method: PaymentMethod = PaymentMethod.BANK_TRANSFER) -> Event:
    details = Details(name="سارا محمدی", phone="09121234567", city=city, method=method)
    return Event(id="1", source=source, type=EventType.REGISTERED, order_id="10025", at=NOON, details=details)


def test_a_decision_speaks_for_the_shop_of_its_order(tmp_path: Path) -> None:
    rulebook = replace(RULEBOOK, shops=configured(tmp_path).shops)
    mi = decide(None, [registered("mi")], rulebook, NOON).messages[0].text
    shop = decide(None, [registered("shop")], rulebook, NOON).messages[0].text
    assert OTHER in mi
    assert MAIN not in mi
    assert MAIN in shop
    assert OTHER not in shop


def test_a_pattern_that_another_shops_name_is_approved_in_is_not_sent(tmp_path: Path) -> None:
    config = configured(tmp_path)
    loaded = templates.load(config.templates_folder, defaults=Defaults(via=Via.LOOKUP))
    rulebook = replace(RULEBOOK, shops=config.shops, templates=loaded)
    (shop, *_), (mi, *_) = (
        decide(None, [registered(one, city="تهران", method=PaymentMethod.CASH)], rulebook, NOON).messages
        for one in ("shop", "mi")
    )
    assert shop.patterns
    assert mi.patterns == {}
    assert mi.text.endswith(OTHER)


def test_a_longer_name_is_measured_too(tmp_path: Path) -> None:
    long = OWN.replace(f'name = "{OTHER}"', f'name = "{"فروشگاه بزرگ لوازم " * 12}"')
    config = configured(tmp_path, long)
    loaded = templates.load(config.templates_folder)
    usual, with_it = (
        [flaw for flaw in review(loaded, shops, config.sms.price) if flaw.rule == "length"]
        for shops in (RULEBOOK.shops, config.shops)
    )
    assert len(with_it) > len(usual) + 10


def test_check_says_where_a_shops_numbers_are_half_its_own(tmp_path: Path) -> None:
    configured(tmp_path, OWN.replace('holder = "مینا کریمی"\n', "").replace('account = ""\n', ""))
    said = [found.text.partition("config.toml: ")[2] for found in offline.check(tmp_path / "config.toml")]
    assert [one.partition(",")[0] for one in said if " is its own" in one or " is not said" in one] == [
        "sources.mi.shop.card: is its own",
        "sources.mi.shop.account: is not said: texts name that of [shop] beside what is its own; write it",
    ]


def found(tmp_path: Path, more: str) -> dict[str, str]:
    """What is found of the shop of the source, by key, with its level."""
    configured(tmp_path, more)
    every = [
        (one.level.value, one.text.partition("config.toml: ")[2]) for one in offline.check(tmp_path / "config.toml")
    ]
    return {
        text.partition(": ")[0]: f"{level}: {text.partition(': ')[2]}" for level, text in every if "sources.mi" in text
    }


def test_check_finds_what_a_source_has_of_the_sample(tmp_path: Path) -> None:
    """Of the sample's own shop, and of the one that it shows behind #, however they are written."""
    own = OWN.replace("02191005678", "۰۲۱-۹۱۰۰۱۲۳۴").replace("6219861012345678", "6104-3377-1234-5678")
    own = own.replace("مینا کریمی", "علي رضايي").replace('account = ""', 'account = "1234567890"')
    said = found(tmp_path, own)
    shop = "sources.mi.shop"
    assert {key for key, text in said.items() if "is still that of the sample" in text} == {
        *(f"{shop}.{key}" for key in ("name", "support_phone", "site", "card", "account", "holder"))
    }
    assert said[f"{shop}.card"].startswith("error: ")
    assert said[f"{shop}.name"].startswith("warning: ")


def test_check_says_nothing_of_the_sample_twice(tmp_path: Path) -> None:
    """What a source leaves out is said of [shop] alone."""
    said = found(tmp_path, '\n[sources.mi]\nkind = "standard"\nsecret = "env:MI_SECRET"\n')
    assert [key for key, text in said.items() if "sample" in text] == []


@pytest.mark.parametrize(
    ("line", "key", "why"),
    [
        ('card = "6219861012345679"', "card", "check digit"),
        ('card = "12"', "card", "16 digits"),
        ('support_phone = "call us"', "support_phone", "cannot ring this"),
        ('site = "mishop"', "site", "no site is called"),
        ('site = "shop.invalid"', "site", "name for examples"),
    ],
)
def test_check_finds_what_is_mistyped_of_a_source(line: str, key: str, why: str, tmp_path: Path) -> None:
    said = found(tmp_path, f'\n[sources.mi]\nkind = "standard"\nsecret = "env:MI_SECRET"\n[sources.mi.shop]\n{line}\n')
    assert why in said[f"sources.mi.shop.{key}"]
    assert said[f"sources.mi.shop.{key}"].startswith("error: ")


def test_the_sample_shows_the_second_shop_that_check_knows() -> None:
    shown = CONFIG.file.read_text(encoding="utf-8")
    assert [value for key, value in leftovers.SECOND.items() if f'# {key} = "{value}"' not in shown] == []


def test_a_line_of_the_sample_is_found_at_its_source(tmp_path: Path) -> None:
    said = found(tmp_path, '\n[sources.mi]\nkind = "standard"\nsecret = "env:MI_SECRET"\nsender = "10004347"\n')
    assert said["sources.mi.sender"].startswith("warning: is still that of the sample")


def test_check_wants_a_number_to_pay_to_of_each_shop(tmp_path: Path) -> None:
    configured(tmp_path, OWN.replace('card = "6219861012345678"', 'card = ""'))
    said = [one.text for one in offline.check(tmp_path / "config.toml")]
    (error,) = [one for one in said if "sources.mi.shop.card" in one]
    assert "is needed: order_registered_transfer.txt tells customers where to pay" in error


def reason(source: str, order_id: str) -> ReasonToCall:
    return ReasonToCall(f"{source}-{order_id}", Purpose.SATISFACTION, order_id, source, 0, 1)


def test_a_call_for_two_shops_says_which_is_which(tmp_path: Path) -> None:
    rulebook = replace(RULEBOOK, shops=configured(tmp_path).shops)
    orders = {(one, "10025"): Order(id="10025", source=one, details=CUSTOMER) for one in ("shop", "mi")}
    reasons = (reason("shop", "10025"), reason("mi", "10025"))
    call = Call(v=1, id="1", due=0, late=0, created=0, phone="09121234567", reasons=reasons)
    parts = StaffTexts(rulebook).brief(call, orders, NOON).split("\n\n")[1:]
    assert [part.splitlines()[0] for part in parts] == [
        f"رضایت‌سنجی: سفارش ۱۰۰۲۵، {MAIN}",
        f"رضایت‌سنجی: سفارش ۱۰۰۲۵، {OTHER}",
    ]
    assert ["ضمانت برگشت ۱۰ روز" in part for part in parts] == [False, True]
    alone = StaffTexts(RULEBOOK).brief(call, orders, NOON)
    assert MAIN not in alone


def test_the_customer_nobody_reached_is_told_by_their_own_shop(tmp_path: Path) -> None:
    (tmp_path / "templates" / "mi").mkdir(parents=True)
    shutil.copytree(CONFIG.templates_folder, tmp_path / "templates", dirs_exist_ok=True)
    common = (CONFIG.templates_folder / "call_exhausted.txt").read_text(encoding="utf-8")
    own = common.replace("تماس گرفتیم", "زنگ زدیم")
    (tmp_path / "templates" / "mi" / "call_exhausted.txt").write_text(own, encoding="utf-8")
    config = configured(tmp_path)
    texts = StaffTexts(replace(RULEBOOK, shops=config.shops, templates=templates.load(config.templates_folder)))
    call = Call(v=1, id="1", due=0, late=0, created=0, phone="09121234567", reasons=(reason("mi", "10025"),))
    said = {one: texts.exhausted(call, Order(id="10025", source=one, details=CUSTOMER), NOON) for one in ("mi", "shop")}
    assert said["mi"] is not None
    assert "زنگ زدیم" in said["mi"].text
    assert said["mi"].text.endswith(OTHER)
    assert said["shop"] is not None
    assert "تماس گرفتیم" in said["shop"].text


def test_a_running_service_takes_up_what_a_source_says_of_its_shop(tmp_path: Path) -> None:
    before = configured(tmp_path)
    after = configured(tmp_path, OWN.replace(OTHER, "می‌شاپ نو").replace("MI_SECRET", "MI_OTHER"))
    found = changes(before, after)
    assert found.taken_up == ["sources.mi.shop.name"]
    assert found.restart == ["sources.mi.secret"]
    assert effective(before, after).shops.of("mi").name == "می‌شاپ نو"
    assert effective(before, after).sources["mi"].secret == before.sources["mi"].secret
