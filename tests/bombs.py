"""Mails that are made to defeat a reader: exact recipes, each with the weakness it was found to hit."""

ORDINARY = (
    b"Return-Path: <jo@client.example>\r\nReceived: from out.client.example by mx.example.com;\r\n"
    b"\tSun, 22 Nov 2026 09:30:00 +0000\r\n"
    b"From: Jo Client <jo@client.example>\r\nTo: Support <support@example.com>, b@example.com\r\n"
    b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?= and\r\n more\r\nMessage-ID: <1@client.example>\r\n"
    b'In-Reply-To: <0@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="outer"\r\n\r\n'
    b"This is a multi-part message in MIME format.\r\n--outer\r\n"
    b"Content-Type: multipart/alternative; boundary=outer-inner\r\n\r\n--outer-inner\r\n"
    b"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Hello =C3=A4 \r\nworld\r\n--outer-inner\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--outer-inner--\r\n\r\n"
    b"--outer\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''%C3%A9.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: inner\r\n\r\nthe attached mail\r\n--outer--\r\n"
)
"""A mail with one of everything, to be mutated."""


def nested(depth: int) -> bytes:
    """A multipart in a multipart in …; 1,000 of them end the standard library in RecursionError."""
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
        for number in range(depth)
    )


def attached(depth: int) -> bytes:
    """A mail attached to a mail attached to …"""
    return b"Content-Type: message/rfc822\n\n" * depth


def many_parts(count: int) -> bytes:
    """One multipart with very many parts."""
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * count


def encoded_words(count: int) -> bytes:
    """A subject of encoded words; 20,000 of them cost policy.default 11 s and 2.7 GB."""
    return b"Subject: " + b"=?utf-8?q?a?= " * count + b"\n\nx"


def recipients(count: int) -> bytes:
    """A crowd."""
    return b"To: " + b",\n ".join(b'"U %d" <u%d@example.test>' % (n, n) for n in range(count)) + b"\n\nhi"


def parentheses(count: int) -> bytes:
    """Comments in comments; 1,000 end parseaddr in RecursionError."""
    return b"From: " + b"(" * count + b"\n\nx"


BOMBS = {
    "encoded words": encoded_words(20_000),
    "recipients": recipients(10_000),
    "parentheses": parentheses(1_000),
    "closed parentheses": b"From: " + b"(" * 30_000 + b")" * 30_000 + b" a@b.c\n\nx",
    "nested 100": nested(100),
    "nested 300": nested(300),
    "nested 1000": nested(1_000),
    "nested 3000": nested(3_000),
    "attached 300": attached(300),
    "attached 3000": attached(3_000),
    "parts": many_parts(100_000),
    "bracket id": b"Message-ID: <[b378b0f0@microsoft.com]>\n\nx",
    "lone quote": b'To: "\n\nx',
    "comment group": b"To: (c):\n\nx",
    "starred name": b"Content-Type: text/plain; name*\n\nx",
    "quotes": b"From: " + b'"' * 60_001 + b" <a@b.c>\n\nx",
    "escaped quotes": b"From: " + b'"\\' * 30_000 + b" <a@b.c>\n\nx",
    "angles": b"To: " + b"<" * 60_000 + b"a@b.c\n\nx",
    "header without end": b"Subject: " + b"x" * 3_000_000,
    "header fields": b"X: y\n" * 200_000 + b"\nx",
    "folds": b"Subject: a" + b"\n b" * 200_000 + b"\n\nx",
    "parameters": b"Content-Type: text/plain" + b"; a=b" * 50_000 + b"\n\nx",
    "pieces": b"Content-Type: text/plain" + b"".join(b"; name*%d=x" % n for n in range(5_000)) + b"\n\nx",
    "starting pieces": b"Content-Type: a/b" + b"".join(b";n*%d=" % n for n in range(1, 5_500)) + b"\n\nx",
    "open quote parameters": b"Content-Type: text/plain; " + b'a="\\' * 15_000 + b"\n\nx",
    "dashes": b"Content-Type: multipart/mixed; boundary=-\n\n" + b"-" * 3_000_000,
    "dash lines": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + b"--bb\n" * 300_000,
    "same boundary": b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n"
    * 2_000,
    "long boundary": b"Content-Type: multipart/mixed; boundary="
    + b"b" * 60_000
    + b"\n\n--"
    + b"b" * 60_000
    + b"\n\nx",
    "closed again": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + b"--b--\nx\n" * 50_000,
    "soft breaks": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\n" * 1_000_000,
    "base64 padding": b"Content-Transfer-Encoding: base64\n\n" + b"A=" * 1_000_000,
    "nul": b"\0" * 3_000_000,
    "blanks": b" \n" * 1_000_000,
    "colons": b":" * 1_000_000,
    "flowed": b"Content-Type: text/plain; format=flowed\n\n" + b"> a \n>> b \n" * 100_000,
}


def _typed(kind: str, body: bytes) -> bytes:
    """The end of a header that says what the body is, and the body."""
    return b"Content-Type: " + kind.encode() + b"\n\n" + body


LONG_TEXTS = {
    "quote header": _typed("text/plain", (b" on " + b"x" * 200 + b" at " + b"y" * 200 + b"\n") * 2_000),
    "quote marks": _typed("text/plain", b">" * 100_000),
    "quoted lines": _typed("text/plain", b"> a\n" * 50_000),
    "alternating quotes": _typed("text/plain", b"text\n> quoted\n" * 25_000),
    "attributions": _typed("text/plain", b"On Mon, 1 Jan 2026 at 10:00, A <a@b.test>\n" * 20_000),
    "header blocks": _typed("text/plain", b"From: a@b.test\nSent: Monday\nTo: c@d.test\n" * 15_000),
    "rules": _typed("text/plain", b"_" * 200_000 + b"\n" + b"-----Original Message-----\n" * 10_000),
    "one line": _typed("text/plain", b"a" * 2_000_000),
    "word html": _typed(
        "text/html",
        b"<html><body>" + b'<p class=MsoNormal style="margin:0"><o:p>&nbsp;</o:p></p>' * 33_000 + b"hello",
    ),
    "deep html": _typed("text/html", b"<div>" * 100_000 + b"hello"),
    "open tags": _typed("text/html", b"<" * 500_000),
    "html comments": _typed("text/html", b"<!--" * 200_000),
    "entities": _typed("text/html", b"&amp" * 500_000),
    "cells": _typed("text/html", b"<table>" + b"<tr><td>a<td>b" * 50_000),
    "large base64": b"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n"
    + (b"A" * 76 + b"\n") * 250_000,
}
"""Mails that are long rather than broken: their readers search, convert and compare."""

_MAKERS = {"nested": nested, "attached": attached}


def bomb(name: str) -> bytes:
    """A bomb by its name, or by its maker's and a number: ``nested 300``."""
    maker, _, number = name.rpartition(" ")
    if maker in _MAKERS:
        return _MAKERS[maker](int(number))
    return (BOMBS | LONG_TEXTS)[name]
