"""A run, or a comparison of two, as text, as Markdown for a pull request, and as one HTML file that needs no network."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TypeVar

from eval.compare import MAIN, Changed, Comparison, Difference
from eval.score import Row, Scored, summed
from eval.scorers import Scorer
from eval.statistics import Figure
from guardrails.finding import Field, Finding
from guardrails.letter import Letter
from guardrails.report import Report

Shown = TypeVar("Shown")


def shown(scorer: Scorer, figure: Figure) -> str:
    """Return a figure as people read it: `92 % (85 to 96)`, `212 (190 to 236)`."""
    if not figure.n:
        return "no value"
    if not math.isfinite(figure.high):
        return f"{scorer.shown(figure.value)} (one sample: no interval)"
    return f"{scorer.shown(figure.value)}{_unit(scorer)} ({scorer.shown(figure.low)} to {scorer.shown(figure.high)})"


def _unit(scorer: Scorer) -> str:
    return " %" if scorer.kind != "number" else ""


# --- Text and Markdown


def rows_of(scored: Scored) -> list[tuple[str, str, str, str]]:
    """Return a run's metrics as a table: the scorer, its mean with interval, n, and how many drafts it says nothing of."""
    head = ("scorer", "mean (95 % interval)", "n", "no value")
    heard = spoken(scored.metrics, lambda one: one.figure.value)
    return [head, *((name, shown(one.scorer, one.figure), str(one.figure.n), str(one.silent or "")) for name, one in heard.items())]


ALONE = "each line stands alone, and of twenty that do not differ one may look decided"
"""What a reader of many intervals must know."""


