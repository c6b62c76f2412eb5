"""Which values of a person an expression reads, as dotted names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from jinja2 import nodes

Path = tuple[str, ...]


def chain(node: nodes.Node) -> Path | None:
    """`customer.owner.name`, `posts[0].link`: the names from the root on, or None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        base = chain(node.node)
        return None if base is None else (*base, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        base = chain(node.node)
        return None if base is None else (*base, str(node.arg.value))
    return None


class Inputs:
    """The personal names of one program and what asking for one of them means.

    Attributes of a record (`customer`) are inputs of their own; everything else personal is one value, whatever
    an expression does with it.
    """

    def __init__(self, personal: Iterable[str], records: Iterable[str]) -> None:
        self.roots = [tuple(name.split(".")) for name in personal]
        self.records = {tuple(name.split(".")) for name in records}

    def exact(self, path: Path) -> str | None:
        """The input a chain reads, where it is that input and nothing beyond it; not a whole record."""
        if path in self.records:
            return None
        names = self.read(path)
        return names[0] if len(names) == 1 and names[0] == ".".join(path) else None

    def read(self, path: Path) -> list[str]:
        """The inputs a chain of names reads; none for a static one."""
        for root in self.roots:
            if path[: len(root)] == root:
                return [".".join(self.within(root, path))]
        return [".".join(root) for root in self.roots if root[: len(path)] == path]

    def within(self, root: Path, path: Path) -> Path:
        """The part of a path that is one input."""
        length = len(root)
        while path[:length] in self.records and length < len(path):
            length += 1
        return path[:length]

    def of(self, node: nodes.Node, hidden: frozenset[str] = frozenset()) -> list[str]:
        """Every input an expression or a stretch of template reads, in order, without repetition.

        `hidden`: names that are local variables here and hide a personal name.
        """
        found: dict[str, None] = {}
        for path in chains(node):
            if path[0] not in hidden:
                found.update(dict.fromkeys(self.read(path)))
        return list(found)


def chains(node: nodes.Node) -> Iterator[Path]:
    """The longest chains of names in a piece of template."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        # The last name is a method, not a field: `customer.first_name.upper()`.
        yield from chains(node.node.node)
        for part in node.iter_child_nodes(exclude=("node",)):
            yield from chains(part)
        return
    path = chain(node)
    if path is not None:
        if not isinstance(node, nodes.Name) or node.ctx == "load":
            yield path
        return
    for part in node.iter_child_nodes():
        yield from chains(part)


def nested(
    names: Iterable[str], values: Iterable[object], constants: Mapping[str, object]
) -> dict[str, object]:
    """The values as templates read them: `customer.first_name` in a mapping `customer`. None is no value.

    Where a constant has the same first name, the person's values are laid over a copy of it.
    """
    context: dict[str, object] = {}
    for name, value in zip(names, values, strict=True):
        *parents, last = name.split(".")
        if not parents:
            if value is not None:
                context[last] = present(value)
            continue
        if parents[0] not in context:
            context[parents[0]] = copied(constants.get(parents[0], {}))
        place(context, parents, last, value)
    return context


def place(context: dict[str, object], parents: list[str], last: str, value: object) -> None:
    """Puts one value where its path leads, making the mappings on the way."""
    holder: object = context
    for name in parents:
        holder = child(holder, name)
    if value is None:
        return
    if isinstance(holder, list):
        holder[int(last)] = present(value)
    elif isinstance(holder, dict):
        holder[int(last) if last.isdigit() else last] = present(value)


def child(holder: object, name: str) -> object:
    """The container of that name inside another, made where it is missing."""
    if isinstance(holder, list):
        return holder[int(name)]
    assert isinstance(holder, dict)
    key: str | int = int(name) if name.isdigit() else name
    if not isinstance(holder.get(key), (dict, list)):
        holder[key] = {}
    return holder[key]


def present(value: object) -> object:
    """A record without the fields that have no value; anything else as it is."""
    if isinstance(value, dict):
        return {key: present(item) for key, item in value.items() if item is not None}
    return value


def copied(value: object) -> object:
    """Plain containers copied all the way down, so that constants stay as they are."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(item) for item in value]
    return value
