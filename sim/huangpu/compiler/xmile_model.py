"""The tree of an XMILE file -> its variables by module, with what their names mean there. No equation is read yet."""

from __future__ import annotations

import difflib
import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from huangpu.compiler.source import printable
from huangpu.compiler.syntax import key
from huangpu.compiler.xmile_xml import Tag
from huangpu.ir import ModelError, Place

KINDS = ("stock", "flow", "aux", "gf")
MAX_DEPTH = 30  # modules in one another
MAX_MODULES = 5_000
MAX_VARIABLES = 100_000
MAX_ELEMENTS = 10_000  # of a dimension
MAX_DIMENSIONS = 1_000
MAX_COMPARED = 1_000  # names that a wrong one is compared with
PARTS = re.compile(r'"(?:\\.|[^"\\])*"|[^.]+')


@functools.lru_cache(maxsize=100_000)
def title(written: str) -> str:
    """A name as people read it: quotes and line breaks off, `_` a space."""
    text = re.sub(r"\\[nrt]", " ", written).replace("\u00a0", " ").replace("_", " ").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return printable(re.sub(r"\\(.)", r"\1", text))


@functools.lru_cache(maxsize=100_000)
def name(written: str) -> str:
    """The id of a name, whatever its case, spaces and underscores."""
    return key(title(written))


def split(path: str) -> list[str]:
    """The parts of `Module."a name".x`."""
    return PARTS.findall(path) or [""]


@dataclass(frozen=True, slots=True)
class Dimension:
    key: str
    label: str
    elements: tuple[str, ...]  # ids
    labels: tuple[str, ...]
    positions: dict[str, int]  # of each element, from 0
    place: Place


@dataclass(eq=False, slots=True)
class Variable:
    """kind: stock, flow, aux, gf; or parameter, of a macro. `source`: what is connected to it from another module."""

    key: str
    label: str
    kind: str
    tag: Tag
    dims: tuple[str, ...]
    scope: Scope
    place: Place
    source: Variable | None = None
    table: str = ""  # the id under which its graphical function is called, "" where it has none

    @property
    def graph(self) -> Tag | None:
        return self.tag if self.kind == "gf" else self.tag.first("gf")


@dataclass(eq=False, slots=True)
class Scope:
    """What names mean in a module (or macro): its own variables, its modules and, above, the module that it is in."""

    label: str
    above: Scope | None
    names: dict[str, Variable] = field(default_factory=dict)
    modules: dict[str, Scope] = field(default_factory=dict)

    def find(self, path: str) -> Variable | None:
        """`x`, `Module.x` or, from the top, `.x` and `.Module.x`."""
        *way, last = split(path)
        scope: Scope | None = self.top if path.startswith(".") else self
        if way and not path.startswith("."):
            while scope is not None and name(way[0]) not in scope.modules:
                scope = scope.above
        for part in way:
            scope = scope.modules.get(name(part)) if scope else None
        return scope.names.get(name(last)) if scope else None

    @property
    def top(self) -> Scope:
        return self.above.top if self.above else self

    def near(self, written: str) -> str:
        labels = [v.label for v in itertools.islice(self.names.values(), MAX_COMPARED)]
        found = difflib.get_close_matches(title(written), labels, n=1, cutoff=0.6)
        return f" Did you mean {found[0]}?" if found else " Define it or correct the name."


def dimensions(file: str, root: Tag) -> dict[str, Dimension]:
    found: dict[str, Dimension] = {}
    for tag in (d for block in root.all("dimensions") for d in block.all("dim")):
        place, label = Place(file, tag.line), title(tag.attributes.get("name", ""))
        labels = [title(e.attributes.get("name", "")) for e in tag.all("elem")]
        size = tag.attributes.get("size", "")
        if not labels and size.strip():
            if not re.fullmatch(r"\s*\d{1,6}\s*", size) or not 0 < int(size) <= MAX_ELEMENTS:
                raise ModelError(f"{file}:{tag.line}: dimension {label}: its size must be 1 to {MAX_ELEMENTS}.")
            labels = [str(n + 1) for n in range(int(size))]
        if not 0 < len(labels) <= MAX_ELEMENTS:
            raise ModelError(f"{file}:{tag.line}: dimension {label}: 1 to {MAX_ELEMENTS} elements, not {len(labels)}.")
        if name(label) in found:
            raise ModelError(f"{file}:{tag.line}: dimension {label}: defined twice. Rename one of them.")
        keys = tuple(map(name, labels))
        positions = {element: position for position, element in reversed(list(enumerate(keys)))}
        found[name(label)] = Dimension(name(label), label, keys, tuple(labels), positions, place)
        if len(found) > MAX_DIMENSIONS:
            raise ModelError(f"{file}:{tag.line}: more than {MAX_DIMENSIONS} dimensions.")
    return found


