"""One run of the demo, from an empty machine to an empty machine."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from notifier import tasks
from notifier.clock import RunningClock, StillClock
from notifier.demo.happenings import Happening, Posted, Summary
from notifier.demo.player import Player, opening
from notifier.demo.report import summary
from notifier.demo.stage import DemoStage, opened


@dataclass(slots=True)
class Run:
    """Plays the day once and, unless ``once``, stays up until it is told to stop.

    ``ready`` is called when everything runs, ``over`` when the day has been played and the service stays up.
    """

    settings: Path | None
    days: tuple[date, date]
    listening: socket.socket
    show: Callable[[Happening], None]
    ready: Callable[[DemoStage], None] = lambda _: None
    over: Callable[[DemoStage], None] = lambda _: None
    once: bool = False
    pace: float = 0
    total: Summary | None = None
    _posted: list[Posted] = field(default_factory=list)

    async def run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        start = opening(self.days[0])
        clock = StillClock(start) if self.once else RunningClock(start)
        async with opened(self.settings, clock, self.listening) as stage:
            playing = asyncio.create_task(self._play(stage))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await tasks.end(stopping, playing)
            if not playing.cancelled():
                playing.result()

    async def _play(self, stage: DemoStage) -> None:
        self.ready(stage)
        player = Player(stage, self.days, self._show, self.pace)
        await player.play()
        self.total = await summary(stage, player.watch, self._posted, self.days[0])
        self.show(self.total)
        if not self.once:
            self.over(stage)
            await player.stay()

    def _show(self, happening: Happening) -> None:
        if isinstance(happening, Posted):
            self._posted.append(happening)
        self.show(happening)
