"""The rules of the house, read from the syntax tree: who may import what, and the shape of a module.

Each rule takes a module and yields faults as one line of text. Pure: test_architecture.py feeds it the tree and planted violations.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.source_module import Module

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("contract", "agent", "drivers", "centre", "simulator", "panel")

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50

PURE_STDLIB = frozenset(
    [
        "__future__",
        "abc",
        "base64",
        "binascii",
        "bisect",
        "codecs",
        "collections",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "re",
        "string",
        "struct",
        "types",
        "typing",
        "unicodedata",
    ]
)
"""What a module without clock, I/O, threads and randomness may import. `datetime` is arithmetic only: see WALL_CLOCK."""

WALL_CLOCK = frozenset({"now", "utcnow", "today", "fromtimestamp"})
"""Names of datetime and date that read a clock, or the machine's timezone."""

STARTS = "centre/own_process.py"
"""It is a program: it hands its words on to the module that it runs."""
SPEECH = frozenset({"exit", "stdin", "stdout", "stderr", "argv"})
"""Of sys: how a command hears, tells and ends."""

NOT_SO_PURE = {
    "drivers/osdp/crypto.py": frozenset({"cryptography", "secrets"}),
    "contract/timezones.py": frozenset({"zoneinfo"}),
}
"""Ciphers are pure though the library is not in the stdlib; a challenge has to be random, and no caller may forget that. A time zone's name is looked up."""

CORE_KNOWS = frozenset(
    {"bounds", "care", "codec", "commands", "digest", "facts", "frozen", "hours", "kinds", "messages", "people", "plain",
     "rounds", "scopes", "software", "strict_json", "visitors"}
)  # fmt: skip
"""What of the contract the core may import."""
PURE_CONTRACT = CORE_KNOWS | {"base64url", "refusal", "timezones", "values"}
"""That, and what it is made of: as pure as the core itself."""

WEB = frozenset({"starlette", "uvicorn", "h11"})
CONSOLE = frozenset({"jinja2", "msgspec", "markupsafe", "sse_starlette"})
"""What the console's pages and calls are made with."""
LIBRARY_HOMES = {
    "serial": ("drivers/port.py",),
    "apscheduler": ("agent/calendar.py",),
    "yaml": ("agent/config/source.py",),
    "paho": ("agent/link/connection.py", "agent/link/trial.py", "centre/link.py", "simulator/fleet/connections.py"),
    **dict.fromkeys(("sqlite_utils", "sqlite3"), ("agent/store/",)),
    **dict.fromkeys(("joserfc", "sqlalchemy"), ("centre/",)),
    "nacl": ("centre/sodium.py",),
    "argon2": ("centre/login_passwords.py",),
    **dict.fromkeys(("authlib", "requests"), ("centre/single_sign_on.py",)),
    "alembic": ("centre/migrations/",),
    "rich": ("centre/", "simulator/"),
    **dict.fromkeys(WEB, ("centre/file_server.py", "centre/console/", "simulator/demo/web/")),
    **dict.fromkeys(CONSOLE, ("centre/console/", "simulator/demo/web/")),
    "iotcore": ("simulator/",),
    "PIL": (
        "panel/",
        "simulator/dwin_set/",
        "simulator/demo/acting.py",
        "simulator/dwin_panel.py",
        "simulator/sheet.py",
        "simulator/tjc_canvas.py",
    ),
}
"""The one file (or folder, with a slash) that knows each library."""

SURFACES = {"centre": {"click": ("centre/cli/",)}}
"""By package, libraries of its surface: what is done there is a function that another surface calls the same way."""

THIRD_PARTY = {
    "contract": frozenset({"cryptography"}),
    "drivers": frozenset({"serial", "cryptography"}),
    "agent": frozenset({"cryptography", "paho", "apscheduler", "yaml", "click", "sqlite_utils"}),
    "centre": frozenset(
        {
            "cryptography",
            "paho",
            "joserfc",
            "nacl",
            "sqlalchemy",
            "alembic",
            "rich",
            "click",
            "segno",
            "argon2",
            "authlib",
            "requests",
        }
    )
    | WEB
    | CONSOLE,
    "simulator": frozenset({"iotcore", "rich", "click", "cryptography", "paho", "PIL"}) | WEB | CONSOLE,
    "panel": frozenset({"PIL", "click"}),
}
"""What each package may ask of others; all of it is declared in pyproject.toml."""

OTHER_CLOCKS = frozenset({"simulator/demo/clocked.py"})
"""The agent itself, started by the story's clock: some of its limits are shortened in that process."""
JOINS = "panel/show/"
"""It shows a unit's pages as its resident sees them: the agent's pages, by its drivers, on a simulated panel."""
SEES = {
    "agent": ("drivers", "contract"),
    "centre": ("contract",),
    "simulator": ("contract",),
    "panel": ("drivers", "contract"),
}
"""Whose classes a reader of a package meets in it, beside its own. The console's words (a visit, a call) are the web's, and stay in it."""

