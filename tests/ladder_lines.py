"""A ladder for tests: Bale, texts and a machine's calls by one simulator, and then a person."""

from typing import Any

LADDER = ["bale", "simulator", "voice", "call"]
PRICES = {"persian": 1200, "latin": 1200, "lookup": 1200}


def ladder(simulator_url: str) -> dict[str, Any]:
    """Its settings; ``simulator_url`` ends with /v1."""
    bale = {"kind": "bale", "api_key": "simulator", "bot_id": 123, "price": 700}
    bale["base_url"] = simulator_url.removesuffix("/v1") + "/bale/api/v3"
    return {
        "sms__ladder": LADDER,
        "providers__bale": bale,
        "providers__voice": {"kind": "kavenegar_voice", "api_key": "simulator", "base_url": simulator_url},
    }
