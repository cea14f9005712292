"""The editor in which people write longer texts. Whatever ends it, what they wrote is kept and named."""

import os
from collections.abc import Sequence

from helpdesk_cli.errors import Failed, NotAllowed, Usage

CUT_LINE = "# ------------------------ >8 ------------------------"
"""What stands below it in the editor is not part of the text."""


def editor() -> list[str]:
    """The words that call the person's editor: ``VISUAL``, ``EDITOR``, else the system's.

    Raises Usage where they cannot be read, and NotAllowed under sudo, for the editor would run as the
    store's owner, and most can run any program.
    """
    from shlex import split

    from helpdesk_cli.services.lending import lent_to

    if lent_to():
        raise NotAllowed("the editor would run as the store's owner, not as you; use -m TEXT or -F FILE")
    name = next((each for each in ("VISUAL", "EDITOR") if os.environ.get(each, "").strip()), "")
    try:
        return split(os.environ[name]) if name else [_usual()]
    except ValueError as error:
        raise Usage(f"{name}={os.environ[name]}: {str(error).lower()}; name an editor") from None


def _usual() -> str:
    from shutil import which

    usual = ("notepad",) if os.name == "nt" else ("sensible-editor", "editor", "vi", "nano")
    return next((name for name in usual if which(name)), "vi")


def edited(command: Sequence[str], begun: str, about: str = "") -> str:
    """What a person writes in their editor, above what it is about.

    Raises Failed where the editor fails, KeyboardInterrupt where it ended by Ctrl-C. In all these cases
    the file stays, and is named.
    """
    path = _laid_out(begun, about)
    try:
        code = _wait([*command, path])
    except OSError as error:
        words = f"{command[0]}: {error.strerror}; name an editor in VISUAL or EDITOR"
        raise Failed(words + _note(path)) from None
    except BaseException:  # signals
        from helpdesk_cli.cli.output import warn

        warn(f"the editor was interrupted; nothing was saved{_note(path)}")
        raise
    if code:
        raise Failed(f"the editor ended with exit code {code}; nothing was saved{_note(path)}")
    with open(path, "rb") as file:  # noqa: PTH123
        text = file.read().partition(CUT_LINE.encode())[0].decode("utf-8", "replace")
    os.unlink(path)  # noqa: PTH108
    return text


def _laid_out(begun: str, about: str) -> str:
    """A private file with the text so far, and below a line what it is about; its path."""
    from tempfile import mkstemp

    handle, path = mkstemp(".txt", "helpdesk-text-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        below = "\n".join(f"# {line}".rstrip() for line in about.splitlines())
        file.write(f"{begun}\n\n{CUT_LINE}\n{below}\n" if about else begun)
    return path


def _wait(words: Sequence[str]) -> int:
    """Run the editor; its exit code.

    Ctrl-C reaches it and us alike, and many editors go on after it: then so do we. Raises KeyboardInterrupt
    where it does not. Where another signal ends us, the editor ends with us.
    """
    import signal
    import subprocess

    was_interrupted = False

    def note(*_: object) -> None:
        nonlocal was_interrupted
        was_interrupted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        running = subprocess.Popen(words)
        try:
            code = running.wait()
        except BaseException:
            running.terminate()
            try:
                running.wait(2)
            except subprocess.TimeoutExpired:
                running.kill()
            raise
    finally:
        signal.signal(signal.SIGINT, before)
    if code == -signal.SIGINT or (code and was_interrupted):
        raise KeyboardInterrupt
    return code


def _note(path: str) -> str:
    """Where the text of an editor that failed is kept; "" and no file where nothing was written."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            written = file.read().partition(CUT_LINE.encode())[0]
        if not written.strip():
            os.unlink(path)  # noqa: PTH108
            return ""
        os.truncate(path, len(written))
    except OSError:
        pass
    return f"; your text is kept in {path}"
