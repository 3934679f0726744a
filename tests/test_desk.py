"""What people do with a letter, and who may."""

from pathlib import Path
from threading import Thread

import pytest
from desks import at, case, desk, letter, people, reviewed
from stores import Clock

import guardrails
from drafting import aftercare, clocks
from drafting import desk as act
from drafting.config import configuration
from drafting.desk import Desk, View, Written
from drafting.errors import Conflict, DeskError, Forbidden, NotThere, Refused
from drafting.export import file
from drafting.pipeline import first_prompt
from drafting.policies import current, effect, policies, save_policy
from drafting.store import LetterRow, Link, State, Store, verify
from drafting.triage import triage
from drafting.users import LOCAL, User
from guardrails.case import Case, CaseError, Incident, Severity
from guardrails.finding import Finding
from guardrails.letter import Letter
from guardrails.policy import Role, default_policy
from guardrails.report import check

CEO = "Iris Vale\nChief Executive Officer"


def approve(here: Desk, row: LetterRow, **more: str) -> LetterRow:
    return act.approve(here, row.id, row.revision, row.sha256 or "", **more)


def codes(now: View) -> list[str]:
    return [blocker.code for blocker in now.blockers]


def found(here: Desk, row: LetterRow, rule: str) -> Finding:
    report = act.view(here, row.id).report
    assert report
    return next(finding for finding in report.findings if finding.rule == rule)


def dismissed(here: Desk, row: LetterRow, rule: str, reason: str = "It is what they asked for.") -> View:
    return act.dismiss(here, row.id, row.revision, row.sha256 or "", found(here, row, rule), reason)


@pytest.fixture
def staff(store: Store) -> dict[str, User]:
    return people(store, ana="agent", bo="csm", lee="support_lead", mara="vp", noor="vp", iris="executive", root="admin", otto="auditor")


