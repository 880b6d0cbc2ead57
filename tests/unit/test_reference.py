"""The pages of docs/reference that are made from the code are what the code says today."""

import json
import re
from pathlib import Path

import pytest

from notifier.domain.calls import CallState, Purpose
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.intake.standard.payload import Payload
from tools.reference.__main__ import FOLDER, pages
from tools.reference.commands import commands
from tools.reference.configuration import keys
from tools.reference.remarks import remarks

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path], "write it anew: python -m tools.reference"


def test_config_toml_explains_every_key() -> None:
    assert [f"{key.section}.{key.name}" for key in keys() if not key.meaning] == []
    assert {"server.port", "calls.ladder", "sources.woo.statuses", "sms.price.reserve"} <= {
        f"{key.section}.{key.name}" for key in keys()
    }


def test_the_words_of_a_configuration() -> None:
    said = remarks(
        "# Above a section.\n[one]   # and behind it\n"
        'url = "a#b"      # what it is\n                 # and more of it\n'
        "# of the next key\nbare = 1\n\n# of nothing\n\nalone = 2\n"
        '# [two]\n# off = { a = "#" }   # while it is commented out\n'
    )
    assert said.sections == {"one": "Above a section. and behind it"}
    assert said.keys == {
        ("one", "url"): "what it is and more of it",
        ("one", "bare"): "of the next key",
        ("one", "alone"): "",
        ("two", "off"): "while it is commented out",
    }
    assert said.key("one", "url.inner") == "what it is and more of it"
    assert said.key("two", "url") is None


def test_the_example_of_an_event_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (FOLDER / "events.md").read_text(), re.DOTALL)
    assert Payload.model_validate(json.loads(example)).data.order_id == "10025"


def test_nothing_is_left_out() -> None:
    states = (FOLDER / "states.md").read_text()
    for name in (*MessageState, *CallState, *Purpose):
        assert f"\n| `{name}` |" in states
    events = (FOLDER / "events.md").read_text()
    assert all(f"\n### {kind}\n" in events for kind in EventType)
    assert {"serve", "templates preview", "customer erase", "import"} <= set(commands())


def test_every_command_and_option_says_what_it_is() -> None:
    for words, command in commands().items():
        assert command.help, words
        assert [one.name for one in command.params if not one.help] == [], words
