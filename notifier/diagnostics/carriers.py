"""What is odd about the carriers of a configuration."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from notifier.config import Config
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from notifier.domain import persian
from notifier.domain.calls import Purpose
from notifier.domain.events import EventType

_LEAST = timedelta(days=1)


def carrier_findings(config: Config) -> Iterator[Finding]:
    """Carriers that cannot be told from one another, that are never heard, or whose news leads to nothing."""
    named: dict[str, str] = {}
    for name, carrier in config.carriers.items():
        where = f"{config.file}: carriers.{name}"
        for called in carrier.names:
            key = persian.fold(called)
            if (other := named.setdefault(key, name)) != name:
                yield findings.error(
                    f"{where}.names", f"{called!r} is said of carriers.{other} too; a parcel would have two carriers"
                )
        if timedelta() < carrier.stalled_after < _LEAST:
            yield findings.warning(
                f"{where}.stalled_after", "is less than a working day: parcels rest over night; write 1d at least"
            )
        if carrier.kind == "tapin" and not carrier.shop_id:
            yield findings.error(f"{where}.shop_id", "is empty; Tapin tells the parcels of one shop: copy its id here")
        if carrier.asked_at and (host := urlsplit(carrier.asked_at).hostname or "").endswith((".example", ".invalid")):
            yield findings.error(where, f"nobody can have {host!r}, it is a name for examples; write the real one")
    kinds = [one.kind for one in config.carriers.values() if one.kind != "http"]
    for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        several = [name for name, one in config.carriers.items() if one.kind == kind]
        if any(not config.carriers[name].names for name in several):
            yield findings.warning(
                f"{config.file}: carriers.{several[-1]}.names",
                f"{' and '.join(several)} are of one kind: say in names what shops call the parcels of each",
            )
    if config.carriers and not any(
        call.purpose is Purpose.STALLED_PARCEL
        for _, block in config.policy.blocks()
        for call in block.rule(EventType.STALLED).calls
    ):
        yield findings.warning(
            f"{config.file}: policy",
            f'no block plans a call for "{EventType.STALLED}": nobody hears of a parcel that stalls',
        )