def test_a_letter_goes_from_draft_to_export(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    assert row.state is State.IN_REVIEW
    row = approve(here, row)
    assert row.state is State.APPROVED
    out = act.export(here, row.id, "eml").row
    assert (out.state, out.exported_at) == (State.EXPORTED, at(12))


@pytest.mark.parametrize("form", ["eml", "proof"])
def test_a_letter_nobody_approved_stays(store: Store, form: str) -> None:
    here = desk(store)
    row = act.add(here, case(), Written(letter()))
    if form == "proof":
        assert act.export(here, row.id, form).row.state is State.DRAFTED
    else:
        with pytest.raises(Refused, match="only approved letters"):
            act.export(here, row.id, form)


def test_the_same_key_is_one_letter(store: Store) -> None:
    here = desk(store)
    first = act.add(here, case(), Written(letter()), key="batch/A-1")
    again = act.add(here, case(), Written(letter("Other words.")), key="batch/A-1")
    assert (again.id, again.sha256) == (first.id, first.sha256)


def test_a_failed_letter_gets_its_text_later(store: Store) -> None:
    here = desk(store)
    failed = act.add(here, case(), key="batch/A-1", failure="the provider refused")
    assert (failed.revision, failed.failure) == (0, "the provider refused")
    mended = act.add(here, case(), Written(letter()), key="batch/A-1")
    assert (mended.id, mended.revision, mended.failure) == (failed.id, 1, None)


def test_workers_that_store_one_letter_at_once_store_it_once(store: Store) -> None:
    here = desk(store)
    workers = [Thread(target=act.add, args=(here, case(), Written(letter())), kwargs={"key": "batch/A-1"}) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with store.read() as session:
        assert session.count(LetterRow) == 1


def test_the_second_editor_is_shown_both_texts(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    base = act.view(here, row.id).revision
    assert base
    act.edit(here, row.id, base, letter("Mine."))
    with pytest.raises(Conflict) as conflict:
        act.edit(here, row.id, base, letter("Yours."))
    assert "Yours." in conflict.value.mine.body
    assert "Mine." in conflict.value.theirs.body


def test_editors_that_save_at_once_do_not_overwrite_each_other(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    base = act.view(here, row.id).revision
    assert base
    lost: list[Conflict] = []

    def save(words: str) -> None:
        try:
            act.edit(here, row.id, base, letter(words))
        except Conflict as conflict:
            lost.append(conflict)

    editors = [Thread(target=save, args=(f"Words of {name}.",)) for name in ("ana", "bo", "lee")]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert len(lost) == 2
    assert [one.number for one in act.history(here, row.id)] == [1, 2]


def test_saving_the_same_text_again_is_no_new_revision(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    base = act.view(here, row.id).revision
    assert base
    assert act.edit(here, row.id, base, letter()).number == 1


def test_an_edit_voids_the_approval(store: Store) -> None:
    here = desk(store)
    row = approve(here, reviewed(here))
    base = act.view(here, row.id).revision
    assert base
    act.edit(here, row.id, base, letter("One more thing."))
    now = act.view(here, row.id)
    assert (now.row.state, now.row.approved_at, now.approvals) == (State.IN_REVIEW, None, ())
    assert {promise.state for promise in now.promises} == {"void"}


def test_an_approval_is_of_one_text_only(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    base = act.view(here, row.id).revision
    assert base
    act.edit(here, row.id, base, letter("One more thing."))
    with pytest.raises(Refused, match="revision 2 stands, you looked at 1"):
        approve(here, row)


def test_a_letter_that_is_out_is_not_edited_but_replaced(store: Store) -> None:
    here = desk(store)
    row = approve(here, reviewed(here))
    act.export(here, row.id, "eml")
    base = act.view(here, row.id).revision
    assert base
    with pytest.raises(Refused, match="supersede"):
        act.edit(here, row.id, base, letter("Too late."))
    new = act.supersede(here, row.id, "The credit was wrong")
    assert (new.replaces, new.state, new.sha256) == (row.id, State.DRAFTED, row.sha256)
    assert act.view(here, row.id).row.state is State.SUPERSEDED


@pytest.mark.parametrize(
    ("moves", "refused"),
    [
        (["submit", "submit"], "in review and can not become in review"),
        (["approve"], "not in review"),
        (["submit", "close", "submit"], "closed and can not become in review"),
        (["submit", "approve", "approve"], "approved, not in review"),
        (["submit", "approve", "submit"], "approved and can not become in review"),
    ],
)
def test_only_allowed_moves(store: Store, moves: list[str], refused: str) -> None:
    here = desk(store)
    row = act.add(here, case(), Written(letter()))

    def move() -> None:
        for name in moves:
            if name == "submit":
                act.submit(here, row.id)
            elif name == "close":
                act.close(here, row.id, "Not needed")
            else:
                approve(here, row)

    with pytest.raises(Refused, match=refused):
        move()


def test_a_letter_without_text_is_not_reviewed(store: Store) -> None:
    here = desk(store)
    with pytest.raises(Refused, match="has no text yet"):
        act.submit(here, act.add(here, case()).id)


def test_an_error_blocks_until_it_is_overridden_with_a_reason(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]), text=letter("I am sorry you feel let down."))
    with pytest.raises(Refused, match=r"1 blocking finding \(non-apology\).*vp or executive \(iris, mara, noor\)"):
        approve(desk(store, staff["bo"]), row)
    with pytest.raises(DeskError, match="say why"):
        approve(desk(store, staff["mara"]), row, override=" ")
    assert approve(desk(store, staff["mara"]), row, override="Their own words, agreed with them").state is State.APPROVED


def test_who_may_not_override_is_told_who_may(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]), text=letter("I am sorry you feel let down."))
    with pytest.raises(Forbidden, match=r"^bo \(csm\) may not override `non-apology`: ask a vp or executive \(iris, mara, noor\)$"):
        approve(desk(store, staff["bo"]), row, override="I like it")


def test_a_dismissed_warning_stays_dismissed_while_its_words_stay(store: Store) -> None:
    here = desk(store)
    row = reviewed(here, text=letter("There were some issues."))
    assert row.warnings == 1
    assert dismissed(here, row, "vague").row.warnings == 0
    base = act.view(here, row.id).revision
    assert base
    act.edit(here, row.id, base, letter("There were some issues. Thank you."))
    assert act.view(here, row.id).row.warnings == 0


def test_an_overridden_error_counts_again_in_the_next_revision(store: Store) -> None:
    here = desk(store)
    row = reviewed(here, text=letter("I am sorry you feel let down."))
    assert dismissed(here, row, "non-apology").row.errors == 0
    base = act.view(here, row.id).revision
    assert base
    act.edit(here, row.id, base, letter("I am sorry you feel let down. Thank you."))
    assert act.view(here, row.id).row.errors == 1


def test_a_dismissal_can_be_taken_back(store: Store) -> None:
    here = desk(store)
    row = reviewed(here, text=letter("There were some issues."))
    now = dismissed(here, row, "vague")
    assert act.restore(here, row.id, now.dismissals[0].id).row.warnings == 1


def test_a_finding_the_rules_do_not_make_can_not_be_dismissed(store: Store) -> None:
    here = desk(store)
    row = reviewed(here, text=letter("There were some issues."))
    finding = found(here, row, "vague")
    base = act.view(here, row.id).revision
    assert base
    saved = act.edit(here, row.id, base, letter("All is said."))
    with pytest.raises(Refused, match="the rules do not say this"):
        act.dismiss(here, row.id, saved.number, saved.sha256, finding, "why not")


@pytest.mark.parametrize(("severity", "text"), [("high", letter()), ("critical", letter(signer=CEO))])
def test_the_drafter_does_not_approve_a_grave_letter(store: Store, staff: dict[str, User], severity: str, text: Letter) -> None:
    row = reviewed(desk(store, staff["mara"]), case(severity), text)
    with pytest.raises(Forbidden, match=f"mara drafted this {severity} letter: somebody else approves it"):
        approve(desk(store, staff["mara"]), row)


def test_the_drafter_may_approve_where_the_policy_says_so(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]), case("low"))
    assert approve(desk(store, staff["ana"]), row).state is State.APPROVED


