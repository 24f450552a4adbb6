"""A centre's folder, opened: site, keys, books and signer, each when it is asked for. What every use case is handed, whoever calls it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from centre import account_key
from centre.account_key import AccountKey
from centre.books import Books
from centre.folder import Folder, Site
from centre.keys import CentreKeys, load_keys
from centre.signing import Signer


class OpenCentre:
    """The folder at `path`. Every property raises CentreError where it is missing or damaged."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path.absolute())

    @cached_property
    def site(self) -> Site:
        return self.folder.load()

    @cached_property
    def keys(self) -> CentreKeys:
        return load_keys(self.folder)

    @cached_property
    def books(self) -> Books:
        return Books.of(self.folder, self.site)

    @cached_property
    def signer(self) -> Signer:
        return Signer(self.site.site, self.keys)

    @cached_property
    def account_key(self) -> AccountKey:
        return account_key.load(self.folder)

    def read_keys_again(self) -> None:
        """After a change of keys: `keys` and `signer` are those of the files as they are now."""
        self.__dict__.pop("keys", None)
        self.__dict__.pop("signer", None)

    def save(self, site: Site) -> None:
        """Write what `centre.json` says, and go on with it."""
        self.folder.save(site)
        self.__dict__["site"] = site
