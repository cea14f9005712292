"""Addresses compared and written: which domain a name beyond ASCII stands for."""

import pytest

from helpdesk_cli.config.forms import ascii_address
from helpdesk_cli.domain.mail import a_label, fold
from helpdesk_cli.mail.addresses import wire_address

LABELS = {
    "straße.test": "xn--strae-oqa.test",
    "STRAẞE.Test": "xn--strae-oqa.test",
    "faß.de": "xn--fa-hia.de",
    "βόλος.com": "xn--nxasmm1c.com",  # UTS 46's own examples
    "ΒΌΛΟΣ.com": "xn--nxasmq6b.com",
    "نامه\u200cای.com": "xn--mgba3gch31f060k.com",
    "ශ්\u200dරී.com": "xn--10cl1a0b660p.com",
    "bücher.example": "xn--bcher-kva.example",
    "BU\u0308CHER.EXAMPLE": "xn--bcher-kva.example",
    "stra\u00adße\u3002test": "xn--strae-oqa.test",
    "xn--strae-oqa.TEST": "xn--strae-oqa.test",
    "straße.bücher.test": "xn--strae-oqa.xn--bcher-kva.test",
}


@pytest.mark.parametrize(("domain", "expected"), LABELS.items())
def test_a_domain_has_one_form_wherever_it_is_written(domain: str, expected: str) -> None:
    assert a_label(domain) == expected
    assert fold(f"Y@{domain}") == f"y@{expected}"
    assert wire_address(f"y@{domain}").lower() == f"y@{expected}"
    assert ascii_address(f"y@{domain}").lower() == f"y@{expected}"


@pytest.mark.parametrize(
    "domain",
    [
        "\u200d.test",
        "ß..test",
        "ß" * 60 + ".test",
        "xn--ß.test",
        "a ß.test",
        "a\u2028ß.test",
        "ß\uff20good.test",
        "ü\u2100.test",
        "ü" * 64,
    ],
)
def test_what_is_no_domain_is_refused_and_compared_as_it_is(domain: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        a_label(domain)
    with pytest.raises(ValueError, match="domain that is not allowed"):
        wire_address(f"y@{domain}")
    assert fold(f"Y@{domain}") == f"y@{domain}"