@dataclass
class Modules:
    """The model's modules put in one another's place: every variable of every one of them."""

    file: str
    models: dict[str, Tag]
    problems: list[str]
    variables: list[Variable] = field(default_factory=list)
    connections: list[tuple[Tag, Scope, Scope]] = field(default_factory=list)  # connect, the module's scope, above it
    scopes: int = 0

    def read(self, model: Tag) -> Scope:
        """The top scope, connections made."""
        top = self.enter(model, "", None, ())
        for tag, inside, outside in self.connections:
            with_place = f"{self.file}:{tag.line}: connect"
            to, source = tag.attributes.get("to", ""), tag.attributes.get("from", "")
            target, origin = self.connected(to, inside, outside), self.connected(source, outside, inside)
            if target is None or origin is None:
                missing, scope = (to, inside) if target is None else (source, outside)
                self.problems.append(f"{with_place}: there is no {title(missing)}.{scope.near(missing)}")
            elif target is not origin:
                target.source = origin
        return top

    def connected(self, path: str, first: Scope, second: Scope) -> Variable | None:
        """A path of a connection, which may begin with the name of the module itself."""
        return first.find(path) or second.find(path)

    def enter(self, model: Tag, label: str, above: Scope | None, inside: tuple[str, ...]) -> Scope:
        self.scopes += 1
        if len(inside) > MAX_DEPTH or self.scopes > MAX_MODULES:
            raise ModelError(f"{self.file}:{model.line}: more than {MAX_DEPTH} modules in one another, or too many.")
        scope = Scope(label, above)
        for tag in self.entries(model):
            place = Place(self.file, tag.line)
            label = title(tag.attributes.get("name", ""))
            where = f"{self.file}:{tag.line}: {label or tag.name}"
            if not name(label).strip("_"):
                self.problems.append(f"{where}: a name without a letter or digit. Rename it.")
            elif tag.name == "module":
                self.module(tag, label, scope, inside, where)
            elif name(label) in scope.names:
                self.problems.append(f"{where}: defined twice, on line {scope.names[name(label)].place.line} as well.")
            else:
                path = f"{scope.label}.{label}" if scope.label else label
                dims = tuple(name(d.attributes.get("name", "")) for b in tag.all("dimensions") for d in b.all("dim"))
                scope.names[name(label)] = variable = Variable(key(path), path, tag.name, tag, dims, scope, place)
                self.variables.append(variable)
        if len(self.variables) > MAX_VARIABLES:
            raise ModelError(f"{self.file}: more than {MAX_VARIABLES} variables.")
        return scope

    def module(self, tag: Tag, label: str, scope: Scope, inside: tuple[str, ...], where: str) -> None:
        called = tag.attributes.get("model_name") or tag.attributes.get("model") or label
        used = name(called)
        if used not in self.models:
            self.problems.append(f"{where}: there is no model {title(called)} in the file. Save them in one file.")
        elif used in inside:
            self.problems.append(f"{where}: a module that contains itself.")
        else:
            path = f"{scope.label}.{label}" if scope.label else label
            scope.modules[name(label)] = child = self.enter(self.models[used], path, scope, (*inside, used))
            self.connections += [(connect, child, scope) for connect in tag.all("connect")]

    def entries(self, model: Tag) -> Iterator[Tag]:
        """Variables and modules; older files have them in the model itself."""
        for block in (model, *model.all("variables")):
            yield from block.all(*KINDS, "module")
