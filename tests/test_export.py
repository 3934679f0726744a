"""A letter in the forms people send, file and prove it in."""

import io
import json
import zipfile
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from hashlib import sha256

import pytest
from desks import case, desk, letter, reviewed
from docx import Document

from drafting import desk as act
from drafting.aftercare import follow_up
from drafting.desk import Desk, Written
from drafting.errors import DeskError
from drafting.export import FORMS, file
from drafting.store import LetterRow, Store
from guardrails.case import Case
from guardrails.letter import Letter


def approved(here: Desk, about: Case | None = None, text: Letter | None = None) -> LetterRow:
    row = reviewed(here, about, text)
    return act.approve(here, row.id, row.revision, row.sha256 or "")


def test_a_mail_is_unsent_and_goes_from_signer_to_contact(store: Store) -> None:
    here = desk(store)
    made = file(here, approved(here).id, "eml")
    mail = message_from_bytes(made.data, policy=default)
    assert (made.name, mail["X-Unsent"], mail["To"]) == ("letter-1-okafor-retail.eml", "1", "Ngozi Okafor <Ngozi@okafor.example>")
    assert mail["Subject"] == letter().subject
    assert mail.get_content().replace("\r\n", "\n") == letter().body + "\n"


def test_a_mail_stays_in_the_customers_thread(store: Store) -> None:
    account = case().model_dump(mode="json", exclude_defaults=True)["account"] | {"tickets": [{"id": "<a1@okafor.example>", "body": "Where is it?"}]}
    here = desk(store)
    row = approved(here, case(account=account))
    mail = message_from_bytes(file(here, row.id, "eml").data, policy=default)
    assert mail["In-Reply-To"] == mail["References"] == "<a1@okafor.example>"
    follow = follow_up(here, row.id, lambda _: Written(letter()))
    again = message_from_bytes(file(here, follow.id, "eml", drafts=True).data, policy=default)
    assert again["References"] == f"<a1@okafor.example> {mail['Message-ID']}"


def test_a_header_can_not_be_broken_out_of(store: Store) -> None:
    here = desk(store)
    row = approved(here, text=Letter("Sorry\r\nBcc: all@evil.example", letter().body))
    mail = message_from_bytes(file(here, row.id, "eml").data, policy=default)
    assert (mail["Bcc"], mail["Subject"]) == (None, "Sorry Bcc: all@evil.example")


@pytest.mark.parametrize("form", ["eml", "txt", "md", "docx", "json"])
def test_a_draft_is_stamped_in_every_form(store: Store, form: str) -> None:
    here = desk(store)
    row = act.add(here, case(), Written(letter()))
    data = file(here, row.id, form, drafts=True).data
    if form == "docx":
        assert Document(io.BytesIO(data)).sections[0].header.paragraphs[0].text == "DRAFT, not approved"
    elif form == "json":
        assert json.loads(data)["draft"] is True
    else:
        assert b"DRAFT, not approved" in data


def test_an_approved_letter_carries_no_stamp(store: Store) -> None:
    here = desk(store)
    row = approved(here)
    assert not [form for form in ("eml", "txt", "md") if b"DRAFT" in file(here, row.id, form).data]


def test_word_has_the_paragraphs_and_no_forbidden_character(store: Store) -> None:
    here = desk(store)
    row = approved(here, text=Letter("Ça va\x0b 😀", letter().body.replace("Dear Ngozi", "Dear Ngozi\x00")))
    document = Document(io.BytesIO(file(here, row.id, "docx").data))
    assert [one.text for one in document.paragraphs][:2] == ["Ça va 😀", "Dear Ngozi\ufffd,"]
    assert document.paragraphs[-1].text == "Kind regards,\nMara Lind\nVP of Customer Success"


def test_markdown_reads_as_it_was_written(store: Store) -> None:
    here = desk(store)
    row = approved(here, text=Letter("Sorry", "Dear Ngozi,\n\n1. *Stars* and ![x](http://evil.example)\n- a dash\n\nRegards,\nMara\nVP of Customer Success"))
    text = file(here, row.id, "md").data.decode()
    assert "1\\. \\*Stars\\* and !\\[x\\](http://evil.example)  \n\\- a dash" in text
    assert text.endswith("Regards,  \nMara  \nVP of Customer Success\n")


def test_calls_and_follow_ups_are_in_the_calendar(store: Store) -> None:
    here = desk(store)
    lines = file(here, approved(here).id, "ics").data.decode().split("\r\n")
    assert [line for line in lines if line.startswith(("DTSTART", "SUMMARY"))] == [
        "DTSTART:20260612T100000Z",
        "SUMMARY:call: Okafor Retail",
        "DTSTART;VALUE=DATE:20260616",
        "SUMMARY:postmortem: Okafor Retail",
        "DTSTART:20260611T120000Z",
        "SUMMARY:Follow-up: Okafor Retail",
    ]
    assert max(len(line.encode()) for line in lines) <= 75


def test_a_proof_pack_can_be_checked_with_nothing_but_a_hash(store: Store) -> None:
    here = desk(store)
    row = approved(here, case("high"))
    act.export(here, row.id, "eml")
    with zipfile.ZipFile(io.BytesIO(file(here, row.id, "proof").data)) as pack:
        said, facts, links = (json.loads(pack.read(f"{name}.json")) for name in ("letter", "facts", "audit"))
        names = pack.namelist()
    assert names == ["letter.txt", "letter.json", "facts.json", "findings.json", "decisions.json", "revisions.json", "audit.json", "README.txt"]

    def canonical(value: object) -> bytes:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    assert sha256(canonical([said["subject"], said["body"]])).hexdigest() == said["sha256"]
    for link in links:
        at = datetime.fromisoformat(link["at"]).isoformat()
        parts = [link["seq"], at, *(link[key] for key in ("who", "what", "kind", "ref", "before", "after", "detail", "previous"))]
        assert sha256(canonical(parts)).hexdigest() == link["hash"]
    assert "letter.approve" in [link["what"] for link in links]
    assert "churn" not in str(facts)


def test_a_form_that_is_none_is_one_line(store: Store) -> None:
    here = desk(store)
    with pytest.raises(DeskError, match=f"^'pdf' is no form of a letter; use {', '.join(FORMS)}$"):
        file(here, approved(here).id, "pdf")
