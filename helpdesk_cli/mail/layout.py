"""The page on which HTML becomes lines: paragraphs, quotations, lists, tables, links.

``markup`` reads tags and calls the verbs of a ``Page``. Whatever can nest is bounded here, so that every
verb costs the length of what it is handed, never the depth at which it stands.
"""

import re

QUOTES = 6  # quotations in quotations that are still marked, and likewise
TABLES = 8  # tables in tables, and
STEPS = 6  # lists in lists; what lies deeper is written at that depth
SPANS = 40  # elements that change how their inside is written
CELLS = 1000  # cells in a row; the rest goes into the last
ROW = 600  # characters of a table's row that is written as one line

PADDING = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u180e\u2007\u200e\u200f\xa0 \t\r\n\f\v"
"""What newsletters pad their preview text with; it is dropped at both ends of a line."""

SIGNATURE = "-- "

_spaces = re.compile(r"[ \t\r\n\f\v]+")
_blanks = re.compile(r"[ \t\r\n\f\v\xa0]+")


def fold(text: str) -> str:
    """Fold white space to single spaces, as a browser does; no-break spaces that indent a line keep their width."""
    if text.isascii():
        return " ".join(text.split())
    shown = text.strip(PADDING)
    before = text[: text.find(shown)] if shown else ""
    # Anything but blanks before the text is padding, not an indent.
    indent = "" if before.strip(" \t\r\n\f\v\xa0") else before.lstrip(" \t\r\n\f\v")
    return _spaces.sub(" ", indent).replace("\xa0", " ") + _blanks.sub(" ", shown)


class Sheet:
    """What is written inside one table cell, or outside of all of them."""

    def __init__(self, tiny: bool = False) -> None:
        self.out: list[str] = []
        self.gap = False  # a blank line is owed before the next one
        self.prefix = ""  # of a quotation
        self.bullet = ""  # of the next line
        self.indent = ""  # of the lines after it
        self.lists: list[int] = []  # the number of the last item; -1 in a list without numbers
        self.spans: list[tuple[str, str]] = []  # (tag, what it does), innermost last
        self.depths: list[int] = []  # tags of the same name that are open inside each span
        self.preformatted = False
        self.small = tiny  # what a span without a word about the letters' size inherits
        self.tiny = tiny

    def nest(self, tag: str) -> None:
        """Count a tag that opens inside a span of the same name, to know which closing tag ends the span."""
        if self.spans and self.spans[-1][0] == tag:
            self.depths[-1] += 1

    def resize(self, size: str) -> None:
        """Set what the sheet's letters are: ``tiny``, ``plain``, or as they were."""
        if size:
            self.tiny = self.small = size == "tiny"

    def heed(self) -> None:
        """Do what the spans that are open now ask for."""
        kinds = [what for _, what in self.spans]
        self.prefix = "> " * min(kinds.count("quote"), QUOTES)
        self.preformatted = "pre" in kinds
        sizes = (what == "tiny" for what in reversed(kinds) if what in ("tiny", "plain"))
        self.tiny = next(sizes, self.small)


class Table:
    """The row that is written, and the sheet to which it will go while a cell is open."""

    def __init__(self) -> None:
        self.row: list[list[str]] = []
        self.outside: Sheet | None = None


