"""Every promise of an engine is held on each: SQLite, PostgreSQL, and PostgreSQL behind a pooler."""

from collections.abc import Iterator

import pytest
from stores import ENGINES, PGBOUNCER

from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine


@pytest.fixture(params=(*ENGINES, PGBOUNCER))
def engine_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """A new store."""
    opened = open_engine(store_url)
    yield opened
    opened.close()


@pytest.fixture
def other(store_url: str) -> Iterator[Engine]:
    """The same store, as another process has it open."""
    opened = open_engine(store_url)
    yield opened
    opened.close()
