"""Runs that are killed, on every engine, and desks on servers that are killed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import Site, with_bob
from servers import dovecot  # noqa: F401 -- a fixture
from stores import ENGINES, SQLITE

from helpdesk_cli.store import open_engine


@pytest.fixture(params=ENGINES)
def engine_kind(request: pytest.FixtureRequest) -> str:
    """What one engine survives the other one must."""
    return str(request.param)


@pytest.fixture
def kills(engine_kind: str) -> int:
    """So often a run is killed; a run takes three times as long with a server."""
    return 100 if engine_kind == SQLITE else 7


@pytest.fixture
def site_at(site_template: Path, tmp_path: Path) -> Callable[[str], Site]:
    """Make a complete small desk whose store is an empty database at an address."""

    def made(url: str) -> Site:
        shutil.copytree(site_template, tmp_path / "site")
        site = Site(tmp_path / "site", url)
        engine = open_engine(url)
        engine.build()
        engine.close()
        with_bob(site)
        return site

    return made
