"""The files of templates: what a shop says otherwise, names of any length, direction, the pages made from them."""

import re
from pathlib import Path

import pytest
from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CONFIG, NOON, RULEBOOK

from notifier.config.loading import load
from notifier.console import labels
from notifier.diagnostics import offline
from notifier.domain.events import Details, Item
from notifier.domain.messages import OPT_OUT_CONFIRMED, Audience, Via
from notifier.domain.orders import Order
from notifier.domain.variables import VARIABLES, Context
from notifier.errors import TemplateError
from notifier.sms import templates
from notifier.sms.segments import segments
from notifier.sms.templates import Defaults, Header, Template, Templates
from notifier.texts import loading, page, reference, samples
from notifier.texts.samples import Length

LOADED = loading.load(CONFIG)
LIMITED = [template for template in LOADED.values() if template.max_parts and template.audience is Audience.CUSTOMER]
HEADER = '+++\naudience = "customer"\npurpose = "test"\n'
PIECES = ["سیده", "فاطمه\u200cزهرا", "كريمي", "👩🏽\u200d💻", "Sara", "13T", "(5G)", "محمدی\u200cنژاد", "e\u0301"]
ANY_NAME = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))


def context(name: str | None = None, item: str = "", carrier: str | None = None, **more: str) -> Context:
    about = Details(name=name, items=(Item(item),), carrier=carrier, phone="09121234567", amount=185_000_000, **more)
    return Context(order=Order(id="10025", source="shop", details=about), shops=RULEBOOK.shops, now=NOON)


def write(folder: Path, body: str, *, name: str = "odd", header: str = "") -> Template:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text(f"{HEADER}{header}+++\n{body}\n", encoding="utf-8")
    return templates.load(folder)[name]


@given(st.sampled_from(LIMITED), ANY_NAME, ANY_NAME, ANY_NAME)
def test_whatever_the_names_a_text_keeps_to_its_parts(template: Template, name: str, item: str, carrier: str) -> None:
    text = template.render(context(name, item, carrier, reference="123456789", tracking_code="1" * 24))
    assert template.max_parts is not None
    assert segments(text, reserve=template.reserve) <= template.max_parts
    assert "۱۰۰۲۵" in text or template.name == OPT_OUT_CONFIRMED


def test_the_longest_name_is_cut_at_the_end_of_a_word_and_codes_never(tmp_path: Path) -> None:
    template = write(tmp_path, "{{ name }} عزیز، {{ item }} با {{ carrier }}: {{ receipt }}", header="max_parts = 1\n")
    text = template.render(context("سارا محمدی", "گوشی موبایل شیائومی مدل سیزده تی پرو", "پست", reference="9" * 20))
    assert text == "سارا محمدی عزیز، گوشی موبایل شیائومی مدل… با پست: 99999999999999999999"
    assert segments(text) == 1
    assert template.whole(template.values(context("سارا", "گوشی", "پست", reference="9"))) == "سارا عزیز، گوشی با پست: 9"


