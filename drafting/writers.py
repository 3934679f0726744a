"""Put together who writes: each model with its retries and its repair, in the order of the chain."""

from collections.abc import Callable

from drafting.compose import template
from drafting.config import Configuration
from drafting.models import Complete, chain, make, repairing
from drafting.retry import retrying
from drafting.settings import Settings
from guardrails.case import Case

Writer = Callable[[Case], Complete]


def writer(settings: Settings, setup: Configuration, around: Callable[[str, Complete], Complete] = lambda name, complete: complete) -> Writer:
    """Return what gives each case its way to the models of `settings.models`, in that order.

    Clients are built once and shared by all cases. `around` wraps each single call to a model. Raises ModelFailure where a model is not
    known, or has no key or no package.
    """
    remote = {
        name: repairing(retrying(around(name, make(name, settings)), attempts=settings.attempts, budget=settings.budget))
        for name in settings.models
        if name != "template"
    }

    def for_case(case: Case) -> Complete:
        return chain([(name, remote[name] if name in remote else template(case, setup)) for name in settings.models])

    return for_case
