"""Everything that looks after what shops do not say: orders whose webhooks were lost, and shops that fell silent."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.clock import Clock
from notifier.config import Config
from notifier.intake.committer import Committer
from notifier.intake.inactivity import InactivityAlarm
from notifier.intake.woocommerce.catch_up import CatchUp
from notifier.observability import counters
from notifier.service import shops
from notifier.store.publishing import Alert
from notifier.store.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """The parts, each to be ticked by itself; ``silence`` is None where it is switched off."""

    catch_ups: Sequence[CatchUp]
    silence: InactivityAlarm | None

    async def close(self) -> None:
        """Let go of the connections to the shops."""
        for catch_up in self.catch_ups:
            await catch_up.rest.close()


def watching(config: Config, reader: Reader, clock: Clock, committer: Committer, tell: Alert, clear: Alert) -> Watching:
    """The parts of a configuration; ``tell`` tells supervisors of a trouble, ``clear`` that it is over."""
    calendar, redis = config.calendar.calendar(config.shop.zone), reader.redis
    return Watching(
        catch_ups=[
            CatchUp(
                redis=redis,
                clock=clock,
                committer=committer,
                source=name,
                rest=asked.rest.client(),
                rules=asked.rules,
                every=asked.rest.every,
                look_back=asked.rest.look_back,
                tell=tell,
                on_filled=counters.caught_up,
                known=reader.knows,
            )
            for name, source in config.sources.items()
            if (asked := shops.KINDS[source.kind].asked(source))
        ],
        silence=InactivityAlarm(
            redis=redis,
            clock=clock,
            sources={name: shops.KINDS[source.kind].when_silent for name, source in config.sources.items()},
            spans=config.silence.spans,
            is_day_off=lambda day: calendar.why_closed(day) is not None,
            tell=tell,
            clear=clear,
        )
        if config.silence.enabled
        else None,
    )
