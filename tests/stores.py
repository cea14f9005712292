"""Where a test's stores come from: a test that asks for one runs once on each engine.

A store is built once for all tests of a process and then copied: to build one takes as long as ten copies.
"""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine, Tx

if TYPE_CHECKING:
    from postgres import PgBouncer, PostgresServer

SQLITE, POSTGRESQL, PGBOUNCER = "sqlite", "postgresql", "pgbouncer"
ENGINES = (SQLITE, POSTGRESQL)

on_both = pytest.mark.parametrize("engine_kind", ENGINES)
on_sqlite = pytest.mark.parametrize("engine_kind", [SQLITE])
on_postgres = pytest.mark.parametrize("engine_kind", [POSTGRESQL])
"""For a test, in place of the engines that its folder names."""

Fill = Callable[[str], None]
"""Writes into a store, given its address."""

_NUMBERS = itertools.count(1)


class Moulds:
    """The stores that others are copies of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, bool], str] = {}

    def named(self, name: str, fill: Fill, server: "PostgresServer | None") -> str:
        """The file or the database of that name."""
        key = (name, server is None)
        if key not in self._made:
            self._made[key] = self._new(name, fill, server)
        return self._made[key]

    def _new(self, name: str, fill: Fill, server: "PostgresServer | None") -> str:
        mould = f"{self._folder}/{name}.db" if server is None else f"mould_{name}"
        url = f"sqlite:{mould}" if server is None else server.create_database(mould)
        engine = open_engine(url)
        engine.build()
        engine.close()
        fill(url)
        return mould


class Stores:
    """New stores of one engine; they end with the test."""

    def __init__(
        self,
        kind: str,
        moulds: Moulds,
        folder: Path,
        server: "PostgresServer | None" = None,
        pooler: "PgBouncer | None" = None,
    ) -> None:
        self.kind, self._moulds, self._folder = kind, moulds, folder
        self._server, self._pooler = server, pooler
        self._made: list[str] = []

    def empty(self) -> str:
        """The address of a store that is yet to be built."""
        return self._new("")

    def built(self) -> str:
        """The address of a new store."""
        return self.copy("built", lambda url: None)

    def copy(self, name: str, fill: Fill, *, file: Path | None = None) -> str:
        """The address of a new store like the one of that name, into which ``fill`` wrote once.

        ``file`` is where SQLite's is to be.
        """
        return self._new(self._moulds.named(name, fill, self._server), file)

    def _new(self, mould: str, file: Path | None = None) -> str:
        number = next(_NUMBERS)
        if self._server is None:
            path = file or self._folder / f"desk{number}.db"
            if mould:
                shutil.copy(mould, path)  # with its mode
            return f"sqlite:{path}"
        name = f"store_{number}"
        url = self._server.create_database(name, *([mould] if mould else []))
        self._made.append(name)
        return self._pooler.url(name) if self._pooler else url

    def end(self) -> None:
        if self._server is not None:
            for name in self._made:
                self._server.drop_database(name)


@pytest.fixture(scope="session")
def moulds(tmp_path_factory: pytest.TempPathFactory) -> Moulds:
    """The stores that all tests of this process copy."""
    return Moulds(tmp_path_factory.mktemp("moulds"))


@pytest.fixture
def stores(
    engine_kind: str, moulds: Moulds, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Stores]:
    """New stores on the test's engine."""
    server = request.getfixturevalue("postgres") if engine_kind != SQLITE else None
    pooler = request.getfixturevalue("pgbouncer") if engine_kind == PGBOUNCER else None
    made = Stores(engine_kind, moulds, tmp_path, server, pooler)
    yield made
    made.end()


@pytest.fixture
def empty_url(stores: Stores) -> str:
    """The address of a store of this test's own, which is yet to be built."""
    return stores.empty()


@pytest.fixture
def store_url(stores: Stores) -> str:
    """The address of a new store of this test's own."""
    return stores.built()


def insert(tx: Tx, name: str, value: int = 1) -> None:
    """Write the smallest row that there is."""
    tx.run("insert into counter (name, value) values (:name, :value)", name=name, value=value)


def names(engine: Engine) -> list[object]:
    """What ``insert`` wrote."""
    with engine.read() as tx:
        return [row[0] for row in tx.rows("select name from counter order by name")]
