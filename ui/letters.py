"""A letter as its page and its routes need it: the record's values in the form the editor takes. No rule of business is here."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from drafting import desk as desks
from drafting.desk import Desk, View
from drafting.errors import NotThere
from drafting.promises import commitments
from drafting.store import CaseRow, LetterRow, Revision, State
from drafting.triage import missing
from drafting.users import MAY, User
from guardrails.case import Case, Moment, RemedyItem
from guardrails.facts.ledger import Standing
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy
from guardrails.report import Report
from ui.client import desk
from ui.display import ROLES, SEVERITY_TONES, ago, amount, due, for_browser, pairs, utf16, when, words

if TYPE_CHECKING:
    from drafting.export import File

Data = dict[str, Any]

_cases: OrderedDict[str, tuple[str, Case]] = OrderedDict()


def place(letter_id: int) -> str:
    """Return where what somebody types in a letter is kept until it is saved."""
    return f"letter/{letter_id}"


def ref(letter_id: int) -> str:
    """Return a letter's number as people say it."""
    return f"L-{letter_id}"


def lend(user: User, case: Case) -> str:
    """Return a word under which a case that is not in the record yet can be checked against."""
    word = secrets.token_urlsafe(16)
    _cases[word] = (user.name, case)
    while len(_cases) > 1000:
        _cases.popitem(last=False)
    return word


_trials: OrderedDict[str, tuple[str, Policy]] = OrderedDict()


def try_out(user: User, policy: Policy) -> str:
    """Return a word under which letters can be checked against a policy that is not in force."""
    word = secrets.token_urlsafe(16)
    _trials[word] = (user.name, policy)
    while len(_trials) > 200:
        _trials.popitem(last=False)
    return word


def check_text(user: User, subject: str, body: str, letter_id: int | None, lent: str | None, trial: str | None = None, facts: bool = False) -> Data:
    """Return what the rules say of a text, in the browser's units: held against a letter's case, a lent one, or none."""
    here, letter = desk(user), Letter(subject, body)
    whose, policy = _trials.get(trial or "", ("", here.policy))
    if whose == user.name:
        here = replace(here, policy=policy)
    case: Case | None = None
    if letter_id is not None:
        report = desks.preview(here, letter_id, letter)
        if facts:
            with here.store.read() as session:
                row = session.get(LetterRow, letter_id)
                kept = session.get(CaseRow, row.case_id) if row else None
                case = kept.case if kept else None
    else:
        owner, case = _cases.get(lent or "", ("", None))
        case = case if owner == user.name else None
        report = here.check(letter, case, here.policy, rules=here.rules)
    return shown(report, letter, case if facts else None, here.policy)


def shown(report: Report, letter: Letter, case: Case | None, policy: Policy) -> Data:
    """Return a report as the editor takes it, with the fact behind each thing the letter says."""
    said = for_browser(report, letter.subject, letter.body)
    if case is not None:
        said["facts"] = behind(letter, case, policy)
    return said


def behind(letter: Letter, case: Case, policy: Policy) -> list[Data]:
    """Return each checkable thing of a letter and the fact behind it, with the browser's offsets."""
    places = {"subject": utf16(letter.subject), "body": utf16(letter.body)}
    return [
        {
            "field": item.field,
            "start": places[item.field][item.span.start],
            "end": places[item.field][item.span.end],
            "quote": item.quote,
            "fact": item.fact if item.standing in (Standing.HELD, Standing.DERIVED) else None,
        }
        for item in Reading(letter, case, policy).ledger.items
        if item.standing is not Standing.IDLE
    ]


def keep_typed(user: User, where: str, subject: str, body: str, base: int | str | None) -> Data:
    """Keep what somebody has typed in one place of the desk."""
    if where != "draft" and not where.removeprefix("letter/").isdigit():
        raise NotThere(f"there is no place {where!r} to keep a text in")
    desks.keep(desk(user), where, {"subject": subject, "body": body, "base": base})
    return {"kept": True}


def keep_fields(user: User, where: str, values: Mapping[str, str]) -> Data:
    """Keep what somebody has filled in on the Draft page: the form, or the answers about one case."""
    if where != "draft-form" and not re.fullmatch(r"answers-[0-9a-f]{16}", where):
        raise NotThere(f"there are no fields {where!r} to keep")
    desks.keep(desk(user), where, dict(values))
    return {"kept": True}


def revision_text(user: User, letter_id: int, number: int) -> Data:
    """Return subject and body of one revision."""
    for one in desks.history(desk(user), letter_id):
        if one.number == number:
            return {"subject": one.subject, "body": one.body}
    raise NotThere(f"letter {letter_id} has no revision {number}")


