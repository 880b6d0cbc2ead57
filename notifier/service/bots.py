"""The bots of messengers, put together from the configuration: what asks them, what they answer, how they are doing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from notifier.channels.bots.api import BotApi
from notifier.channels.bots.conversation import BotConversation, CallDesk
from notifier.channels.bots.health import BotHealth
from notifier.channels.bots.polling import BotPoller
from notifier.channels.teller import StaffTeller
from notifier.channels.web_push.sender import PushSender
from notifier.clock import Clock
from notifier.config import Config
from notifier.domain.channels import StaffChannel
from notifier.observability import counters
from notifier.store.publishing import Alert
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffChannels:
    """The parts, each to be ticked by itself."""

    config: Config
    apis: Mapping[StaffChannel, BotApi]
    teller: StaffTeller
    health: BotHealth
    call_us_already: set[StaffChannel] = field(default_factory=set)

    async def close(self) -> None:
        """Let go of the connections to the messengers."""
        await self.teller.close()

    def handlers(self, desk: CallDesk) -> Mapping[str, tuple[str, Callable[[Any], Awaitable[None]]]]:
        """By the name of each bot that is told by webhook its secret, and what acts on an update."""
        return {
            kind: (bot.callback_token.value(), self.conversation(kind, desk).handle)
            for kind, bot in self.config.staff.channels.bots.items()
            if bot.updates == "webhook" and bot.callback_token is not None
        }

    def pollers(self, desk: CallDesk) -> list[BotPoller]:
        """For the bots that have to be asked."""
        return [
            BotPoller(self.apis[kind], self.teller.redis, self.teller.clock, self.conversation(kind, desk).handle)
            for kind, bot in self.config.staff.channels.bots.items()
            if bot.updates == "polling"
        ]

    def conversation(self, kind: StaffChannel, desk: CallDesk) -> BotConversation:
        return BotConversation(self.apis[kind], self.teller.redis, self.teller.clock, desk)

    async def call_us(self) -> None:
        """Have messengers post to us what bots are told, where that is configured, once each."""
        base = self.config.server.public_url.rstrip("/")
        for kind, bot in self.config.staff.channels.bots.items():
            if bot.updates != "webhook" or bot.callback_token is None or kind in self.call_us_already:
                continue
            secret = bot.callback_token.value()
            # Telegram proves itself by a header, so that its secret need not stand in every address.
            path = f"/callbacks/bot/{kind}" if kind is StaffChannel.TELEGRAM else f"/callbacks/bot/{kind}/{secret}"
            answer = await self.apis[kind].set_webhook(f"{base}{path}", secret)
            if answer.taken:
                self.call_us_already.add(kind)
            else:
                log.error("no webhook was set", action="bot_webhook_refused", channel=kind, answer=str(answer))


def staff_channels(
    config: Config,
    reader: Reader,
    staff: StaffBook,
    clock: Clock,
    *,
    alert: Alert,
    pusher: PushSender | None,
    wake: Callable[[], None],
) -> StaffChannels | None:
    """The parts of a configuration; None where there is only the SMS. Raises MissingSecretError and ValueError."""
    bots = config.staff.channels.bots
    if not bots and pusher is None:
        return None
    apis = {kind: BotApi(kind, bot.token.value(), url=bot.url) for kind, bot in bots.items()}
    health = BotHealth(reader.redis, apis, clock, alert)
    teller = StaffTeller(
        reader,
        staff,
        clock,
        apis,
        pusher,
        config.staff.channels.order,
        wake=wake,
        heard=health.heard,
        on_told=counters.staff_told,
        on_nobody=counters.STAFF_NOT_TOLD.inc,
    )
    return StaffChannels(config=config, apis=apis, teller=teller, health=health)
