"""Words of thanks, which alone reopen no ticket."""

import re
from functools import cache

from helpdesk_cli.mail import courtesies

LONGEST = 400  # characters; thanks are short
LINES = 14
PHRASE = 7  # words of the longest courtesy
NAMES = 3  # lines that hold nothing but names
NAME = 4  # words of a name
BESIDE_NAME = 2  # and of one that stands on the same line as a greeting, particles not counted

_ANSWERS = "re|aw|antw|antwort|sv|odp|ynt|res|rif|r|vs|vá|回复|回覆|答复|答覆|返信|回信|답장|отв|на"


@cache
def _courtesies() -> tuple[frozenset[str], frozenset[str], int]:
    """The phrases of thanks; all phrases; the length of the longest that is written without blanks."""
    thanks = frozenset(_folded(phrase) for phrase in courtesies.THANKS.split("|"))
    beside = frozenset(_folded(phrase) for phrase in courtesies.BESIDE.split("|"))
    longest = max(len(phrase) for phrase in thanks | beside if _sticks(phrase[0]))
    return thanks, thanks | beside, longest


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text)


def _folded(phrase: str) -> str:
    return " ".join(_words(phrase.lower()))


def _sticks(sign: str) -> bool:
    """Tell whether a sign is of a script without blanks between words: Han or kana."""
    return "\u2e80" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff"


def is_only_thanks(new_text: str, subject: str = "") -> bool:
    """Tell whether a mail says thanks, with greeting and farewell, and nothing besides.

    A word more, a question mark or a figure that is not a ticket's tag makes it a message like any other:
    to miss a thanks costs a ticket reopened, to see one where there is none costs an answer. A subject
    counts too, unless it answers one (``Re:``) or carries a ticket's tag. Thanks in advance are a request.
    """
    if subject.strip() and not _is_answer(subject) and not _is_thanks(subject):
        return False
    return _is_thanks(new_text)


def _is_answer(subject: str) -> bool:
    subject = subject[:300]
    if re.search(r"\[[A-Za-z]{1,12}-\d{1,10}\]", subject):
        return True
    start = (
        rf"(?i)\s{{0,9}}(?:\[[^\]]{{1,40}}\]\s{{0,9}})?(?:{_ANSWERS})(?:[\[(]\d{{1,3}}[\])])?\s{{0,2}}[:：]"
    )
    return re.match(start, subject) is not None


def _is_thanks(text: str) -> bool:
    text = text.strip()
    if not text or len(text) > LONGEST or set(text) & set("?？؟@/"):
        return False
    text = re.sub(r"[\[(]?\b[A-Za-z]{1,12}-\d{1,10}\b[\])]?|#\d{1,10}\b", " ", text)  # tags of tickets
    text = re.sub(r"(?<!\S)[:;]-?[DPp)]+(?!\w)|<3", " ", text).replace("’", "'")
    if any(sign.isdigit() for sign in text):
        return False
    lines = [words for words in (_clauses(line) for line in text.splitlines()) if words]
    thanked = False
    names = 0
    for clauses in lines:
        seen = [_see(clause) for clause in clauses]
        thanks = any(_thanks_in(pieces) for pieces in seen)
        if not any(pieces[0][1] for pieces in seen):
            names += 1
            if (
                names > NAMES
                or thanks
                or not _is_name([word for pieces in seen for word, known in pieces if not known])
            ):
                return False
        elif not all(_adds_nothing(pieces) for pieces in seen):
            return False
        thanked = thanked or thanks
    return thanked and len(lines) <= LINES


def _thanks_in(pieces: list[tuple[str, bool]]) -> bool:
    """Tell whether a sentence thanks."""
    thanks = _courtesies()[0]
    return any(known and piece.lower() in thanks for piece, known in pieces)


def _adds_nothing(pieces: list[tuple[str, bool]]) -> bool:
    """Tell whether a sentence is made of courtesies and at most a name where one is due.

    Behind a greeting, a farewell or a title that may be a whole name, behind thanks one word alone: more,
    and any word in German, which gives a capital to every noun, is as well an order (``Danke, Widerruf``).
    """
    if not pieces[0][1]:
        return False
    rest = [piece for piece, known in pieces if not known]
    if not rest:
        return True
    if not _is_name(rest):
        return False
    if all(_sticks(word[0]) or "가" <= word[0] <= "힣" for word in rest):
        return True
    first = next(at for at, (_, known) in enumerate(pieces) if not known)
    particles = courtesies.PARTICLES.split("|")
    if pieces[first - 1][0].lower() in courtesies.ADDRESSED.split("|"):
        return sum(word not in particles for word in rest) <= BESIDE_NAME
    said = " ".join(piece.lower() for piece, known in pieces if known)
    return (
        len(rest) == 1
        and _thanks_in(pieces)
        and re.search(courtesies.NOUNS_WITH_CAPITALS, said) is None
        and re.search(courtesies.ORDERS, rest[0].lower()) is None
    )


def _clauses(line: str) -> list[list[str]]:
    """The words of a line, sentence by sentence; those that hold none (a smile, dashes) left out."""
    return [words for words in (_words(clause) for clause in re.split(r"[.!;:。！；：…~～]", line)) if words]


def _see(words: list[str]) -> list[tuple[str, bool]]:
    """Cut a sentence into courtesies, which are known, and the words between them."""
    _, known, longest = _courtesies()
    seen: list[tuple[str, bool]] = []
    at = 0
    while at < len(words):
        if _sticks(words[at][0]):
            seen += _pieces(words[at], known, longest)
            at += 1
        else:
            size = next((n for n in range(PHRASE, 0, -1) if " ".join(words[at : at + n]).lower() in known), 0)
            seen.append((" ".join(words[at : at + (size or 1)]), bool(size)))
            at += size or 1
    return seen


def _pieces(run: str, known: frozenset[str], longest: int) -> list[tuple[str, bool]]:
    """Cut a run of signs without blanks into known phrases and what is between them."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    while at < len(run):
        size = next((n for n in range(longest, 0, -1) if run[at : at + n] in known), 0)
        if size:
            pieces.append((run[at : at + size], True))
        elif pieces and not pieces[-1][1]:
            pieces[-1] = (pieces[-1][0] + run[at], False)
        else:
            pieces.append((run[at], False))
        at += size or 1
    return pieces


def _is_name(words: list[str]) -> bool:
    """Tell whether words, or none, can be a name where one is due."""
    particles = courtesies.PARTICLES.split("|")
    return len(words) <= NAME and all(
        _is_name_part(word) or (word in particles and at + 1 < len(words)) for at, word in enumerate(words)
    )


def _is_name_part(word: str) -> bool:
    first = word[0]
    if _sticks(first):
        family = next((name for name in courtesies.FAMILIES.split("|") if word.startswith(name)), "")
        return len(word) <= len(family) + 4 if family else first in courtesies.SURNAMES and len(word) <= 3
    if "가" <= first <= "힣":
        return first in courtesies.HANGUL and len(word) == 3
    return first.isupper() and word.lower() not in courtesies.NO_NAMES.split("|")
