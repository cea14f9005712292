"""A board drawn for a terminal: columns of cards for what is open, a few lines for what is closed."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from helpdesk_cli.cli.output import Spans, age, fit, screen_room
from helpdesk_cli.domain.urgency import sign

if TYPE_CHECKING:
    from helpdesk_cli.services.board import Card, Pile

NARROWEST = 18
"""A column that is narrower cannot be read; then there are several rows of columns."""

COMFORTABLE = 24
"""Where all columns are as wide as that, closed stages are columns too."""

WIDEST = 48
GAP = 2
CARD = 2
"""Lines of a card: its number, who has it and how old it is; its subject."""

INDENT = 3
"""Subjects stand below the numbers, behind the marks."""

FEWEST_CARDS = 3
"""So many a column shows though the terminal is lower than that."""

COLOURS = {"!!": "bold red", "!": "yellow", "": ""}


class Board:
    """Stages drawn for a terminal's size."""

    def __init__(
        self, piles: "Sequence[Pile]", now: str, priorities: Sequence[str], limit: int | None
    ) -> None:
        self.now, self.priorities, self.limit = now, priorities, limit
        self.width, self.height = screen_room()
        self.active = [pile for pile in piles if pile.state != "closed"]
        self.closed = [pile for pile in piles if pile.state == "closed"]
        if len(piles) * (COMFORTABLE + GAP) - GAP <= self.width:
            self.active, self.closed = list(piles), []

    def lines(self) -> list[Spans]:
        """All of it: rows of columns that fit beside each other, then the closed stages."""
        most = max((self.width + GAP) // (NARROWEST + GAP), 1)
        bands = [self.active[start : start + most] for start in range(0, len(self.active), most)]
        closed = [self._closed(pile) for pile in self.closed]
        left = self.height - len(closed) - 2 * len(bands)
        cards = max((left // max(len(bands), 1) - 1) // CARD, FEWEST_CARDS)
        cards = min(cards, self.limit) if self.limit else cards
        lines: list[Spans] = []
        for band in bands:
            lines += [*self._band(band, cards), []]
        return [*lines, *closed] if closed else lines[:-1]

    # Columns

    def _band(self, piles: "Sequence[Pile]", cards: int) -> list[Spans]:
        width = min((self.width - GAP * (len(piles) - 1)) // len(piles), WIDEST)
        columns = [self._column(pile, width, cards) for pile in piles]
        blank: Spans = [("", " " * width)]
        return [
            [span for place, cell in enumerate(row) for span in ([("", " " * GAP), *cell] if place else cell)]
            for row in zip_longest(*columns, fillvalue=blank)
        ]

    def _column(self, pile: "Pile", width: int, cards: int) -> list[Spans]:
        shown = pile.cards[:cards]
        lines: list[Spans] = [[("bold", headed(pile, width))]]
        for one in shown:
            lines += self._card(one, width)
        more = pile.count - len(shown)
        if more:
            lines.append([("dim", fit(f"   {'over ' if is_over(pile) else ''}{more:,} more", width))])
        return lines

    def _card(self, one: "Card", width: int) -> list[Spans]:
        """``!! 1024  bob  3 d`` above the subject; who gives way on a narrow card."""
        mark = sign(one, self.now, self.priorities)
        style = "dim" if one.state == "closed" else COLOURS[mark]
        at = one.updated_at if one.state == "closed" else one.created_at
        number, old = f"{mark:2} {one.number}  ", " " + age(at, self.now)
        who = fit(one.assignee or "nobody", max(width - len(number) - len(old), 0))
        subject = fit(one.subject, width - INDENT)
        return [[(style, f"{number}{who}{old}")], [(style, " " * INDENT + subject)]]

    # Closed stages

    def _closed(self, pile: "Pile") -> Spans:
        """A line: how many there are, and the latest of them as far as there is room."""
        longest = max(len(f"{each.name} {counted(each)}") for each in self.closed)
        width = min(longest, self.width // 2)
        many = min((self.width - width) // (NARROWEST + GAP), len(pile.cards))
        if not many:
            return [("bold", headed(pile, self.width))]
        share = (self.width - width) // many - GAP
        latest = [fit(f"{one.number} {one.subject}", share) for one in pile.cards[:many]]
        return [("bold", headed(pile, width)), ("dim", "".join(" " * GAP + words for words in latest))]


def headed(pile: "Pile", width: int) -> str:
    """A stage's name and how many it has, filled up to a width; the name gives way."""
    count = f" {counted(pile)}"
    room = max(width - len(count), 0)
    name = fit(pile.name, room).rstrip(" ")
    return fit(name + count, width)


def counted(pile: "Pile") -> str:
    """How many tickets a stage has, as far as they were counted."""
    return f"({'over ' if is_over(pile) else ''}{pile.count:,})"


def is_over(pile: "Pile") -> bool:
    """Whether a stage may have more tickets than were counted."""
    from helpdesk_cli.services.board import MANY_CLOSED

    return pile.state == "closed" and pile.count >= MANY_CLOSED