@pytest.mark.parametrize("letter", ["👩🏽\u200d💻", "e\u0301", "🙂", "👍🏽"])
def test_no_letter_is_cut_in_two(tmp_path: Path, letter: str) -> None:
    template = write(tmp_path, "{{ item }} از سفارش {{ order }}", header="max_parts = 1\n")
    shown = template.render(context("سارا", letter * 60)).partition("…")[0].strip("\u200f\u200e")
    assert shown == letter * (len(shown) // len(letter))
    assert len(shown) > 10


def test_what_cannot_be_shortened_is_sent_whole(tmp_path: Path) -> None:
    template = write(tmp_path, "{{ receipt }} سفارش", header="max_parts = 1\n")
    assert template.render(context(reference="9" * 100)) == "9" * 100 + " سفارش"


def test_the_reserve_counts(tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text(f"{HEADER}max_parts = 1\n+++\n{{{{ name }}}} {'س' * 40}\n", encoding="utf-8")
    texts = [
        templates.load(tmp_path, defaults=Defaults(reserve=reserve))["odd"].render(context("سارا محمدی سارا محمدی"))
        for reserve in (0, 20)
    ]
    assert texts == [f"سارا محمدی سارا محمدی {'س' * 40}", "س" * 40]


LONG = "سیده فاطمه\u200cزهرا حسینی\u200cنژاد طباطبایی یزدی"


@pytest.mark.parametrize("name", [LONG, "سارا محمدی", LONG.replace(" ", "")])
@pytest.mark.parametrize("template", LOADED.values(), ids=lambda template: template.name)
def test_a_persons_name_is_said_whole_or_not_at_all(template: Template, name: str) -> None:
    """And where it does not fit, the greeting goes with it."""
    values = samples.values(template, RULEBOOK.shops.main, length=Length.LONGEST)
    values |= dict.fromkeys(values.keys() & {"name", "staff_name"}, name)
    text = template.fill(values)
    assert "عزیز" not in text or name in text
    assert text.count(name[:8]) == text.count(name) or "call_list" in values


def test_the_link_gives_way_before_the_carrier_does() -> None:
    template = LOADED["order_shipped_elsewhere"]
    text = template.fill(samples.values(template, RULEBOOK.shops.main, length=Length.LONGEST))
    assert "شرکت ملی پست" in text
    assert "123456789012345678901234" in text
    assert "http" not in text


def test_the_staff_reads_whom_it_calls_be_it_a_company(tmp_path: Path) -> None:
    company = "شرکت نوین (سهامی خاص)"
    assert write(tmp_path, "{{ name }}").render(context(company)) == ""
    (tmp_path / "ours.txt").write_text('+++\naudience = "staff"\npurpose = "x"\n+++\n{{ name }}\n', encoding="utf-8")
    assert templates.load(tmp_path)["ours"].render(context(company)) == company


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Sara", "\u200fSara عزیز"),
        ("سارا", "سارا عزیز"),
        ("🙂 Sara", "\u200f\u200e🙂 Sara عزیز"),
        ("«آوا»", "«آوا» عزیز"),
    ],
)
def test_a_persian_line_stands_from_right_to_left(tmp_path: Path, name: str, start: str) -> None:
    assert write(tmp_path, "{{ name }} عزیز").render(context(name)).startswith(start)


@pytest.mark.parametrize("length", Length)
@pytest.mark.parametrize("template", LOADED.values(), ids=lambda template: template.name)
def test_codes_stay_in_order_on_the_screen(template: Template, length: Length) -> None:
    values = samples.values(template, RULEBOOK.shops.main, length=length)
    shown = "\n".join(get_display(line, base_dir="R") for line in template.fill(values).splitlines())
    shown = re.sub("[\u200e\u200f]", "", shown)
    codes = ("order", "receipt", "tracking_code", "card", "account", "site", "support_phone", "phone", "refund_receipt")
    for name in sorted(values.keys() & set(codes)):
        code = re.sub("[\u200e ]", "", values[name])
        assert code in shown or code not in template.fill(values), name


def test_a_shop_may_say_it_otherwise(tmp_path: Path) -> None:
    write(tmp_path, "سفارش {{ order }} بسته شد.", name="packed")
    (tmp_path / "woo").mkdir()
    (tmp_path / "woo" / "packed.txt").write_text(f"{HEADER}+++\nبستهٔ {{{{ order }}}} آماده است.\n", encoding="utf-8")
    loaded = templates.load(tmp_path)
    assert {key: (one.name, one.shop) for key, one in loaded.items()} == {
        "packed": ("packed", ""),
        "woo/packed": ("packed", "woo"),
    }
    assert loaded["woo/packed"].render(context()) == "بستهٔ ۱۰۰۲۵ آماده است."
    assert loaded["woo/packed"].version != loaded["packed"].version


