"""A mailbox as a small help desk knows it, the same for the same seed.

    python bench/corpus.py [--count 2000] [--seed 1] [--big 0] maildir|mbox PATH

Seven mails of ten are plain text or text with its HTML twin (2-8 kB), two are HTML alone (20-60 kB), one
carries files of 100-500 kB. Six of ten answer an earlier mail of their conversation: In-Reply-To,
References, "Re:", quoted text. 200 clients write in six languages and three encodings, with the headers
that servers on the way add. Dates run on from a fixed day.
"""

import argparse
import base64
import quopri
from collections.abc import Iterable, Iterator
from email.header import Header
from pathlib import Path
from random import Random
from time import gmtime, strftime

CLIENTS = 200
FIRST_DAY = 1_790_000_000
ADDRESS = "support@desk.example"

WORDS = {
    "en": "the server is down again since this morning and we cannot send any mail please could you "
    "look at it our customers complain that pages load slowly invoice number was charged "
    "twice thank you for your help password reset does not work domain transfer certificate "
    "expired backup restore yesterday regards",
    "de": "der Server ist seit heute früh nicht erreichbar und wir können keine E-Mails mehr senden "
    "bitte prüfen Sie das für unsere Kunden wäre es wichtig die Rechnung wurde doppelt "
    "gebucht vielen Dank für Ihre Mühe Zugang gesperrt Zertifikat abgelaufen Sicherung grüße "
    "größe",
    "fr": "le serveur ne répond plus depuis ce matin et nous ne pouvons plus envoyer de courriels "
    "pourriez-vous vérifier s'il vous plaît la facture a été débitée deux fois merci de votre "
    "aide le mot de passe oublié",
    "es": "el servidor no funciona desde esta mañana y no podemos enviar correos por favor "
    "revísenlo cuanto antes la factura se cobró dos veces muchas gracias por su ayuda "
    "contraseña dominio caducó año",
    "ru": "сервер не отвечает с утра и мы не можем отправлять почту пожалуйста проверьте счёт был "
    "оплачен дважды спасибо за помощь пароль не подходит домен сертификат истёк резервная "
    "копия",
    "ja": "サーバーが 今朝から 応答 しません メールを 送信 できない 状態です "
    "至急 ご確認 ください 請求書が 二重に 届きました よろしく お願い いたします パスワード ドメイン 証明書",
}
LATIN = ("en", "de", "fr", "es")


class Conversation:
    """What the next mail of a conversation must know of the earlier ones."""

    def __init__(self, subject: str, client: int, language: str) -> None:
        self.subject = subject
        self.client = client
        self.language = language
        self.ids: list[str] = []
        self.last = ""


def messages(count: int, seed: int = 1, replies: float = 0.6, is_small: bool = False) -> Iterator[bytes]:
    """So many mails, oldest first, each with CRLF line ends; small ones are text alone."""
    dice = Random(seed)
    running: list[Conversation] = []
    for number in range(count):
        is_reply = bool(running) and dice.random() < replies
        if is_reply:
            conversation = running[-1 - min(int(dice.expovariate(1 / 60)), len(running) - 1)]
        else:
            language = dice.choices(list(WORDS), (40, 20, 12, 12, 10, 6))[0]
            subject = " ".join(dice.choices(WORDS[language].split(), k=dice.randint(3, 8)))
            conversation = Conversation(subject, dice.randrange(CLIENTS), language)
            running.append(conversation)
        yield _message(dice, number, seed, conversation, is_reply, 0.7 if is_small else 1.0)


def _message(
    dice: Random, number: int, seed: int, conversation: Conversation, is_reply: bool, most: float
) -> bytes:
    kind = dice.random() * most
    language = conversation.language
    if kind < 0.7:
        text = _prose(dice, language, dice.randint(900, 3_600))
    else:
        text = _prose(dice, language, dice.randint(400, 1_500))
    if is_reply:
        quoted = "\r\n".join("> " + line for line in conversation.last.split("\r\n")[:20])
        whole = f"{text}\r\n\r\nOn Monday Support <{ADDRESS}> wrote:\r\n{quoted}\r\n"
    else:
        whole = f"{text}\r\n-- \r\nClient {conversation.client}\r\nExample Street 1, Tel. +49 30 555\r\n"
    conversation.last = text
    if kind < 0.35:
        content = _part("text/plain", whole, language, dice)
    elif kind < 0.7:
        content = _alternative(dice, whole, language, f"alt{number}")
    elif kind < 0.9:
        content = _part(
            "text/html", _html(dice, whole, language, dice.randint(15_000, 42_000)), language, dice
        )
    else:
        content = _mixed(dice, whole, language, f"mix{number}")
    head = _head(dice, number, seed, conversation, is_reply)
    return head + content