def test_a_critical_letter_takes_two_people(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]), case("critical"), letter(signer=CEO))
    assert approve(desk(store, staff["mara"]), row).state is State.IN_REVIEW
    with pytest.raises(Forbidden, match="mara has approved this already: it takes 2 people"):
        approve(desk(store, staff["mara"]), row)
    assert approve(desk(store, staff["noor"]), row).state is State.APPROVED


def test_a_security_letter_takes_two_people_whatever_its_severity(store: Store, staff: dict[str, User]) -> None:
    about = case("medium")
    about = about.model_copy(update={"incident": about.incident.model_copy(update={"category": "security_incident"})})
    row = reviewed(desk(store, staff["ana"]), about)
    assert approve(desk(store, staff["bo"]), row).state is State.IN_REVIEW
    assert approve(desk(store, staff["mara"]), row).state is State.APPROVED


def test_an_agent_does_not_approve_a_medium_letter(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["bo"]))
    with pytest.raises(
        Forbidden, match=r"^ana \(agent\) may not approve a medium letter: ask a csm, support lead, vp or executive \(bo, iris, lee and others\)$"
    ):
        approve(desk(store, staff["ana"]), row)


@pytest.mark.parametrize(
    ("severity", "signer", "fits"),
    [
        ("low", "Sam", True),
        ("medium", "Sam\nSupport Agent", False),
        ("medium", "Sam\nCustomer Success Manager", True),
        ("high", "Sam\nSupport Lead", False),
        ("high", "Mara\nVP of Customer Success", True),
        ("critical", "Mara\nVP of Customer Success", False),
        ("critical", CEO, True),
        ("high", "Sam\nWizard of Light", False),
    ],
)
def test_the_signer_in_the_letter_fits_the_severity(store: Store, severity: str, signer: str, fits: bool) -> None:
    here = desk(store)
    row = reviewed(here, case(severity), letter(signer=signer))
    assert ("signer" not in codes(act.view(here, row.id))) is fits


@pytest.mark.parametrize(("severity", "blocked"), [("medium", False), ("high", True)])
def test_a_grave_letter_says_who_approved_its_remedy(store: Store, severity: str, blocked: bool) -> None:
    here = desk(store)
    row = reviewed(here, case(severity, remedy={"items": [{"kind": "credit", "amount": "500", "currency": "EUR"}]}))
    assert ("remedy" in codes(act.view(here, row.id))) is blocked


