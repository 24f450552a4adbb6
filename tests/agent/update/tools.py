"""dpkg, dpkg-query, dpkg-deb, rauc and systemctl of a machine in a folder, as far as an update needs them. Run under their names; no imports of ours.

A package is a file of JSON, `{"Package": …, "Version": …, "does": …}`. `does`, of the agent in it: good, crashes, no_centre; of the updater in it: no_updater; or of the package: no_install.
Each has moments at which the test may pull the plug on the whole process group.
"""

import json
import os
import signal
import sys
from pathlib import Path

MACHINE = Path(os.environ["MACHINE"])


def load(name):
    return json.loads((MACHINE / name).read_text())


def save(name, value):
    fresh = MACHINE / f"{name}.new"
    fresh.write_text(json.dumps(value))
    fresh.replace(MACHINE / name)


def moment():
    """The plug is pulled at the one that the test named."""
    if not (MACHINE / "plug").exists():
        return
    at = MACHINE / "moments"
    number = (int(at.read_text()) if at.exists() else 0) + 1
    at.write_text(str(number))
    if number == int((MACHINE / "plug").read_text()):
        os.killpg(0, signal.SIGKILL)


def from_tree(tree):
    """What the files say that a real dpkg has put there: whole where all are of one version."""
    found = {path.read_text() for path in tree.glob("module-*")}
    if len(found) != 1 or len(list(tree.iterdir())) != int(os.environ["TREE_FILES"]):
        return {"Version": "mixed", "does": "crashes", "status": "half-installed"}
    version, does = found.pop().split()
    return {"Version": version, "does": does, "status": "installed"}


def here():
    if "TREE" in os.environ:
        return from_tree(Path(os.environ["TREE"]))
    return load("installed") if (MACHINE / "installed").exists() else load(load("booted"))


def start_agent():
    """What is installed, or was booted, starts: its status says who it is. Nothing half installed ever starts."""
    package = here()
    save("started", load("started") + 1)
    status = MACHINE / "status.json"
    status.unlink(missing_ok=True)
    whole = package.get("status", "installed") == "installed"
    if not whole or package["does"] in {"crashes", "hangs"}:
        restarts = 4 if whole and package["does"] == "crashes" else 0
        save("service", {"ActiveState": "activating", "MainPID": 0, "NRestarts": restarts})
        return
    pid = 1000 + load("started")
    clock = "floor" if package["does"] == "no_centre" else "synced"
    save("status.json", {"pid": pid, "version": package["Version"], "clock": clock, "doors": load("doors")})
    save("service", {"ActiveState": "active", "MainPID": pid})


def install(path):
    package = json.loads(Path(path).read_text())
    moment()
    before = load("installed")
    save("installed", {**before, "status": "half-installed"})
    moment()
    if package["does"] == "no_install":
        sys.exit("dpkg: error processing package doorward (--install): no")
    save("installed", {**package, "status": "unpacked"})
    moment()
    save("installed", {**package, "status": "installed"})
    moment()


def dpkg(args):
    if "--install" in args:
        install(args[-1])


def dpkg_query(args):
    known = load("installed")
    if "--show" in args:
        wanted = next(arg for arg in args if arg.startswith("--showformat"))
        print(f"{known['status']} {known['Version']}" if "Status" in wanted else known["Version"], end="")
    elif "--status" in args:
        print(
            f"Package: doorward\nStatus: install ok installed\nVersion: {known['Version']}\nConffiles:\n /etc/x 1\nDescription: {known['does']}"
        )
    elif "--listfiles" in args:
        print(f"/.\n{MACHINE}\n{MACHINE}/installed")


def dpkg_deb(args):
    if "--field" in args:
        package = json.loads(Path(args[1]).read_text())
        print(f"Package: {package['Package']}\nVersion: {package['Version']}")
    elif "--build" in args:
        control = dict(
            line.split(": ", 1) for line in (Path(args[-2]) / "DEBIAN/control").read_text().splitlines() if ": " in line
        )
        assert "Status" not in control
        made = {"Package": control["Package"], "Version": control["Version"], "does": control["Description"]}
        Path(args[-1]).write_text(json.dumps(made))
        moment()


def rauc(args):
    if args[:1] == ["install"]:
        other = "b" if load("booted") == "a" else "a"
        package = json.loads(Path(args[1]).read_text())
        save(other, {"Version": "half", "does": "crashes", "good": False})
        moment()
        if package["does"] == "no_install":
            sys.exit("rauc: no")
        save(other, {**package, "good": False})
        moment()
        save("primary", other)
        moment()
    elif args[:2] == ["status", "mark-good"]:
        save(load("booted"), {**load(load("booted")), "good": True})
        moment()
    elif args[:2] == ["status", "mark-bad"]:
        save("bad", load("booted"))
        save("primary", "b" if load("booted") == "a" else "a")
        moment()


def doorward(args):
    """The program that is installed, asked whether its updater runs."""
    assert args == ["apply-update", "--check"]
    if here()["does"] == "no_updater":
        sys.exit("doorward: KeyError: no")


def systemctl(args):
    if args[0] == "restart":
        moment()
        start_agent()
        moment()
    elif args[0] == "show":
        for name, value in load("service").items():
            print(f"{name}={value}")
    elif args[0] == "reboot":
        moment()
        save("reboot", True)


if __name__ == "__main__":
    name = Path(sys.argv[0]).name
    if name == "start-agent":
        start_agent()
    else:
        programs = (dpkg, dpkg_query, dpkg_deb, doorward, rauc, systemctl)
        next(each for each in programs if each.__name__ == name.replace("-", "_"))(sys.argv[1:])
