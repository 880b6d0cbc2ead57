"""Pages of the console use no macro that they do not have: who removes one finds each page that needs it."""

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import notifier.console

PAGES = Path(notifier.console.__file__).parent / "pages"
PARSED = {page.name: Environment().parse(page.read_text(encoding="utf-8")) for page in PAGES.glob("*.html")}
MACROS = {name: {macro.name for macro in page.find_all(nodes.Macro)} for name, page in PARSED.items()}


@pytest.mark.parametrize("name", PARSED)
def test_each_macro_is_there_and_imported(name: str) -> None:
    own, page = set(MACROS[name]), PARSED[name]
    frames = [PARSED["base.html"]] if page.find(nodes.Extends) else []  # what they import, their blocks have
    for taken in [one for each in (page, *frames) for one in each.find_all(nodes.FromImport)]:
        assert isinstance(taken.template, nodes.Const)
        names = {one if isinstance(one, str) else one[0] for one in taken.names}
        assert names - MACROS[taken.template.value] == set()
        own |= names
    called = {call.node.name for call in page.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    assert called & set().union(*MACROS.values()) - own == set()
