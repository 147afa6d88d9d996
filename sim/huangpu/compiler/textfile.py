"""The text of a model file: encoding, lines, and the sketch that follows the equations. Nothing of PySD here."""

from __future__ import annotations

import bisect
import codecs
import re

from huangpu.compiler.source import printable
from huangpu.compiler.syntax import key
from huangpu.ir import ModelError

SPACE = re.compile(r"(?:\\\n\t|\s)+")
SKETCH = re.compile(r"^\\{2,3}---///.*$", re.MULTILINE)
SKETCH_END = "///---\\\\"
SYNONYMS = re.compile(r"^22:(.*)$", re.MULTILINE)
ALIAS = re.compile(r"^30:(\?[^=\n]*)=(.*)$", re.MULTILINE)
DRAWN = re.compile(r'10,\d+,("(?:\\"|[^"])*"|[^,]+),-?\d+,-?\d+,\d+,\d+,\d+,(\d+),')


def decode(file: str, data: bytes) -> str:
    """The text, in the encoding that its first line names in braces, else UTF-8."""
    found = re.match(rb"(?:\xef\xbb\xbf)?\s*\{([\w.: -]{1,40})\}", data)
    encoding = found[1].decode() if found else "utf-8"
    try:
        codecs.lookup(encoding)
        text = data.decode("utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding)
    except LookupError:
        raise ModelError(f"{file}:1: unknown encoding {{{encoding}}}. Save the model as {{UTF-8}}.") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ModelError(f"{file}:{line}: not {encoding} text. Save the model as UTF-8 from Vensim.") from None
    if "\0" in text:
        raise ModelError(f"{file}: binary data, not a Vensim text model. Save it as .mdl from Vensim.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Lines:
    """The text with its white space made single spaces, as PySD parses it, and the way back to line numbers."""

    def __init__(self, text: str):
        self.starts, self.numbers, parts = [0], [1], []
        length, line, last = 0, 1, 0
        for match in SPACE.finditer(text):
            parts += [text[last : match.start()], " "]
            length += match.start() - last + 1
            last = match.end()
            if newlines := match[0].count("\n"):
                line += newlines
                self.starts.append(length)
                self.numbers.append(line)
        self.text = "".join([*parts, text[last:]])
        self._next = 0

    def of(self, position: int) -> int:
        return self.numbers[bisect.bisect_right(self.starts, position) - 1]

    def find(self, equation: str) -> int:
        """Line on which the equation starts; equations are looked for in the order of the file."""
        at = self.text.find(equation, self._next)
        if at < 0:
            at = self.text.find(equation)
        if at < 0:
            return 0
        self._next = at + len(equation)
        return self.of(at)


def split(text: str) -> tuple[str, str, str]:
    """The equations, the sketch and the settings ("" where there are none)."""
    equations, *views = SKETCH.split(text)
    sketch, _, settings = "\n".join(views).partition(SKETCH_END)
    return equations, sketch, settings


def synonyms(settings: str) -> tuple[tuple[str, ...], ...]:
    """Groups of unit names that the model takes for one another."""
    return tuple(tuple(printable(name) for name in group.split(",")) for group in SYNONYMS.findall(settings))


def aliases(settings: str) -> tuple[tuple[str, str], ...]:
    """What `?name` in a GET function stands for."""
    return tuple((printable(name), printable(file)) for name, file in ALIAS.findall(settings))


def views(sketch: str) -> dict[str, tuple[str, ...]]:
    """Views in the order of the sketch, each with the variables drawn in it; shadow variables belong elsewhere."""
    views: dict[str, list[str]] = {}
    drawn: list[str] = []
    for line in sketch.splitlines():
        if line.startswith("*"):
            drawn = views.setdefault(printable(line[1:]), [])
        elif (found := DRAWN.match(line)) and int(found[2]) % 2:
            drawn.append(key(found[1]))
    return {name: tuple(dict.fromkeys(keys)) for name, keys in views.items()}
