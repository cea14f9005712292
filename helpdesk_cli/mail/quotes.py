"""What a mail adds to a discussion: its text without quotation and signature.

Line by line and in linear time, on evidence: a date, a time, an address, a known word, a quote mark below.
One sign alone never cuts, and where everything would go, everything stays: a sentence that is hidden from
the staff is a worse fault than a quotation that is shown twice.
"""

from helpdesk_cli.mail import attribution, phrases
from helpdesk_cli.mail.signature import is_notice, without_signature

REPLY_LINE = "-- Please write your answer above this line --"
"""Stands above the earlier discussion in the letters that we send; what is below it is not new."""

MOST_LINES = 20_000
MOST_CHARACTERS = 1_000_000
"""What is looked at; the rest of a longer text is kept as it is."""

LINE = 500  # characters of the longest line that can be more than text
BLOCK = 14  # lines of the longest header block

BLANK, TEXT, QUOTED, FRAME = " ", "t", ">", "a"  # a frame stands around a quotation and goes with it

_REPLY_WORDS = REPLY_LINE.strip("- ").casefold()


def new_text(text: str, *, is_answer: bool = True) -> str:
    """Return what this mail adds, without quotation and signature.

    Answers between quoted lines keep the quoted lines to which they answer. A forwarded mail stays. Where
    nothing would be left, the whole text is what is new. Every line is one of the text's, in its order.

    A mail that is no answer (``is_answer=False``) quotes nothing that is known here: it loses its signature
    at most, unless our own line stands in it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    most = _most(lines)
    reading = _Reading(lines[:most])
    kept = (
        reading.new_lines() if is_answer or reading.find_reply_line() >= 0 else _without_own_end(lines, most)
    )
    if not any(line.strip() for line in kept):
        kept = lines[:most]
    return _trim(kept + lines[most:] if most < len(lines) else kept)


def _without_own_end(lines: list[str], most: int) -> list[str]:
    """Take the signature off a mail that is no answer, unless the writer cites or forwards below it."""
    if most < len(lines):
        return lines[:most]
    kept = without_signature(lines)
    for line in lines[len(kept) :]:
        bare = line.strip()[:LINE]
        low = bare.lower()
        if bare[:1] == ">" or attribution.field(bare) == "from":
            return lines
        if any(word in low for word in (*phrases.FORWARDED, *phrases.ORIGINAL)) and bare[-1] in "-_=*—–:：":
            return lines
    return kept


def _most(lines: list[str]) -> int:
    """How many lines are looked at."""
    most = min(len(lines), MOST_LINES)
    total = 0
    for count in range(most):
        total += len(lines[count]) + 1
        if total > MOST_CHARACTERS:
            return count
    return most


def _trim(lines: list[str]) -> str:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first:last]).rstrip()


class _Reading:
    """The lines of one text and what each of them is."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.bare = [line.strip() for line in lines]
        self.kinds = [BLANK if not line else QUOTED if line[0] == ">" else TEXT for line in self.bare]
        self.end = len(lines)  # here the earlier discussion begins, unmarked, and takes the rest
        self.forward = -1  # here a forwarded mail begins
        if any(line.startswith(">>> ") for line in self.bare):
            self.spare_prompts()
        self.following = self.find_following()

    def spare_prompts(self) -> None:
        """Take the lines of a Python session for text: quotations do not begin with their third level."""
        if all(line.startswith((">>> ", ">>>")) for line in self.bare if line[:1] == ">"):
            self.kinds = [
                TEXT if kind == QUOTED and not line.endswith(">>>") else kind
                for kind, line in zip(self.kinds, self.bare, strict=True)
            ]

    def find_following(self) -> list[int]:
        """The next line that is not blank, for each line; one past the last where there is none."""
        following = [len(self.lines)] * (len(self.lines) + 1)
        for at in range(len(self.lines) - 1, 0, -1):
            following[at - 1] = at if self.bare[at] else following[at]
        return following

    def new_lines(self) -> list[str]:
        """Find the frames, then keep what is new."""
        at = 0
        while at < self.end and self.forward < 0:
            line = self.bare[at]
            if self.kinds[at] == TEXT and len(line) <= LINE:
                at = self.look(at, line)
            elif line.startswith(">>>") and line.endswith(">>>") and attribution.is_dated(line[:LINE]):
                self.end = at  # GroupWise's attribution
            else:
                at += 1
        self.heed_reply_line()
        if self.forward >= 0:
            return self.keep_forward()
        return self.keep()

    def look(self, at: int, line: str) -> int:
        """See whether a line frames a quotation; gives the next line to look at."""
        if line[0] in "-_=*—–" and line[-1] in "-_=*—–":
            return self.separator(at, line)
        if line[-1] in ":：" and len(line) > 3:
            if any(word in line.lower() for word in phrases.FORWARDED) and len(line) < 60:
                self.forward = at
                return at
            start = self.find_attribution(at)
            if start >= 0:
                return self.frame(start, at + 1)
        if (":" in line or "：" in line) and attribution.field(line):
            after = self.header_block(at)
            if after and not self.is_introduced(at):
                return self.frame(at, after)
        return at + 1

    def frame(self, start: int, after: int) -> int:
        """Take lines out as a frame; where no quote mark follows, the rest is the earlier discussion."""
        follower = self.following[after - 1]
        if follower < len(self.lines) and self.kinds[follower] == QUOTED:
            self.kinds[start:after] = [FRAME] * (after - start)
            return after
        self.end = start
        return start

    def separator(self, at: int, line: str) -> int:
        """Heed ``-----Original Message-----`` and its like, and the rule above a header block."""
        words = line.strip("-_=*—– ").lower()
        if not words:
            return self.rule(at, line)
        if len(words) > 80 and "@" not in words:
            return at + 1
        if any(word in words for word in phrases.FORWARDED):
            self.forward = at
            return at
        original = len(words) <= 60 and any(word in words for word in phrases.ORIGINAL)
        if original and self.following[at] < len(self.lines):
            return self.frame(at, self.header_block(self.following[at], named=True) or at + 1)
        if self.is_attribution(line, at):
            return self.frame(at, at + 1)
        return at + 1

    def rule(self, at: int, line: str) -> int:
        """Heed Outlook's line of underscores, below which fields stand in whatever language.

        Who, when, to whom: the date is in the second one. Forms that people fill in have none there.
        """
        if line.strip("_") or len(line) < 20:
            return at + 1
        fields = 0
        address = dated = False
        here = self.following[at]
        while here < len(self.lines) and fields < BLOCK and self.bare[here]:
            word, colon, value = self.bare[here][:LINE].replace("：", ":").partition(":")
            if not colon or len(word) > 20 or not value.strip():
                break
            fields += 1
            address = address or attribution.is_addressed(value)
            dated = dated or (fields == 2 and attribution.tells_when(value))
            here += 1
        if fields >= 3 and address and dated and self.following[here - 1] < len(self.lines):
            return self.frame(at, here)
        return at + 1

    def header_block(self, at: int, named: bool = False) -> int:
        """The line after a block of From, Sent, To, Subject; 0 where there is none, or nothing below it.

        Unless a separator above it says what it is (``named``), it needs a date or its writer's address, and
        ends in its subject, as every program writes it; people who copy raw header fields into their text
        mostly have another order.
        """
        found: list[str] = []
        evident = named
        here = at
        while here < min(len(self.lines), at + BLOCK):
            kind = attribution.field(self.bare[here])
            if kind in found and kind != "cc":
                break
            if kind:
                found.append(kind)
                evident = evident or attribution.is_evident(kind, self.bare[here])
            elif not self.bare[here]:
                follower = self.following[here]
                if follower >= len(self.lines) or attribution.field(self.bare[follower]) in [*found, ""]:
                    break
            elif found[-1:] not in (["to"], ["cc"]) or not ("@" in self.bare[here] or ";" in self.bare[here]):
                break
            here += 1
        if named:
            whole = "from" in found and len(found) > 1
        else:
            order = [kind for kind in found if kind != "cc"]
            whole = {"from", "sent"} < set(order) and "subject" not in order[:-1]
        return here if whole and evident and self.following[here - 1] < len(self.lines) else 0

    def is_introduced(self, at: int) -> bool:
        """Tell whether the writer's own line leads over to what stands below: ``The headers are:``."""
        above = at - 1
        while above >= 0 and self.kinds[above] == BLANK:
            above -= 1
        return above >= 0 and self.kinds[above] == TEXT and self.bare[above][-1] in ":："

    def find_attribution(self, at: int) -> int:
        """The first line of the attribution that ends here, which may be wrapped; -1 where there is none."""
        for lines in range(4):
            start = at - lines
            if start < 0 or self.kinds[start] != TEXT or (lines and not self.may_start(start)):
                if start < 0 or self.kinds[start] != TEXT:
                    return -1
                continue
            joined = " ".join(self.bare[start : at + 1])
            if len(joined) > LINE:
                return -1
            if self.is_attribution(joined, at):
                return self.upper_part(start)
        return -1

    def upper_part(self, start: int) -> int:
        """Where an attribution begins of which the lines from ``start`` on were enough to know it."""
        if attribution.starts(self.bare[start]):
            return start
        for at in range(start - 1, max(start - 4, -1), -1):
            if self.kinds[at] != TEXT or self.bare[at][-1] in "!?。！？:：" or len(self.bare[at]) > LINE:
                break
            if self.may_start(at) and (
                attribution.starts(self.bare[at]) or attribution.is_dated_address(self.bare[at])
            ):
                return at
        return start

    def may_start(self, at: int) -> bool:
        """Tell whether a line can be the upper part of a wrapped attribution."""
        return self.kinds[at] == TEXT and len(self.bare[at]) <= LINE and attribution.may_go_on(self.bare[at])

    def is_attribution(self, line: str, at: int) -> bool:
        """Weigh the evidence that a line, or lines that end ``at``, tells who wrote what follows."""
        follower = self.following[at]
        marked = follower < len(self.lines) and self.kinds[follower] == QUOTED
        return attribution.is_attribution(line, marked)

    def heed_reply_line(self) -> None:
        """Cut at our own line, and at what a mail program put above it in a language unknown to us."""
        at = self.find_reply_line()
        if at < 0 or at >= self.end:
            return
        if self.kinds[at] == QUOTED or TEXT not in self.kinds[:at]:
            self.kinds[at] = FRAME if self.kinds[at] == TEXT else QUOTED
            return
        self.end = at
        self.forward = -1 if self.forward > at else self.forward
        above = at - 1
        while above > 0 and self.kinds[above] != TEXT:
            above -= 1
        start = above
        while start > 0 and above - start < BLOCK and self.kinds[start - 1] == TEXT:
            start -= 1
        block = self.bare[start : above + 1]
        fields = all(":" in line[:25] or "：" in line[:25] for line in block)
        if len(block) >= 3 and fields and any("@" in line[:LINE] for line in block):
            self.end = start
        elif block[-1][-1] in ":：" and (attribution.is_dated(block[-1][:LINE]) or "@" in block[-1][:LINE]):
            self.end = above

    def find_reply_line(self) -> int:
        """Where our line stands, quoted or not, wrapped or not; -1 where it does not."""
        opening = _REPLY_WORDS[:17]
        for at, line in enumerate(self.bare[: self.end]):
            if len(line) <= LINE and opening in line.casefold():
                below = self.bare[at + 1][:LINE] if at + 1 < len(self.bare) else ""
                words = " ".join(f"{line} {below}".casefold().replace(">", " ").replace("*", " ").split())
                if words.lstrip("- ").startswith(_REPLY_WORDS):
                    return at
        return -1

    def keep_forward(self) -> list[str]:
        """Keep a forwarded mail, and above it what was written for it."""
        head = without_signature(self.lines[: self.forward])
        if not any(line.strip() for line in head):
            return self.lines
        return [*head, "", *self.lines[self.forward :]]

    def keep(self) -> list[str]:
        """Keep the writer's passages, and quoted ones only where the writer answers below them.

        One answer under one quotation stands alone; between quotations it keeps the one above it.
        """
        passages = self.passages()
        own = [at for at, passage in enumerate(passages) if passage.kind == TEXT]
        last: list[str] = []
        while own:
            last = without_signature(self.lines[passages[own[-1]].start : passages[own[-1]].after])
            if any(line.strip() for line in last) and not (len(own) > 1 and is_notice(last)):
                break
            own.pop()
        if not own:
            return []
        first = 0 if len(own) > 1 or own[-1] + 1 < len(passages) else own[0]
        kept: list[str] = []
        for at in range(first, own[-1]):
            lines = self.lines[passages[at].start : passages[at].after]
            if passages[at].kind == TEXT and passages[at + 1].framed:
                lines = [*without_signature(lines), ""]
            kept += lines
        if own[-1] + 1 < len(passages) and self.is_cited(passages[own[-1]], passages[own[-1] + 1]):
            last = self.lines[passages[own[-1]].start : passages[own[-1] + 1].after]
        return kept + last

    def is_cited(self, own: "_Passage", quoted: "_Passage") -> bool:
        """Tell whether a last quotation is the writer's own: ``It says:``, and what it says."""
        line = next((line for line in reversed(self.bare[own.start : own.after]) if line), " ")
        return not quoted.framed and line[-1] in ":："

    def passages(self) -> list["_Passage"]:
        """Runs of text and of quoted lines, with the blank lines below each."""
        passages: list[_Passage] = []
        framed = False
        for at, kind in enumerate(self.kinds[: self.end]):
            if kind == FRAME:
                framed = True
            elif kind != BLANK and (framed or not passages or passages[-1].kind != kind):
                passages.append(_Passage(kind, at, framed))
                framed = False
            elif framed:
                continue
            if passages and not framed:
                passages[-1].after = at + 1
        return passages


class _Passage:
    """A run of lines of one kind; ``framed``: the quotation has an attribution."""

    def __init__(self, kind: str, start: int, framed: bool) -> None:
        self.kind = kind
        self.start = self.after = start
        self.framed = framed
