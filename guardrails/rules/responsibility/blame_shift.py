"""The letter puts the fault, or the work, on somebody else.

A customer did business with us, not with our supplier, our temp or another department, and did not hire us to do our
checking for us. Whoever else had a hand in it, say what we did or left undone.

Source: domain, section 1 ("no customer, vendor or other team blamed"); Lewicki, Polin and Lount, "An Exploration of the
Structure of Effective Apologies" (2016): taking responsibility counts most.
"""

from guardrails.finding import Level
from guardrails.language.cues import faults
from guardrails.rule import Rule

rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" puts it on somebody else. Say what we did or failed to do ourselves.',
    find=faults("blame-shift", 1.0, alone=2.0, beside=3.0, owned=1.0, owning=2.0),
    bad=(
        "«Had your receptionist cleared the plotter beforehand, the visit would have been short».",
        "«The wrong file was sent by a temp on her first night».",
    ),
    good=(
        "The carrier refused our traffic, exactly as it should: we had let the certificate lapse.",
        "We did not tell your receptionist that the plotter had to be cleared.",
    ),
)