def export(user: User, letter_id: int, form: str) -> "File":
    """Return a letter as a file. The record notes that it left; nothing is sent."""
    from drafting.export import file

    return file(desk(user), letter_id, form)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed in a letter and did not save, and the revision they began from."""

    letter: Letter
    base: int


def typed(here: Desk, now: View, revisions: tuple[Revision, ...]) -> Typed | None:
    """Return what this person typed and did not save, unless a revision holds it by now."""
    found = desks.kept(here, place(now.row.id))
    if not isinstance(found, Mapping):
        return None
    letter = Letter(str(found["subject"]), str(found["body"]))
    if any(one.letter == letter for one in revisions):
        desks.discard(here, place(now.row.id))
        return None
    base = found.get("base")
    return Typed(letter, base if isinstance(base, int) else 0)


def editor(
    here: Desk,
    now: View,
    revisions: tuple[Revision, ...],
    unsaved: Typed | None,
    zone: tzinfo | None,
    *,
    neighbours: tuple[int | None, int | None],
    internal: bool,
    notices: list[Data],
) -> Data:
    """Return all that the letter's page shows, as plain data: texts go to the browser as texts."""
    row, standing, time = now.row, now.revision, here.store.clock()
    letter = unsaved.letter if unsaved else standing.letter if standing else Letter("", "")
    writes = here.user.sole or here.user.position in MAY["write letters"]
    fixed = row.state not in {State.DRAFTED, State.IN_REVIEW, State.SENT_BACK, State.APPROVED} or not writes
    report = shown(now.report, standing.letter, now.case, here.policy) if now.report and standing and not unsaved else None
    said = f"Revision {standing.number} by {_author(standing)}, {ago(standing.at, time)}" if standing else ""
    return {
        "letter": row.id,
        "key": f"{row.id}@{row.revision}",
        "base": row.revision,
        "conflict": bool(unsaved and unsaved.base != row.revision),
        "subject": letter.subject,
        "body": letter.body,
        "saved": {"subject": standing.subject, "body": standing.body} if standing else {"subject": "", "body": ""},
        "saved_note": said,
        "readonly": fixed,
        "dismiss": writes and not fixed,
        "report": report,
        "report_key": f"{row.revision}/{now.case_hash}/{len(now.dismissals)}",
        "check_url": "/api/check",
        "check": {"letter": row.id},
        "keep_url": None if fixed else f"/api/typed/{place(row.id)}",
        "revision_url": f"/api/letters/{row.id}/revisions/",
        "title": f"{ref(row.id)} · {row.company}",
        "badges": badges(now, here.user, time),
        "alerts": notices + alerts(now, unsaved, writes),
        "brief": brief(here, now, letter, time),
        "actions": actions(here, now, neighbours, fixed),
        "facts": pairs(now.case.facts()),
        "background": pairs(desks.internal_facts(here, row.id)) if internal else [],
        "internal": internal,
        "history": {
            "revisions": [{"number": one.number, "note": _author(one) + _took(one), "when": when(one.at, zone)} for one in revisions],
            "events": events(now, zone),
        },
        "comments": [{"by": one.author, "when": when(one.at, zone), "text": one.text} for one in now.comments],
        "can_comment": writes,
    }


def _author(one: Revision) -> str:
    return f"{one.model} for {one.author}" if one.model else one.author


def _took(one: Revision) -> str:
    return f", cost ${one.cost}" if one.model and one.model != "template" and one.cost is not None else ""


def badges(now: View, who: User, time: datetime) -> list[tuple[str, str]]:
    """Return the state of a letter in a few words."""
    row = now.row
    found = [(words(row.state.value), "good" if row.state in {State.APPROVED, State.EXPORTED, State.CLOSED} else "info")]
    if row.due:
        found.append(due(row.due, time, words(row.due_what or "").lower()))
    found += [(words(row.severity.value), SEVERITY_TONES[row.severity.value]), (words(row.category), "plain")]
    if row.arr is not None:
        found.append((f"{amount(row.arr, row.currency)} a year", "plain"))
    if row.repeats:
        found.append((f"{row.repeats} earlier {'apology' if row.repeats == 1 else 'apologies'} in 90 days", "near"))
    if len(now.approvals) and now.needed > 1:
        found.append((f"{len(now.approvals)} of {now.needed} approvals", "info"))
    if now.hold and now.hold.holder != who.name:
        found.append((f"open at {now.hold.holder}", "near"))
    return found


