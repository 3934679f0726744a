"""Read one incident and its affected accounts: a case for each row, or the reason why there is none.

Files of accounts (CSV, Parquet, JSONL, Excel) are streamed. Nothing is kept in memory but a page of rows.
"""

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from drafting.rows import account_key
from drafting.store import digest, encode
from guardrails.case import Account, Case, CaseError, Incident, Kind, Remedy, explain, parse, read

Row = Mapping[str, str]

_PLAIN: Mapping[str, str] = {
    "id": "account.id",
    "company": "account.company",
    "contact_first_name": "account.contact.first_name",
    "contact_name": "account.contact.name",
    "contact_email": "account.contact.email",
    "impact": "account.impact",
    "cohort": "cohort",
    "arr": "account.background.arr",
    "renewal_date": "account.background.renewal_date",
}
"""The short columns of the contract and the key each fills."""
_ALSO: Mapping[str, str] = {
    "account_id": "id", "customer_id": "id", "company_name": "company", "account_name": "company", "customer": "company", "account": "company",
    "first_name": "contact_first_name", "contact": "contact_name", "name": "contact_name", "full_name": "contact_name", "email": "contact_email",
    "e_mail": "contact_email", "segment_cohort": "cohort", "group": "cohort", "renewal": "renewal_date", "contact_e_mail": "contact_email",
}  # fmt: skip
"""What other systems call the same columns."""
_KINDS = frozenset(get_args(Kind))
_OVERRIDES = ("incident", "remedy", "follow_up")
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+\Z")


@dataclass(frozen=True, slots=True)
class Cohort:
    """Accounts that are told other facts: what is different for them, and which rows belong where no `cohort` column says so."""

    name: str
    facts: Mapping[str, Any]
    where: Mapping[str, Any]

    def takes(self, row: Row) -> bool:
        """Return whether a row meets every condition: a text it equals, a list it is among, true for filled, false for empty."""
        for column, wanted in self.where.items():
            value = row.get(column, "")
            if isinstance(wanted, bool):
                if bool(value) is not wanted:
                    return False
            elif value not in ([str(item) for item in wanted] if isinstance(wanted, list) else [str(wanted)]):
                return False
        return bool(self.where)


@dataclass(frozen=True)
class Mass:
    """An incident file: the case without its account, its cohorts, and how columns are to be read."""

    source: str
    base: Mapping[str, Any]
    cohorts: Mapping[str, Cohort]
    columns: Mapping[str, str]

    @property
    def incident(self) -> str:
        """The incident's id."""
        return str(self.base["incident"]["id"])

    def facts(self, cohort: str | None) -> dict[str, Any]:
        """Return the case's data for a cohort, without account."""
        data = dict(self.base)
        if cohort is not None:
            for key, value in self.cohorts[cohort].facts.items():
                data[key] = _merged(data.get(key), value) if key == "incident" else value
        return data

    @cached_property
    def prepared(self) -> dict[str | None, Case]:
        """Each cohort's case about no account in particular: what rows share is read once."""
        return {
            name: parse(self.facts(name) | {"account": {"company": "-"}}, self.source if name is None else f"{self.source}: cohorts.{name}")
            for name in (None, *self.cohorts)
        }


def mass(path: Path) -> Mass:
    """Return what an incident file says. Raises CaseError with one line."""
    data = read(path)
    if not isinstance(data, Mapping):
        raise CaseError(f"{path}: an incident file is a table with `incident` and `sender`")
    if "account" in data:
        raise CaseError(f"{path}: `account` belongs into the file of accounts; take it out here")
    base = {key: value for key, value in data.items() if key not in ("cohorts", "columns")}
    incident = base.get("incident")
    if not isinstance(incident, Mapping) or not incident.get("id"):
        raise CaseError(f"{path}: incident.id: name the incident, so that no account gets its letter twice")
    cohorts = {}
    for name, table in _table(path, data, "cohorts").items():
        if not isinstance(table, Mapping):
            raise CaseError(f"{path}: cohorts.{name}: is a table of incident, remedy, follow_up and where")
        for key in table:
            if key not in (*_OVERRIDES, "where"):
                near = get_close_matches(key, (*_OVERRIDES, "where"), 1)
                raise CaseError(
                    f"{path}: cohorts.{name}.{key}: a cohort overrides incident, remedy or follow_up" + (f"; did you mean {near[0]}?" if near else "")
                )
        cohorts[name] = Cohort(name, {key: table[key] for key in _OVERRIDES if key in table}, table.get("where", {}))
    found = Mass(str(path), base, cohorts, {str(key): str(value) for key, value in _table(path, data, "columns").items()})
    assert found.prepared  # reads every cohort, and raises with its name where one can not be used
    return found


def _table(path: Path, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, Mapping):
        raise CaseError(f"{path}: {key}: is a table")
    return table


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


