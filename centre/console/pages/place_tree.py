"""Places to choose from, as far as they are shown at once: what lies deeper comes when it is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from centre.scope_tree import Node, PlaceRoll

SHOWN = 150
"""Places that come with the page; of them so many are opened to be seen at once."""
OPENED = 40
FOUND = 50


@dataclass(frozen=True, slots=True)
class PlaceBranch:
    """`children`: None where there are some, and they are not shown yet. `is_on`: chosen."""

    node: Node
    is_on: bool
    is_open: bool
    children: tuple[PlaceBranch, ...] | None


def branches(nodes: Sequence[Node], chosen: Collection[str], opened: Collection[str] = ()) -> tuple[PlaceBranch, ...]:
    """As many levels as there is room for; whatever is chosen or opened stands in sight."""
    known, seen = _levels(nodes, SHOWN), _levels(nodes, OPENED)
    return tuple(_branch(node, max(known, 1), seen, frozenset(chosen), frozenset(opened)) for node in nodes)


def _levels(nodes: Sequence[Node], room: int) -> int:
    """How many levels below these have room for so many."""
    depth, count, level = 0, len(nodes), list(nodes)
    while level := [child for node in level for child in node.children]:
        count += len(level)
        if count > room:
            break
        depth += 1
    return depth


def _branch(node: Node, known: int, seen: int, chosen: frozenset[str], opened: frozenset[str]) -> PlaceBranch:
    wanted = opened | chosen
    within = node.scope in opened or any(each.scope in wanted for each in below(node))
    children = (
        tuple(_branch(each, known - 1, seen - 1, chosen, opened) for each in node.children)
        if known > 0 or within or not node.children
        else None
    )
    return PlaceBranch(node, node.scope in chosen, within or seen > 0, children)


def below(node: Node) -> Iterator[Node]:
    """All that lies in it."""
    for each in node.children:
        yield each
        yield from below(each)


def found(nodes: Sequence[Node], scope: str) -> Node | None:
    for node in nodes:
        if node.scope == scope:
            return node
        if (inside := found(node.children, scope)) is not None:
            return inside
    return None


def matching(known: PlaceRoll, nodes: Sequence[Node], text: str) -> list[Node]:
    """Places with this in their name or id, the wider ones first."""
    wanted = text.casefold()
    level, matches = list(nodes), list[Node]()
    while level and len(matches) < FOUND:
        matches += [node for node in level if wanted in f"{known.words(node.scope)} {node.scope}".casefold()]
        level = [child for node in level for child in node.children]
    return matches[:FOUND]