def alerts(now: View, unsaved: Typed | None, writes: bool) -> list[Data]:
    """Return what a reader has to know before anything else, each with what to do about it."""
    found: list[Data] = []
    if unsaved and unsaved.base != now.row.revision:
        author = _author(now.revision) if now.revision else "Somebody"
        found.append(
            {
                "text": f"{author} saved revision {now.row.revision} while you were writing on revision {unsaved.base}. "
                "Below stands your text; History compares the two. Save to put yours on top.",
                "action": "take_theirs",
                "label": "Take theirs instead",
            }
        )
    if now.stale:
        quotes = "; ".join(f"“{one.quote}”" if one.quote else one.message for one in now.stale[:4])
        found.append(
            {
                "text": f"The facts have changed since this was written. Wrong by now: {quotes}.",
                **({"action": "acknowledge", "label": "I have looked at it"} if writes else {}),
            }
        )
    elif any(one.code == "case" for one in now.blockers):
        found.append(
            {
                "text": "The facts have changed since this was written; no sentence has become wrong by it.",
                "tone": "note",
                **({"action": "acknowledge", "label": "I have looked at it"} if writes else {}),
            }
        )
    if now.row.failure:
        found.append({"text": f"There is no draft: {now.row.failure}"})
    return found


def brief(here: Desk, now: View, letter: Letter, time: datetime) -> list[Data]:
    """Return the card of sixty seconds: what happened, what we offer, what we promise, what is unknown, who signs and by when."""
    case, policy = now.case, here.policy
    incident = case.incident
    happened = [text for text in (case.account.impact or incident.impact or incident.summary, _window(case)) if text]
    offers = [offer(item) for item in case.remedy.items]
    if offers and case.remedy.approved_by:
        offers.append(f"Approved by {case.remedy.approved_by}")
    made = [one.text for one in now.promises if one.state != "void"] or [one.text for one in commitments(letter, case, policy, time.date())]
    category = policy.categories.get(incident.category or "other")
    asks = [need.ask for need in missing(case, category) if not need.optional] if category else []
    signer = Reading(letter, case, policy).signer
    signs = ", ".join(part for part in (signer.name, signer.title) if part) or "Nobody yet"
    clocks = [f"{words(what)} {due(at, time)[0]}" for what, at in now.due[:2]]
    return [
        {"title": "What happened to them", "lines": happened or ["The case does not say."], "none": not happened},
        {"title": "What we offer", "lines": offers or ["Nothing is approved."], "none": not offers},
        {"title": "What we promise", "lines": made[:4] or ["No commitment in the text."], "none": not made},
        {"title": "What is unknown", "lines": asks[:4] or ["Nothing the letter needs."], "none": not asks},
        {"title": "Who signs, by when", "lines": [signs, f"needs {ROLES[now.signs.value]} or above", *clocks]},
    ]


def offer(item: RemedyItem) -> str:
    """Return one thing that is offered, in a line."""
    money = f"{item.amount:,} {item.currency}" if item.amount is not None else ""
    return ": ".join(part for part in (words(item.kind), " ".join(part for part in (money, item.text or "") if part)) if part)


def _window(case: Case) -> str:
    incident = case.incident

    def clock(moment: Moment) -> str:
        local = incident.local(moment)
        return f"{local.day} {local:%b %Y}" + (f" {local:%H:%M}" if isinstance(local, datetime) else "")

    if incident.started_at is None:
        return incident.duration or ""
    length = f" ({incident.duration})" if incident.duration else ""
    if incident.ended_at is None:
        return f"Since {clock(incident.started_at)}, not known to be over"
    start, end = clock(incident.started_at), clock(incident.ended_at)
    return f"{start} to {end.rsplit(' ', 1)[-1] if start.rsplit(' ', 1)[0] == end.rsplit(' ', 1)[0] else end}{length}"


REASONS = ("Blames the customer", "Promises too much", "Facts are wrong", "Remedy is missing", "Tone", "Something else")
"""Why a letter goes back; the first words of the reason that is recorded."""

FORMS = (
    ("E-mail file (.eml)", "eml"),
    ("Word (.docx)", "docx"),
    ("Markdown", "md"),
    ("JSON", "json"),
    ("Calls and follow-ups (.ics)", "ics"),
    ("Proof pack", "proof"),
)


def forms(now: View) -> list[Data]:
    """Return the forms a letter leaves in; a short one also as a mail that the mail program opens."""
    found: list[Data] = [{"label": label, "url": f"/api/letters/{now.row.id}/export/{form}"} for label, form in FORMS]
    standing, to = now.revision, now.case.account.contact.email
    if standing and to:
        link = f"mailto:{quote(to, safe='@')}?subject={quote(standing.subject)}&body={quote(standing.body.replace(chr(10), chr(13) + chr(10)))}"
        if len(link) <= MAILTO:
            found.insert(1, {"label": "Open in the mail program", "url": f"/api/letters/{now.row.id}/export/txt", "mailto": link})
    return found


