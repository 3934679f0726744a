"""The policy's versions: each with who set it, why and when. Old ones stay."""

from dataclasses import replace

from drafting.desk import Desk, view
from drafting.errors import DeskError
from drafting.store import LetterRow, PolicyVersion, Store, digest
from drafting.users import require
from guardrails.policy import Policy, parse_policy


def save_policy(desk: Desk, text: str, reason: str) -> PolicyVersion:
    """Keep a policy as the newest version and return it; the same text again is no new version.

    Raises CaseError with one line where the text is no policy, Forbidden, or DeskError without a reason.
    """
    require(desk.store, desk.user, "change the policy")
    parse_policy(text, "policy")
    if not reason.strip():
        raise DeskError("reason: say why in a few words")
    with desk.store.begin() as session:
        before = session.find(PolicyVersion, "-id", limit=1)
        if before and before[0].text == text:
            return before[0]
        made = session.add(PolicyVersion, text=text, hash=digest(text), author=desk.user.name, reason=reason.strip(), at=session.now)
        session.log(desk.user.name, "policy.save", "policy", made, before=before[0].hash if before else None, after=digest(text))
        return session.find(PolicyVersion, id=made)[0]


def policies(store: Store) -> tuple[PolicyVersion, ...]:
    """Return every version, newest first."""
    with store.read() as session:
        return session.find(PolicyVersion, "-id")


def current(store: Store, policy: Policy) -> Policy:
    """Return the newest version with the categories of the policy given, or that policy where the desk has no version."""
    kept = policies(store)
    if not kept:
        return policy
    return parse_policy(kept[0].text, f"policy version {kept[0].id}").model_copy(update={"categories": policy.categories})


def effect(desk: Desk, policy: Policy, last: int = 50) -> tuple[tuple[LetterRow, int, int], ...]:
    """Return those of the last letters whose findings another policy would change: the letter, errors now, errors then."""
    with desk.store.read() as session:
        rows = session.find(LetterRow, "-id", limit=last)
    changed = []
    for row in rows:
        now, then = view(desk, row.id).report, view(replace(desk, policy=policy), row.id).report
        if now and then and now.findings != then.findings:
            changed.append((row, sum(one.level == "error" for one in now.findings), sum(one.level == "error" for one in then.findings)))
    return tuple(changed)
