"""What people are told of a rung that was passed over."""

from datetime import datetime

import pytest

from notifier.clock import TEHRAN
from notifier.domain.channels import Channel
from notifier.domain.ladder import Descent, Unreached
from notifier.sms import ladder_told

AT = datetime(2026, 11, 23, 10, 5, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("why", "reason", "said"),
    [
        (Unreached.PAUSED, "", "از آن گذشتیم، چون متوقف بود"),
        (
            Unreached.PAUSED,
            "Bale answered with HTTP 503 and neither a message nor an error",
            "از آن گذشتیم، چون متوقف بود",
        ),
        (Unreached.PAUSED, "Bale answered 401: unauthorised", "از آن گذشتیم، چون متوقف بود: کلید بله پذیرفته نشد؛"),
        (Unreached.NO_CREDIT, "", "از آن گذشتیم، چون اعتبار نداشت"),
    ],
)
def test_why_a_rung_was_passed_over(why: Unreached, reason: str, said: str) -> None:
    told = ladder_told.sentence(Descent(at=AT, provider="bale", channel=Channel.BALE, why=why, reason=reason))
    assert told.startswith(f"بله، ساعت ۱۰:۰۵: {said}")
    assert "HTTP" not in told