MAILTO = 2000
"""Characters of a mail link that every mail program still takes whole."""


def actions(here: Desk, now: View, neighbours: tuple[int | None, int | None], fixed: bool) -> list[Data]:
    """Return the buttons of the page in their order, each with the reason why it can not be pressed now."""
    row, who = now.row, here.user
    writes = who.sole or who.position in MAY["write letters"]
    found: list[Data] = [
        {"name": "previous", "label": "Previous", "key": "Alt+Up", "reason": "" if neighbours[0] else "This is the first letter"},
        {"name": "next", "label": "Next", "key": "Alt+Down", "reason": "" if neighbours[1] else "This is the last letter"},
        {"gap": True},
    ]
    more: list[Data] = [{"name": "copy", "label": "Copy the text"}]
    if not fixed:
        found.append({"name": "save", "label": "Save revision", "key": "Ctrl+S", "needs": ["changed"]})
    others = [one for one in now.blockers if one.code not in {"errors", "state"}]
    if writes and row.state in {State.DRAFTED, State.SENT_BACK}:
        found.append(
            {
                "name": "submit",
                "label": "Send to review",
                "key": "Alt+A",
                "primary": True,
                "needs": ["saved"],
                "reason": "" if row.revision else "There is no text yet",
            }
        )
    if row.state is State.IN_REVIEW:
        if who.sole or who.position in MAY["send letters back"]:
            found.append({"name": "send_back", "label": "Send back", "key": "Alt+J", "needs": ["saved"]})
        found.append(
            {
                "name": "approve",
                "label": "Approve",
                "key": "Alt+A",
                "primary": True,
                "needs": ["saved", "clear"],
                "reason": "; ".join(one.text for one in others),
            }
        )
        if any(one.code == "errors" for one in now.blockers) and who.rank >= here.policy.approval.override.rank and not others:
            more.append({"name": "override", "label": "Approve with errors, with a reason…"})
    if row.state in {State.APPROVED, State.EXPORTED, State.FOLLOW_UP_DUE, State.CLOSED} and writes:
        found.append(
            {
                "name": "export",
                "label": "Export",
                "key": "Alt+X",
                "primary": True,
                "needs": ["saved"],
                "menu": forms(now),
            }
        )
    elif row.revision:
        more.append({"label": "Proof pack", "url": f"/api/letters/{row.id}/export/proof"})
    if row.state is State.APPROVED:
        more.append({"name": "undo", "label": "Take the approval back"})
    if row.state in {State.APPROVED, State.EXPORTED, State.FOLLOW_UP_DUE} and writes and row.category != "follow_up":
        more.append({"name": "follow_up", "label": "Draft the follow-up"})
    if writes and not row.acknowledged_at and row.state not in {State.CLOSED, State.SUPERSEDED}:
        more.append({"name": "done_acknowledge", "label": "The customer has had a first word"})
    if writes and row.postmortem_by and not row.postmortem_at:
        more.append({"name": "done_postmortem", "label": "The post-mortem has gone out"})
    if writes:
        more += [{"name": f"kept_{one.id}", "label": f"Promise kept: {one.text[:60]}"} for one in now.promises if one.state == "open"]
    if not fixed:
        more.append({"name": "facts", "label": "Change the facts…"})
    more.append({"name": "internal", "label": "Show internal facts (noted in the audit log)"})
    if writes and row.state in {State.EXPORTED, State.FOLLOW_UP_DUE}:
        more.append({"name": "supersede", "label": "Write a new one in its place…"})
    if writes and row.state not in {State.CLOSED, State.SUPERSEDED}:
        more.append({"name": "close", "label": "Close…"})
    return [*found[:3], *found[3:], {"name": "more", "label": "More", "menu": more}]


_SAID: Mapping[str, str] = {
    "approve": "approved",
    "send_back": "sent back",
    "acknowledge": "looked at the changed facts of",
    "close": "closed",
    "supersede": "replaced",
}


def events(now: View, zone: tzinfo | None) -> list[Data]:
    """Return what people decided about a letter, newest first."""
    found = [
        (
            one.at,
            f"{one.author} {_SAID.get(one.kind, one.kind)} revision {one.revision}"
            + (f": {one.reason}" if one.reason else "")
            + (" (taken back)" if one.withdrawn_at else ""),
        )
        for one in now.decisions
    ]
    found += [(one.at, f"{one.author} let `{one.rule}` stand: {one.reason}") for one in now.dismissals]
    return [{"what": text, "when": when(at, zone)} for at, text in sorted(found, key=lambda item: item[0], reverse=True)]
