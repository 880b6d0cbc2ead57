"""What follows parcels: the carriers, what takes their news, and the rounds in which they are asked."""

from dataclasses import dataclass

from notifier.clock import Clock
from notifier.config import Config
from notifier.intake.carriers.asking import CarrierClient
from notifier.intake.carriers.following import ParcelFollower
from notifier.intake.carriers.refusals import CarrierRefusals, CarrierReplays, kept_under
from notifier.intake.carriers.rounds import AskedCarrier, CarrierPace, CarrierRounds
from notifier.intake.committer import Committer
from notifier.intake.rejections import RejectionRecorder
from notifier.observability import counters
from notifier.store.publishing import Alert
from notifier.store.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrying:
    """The parts."""

    follower: ParcelFollower
    refusals: CarrierRefusals
    replays: CarrierReplays
    rounds: CarrierRounds


def carrier_sources(config: Config) -> tuple[str, ...]:
    """What refusals of the carriers are kept under."""
    return tuple(kept_under(name) for name in config.carriers)


def carrying(
    config: Config, reader: Reader, clock: Clock, committer: Committer, recorder: RejectionRecorder, tell: Alert
) -> Carrying:
    """The parts of a configuration; ``tell`` tells supervisors. Raises MissingSecretError."""
    calendar = config.calendar.calendar(config.shop.zone)
    adapters = {name: one.adapter(name, config.shop.zone) for name, one in config.carriers.items()}
    follower = ParcelFollower(redis=reader.redis, reader=reader, clock=clock, committer=committer, carriers=adapters)
    refusals = CarrierRefusals(recorder)
    return Carrying(
        follower=follower,
        refusals=refusals,
        replays=CarrierReplays(follower),
        rounds=CarrierRounds(
            clock=clock,
            follower=follower,
            carriers={
                name: AskedCarrier(
                    adapter=adapters[name],
                    client=CarrierClient(one.timeout),
                    pace=CarrierPace(every=one.every, rate=one.rate, stalled_after=one.stalled_after),
                )
                for name, one in config.carriers.items()
            },
            refusals=refusals,
            is_day_off=lambda day: calendar.why_closed(day) is not None,
            tell=tell,
            on_answer=counters.carrier_answered,
        ),
    )
