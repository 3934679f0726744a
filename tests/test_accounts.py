import csv
import json
from datetime import datetime
from pathlib import Path

import pytest

from drafting.accounts import Accounts, Rejects, Unusable, Usable, mass
from guardrails.case import CaseError, Severity

INCIDENT = """
[incident]
id = "INC-1"
category = "outage"
severity = "medium"
summary = "We took the payout service offline"
cause = "We added an index during the day"
[remedy]
approved_by = "Helene Brandt"
items = [{ kind = "credit", amount = "120.00", currency = "EUR" }, { kind = "priority_support" }]
[sender]
name = "Helene Brandt"
[cohorts.refunded]
where = { "remedy.refund.amount" = true }
[cohorts.lost]
follow_up = "I will call you on Friday."
[cohorts.lost.incident]
severity = "high"
category = "data_loss"
"""
HEAD = ("id", "company", "contact_email", "impact")
ROW = ("A-1", "Okafor Retail", "ngozi@okafor.example", "Your export did not arrive")


def accounts(folder: Path, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD, incident: str = INCIDENT) -> Accounts:
    path, source = folder / "accounts.csv", folder / "incident.toml"
    source.write_text(incident, encoding="utf-8")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return Accounts(path, mass(source))


def usable(found: Accounts) -> list[Usable]:
    rows = list(found)
    assert all(isinstance(row, Usable) for row in rows), rows
    return [row for row in rows if isinstance(row, Usable)]


def unusable(found: Accounts) -> list[Unusable]:
    return [row for row in found if isinstance(row, Unusable)]


def test_a_row_is_a_case(tmp_path: Path) -> None:
    [row] = usable(accounts(tmp_path, (*ROW, "84000", "2027-01-31"), head=(*HEAD, "arr", "renewal_date")))
    assert row.case.account.company == "Okafor Retail"
    assert row.case.account.impact == "Your export did not arrive"
    assert row.case.account.background.arr == "84000"
    assert row.case.incident.summary == "We took the payout service offline"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".xlsx"])
def test_every_form_of_file_gives_the_same_cases(tmp_path: Path, suffix: str) -> None:
    found = accounts(tmp_path, (*ROW, "84000"), head=(*HEAD, "arr"))
    row = dict(zip((*HEAD, "arr"), (*ROW, 84000), strict=True))
    path = tmp_path / f"other{suffix}"
    if suffix == ".csv":
        path.write_bytes("\ufeffid;company;contact_email;impact;arr\r\n".encode() + (";".join(ROW) + ";84000\r\n").encode())
    elif suffix == ".jsonl":
        path.write_text(json.dumps(row) + "\n\n")
    elif suffix == ".parquet":
        import pyarrow as pa
        from pyarrow.parquet import write_table

        write_table(pa.Table.from_pylist([row]), path)
    else:
        workbook(path, [list(row), list(row.values())])
    assert [one.case for one in usable(Accounts(path, found.mass))] == [one.case for one in usable(found)]


def workbook(path: Path, rows: list[list[object]]) -> None:
    """Write the least a workbook can be."""
    import zipfile
    from xml.sax.saxutils import escape

    def cell(value: object) -> str:
        return f"<c><v>{value}</v></c>" if isinstance(value, int) else f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>')
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>')
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        )
        data = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        file.writestr("xl/worksheets/s.xml", f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>')


def test_own_remedy_and_own_times_stand_over_the_incidents(tmp_path: Path) -> None:
    head = (*HEAD, "remedy.credit.amount", "remedy.credit.currency", "incident.started_at")
    [row] = usable(accounts(tmp_path, (*ROW, "75.50", "GBP", "2026-06-09T08:30+02:00"), head=head))
    assert [(item.kind, str(item.amount), item.currency) for item in row.case.remedy.items] == [("credit", "75.50", "GBP"), ("priority_support", "None", None)]
    assert row.case.remedy.approved_by == "Helene Brandt"
    assert row.case.incident.started_at == datetime.fromisoformat("2026-06-09T08:30+02:00")


def test_cohorts_by_column_and_by_condition_have_their_own_facts(tmp_path: Path) -> None:
    head = (*HEAD, "cohort", "remedy.refund.amount", "remedy.refund.currency")
    rows = [("A-1", "One", "", "", "lost", "", ""), ("A-2", "Two", "", "", "", "9.00", "EUR"), ("A-3", "Three", "", "", "", "", "")]
    lost, refunded, other = usable(accounts(tmp_path, *rows, head=head))
    assert (lost.cohort, refunded.cohort, other.cohort) == ("lost", "refunded", None)
    assert (lost.case.incident.severity, lost.case.incident.category, lost.case.incident.cause) == (
        Severity.HIGH,
        "data_loss",
        "We added an index during the day",
    )
    assert lost.case.follow_up == "I will call you on Friday."


def test_columns_of_other_systems_are_mapped(tmp_path: Path) -> None:
    found = accounts(tmp_path, ROW, head=("Account ID", "Customer", "E-Mail", "Impact"))
    assert usable(found)[0].case.account.company == "Okafor Retail"
    assert found.mapping == {"Account ID": "account.id", "Customer": "account.company", "E-Mail": "account.contact.email", "Impact": "account.impact"}


def test_an_unknown_column_is_refused_with_the_way_to_map_it(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"column 'Compny' is not known; did you mean `company`\?; map it under `\[columns\]`"):
        usable(accounts(tmp_path, ROW, head=("id", "Compny", "contact_email", "impact")))


def test_a_key_that_no_account_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"column 'account.pln': unknown key `pln`; did you mean `plan`\?"):
        usable(accounts(tmp_path, (*ROW, "x"), head=(*HEAD, "account.pln")))


