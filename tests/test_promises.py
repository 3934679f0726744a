"""What a letter commits us to, and by when."""

from datetime import date

import pytest
from desks import case

from drafting.promises import commitments
from guardrails.letter import Letter
from guardrails.policy import default_policy

TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("sentence", "promises"),
    [
        ("I will call you on Friday 27 November at 10:00 CET.", [("call", "2026-11-27")]),
        ("The post-mortem will reach you by 1 December.", [("postmortem", "2026-12-01")]),
        ("I will call you on Friday, and our post-mortem will reach you by 1 December.", [("call", "2026-11-27"), ("postmortem", "2026-12-01")]),
        ("The credit of EUR 500 will be on your next invoice.", [("money", None)]),
        ("We'll send you an update tomorrow.", [("follow_up", "2026-11-25")]),
        ("You will have our written findings within five business days.", [("postmortem", "2026-12-01")]),
        ("We will add an alert to the export by 5 January.", [("change", "2027-01-05")]),
        ("Our team will report to you within 48 hours.", [("follow_up", "2026-11-26")]),
        ("I would like to speak with you on Friday 27 November.", [("call", "2026-11-27")]),
        ("We have credited EUR 500.", []),
        ("We will do better.", []),
        ("If you want a call, I will ring you.", []),
        ("We will never let this happen again.", []),
        ("Will you call me on Friday?", []),
        ("On 20 November we told you that we would call.", []),
    ],
)
def test_promises_and_near_misses(sentence: str, promises: list[tuple[str, str | None]]) -> None:
    body = f"Dear Ngozi,\n\nI am sorry. {sentence}\n\nKind regards,\nMara"
    found = commitments(Letter("Sorry", body), case(), default_policy(), TUESDAY)
    assert [(one.kind, one.due.isoformat() if one.due else None) for one in found] == promises
