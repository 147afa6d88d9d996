"""Where the parts of a scenario were written, as it may be put together from several files, and reports that say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from huangpu.yamlfile import Document, Key, Problem, dotted

Place = tuple[Document, Key]
Finding = tuple[Document, Problem]
MOST = 50  # problems that are shown; nobody reads more, and a hostile file could have a hundred thousand


def found(place: Place, message: str) -> Finding:
    document, key = place
    return document, document.problem(key, message)


def place_of(key: Key, places: Mapping[Key, Place], document: Document) -> Place:
    """Where a key of the whole scenario was written: as the longest part of it in `places` says, or in the document.

    What a change of `changes:` has set has that change for its place, however deep the key goes.
    """
    for length in range(len(key), 0, -1):
        if key[:length] in places:
            there, start = places[key[:length]]
            return there, start if start[0] == "changes" else (*start, *key[length:])
    return document, key


def at_places(
    problems: Iterable[tuple[Key, str]], places: Mapping[Key, Place], document: Document
) -> Iterator[Finding]:
    """Problems at keys of the whole scenario as findings in its files.

    A change that goes wrong in many windows is one finding, which names the first of them.
    """
    by_place: dict[tuple[str, Key], list[tuple[Place, str]]] = {}
    for key, message in problems:
        there, at = place_of(key, places, document)
        if at[:1] != ("changes",) or at == key:
            yield found((there, at), message)
            continue
        by_place.setdefault((there.file, at), []).append(((there, at), f"{dotted(key)}: {message}"))
    for rows in by_place.values():
        place, message = rows[0]
        yield found(place, message + (f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""))


def report(findings: Iterable[Finding]) -> str:
    """One problem a line, file by file, each in the order of its lines."""
    files: dict[str, tuple[Document, list[Problem]]] = {}
    for document, problem in findings:
        files.setdefault(document.file, (document, []))[1].append(problem)
    lines = [line for document, problems in files.values() for line in document.report(problems).splitlines()]
    more = [f"and {len(lines) - MOST:,} more problems"] if len(lines) > MOST else []
    return "\n".join(lines[:MOST] + more)
