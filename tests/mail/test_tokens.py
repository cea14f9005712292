"""Signed words: what passes its check, and that nothing else does."""

from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.mail import Token
from helpdesk_cli.mail import tokens

KEY, OTHER = b"k" * 32, b"o" * 32
TOKEN = Token("c", 1000, 5)
TOKENS = st.builds(
    Token, st.sampled_from(tokens.PURPOSES), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)
)


@given(TOKENS)
def test_a_reply_token_is_read_back(token: Token) -> None:
    word = tokens.reply_token(KEY, token)
    assert len(word) == tokens.REPLY_LENGTH
    assert tokens.read(KEY, word) == token
    assert tokens.read(KEY, word.upper()) == token


@given(TOKENS, st.binary(min_size=5, max_size=5))
def test_a_message_id_is_read_back(token: Token, nonce: bytes) -> None:
    whole = tokens.signed_message_id(KEY, token, nonce, "desk.example")
    local = whole[1:-1].partition("@")[0]
    assert len(local) == tokens.ID_LENGTH
    assert tokens.read(KEY, local) == token


@given(st.integers(0, 31), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_changed_letter_is_no_token(place: int, letter: str) -> None:
    word = tokens.reply_token(KEY, TOKEN)
    changed = word[:place] + letter + word[place + 1 :]
    assert (tokens.read(KEY, changed) is None) == (changed != word)


def test_a_cut_or_longer_word_is_no_token() -> None:
    word = tokens.reply_token(KEY, TOKEN)
    assert tokens.read(KEY, word[:-1]) is None
    assert tokens.read(KEY, word + "a") is None
    assert tokens.read(KEY, word[:16]) is None
    assert tokens.read(KEY, "") is None
    assert tokens.read(KEY, word + "a" * 8) is None


def test_a_word_of_another_key_is_no_token() -> None:
    assert tokens.read(OTHER, tokens.reply_token(KEY, TOKEN)) is None


def test_a_word_of_another_alphabet_is_no_token() -> None:
    assert tokens.read(KEY, "0" * 32) is None
    assert tokens.read(KEY, "ä" * 32) is None


def test_the_word_of_a_message_id_is_no_reply_token_and_the_reverse() -> None:
    nonce = tokens.signed_message_id(KEY, TOKEN, b"12345", "d")[1:41]
    assert tokens.read(KEY, nonce[:32]) is None


@given(st.text(max_size=60))
def test_any_text_is_a_token_or_none(word: str) -> None:
    assert tokens.read(KEY, word) is None


def test_our_loop_mark_is_known_and_a_forged_one_is_not() -> None:
    mark = tokens.loop_mark(KEY, "desk.example")
    assert tokens.is_loop_mark(KEY, mark)
    assert tokens.is_loop_mark(KEY, f" {mark} ")
    assert not tokens.is_loop_mark(OTHER, mark)
    assert not tokens.is_loop_mark(KEY, mark.replace("desk", "desc"))
    assert not tokens.is_loop_mark(KEY, "desk.example")
    assert not tokens.is_loop_mark(KEY, "")
