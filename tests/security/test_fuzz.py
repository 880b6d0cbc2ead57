"""A few thousand hostile requests; ``python tests/fuzz.py`` sends a hundred thousand."""

import math

import fuzz
import fuzz_inputs
import pytest
from fuzz import AT, Inputs
from threaded_service import shop_config

INPUTS = 1200


@pytest.mark.slow
async def test_nothing_hostile_gets_through_or_breaks_anything(redis_url: str, redis: object) -> None:
    config = shop_config(
        redis_url,
        sources__shop__secret=fuzz_inputs.SHOP_SECRET,
        sources__woo__secret=fuzz_inputs.WOO_SECRET,
        callbacks__token=fuzz_inputs.CALLBACK_TOKEN,
        api__tokens=[fuzz_inputs.API_TOKEN],
    )
    report = await fuzz.fuzz(range(INPUTS), 20261123, config=config, slowest=math.inf)
    assert not report.failures, "\n".join(report.failures)
    answered = {(kind, status) for kind, status in report.answers}
    assert {("standard", 202), ("standard", 401), ("standard", 422), ("batch", 202), ("woo", 200)} <= answered
    assert {("api", 200), ("api", 401), ("callback", 200), ("callback", 404), ("console", 401)} <= answered
    assert {("wire", 400), ("wire", 431), ("standard", 400), ("woo", 401)} <= answered
    assert report.looked_up > INPUTS // 20


def test_an_input_is_the_same_every_time() -> None:
    assert Inputs(7, AT).make(123) == Inputs(7, AT).make(123)
    assert Inputs(8, AT).make(123) != Inputs(7, AT).make(123)
