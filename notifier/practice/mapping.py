"""The recorded deliveries of ``kind = "mapping"``: what each would become, and how one is posted for practice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.config.mapping import MappingSource, SampleConfig
from notifier.domain.events import EventType
from notifier.errors import Problem
from notifier.intake.mapping import events
from notifier.intake.mapping.body import FORM
from notifier.intake.mapping.events import MappedDelivery
from notifier.practice.changes import Changes, MisplacedChange, put


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One recorded delivery, as read with its mapping. ``mistakes`` are sentences by key of the source."""

    file: Path
    body: bytes = b""
    headers: dict[str, str]
    reading: MappedDelivery | None = None
    mistakes: tuple[tuple[str, str], ...] = ()

    @property
    def events(self) -> list[EventType]:
        """What it tells of an order that nobody has heard of, the newest last."""
        return [event.type for event in self.reading.events(None)] if self.reading else []

    @property
    def meaning(self) -> str:
        """A sentence for people."""
        if self.reading is None:
            return "it cannot be read"
        order = f"order {self.reading.event.order_id}, status {self.reading.status!r}"
        if self.reading.meanings is None:
            return f"{order}: not named in statuses, so it is kept and sends nothing"
        odd = "".join(f"; {words}" for words in self.reading.odd)
        return f"{order}: {', '.join(self.events) or 'nothing, as statuses says'}{odd}"


def every(config: Config) -> Iterator[tuple[str, Sample]]:
    """All samples of all sources."""
    for name, source in config.sources.items():
        if isinstance(source, MappingSource):
            yield from ((name, sample) for sample in of(config, name, source))


def of(config: Config, name: str, source: MappingSource) -> Iterator[Sample]:
    """The samples of one source. Their files count from the configuration."""
    for place, settings in enumerate(source.samples):
        yield _read(config, name, source, settings, f"samples[{place}]")


def _read(config: Config, name: str, source: MappingSource, settings: SampleConfig, key: str) -> Sample:
    file = config.file.parent / settings.file
    headers = {header.lower(): value for header, value in settings.headers.items()}
    try:
        body = file.read_bytes()
    except OSError as error:
        return Sample(file=file, headers=headers, mistakes=((key, f"cannot be read: {error.strerror}"),))
    rules = source.rules(config.shop_of(name).zone)
    kind = content_type(body)
    try:
        reading = events.read(body, kind, headers, rules, source=name, received_at=datetime.now(TEHRAN))
    except Problem as problem:
        found = [(str(mistake.get("key", key)), str(mistake["msg"])) for mistake in problem.errors]
        return Sample(file=file, body=body, headers=headers, mistakes=tuple(found) or ((key, problem.detail),))
    return Sample(file=file, body=body, headers=headers, reading=reading)


def content_type(body: bytes) -> str:
    """What a recorded body is posted as."""
    return "application/json" if body.lstrip().startswith((b"{", b"[")) else FORM


def changed(body: bytes, changes: Changes) -> bytes:
    """A recorded body with other values: by the path of a value in JSON, or the name of a field in a form."""
    if not changes:
        return body
    if content_type(body) == FORM:
        fields = dict(parse_qsl(body.decode().strip(), keep_blank_values=True)) | dict(changes)
        return urlencode(fields).encode()
    document = json.loads(body)
    if not isinstance(document, dict):
        raise MisplacedChange(f"{changes[0][0]}: this sample is a list; change its file instead")
    put(document, changes)
    return json.dumps(document, ensure_ascii=False).encode()
