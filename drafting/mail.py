"""A letter as an e-mail that a mail program opens for editing. Nothing is sent."""

import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP


def unsent(
    subject: str,
    body: str,
    *,
    sender: tuple[str, str] | None = None,
    to: tuple[str, str] | None = None,
    message: str | None = None,
    thread: Sequence[str] = (),
) -> bytes:
    """Return an unsent mail (`X-Unsent: 1`), in the thread whose message ids are given. People are (name, address).

    Raises ValueError for an address that no mail program knows.
    """
    mail = EmailMessage(policy=SMTP)
    mail["X-Unsent"] = "1"
    mail["Subject"] = line(subject)
    for header, person in (("From", sender), ("To", to)):
        if person and person[1]:
            mail[header] = _address(*person)
    if message:
        mail["Message-ID"] = message
    if thread:
        mail["In-Reply-To"] = thread[-1]
        mail["References"] = " ".join(thread)
    mail.set_content(body + "\n", charset="utf-8", cte="quoted-printable")
    return mail.as_bytes()


def line(text: str) -> str:
    """Return the text on one line: a header can not be broken out of."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", " ", text).split())


def _address(name: str, email: str) -> Address:
    try:
        return Address(line(name), addr_spec=line(email))
    except IndexError:  # what the parser makes of some addresses that are none
        raise ValueError("no address") from None