def test_a_changed_case_marks_what_is_wrong_now_and_waits_for_somebody(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    now = act.change_case(here, row.id, case(remedy={"items": [{"kind": "credit", "amount": "300", "currency": "EUR"}], "approved_by": "Mara Lind"}))
    assert [one.quote for one in now.stale] == ["EUR 500"]
    assert codes(now) == ["errors", "case"]
    now = act.acknowledge(here, row.id, row.revision, row.sha256 or "", "The credit was cut")
    assert codes(now) == ["errors"]
    assert now.revision
    mended = act.edit(here, row.id, now.revision, Letter(now.revision.subject, now.revision.body.replace("500", "300")))
    assert act.approve(here, row.id, mended.number, mended.sha256).state is State.APPROVED


def test_the_shipped_rules_mark_exactly_the_sentence_a_changed_case_makes_wrong(store: Store) -> None:
    here = Desk(store, LOCAL, default_policy())
    row = reviewed(here)
    assert act.view(here, row.id).stale == ()
    now = act.change_case(here, row.id, case(remedy={"items": [{"kind": "credit", "amount": "300", "currency": "EUR"}], "approved_by": "Mara Lind"}))
    assert now.stale
    assert all("EUR 500" in one.quote for one in now.stale)
    assert {one.rule for one in now.stale} <= {"invented-fact", "remedy-mismatch"}
    assert "case" in codes(now)


def test_a_changed_case_voids_the_approval(store: Store) -> None:
    here = desk(store)
    row = approve(here, reviewed(here))
    now = act.change_case(here, row.id, case(follow_up="I will call you on 12 June."))
    assert (now.row.state, now.stale, codes(now)) == (State.IN_REVIEW, (), ["case"])


def test_the_same_case_again_changes_nothing(store: Store) -> None:
    here = desk(store)
    row = approve(here, reviewed(here))
    assert act.change_case(here, row.id, case()).row.state is State.APPROVED


def test_new_facts_of_an_incident_reach_every_open_letter(store: Store) -> None:
    here = desk(store)
    first, second = reviewed(here), reviewed(here, case("high"))
    changed = act.change_incident(here, Incident(id="INC-1", summary="Exports failed", cause="We ran out of disk"))
    assert [row.id for row in changed] == [first.id, second.id]
    now = act.view(here, second.id)
    assert (now.case.incident.cause, now.case.incident.severity) == ("We ran out of disk", Severity.HIGH)


def test_a_decision_can_be_taken_back_until_the_letter_is_out(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]))
    bo = desk(store, staff["bo"])
    approve(bo, row)
    assert act.undo(bo, row.id).state is State.IN_REVIEW
    with pytest.raises(Refused, match="no last decision of yours"):
        act.undo(bo, row.id)
    approve(bo, row)
    act.export(bo, row.id, "eml")
    with pytest.raises(Refused, match="what is out can not be taken back"):
        act.undo(bo, row.id)


def test_a_letter_sent_back_carries_the_reason(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]))
    back = act.send_back(desk(store, staff["lee"]), row.id, row.revision, row.sha256 or "", "Too long")
    now = act.view(desk(store, staff["ana"]), row.id)
    assert (back.state, now.decisions[-1].kind, now.decisions[-1].reason) == (State.SENT_BACK, "send_back", "Too long")


def test_many_are_approved_at_once_but_grave_ones_are_read_alone(store: Store, staff: dict[str, User]) -> None:
    ana, mara = desk(store, staff["ana"]), desk(store, staff["mara"])
    clear, grave, blocked = reviewed(ana), reviewed(ana, case("high")), reviewed(ana, text=letter("I am sorry you feel let down."))
    done, left = act.approve_all(mara, [(row.id, row.revision, row.sha256 or "") for row in (clear, grave, blocked)])
    assert [row.id for row in done] == [clear.id]
    assert [(letter_id, why.partition(":")[0]) for letter_id, why in left] == [
        (grave.id, f"letter {grave.id} is high"),
        (blocked.id, "1 blocking finding (non-apology)"),
    ]