APP_USERS = frozenset({"agent/__main__.py", "agent/cli/run.py"})
"""The composition root is started from here and known nowhere else."""

THREAD_TOPS = frozenset(
    {
        "agent/__main__.py:main",
        "agent/app.py:Agent.run",
        "agent/link/client.py:Link._connection",
    }
)
"""`file:function` where a thread begins: the only places that may catch Exception, to hand over or write out what is our own fault."""

OWN_PLACES = frozenset({"home", "root", "Users", "tmp", "opt", "mnt", "media", "srv", "work", "workspace", "builds"})
"""First parts of absolute paths that say where somebody's checkout or scratch files are."""


def under(name: str, *tops: str) -> bool:
    """Is this dotted name one of `tops`, or inside one?"""
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def in_home(path: str, homes: Iterable[str]) -> bool:
    return any(path.startswith(home) if home.endswith("/") else path == home for home in homes)


def _ours(name: str) -> bool:
    return name.split(".", 1)[0] in PACKAGES


def import_faults(module: Module) -> Iterator[str]:
    """Who may import what (docs/architecture.md)."""
    for line, name in module.imports:
        for fault in (*_direction(module, name), *_purity(module, name), *_libraries(module, name)):
            yield f"{module.path}:{line}: {fault}"


def _direction(module: Module, name: str) -> Iterator[str]:
    """Which of our own packages a module may know."""
    if under(name, "tests", "benchmarks"):
        yield f"imports {name}: the product does not know its tests"
    if not _ours(name):
        return
    if under(name, "agent.app") and module.path not in APP_USERS:
        yield f"imports {name}: nobody imports the composition root"
    match module.package:
        case "contract":
            allowed = under(name, "contract")
        case "drivers":
            allowed = under(name, "drivers", "contract.frozen")
        case "agent":
            allowed = under(name, "agent", "drivers", "contract")
        case "centre":
            allowed = under(name, "centre", "contract", "drivers.reader.card")
        case "simulator":
            allowed = under(name, "simulator", "centre", "contract") or (
                under(name, "agent") and (module.path in OTHER_CLOCKS or not under(name, "agent.core", "agent.store"))
            )
        case "panel":
            whole = module.path.startswith(JOINS) and under(name, "agent", "drivers", "simulator")
            display = ("drivers.display", "drivers.wire", "agent.words", "agent.cli.language")
            allowed = whole or under(name, "panel", "contract", *display)
        case _:
            allowed = True
    if not allowed:
        yield f"{module.package} imports {name}"
    if module.package == "centre" and under(name, "centre.cli") and not module.path.startswith("centre/cli/"):
        yield f"imports {name}: what the centre does knows none of its commands"
    known = (f"contract.{part}" for part in CORE_KNOWS)
    if module.path.startswith("agent/core/") and not under(name, "agent.core", *known):
        yield f"the core imports {name}: it knows itself, and of the contract {', '.join(sorted(CORE_KNOWS))}"
    others = (f"contract.{part}" for part in PURE_CONTRACT)
    if _is_pure_contract(module.path) and not under(name, *others):
        yield f"imports {name}: the core imports this, and nothing that is less pure than itself"


def is_pure(path: str) -> bool:
    """The core, what it knows of the contract, and the drivers' codecs and sessions (all but the port's thread)."""
    of_drivers = path.startswith("drivers/") and path != "drivers/port.py"
    return path.startswith("agent/core/") or _is_pure_contract(path) or of_drivers


def _is_pure_contract(path: str) -> bool:
    package, _, part = path.removesuffix(".py").partition("/")
    return package == "contract" and part.split("/")[0] in PURE_CONTRACT


def _purity(module: Module, name: str) -> Iterator[str]:
    if not is_pure(module.path):
        return
    if under(name, "drivers.port") and module.path != "drivers/__init__.py":
        yield f"imports {name}: codecs and sessions know no thread and no port"
    top = name.split(".", 1)[0]
    if not _ours(name) and top not in PURE_STDLIB and top not in NOT_SO_PURE.get(module.path, ()):
        yield f"imports {name}: neither clock, I/O, threads nor randomness here"


def _libraries(module: Module, name: str) -> Iterator[str]:
    top = name.split(".", 1)[0]
    homes = LIBRARY_HOMES.get(top)
    if homes is not None and not in_home(module.path, homes):
        yield f"imports {name}: {top} lives in {' and '.join(homes)}"
    surface = SURFACES.get(module.package, {}).get(top)
    if surface is not None and not in_home(module.path, surface):
        yield f"imports {name}: within {module.package}, {top} lives in {' and '.join(surface)}"
    if not _ours(name) and top not in sys.stdlib_module_names and top not in {"tests", "benchmarks"}:
        known = THIRD_PARTY.get(module.package)
        if known is not None and top not in known:
            yield f"imports {name}: not one of {module.package}'s libraries"