class Page:
    """Lines in the making: ``line`` holds the pieces of the one that is written."""

    def __init__(self) -> None:
        self.sheet = Sheet()
        self.line: list[str] = []
        self.tables: list[Table] = []
        self.deep = 0  # tables that are too deep to be drawn
        self.href = ""
        self.link_from = 0  # the piece of the line with which the link's text begins
        self.linked = False  # the link's text stands, in part, on earlier lines
        self.tight = False  # the paragraph has no blank lines around it

    # lines

    def say(self, text: str) -> None:
        """Add text, its entities resolved."""
        if self.sheet.tiny:
            return
        if not self.sheet.preformatted:
            self.line.append(text)
            return
        if len(text) > 1 and text.isspace() and "\n" in text:
            self.flush(gap=text.count("\n") > 1)
            return
        first, *others = text.replace("\r\n", "\n").split("\n")
        self.line.append(first)
        for other in others:
            self.end_line()
            self.line.append(other)

    def flush(self, gap: bool = False) -> None:
        """End the line, if one was begun; ``gap`` asks for a blank one before the next."""
        sheet = self.sheet
        if self.line:
            raw = "".join(self.line)
            self.line.clear()
            if self.href:
                self.link_from = 0
                self.linked = self.linked or not raw.isspace()
            text = raw.replace("\xa0", " ").rstrip() if sheet.preformatted else fold(raw)
            if text:
                self.put(SIGNATURE if text == "--" else text)
            elif "\xa0" in raw:
                sheet.gap = True
        if gap:
            sheet.gap = True

    def end_line(self) -> None:
        """End the line as a line break does: where none was begun, a blank one follows."""
        lines = len(self.sheet.out)
        self.flush()
        if len(self.sheet.out) == lines:
            self.sheet.gap = True

    def put(self, text: str) -> None:
        """Write one finished line, after the blank line that is owed."""
        sheet = self.sheet
        if sheet.gap:
            sheet.gap = False
            if sheet.out and sheet.out[-1].strip("> "):
                sheet.out.append(sheet.prefix.rstrip())
        if sheet.bullet:
            sheet.out.append(sheet.prefix + sheet.bullet + text)
            sheet.bullet = ""
        else:
            sheet.out.append(sheet.prefix + sheet.indent + text)

    def rule(self, sign: str) -> None:
        """Draw a line across the page, unless one was drawn just now."""
        self.flush()
        out = self.sheet.out
        if not out or set(out[-1].lstrip("> ")) - {"-", "_"}:
            self.put(sign * 32)

    def sign(self) -> None:
        """Write the line that parts a signature (RFC 3676 section 4.3), where the mail program did not."""
        self.flush()
        sheet = self.sheet
        last = next((line for line in reversed(sheet.out[-3:]) if line.strip("> ")), "")
        if last and last != sheet.prefix + SIGNATURE:
            sheet.gap = False
            sheet.out.append(sheet.prefix + SIGNATURE)

    # what spans many lines

    def enter(self, tag: str, what: str) -> None:
        """Begin what lasts until its tag is closed; ``what``: quote, pre, tiny or plain (letters' size)."""
        sheet = self.sheet
        if len(sheet.spans) >= SPANS:
            return
        if what in ("quote", "pre"):
            self.flush()
        if what == "quote" and sheet.gap and sheet.out:
            sheet.gap = False
            sheet.out.append(sheet.prefix.rstrip())
        sheet.spans.append((tag, what))
        sheet.depths.append(0)
        sheet.heed()

    def leave(self, tag: str) -> None:
        """Close the innermost span of this tag, and whatever was left open inside it."""
        sheet = self.sheet
        for at in range(len(sheet.spans) - 1, -1, -1):
            if sheet.spans[at][0] == tag:
                if sheet.depths[at]:
                    sheet.depths[at] -= 1
                    return
                if sheet.spans[at][1] in ("quote", "pre"):
                    self.flush(gap=True)
                del sheet.spans[at:], sheet.depths[at:]
                sheet.heed()
                return

    # lists

    def open_list(self, numbered: bool) -> None:
        """Begin a list."""
        self.flush(gap=not self.sheet.lists)
        self.sheet.lists.append(0 if numbered else -1)

    def close_list(self) -> None:
        """End a list."""
        self.flush()
        sheet = self.sheet
        if sheet.lists:
            sheet.lists.pop()
        sheet.bullet = ""
        sheet.indent = "  " * min(len(sheet.lists), STEPS)
        sheet.gap = sheet.gap or not sheet.lists

    def item(self) -> None:
        """Begin an item of a list."""
        self.flush()
        sheet = self.sheet
        step = "  " * (min(max(len(sheet.lists), 1), STEPS) - 1)
        sheet.bullet = step + "- "
        sheet.indent = step + "  "
        if sheet.lists and sheet.lists[-1] >= 0:
            sheet.lists[-1] += 1
            sheet.bullet = f"{step}{sheet.lists[-1]}. "

    def end_item(self) -> None:
        """End an item; what follows inside its list is indented no more."""
        self.flush()
        self.sheet.bullet = ""
        self.sheet.indent = "  " * min(max(len(self.sheet.lists) - 1, 0), STEPS)

    # tables

    def open_table(self) -> None:
        """Begin a table."""
        self.flush(gap=True)
        if len(self.tables) < TABLES:
            self.tables.append(Table())
        else:
            self.deep += 1

    def close_table(self) -> None:
        """End a table."""
        if self.deep:
            self.deep -= 1
        elif self.tables:
            self.end_row()
            self.tables.pop()
        self.flush(gap=True)

    def open_cell(self) -> None:
        """Begin a cell: its lines are kept aside until the row is whole."""
        if self.deep or not self.tables:
            self.line.append(" ")
            return
        self.close_cell()
        self.flush()
        self.tables[-1].outside = self.sheet
        self.sheet = Sheet(self.sheet.tiny)

    def close_cell(self) -> None:
        """End a cell, with whatever was left open in it."""
        table = self.tables[-1] if self.tables else None
        if self.deep or table is None or table.outside is None:
            return
        self.flush()
        lines = self.sheet.out
        self.sheet, table.outside = table.outside, None
        if len(table.row) < CELLS:
            table.row.append(lines)
        else:
            table.row[-1].extend(lines)

    def end_row(self) -> None:
        """Write a row: as one line where each cell has but one, else cell after cell."""
        self.close_cell()
        self.flush()
        if self.deep or not self.tables or not self.tables[-1].row:
            return
        row, self.tables[-1].row = self.tables[-1].row, []
        while row and not row[-1]:
            row.pop()
        filled = [cell for cell in row if cell]
        short = all(len(cell) == 1 and cell[0][0] != ">" for cell in filled)
        if len(filled) > 1 and short and sum(len(cell[0]) for cell in filled) <= ROW:
            shown = row if len(filled) > 2 else filled
            self.put(" | ".join(cell[0].strip() if cell else "" for cell in shown).replace(": | ", ": "))
            return
        for cell in filled:
            for line in cell:
                if line:
                    self.put(line)
                else:
                    self.sheet.gap = True

    def finish(self) -> None:
        """Write out whatever was left open."""
        self.deep = 0
        self.close_link()
        while self.tables:
            self.close_table()
        self.flush()

    # links and pictures

    def open_link(self, address: str) -> None:
        """Begin a link; an empty address is none."""
        self.close_link()
        self.href = address
        self.link_from = len(self.line)
        self.linked = False

    def close_link(self) -> None:
        """Write where a link leads, unless its text says so."""
        if not self.href:
            return
        shown = fold("".join(self.line[self.link_from :]))
        address, self.href = self.href, ""
        if (shown or self.linked) and not self.sheet.tiny and _bare(shown) != _bare(address):
            self.line.append(f" <{address.removeprefix('mailto:')}>")

    def picture(self, words: str) -> None:
        """Write what stands for a picture: its words in brackets, or the one sign that it shows."""
        words = fold(words)[:200]
        if words and not self.sheet.tiny:
            self.line.append(f"[{words}]" if len(words) > 4 or words.isascii() else words)


def _bare(address: str) -> str:
    """An address without what people leave out when they write it down."""
    address = address.casefold().removeprefix("mailto:").partition("://")[2] or address.casefold()
    return address.removeprefix("mailto:").removeprefix("www.").rstrip("/")
