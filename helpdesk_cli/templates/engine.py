"""The one file that knows Jinja: a sandbox in which templates can arrange facts and nothing else.

Templates come from the package or from the site's admin, client texts only as values. The sandbox is the
second line: no globals, a short list of filters, no methods but harmless ones of texts and tables, no
operators that grow a text, a bounded output. It bounds no loops: a site's template can still waste time.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import BaseLoader, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from helpdesk_cli.domain.subjects import bare_subject, tagged_subject
from helpdesk_cli.errors import BadConfig, DeskError, Failed
from helpdesk_cli.templates.facts import Plain

OURS = Path(__file__).parent / "mail"
LONGEST = 1_000_000
"""No letter has more characters."""

_NAME = re.compile(
    r"(?:[a-z]{2,3}/)?(?:replies/(?:[a-z0-9][a-z0-9-]*/)?)?[a-z0-9][a-z0-9-]*(?:\.[a-z0-9]+)*\.j2\Z"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
# fmt: off
_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "int", "items", "join", "last",
    "length", "list", "lower", "reverse", "string", "title", "trim", "truncate", "upper", "wordwrap",
)
_METHODS: dict[type, tuple[str, ...]] = {
    str: (
        "capitalize", "endswith", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
        "rpartition", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
    ),
    dict: ("get", "items", "keys", "values"),
}
# fmt: on


def fill(kind: str, part: str, facts: Mapping[str, Plain], folder: str, language: str) -> str:
    """One part (``subject``, ``txt``, ``html``) of a letter of that kind; "" where it has no such part."""
    found = _LANGUAGE.match(language.lower())
    environment = _environment(folder, found.group() if found else "en")
    name = f"{kind}.{part}.j2"
    try:
        template = environment.get_template(name)
    except TemplateNotFound as error:
        if error.name == name and part == "html":
            return ""
        where = f"in {folder} nor among ours" if folder else "among ours, and desk.templates names no folder"
        raise Failed(f"there is no template {error.name} {where}") from None
    except TemplateSyntaxError as error:
        raise Failed(f"{error.filename or error.name} line {error.lineno}: {error.message}") from None
    return _bounded(template, facts)


def _bounded(template: Template, facts: Mapping[str, Plain]) -> str:
    pieces, size = [], 0
    try:
        for piece in template.generate(facts):
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST:
                raise Failed(f"{template.filename}: the letter has more than {LONGEST:,} characters")
    except DeskError:
        raise
    except TemplateSyntaxError as error:
        raise Failed(f"{error.filename or error.name} line {error.lineno}: {error.message}") from None
    except Exception as error:  # noqa: BLE001 - a template can raise whatever Python can
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise Failed(f"{_place(error, template)}: {words}") from None
    return "".join(pieces)


def _place(error: Exception, template: Template) -> str:
    """File and line of the template in which it broke: the last frame that is a template's."""
    place, trace = str(template.filename), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            place = f"{trace.tb_frame.f_code.co_filename} line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(("*", "**", "%"))

    def call_binop(self, context: object, operator: str, left: object, right: object) -> object:  # noqa: ARG002
        """Numbers may be multiplied and divided; a text may be repeated to the width of a line."""
        if isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) < 10**9:
            if operator == "*":
                return left * right
            if operator == "%" and right:
                return left % right
        if operator == "*" and isinstance(left, str) and isinstance(right, int) and len(left) * right <= 200:
            return left * right
        raise SecurityError(f"the operator {operator} is not allowed there")

    def wrap_str_format(self, value: object) -> None:
        """No ``format`` of texts, not even Jinja's guarded one: a width of ``{:999999999d}`` is not bounded."""

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:  # noqa: ARG002
        """Only what a short list names; neither a fact nor anything of Python has other attributes."""
        if isinstance(obj, LoopContext | TemplateModule):
            return not attr.startswith("_")
        return attr in _METHODS.get(type(obj), ())


class _Loader(BaseLoader):
    """The site's file before ours, the language's before the English one."""

    def __init__(self, folder: str, language: str) -> None:
        self._folder, self._language = folder, language

    def get_source(
        self,
        environment: object,  # noqa: ARG002
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """The text of a template, its path, and that it does not change while we run."""
        if not _NAME.match(template):
            raise TemplateNotFound(template)
        for name in (f"{self._language}/{template}", template):
            if self._folder and (Path(self._folder) / name).exists():
                path = Path(self._folder) / name
                return _read_ours_alone(path, Path(self._folder)), str(path), lambda: True
            if (OURS / name).exists():
                return (OURS / name).read_text("utf-8"), str(OURS / name), lambda: True
        raise TemplateNotFound(template)


def _read_ours_alone(path: Path, folder: Path) -> str:
    """A site's template, unless somebody else may write it: its author speaks in the desk's name."""
    for place in {folder, *(parent for parent in path.parents if folder in parent.parents)}:
        _refuse_foreign(place.stat(), place)
    try:
        with path.open("rb") as file:
            _refuse_foreign(os.fstat(file.fileno()), path)
            return file.read(LONGEST + 1).decode("utf-8-sig")
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Failed(f"{path}: byte {error.start} is not UTF-8") from None


def _refuse_foreign(state: os.stat_result, path: Path) -> None:
    if os.name != "posix":
        return
    if state.st_mode & 0o022:
        mode = f"{stat.S_IMODE(state.st_mode):04o}"
        raise BadConfig(f"{path} may be written by others (mode {mode}): run chmod go-w {path}")
    if state.st_uid not in (0, os.geteuid()):
        raise BadConfig(f"{path} belongs to another user: run chown {os.geteuid()} {path}")


@lru_cache(maxsize=16)
def _environment(folder: str, language: str) -> _Sandbox:
    """One environment for each folder and language of a process; it keeps what it compiled."""
    if folder and not Path(folder).is_dir():
        raise BadConfig(f"the folder of templates {folder} does not exist")
    environment = _Sandbox(
        loader=_Loader(folder, language),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters.update(
        tagged=tagged_subject, bare=bare_subject, quote=_quote, lines=_lines, size=_size
    )
    return environment


def _quote(text: str) -> str:
    """Each line behind ``> ``, as mail programs quote, so that an answer's new part can be told from it."""
    return "\n".join(
        f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.strip().split("\n")
    )


def _lines(text: str) -> Markup:
    """A text as HTML: escaped, its line breaks and leading blanks kept."""
    kept = []
    for line in text.strip("\n").split("\n"):
        bare = line.lstrip(" \t")
        indent = line[: len(line) - len(bare)].expandtabs(4)
        kept.append(Markup("&nbsp;") * len(indent[:80]) + escape(bare))
    return Markup("<br>\n").join(kept)


def _size(count: int) -> str:
    """A number of bytes for people: ``12 kB``, ``3.4 MB``."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
