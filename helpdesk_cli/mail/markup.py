"""HTML to readable text, in one pass.

The text is shown as text and never as markup again, so nothing here has to be sanitised; it has to be
linear. The standard library's parser is not (60 kB of ``<a `` take it over 15 s), nor are tree builders in
the depth of nesting. So the tags are cut out by one pattern, of which no part can run past the next ``<``
more than a few times, and the page that is written (``layout``) bounds whatever nests.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from helpdesk_cli.mail.layout import Page

LIMIT = 2_000_000
"""Characters of HTML that are read; a last line says that the rest was cut."""

CUT = "[This mail goes on: {} more characters of HTML were not read.]"
TAGS = 150_000  # tags that are heeded; what follows them is written without structure
LINK = 2000  # characters of an address that is worth showing


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


# Elements whose text is not for the reader.
_MUTE = _words("script style title svg math template audio video object xml datalist")
_VOID = _words("area base br col embed hr img input link meta param source track wbr")

# Looked for in lower case and without blanks.
_HIDING = ("display:none", "visibility:hidden", "mso-hide:all", "hidden", "font-size:0", "max-height:0")
_MARKS = (
    "yahoo_quoted", 'name="quote"', "divrplyfwdmsg", "outlookmessageheader", "border-top:solid#e1e1e1",
    "border-top:solid#b5c4df", "gmail_signature", "olk_src_body_section",
)  # fmt: skip


@cache
def _tag() -> re.Pattern[str]:
    """Cut a page at its tags: text, name, attributes, text, …

    Attributes are read in three ways, each from the tag's name and none past a foreign ``<``: with whole
    quotes, with stray ones, and last with a ``<`` inside quotes. Only the last may overlap another tag's
    reading; its two quote signs permute three states, so no character is read by more than three.
    """
    return re.compile(
        r"""<(?:(/?[A-Za-z][\w:.-]*+)(?=[\s/>])
        ( [^<>"']*+(?:"[^"<]*+"[^<>"']*+|'[^'<]*+'[^<>"']*+)*+(?=>)
        | [^<>]*+(?=>)
        | [^<>"']*+(?:"[^"]{0,2000}+"[^<>"']*+|'[^']{0,2000}+'[^<>"']*+)*+(?=>)
        )>|[!?][^<>]*+>)""",
        re.X,
    )


@cache
def _value(name: str) -> re.Pattern[str]:
    return re.compile(rf"""(?i)(?<![\w-]){name}\s{{0,8}}=\s{{0,8}}(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")


@cache
def _quoted() -> re.Pattern[str]:
    return re.compile(r""""[^"]*"|'[^']*'""")


@cache
def _hidden() -> re.Pattern[str]:
    return re.compile(r"(?i)(?<![\w-])hidden(?![\w-])")


@cache
def _font_size() -> re.Pattern[str]:
    return re.compile(r"font-size:([0-9]{1,6}(?:\.[0-9]{1,6})?)")


@cache
def _entity() -> re.Pattern[str]:
    # Bounded: the standard library raises on a number of more than 4300 digits.
    return re.compile(r"&(?:#[xX][0-9a-fA-F]{1,7}|#[0-9]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});?")


@lru_cache(500)
def _resolve(entity: str) -> str:
    from html import unescape

    return unescape(entity)


def _read(text: str) -> str:
    """Resolve a text's entities; as in a browser, a broken one stands as it was written."""
    return _entity().sub(lambda found: _resolve(found[0]), text) if "&" in text else text


def html_to_text(html: str) -> str:
    """Write an HTML mail as plain text.

    Quotations get ``> ``, lists their marks, the cells of a row `` | ``, links ``text <address>``, pictures
    ``[their words]``; what is hidden from the reader of the mail is left out. Where a mail program parts
    its quotation by looks alone, a line of underscores stands, and ``-- `` before a signature.
    """
    rest = len(html) - LIMIT
    if rest > 0:
        html = html[: html.rfind(">", LIMIT - 10_000, LIMIT) + 1 or LIMIT]
    html = _without_comments(html.replace("\0", ""))
    parts = _tag().split(html)
    reader = _Reader(html, heed_hidden=True)
    lines = reader.read(parts)
    if reader.skipped or reader.page.sheet.tiny:
        # Something hidden was never closed: rather show too much than swallow the mail.
        lines = _Reader(html, heed_hidden=False).read(parts)
    text = "\n".join(lines).strip("\n")
    return f"{text}\n\n{CUT.format(rest)}".lstrip("\n") if rest > 0 else text


def _without_comments(html: str) -> str:
    """Drop comments, Outlook's conditional ones among them; one that is never closed is shown."""
    if "<!--" not in html:
        return html
    first, *others = html.split("<!--")
    kept = [first]
    unclosed: list[str] = []
    for part in others:
        sign = ">" if part.startswith((">", "->")) else "-->"  # <!--> is a whole comment
        _, closed, after = part.partition(sign)
        if closed:
            kept.append(after)
            unclosed.clear()
        else:
            unclosed.append(part)
    return "".join(kept + unclosed)


class _Reader:
    """Reads the parts of a page in their order; knows what is skipped."""

    def __init__(self, html: str, heed_hidden: bool) -> None:
        squeezed = html.lower().replace(" ", "")
        self.page = Page()
        self.hiding = tuple(sign for sign in _HIDING if sign in squeezed) if heed_hidden else ()
        self.marks = tuple(mark for mark in _MARKS if mark in squeezed)
        self.mute = _MUTE if heed_hidden else frozenset()
        self.skipped = ""  # the tag whose inside is skipped
        self.depth = 0  # how many of its name are open

    def read(self, parts: list[str]) -> list[str]:
        """Write the page; gives its lines."""
        page = self.page
        page.say(_read(parts[0]))
        for at in range(1, min(len(parts), 3 * TAGS), 3):
            name = parts[at].lower() if parts[at] else ""
            if self.skipped:
                name = self.skip(name)
                if self.skipped:
                    continue
            if name and not self.tag(name, parts[at + 1]):
                continue
            text = parts[at + 2]
            if text:
                page.say(_read(text) if "&" in text else text)
        if len(parts) > 3 * TAGS:
            page.say(_read(" ".join(parts[3 * TAGS + 3 :: 3])))
        page.finish()
        return page.sheet.out

    def tag(self, name: str, attributes: str) -> bool:
        """Heed one tag; false where the text behind it is skipped."""
        page = self.page
        sheet = page.sheet
        spans = len(sheet.spans)
        act = _ACTS.get(name)
        if name[0] == "/":
            if act:
                act(page, attributes)
            if page.sheet.spans:
                page.leave(name[1:])
            return True
        if name in self.mute or (self.hiding and attributes and self.hides(name, attributes)):
            if name not in _VOID:
                self.skipped, self.depth = name, 1
                return False
            return True
        if self.marks and attributes and name in ("div", "span", "table"):
            self.mark(name, attributes)
        if act:
            act(page, attributes)
        if spans and len(sheet.spans) == spans:
            sheet.nest(name)
        if name in ("td", "th") and attributes and (self.hiding or page.sheet.tiny):
            page.sheet.resize(_size(attributes))
        return True

    def skip(self, name: str) -> str:
        """Go on inside what is skipped; gives the tag to be heeded, where the skipped part ends with one."""
        if name == "/" + self.skipped:
            self.depth -= 1
        elif name == self.skipped and name not in self.mute and name != "p":
            self.depth += 1
        elif self.skipped == "p" and name in _ENDS_P:
            self.skipped = ""
            return name
        if not self.depth:
            self.skipped = ""
        return ""

    def hides(self, name: str, attributes: str) -> bool:
        """Tell whether an element is hidden from its reader; heed the size of its letters."""
        style = attributes.lower().replace(" ", "")
        tiny = self.page.sheet.tiny and "font-size:" in style
        if not (tiny or any(sign in style for sign in self.hiding)) or name in ("body", "html"):
            return False
        if "display:none" in style or "visibility:hidden" in style:
            return True
        if (
            "mso-hide:all" in style and name != "a"
        ):  # a link so hidden is a button, drawn otherwise in Outlook
            return True
        if "max-height:0" in style and "overflow:hidden" in style:
            return True
        if "hidden" in style and _hidden().search(_quoted().sub("", attributes)):
            return True
        size = _size(style)
        if size and name not in _VOID and name not in ("td", "th", "tr", "tbody"):
            self.page.enter(name, size)
        return False

    def mark(self, name: str, attributes: str) -> None:
        """Heed how mail programs part a quotation, or a signature, from the text by looks alone."""
        style = attributes.lower().replace(" ", "")
        if not any(mark in style for mark in self.marks):
            return
        if "yahoo_quoted" in style or 'name="quote"' in style:
            self.page.enter(name, "quote")
        elif "gmail_signature" not in style:
            self.page.rule("_")
        elif "gmail_signature_prefix" not in style:
            self.page.sign()


def _size(attributes: str) -> str:
    """Say whether an element's letters are ``tiny`` (no size at all), ``plain``, or as outside of it.

    Layouts set the size to nought around their columns and back inside them, so this is inherited.
    """
    found = _font_size().search(attributes.lower().replace(" ", ""))
    return "" if found is None else "plain" if float(found[1]) > 0.1 else "tiny"


def _attribute(name: str, attributes: str) -> str:
    found = _value(name).search(attributes)
    return _read(found[1] or found[2] or found[3] or "") if found else ""


def _start_link(page: Page, attributes: str) -> None:
    address = "".join(_attribute("href", attributes).split()).replace("<", "%3C").replace(">", "%3E")
    shown = address.lower().startswith(("http://", "https://", "mailto:")) and len(address) <= LINK
    page.open_link(address if shown else "")


def _start_picture(page: Page, attributes: str) -> None:
    page.picture(_attribute("alt", attributes))


def _block(page: Page, _: str) -> None:
    page.flush()


def _apart(page: Page, _: str) -> None:
    page.flush(gap=True)


def _paragraph(page: Page, attributes: str) -> None:
    # Word writes every line as such a paragraph, and a blank line as one that holds a no-break space.
    page.tight = "class=Mso" in attributes.replace('"', "")
    page.flush(gap=not page.tight)


_ACTS: dict[str, Callable[[Page, str], None]] = {
    "br": lambda page, _: page.end_line(),
    "p": _paragraph,
    "/p": lambda page, _: page.flush(gap=not page.tight),
    "a": _start_link,
    "/a": lambda page, _: page.close_link(),
    "img": _start_picture,
    "hr": lambda page, _: page.rule("-"),
    "blockquote": lambda page, _: page.enter("blockquote", "quote"),
    "pre": lambda page, _: page.enter("pre", "pre"),
    "ul": lambda page, _: page.open_list(numbered=False),
    "ol": lambda page, _: page.open_list(numbered=True),
    "/ul": lambda page, _: page.close_list(),
    "/ol": lambda page, _: page.close_list(),
    "li": lambda page, _: page.item(),
    "/li": lambda page, _: page.end_item(),
    "table": lambda page, _: page.open_table(),
    "/table": lambda page, _: page.close_table(),
    "tr": lambda page, _: page.end_row(),
    "/tr": lambda page, _: page.end_row(),
    "td": lambda page, _: page.open_cell(),
    "th": lambda page, _: page.open_cell(),
    "/td": lambda page, _: page.close_cell(),
    "/th": lambda page, _: page.close_cell(),
}
for _name in _words(
    "address article aside body caption center dd details div dl dt fieldset figcaption figure footer form "
    "header html legend main nav option section summary tbody tfoot thead"
):
    _ACTS[_name] = _ACTS["/" + _name] = _block
for _name in ("h1", "h2", "h3", "h4", "h5", "h6"):
    _ACTS[_name] = _ACTS["/" + _name] = _apart

_ENDS_P = frozenset(name for name in _ACTS if name not in ("br", "a", "/a", "img"))
