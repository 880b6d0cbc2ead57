"""The texts that ship, for orders of which all or nearly nothing is known; and what is said about a wrong template."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CONFIG, NOON, RULEBOOK, details, event

from notifier.domain import persian, variables
from notifier.domain.calls import CallRequest, Purpose
from notifier.domain.events import Details, EventType, Item
from notifier.domain.messages import OPT_OUT_CONFIRMED, Audience, Via
from notifier.domain.orders import Order, apply_events
from notifier.domain.policy import EVERYTHING, Shop, Shops
from notifier.domain.variables import Context
from notifier.errors import TemplateError
from notifier.sms import templates
from notifier.sms.segments import MAX_UNITS, segments, units

NAMES = sorted(name for name, found in RULEBOOK.templates.items() if found.audience is Audience.CUSTOMER)
"""What customers read; texts for staff are about calls, see their own tests."""

CALL = CallRequest(
    id="1",
    purpose=Purpose.COORDINATION,
    order_id="10025",
    source="shop",
    phone="09121234567",
    name=None,
    due_at=NOON,
    created_at=NOON,
)
FULL = details(
    "tehran.online",
    name="سیده فاطمه محمدی‌نژاد",
    amount=1_185_000_000,
    reference="123456789012",
    items=(Item("Xiaomi 13T Pro (5G)", 2), Item("کابل")),
    carrier="پست پیشتاز",
    tracking_code="123456789012345678901234",
    tracking_url="https://tracking.post.ir/?id=123456789012345678901234",
    deposit_amount=1_185_000_000,
    refund_amount=1_185_000_000,
    refund_reference="987654321098",
)
OPTIONAL = sorted(set(Details.__struct_fields__) - {"phone"})


def context(about: Details, *, shop: Shop = RULEBOOK.shops.main, order_id: str = "10025") -> Context:
    empty = Order(id=order_id, source="shop")
    return Context(
        order=apply_events(empty, [event(EventType.REGISTERED, 0, about)]), shops=Shops(main=shop), now=NOON, call=CALL
    )


def flaws(text: str) -> list[str]:
    """What a reader would stumble over."""
    found = {
        "empty brackets": re.search(r"\(\s*\)|\[\s*\]|«\s*»", text),
        "a double space": re.search(r"[^\S\n]{2}", text),
        "a space before a mark": re.search(r" [،؛؟.:!)]", text),
        "a space at an end of a line": re.search(r"^[^\S\n]|[^\S\n]$", text, re.MULTILINE),
        "an empty line": re.search(r"^$", text, re.MULTILINE),
        "a line of marks": re.search(r"^\W+$", text, re.MULTILINE),
        "a line without an end": re.search(r"[،؛(]\W*$|:[^\w\n]*$(?!\n[\u200eA-Z0-9-]+$)", text, re.MULTILINE),
        "two marks": re.search(r"[،؛:.][،؛:.]", text),
        "an unfilled place": re.search(r"[{}]|None", text),
    }
    return [flaw for flaw, match in found.items() if match]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("about", [FULL, Details(phone="09121234567")], ids=["full", "minimal"])
def test_every_text_reads_well_and_is_short(name: str, about: Details) -> None:
    text = RULEBOOK.templates[name].render(context(about))
    assert flaws(text) == []
    assert 1 <= segments(text) <= 3
    assert "10025" in text or "۱۰۰۲۵" in text or name == OPT_OUT_CONFIRMED  # which is about no order


@given(st.sampled_from(NAMES), st.sets(st.sampled_from(OPTIONAL)))
def test_whatever_is_missing_the_text_reads_well(name: str, missing: set[str]) -> None:
    known = {field: None if field in missing else getattr(FULL, field) for field in OPTIONAL}
    text = RULEBOOK.templates[name].render(context(Details(phone="09121234567", **known)))
    assert flaws(text) == []
    assert segments(text) <= 3


WITHOUT = {
    "site": replace(RULEBOOK.shops.main, site=""),
    "card": replace(RULEBOOK.shops.main, card="", bank=""),
    "account": replace(RULEBOOK.shops.main, account=""),
    "bank": replace(RULEBOOK.shops.main, bank="", iban="IR820540102680020817909002"),
    "holder": replace(RULEBOOK.shops.main, holder=""),
    "blank": replace(RULEBOOK.shops.main, bank=" ", card=" ", account=" ", holder=" "),
    "anything": replace(RULEBOOK.shops.main, site="", bank="", card="", account="", holder=""),
}


@pytest.mark.parametrize("missing", WITHOUT)
@pytest.mark.parametrize("name", NAMES)
def test_a_shop_need_not_have_everything(name: str, missing: str) -> None:
    shop = WITHOUT[missing]
    assert flaws(RULEBOOK.templates[name].render(context(FULL, shop=shop))) == []


def test_the_text_about_a_transfer_says_whose_bank_and_account_it_is() -> None:
    render = RULEBOOK.templates["order_registered_transfer"].render
    shop = replace(RULEBOOK.shops.main, iban="IR820540102680020817909002")
    said = render(context(FULL, shop=shop)).splitlines()
    assert said[2:6] == [
        "کارت ملت: \u200e6104-3377-1234-5678",
        "حساب ملت: 1234567890",
        "شبا: IR820540102680020817909002",
        "به نام علی رضایی",
    ]
    said = render(context(FULL, shop=replace(shop, bank="", holder=""))).splitlines()
    assert said[2:] == [
        "کارت: \u200e6104-3377-1234-5678",
        "حساب: 1234567890",
        "شبا: IR820540102680020817909002",
        f"پس از واریز، خبرمان کنید: {variables.support_phone(context(FULL).shop)}",
        shop.name,
    ]


@given(st.sampled_from(NAMES), st.text(max_size=60), st.text(max_size=60))
def test_values_are_never_code(name: str, given_name: str, carrier: str) -> None:
    about = Details(phone="09121234567", name=given_name + "{{ 7*7 }}{% x %}", carrier=carrier)
    text = RULEBOOK.templates[name].render(context(about))
    assert "49" not in text.replace(given_name, "").replace(carrier, "")
    assert units(text) <= MAX_UNITS


@pytest.mark.parametrize("order_id", ["10025", "WC-10025", "۱۰۰۲۵"])
def test_order_numbers_of_all_kinds(order_id: str) -> None:
    for name in NAMES:
        assert flaws(RULEBOOK.templates[name].render(context(FULL, order_id=order_id))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_line_of_text_does_not_end_in_a_tag(name: str) -> None:
    """The line break after a tag is dropped, so the next line would be glued to this one."""
    body = (CONFIG.templates_folder / f"{name}.txt").read_text(encoding="utf-8").split("\n+++\n")[1]
    assert not re.findall(
        r"^.*[^\s%{}].*%}[^\S\n]*\n(?=\S).*", re.sub(r"^{%[^%]*%}$", "", body, flags=re.MULTILINE), re.M
    )


def test_the_promises_name_templates_that_customers_may_read() -> None:
    blocks = [*RULEBOOK.policy.blocks.values(), RULEBOOK.policy.otherwise]
    rules = [rule for block in blocks for rule in block.rules.values()]
    used = {text.template for rule in rules for text in rule.sms}
    assert used <= set(NAMES)
    assert {name for rule in rules for name in rule.cancel} <= used | set(Purpose) | {EVERYTHING}


def test_each_variable_is_described_and_is_text() -> None:
    for name, function in variables.VARIABLES.items():
        assert function.__doc__, name
        assert isinstance(function(context(FULL)), str)
        assert isinstance(function(context(Details())), str)


def test_each_shop_speaks_for_itself(tmp_path: Path) -> None:
    source = HEADER + "+++\n{{ shop }} {{ site }} {{ return_days }}\n"
    template = templates.Template(write(tmp_path, source), source)
    shops = [Shop(name=f"فروشگاه {at}", support_phone="021", site=f"s{at}.ir", return_days=at) for at in range(1, 80)]
    for shop in [*shops, *reversed(shops), replace(shops[0], site="other.ir")]:
        days = persian.digits(shop.return_days)
        assert template.render(context(FULL, shop=shop)) == f"{shop.name} {shop.site} {days}"


def test_each_purpose_has_words() -> None:
    assert set(variables.PURPOSES) == set(Purpose)


HEADER = '+++\naudience = "customer"\npurpose = "test"\n'


def write(folder: Path, source: str, name: str = "odd.txt") -> Path:
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return path


def test_a_template_reads_its_header(tmp_path: Path) -> None:
    source = (
        HEADER + 'essential = true\nlasting = true\nquiet_hours = "pass"\nexpires = "1d 12h"\n'
        'via = "lookup"\npattern = "paid"\ntokens = { token = "order", token10 = "name" }\n+++\n{{ order }}\n'
    )
    write(tmp_path, source)
    template = templates.load(tmp_path)["odd"]
    assert (template.essential, template.lasting, template.passes_quiet_hours) == (True, True, True)
    assert template.expires is not None
    assert template.expires.total_seconds() == 36 * 3600
    assert template.via is Via.LOOKUP
    assert template.patterns(context(FULL))["kavenegar"].tokens == {
        "token": "۱۰۰۲۵",
        "token10": "سیده فاطمه محمدی نژاد",
    }
    assert template.render(context(FULL)) == "۱۰۰۲۵"


def test_the_version_changes_with_the_content_and_only_then(tmp_path: Path) -> None:
    versions = []
    for body in ("{{ order }}", "{{ order }}", "{{ order }}."):
        write(tmp_path, f"{HEADER}+++\n{body}\n")
        versions.append(templates.load(tmp_path)["odd"].version)
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize(
    ("source", "saying"),
    [
        ("سلام", "must begin with a header"),
        ("", "must begin with a header"),
        (HEADER + "سلام", "must begin with a header"),
        ("+++\naudience = customer\n+++\nسلام", "the header is not TOML"),
        ('+++\npurpose = "x"\n+++\nسلام', "header key audience"),
        ('+++\naudience = "customer"\n+++\nسلام', "header key purpose"),
        ('+++\naudience = "everybody"\npurpose = "x"\n+++\nسلام', "header key audience"),
        (HEADER + "urgent = true\n+++\nسلام", "header key urgent"),
        (HEADER + 'quiet_hours = "maybe"\n+++\nسلام', "header key quiet_hours"),
        (HEADER + 'expires = "soon"\n+++\nسلام', "header key expires"),
        (HEADER + 'via = "pigeon"\n+++\nسلام', "header key via"),
        (HEADER + 'via = "lookup"\n+++\nسلام', "needs a pattern"),
        (HEADER + 'via = "lookup"\npattern = "p"\ntokens = { token2 = "order" }\n+++\nسلام', "tokens.token"),
        (HEADER + 'tokens = { token = "colour" }\n+++\nسلام', "unknown variable colour"),
        (HEADER + "+++\n{{ colour }} {{ order }} {{ size }}", "unknown variable colour, size; known are:"),
        (HEADER + "+++\n{% if colour %}سلام{% endif %}", "unknown variable colour"),
        (HEADER + "+++\nسلام\n{{ order }", ", line 6: "),
        (HEADER + "+++\n{% if order %}\nسلام\n", ", line "),
        (HEADER + "+++\nسلام\n\n{% endif %}", ", line 7: "),
        (HEADER + "+++\n{{ order | rot13 }}", ", line 5: "),
    ],
)
def test_a_wrong_template_is_refused_with_its_file(tmp_path: Path, source: str, saying: str) -> None:
    path = write(tmp_path, source)
    with pytest.raises(TemplateError) as refused:
        templates.load(tmp_path)
    assert str(refused.value).startswith(str(path))
    assert saying in str(refused.value)


@pytest.mark.parametrize(
    "body", ["{{ order.__class__.__mro__ }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ order.attribute }}"]
)
def test_a_template_reaches_nothing_but_its_variables(tmp_path: Path, body: str) -> None:
    write(tmp_path, f"{HEADER}+++\n{body}")
    template = templates.load(tmp_path)["odd"]
    with pytest.raises(Exception, match=r"unsafe|no attribute|undefined"):
        template.render(context(FULL))


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=re.escape(str(tmp_path))):
        templates.load(tmp_path)
    with pytest.raises(TemplateError, match="no such folder"):
        templates.load(tmp_path / "nowhere")


def test_the_folder_is_counted_from_the_configuration() -> None:
    assert CONFIG.templates_folder == CONFIG.file.parent / "templates"
