"""The shop's exchange, put together from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.config import Config
from notifier.dialer.adapter import DialerOdd
from notifier.dialer.manager import AmiListener
from notifier.dialer.taking import DialerNews
from notifier.domain.dialing import DialNews, UnknownDial
from notifier.errors import StoreAway, StoreError
from notifier.store import ringing
from notifier.store.records import ms
from notifier.store.ringing import InboundCall
from scheduler.book import CallBook
from scheduler.dialling import Dialling

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeParts:
    """The parts; ``listener`` where the exchange is listened to."""

    dialling: Dialling
    news: DialerNews
    listener: AmiListener | None


def exchange_parts(config: Config, redis: Redis, clock: Clock, book: CallBook) -> ExchangeParts | None:
    """The parts of a configuration; None without an exchange. Raises MissingSecretError."""
    settings = config.dialer
    if (exchange := settings.exchange()) is None:
        return None
    dialling = Dialling(book, exchange, settings.ring)

    async def inbound(news: DialNews) -> None:
        if settings.show_inbound:
            await ringing.keep(redis, InboundCall(at=news.at, phone=news.number))

    news = DialerNews(settings.reader(config.shop.zone), dialling.heard, inbound, lambda: ms(clock.now()))

    async def listened(message: Mapping[str, str]) -> None:
        """What is of no call of ours is of others in the house."""
        try:
            await news.take(message)
        except (DialerOdd, UnknownDial):
            return
        except (RedisError, OSError, StoreAway, StoreError) as error:
            log.warning("news of the exchange is lost", action="dialer_news_lost", error=type(error).__name__)

    address = settings.listened_at()
    listener = AmiListener(address, listened) if address else None
    return ExchangeParts(dialling=dialling, news=news, listener=listener)
