"""Charts as pure functions: figures in, an Altair chart out. One palette, words beside every colour."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drafting.store.trends import Count, Dismissed, Fired, Kept, Week
from eval.statistics import Figure
from ui.display import words

if TYPE_CHECKING:
    import altair

SEVERITIES: Mapping[str, str] = {"low": "#a9b7c0", "medium": "#4d8fae", "high": "#d08a1d", "critical": "#8c1d18"}
INK, BLUE = "#30363c", "#0b5a7a"
PICK = "pick"
"""The name under which a chart says which of its points was chosen."""


def weeks(figures: Sequence[Week]) -> "altair.Chart":
    """Return the letters of each week, stacked by severity."""
    import altair as alt

    rows = [
        {"week": week.monday.isoformat(), "severity": words(name), "letters": week.severities[name], "order": order}
        for week in figures
        for order, name in enumerate(SEVERITIES)
        if week.severities.get(name)
    ]
    return _styled(
        alt.Chart(_data(rows))
        .mark_bar(size=22)
        .encode(
            x=alt.X("week:O", title="Week from", axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("letters:Q", title="Letters", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "severity:N",
                scale=alt.Scale(domain=[words(name) for name in SEVERITIES], range=list(SEVERITIES.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order="order:Q",
            tooltip=["week:O", "severity:N", "letters:Q"],
        )
        .add_params(alt.selection_point(name=PICK, fields=["week"])),
        280,
    )


def ranked(figures: Sequence[Count], title: str, most: int = 10) -> "altair.Chart":
    """Return names with how many letters each has, most first."""
    return bars([(one.name, float(one.letters)) for one in figures[:most]], title, "Letters")


def rules(figures: Sequence[Fired], most: int = 12) -> "altair.Chart":
    """Return in how many letters each rule fired, over all authors."""
    total: dict[str, int] = {}
    for one in figures:
        total[one.rule] = total.get(one.rule, 0) + one.letters
    return bars([(rule, float(number)) for rule, number in sorted(total.items(), key=lambda item: -item[1])[:most]], "Rule", "Letters it fired in")


def dismissed(figures: Sequence[Dismissed], most: int = 12) -> "altair.Chart":
    """Return for each rule the share of its letters in which somebody let it stand."""
    return bars([(one.rule, round(100 * one.share, 1)) for one in figures[:most]], "Rule", "Let stand, % of letters")


def promises(figures: Kept) -> "altair.Chart":
    """Return what became of the promises."""
    return bars([("Kept", figures.kept), ("Kept late", figures.kept_late), ("Open", figures.open), ("Late", figures.late)], "Promises", "Number", ordered=False)


def bars(pairs: Sequence[tuple[str, float]], name: str, value: str, *, ordered: bool = True) -> "altair.Chart":
    """Return horizontal bars with their figures at the end."""
    import altair as alt

    rows = [{"name": label, "value": number} for label, number in pairs]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("name:N", sort="-x" if ordered else None, title=None, axis=alt.Axis(labelLimit=260)),
        x=alt.X("value:Q", title=value, axis=alt.Axis(tickMinStep=1)),
    )
    bar = base.mark_bar(color=BLUE, height=14).encode(tooltip=[alt.Tooltip("name:N", title=name), alt.Tooltip("value:Q", title=value)])
    picked = bar.add_params(alt.selection_point(name=PICK, fields=["name"]))
    return _styled(picked, 26 * len(rows) + 60)


def intervals(figures: Sequence[tuple[str, str, Figure]]) -> "altair.Chart":
    """Return shares with their 95 % intervals, a line each: what was measured, which run, and the figure."""
    import altair as alt

    rows = [
        {"name": name, "run": run, **{key: round(100 * end, 1) for key, end in (("value", figure.value), ("low", figure.low), ("high", figure.high))}}
        for name, run, figure in figures
    ]
    runs = sorted({run for _, run, _ in figures})
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        yOffset=alt.YOffset("run:N", sort=runs),
        color=alt.Color("run:N", scale=alt.Scale(domain=runs, range=[BLUE, "#a3480b"]), legend=alt.Legend(title=None, orient="top") if len(runs) > 1 else None),
        tooltip=["name:N", "run:N", "value:Q", "low:Q", "high:Q"],
    )
    scale = alt.Scale(domain=[0, 100])
    lines = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title="% of letters, with the 95 % interval", scale=scale), x2="high:Q")
    both: Any = lines + base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("value:Q", scale=scale))
    return _styled(both, 14 * len(rows) + 12 * len({name for name, _, _ in figures}) + 60)


def _data(rows: list[dict[str, Any]]) -> Any:
    import altair

    return altair.Data(values=rows)  # type: ignore[no-untyped-call]


def _styled(chart: "altair.Chart", height: int) -> "altair.Chart":
    styled: altair.Chart = (
        chart.properties(height=height, width="container")
        .configure_axis(labelColor=INK, titleColor=INK, gridColor="#e4e7ea", labelFontSize=12, titleFontSize=12)
        .configure_view(stroke=None)
        .configure_legend(labelColor=INK)
    )
    return styled
