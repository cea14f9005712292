"""Which ticket a mail claims to answer, in the order of the proofs' strength."""

import pytest
from factories import KEY, a_mail

from helpdesk_cli.domain.mail import Claims, Inbound, Mailbox, Token
from helpdesk_cli.mail import tokens
from helpdesk_cli.mail.claims import claims

A, B, C = Token("c", 1000, 1), Token("c", 1001, 1), Token("s", 1002, 7)
PATTERN = "support+{token}@desk.example"


def read(inbound: Inbound, *envelope: str, tags: tuple[str, ...] = ("HD", "OLD")) -> Claims:
    return claims(
        inbound, KEY, patterns=[PATTERN, "plain", "{token}@tickets.example"], tags=tags, envelope=envelope
    )


def address(token: Token) -> str:
    return PATTERN.replace("{token}", tokens.reply_token(KEY, token))


def message_id(token: Token) -> str:
    return tokens.signed_message_id(KEY, token, b"12345", "desk.example")


def test_a_token_in_an_address_comes_before_references() -> None:
    inbound = a_mail(to=(Mailbox(address(A)),), in_reply_to=(message_id(B),), references=(message_id(C),))
    assert read(inbound).tokens == (A, B, C)


@pytest.mark.parametrize(
    "place",
    ["envelope", "delivered_to", "to", "cc", "upper case", "own domain of tokens", "display name beside"],
)
def test_a_token_is_found_in_every_recipient(place: str) -> None:
    word = address(A)
    if place == "envelope":
        found = read(a_mail(), word)
    elif place == "delivered_to":
        found = read(a_mail(delivered_to=(word,)))
    elif place == "cc":
        found = read(a_mail(cc=(Mailbox(word),)))
    elif place == "upper case":
        found = read(a_mail(to=(Mailbox(word.upper()),)))
    elif place == "own domain of tokens":
        found = read(a_mail(to=(Mailbox(tokens.reply_token(KEY, A) + "@tickets.example"),)))
    else:
        found = read(a_mail(to=(Mailbox(word, "Support"),)))
    assert found.tokens == (A,)


def test_references_are_tried_from_the_last() -> None:
    inbound = a_mail(references=(message_id(A), message_id(B)))
    assert read(inbound).tokens == (B, A)


def test_only_the_last_references_count() -> None:
    filler = tuple(f"<{number}@x.example>" for number in range(30))
    assert read(a_mail(references=(message_id(A), *filler))).tokens == ()


def test_a_forged_token_is_counted_and_is_none() -> None:
    word = tokens.reply_token(b"x" * 32, A)
    found = read(a_mail(to=(Mailbox(f"support+{word}@desk.example"),)))
    assert (found.tokens, found.forged) == ((), 1)


def test_a_word_behind_the_plus_that_is_no_token_counts_as_forged() -> None:
    found = read(a_mail(to=(Mailbox("support+1000@desk.example"),)))
    assert (found.tokens, found.forged) == ((), 1)


def test_other_peoples_ids_are_kept_in_order() -> None:
    inbound = a_mail(in_reply_to=("<b@x>",), references=("<a@x>", "<b@x>"))
    assert read(inbound).message_ids == ("<b@x>", "<a@x>")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: [HD-1024] Printer", (1024,)),
        ("re: [hd-1024] printer", (1024,)),
        ("[OLD-7] x [HD-8] y", (7, 8)),
        ("[HD-#12] x", (12,)),
        ("[XX-1024] Printer", ()),
        ("HD-1024 Printer", ()),
        ("[HD-]", ()),
        ("[HD-99999999999]", ()),
        ("", ()),
    ],
)
def test_tags_in_the_subject(subject: str, expected: tuple[int, ...]) -> None:
    assert read(a_mail(subject=subject)).tags == expected


def test_a_tag_is_text_and_no_pattern() -> None:
    assert read(a_mail(subject="[HxD-1]"), tags=("H.D",)).tags == ()
    assert read(a_mail(subject="[H.D-1]"), tags=("H.D",)).tags == (1,)


def test_our_own_mail_is_known_by_its_id_and_by_its_mark() -> None:
    assert read(a_mail(message_id=message_id(A))).is_ours
    assert read(a_mail(loop_marks=(tokens.loop_mark(KEY, "desk.example"),))).is_ours
    assert not read(a_mail(message_id="<a@b>", loop_marks=("desk.example abc",))).is_ours
