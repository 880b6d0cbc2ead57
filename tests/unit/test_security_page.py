"""docs/security.md names tests, files and keys that there are."""

import re
from pathlib import Path

from notifier.console import attempts, sessions
from notifier.console.passwords import SHORTEST

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_the_tests_it_trusts_are_there() -> None:
    named = {
        name for names in re.findall(r"\*(test_\w+(?:,\s+test_\w+)*)\*", PAGE) for name in re.split(r",\s+", names)
    }
    assert len(named) > 8
    assert {name for name in named if not list((ROOT / "tests").rglob(f"{name}.py"))} == set()


def test_its_links_lead_somewhere() -> None:
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE) if "://" not in link}
    assert {link for link in links if not (ROOT / "docs" / link).exists()} == set()


def test_its_figures_are_those_of_the_code() -> None:
    row = f"{attempts.BY_NAME} of a name and {attempts.BY_ADDRESS} of an address in {attempts.WINDOW // 60} minutes"
    assert row in PAGE
    assert f"{sessions.LIFETIME // 3600} hours after their last use, {sessions.LONGEST // 3600} after the first" in PAGE
    assert f"| {SHORTEST} to 1024 characters" in PAGE
