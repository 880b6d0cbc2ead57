"""V5 and V14 of ASVS, output: words of strangers are words in every page, and templates reach nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
from console_browser import Browser, hire
from jinja2.exceptions import SecurityError, UndefinedError
from shops import Client, StandardShop, send_all, standard_fixture
from test_access_control import _bare, routes

from notifier.clock import StillClock
from notifier.errors import TemplateError
from notifier.service.process import Service
from notifier.sms import templates

MARK = "xss5417"
HEADER = '+++\naudience = "customer"\npurpose = "test"\n+++\n'
ATTACKS = [
    f"<script>{MARK}</script>",
    f'"><img src=x onerror={MARK}>',
    f"'><svg/onload={MARK}>",
    f"</textarea><b>{MARK}",
    f"javascript:{MARK}",
    f"{{{{ {MARK} }}}}",
]


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
async def test_words_of_strangers_are_words_in_every_page(
    client: Client, shop: StandardShop, service: Service, clock: StillClock, attack: str
) -> None:
    await hire(service)
    payload = standard_fixture("payment.succeeded__tehran_online")
    data: dict[str, Any] = payload["data"]
    data["customer"] |= {"name": attack, "city": attack, "province": attack}
    data["payment"]["reference"] = attack[:60]
    data["items"] = [{"name": attack, "quantity": 1}]
    data["shipment"] = {"carrier": attack, "tracking_code": attack[:60]}
    data["note"] = attack
    await shop.post(payload)
    await shop.post_raw(attack.encode())  # refused, and shown to supervisors
    await service.sending.inbox.receive("in1", data["customer"]["phone"], attack)
    await send_all(service, clock)
    await service.reminders.tick()
    boss = Browser(client)
    await boss.enter(service, "boss")
    shown = 0
    further = ["/console/orders?q=10025", "/console/deliveries", "/console/orders/shop/10025"]
    for path in [*routes(service, "GET"), *further]:
        if path.endswith("/live"):
            continue
        page = await boss.get(_bare(path))
        assert page.status < 500, path
        shown += MARK in page.text
        tags = [tag for tag in re.findall(r"<[^>]*>", page.text) if MARK in tag]
        assert not [tag for tag in tags if re.match(r"</?(?:script|img|svg|b)\b", tag)], path
        for tag in tags:  # as the value of an attribute, in its quotes
            assert MARK not in re.sub(r'="[^"]*"', "", tag), (path, tag)
            assert not re.search(r'(?:href|src|action)="\s*javascript:', tag), (path, tag)
    assert shown, "it is shown somewhere, as words"


@pytest.mark.parametrize(
    "body",
    [
        "{{ name.__class__ }}",
        "{{ name.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''|attr('__class__') }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self.__init__ }}",
        "{{ lipsum.__globals__ }}",
        "{% import 'os' as os %}{{ os }}",
        "{% include '/etc/passwd' %}",
        "{{ name.format_map }}",
        "{{ '%s' % name.__init__ }}",
        "{{ range(10**9)|list }}",
        "{{ 'a' * 10**9 }}",
        "{{ name * 1000000 }}",
        "{{ '%01000000000d' % 1 }}",
        "{{ name|center(1000000000) }}",
        "{{ name[0] }}",
        "{{ config }}",
        "{{ request }}",
    ],
)
def test_a_template_reaches_nothing(tmp_path: Path, body: str) -> None:
    """Refused when it is loaded, or at the latest when a text is made of it."""
    (tmp_path / "odd.txt").write_text(f"{HEADER}{body}\n")
    with pytest.raises((TemplateError, SecurityError, UndefinedError)):
        templates.load(tmp_path)["odd"].whole({"name": "سارا"})


def test_while_an_honest_one_says_what_it_is_to(tmp_path: Path) -> None:
    (tmp_path / "even.txt").write_text(f"{HEADER}{{{{ name }}}} عزیز\n")
    assert "سارا عزیز" in templates.load(tmp_path)["even"].whole({"name": "سارا"})
