"""Clauses: who does what to whom, when, and whether at all."""

import pytest

from guardrails.language.clauses import Clause, Role, clauses
from guardrails.language.tokens import tokenize
from guardrails.language.words import classes, lemma, phrases


def read(text: str, sender: frozenset[str] = frozenset(), customer: frozenset[str] = frozenset()) -> tuple[Clause, ...]:
    return clauses(tokenize(text), sender, customer)


def verb(text: str, name: str) -> Clause:
    return next(clause for clause in read(text) if clause.lemma == name)


@pytest.mark.parametrize(
    ("text", "name", "actor"),
    [
        ("We missed your deadline.", "miss", Role.SENDER),
        ("On Monday our server dropped your orders.", "drop", Role.SENDER),
        ("Your team waited four hours.", "wait", Role.CUSTOMER),
        ("The courier lost the parcel.", "lose", Role.THIRD),
        ("Our courier lost the parcel.", "lose", Role.THIRD),
        ("A bug froze the screen.", "freeze", Role.THING),
        ("The parcel was lost.", "lose", Role.NOBODY),
        ("The parcel was lost by our courier.", "lose", Role.THIRD),
        ("We dropped the ball and left you waiting.", "leave", Role.SENDER),
        ("I am sorry for losing your files.", "lose", Role.SENDER),
        ("It was our clerk who forgot the form.", "forget", Role.SENDER),
        ("I know that you waited.", "wait", Role.CUSTOMER),
    ],
)
def test_says_who_acts(text: str, name: str, actor: Role) -> None:
    assert verb(text, name).actor is actor


@pytest.mark.parametrize(
    ("text", "name", "patient"),
    [
        ("We let you down.", "let", Role.CUSTOMER),
        ("We sent your orders to Leeds.", "send", Role.CUSTOMER),
        ("You were told the wrong date.", "tell", Role.CUSTOMER),
        ("You trusted us.", "trust", Role.SENDER),
    ],
)
def test_says_to_whom(text: str, name: str, patient: Role) -> None:
    assert verb(text, name).patient is patient


@pytest.mark.parametrize(
    ("text", "name", "tense"),
    [
        ("We missed it.", "miss", "past"),
        ("We have missed it.", "miss", "perfect"),
        ("We will call you.", "call", "future"),
        ("We'll call you.", "call", "future"),
        ("We are going to call you.", "call", "future"),
        ("We should have called you.", "call", "conditional"),
        ("You may find it.", "find", "modal"),
        ("The tool refuses a second run.", "refuse", "present"),
        ("I wish I'd checked it.", "check", "past"),
        ("We asked you to wait.", "wait", "none"),
    ],
)
def test_says_when(text: str, name: str, tense: str) -> None:
    assert verb(text, name).tense == tense


@pytest.mark.parametrize("text", ["We did not tell you.", "We never told you.", "Nobody told you.", "We told you nothing.", "You weren't told."])
def test_sees_what_was_not_done(text: str) -> None:
    assert verb(text, "tell").negative


def test_leaves_what_was_done_alone() -> None:
    assert not verb("We told you on Friday.", "tell").negative


def test_knows_the_companies_by_name() -> None:
    found = read("Quaylight waited while Boardwell slept.", sender=frozenset({"boardwell"}), customer=frozenset({"quaylight"}))
    assert [clause.actor for clause in found] == [Role.CUSTOMER, Role.SENDER]


def test_tells_a_subordinate_clause_by_its_link() -> None:
    found = read("We are sorry because we lost it.")
    assert [clause.link for clause in found] == ["", "because"]


def test_takes_time_linear_in_the_length() -> None:
    assert read("we " * 20_000) == ()
    assert len(read("we lost it and " * 5_000)) == 5_000


@pytest.mark.parametrize(
    ("word", "base"),
    [("forgot", "forget"), ("shipped", "ship"), ("crashes", "crash"), ("dropping", "drop"), ("tries", "try"), ("misread", "misread"), ("waived", "waive")],
)
def test_finds_the_base_of_a_verb(word: str, base: str) -> None:
    assert lemma(word) == base


@pytest.mark.parametrize(("word", "name"), [("forgot", "omit"), ("invoices", "document"), ("bulletproof", "absolute"), ("misrouted", "mishandle")])
def test_finds_the_class_of_a_word_in_any_form(word: str, name: str) -> None:
    assert name in classes(word)


def test_finds_phrases_with_a_word_between() -> None:
    found = {phrase.name for phrase in phrases("we let your people down for good".split())}
    assert "absolute" in found


@pytest.mark.parametrize("text", ["", "—", "?!", "'s", "to", "the", "not", "- - -", "I", "was", "was been being had", "who", "that that that"])
def test_reads_scraps_without_complaint(text: str) -> None:
    for clause in read(text):
        assert 0 <= clause.first <= clause.verb < clause.stop <= len(tokenize(text))
