"""Places to choose from, as far as they are shown at once: what lies deeper comes when it is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from centre.scope_tree import Node

SHOWN = 150
"""Places shown at once."""
FOUND = 50


@dataclass(frozen=True, slots=True)
class Branch:
    """`children`: None where there are some, and they are not shown yet. `is_on`: chosen."""

    node: Node
    is_on: bool
    is_open: bool
    children: tuple[Branch, ...] | None


def branches(nodes: Sequence[Node], chosen: Collection[str], opened: Collection[str] = ()) -> tuple[Branch, ...]:
    """As many levels as there is room for; whatever is chosen or opened stands in sight."""
    depth, count, level = 0, len(nodes), list(nodes)
    while level:
        level = [child for node in level for child in node.children]
        count += len(level)
        if count > SHOWN:
            break
        depth += 1
    return tuple(_branch(node, max(depth, 1), frozenset(chosen), frozenset(opened)) for node in nodes)


def _branch(node: Node, depth: int, chosen: frozenset[str], opened: frozenset[str]) -> Branch:
    wanted = opened | chosen
    within = any(each.scope in wanted for each in below(node)) or node.scope in opened
    children = (
        tuple(_branch(each, depth - 1, chosen, opened) for each in node.children)
        if depth > 0 or within or not node.children
        else None
    )
    return Branch(node, node.scope in chosen, within or depth > 1, children)


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


def matching(nodes: Sequence[Node], text: str) -> list[Node]:
    """Places with this in their name or id, the wider ones first."""
    wanted = text.casefold()
    level, matches = list(nodes), list[Node]()
    while level and len(matches) < FOUND:
        matches += [node for node in level if wanted in f"{node.words} {node.scope}".casefold()]
        level = [child for node in level for child in node.children]
    return matches[:FOUND]