@pytest.mark.parametrize("severity", ["high", "critical"])
def test_a_desk_without_users_lets_its_one_user_decide_and_says_so(store: Store, severity: str) -> None:
    here = desk(store)
    row = approve(here, reviewed(here, case(severity), letter(signer=CEO)))
    assert row.state is State.APPROVED
    with store.read() as session:
        link = session.find(Link, what="letter.approve")[0]
    assert (link.who, link.detail["sole"]) == ("local", True)


@pytest.mark.parametrize(
    "what",
    [
        lambda here, row: act.add(here, case()),
        lambda here, row: act.save(here, row.id, row.revision, row.sha256, letter("Mine.")),
        lambda here, row: act.submit(here, row.id),
        lambda here, row: approve(here, row),
        lambda here, row: act.send_back(here, row.id, row.revision, row.sha256, "no"),
        lambda here, row: dismissed(here, row, "vague"),
        lambda here, row: act.comment(here, row.id, "Hm"),
        lambda here, row: act.change_case(here, row.id, case("low")),
        lambda here, row: act.acknowledge(here, row.id, row.revision, row.sha256, "ok"),
        lambda here, row: act.export(here, row.id, "eml", drafts=True),
        lambda here, row: act.close(here, row.id, "done"),
        lambda here, row: act.supersede(here, row.id, "new"),
        lambda here, row: aftercare.done(here, row.id, "acknowledge"),
        lambda here, row: save_policy(here, "", "why"),
    ],
)
def test_an_auditor_changes_nothing(store: Store, staff: dict[str, User], what: object) -> None:
    row = reviewed(desk(store, staff["ana"]), text=letter("There were some issues."))
    with pytest.raises(Forbidden, match=r"^otto \(auditor\) may not .*: ask "):
        what(desk(store, staff["otto"]), row)  # type: ignore[operator]


def test_an_auditor_reads_and_takes_a_proof(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]))
    otto = desk(store, staff["otto"])
    assert act.view(otto, row.id).row.id == row.id
    assert file(otto, row.id, "proof").name.endswith(".zip")


def test_looking_at_internal_facts_leaves_a_link(store: Store, staff: dict[str, User]) -> None:
    row = reviewed(desk(store, staff["ana"]))
    assert act.internal_facts(desk(store, staff["otto"]), row.id)["account.background.notes"] == "churn risk"
    with store.read() as session:
        assert [link.who for link in session.find(Link, what="facts.view")] == ["otto"]


def test_a_letter_that_is_not_there_is_one_line(store: Store) -> None:
    with pytest.raises(NotThere, match=r"^there is no letter 7$"):
        act.view(desk(store), 7)


def test_a_letter_somebody_has_open_says_so_until_they_are_gone(store: Store, clock: Clock, staff: dict[str, User]) -> None:
    ana, bo = desk(store, staff["ana"]), desk(store, staff["bo"])
    row = reviewed(ana)
    act.hold(ana, row.id)
    assert act.hold(bo, row.id).holder == "ana"
    clock.forward(minutes=6)
    assert act.hold(bo, row.id).holder == "bo"
    act.release(bo, row.id)
    assert act.view(ana, row.id).hold is None


def test_what_was_typed_and_not_saved_is_kept_for_the_one_who_typed(store: Store, staff: dict[str, User]) -> None:
    ana = desk(store, staff["ana"])
    act.keep(ana, "letter/1", {"body": "Dear"})
    act.keep(ana, "letter/1", {"body": "Dear Ngozi 😀"})
    assert act.kept(ana, "letter/1") == {"body": "Dear Ngozi 😀"}
    assert act.kept(desk(store, staff["bo"]), "letter/1") is None
    act.discard(ana, "letter/1")
    assert act.kept(ana, "letter/1") is None


def test_each_promise_of_an_approved_letter_is_kept_in_the_register(store: Store, clock: Clock) -> None:
    here = desk(store)
    row = approve(here, reviewed(here))
    promises = act.view(here, row.id).promises
    assert [(one.kind, one.due.isoformat() if one.due else None) for one in promises] == [("call", "2026-06-12"), ("postmortem", "2026-06-16")]
    aftercare.keep_promise(here, promises[0].id)
    clock.forward(days=10)
    assert [one.kind for one in aftercare.overdue(here)] == ["postmortem"]
    assert [one.state for one in aftercare.earlier(here, "A-1")] == ["kept", "late"]
    assert aftercare.earlier(here, "A-1")[1].text == "2026-06-09: We will send you the post-mortem by 16 June. (due 2026-06-16): late"
    aftercare.keep_promise(here, promises[1].id)
    assert [one.state for one in aftercare.earlier(here, "A-1")] == ["kept", "kept late"]


