"""What `notifier check` finds in the sections of accounts."""

import json
from pathlib import Path
from typing import Any

import pytest
from shops import SHOP_SECRET

from notifier.config.loading import load
from notifier.diagnostics.offline import findings
from notifier.texts import loading

ROOT = Path(__file__).parents[2]
BANK = {"kind": "bank", "secret": SHOP_SECRET}


def found(**sections: Any) -> list[str]:
    environment = {f"NOTIFIER__{name.upper()}": json.dumps(value) for name, value in sections.items()}
    config = load(ROOT / "config.toml", environment={"NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET} | environment)
    every = [str(one) for one in findings(config, loading.load(config))]
    every += [str(one) for one in _accounts(config)]
    return [one for one in every if "bank" in one or "deposits" in one]


def _accounts(config: Any) -> Any:
    from notifier.diagnostics import offline

    return offline._accounts(config)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"sources__bank": BANK | {"shops": ["nobody"]}}, "there is no shop [sources.nobody]"),
        ({"sources__bank": BANK | {"currency": "IRT"}}, "write toman_senders"),
        ({"deposits": {"automatic": "exact"}}, 'no [sources.NAME] of kind "bank"'),
    ],
)
def test_a_mistake_is_found(sections: dict[str, Any], said: str) -> None:
    assert any(said in one for one in found(**sections))


def test_a_good_account_is_none() -> None:
    assert found(sources__bank=BANK | {"shops": ["shop"]}, deposits={"automatic": "exact"}) == []