def compared_rows(found: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Return a comparison as a table: the scorer, A, B, B minus A with its interval, and how many samples it rests on."""
    return [("scorer", "A", "B", "B minus A (95 % interval)", "samples"), *(_compared(name, one) for name, one in _heard(found).items())]


def _heard(found: Comparison) -> Mapping[str, Difference]:
    return spoken(found.differences, lambda one: one.a.value + one.b.value)


def spoken(items: Mapping[str, Shown], share: Callable[[Shown], float]) -> dict[str, Shown]:
    """Return what a table shows: all but the rules that speak of no letter."""
    return {name: one for name, one in items.items() if share(one) or not name.startswith("rule ")}


def _compared(name: str, one: Difference) -> tuple[str, str, str, str, str]:
    decided = {"a": " A better", "b": " B better", "neither": ""}[one.decided]
    a, b = (f"{one.scorer.shown(figure.value)}{_unit(one.scorer)}" if figure.n else "no value" for figure in (one.a, one.b))
    difference = shown(one.scorer, one.difference)
    points = " point" if difference.startswith(("1 %", "-1 %")) else " points"
    return name, a, b, difference.replace(" %", points) + decided, str(one.difference.n)


SLICES = ("severity", "category")


def sliced_rows(found: Scored | Comparison, kind: str) -> list[tuple[str, ...]]:
    """Return the main figures of a run, or of a comparison, by severity or category as a table."""
    if isinstance(found, Comparison):
        head: tuple[str, ...] = (kind, "samples", *MAIN[:4])
        return [
            head,
            *(
                (name, str(group[MAIN[0]].difference.n), *(_compared(key, group[key])[3] for key in MAIN[:4] if key in group))
                for name, group in found.slices[kind].items()
            ),
        ]
    groups: dict[str, list[Row]] = {}
    for row in found.rows:
        groups.setdefault(str(getattr(row.case.incident, kind) or "none"), []).append(row)
    scorers = [found.metrics[name].scorer for name in (*MAIN[:4], "words", "reading ease") if name in found.metrics]
    head = (kind, "samples", *(scorer.name for scorer in scorers))
    return [
        head,
        *(
            (name, str(len({row.sample.id for row in group})), *(shown(scorer, summed(scorer, group).figure) for scorer in scorers))
            for name, group in sorted(groups.items())
        ),
    ]


def about(scored: Scored) -> str:
    """Return what was held fixed in a run: model, prompt with the hash of its text, parameters, and how much was drafted."""
    setting = scored.log.setting
    held = "".join(f", {name.replace('_', ' ')} {value}" for name, value in setting.parameters.items() if value is not None)
    return f"{setting.name} (prompt text {setting.prompt_hash}{held}): {_counts(scored)}"


def markdown(found: Scored | Comparison) -> str:
    """Return a run or a comparison as Markdown."""
    if isinstance(found, Scored):
        parts = [f"## Evaluation of {found.name}", about(found), _table(rows_of(found)), *(_table(sliced_rows(found, kind)) for kind in SLICES)]
        return "\n\n".join([*parts, *(f"- {note}" for note in found.log.notes)]) + "\n"
    parts = [f"## {found.summary}", f"- A: {about(found.a)}\n- B: {about(found.b)}"]
    parts += [f"- {note}" for note in found.notes]
    parts.append(_table(compared_rows(found)))
    parts += [_table(sliced_rows(found, kind)) for kind in SLICES]
    if found.changed:
        parts.append(f"### {len(found.changed)} letters that fare otherwise")
        parts.append("\n".join(f"- {_change(one)}" for one in found.changed))
    return "\n\n".join(parts) + "\n"


def _counts(scored: Scored) -> str:
    failed = f"; {scored.failed} without a letter" if scored.failed else ""
    unscored = f"; {scored.unscored} that could not be judged" if scored.unscored else ""
    return f"{len(scored.rows)} drafts of {len(scored.log.samples)} samples{failed}{unscored}."


def _change(one: Changed) -> str:
    how = {True: "B can be sent, A could not", False: "A could be sent, B can not", None: "other findings"}[one.better]
    gone = f"; gone: {', '.join(one.gone)}" if one.gone else ""
    come = f"; new: {', '.join(one.come)}" if one.come else ""
    return f"{one.a.sample.id} #{one.a.epoch + 1}: {how}{gone}{come}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


# --- HTML

_STYLE = """
:root { color-scheme: light; --a: #1f5fa8; --b: #a3480b; --line: #c9ced6; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 auto; max-width: 76rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: #4a5361; padding-bottom: .4rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; } th { font-weight: 600; }
.a { color: var(--a); } .b { color: var(--b); } .note { color: #4a5361; font-weight: 400; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1.5rem; }
.letter { white-space: pre-wrap; border: 1px solid var(--line); border-radius: 6px; padding: 1rem; background: #fafbfc; overflow-wrap: anywhere; }
mark { color: inherit; border-bottom: 2px solid; border-radius: 2px; } mark.error { background: #ffdcd9; border-color: #b3261e; }
mark.warning { background: #fff0c2; border-color: #8a6100; } mark.suggestion { background: #e3edfb; border-color: #1f5fa8; }
details { border-top: 1px solid var(--line); padding: .4rem 0; } summary { cursor: pointer; }
svg { display: block; } .findings { padding-left: 1.2rem; } .findings b { font-weight: 600; }
@media (max-width: 60rem) { table { display: block; overflow-x: auto; } }
"""


def html(found: Scored | Comparison) -> str:
    """Return a run or a comparison as one HTML page: no script, no network, charts as drawings in it."""
    title = found.summary if isinstance(found, Comparison) else f"Evaluation of {found.name}"
    body = _comparison(found) if isinstance(found, Comparison) else _run(found)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main><h1>{escape(title)}</h1>\n{body}</main></body></html>\n"
    )


def _comparison(found: Comparison) -> str:
    who = f'<b class="a">A</b> is {escape(about(found.a))}<br><b class="b">B</b> is {escape(about(found.b))}'
    parts = [f"<p>{who}</p>", _list(found.notes), "<h2>What was measured</h2>"]
    rules = {name: one for name, one in _heard(found).items() if name.startswith("rule ")}
    others = {name: one for name, one in found.differences.items() if not name.startswith("rule ")}
    caption = f"Means, and B minus A with its 95 % interval, paired over {found.samples} samples; {ALONE}; charts run from 0 to 100 %, or to the largest end"
    parts.append(_differences(caption, others.items()))
    if rules:
        parts += ["<h2>How often each rule speaks</h2>", _differences("Share of letters in which the rule finds something", rules.items())]
    parts += [_sliced(found, kind, f"B minus A by {kind}") for kind in SLICES]
    parts.append(f"<h2>{len(found.changed)} letters that fare otherwise</h2>")
    parts += [_both(one) for one in found.changed]
    return "\n".join(parts)


def _run(found: Scored) -> str:
    parts = [f"<p>{escape(about(found))}</p>", _list(found.log.notes), "<h2>What was measured</h2>"]
    rows = [
        [
            f'<th scope="row">{escape(name)}<br><span class="note">{escape(one.scorer.doc)}</span></th>',
            _cell(shown(one.scorer, one.figure)),
            _cell(str(one.figure.n)),
            f"<td>{_chart(one.scorer, [('a', one.figure)])}</td>",
        ]
        for name, one in spoken(found.metrics, lambda one: one.figure.value).items()
    ]
    parts.append(
        _html_table(
            "Means with their 95 % interval, clustered by sample; charts run from 0 to 100 %, or to the largest end", ("scorer", "mean", "n", "chart"), rows
        )
    )
    parts += [_sliced(found, kind, f"Means by {kind}") for kind in SLICES]
    blocked = [row for row in found.rows if row.judged and row.judged.report.blocked]
    parts.append(f"<h2>{len(blocked)} letters that may not be sent</h2>")
    parts += [
        f"<details><summary>{escape(row.sample.id)} #{row.epoch + 1}: {escape(row.scores['sendable'].explanation)}</summary>{_letter(row)}</details>"
        for row in blocked
    ]
    return "\n".join(parts)


def _differences(caption: str, items: Iterable[tuple[str, Difference]]) -> str:
    rows = []
    for name, one in items:
        _, a, b, difference, n = _compared(name, one)
        heading = f'<th scope="row">{escape(name)}<br><span class="note">{escape(one.scorer.doc)}</span></th>'
        rows.append([heading, _cell(a, "a"), _cell(b, "b"), _cell(difference), _cell(n), f"<td>{_chart(one.scorer, [('a', one.a), ('b', one.b)])}</td>"])
    return _html_table(caption, ("scorer", "A", "B", "B minus A", "samples", "chart"), rows)


def _html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    inside = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>\n{inside}\n</tbody></table>"


def _sliced(found: Scored | Comparison, kind: str, caption: str) -> str:
    head, *rows = sliced_rows(found, kind)
    inside = [[f'<th scope="row">{escape(row[0])}</th>', *(_cell(text) for text in row[1:])] for row in rows]
    return f"<h2>By {kind}</h2>{_html_table(caption, head, inside)}"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="n {kind}">{escape(text)}</td>'


def _list(notes: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>" if notes else ""


_WIDE, _HIGH = 220, 14


def _chart(scorer: Scorer, figures: Sequence[tuple[str, Figure]]) -> str:
    """Return each figure as a dot with its interval, one line each, on a scale from 0 to 100 % or to the largest end."""
    seen = [(name, figure) for name, figure in figures if figure.n and math.isfinite(figure.high)]
    if not seen:
        return ""
    low = min(0.0, *(figure.low for _, figure in seen))
    high = 1.0 if scorer.kind != "number" else max(figure.high for _, figure in seen) or 1.0

    def at(value: float) -> float:
        return round(4 + (_WIDE - 8) * (min(max(value, low), high) - low) / (high - low), 1)

    tall = _HIGH * len(seen)
    said = "; ".join(f"{name.upper()} {shown(scorer, figure)}" for name, figure in seen)
    marks = [f'<line x1="4" x2="{_WIDE - 4}" y1="{tall - 0.5}" y2="{tall - 0.5}" stroke="#c9ced6"/>']
    for number, (name, figure) in enumerate(seen):
        y, colour = _HIGH * number + _HIGH / 2, f"var(--{name})"
        marks.append(f'<line x1="{at(figure.low)}" x2="{at(figure.high)}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>')
        marks.append(f'<circle cx="{at(figure.value)}" cy="{y}" r="4" fill="{colour}"/>')
    return f'<svg role="img" aria-label="{escape(said)}" width="{_WIDE}" height="{tall}" viewBox="0 0 {_WIDE} {tall}">{"".join(marks)}</svg>'


def _both(one: Changed) -> str:
    sides = "".join(
        f'<section aria-label="{name} on {escape(one.a.sample.id)} #{one.a.epoch + 1}"><h3 class="{name.lower()}">{name}</h3>{_letter(row)}</section>'
        for name, row in (("A", one.a), ("B", one.b))
    )
    return f'<details><summary>{escape(_change(one))}</summary><div class="pair">{sides}</div></details>'


def _letter(row: Row) -> str:
    assert row.judged is not None
    report = row.judged.report
    items = "".join(
        f"<li><b>{escape(finding.rule)}</b> ({finding.level}): {escape(finding.message)}{f' ({escape(finding.evidence)})' if finding.evidence else ''}</li>"
        for finding in report.findings
    )
    return f'<div class="letter">{marked_html(row.judged.letter, report)}</div>' + (f'<ul class="findings">{items}</ul>' if items else "<p>No findings.</p>")


def marked_html(letter: Letter, report: Report) -> str:
    """Return subject and body with each finding's words marked, the rule in the mark's title."""
    return f"<strong>{_marked('subject', letter, report.findings)}</strong>\n\n{_marked('body', letter, report.findings)}"


def _marked(name: Field, letter: Letter, findings: Iterable[Finding]) -> str:
    text = letter.field(name)
    here = [finding for finding in findings if finding.field == name and finding.start < finding.end]
    places = sorted({0, len(text), *(finding.start for finding in here), *(finding.end for finding in here)})
    order = ("error", "warning", "suggestion")
    out = []
    for start, end in pairwise(places):
        over = sorted((finding for finding in here if finding.start <= start and end <= finding.end), key=lambda finding: order.index(finding.level))
        words = escape(text[start:end])
        title = escape(", ".join(dict.fromkeys(finding.rule for finding in over)))
        out.append(f'<mark class="{over[0].level}" title="{title}">{words}</mark>' if over else words)
    return "".join(out)
