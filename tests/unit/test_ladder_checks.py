"""What ``notifier check`` finds wrong with ladders."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.config import accounts, ladders
from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.diagnostics.offline import FindingLevel

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "config.toml").read_text()
LINES = """
[providers.bale]
kind = "bale"
api_key = "env:BALE_API_KEY"
bot_id = 123
[providers.voice]
kind = "kavenegar_voice"
api_key = "env:VOICE_API_KEY"
"""
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """A configuration file with these lines in [sms], beside a messenger and a voice whose secrets are set."""
    for name in ("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for name in ("KAVENEGAR_API_KEY", "BALE_API_KEY", "VOICE_API_KEY"):
        monkeypatch.setenv(name, "a-key-of-nobody")

    def file(sms: str, *, more: str = LINES, swap: tuple[str, str] = ("", "")) -> Path:
        text = GOOD.replace("\n[sms]\n", f"\n[sms]\n{sms}\n").replace(
            'folder = "templates"', f'folder = "{tmp_path / "templates"}"'
        )
        if not (tmp_path / "templates").exists():
            (tmp_path / "templates").mkdir()
            for one in (ROOT / "templates").glob("*.txt"):
                (tmp_path / "templates" / one.name).write_text(one.read_text())
        (tmp_path / "config.toml").write_text(text.replace(*swap) + more)
        return tmp_path / "config.toml"

    return file


def errors(file: Path) -> list[str]:
    return [one.text for one in offline.configuration(file) if one.level is FindingLevel.ERROR]


@pytest.mark.parametrize(
    ("sms", "key", "said"),
    [
        ('ladder = ["bale", "kavenegr", "call"]', "sms.ladder", "did you mean kavenegar?"),
        ('ladder = ["sms", "call"]', "sms.ladder", "there is no [providers.sms]"),
        ('ladder = ["bale", "kavenegar", "bale"]', "sms.ladder", "names bale twice"),
        ('ladder = ["bale", "call", "call"]', "sms.ladder", "names call twice"),
        ('ladder = ["bale", "call", "kavenegar"]', "sms.ladder", "call is not its last rung"),
        ('ladder = ["call"]', "sms.ladder", "names no line"),
        ('ladder = ["bale", "call"]\nwait.kavenegar = "10m"', "sms.wait.kavenegar", "is no rung"),
        ('ladder = ["bale", "call"]\nwait.call = "10m"', "sms.wait.call", "nothing comes after"),
        ('wait.bale = "10m"', "sms.wait.bale", "there is no ladder"),
        ('ladder = ["bale", "call"]\nwait.bale = "1s"', "sms.wait.bale", "not between 30s and 48h"),
        ('ladder = ["bale", "call"]\nwait.bale = "30d"', "sms.wait.bale", "not between"),
        ('ladder = ["bale", "call"]\nwait.bale = "soon"', "sms.wait.bale", "15m"),
        ('ladder = "bale"', "sms.ladder", ""),
        ("ladder = [1]", "sms.ladder", ""),
    ],
)
def test_a_mistake_is_told_with_its_key(written: Written, sms: str, key: str, said: str) -> None:
    found = errors(written(sms))
    assert any(key in one and said in one for one in found), found


@pytest.mark.parametrize(
    "sms",
    [
        'ladder = ["bale", "kavenegar", "voice", "call"]\nwait.bale = "10m"',
        'ladder = ["bale", "kavenegar"]',
        'ladder = ["kavenegar", "voice", "call"]\nwait.voice = "30m"\nwait.sms = "1h"',
    ],
)
def test_a_ladder_that_makes_sense_is_no_mistake(written: Written, sms: str) -> None:
    assert errors(written(sms)) == []


def test_a_rung_whose_key_is_missing_is_told(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BALE_API_KEY")
    assert [one.split(": ")[1] for one in errors(written('ladder = ["bale", "kavenegar", "call"]'))] == [
        "providers.bale.api_key"
    ]
    assert errors(written("")) == []


def test_a_text_may_have_a_ladder_of_its_own(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written("")
    text = file.parent / "templates" / "order_cancelled.txt"
    before = text.read_text()
    text.write_text(before.replace("+++\n", '+++\nladder = ["kavenegar", "voice", "call"]\n', 1))
    assert errors(file) == []
    monkeypatch.delenv("VOICE_API_KEY")
    assert any("providers.voice.api_key" in one for one in errors(file))
    text.write_text(before.replace("+++\n", '+++\nladder = ["kavenegar", "vioce", "call"]\n', 1))
    assert any("order_cancelled.txt: ladder" in one and "did you mean voice" in one for one in errors(file))


def test_a_group_may_have_a_ladder_of_its_own(written: Written) -> None:
    file = written("", swap=("[policy.tehran.online]\n", '[policy.tehran.online]\nladder = ["voice", "bale"]\n'))
    assert errors(file) == []
    assert load(file).policy.regions["tehran"]["online"].ladder == ("voice", "bale")  # type: ignore[index]
    file = written("", swap=("[policy.tehran.online]\n", '[policy.tehran.online]\nladder = ["call", "bale"]\n'))
    assert any("policy.tehran.online.ladder" in one and "call is not its last rung" in one for one in errors(file))


def test_a_ladder_needs_no_provider_beside_it(written: Written) -> None:
    file = written('ladder = ["bale", "call"]', swap=('provider = "kavenegar"', 'provider = "another"'))
    assert errors(file) == []
    assert accounts.names(load(file)) == ["bale"]


def test_what_ships_is_one_rung_and_a_call(written: Written) -> None:
    found = ladders.ladders(load(written("")))
    assert found.rungs("") == ("kavenegar", "call")
    assert ladders.routes(load(written(""))) == set()


def test_a_source_with_a_sender_of_its_own_keeps_it_on_every_rung_of_texts(written: Written) -> None:
    file = written(
        'ladder = ["bale", "kavenegar", "call"]',
        swap=("# POST /webhooks/shop\n", '\nsender = "30001234"\n'),
    )
    found = ladders.ladders(load(file))
    assert found.rungs("shop") == ("bale", "kavenegar.shop", "call")
    assert found.rungs("") == ("bale", "kavenegar", "call")
    assert ">kavenegar.shop>call" in ladders.routes(load(file))


def test_a_stand_in_is_on_the_rung_of_the_line_it_stands_in_for(written: Written) -> None:
    file = written(
        'ladder = ["bale", "kavenegar", "voice", "call"]', swap=("fallback = []", 'fallback = ["simulator"]')
    )
    found = ladders.ladders(load(file))
    assert found.chain("") == ["bale", "kavenegar", "simulator"]
    assert found.chain(">voice>call") == ["voice"]
