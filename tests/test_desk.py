"""What people do with a letter, and who may."""

import pytest
from desks import desk, letter, reviewed

from drafting import desk as act
from drafting.desk import Conflict
from drafting.store import State, Store


def test_a_letter_goes_from_draft_to_export(store: Store) -> None:
    here = desk(store)
    row = reviewed(here)
    assert row.state is State.IN_REVIEW
    row = act.approve(here, row.id, row.revision, row.sha256 or "")
    assert row.state is State.APPROVED
    assert act.export(here, row.id, "eml").row.state is State.EXPORTED


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
