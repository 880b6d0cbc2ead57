"""A process that tells the staff or asks their bots, again and again at one time: ``bot_process.py WHAT TIME``."""

import asyncio
import sys
from datetime import datetime

from notifier.clock import StillClock
from notifier.config.loading import load
from notifier.config.shipped import CONFIG
from notifier.service.process import WEB, Service


async def main(what: str, at: str) -> None:
    async with Service(load(CONFIG), clock=StillClock(datetime.fromisoformat(at)), roles=[WEB]) as service:
        assert service.channels
        pollers = service.channels.pollers(service.bot_desk)
        for poller in pollers:
            poller.wait = 1
        while True:
            if what == "tell":
                await service.channels.teller.tick()
                await asyncio.sleep(0.05)  # nothing wakes it
            else:
                await asyncio.gather(*(poller.tick() for poller in pollers))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
