"""What ``config.toml`` says of its keys: the comments in the file are the only words there are for them."""

import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"(?:# )?\[([\w.]+)\]\s*(?:#\s*(.*))?")
_KEY = re.compile(r"(?:# )?(\"[\w.]+\"|\w+(?:\.\w+)*) *= (.*)")
_GOES_ON = re.compile(r"#?\s{8,}#\s(.*)")
_SENTENCE = re.compile(r"(?:# )?# (.*)")
_TERM = re.compile(r"# (\w+)\s{2,}(.*)|# (needs_payment) (.*)")
_RULE = re.compile(r"# ──+ (.*?) ─+")


@dataclass
class Remarks:
    """Of each section its own words, and those of its keys; of some sections also terms that are explained above it."""

    sections: dict[str, str] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def key(self, section: str, name: str) -> str | None:
        """What is said of a key; of one inside a table, what is said of the table."""
        while True:
            if (section, name) in self.keys:
                return self.keys[section, name]
            if "." not in name:
                return None
            name = name.rpartition(".")[0]


def remarks(text: str) -> Remarks:
    """The words of a configuration file."""
    found, section, last, waiting = Remarks(), "", "", list[str]()
    for line in text.splitlines():
        if match := _SECTION.fullmatch(line):
            section, last = match[1], ""
            if words := " ".join([*waiting, *filter(None, [match[2]])]):
                found.sections[section] = words
            waiting = []
        elif match := _GOES_ON.fullmatch(line):
            if last:
                found.keys[section, last] = f"{found.keys[section, last]} {match[1]}".strip()
        elif match := _KEY.fullmatch(line):
            last = match[1].strip('"')
            said = _comment(match[2]) or " ".join(waiting)
            found.keys.setdefault((section, last), said)
            waiting = []
        elif match := _RULE.fullmatch(line):
            waiting = [f"{match[1]}."]
        elif match := _TERM.fullmatch(line):
            found.keys["policy", match[1] or match[3]] = match[2] or match[4]
        elif match := _SENTENCE.fullmatch(line):
            waiting.append(match[1])
        else:
            waiting = []
    return found


def _comment(rest: str) -> str:
    """What stands behind a value: behind the first # that is in no string."""
    inside = False
    for at, letter in enumerate(rest):
        if letter == '"':
            inside = not inside
        elif letter == "#" and not inside:
            return rest[at + 1 :].strip()
    return ""
