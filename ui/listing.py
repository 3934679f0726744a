"""The queue as its page needs it: filters and rows in the form the table takes."""

from collections.abc import Sequence


def neighbours(listed: Sequence[int], letter_id: int) -> tuple[int | None, int | None]:
    """Return the letters before and after this one in the last listing."""
    if letter_id not in listed:
        return None, listed[0] if listed else None
    place = listed.index(letter_id)
    return (listed[place - 1] if place else None), (listed[place + 1] if place + 1 < len(listed) else None)
