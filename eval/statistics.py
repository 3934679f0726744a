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