def test_a_shops_text_without_a_common_one_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "سلام", name="packed")
    (tmp_path / "woo").mkdir()
    (tmp_path / "woo" / "shipped.txt").write_text(f"{HEADER}+++\nسلام\n", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"woo/shipped\.txt: no shop says this but woo"):
        templates.load(tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("سلام", encoding="utf-8")
    with pytest.raises(TemplateError) as refused:
        templates.load(tmp_path)
    assert [line.partition(",")[0] for line in str(refused.value).splitlines()] == [
        str(tmp_path / "a.txt"),
        str(tmp_path / "b.txt"),
    ]


def test_a_header_says_all_about_its_message(tmp_path: Path) -> None:
    header = (
        'merge = true\nmax_parts = 2\n[patterns.kavenegar]\nname = "p"\ntokens = { token = "order",'
        ' token10 = "name" }\n[patterns.smsir]\nname = "100123"\n[sample]\nname = "مریم"\n'
    )
    template = write(tmp_path, "{{ name }}، سفارش {{ order }}", header=header)
    assert (template.merge, template.max_parts, template.via) == (True, 2, Via.SEND)
    filled = template.patterns(context("سارا محمدی"))
    assert filled["kavenegar"].tokens == {"token": "۱۰۰۲۵", "token10": "سارا محمدی"}
    assert filled["smsir"].tokens == {"ORDER": "۱۰۰۲۵", "NAME": "سارا محمدی"}
    assert samples.values(template, RULEBOOK.shops.main)["name"] == "مریم"


def test_how_texts_leave_is_the_configurations_where_there_is_a_pattern(tmp_path: Path) -> None:
    pattern = '[patterns.kavenegar]\nname = "p"\ntokens = { token = "order" }\n'
    for name, header in {"one": pattern, "two": 'via = "send"\n' + pattern, "three": ""}.items():
        write(tmp_path, "سفارش {{ order }}", name=name, header=header)
    loaded = templates.load(tmp_path, defaults=Defaults(via=Via.LOOKUP))
    assert {name: template.via for name, template in loaded.items()} == {
        "one": Via.LOOKUP,
        "two": Via.SEND,
        "three": Via.SEND,
    }


def test_templates_in_use_are_replaced_all_at_once() -> None:
    live = Templates({"a": LOADED["order_packed"]})
    live.replace({"b": LOADED["order_preparing"]})
    assert dict(live) == {"b": LOADED["order_preparing"]}
    assert len(live) == 1


def test_check_names_unused_templates_and_unknown_shops(tmp_path: Path) -> None:
    """Of all that check says what it says of templates."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for path in templates.files(CONFIG.templates_folder):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "stray.txt").write_text(f"{HEADER}+++\nسلام\n", encoding="utf-8")
    (folder / "nobody").mkdir()
    (folder / "nobody" / "order_packed.txt").write_text(f"{HEADER}+++\nسلام\n", encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG.file.read_text(encoding="utf-8"), encoding="utf-8")
    errors = [
        found.text
        for found in offline.check(tmp_path / "config.toml")
        if found.level is offline.FindingLevel.ERROR and "/templates/" in found.text
    ]
    assert [re.sub(r".*/templates/", "", error) for error in errors] == [
        "nobody/order_packed.txt: there is no [sources.nobody]; there are: shop, woo",
        "stray.txt, line 1: no rule of [policy] uses this template; name it in the sms of an event there,"
        " or delete the file",
    ]


def test_every_template_that_ships_is_named_in_a_promise_and_has_limits() -> None:
    assert {template.name for template in LIMITED} == {
        name for name, template in LOADED.items() if template.audience is Audience.CUSTOMER
    }
    assert all(template.expires for template in LIMITED if template.name != OPT_OUT_CONFIRMED)
    assert {template.name for template in LIMITED if not template.pattern_headers} == {
        OPT_OUT_CONFIRMED,
        "deposit_in_part",
    }


def test_the_reference_has_every_variable_and_every_key() -> None:
    said = reference.variables(RULEBOOK.shops.main)
    assert [name for name in [*VARIABLES, *Header.model_fields] if f"| `{name}` |" not in said] == []


def test_the_page_of_all_texts_needs_nothing_else() -> None:
    html = page.page(LOADED, RULEBOOK.shops, load(CONFIG.file, environment={}).sms.price, names=labels.TEMPLATES)
    assert not re.search(r"(?:src|href)=|url\(\"?http", html)
    assert all(f'id="{template.name}"' in html for template in LOADED.values())
    assert "&lt;" not in html


def test_the_page_of_all_texts_is_persian() -> None:
    html = page.page(LOADED, RULEBOOK.shops, load(CONFIG.file, environment={}).sms.price, names=labels.TEMPLATES)
    assert [template.name for template in LOADED.values() if template.header.purpose in html] == []
    assert [template.name for template in LOADED.values() if f"<b>{labels.template(template.name)}" not in html] == []
    assert "ریال" not in html
