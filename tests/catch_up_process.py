"""A process that asks the shop ``woo`` for its orders once, at a time that stands: ``catch_up_process.py TIME``."""

import asyncio
import sys
from datetime import datetime

from notifier.clock import StillClock
from notifier.config.loading import load
from notifier.config.shipped import CONFIG
from notifier.service.process import WEB, Service


async def main(at: str) -> None:
    async with Service(load(CONFIG), clock=StillClock(datetime.fromisoformat(at)), roles=[WEB]) as service:
        await service.watching.catch_ups[0].tick()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
