"""What is odd about the ladders of a configuration and of its texts."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from notifier.config import Config, accounts
from notifier.diagnostics.findings import Finding, FindingLevel, error, warning
from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL, MOST_RUNGS
from notifier.secret import MissingSecretError
from notifier.sms.rung_waits import LONGEST_WAIT, SHORTEST_WAIT
from notifier.sms.templates import Template


def ladder_findings(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """Ladders that nobody could go down, and waits that nothing waits for."""
    every = list(accounts.ladders(config, loaded.values()))
    for where, ladder in every:
        yield from _ladder(config, where, ladder)
    for name in config.providers:
        if every and (name == CALL or ">" in name or not name.isprintable()):
            text = (
                f"is called {CALL}, which is the person who phones"
                if name == CALL
                else "has a sign of ladders in its name"
            )
            yield error(f"{config.file}: providers.{name}", f"{text}; give the section another name")
    yield from _waits(config, [ladder for _, ladder in every])


def _ladder(config: Config, where: str, ladder: Sequence[str]) -> Iterator[Finding]:
    known = ", ".join([*sorted(config.providers), CALL])
    for rung in dict.fromkeys(ladder):
        if rung != CALL and rung not in config.providers:
            near = difflib.get_close_matches(rung, [*config.providers, CALL], n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            yield error(where, f"there is no [providers.{rung}]; {meant}there are: {known}")
        if ladder.count(rung) > 1:
            yield error(where, f"names {rung} twice; nobody is reached twice by the same rung: name each once")
    if CALL in ladder[:-1]:
        yield error(where, f"{CALL} is not its last rung; when a person phones nothing comes after it: write it last")
    lines = [rung for rung in ladder if rung != CALL]
    if not lines:
        yield error(where, f"names no line; write one of {known} before {CALL}")
        return
    if len(ladder) > MOST_RUNGS:
        yield error(where, f"has {len(ladder)} rungs; write {MOST_RUNGS} at most")
    if not all(rung in config.providers for rung in lines):
        return
    channels = [config.providers[rung].channel for rung in lines]
    if channels[0] is Channel.VOICE and ladder is config.sms.ladder:
        yield warning(where, f"begins with {lines[0]}: everybody is called with every text; name a line of texts first")
    bale = next((rung for rung, channel in zip(lines, channels, strict=True) if channel is Channel.BALE), None)
    if (
        bale
        and ladder[-1] != bale
        and not {bale, Channel.BALE} & config.sms.wait.keys()
        and config.providers[bale].kind == "bale"
    ):
        text = (
            f"{bale} tells nobody whether a text arrived, so that one it took goes no further; "
            f'write sms.wait.{bale} = "15m" to have essential ones go on after that'
        )
        yield Finding(FindingLevel.NOTE, f"{where}: {text}")


def _waits(config: Config, every: Sequence[Sequence[str]]) -> Iterator[Finding]:
    rungs = {rung for ladder in every for rung in ladder if rung != CALL}
    channels = {str(config.providers[rung].channel) for rung in rungs if rung in config.providers}
    for name, wait in config.sms.wait.items():
        where = f"{config.file}: sms.wait.{name}"
        if name == CALL:
            yield error(where, "nothing comes after a person's call; remove this line")
        elif not every:
            yield error(where, "waits for a rung, and there is no ladder: write [sms] ladder, or remove this line")
        elif name not in rungs | channels:
            known = ", ".join(sorted(rungs | channels))
            yield error(where, f"is no rung of a ladder, and no channel of one; these are: {known}")
        if not SHORTEST_WAIT <= wait <= LONGEST_WAIT:
            least, most = SHORTEST_WAIT // timedelta(seconds=1), LONGEST_WAIT // timedelta(hours=1)
            yield error(where, f"is not between {least}s and {most}h: no line reports at once, and none after days")


def missing_secrets(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """The credentials of lines that only texts name."""
    others = set(accounts.names(config, loaded.values())) - set(accounts.names(config))
    for name in sorted(others):
        if (line := accounts.section(config, name)) is not None:
            for key, secret in line.secrets_needed.items():
                try:
                    secret.value()
                except MissingSecretError as missing:
                    yield error(f"{config.file}: providers.{name}.{key}", str(missing))
