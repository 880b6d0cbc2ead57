"""Which rungs a message has left, and which lines stand on each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL, is_ladder, route_of, rungs_of
from notifier.domain.messages import Audience, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladders:
    """The ladders by route: ``usual`` are those of the sources, "" is that of all others. ``stand_ins`` are the lines
    of a rung, the preferred one first, where there are more than its own. ``waits`` are how long a line that took a
    message has to say that it arrived."""

    usual: Mapping[str, Sequence[str]]
    stand_ins: Mapping[str, Sequence[str]]
    channels: Mapping[str, Channel]
    waits: Mapping[str, timedelta]

    def rungs(self, route: str) -> Sequence[str]:
        """What is left of a route, the first now. Lines that are gone are no rungs any more."""
        if is_ladder(route):
            found = [rung for rung in rungs_of(route) if rung == CALL or rung in self.channels]
            if any(rung != CALL for rung in found):
                return found
            route = ""
        return self.usual.get(route, self.usual[""])

    def chain(self, route: str) -> list[str]:
        """The lines that may take from the outbox of a route: where one is paused, the next text line has it. Nobody is
        called by a machine for that alone."""
        first, *others = self.rungs(route)
        found = list(self._lines(first))
        for rung in others:
            if rung == CALL or self._aloud(rung):
                break
            found += self._lines(rung)
        return list(dict.fromkeys(found))

    def above(self, route: str, line: str) -> Sequence[str]:
        """The rungs of a route before that of this line."""
        rungs = self.rungs(route)
        return rungs[: max(len(rungs) - len(self._rest(route, line)) - 1, 0)]

    def below(self, message: Message, line: str) -> str | None:
        """The route of a message that this line did not reach; None where no other line is left to it."""
        rest = self._rest(message.route, line)
        for place, rung in enumerate(rest):
            if rung != CALL and self._may(message, rung):
                return route_of(rest[place:])
        return None

    def again(self, message: Message, line: str) -> str:
        """The route of a message that the rung of this line tries once more."""
        rungs = self.rungs(message.route)
        place = len(self.above(message.route, line))
        return route_of(rungs[place:]) if place else message.route

    def lines(self, route: str) -> list[str]:
        """Every line that may bring a message of a route."""
        return [line for rung in self.rungs(route) if rung != CALL for line in self._lines(rung)]

    def has_call(self, message: Message) -> bool:
        """Whether somebody phones when nothing else has reached."""
        return CALL in self.rungs(message.route)

    def wait(self, message: Message, line: str) -> timedelta | None:
        """How long a message waits for a report of this line before the next rung has it; None: for ever.

        Only what is essential is worth a second copy: the first may have arrived unseen.
        """
        if not message.essential or message.audience is not Audience.CUSTOMER or line not in self.waits:
            return None
        left = self.below(message, line) is not None or self.has_call(message)
        return self.waits[line] if left else None

    def is_skipped(self, message: Message, line: str) -> bool:
        """Whether a line that may take from a message's outbox has nothing for it. Staff are told where they are told
        all else."""
        staff = message.audience is Audience.STAFF
        return staff and self.channels.get(line) is not Channel.SMS and self.below(message, line) is not None

    def _rest(self, route: str, line: str) -> Sequence[str]:
        rungs = self.rungs(route)
        stood_on = [rung for rung in rungs if rung == line] or [rung for rung in rungs if line in self._lines(rung)]
        return rungs[rungs.index(stood_on[0]) + 1 :] if stood_on else ()

    def _lines(self, rung: str) -> Sequence[str]:
        return self.stand_ins.get(rung, (rung,))

    def _aloud(self, rung: str) -> bool:
        return self.channels.get(rung) is Channel.VOICE

    def _may(self, message: Message, rung: str) -> bool:
        """Whether a message may go down to a rung: calls are for what is essential."""
        if message.audience is Audience.STAFF:
            return self.channels[rung] is Channel.SMS
        return not self._aloud(rung) or message.essential


def routes_of(ladder: Sequence[str]) -> list[str]:
    """The routes of a ladder: the whole, and what is left of it after each rung."""
    return [route_of(ladder[place:]) for place, rung in enumerate(ladder) if rung != CALL]
