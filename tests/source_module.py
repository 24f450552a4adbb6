"""One Python file of the tree, parsed once: what the rules of the house are read from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Module:
    """One Python file: its path inside the project, with slashes, and its text."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @property
    def package(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def dotted(self) -> tuple[str, ...]:
        parts = self.path.removesuffix(".py").split("/")
        return tuple(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """(line, full dotted name) of everything imported, at any depth: `from a import b` gives `a.b`."""
        found: list[tuple[int, str]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    here = self.dotted if self.path.endswith("__init__.py") else self.dotted[:-1]
                    base = ".".join((*here[: len(here) - node.level + 1], *([base] if base else [])))
                found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
        return found

    @cached_property
    def functions(self) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Every function with its qualified name (`Class.method`, `outer.inner`)."""
        return list(_functions(self.tree, ()))


def _functions(node: ast.AST, above: tuple[str, ...]) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield ".".join((*above, child.name)), child
            yield from _functions(child, (*above, child.name))
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, (*above, child.name))
        else:
            yield from _functions(child, above)
