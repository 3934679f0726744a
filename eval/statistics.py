"""How sure a number is: intervals for shares, means and paired differences whose observations come in clusters.

Sources: Wilson (1927); Korn and Graubard (1998) for shares in clusters; Hesterberg (2015) for the bootstrap
of few; Agresti and Min (2005) for the difference of two paired shares.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A share or a mean, its 95 % interval, and over how many observations it was taken."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f}, n={self.n})" if self.n else "n=0"

    def as_dict(self, digits: int = 3) -> dict[str, float | int | None]:
        """Return the figure with its numbers rounded, as files keep it; an end that nobody can tell is None."""
        low, high = (round(end, digits) if math.isfinite(end) else None for end in (self.low, self.high))
        return {"value": round(self.value, digits), "low": low, "high": high, "n": self.n}


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return the Wilson 95 % interval of a share seen in `n` independent observations."""
    if n <= 0:
        return 0.0, 1.0
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def student(groups: int) -> float:
    """Return the quantile that stands for Z where the spread itself was learned from so many groups: Student's t, 97.5 %."""
    if groups < 2:
        return math.inf
    exact = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764}
    free = groups - 1
    terms = ((Z**3 + Z) / 4, (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96, (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384)
    return exact.get(free) or Z + sum(term / free**power for power, term in enumerate(terms, 1))


def share(clusters: Iterable[Sequence[bool]]) -> Figure:
    """Return a share over observations that come in clusters, such as the findings of one letter.

    Observations of one cluster resemble each other, so the Wilson interval is taken at the
    effective size: the number of independent observations that would vary as much, less where few
    clusters tell how much that is. Where all agree nothing varies to be measured, and each cluster
    counts as one observation.
    """
    counts = [(sum(seen), len(seen)) for seen in clusters if seen]
    n = sum(size for _, size in counts)
    if not n:
        return Figure(0.0, 0.0, 1.0, 0)
    value = sum(hits for hits, _ in counts) / n
    groups = len(counts)
    effective: float = groups
    if 0 < value < 1 and 1 < groups < n:
        variance = groups / (groups - 1) * sum((hits - value * size) ** 2 for hits, size in counts) / n**2
        size_alike = value * (1 - value) / variance * n / (n - 1) if variance else math.inf
        effective = min(float(n), size_alike * (student(n) / student(groups)) ** 2)
    low, high = wilson(value, effective)
    return Figure(value, low, high, n)


RESAMPLES = 4000
"""Resamples of a bootstrap: enough for the second digit of an interval's ends."""


def mean(clusters: Iterable[Sequence[float]], bounds: tuple[float, float] = (-math.inf, math.inf)) -> Figure:
    """Return a mean over observations that come in clusters, with a bootstrap interval that resamples whole clusters.

    The draws are seeded: the same numbers give the same interval. `bounds` are the least and the most the mean can be.
    """
    import numpy

    seen = [(sum(cluster), len(cluster)) for cluster in clusters if cluster]
    n = sum(size for _, size in seen)
    if not n:
        return Figure(0.0, 0.0, 0.0, 0)
    totals = numpy.array([total for total, _ in seen], dtype=float)
    sizes = numpy.array([size for _, size in seen], dtype=float)
    value = float(totals.sum() / n)
    groups = len(seen)
    if groups < 2:
        return Figure(value, *bounds, n)
    generator = numpy.random.default_rng(groups)
    means = []
    for _ in range(0, RESAMPLES, 500):  # in parts, to keep memory flat over large logs
        drawn = generator.integers(groups, size=(500, groups))
        means.append(totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    # A resample varies less than a fresh sample would, by the root; and few tell how much they vary, which is what t allows for.
    spread = math.sqrt(groups / (groups - 1)) * student(groups) / Z
    low, high = (value + spread * (float(end) - value) for end in numpy.quantile(numpy.concatenate(means), (0.025, 0.975)))
    return Figure(value, max(low, bounds[0]), min(high, bounds[1]), n)


def share_difference(differences: Sequence[float], drafts: float = 1.0) -> Figure:
    """Return by how much one share lies above another, from the difference of each pair, each the mean over so many drafts.

    Two drafts' worth of pairs that differ both ways and not at all are added before the interval is
    taken, so that four pairs that happen to change the same way decide nothing, and pairs that all
    agree leave room for one that would not.
    """
    n = len(differences)
    if not n:
        return Figure(0.0, -1.0, 1.0, 0)
    size = n * drafts + 2
    middle = sum(differences) * drafts / size
    variance = (drafts**2 * sum((difference - middle) ** 2 for difference in differences) + 1 + 2 * middle**2) / size**2
    half = student(n) * math.sqrt(variance)
    return Figure(sum(differences) / n, max(-1.0, middle - half), min(1.0, middle + half), n)


def needed(differences: Sequence[float]) -> int | None:
    """Return about how many pairs would show a difference as large as this one, four times in five; None where there is none."""
    n = len(differences)
    if n < 2:
        return None
    value = sum(differences) / n
    variance = sum((difference - value) ** 2 for difference in differences) / (n - 1)
    if not value or not variance:
        return None
    wanted = float(n)
    for _ in range(8):  # the quantile depends on the number that it gives, and settles at once unless that is small
        wanted = (student(max(3, math.ceil(wanted))) + 0.8416212335729143) ** 2 * variance / value**2
    digits = 10 ** max(0, math.floor(math.log10(wanted)) - 1) if wanted >= 1 else 1
    return math.ceil(wanted / digits) * digits
