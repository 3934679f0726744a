import pytest
from desks import case

from drafting.sampling import Text, compare, masked, plan, size
from guardrails.case import Severity
from guardrails.letter import Letter

COMMON = "I am sorry that we shipped a broken index. It began at 07:30 and ended at 10:45. We have credited EUR 500 to your account."


def text(number: int, own: str, impact: str | None = None, account: str | None = None, common: str = COMMON) -> Text:
    company = f"Company {chr(65 + number)}"
    about = case(
        account={
            "id": account or f"A-{number}",
            "company": company,
            "contact": {"name": f"Ada{number} Berg", "first_name": f"Ada{number}"},
            "impact": own if impact is None else impact,
        }
    )
    return Text(number, about, Letter("We failed your export", f"Dear Ada{number},\n\n{common}\n\n{own} We know what this means for {company}."))


def codes(texts: list[Text]) -> list[tuple[int, str]]:
    return [(flag.letter, flag.code) for flag in compare(texts)]


def test_letters_that_tell_what_each_account_lived_through_are_fine() -> None:
    assert codes([text(n, f"Your {n + 30} night exports did not arrive at depot {n}.") for n in range(8)]) == []


def test_letters_that_differ_in_the_name_alone_are_flagged() -> None:
    same = [text(n, "Your export did not arrive.") for n in range(3)]
    assert codes(same) == [(1, "same-but-the-name"), (2, "same-but-the-name")]


def test_a_mail_merge_is_flagged_from_end_to_end() -> None:
    assert {code for _, code in codes([text(n, "Your export did not arrive.") for n in range(30)])} == {"nothing-of-its-own"}


def test_names_are_no_difference() -> None:
    assert masked(text(0, "Late.")).count("_") == 2


def test_a_fact_that_is_known_and_not_told_is_flagged() -> None:
    found = compare([text(0, "Some things went wrong.", impact="Your 64 refrigerated trailers left Leeds empty")])
    assert [(flag.code, flag.text) for flag in found] == [("unused-fact", "account.impact is known and not told")]


def test_contacts_of_one_account_that_are_told_different_things_are_flagged() -> None:
    one, other = text(0, "Your 30 exports came late.", account="A-1"), text(1, "Your 90 invoices were lost.", account="A-1")
    assert (1, "contacts-differ") in codes([one, other])


def test_the_same_fact_told_in_two_ways_is_flagged() -> None:
    texts = [text(n, f"Your {n + 30} exports came late at depot {n}.") for n in range(4)]
    texts.append(text(4, "Your 90 exports came late at depot 9.", common=COMMON.replace("10:45", "11:45")))
    assert (4, "told-differently") in codes(texts)


def test_a_letter_of_another_length_is_flagged() -> None:
    texts = [text(n, f"Your {n + 30} exports came late at depot {n}.") for n in range(9)]
    texts.append(text(9, " ".join(f"Shipment {n} waited at gate {n}." for n in range(60))))
    assert (9, "odd-length") in codes(texts)


@pytest.mark.parametrize(("lot", "read"), [(0, 0), (1, 1), (50, 48), (1_000, 138), (200_000, 149)])
def test_how_many_to_read_grows_little_with_the_lot(lot: int, read: int) -> None:
    assert size(lot) == read


def test_grave_and_flagged_letters_are_read_one_by_one_and_the_rest_by_lot() -> None:
    letters = [(n, Severity.CRITICAL if n < 3 else Severity.MEDIUM) for n in range(500)]
    wanted = plan(letters, {7}, seed="a")
    assert wanted.each == (0, 1, 2, 7)
    assert len(wanted.sample) == size(496)
    assert len(wanted.each) + len(wanted.sample) + wanted.rest == 500
    assert plan(letters, {7}, seed="a") == wanted != plan(letters, {7}, seed="b")
    assert "fewer than 2% of the lot have one, with 95% confidence" in wanted.words