def _prose(dice: Random, language: str, size: int) -> str:
    """Lines of words, about so many bytes in UTF-8."""
    words = WORDS[language].split()
    lines, length = [], 0
    while length < size:
        line = " ".join(dice.choices(words, k=dice.randint(3, 12)))
        lines.append(line + ("." if dice.random() < 0.3 else ""))
        if dice.random() < 0.1:
            lines.append("")
        length += len(line.encode())
    return "\r\n".join(lines)


def _html(dice: Random, text: str, language: str, size: int) -> str:
    """The text as a mail program would write it: a table about it, styles on every tag."""
    style = "margin:0;padding:0;font-family:Calibri,Arial,sans-serif;font-size:11pt;color:#1f497d"
    paragraphs = [f'<p class="MsoNormal" style="{style}"><span lang="EN">{line}<o:p></o:p></span></p>'
                  for line in text.replace("&", "&amp;").replace("<", "&lt;").split("\r\n")]  # fmt: skip
    length = sum(len(line.encode()) for line in paragraphs)
    while length < size:
        line = " ".join(dice.choices(WORDS[language].split(), k=10))
        paragraphs.append(
            f'<table border="0" cellpadding="0" width="100%"><tr><td style="{style}"><a href="https://shop.example/'
            f'{dice.randrange(10**6)}">{line}</a></td></tr></table>'
        )
        length += len(paragraphs[-1].encode())
    css = "<style>p.MsoNormal{margin:0cm;font-size:11.0pt}a:link{color:#0563C1}</style>"
    return (
        f'<html><head><meta charset="utf-8">{css}</head><body>'
        + "\r\n".join(paragraphs)
        + "</body></html>\r\n"
    )


def _part(kind: str, text: str, language: str, dice: Random) -> bytes:
    """Headers and body of one text."""
    charset = "iso-8859-1" if language in LATIN and dice.random() < 0.25 else "utf-8"
    raw = text.encode(charset)
    if language in ("ru", "ja") or dice.random() < 0.2:
        encoding, body = "base64", base64.encodebytes(raw)
    else:
        encoding, body = "quoted-printable", quopri.encodestring(raw.replace(b"\r\n", b"\n"))
    body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return (
        f'Content-Type: {kind}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'.encode()
        + body
    )


