"""The program's door: what must be quick or must not fail is answered here, all else by ``cli``."""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from helpdesk_cli.cli.app import Call

RECEIVE_SECONDS = 60.0
"""A mail server waits for its pipe; ours has an answer by then."""

SAFE, TRY_AGAIN = 0, 75

TAKES_A_VALUE = ("--config", "--as")

SIGNS = ("SUDO_USER", "SUDO_UID", "DOAS_USER")
"""Who borrows another's account leaves these."""


def main() -> None:
    """Run the program on ``sys.argv`` and end with its exit code."""
    words = sys.argv[1:]
    if words in (["--version"], ["-V"]):
        leave(show_version())
    if any(os.environ.get(name) for name in SIGNS):
        enter()
    if words == ["--on-behalf"]:
        from functools import partial

        from helpdesk_cli.cli import root
        from helpdesk_cli.cli.app import run
        from helpdesk_cli.cli.behalf.owner import serve
        from helpdesk_cli.cli.failures import told

        leave(serve(partial(run, root), told))
    command, rest = command_of(words)
    if command == "receive" and rest not in (["-h"], ["--help"]):  # an address may be called --help
        os._exit(receive(words))
    gc.disable()  # nothing that an import makes is garbage; looking for some costs a tenth of a start
    from helpdesk_cli.cli import root
    from helpdesk_cli.cli.app import run

    if not words and os.environ.get("_HELPDESK_COMPLETE"):
        from helpdesk_cli.cli.completion import answer

        leave(answer(root))
    leave(run(root, words, hand_over))


def hand_over(call: "Call", path: str, arguments: "Mapping[str, Any]") -> int | None:
    """Let the store's owner do the work of a call; its exit code, None where that is this account."""
    from helpdesk_cli.cli.behalf.caller import hand_over

    return hand_over(call.config, call.login, path, arguments, call.typed)


def enter() -> None:
    """Leave behind what somebody brings along who borrows this account by sudo or doas."""
    from helpdesk_cli.cli.lent import enter
    from helpdesk_cli.errors import DeskError

    try:
        enter()
    except DeskError as error:
        from helpdesk_cli.cli.failures import told

        leave(told(error))


def leave(code: int) -> "NoReturn":
    """End at once. Taking the interpreter apart costs two bare starts, and the system does it anyway."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass  # ``run`` has told what was to be told
    if os.environ.get("HELPDESK_DEBUG"):
        sys.exit(code)
    os._exit(code)


def show_version() -> int:
    """Write the version; the exit code."""
    from helpdesk_cli import __version__

    try:
        if sys.stdout is not None:
            sys.stdout.write(f"helpdesk {__version__}\n")
            sys.stdout.flush()
    except OSError as error:
        from helpdesk_cli.cli.failures import told

        return told(error)
    return 0


def command_of(words: list[str]) -> tuple[str, list[str]]:
    """The first word that is neither an option nor an option's value, and the words after it."""
    rest = iter(words)
    for word in rest:
        if word in TAKES_A_VALUE:
            next(rest, "")
        elif not word.startswith("-"):
            return word, list(rest)
    return "", []


def receive(words: list[str]) -> int:
    """Take in a message: 0 once its bytes are safe, else 75, whatever happens, and not a word.

    A child does the work and reports the commit through a pipe, so that a crash, a kill for want of
    memory or a stuck library in it still ends in one of the two codes. Any other would make a mail
    server bounce to the client. Without ``fork`` (Windows) a timer stands in for the parent.
    """
    try:
        # A stream that came closed is opened on nothing, so that nothing of ours gets its number.
        while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(spare)
        if hasattr(os, "fork"):
            return in_child(words)
        return in_thread(words)
    except BaseException:  # noqa: BLE001 whatever it is, the mail server must keep the mail
        return TRY_AGAIN


def in_child(words: list[str]) -> int:
    """Let a child receive; watch over it until it ends or the time is over."""
    import select
    import signal
    import time

    reading, writing = os.pipe()
    held = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    child = os.fork()
    if child == 0:
        code = TRY_AGAIN
        try:
            os.close(reading)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
            code = work(words, writing)
        finally:
            os._exit(code)

    has_ended = False

    def stop(*_: object) -> None:
        if not has_ended:  # its number may be another's by then
            os.kill(child, signal.SIGKILL)

    os.close(writing)
    end = time.monotonic() + RECEIVE_SECONDS
    told = b""
    try:
        for number in held:
            signal.signal(number, stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
        while not told and (left := end - time.monotonic()) > 0:
            if not select.select([reading], [], [], left)[0]:
                break
            told = os.read(reading, 1)
            if not told:
                break  # the child ended
        if told:
            # The bytes are safe; settling may take what is left, and the next fetch-mail does it otherwise.
            while not has_ended and time.monotonic() < end:
                time.sleep(0.005)
                has_ended = os.waitpid(child, os.WNOHANG)[0] != 0
    finally:
        try:
            stop()
        except OSError:
            pass  # it has ended
    if not told and select.select([reading], [], [], 0)[0]:
        told = os.read(reading, 1)
    return SAFE if told else TRY_AGAIN


def in_thread(words: list[str]) -> int:
    """Receive in this process, with a timer that ends it."""
    import threading

    reading, writing = os.pipe()

    def stop() -> None:
        os.set_blocking(reading, False)
        try:
            os._exit(SAFE if os.read(reading, 1) else TRY_AGAIN)
        except OSError:
            os._exit(TRY_AGAIN)

    timer = threading.Timer(RECEIVE_SECONDS, stop)
    timer.daemon = True
    timer.start()
    return work(words, writing)


def work(words: list[str], writing: int) -> int:
    """Receive in silence: standard output and error lead nowhere, for a mail server would quote them."""
    is_safe = False

    def kept() -> None:
        nonlocal is_safe
        is_safe = True
        os.write(writing, b"k")

    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        from helpdesk_cli.cli import root
        from helpdesk_cli.cli.app import run_silently

        run_silently(root, words, kept)
    except BaseException:  # noqa: BLE001, S110 as above
        pass
    return SAFE if is_safe else TRY_AGAIN


if __name__ == "__main__":
    main()