def clock_faults(module: Module) -> Iterator[str]:
    """No pure module reads a wall clock through datetime, logs, prints or opens a file."""
    if not is_pure(module.path):
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in WALL_CLOCK:
            if node.func.attr == "fromtimestamp" and (len(node.args) > 1 or node.keywords):
                continue
            yield f"{module.path}:{node.lineno}: .{node.func.attr}() reads the machine's clock or zone"
        if isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}:
            yield f"{module.path}:{node.lineno}: {node.func.id}() is input or output"


def speech_faults(module: Module) -> Iterator[str]:
    """What the centre does neither prints nor asks nor ends the process: its commands do."""
    if module.package != "centre" or module.path.startswith("centre/cli/") or module.path == STARTS:
        return
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"print", "input", "exit"}
        ):
            yield f"{module.path}:{node.lineno}: {node.func.id}() belongs to a command"
        if isinstance(node, ast.Attribute) and _is_name(node.value, "sys") and node.attr in SPEECH:
            yield f"{module.path}:{node.lineno}: sys.{node.attr} belongs to a command"


def except_faults(module: Module, tops: frozenset[str] = THREAD_TOPS) -> Iterator[str]:
    """`except Exception` (or wider) only where a thread begins, or to clean up and raise again."""
    allowed = {name for name, _ in module.functions if f"{module.path}:{name}" in tops}
    inside = {
        id(handler)
        for name, function in module.functions
        if name in allowed
        for handler in ast.walk(function)
        if isinstance(handler, ast.ExceptHandler)
    }
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler) or id(node) in inside or _raises_again(node):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for kind in kinds:
            if kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}):
                yield f"{module.path}:{node.lineno}: catches everything, and no thread begins here"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Its last word is a bare `raise`, and no way leads out before it."""
    last = handler.body[-1]
    if not isinstance(last, ast.Raise) or last.exc is not None:
        return False
    return not any(isinstance(node, ast.Return | ast.Continue | ast.Break) for node in ast.walk(handler))


def thread_faults(module: Module) -> Iterator[str]:
    """Every thread has a name; no threading.Timer (deadlines are the core's)."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {keyword.arg for keyword in node.keywords}
        if called == "Thread" and "name" not in given:
            yield f"{module.path}:{node.lineno}: a thread without a name"
        if called == "ThreadPoolExecutor" and not given & {"thread_name_prefix", "pool_kwargs"}:
            yield f"{module.path}:{node.lineno}: worker threads without a name"
        if called == "Timer" and isinstance(node.func, ast.Attribute) and _is_name(node.func.value, "threading"):
            yield f"{module.path}:{node.lineno}: threading.Timer: deadlines belong to the core"


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def size_faults(module: Module) -> Iterator[str]:
    """Modules and functions over their limits. There are no exceptions."""
    lines = module.source.count("\n")
    if lines > MAX_MODULE_LINES:
        yield f"{module.path}: {lines} lines, over {MAX_MODULE_LINES}"
    for name, node in module.functions:
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield f"{module.path}:{node.lineno}: {name} has {length} lines, over {MAX_FUNCTION_LINES}"


_ABSOLUTE = re.compile(r"(?:^|[\s\"'`(=:])/([a-zA-Z][\w.-]*)/[\w.-]")


def path_faults(path: str, text: str) -> Iterator[str]:
    """No absolute path that exists on one machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        for first in _ABSOLUTE.findall(line):
            if first in OWN_PLACES:
                yield f"{path}:{number}: /{first}/… is a path of one machine"


def opening_faults(module: Module) -> Iterator[str]:
    """A module opens with what it owns and must not do."""
    if module.source.strip() and ast.get_docstring(module.tree) is None:
        yield f"{module.path}:1: no opening lines say what this module owns"


SAME_NAMED = frozenset({"Role"})
"""A holder's role at the doors and an account's at the centre: it is the field's word for both."""


def name_faults(modules: Iterable[Module]) -> Iterator[str]:
    """Two public classes of one name, where a reader of one meets the other."""
    homes: dict[tuple[str, str], str] = {}
    classes = [(m, node) for m in modules for node in m.tree.body if isinstance(node, ast.ClassDef)]
    for module, node in sorted(classes, key=lambda each: each[0].package not in set().union(*SEES.values())):
        if node.name.startswith("_") or node.name in SAME_NAMED:
            continue
        here = "console" if module.path.startswith("centre/console/") else module.package
        for package in (here, *SEES.get(here, ())):
            if (other := homes.get((package, node.name))) is not None:
                yield f"{module.path}:{node.lineno}: {node.name} is also a class of {other}"
        homes[here, node.name] = module.path
