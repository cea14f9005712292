"""What tests of several rooms share: a small desk of their own."""

import shutil
from pathlib import Path

import pytest
from desks import Site

from helpdesk_cli.config.credentials import new_key
from helpdesk_cli.services.desk import open_desk
from helpdesk_cli.services.people import join, new_staff
from helpdesk_cli.store import open_engine


@pytest.fixture(scope="session")
def site_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small desk, built once: bob is an admin and answers for the support department."""
    site = Site(tmp_path_factory.mktemp("site"))
    for box in (site.inbox, site.out):
        for part in ("tmp", "new", "cur"):
            (box / part).mkdir(parents=True)
    site.configure()
    new_key(str(site.folder / "secret.key"))
    engine = open_engine(f"sqlite:{site.store}")
    engine.build()
    engine.close()
    with open_desk(str(site.config), is_job=True) as desk:
        new_staff(desk, "bob", name="Bob Baker", email="bob@desk.example", role="admin")
        join(desk, "bob", "support")
    return site.folder


@pytest.fixture
def site(site_template: Path, tmp_path: Path) -> Site:
    """A complete small desk of this test's own."""
    folder = tmp_path / "site"
    shutil.copytree(site_template, folder)
    return Site(folder)