def test_the_incident_file_maps_columns(tmp_path: Path) -> None:
    found = accounts(
        tmp_path, (*ROW, "x"), head=("id", "Firma", "contact_email", "impact", "Junk"), incident=INCIDENT + '[columns]\nFirma = "company"\nJunk = ""\n'
    )
    assert usable(found)[0].case.account.company == "Okafor Retail"


@pytest.mark.parametrize(
    ("head", "row", "column", "reason"),
    [
        (HEAD, ("A-1", "", "a@b.example", ""), "company", "is empty"),
        (HEAD, ("A-1", "One", "a at b", ""), "contact_email", "is no e-mail address"),
        ((*HEAD, "cohort"), (*ROW, "lsot"), "cohort", "did you mean lost?"),
        ((*HEAD, "remedy.refund.amount", "remedy.refund.currency"), (*ROW, "a lot", "EUR"), "remedy.refund.amount", "is not an amount"),
        ((*HEAD, "remedy.refund.amount"), (*ROW, "5"), "remedy.refund", "needs a `currency`"),
        ((*HEAD, "incident.started_at"), (*ROW, "yesterday"), "incident.started_at", "is not a date"),
    ],
)
def test_a_row_that_can_not_be_used_says_where_and_why(tmp_path: Path, head: tuple[str, ...], row: tuple[str, ...], column: str, reason: str) -> None:
    [bad] = unusable(accounts(tmp_path, row, head=head))
    assert bad.number == 2
    assert bad.column.startswith(column)
    assert reason in bad.reason


def test_rejected_rows_are_mended_and_fed_back(tmp_path: Path) -> None:
    found = accounts(tmp_path, ROW, ("A-2", "Two", "nobody", "Late"))
    rejects = Rejects(tmp_path / "accounts.rejects.csv")
    for bad in unusable(found):
        rejects.add(bad)
    rejects.close()
    text = rejects.path.read_text(encoding="utf-8")
    assert "3,contact_email,is no e-mail address" in text
    rejects.path.write_text(text.replace("nobody", "n@two.example"), encoding="utf-8")
    [mended] = usable(Accounts(rejects.path, found.mass))
    assert (mended.case.account.id, mended.case.account.contact.email) == ("A-2", "n@two.example")


def test_the_same_account_and_contact_twice_is_found(tmp_path: Path) -> None:
    [bad] = unusable(accounts(tmp_path, ROW, ("A-1", "Okafor Retail", "Ngozi@okafor.example", "Late")))
    assert (bad.number, bad.duplicate, bad.reason) == (3, True, "the same account and contact as row 2")


def test_a_further_contact_shares_the_facts_of_its_account(tmp_path: Path) -> None:
    first, second = usable(accounts(tmp_path, ROW, ("A-1", "Okafor Retail", "finance@okafor.example", "")))
    assert second.case.account.impact == first.case.account.impact


def test_an_account_with_its_letter_already_is_a_duplicate(tmp_path: Path) -> None:
    found = accounts(tmp_path, ROW)
    [bad] = unusable(Accounts(found.path, found.mass, known=lambda key: "INC-1-abc"))
    assert (bad.duplicate, bad.reason) == (True, "this account and contact have their letter already, in batch INC-1-abc")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INCIDENT.replace('id = "INC-1"', ""), "incident.id: name the incident"),
        (INCIDENT + '[account]\ncompany = "x"\n', "belongs into the file of accounts"),
        (INCIDENT.replace("follow_up =", "folow_up ="), "did you mean follow_up?"),
        (INCIDENT.replace('severity = "high"', 'severity = "hgh"'), r"cohorts.lost"),
    ],
)
def test_an_incident_file_that_can_not_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CaseError) as raised:
        accounts(tmp_path, ROW, incident=text)
    assert said in str(raised.value)