def out(here: Desk, about: Case, text: Letter | None = None) -> LetterRow:
    row = approve(here, reviewed(here, about, text))
    return act.export(here, row.id, "eml").row


def about(number: int, severity: str = "medium") -> Case:
    first = case(severity)
    return first.model_copy(update={"incident": first.incident.model_copy(update={"id": f"INC-{number}"})})


def test_the_second_apology_within_90_days_changes_in_kind(store: Store, clock: Clock) -> None:
    here = desk(store)
    out(here, about(1))
    clock.forward(days=30)
    again = aftercare.recurrence(here, about(2))
    assert (again.count, again.case.incident.category, again.signs) == (1, "recurring_issue", Role.VP_CS)
    assert [(one.incident, f"{one.at:%Y-%m-%d}") for one in again.case.account.apologies] == [("INC-1", "2026-06-09")]
    assert "apology number 2 to Okafor Retail within 90 days: 2026-06-09" in again.reasons[0]


def test_the_next_draft_is_told_what_became_of_earlier_promises(store: Store, clock: Clock) -> None:
    here = desk(store, policy=configuration().policy)
    row = out(here, about(1))
    aftercare.keep_promise(here, act.view(here, row.id).promises[0].id)
    clock.forward(days=30)
    again = aftercare.recurrence(here, about(2))
    assert [one.state for one in again.promises] == ["kept", "late"]
    told = first_prompt(triage(again.case, here.policy).case, here.policy).text
    assert "2026-06-09: We will send you the post-mortem by 16 June. (due 2026-06-16): late" in told
    assert "Where one is late, say so" in told
    assert "promised" not in first_prompt(triage(about(2), here.policy).case, here.policy).text.split("Earlier letters", 1)[1]


def test_a_letter_may_own_up_to_a_promise_that_is_late(store: Store, clock: Clock) -> None:
    here = desk(store)
    out(here, about(1))
    clock.forward(days=30)
    owned = letter("We promised you the post-mortem by 16 June and have not sent it.")
    known, unknown = (check(owned, triage(one, here.policy).case, here.policy) for one in (aftercare.recurrence(here, about(2)).case, about(2)))
    assert [one.quote for one in unknown.findings if one.rule == "invented-fact" and "16 June" in one.quote]
    assert not [one.quote for one in known.findings if one.rule == "invented-fact" and "16 June" in one.quote]


def test_a_recurrence_can_be_overruled_and_ends_after_90_days(store: Store, clock: Clock) -> None:
    here = desk(store)
    out(here, about(1))
    clock.forward(days=30)
    assert aftercare.recurrence(here, about(2), category="outage").case.incident.category == "outage"
    clock.forward(days=90)
    assert aftercare.recurrence(here, about(3)).count == 0


def test_two_letters_about_one_incident_are_no_recurrence(store: Store) -> None:
    here = desk(store)
    out(here, about(1))
    assert aftercare.recurrence(here, about(1)).count == 0


def test_after_a_recurrence_the_signer_has_to_be_one_up(store: Store) -> None:
    here = desk(store)
    row = reviewed(here, text=letter(signer="Sam\nCustomer Success Manager"), signs=Role.VP_CS)
    assert codes(act.view(here, row.id)) == ["signer"]


def test_what_is_due_is_sorted_and_follows_the_letter(store: Store, clock: Clock) -> None:
    here = desk(store)
    row = reviewed(here, case("high"))
    assert clocks.due(row) == (("acknowledge", at(10)), ("respond", at(8, day=10)), ("postmortem", row.postmortem_by))
    assert (row.due_what, row.due) == ("acknowledge", at(10))
    assert aftercare.done(here, row.id, "acknowledge").due_what == "respond"
    row = approve(here, row)
    row = act.export(here, row.id, "eml").row
    assert [what for what, _ in clocks.due(row)] == ["follow_up", "postmortem"]
    assert (row.follow_up_from, row.follow_up_by) == (at(12, day=11), at(12, day=12))
    clock.forward(hours=49)
    assert aftercare.advance(here) == 1
    assert act.view(here, row.id).row.state is State.FOLLOW_UP_DUE


