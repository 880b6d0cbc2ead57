"""For how long a text is known by what its provider calls it."""

from datetime import timedelta

from notifier.sms.providers.base import REMEMBERED
from notifier.store import provider_ids


def test_an_id_is_known_while_its_provider_can_be_asked_about_it() -> None:
    assert timedelta(days=provider_ids.DAYS - 1) >= REMEMBERED
    assert timedelta(seconds=provider_ids.KEPT) >= timedelta(days=1) + REMEMBERED
