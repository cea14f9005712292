"""``ticket forward``: to a supplier and back, with real mails in Maildirs."""

from pathlib import Path

from desks import Site
from program import Run

FIX = "repair@supplier.example"


def test_a_supplier_is_asked_answers_and_the_client_knows_nothing(
    site: Site, run: Run, tmp_path: Path
) -> None:
    site.write("It is broken.", sender="Ann <ann@client.example>")
    run("fetch-mail")
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7")
    done = run(
        "ticket", "forward", "1000", "--to", FIX, "-m", "Can you come?", "-a", str(tmp_path / "plan.pdf"),
        "--stage", "awaiting", "--json",
    )  # fmt: skip
    assert (done.json["stage"], done.json["message_count"]) == ("awaiting", 2)
    run("notify")
    (asked,) = [mail for mail in site.sent() if FIX in str(mail["To"])]
    assert "> It is broken." in asked.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in asked.iter_attachments()] == ["plan.pdf"]
    site.write(
        "On Friday.", sender=FIX, subject=f"Re: {asked['Subject']}", in_reply_to=str(asked["Message-ID"])
    )
    run("fetch-mail")
    shown = run("ticket", "show", "1000", "--json").json
    assert [(one["kind"], one["public"], one["mark"]) for one in shown["messages"]] == [
        ("inbound", True, None),
        ("outbound", False, f"to {FIX}"),
        ("inbound", False, "third party"),
    ]
    assert shown["messages"][1]["message_id"] == asked["Message-ID"]
    assert (shown["participants"], shown["state"]) == (["ann@client.example"], "open")
    page = run("ticket", "show", "1000").out
    assert "-- forwarded · Bob Baker <bob@desk.example>" in page
    assert f"[only staff see this; to {FIX}]" in page
    run("ticket", "reply", "1000", "-m", "They come on Friday, it seems.")
    run("notify")
    answer = [mail for mail in site.sent() if "ann@client.example" in str(mail["To"])][-1].as_string()
    assert "They come on Friday, it seems." in answer
    assert "supplier" not in answer and "Can you come?" not in answer


def test_what_cannot_be_forwarded_is_told_with_the_text_kept(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    words = ("ticket", "forward", "1000", "-m", "Look.")
    assert "--to" in inside(*words, code=2).err
    told = inside(*words, "--to", "ann@client.example", code=2).err
    assert "takes part in ticket 1000" in told and "your text is kept in" in told
    assert "exclude each other" in inside(*words, "--to", FIX, "--all", "--of", "1", code=2).err
    assert "has no message 99" in inside(*words, "--to", FIX, "--of", "99", code=4).err
    assert "no ticket 77" in inside("ticket", "forward", "77", "--to", FIX, "-m", "x", code=4).err
    assert inside("outbox", "list", "--json").json[0]["kind"] != "forward"


def test_a_blocked_address_is_warned_of(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    inside("client", "block", FIX)
    done = inside("ticket", "forward", "1000", "--to", FIX, "-m", "Look.")
    assert f"helpdesk: {FIX} is blocked" in done.err


def test_explain_says_whose_token_it_is(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    inside("ticket", "forward", "1000", "--to", FIX, "-m", "Look.")
    inside("notify")
    (asked,) = [mail for mail in site.sent() if FIX in str(mail["To"])]
    mail = f"From: {FIX}\r\nTo: support@desk.example\r\nIn-Reply-To: {asked['Message-ID']}\r\n\r\nYes.\r\n"
    told = inside("inbox", "explain", "-", "--json", input=mail).json
    assert told["verdict"]["reason"] == "third-party-answer"
    assert told["facts"]["tickets"]["third_ticket"] == 1000
    assert "third party on 1000" in inside("inbox", "explain", "-", input=mail).out