def _multipart(kind: str, boundary: str, parts: Iterable[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"--{boundary}\r\n".encode()
    return head + b"".join(mark + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def _alternative(dice: Random, text: str, language: str, boundary: str) -> bytes:
    html = (
        f"<html><body><div>{text.replace('<', '&lt;').replace(chr(10), '<br>' + chr(10))}</div></body></html>"
    )
    short = text[: len(text) // 3]
    return _multipart(
        "alternative",
        boundary,
        [
            _part("text/plain", short, language, dice),
            _part("text/html", html[: len(html) // 2], language, dice),
        ],
    )


def _mixed(dice: Random, text: str, language: str, boundary: str) -> bytes:
    left = dice.randint(100_000, 500_000)
    parts = [_part("text/plain", text, language, dice)]
    while left > 0:
        size = min(left, dice.randint(60_000, 500_000))
        left -= size
        name, kind = dice.choice(
            (("invoice.pdf", "application/pdf"), ("screen.png", "image/png"), ("photo.jpg", "image/jpeg"))
        )
        body = base64.encodebytes(dice.randbytes(size)).replace(b"\n", b"\r\n")
        head = (
            f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
            "Content-Transfer-Encoding: base64\r\n\r\n"
        )
        parts.append(head.encode() + body)
    return _multipart("mixed", boundary, parts)


def _head(dice: Random, number: int, seed: int, conversation: Conversation, is_reply: bool) -> bytes:
    client = conversation.client
    domain = f"client{client % 40}.example"
    sender = f"person{client}@{domain}"
    message_id = f"<{number}.{seed}.{dice.getrandbits(64):x}@{domain}>"
    date = strftime("%a, %d %b %Y %H:%M:%S +0000", gmtime(FIRST_DAY + number * 97))
    subject = ("Re: " if is_reply else "") + conversation.subject
    title = Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")
    lines = [f"Return-Path: <{sender}>"]
    for hop in range(dice.randint(2, 5)):
        lines.append(
            f"Received: from mx{hop}.{domain} (mx{hop}.{domain} [192.0.2.{dice.randrange(1, 255)}])\r\n"
            f"\tby in{hop}.desk.example (Postfix) with ESMTPS id {dice.getrandbits(40):X}\r\n"
            f"\tfor <{ADDRESS}>; {date}"
        )
    signature = base64.b64encode(dice.randbytes(192)).decode()
    folded = "\r\n\t ".join(signature[at : at + 64] for at in range(0, len(signature), 64))
    lines += [
        f"Authentication-Results: in0.desk.example; dkim=pass header.d={domain};\r\n"
        f"\tspf=pass smtp.mailfrom={sender}",
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=mail;\r\n"
        f"\th=from:to:subject:date:message-id; bh={signature[:43]}=;\r\n\tb={folded}",
        f"Date: {date}",
        f"From: {Header(f'Person Größe {client}', 'utf-8').encode()} <{sender}>",
        f"To: Support <{ADDRESS}>",
        f"Subject: {title}",
        f"Message-ID: {message_id}",
    ]
    if is_reply:
        lines.append(f"In-Reply-To: {conversation.ids[-1]}")
        lines.append("References: " + "\r\n ".join(conversation.ids[-10:]))
    conversation.ids.append(message_id)
    lines += ["MIME-Version: 1.0", "User-Agent: Example Mail 12.4", "X-Spam-Status: No, score=-1.2", ""]
    return "\r\n".join(lines).encode()


def big(size: int, seed: int = 1) -> bytes:
    """One mail with a single file, so many bytes in all."""
    dice = Random(seed)
    head = _head(dice, 0, seed, Conversation("one large file", 1, "en"), False)
    raw = dice.randbytes(int(size * 57 / 78))
    body = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    attached = (
        b'Content-Type: application/zip; name="large.zip"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="large.zip"\r\n\r\n' + body
    )
    return head + _multipart("mixed", "large", [_part("text/plain", "See the file.", "en", dice), attached])


def into_maildir(path: Path, mails: Iterable[bytes]) -> int:
    """Write a Maildir as a delivery agent does (line ends of the system); returns the bytes."""
    for name in ("new", "cur", "tmp"):
        (path / name).mkdir(parents=True, exist_ok=True)
    total = 0
    for number, raw in enumerate(mails):
        at = FIRST_DAY + number * 97
        raw = raw.replace(b"\r\n", b"\n")
        (path / "new" / f"{at}.M{number}P1.bench").write_bytes(raw)
        total += len(raw)
    return total


def into_mbox(path: Path, mails: Iterable[bytes]) -> int:
    """Write an mbox file (mboxrd's quoting of From lines); returns the bytes."""
    total = 0
    with path.open("wb") as out:
        for number, raw in enumerate(mails):
            stamp = strftime("%a %b %d %H:%M:%S %Y", gmtime(FIRST_DAY + number * 97))
            lines = [
                b">" + line if line.lstrip(b">").startswith(b"From ") else line
                for line in raw.replace(b"\r\n", b"\n").split(b"\n")
            ]
            text = f"From person@client.example {stamp}\n".encode() + b"\n".join(lines) + b"\n"
            out.write(text)
            total += len(text)
    return total


def main() -> None:
    """Write the mailbox that the arguments describe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--big", type=int, default=0, help="one mail of so many bytes instead")
    parser.add_argument("form", choices=("maildir", "mbox"))
    parser.add_argument("path", type=Path)
    chosen = parser.parse_args()
    mails = [big(chosen.big, chosen.seed)] if chosen.big else messages(chosen.count, chosen.seed)
    write = into_maildir if chosen.form == "maildir" else into_mbox
    print(f"{write(chosen.path, mails)} bytes")


if __name__ == "__main__":
    main()
