"""What is due when: first word, letter, follow-up and post-mortem, from the policy's hours and days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from drafting.store.records import LetterRow, State
from guardrails.case import Case, Moment, Severity, zone
from guardrails.policy import Policy


@dataclass(frozen=True, slots=True)
class Clocks:
    """When each thing is due. None: not owed, or its start is not known yet."""

    detected_at: datetime
    acknowledge_by: datetime
    respond_by: datetime
    postmortem_by: datetime | None


def clocks(case: Case, policy: Policy, drafted_at: datetime) -> Clocks:
    """Return when the first word, the letter and the post-mortem are due.

    Hours run from detection; where that is not known, from the incident's start, else from the
    moment the letter came to the desk. A bare date counts from its first minute: a clock that may
    have been running is one that runs.
    """
    incident = case.incident
    demand = policy.severity[incident.severity or Severity.MEDIUM]
    where = incident.zone or zone(case.account.timezone) or UTC
    began = incident.detected_at or incident.started_at
    detected = _instant(began, where) if began else drafted_at
    return Clocks(
        detected,
        detected + timedelta(hours=demand.acknowledge_hours),
        detected + timedelta(hours=demand.respond_hours),
        _postmortem(case, demand.postmortem, demand.postmortem_business_days[1], where),
    )


def follow_up(severity: Severity, policy: Policy, approved_at: datetime) -> tuple[datetime, datetime] | None:
    """Return the earliest and latest time of the follow-up, or None where the policy leaves it open."""
    demand = policy.severity[severity]
    if demand.follow_up == "optional":
        return None
    return approved_at + timedelta(hours=demand.follow_up_hours[0]), approved_at + timedelta(hours=demand.follow_up_hours[1])


def business_days(start: date, days: int) -> date:
    """Return the date that many business days later. Saturdays and Sundays do not count; holidays are not known here."""
    while days > 0:
        start += timedelta(days=1)
        days -= start.weekday() < 5
    return start


def due(letter: LetterRow) -> tuple[tuple[str, datetime], ...]:
    """Return what is still owed for a letter and when, soonest first."""
    if letter.state in {State.CLOSED, State.SUPERSEDED}:
        return ()
    out = letter.exported_at is not None
    owed = (
        ("acknowledge", None if out or letter.acknowledged_at else letter.acknowledge_by),
        ("respond", None if out else letter.respond_by),
        ("follow_up", None if letter.followed_at else letter.follow_up_by),
        ("postmortem", None if letter.postmortem_at else letter.postmortem_by),
    )
    return tuple(sorted(((what, when) for what, when in owed if when), key=lambda item: item[1]))


def _postmortem(case: Case, owed: bool, days: int, where: tzinfo) -> datetime | None:
    if case.incident.postmortem_due:
        return _last(case.incident.postmortem_due, where)
    if not owed or case.incident.ended_at is None:
        return None
    ended = case.incident.ended_at
    day = ended.astimezone(where).date() if isinstance(ended, datetime) and ended.tzinfo else date(ended.year, ended.month, ended.day)
    return _last(business_days(day, days), where)


def _instant(moment: Moment, where: tzinfo) -> datetime:
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=where)
    return datetime.combine(moment, time.min, where)


def _last(moment: Moment, where: tzinfo) -> datetime:
    """Return the moment itself, or the end of a bare day."""
    return _instant(moment, where) if isinstance(moment, datetime) else datetime.combine(moment, time(23, 59, 59), where)
