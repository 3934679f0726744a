"""Values are read from text in all the ways people write them."""

import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.facts.durations import Duration, disagrees, durations
from guardrails.facts.ledger import normal
from guardrails.facts.lexer import decimal, pieces
from guardrails.facts.values import Kind, values

MONDAY = date(2026, 6, 15)


def read(text: str) -> list[tuple[str, str, str]]:
    return [(value.kind.value, text[value.span.start : value.span.end], normal(value)) for value in values(text, 0, MONDAY)]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("£3,400", "3400", "GBP"),
        ("A$1,890", "1890", "AUD"),
        ("CHF 8.400", "8400", "CHF"),
        ("EUR 1 240", "1240", "EUR"),
        ("1.240,50 €", "1240.50", "EUR"),
        ("twelve hundred dollars", "1200", "$"),
        ("twelve hundred and seventy-five pounds", "1275", "GBP"),
        ("R48,600", "48600", "ZAR"),
        ("₹4,50,000", "450000", "INR"),
        ("four and a half lakh rupees", "450000", "INR"),
        ("KES 1.9m", "1900000", "KES"),
        ("six thousand Hong Kong dollars", "6000", "HKD"),
        ("CHF 3'840", "3840", "CHF"),
    ],
)
def test_reads_money_in_every_notation(text: str, amount: str, currency: str) -> None:
    (value,) = values(text)
    assert value.kind is Kind.MONEY
    assert (value.value, value.unit) == (Decimal(amount), currency)
    assert text[value.span.start : value.span.end] == text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-06-09", date(2026, 6, 9)),
        ("9 June 2026", date(2026, 6, 9)),
        ("June 9th", date(2026, 6, 9)),
        ("the ninth of June", date(2026, 6, 9)),
        ("Tuesday, 9 June", date(2026, 6, 9)),
        ("09.06.2026", date(2026, 6, 9)),
        ("yesterday", date(2026, 6, 14)),
        ("tomorrow", date(2026, 6, 16)),
        ("this morning", date(2026, 6, 15)),
        ("the day after tomorrow", date(2026, 6, 17)),
        ("last Tuesday", date(2026, 6, 9)),
        ("two days ago", date(2026, 6, 13)),
        ("two weeks from today", date(2026, 6, 29)),
        ("On 28 May I wrote to you", date(2026, 5, 28)),
    ],
)
def test_resolves_a_date_from_the_day_of_writing(text: str, day: date) -> None:
    (value,) = values(text, 0, MONDAY)
    assert value.kind is Kind.DATE
    assert day in value.value.days  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["on the 28th, a week before", "From 28 to 31 August", "between the 28th and 31 August"])
def test_reads_a_day_whose_month_stands_elsewhere(text: str) -> None:
    assert any(value.kind is Kind.DATE and value.value.day == 28 for value in values(text, 0, MONDAY))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("09:20", "09:20"),
        ("at 9.20 am", "09:20"),
        ("at 3 p.m.", "15:00"),
        ("five past ten", "10:05 or 22:05"),
        ("a quarter to six", "05:45 or 17:45"),
        ("half past two", "02:30 or 14:30"),
        ("at noon", "12:00"),
        ("at ten on Friday", "10:00 or 22:00"),
    ],
)
def test_reads_the_time_of_day(text: str, clock: str) -> None:
    assert clock in [shown for kind, _, shown in read(text) if kind == "time"]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("3 h 15 min", 3.25),
        ("three hours and a quarter", 3.25),
        ("three and three-quarter hours", 3.75),
        ("an hour and three quarters", 1.75),
        ("half an hour", 0.5),
        ("a day and a half", 36),
        ("six weeks", 1008),
        ("4-hour", 4),
        ("10 (ten) minutes", 1 / 6),
        ("ten minutes short of three hours", 2 + 5 / 6),
        ("six days, eleven hours and twenty-five minutes", 155 + 5 / 12),
    ],
)
def test_reads_lengths_of_time(text: str, hours: float) -> None:
    assert [found.seconds / 3600 for found in durations(pieces(text))] == [pytest.approx(hours)]


@pytest.mark.parametrize(
    ("said", "actual", "right"),
    [
        ("almost six hours", timedelta(hours=5, minutes=35), True),
        ("just over two hours", timedelta(hours=1, minutes=25), False),
        ("the better part of two days", timedelta(days=1, hours=21), True),
        ("three hours", timedelta(hours=3, minutes=12), True),
        ("three hours", timedelta(hours=3, minutes=45), False),
        ("ten days", timedelta(days=10, hours=2), True),
    ],
)
def test_rounding_is_fine_where_it_rounds_rightly(said: str, actual: timedelta, right: bool) -> None:
    (length,) = durations(pieces(said))
    assert isinstance(length, Duration)
    assert length.fits(actual.total_seconds()) is right


@pytest.mark.parametrize(
    ("stated", "elapsed", "wrong"),
    [
        ("5 h 35 min", timedelta(hours=5, minutes=35), False),
        ("5 h 35 min", timedelta(hours=6, minutes=5), True),
        ("four days", timedelta(days=4, hours=5), False),
        ("one weekend", timedelta(days=2, hours=15), False),
        ("three occasions in four weeks", timedelta(days=2), False),
    ],
)
def test_a_stated_duration_is_held_against_the_clock(stated: str, elapsed: timedelta, wrong: bool) -> None:
    assert disagrees(stated, elapsed) is wrong


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,240.50", "1240.50"), ("1.240,50", "1240.50"), ("4,50,000", "450000"), ("0.125", "0.125"), ("99.99", "99.99"), ("1'240", "1240")],
)
def test_reads_digits_whatever_their_separators(text: str, number: str) -> None:
    assert decimal(text) == Decimal(number)


def test_a_modal_is_no_month_and_a_second_part_no_date() -> None:
    assert read("We may call, and the second part may march on.") == []


@given(st.text(alphabet="0123456789 ,.:-/$£%hamp thequarteroftwo and half past\n", max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    for value in values(text, 0, MONDAY):
        assert 0 <= value.span.start < value.span.end <= len(text)


def test_time_grows_with_length_alone() -> None:
    def seconds(text: str) -> float:
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            values(text, 0, MONDAY)
            best = min(best, time.perf_counter() - start)
        return best

    for unit in ("twenty-one and a half ", "1,", "10:", "a.b.c-", "the first of "):
        short, long = seconds(unit * 1000), seconds(unit * 8000)
        assert long < 40 * short + 0.05, unit
