"""Words of thanks alone, in the languages of the desk's clients, and what is more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.mail.text import is_only_thanks

THANKS = [
    "Thanks!",
    "THANKS",
    "thx",
    "Thank you very much, John",
    "Thank you so much for your help!",
    "ok thanks",
    "Great, thanks!",
    "Thanks :)",
    "👍 Thanks 🙂",
    "Thanks for [HD-1024]",
    "Hi John,\n\nthank you so much for your quick reply!\n\nBest regards\nMax Miller",
    "Danke",
    "Danke, Herr Müller!",
    "Vielen Dank und schöne Grüße\nAnna",
    "Sehr geehrter Herr Müller,\n\nvielen Dank für die schnelle Hilfe!\n\nMit freundlichen Grüßen\nAnna Schmidt",
    "Hallo zusammen,\nbesten Dank!\nLG Max",
    "Danke, Frau Anna Müller",
    "Vielen Dank und viele Grüße Anna Schmidt",
    "Thanks John",
    "Many thanks, Best regards John Smith",
    "Merci Jean",
    "Dank je wel, Jan",
    "Спасибо, Иван!",
    "Merci beaucoup",
    "Bonjour,\n\nMerci beaucoup pour votre aide.\n\nCordialement,\nJean Dupont",
    "Un grand merci à toute l’équipe !\nBonne journée",
    "gracias",
    "¡Muchas gracias!",
    "Hola,\n\nmuchas gracias por su ayuda.\n\nSaludos,\nMaría",
    "Grazie",
    "Grazie mille!\n\nCordiali saluti\nMario Rossi",
    "bedankt",
    "Hartelijk dank voor uw hulp!\n\nMet vriendelijke groet,\nJan de Vries",
    "obrigado",
    "Muito obrigada pela ajuda!\n\nAtenciosamente,\nJoana",
    "dziękuję",
    "Dzień dobry,\n\ndziękuję bardzo za pomoc.\n\nPozdrawiam\nAnna Nowak",
    "спасибо",
    "Здравствуйте!\n\nБольшое спасибо за помощь!\n\nС уважением,\nИван Петров",
    "谢谢",
    "谢谢！",
    "您好！\n\n非常感谢您的帮助！\n\n祝好\n王伟",
    "謝謝您的幫助",
    "ありがとうございます",
    "田中様\n\nお世話になっております。\n迅速なご対応ありがとうございました。\n\nよろしくお願いいたします。\n山田",
    "Tack så mycket!\nMvh\nAnna",
    "Mange tak for hjælpen\nHilsen Lars",
    "Děkuji za pomoc.\nS pozdravem\nJan Novák",
    "Teşekkür ederim!\nSaygılarımla\nAhmet",
    "감사합니다!",
]

MORE = [
    "",
    "\n",
    "Hello",
    "Best regards\nMax",
    "thanks, but it still fails",
    "Thanks. When will it ship?",
    "Thanks, when will it ship",
    "Thanks in advance",
    "Thanks 3",
    "Thanks, order 4711",
    "no thanks",
    "No, thanks",
    "Yes, thanks",
    "Thanks, cancel it",
    "Thanks. Refund",
    "Thanks, Cancel",
    "Thanks, see https://x.example",
    "Thanks, max@x.example",
    "I thank nobody",
    "Thank you for calling me at home",
    "Thanks, it is broken",
    "Printer, thanks",
    "Danke, geht nicht",
    "Danke im Voraus",
    "Vielen Dank für nichts",
    "Danke, Storno",
    "merci mais non",
    "Merci d'avance",
    "gracias, otra cosa: falla",
    "¿Gracias?",
    "Grazie, ma non funziona",
    "Bedankt, maar het werkt niet",
    "Obrigado, mas não funciona",
    "Dziękuję, ale nie działa",
    "Спасибо, не работает",
    "Заранее спасибо",
    "谢谢，还是不行",
    "谢谢\n退款",
    "ありがとうございます。まだ動きません。",
    "Tack, men det fungerar inte",
    "Tak, men det virker ikke",
    "Děkuji, nefunguje to",
    "Teşekkürler ama çalışmıyor",
    "감사합니다. 환불",
    "Danke, Mittwoch",
    "Danke, Widerruf",
    "Danke, Bitte Löschen",
    "Danke, Kalender",
    "Perfekt, Kalender\nDanke",
    "Danke\nWiderruf",
    "Danke sehr, Peter Kalender",
    "Thanks, Nothing Works",
    "Thanks, John Smith",
    "Thanks, Monday",
    "Thanks\nNothing Works",
    "Merci, Annulez",
    "Merci vielmals, Kalender",
    "Спасибо, Отмените",
    "thanks\n" * 20,
    "thanks " * 200,
]


@pytest.mark.parametrize("text", THANKS)
def test_thanks_alone_are_known(text: str) -> None:
    assert is_only_thanks(text)


@pytest.mark.parametrize("text", MORE)
def test_anything_else_is_more_than_thanks(text: str) -> None:
    assert not is_only_thanks(text)


@pytest.mark.parametrize("text", THANKS)
@pytest.mark.parametrize("more", ["?", " but it fails", "\nit fails", "\n42", "\nhttp://x.example"])
def test_one_thing_more_makes_it_a_message(text: str, more: str) -> None:
    assert not is_only_thanks(text + more)


@pytest.mark.parametrize(
    ("subject", "alone"),
    [
        ("", True),
        ("Re: Printer is broken, what now?", True),
        ("AW: Drucker", True),
        ("RE[2]: Printer", True),
        ("回复：打印机", True),
        ("[HD-1024] Printer", True),
        ("Thanks!", True),
        ("Please delete my account", False),
        ("Fwd: Bill", False),
        ("Second printer", False),
    ],
)
def test_a_subject_that_answers_none_is_a_message_of_its_own(subject: str, alone: bool) -> None:
    assert is_only_thanks("Thanks", subject) is alone


@given(st.text(max_size=500), st.text(max_size=100))
def test_any_text_is_judged(text: str, subject: str) -> None:
    assert is_only_thanks(text, subject) in (True, False)


@given(st.sampled_from(THANKS), st.text(alphabet="abcdefgh", min_size=6, max_size=12))
def test_an_unknown_word_is_more_than_thanks(text: str, word: str) -> None:
    assert not is_only_thanks(f"{text}\n{word}")
