"""How sure a number is: intervals for shares and means whose observations come in clusters."""

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

    def as_dict(self, digits: int = 3) -> dict[str, float | int]:
        """Return the figure with its numbers rounded, as files keep it."""
        return {"value": round(self.value, digits), "low": round(self.low, digits), "high": round(self.high, digits), "n": self.n}


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return the Wilson 95 % interval of a share seen in `n` independent observations."""
    if n <= 0:
        return 0.0, 1.0
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(clusters: Iterable[Sequence[bool]]) -> Figure:
    """Return a share over observations that come in clusters, such as the findings of one letter.

    Observations of one cluster resemble each other, so the Wilson interval is taken at the
    effective size: the number of independent observations that would vary as much. Where all
    agree nothing varies to be measured, and each cluster counts as one observation.
    """
    counts = [(sum(seen), len(seen)) for seen in clusters if seen]
    n = sum(size for _, size in counts)
    if not n:
        return Figure(0.0, 0.0, 1.0, 0)
    value = sum(hits for hits, _ in counts) / n
    groups = len(counts)
    effective: float = groups
    if 0 < value < 1 and groups > 1:
        variance = groups / (groups - 1) * sum((hits - value * size) ** 2 for hits, size in counts) / n**2
        effective = min(float(n), value * (1 - value) / variance) if variance else n
    low, high = wilson(value, effective)
    return Figure(value, low, high, n)


RESAMPLES = 4000
"""Resamples of a bootstrap: enough for the second digit of an interval's ends."""


def mean(clusters: Iterable[Sequence[float]], bounds: tuple[float, float] | None = None) -> Figure:
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
        return Figure(value, value, value, n)
    generator = numpy.random.default_rng(groups)
    means = []
    for _ in range(0, RESAMPLES, 500):  # in parts, to keep memory flat over large logs
        drawn = generator.integers(groups, size=(500, groups))
        means.append(totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    # A resample varies less than a fresh sample would, by just this factor.
    spread = math.sqrt(groups / (groups - 1))
    low, high = (value + spread * (float(end) - value) for end in numpy.quantile(numpy.concatenate(means), (0.025, 0.975)))
    if bounds:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Figure(value, low, high, n)


def needed(differences: Sequence[float]) -> int | None:
    """Return about how many pairs would show a difference as large as this one, four times in five; None where there is none."""
    n = len(differences)
    if n < 2:
        return None
    value = sum(differences) / n
    variance = sum((difference - value) ** 2 for difference in differences) / (n - 1)
    if not value or not variance:
        return None
    wanted = (Z + 0.8416212335729143) ** 2 * variance / value**2
    digits = 10 ** max(0, math.floor(math.log10(wanted)) - 1) if wanted >= 1 else 1
    return math.ceil(wanted / digits) * digits
