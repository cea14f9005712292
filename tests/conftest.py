"""What tests of several rooms share: a small desk of their own."""

import shutil
import signal
from pathlib import Path

import pytest
from desks import OWN_STORE, Site, with_bob
from postgres import database, new_postgres, pgbouncer, postgres  # noqa: F401 -- fixtures
from stores import SQLITE, Stores, empty_url, moulds, store_url, stores  # noqa: F401 -- fixtures

from helpdesk_cli.config.credentials import new_key

# Who starts the tests in the background may have these ignored, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def engine_kind() -> str:
    """The database of a test that asks for a store: SQLite, where its folder says nothing else."""
    return SQLITE


@pytest.fixture(scope="session")
def site_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small desk, without a store."""
    site = Site(tmp_path_factory.mktemp("site"))
    for box in (site.inbox, site.out):
        for part in ("tmp", "new", "cur"):
            (box / part).mkdir(parents=True)
    new_key(str(site.folder / "secret.key"))
    return site.folder


@pytest.fixture
def site(site_template: Path, stores: Stores, tmp_path: Path) -> Site:  # noqa: F811
    """A complete small desk of this test's own: bob is an admin and answers for the support department."""
    folder = tmp_path / "site"
    shutil.copytree(site_template, folder)

    url = stores.copy("site", lambda url: with_bob(Site(folder, url)), file=folder / "helpdesk.db")
    made = Site(folder, OWN_STORE if stores.kind == SQLITE else url)
    made.configure()
    return made
