"""Letters on a desk, put there through the desk's own functions, with words whose findings the tests know."""

from pathlib import Path

from drafting import desk as desks
from drafting.config import configuration
from drafting.desk import Desk, Written
from drafting.store import LetterRow, Store, open_store
from drafting.triage import triage
from drafting.users import LOCAL, User
from guardrails.case import Case, load
from guardrails.letter import Letter
from guardrails.rules import rules

ROOT = Path(__file__).parents[2]
RULES = """
[[forbid]]
id = "no-zebra"
words = ["zebras"]
message = '"{quote}" is an error in these tests.'
level = "error"
why = "The tests need an error that no other rule explains away."
bad = ["We count «zebras»."]

[[replace]]
id = "plain-use"
words = ["utilise"]
with = "use"
message = 'Write "use".'
level = "warning"
why = "The tests need a suggestion."
bad = ["We «utilise→use» two sites."]
"""
"""A company's own rules: what they find does not change when the shipped rules learn."""
CLEAR = """Dear Femke,

I am sorry that our template update printed your delivery notes without the pallet count. We renamed a field and missed the delivery note.

We restored the old name on 3 March. I will look at a printed note with you on Monday 9 March.

Kind regards,
Bram Oosterhuis
Support Representative"""


def furnish(home: Path, *, quiet: bool = True) -> None:
    """Give a desk the tests' rules; `quiet` turns the shipped rules off, so that a test knows what is found."""
    (home / "rules").mkdir(parents=True, exist_ok=True)
    (home / "rules" / "tests.toml").write_text(RULES)
    if quiet:
        shipped = (ROOT / "guardrails" / "policy.toml").read_text()
        levels = "\n".join(f'{rule.name} = "off"' for rule in rules())
        (home / "policy.toml").write_text(shipped.replace("\n[rules]\n", f"\n[rules]\n{levels}\n"))


class Seeds:
    """The record of a desk, opened beside it."""

    def __init__(self, home: Path, user: User = LOCAL) -> None:
        setup = configuration(home)
        self.store: Store = open_store(home)
        self.desk = Desk(self.store, user, setup.policy, setup.rules)

    def case(self, name: str = "minor_bug") -> Case:
        """Return an example's case after triage."""
        path = next((ROOT / "examples").glob(f"{name}.*"))
        return triage(load(path), self.desk.policy).case

    def letter(
        self, body: str = CLEAR, *, case: Case | None = None, subject: str = "The pallet count on your delivery notes", review: bool = True
    ) -> LetterRow:
        """Put a letter on the desk, in review or as a draft."""
        row = desks.add(self.desk, case or self.case(), Written(Letter(subject, body), "template"))
        return desks.submit(self.desk, row.id) if review else row

    def view(self, letter_id: int) -> desks.View:
        """Return the letter as it stands."""
        return desks.view(self.desk, letter_id)
