"""Other programs that take in mail, each in an environment of its own, set up for the same work as this one.

Each class is one contestant: ``prepare`` makes everything ready, ``run`` takes in all the mails and returns
what that whole command took, ``taken`` counts what really arrived.
"""

import os
import re
import shutil
import sqlite3
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import work
from dovecot import PASSWORD, Dovecot, fill


class Mails(NamedTuple):
    """The same mails in two forms."""

    maildir: Path
    mbox: Path


def environment(package: str) -> Path:
    """The ``bin`` folder of a virtual environment that has this package, in the version of peers.txt."""
    home = work.WORK / package
    if not (home / "bin" / "pip").exists():
        venv.create(home, with_pip=True)
    work.quietly([str(home / "bin" / "pip"), "install", "-qq", package, "-c", str(work.BENCH / "peers.txt")])
    return home / "bin"


def rows(path: Path, table: str) -> int:
    """How many rows a table of a SQLite file has."""
    with sqlite3.connect(path) as store:
        return int(store.execute(f"select count(*) from {table}").fetchone()[0])


class Helpdesk:
    """This program, from a Maildir."""

    name = "helpdesk, Maildir"

    def prepare(self, mails: Mails) -> None:
        box = work.fresh("mails-helpdesk")
        shutil.copytree(mails.maildir, box / "Maildir")
        self.start = work.desk("desk", f'kind = "maildir"\npath = "{box}/Maildir"')

    def run(self) -> work.Took:
        return work.timed([*self.start, "fetch-mail"])

    def taken(self) -> int:
        became = work.outcomes(self.start)
        return became["opened"] + became["replied"]


class HelpdeskImap(Helpdesk):
    """This program, from Dovecot; mails stay on the server as they are."""

    name = "helpdesk, IMAP"

    def __init__(self, server: Dovecot) -> None:
        self.server = server

    def prepare(self, mails: Mails) -> None:
        fill(self.server, "helpdesk", mails.maildir)
        self.start = work.desk(
            "desk-imap",
            f'kind = "imap"\nhost = "127.0.0.1"\nport = {self.server.imap}\nsecurity = "none"\n'
            f'username = "helpdesk"\npassword = "{PASSWORD}"\nafter = "keep"',
        )


class Roundup:
    """Roundup's mail gateway over an mbox file, its fastest way: all mails in one process.

    Its classic tracker in SQLite; strangers are registered, HTML mail is turned into text by its own
    converter, mail that it would send goes to a file. Hashing a password for every new user is turned
    down to the least that it allows (of 250,000 rounds, 0.1 s a user), since this program makes none.
    """

    name = "roundup-mailgw, mbox"

    def prepare(self, mails: Mails) -> None:
        self.bin = environment("roundup")
        self.home = work.fresh("tracker")
        admin = [str(self.bin / "roundup-admin"), "-i", str(self.home)]
        work.quietly([*admin, "install", "classic", "sqlite"])
        settings = {
            ("main", "admin_email"): "admin",
            ("main", "password_pbkdf2_default_rounds"): "1000",
            ("tracker", "web"): "http://localhost/",
            ("tracker", "email"): "support",
            ("mail", "domain"): "desk.example",
            ("mail", "host"): "localhost",
            ("mail", "debug"): str(self.home / "sent.txt"),
            ("mailgw", "convert_htmltotext"): "dehtml",
        }
        config = self.home / "config.ini"
        text = config.read_text()
        for (section, key), value in settings.items():
            line = rf"(?ms)^(\[{section}\]\n.*?)^#? ?{key} =.*?$"
            text, found = re.subn(line, rf"\g<1>{key} = {value}", text, count=1)
            if not found:
                sys.exit(f"roundup's config.ini has no {key} in [{section}]")
        config.write_text(text)
        schema = self.home / "schema.py"
        grant = "db.security.addPermissionToRole('Anonymous', 'Email Access')"
        schema.write_text(schema.read_text().replace(f"#{grant}", grant))
        work.quietly([*admin, "initialise", "admin"])
        self.mbox = self.home / "incoming.mbox"
        shutil.copyfile(mails.mbox, self.mbox)

    def run(self) -> work.Took:
        return work.timed([str(self.bin / "roundup-mailgw"), str(self.home), "mailbox", str(self.mbox)])

    def taken(self) -> int:
        return rows(self.home / "db/db", "_msg")


class DjangoHelpdesk:
    """django-helpdesk's get_email over a queue of kind "local": a directory of files; no mail goes out."""

    name = "django-helpdesk get_email, directory"

    def prepare(self, mails: Mails) -> None:
        self.bin = environment("django-helpdesk")
        self.home = work.fresh("django")
        self.environment = {
            "BENCH_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "PYTHONPATH": str(work.BENCH / "django_site"),
        }
        work.quietly([str(self.bin / "django-admin"), "migrate", "-v0"], self.environment)
        work.quietly(
            [str(self.bin / "python"), str(work.BENCH / "django_site/bench_queue.py")], self.environment
        )
        shutil.copytree(mails.maildir / "new", self.home / "mail")

    def run(self) -> work.Took:
        return work.timed([str(self.bin / "django-admin"), "get_email", "--quiet"], self.environment)

    def taken(self) -> int:
        return rows(self.home / "db.sqlite3", "helpdesk_followup")


class Getmail:
    """getmail6 from Dovecot into a Maildir: it copies, and makes no tickets.

    As root it delivers only in another user's name.
    """

    name = "getmail6, IMAP to Maildir"

    def __init__(self, server: Dovecot) -> None:
        self.server = server

    def prepare(self, mails: Mails) -> None:
        self.bin = environment("getmail6")
        self.home = work.fresh("getmail")
        for name in ("new", "cur", "tmp"):
            (self.home / "Maildir" / name).mkdir(parents=True)
        fill(self.server, "getmail", mails.maildir)
        user = ""
        if os.geteuid() == 0:
            user = "user = mail\n"
            for path in (self.home / "Maildir", *(self.home / "Maildir").iterdir()):
                shutil.chown(path, "mail", "mail")
        (self.home / "getmailrc").write_text(
            "[retriever]\ntype = SimpleIMAPRetriever\nserver = 127.0.0.1\n"
            f"port = {self.server.imap}\nusername = getmail\npassword = {PASSWORD}\n"
            f"[destination]\ntype = Maildir\npath = {self.home}/Maildir/\n{user}"
            "[options]\nread_all = true\ndelete = false\n"
        )

    def run(self) -> work.Took:
        return work.timed(
            [str(self.bin / "getmail"), "--getmaildir", str(self.home), "--rcfile", "getmailrc"]
        )

    def taken(self) -> int:
        return len(os.listdir(self.home / "Maildir/new"))