@pytest.mark.parametrize(
    ("ended", "due"),
    [("2026-06-08", "2026-06-15"), ("2026-06-12T16:00+00:00", "2026-06-19"), ("2026-06-13", "2026-06-19"), (None, None)],
)
def test_a_postmortem_counts_business_days(ended: str | None, due: str | None) -> None:
    incident = Incident.model_validate({"summary": "Down", "severity": "high", "ended_at": ended})
    found = clocks.clocks(case().model_copy(update={"incident": incident}), default_policy(), at(12)).postmortem_by
    assert (found.date().isoformat() if found else None) == due


def test_a_clock_without_detection_runs_from_the_start_or_else_from_the_draft() -> None:
    started = Incident.model_validate({"summary": "Down", "severity": "medium", "started_at": "2026-06-09", "timezone": "America/New_York"})
    unknown = Incident.model_validate({"summary": "Down", "severity": "medium"})
    detected = [clocks.clocks(case().model_copy(update={"incident": one}), default_policy(), at(12)).detected_at for one in (started, unknown)]
    assert detected == [at(4), at(12)]


def test_the_follow_up_is_drafted_by_one_call_and_ends_the_first_letter(store: Store, clock: Clock) -> None:
    here = desk(store)
    row = out(here, case())
    clock.forward(hours=50)
    aftercare.advance(here)
    told: list[Case] = []

    def write(about: Case) -> Written:
        told.append(about)
        return Written(letter(), model="template")

    follow = aftercare.follow_up(here, row.id, write)
    assert (follow.follows, follow.category, follow.state) == (row.id, "follow_up", State.DRAFTED)
    assert told[0].incident.details["original_issue"] == "Exports failed"
    assert told[0].account.apologies[-1].incident == "INC-1"
    assert aftercare.follow_up(here, row.id, write).id == follow.id
    act.submit(here, follow.id)
    approve(here, follow)
    act.export(here, follow.id, "eml")
    assert act.view(here, row.id).row.state is State.CLOSED


def test_the_policy_has_versions_with_author_and_reason(store: Store, staff: dict[str, User]) -> None:
    text = Path(guardrails.__file__).with_name("policy.toml").read_text(encoding="utf-8")
    iris = desk(store, staff["iris"])
    assert current(store, default_policy()) is default_policy()
    save_policy(iris, text, "The one we begin with")
    stricter = text.replace('signs = "csm"', 'signs = "vp_cs"')
    save_policy(iris, stricter, "After the May incident")
    save_policy(iris, stricter, "After the May incident")
    assert [(one.author, one.reason) for one in policies(store)] == [("iris", "After the May incident"), ("iris", "The one we begin with")]
    assert current(store, default_policy()).severity[Severity.MEDIUM].signs is Role.VP_CS
    with pytest.raises(CaseError, match=r"^policy"):
        save_policy(iris, "version = 'x'", "No")
    with pytest.raises(Forbidden, match="may not change the policy"):
        save_policy(desk(store, staff["ana"]), text, "Mine")


def test_a_policy_is_tried_on_the_last_letters(store: Store) -> None:
    here = desk(store)
    row = reviewed(here, text=letter("I am sorry you feel let down."))
    reviewed(here)
    softer = default_policy().model_copy(update={"rules": {"non-apology": "warning"}})
    assert [(one.id, now, then) for one, now, then in effect(here, softer)] == [(row.id, 1, 0)]


def test_everything_the_desk_does_leaves_a_chain_that_holds(store: Store) -> None:
    here = desk(store)
    row = out(here, case("high"))
    aftercare.follow_up(here, row.id, lambda _: Written(letter()))
    act.supersede(here, row.id, "Wrong sum")
    with store.read() as session:
        assert verify(session) is None