@dataclass(frozen=True, slots=True)
class Usable:
    """A row that a letter can be written for."""

    number: int
    case: Case
    cohort: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that none can be written for: where, why, and the row as it was. A duplicate names the row it repeats."""

    number: int
    column: str
    reason: str
    row: Row
    duplicate: bool = False


class _FaultError(Exception):
    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


Part = TypeVar("Part", bound=BaseModel)


def _valid(model: type[Part], data: object, part: str, kinds: Sequence[str] = ()) -> Part:
    """Return a part of a case, or raise the fault with the key of the cell it is in."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        place = [str(kinds[step]) if isinstance(step, int) and step < len(kinds) else str(step) for step in fault["loc"]]
        words = [step for step in place if step != "items" and re.fullmatch(r"\w+", step) and not step.startswith("function")]
        raise _FaultError(".".join([part, *words]), explain(error, model)) from None


@dataclass(frozen=True)
class Accounts:
    """A file of accounts beside its incident."""

    path: Path
    mass: Mass
    known: Callable[[str], str | None] = field(default=lambda key: None)
    """Says which batch holds a letter of this key already."""

    @cached_property
    def mapping(self) -> dict[str, str]:
        """Each column of the file and the key it fills (empty: left out). Raises CaseError for a column nobody can place."""
        with closing(self._records()) as records:
            first = next(records, None)
        if first is None:
            raise CaseError(f"{self.path}: there are no accounts in it")
        mapping = {column: self._key(column) for column in first}
        filled = [key for key in mapping.values() if key]
        for key in filled:
            if filled.count(key) > 1:
                twice = " and ".join(repr(column) for column, one in mapping.items() if one == key)
                raise CaseError(f'{self.path}: {twice} both fill {key}: leave one out with `[columns]` in {self.mass.source}, as in "NAME" = ""')
        if "account.company" not in filled:
            raise CaseError(f'{self.path}: there is no column `company`; name yours under `[columns]` in {self.mass.source}, as in "Customer" = "company"')
        return mapping

    def _key(self, column: str) -> str:
        """Return the key of the case that a column fills, or nothing where it is left out."""
        name = self.mass.columns.get(column, column)
        if not name or name.startswith("_"):
            return ""
        plain = re.sub(r"[^a-z0-9.]+", "_", name.strip().lower()).strip("_")
        plain = plain if plain in _PLAIN else _ALSO.get(plain, plain)
        if plain in _PLAIN:
            return _PLAIN[plain]
        remedy = plain.split(".")
        if len(remedy) == 3 and remedy[0] == "remedy" and remedy[1] in _KINDS and remedy[2] in ("amount", "currency", "text"):
            return plain
        part, _, rest = plain.partition(".")
        if part in ("account", "incident") and rest:
            probe: Any = "-"
            for step in reversed(rest.split(".")):
                probe = {step: probe}
            model, least = (Account, {"company": "-"}) if part == "account" else (Incident, {"summary": "-"})
            try:
                model.model_validate(least | probe)
            except ValidationError as error:
                if any(fault["type"] == "extra_forbidden" for fault in error.errors()):
                    raise CaseError(f"{self.path}: column {column!r}: {explain(error, model)}") from None
            return plain
        near = get_close_matches(plain, _PLAIN, 1)
        raise CaseError(
            f"{self.path}: column {column!r} is not known"
            + (f"; did you mean `{near[0]}`?" if near else "")
            + f'; map it under `[columns]` in {self.mass.source}, as in {json.dumps(column)} = "company", or "" to leave it out'
        )

    def __iter__(self) -> Iterator[Usable | Unusable]:
        """Yield every row of the file, in its order, as a case or with the reason why there is none."""
        mapping = self.mapping
        with closing(sqlite3.connect("")) as seen:  # on disk, so that memory stays flat however long the file is
            seen.execute("create table letters(key blob primary key, number int) without rowid")
            seen.execute("create table facts(account text primary key, data text) without rowid")
            for number, raw in enumerate(self._records(), 2):
                row = {mapping.get(column, ""): value for column, value in raw.items() if mapping.get(column) and value}
                if not row:
                    continue
                yield self._row(number, row, raw, seen)

    def _row(self, number: int, row: dict[str, str], raw: Row, seen: sqlite3.Connection) -> Usable | Unusable:
        columns = {key: column for column, key in self.mapping.items()}

        def unusable(key: str, reason: str, duplicate: bool = False) -> Unusable:
            return Unusable(number, columns.get(key, key), reason, raw, duplicate)

        mail = row.get("account.contact.email", "")
        if mail and not _MAIL.match(mail):
            return unusable("account.contact.email", "is no e-mail address; write name@company.example")
        if "account.company" not in row:
            return unusable("account.company", "is empty; every account needs its company")
        self._share(row, seen)
        cohort = row.pop("cohort", None)
        if cohort is not None and cohort not in self.mass.cohorts:
            near = get_close_matches(cohort, self.mass.cohorts, 1)
            return unusable(
                "cohort",
                f"there is no cohort {cohort!r}"
                + (f"; did you mean {near[0]}?" if near else f"; {self.mass.source} has {', '.join(self.mass.cohorts) or 'none'}"),
            )
        if cohort is None:
            cohort = next((one.name for one in self.mass.cohorts.values() if one.takes({**raw, **row})), None)
        try:
            case = self._case(row, cohort)
        except _FaultError as fault:
            return unusable(fault.key, str(fault))
        contact = case.account.contact.email.casefold() or case.account.contact.name.casefold()
        key = digest(encode([self.mass.incident, account_key(case), contact, case.incident.category or "", "letter"]))[:40]
        earlier = seen.execute("select number from letters where key = ?", (bytes.fromhex(key),)).fetchone()
        if earlier:
            return unusable("account.contact.email" if mail else "account.company", f"the same account and contact as row {earlier[0]}", duplicate=True)
        seen.execute("insert into letters values (?, ?)", (bytes.fromhex(key), number))
        if batch := self.known(key):
            return unusable("account.id", f"this account and contact have their letter already, in batch {batch}", duplicate=True)
        return Usable(number, case, cohort, key)

    def _share(self, row: dict[str, str], seen: sqlite3.Connection) -> None:
        """Give a further contact of an account what an earlier row said of the account."""
        account = row.get("account.id")
        if not account:
            return
        known = seen.execute("select data from facts where account = ?", (account,)).fetchone()
        own = {key: value for key, value in row.items() if not key.startswith("account.contact.")}
        if known:
            for key, value in json.loads(known[0]).items():
                row.setdefault(key, value)
        else:
            seen.execute("insert into facts values (?, ?)", (account, json.dumps(own)))

    def _case(self, row: Row, cohort: str | None) -> Case:
        """Return the case of a row; parts that no column touches are the cohort's own, read once."""
        common = self.mass.prepared[cohort]
        account: dict[str, Any] = {}
        incident: dict[str, Any] = {}
        remedies: dict[str, dict[str, str]] = {}
        for key, value in row.items():
            part, _, rest = key.partition(".")
            if part == "remedy":
                kind, _, name = rest.partition(".")
                remedies.setdefault(kind, {})[name] = value
            else:
                place = account if part == "account" else incident
                *parents, last = rest.split(".")
                for name in parents:
                    place = place.setdefault(name, {})
                place[last] = value
        data: dict[str, Any] = dict(common) | {"account": _valid(Account, account, "account")}
        if incident:
            data["incident"] = _valid(Incident, _merged(self.mass.facts(cohort)["incident"], incident), "incident")
        if remedies:
            own = [{"kind": kind, **values} for kind, values in remedies.items()]
            others = [item for item in common.remedy.items if item.kind not in remedies]
            data["remedy"] = _valid(Remedy, {"items": [*own, *others], "approved_by": common.remedy.approved_by}, "remedy", list(remedies))
        return Case.model_validate(data)

    def _records(self) -> Generator[dict[str, str], None, None]:
        """Yield the file's rows as texts by column."""
        readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet, ".xlsx": _excel, ".xls": _excel, ".ods": _excel}
        reader = readers.get(self.path.suffix.lower())
        if reader is None:
            raise CaseError(f"{self.path}: name a .csv, .jsonl, .parquet or .xlsx file")
        if not self.path.is_file():
            raise CaseError(f"{self.path}: there is no such file")
        for row in reader(self.path):
            yield {str(column).strip(): _text(value) for column, value in row.items() if column is not None and str(column).strip()}


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.read(8192).split("\n", 1)[0]
            file.seek(0)
            delimiter = max(",;\t|", key=sample.count)
            rows = csv.DictReader(file, delimiter=delimiter, restkey=None)
            yield from rows
    except UnicodeDecodeError:
        raise CaseError(f"{path}: is not UTF-8 text; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise CaseError(f"{path}: is no CSV: {error}") from None


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise CaseError(f"{path}: line {number} is no JSON object")
            yield row


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for page in file.iter_batches(1024):
                yield from page.to_pylist()
    except ArrowException as error:
        raise CaseError(f"{path}: is no Parquet file: {str(error).splitlines()[0]}") from None


def _excel(path: Path) -> Iterator[dict[str, Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            rows = book.get_sheet_by_index(0).iter_rows()
            head = [str(cell) for cell in next(rows, [])]
            for row in rows:
                yield dict(zip(head, row, strict=False))
    except CalamineError as error:
        raise CaseError(f"{path}: is no workbook: {error}") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(Decimal(str(value)) if isinstance(value, float) else value).strip()


class Rejects:
    """Rows that could not be used, in a file that can be mended and fed back; made when there is one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: Any = None

    def add(self, one: Unusable) -> None:
        """Write a row down with its place and reason; columns that begin with _ are left out when it is read again."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._csv = csv.writer(self._file)
            self._csv.writerow(["_row", "_column", "_reason", *(column for column in one.row if not column.startswith("_"))])
        self._csv.writerow([one.number, one.column, one.reason, *(value for column, value in one.row.items() if not column.startswith("_"))])
        self.count += 1

    def close(self) -> None:
        """End the file."""
        if self._file:
            self._file.close()
