"""Cut a sentence into clauses: who does what to whom, when, and whether at all.

A clause is a verb group with its subject and what follows it. No parser stands behind this: closed classes,
word forms and the order of words are enough to tell the sender from the customer, an act from its omission
and the past from a promise. One pass, linear in the number of words.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Literal, NamedTuple

from guardrails.language.memory import remembered
from guardrails.language.tokens import Token
from guardrails.language.words import classes, lemma, lexicon, singular


class Role(StrEnum):
    """Who a group of words stands for."""

    __hash__ = str.__hash__  # an enumeration's own is many times slower

    SENDER = "sender"
    CUSTOMER = "customer"
    THIRD = "third"
    PEOPLE = "people"
    THING = "thing"
    NOBODY = "nobody"


Tense = Literal["past", "present", "perfect", "future", "conditional", "modal", "none"]
Form = Literal["finite", "to", "ing", "participle", "imperative"]


class Clause(NamedTuple):
    """A verb group and what belongs to it. Numbers count tokens of the sentence; a pair is a half-open range.

    `actor` does the thing, also where a passive names the doer behind "by"; `patient` has it done to them.
    `actor` is NOBODY where no doer is named. `link` is the word that joins the clause to what stands before it.
    """

    first: int
    stop: int
    verb: int
    lemma: str
    subject: tuple[int, int]
    actor: Role
    object: tuple[int, int]
    patient: Role
    tense: Tense
    modal: str
    negative: bool
    passive: bool
    form: Form
    link: str


_NOMINATIVE = frozenset("i we he she they who".split())
_SENDER = frozenset("i we me us my our mine ours myself ourselves".split())
_CUSTOMER = frozenset("you your yours yourself yourselves u ur".split())
_OTHERS = frozenset("he she they him her them his their theirs himself herself themselves who somebody someone anybody anyone".split())
_NONE = frozenset("nobody none no-one".split())
_THINGS = frozenset("it this that these those which what something anything nothing everything its itself there".split())
_DETERMINER = frozenset(
    """a an the this that these those my our your his her its their every each no any some both either neither all another one two three four five
    six seven eight nine ten most many several such few half whose""".split()
)
_PREPOSITION = frozenset(
    """of in on at by for with from into onto upon about against between among amongst through throughout during under over across along around
    behind beside besides beyond despite inside near off outside past per toward towards until till up down via within without amid to as than
    like out back away""".split()
)
_BE = frozenset("am is are was were be been being 's 're 'm ai".split())
_HAVE = frozenset("have has had having 've".split())
_DO = frozenset("do does did done".split())
_GET = frozenset("get gets got getting gotten".split())
_MODAL = frozenset("can could may might must shall should will would 'll ca wo sha 'd cannot need ought".split())
_FUTURE = frozenset("will 'll wo shall sha".split())
_CONDITIONAL = frozenset("would could should might 'd ought".split())
_NOT = frozenset("not n't never no-longer cannot hardly barely scarcely nor neither".split())
_ADVERB = frozenset(
    """also now then still already just even ever only twice again soon later earlier always often sometimes usually rarely seldom simply actually
    really almost nearly quite rather very too so well perhaps maybe instead indeed thus therefore hence however meanwhile otherwise somehow
    badly all both each not n't never ourselves yourselves themselves myself yourself itself himself herself first yesterday today long far once
    never hardly barely scarcely most since once here""".split()
)
_COORDINATOR = frozenset(("and", "or", "but", "nor", "&", "then", "yet"))
_SUBORDINATOR = frozenset(
    """because although though while whilst if whether unless whereas when whenever where wherever since before after until till once that which
    who whom whose why how what so as than lest provided whatever""".split()
)
_RELATIVE = frozenset(("that", "which", "who", "whom", "whose", "what"))
_JOINTS = _COORDINATOR | _RELATIVE | {",", "while", "once"}
_STOPS = frozenset(';:.!?…—–()[]"“”')
_PREFIXES = frozenset("re mis double over under cross pre auto hand un out co de spot triple".split())
_PAST_ONLY = frozenset(
    """was were did had went took came saw gave knew wrote broke fell threw grew began chose drove forgot froze rose spoke stole wore woke shook
    ate drew flew hid rang ran sang sank swam tore withdrew became overtook arose undertook mistook overwrote forwent showed could would should
    might""".split()
)


# Words that look like verbs of a class and are, in letters, nearly always nouns or adjectives.
_NEVER_VERBS = frozenset(
    """thing things morning evening king spring string during nothing anything something everything building ceiling feeling wedding being human
    team teams time times hundred need red bed shed seed feed speed sacred wicked naked rugged aged indeed order orders account accounts data
    file files page pages people customer customers day days hour hours week weeks month months year years minute minutes morning evening night
    nights price prices invoice invoices figure figures number numbers line lines system systems service services name names part parts case
    cases end ends place places way ways job jobs step steps point points fact facts shop office invoice staff support group product products
    list lists screen screens room rooms tool tools load loads shelf water power site letter letters record records ring address trust""".split()
)


@remembered
def _shape(word: str) -> str:
    """Return what a word is by its form alone.

    One letter: p nominative pronoun, d determiner, r preposition, b/h/o/g/m auxiliaries, n negation, a adverb, c coordinator, s subordinator, t "to", x mark,
    v past form, V past form that is no participle, e form in -ed or irregular participle, i form in -ing, z base or -s form of a known verb, N anything else.
    """
    if word in _BE:
        return "b"
    if word in _HAVE:
        return "h"
    if word in _DO:
        return "o"
    if word in _MODAL:
        return "m"
    if word in _NOT:
        return "n"
    if word == "to":
        return "t"
    if word in _NOMINATIVE or word in {"you", "it"}:
        return "p"
    if word in _COORDINATOR:
        return "c"
    if word in _SUBORDINATOR:
        return "s"
    if word in _DETERMINER:
        return "d"
    if word in _PREPOSITION:
        return "r"
    if word in _ADVERB:
        return "a"
    if not word[0].isalnum():
        return "x"
    known = lexicon()
    if word in _GET:
        return "e" if word in {"got", "gotten"} else "z" if word != "getting" else "i"
    if word in _PAST_ONLY:
        return "V"
    if word in _NEVER_VERBS:
        return "N"
    if word in known.irregular:
        if word in known.participles:
            return "e"
        return "V" if word in known.past else "z"
    if word.endswith("ed") and len(word) > 3 and not word.endswith("eed"):
        return "e"
    if word.endswith("ing") and len(word) > 4:
        return "i"
    if word.endswith("ly") and len(word) > 4:
        return "a"
    base = lemma(word)
    if base in known.verbs or base in _BASES:
        return "z"
    return "N"


_BASES = frozenset(
    """go come take make run put say see know have keep hold want need use turn work start mean become seem begin show try leave play move live
    help talk believe bring happen sit stand lose pay meet include continue learn lead watch follow create speak read spend grow open win teach
    offer remember consider appear buy serve die send build stay fall cut reach remain raise pass sell decide return explain hope carry break
    receive agree support hit produce eat cover catch draw choose""".split()
)


def clauses(tokens: Sequence[Token], sender: Collection[str] = (), customer: Collection[str] = ()) -> tuple[Clause, ...]:
    """Return the clauses of a sentence, in the order of their verbs.

    `sender` and `customer` are further lower-case names of either, such as those of the companies.
    """
    words = [token.lower for token in tokens]
    shapes = list(map(_shape, words))
    for number, word in enumerate(words) if "-" in words else ():
        if word == "-" and 0 < number < len(words) - 1 and tokens[number - 1].end == tokens[number].start and tokens[number].end == tokens[number + 1].start:
            prefix = words[number - 1] in _PREFIXES
            shapes[number - 1 : number + 1] = "aa" if prefix else "NN"
            if not prefix:
                shapes[number + 1] = "N"
    found: list[Clause] = []
    begin = 0  # where the words of the current subject may begin
    link = ""
    has_verb = False
    behind = 0  # where the last group of verbs ends
    for at, shape in enumerate(shapes):
        if shape in "Ndran" or at < behind:  # begins neither a clause nor a group of verbs
            continue
        word = words[at]
        if shape == "x":
            if word in _STOPS or word == ",":
                begin, has_verb = at + 1, False
                link = "," if word == "," else ""
            continue
        if shape == "c" or (shape == "s" and _opens(words, shapes, at)):
            begin, link, has_verb = at + 1, word, False
            continue
        if (shape == "p" and word not in {"it", "you"} and at > begin and has_verb) or (word in {"it", "you"} and has_verb and _verb_follows(shapes, at + 1)):
            begin, has_verb = at, False
            link = ""
        group = _group(words, shapes, at, begin, has_verb)
        if group is None:
            continue
        verb, stop, form, tense, modal, negative = group
        subject = _subject(words, shapes, begin, at, form)
        found.append(_clause(words, shapes, found, (begin, at, verb, stop), subject, (form, tense, modal, negative), link, sender, customer))
        link, has_verb = "", True
        begin = behind = stop
    # A clause ends where the next one begins, or behind its object.
    begins = [*(clause.first for clause in found[1:]), -1]
    return tuple(
        _new_clause((clause[0], begin if begin >= clause.verb else max(clause.object[1], clause.verb + 1), *clause[2:]))
        for clause, begin in zip(found, begins, strict=False)
    )


_new_clause = partial(tuple.__new__, Clause)


def _opens(words: list[str], shapes: list[str], at: int) -> bool:
    """Whether a subordinator opens a clause, and is not a preposition or determiner here ("after the call", "that file")."""
    word = words[at]
    if word in {"as", "than", "so", "since", "before", "after", "until", "till", "once", "that", "what", "how"}:
        for step in range(at + 1, min(at + 9, len(words))):
            shape = shapes[step]
            if shape == "x" or shape == "c":
                return False
            if shape in "pbhomvVn":
                return True
            if shape in "ze" and step > at + 1 and shapes[step - 1] not in "dr":
                return True
            if shape == "i" and step == at + 1:
                return True
        return False
    return True


def _verb_follows(shapes: list[str], at: int) -> bool:
    while at < len(shapes) and shapes[at] in "an":
        at += 1
    return at < len(shapes) and shapes[at] in "bhomvVez"


def _group(words: list[str], shapes: list[str], at: int, begin: int, has_verb: bool) -> tuple[int, int, Form, Tense, str, bool] | None:
    """Return the verb group that begins at a token: its verb, its end, form, tense, modal and polarity. None where none does."""
    shape, word = shapes[at], words[at]
    length = len(words)
    if shape == "t":
        step = at + 1
        while step < length and shapes[step] in "an":
            step += 1
        if step < length and shapes[step] in "zbhoe" and not (shapes[step] == "e" and words[step] != lemma(words[step])) and words[step] not in {"the"}:
            return _chain(words, shapes, at + 1, "to")
        return None
    if word == "'s" and at and shapes[at - 1] in "Nizx" and not _is_verbal_s(shapes, words, at):
        return None
    if shape in "bhom":
        return _chain(words, shapes, at, "finite")
    if shape == "i":
        before = shapes[at - 1] if at else "x"
        if at == begin or before in "rsa" or (has_verb and before == "N" and at + 1 < length and shapes[at + 1] in "dpr"):
            return at, at + 1, "ing", "none", "", at > 0 and (words[at - 1] in {"not", "never", "without"})
        if before == "n":
            return at, at + 1, "ing", "none", "", True
        return None
    previous = at - 1
    while previous >= begin and shapes[previous] in "an":
        previous -= 1
    before = shapes[previous] if previous >= begin else ""
    negative = "n" in shapes[previous + 1 : at]
    if shape == "V":
        return at, at + 1, "finite", "past", "", negative
    if shape == "e":
        if (
            before == "p"
            or (before in {"N", "z", "i"} and not has_verb)
            or (before == "d" and words[previous] in {"this", "that", "all", "both", "each", "one", "some", "these", "those"} and not has_verb)
        ):
            return at, at + 1, "finite", "past" if words[at] != lemma(words[at]) else "present", "", negative
        if before == "" and begin and words[begin - 1] in _JOINTS:
            return at, at + 1, "finite", "past" if words[at] != lemma(words[at]) else "present", "", negative
        if before == "" and at == 0:
            return at, at + 1, "participle", "past", "", negative
        if before in {"N", "z"} and has_verb and at + 1 < length and shapes[at + 1] in "r":
            return at, at + 1, "participle", "none", "", negative
        return None
    if shape == "z":
        if before == "p":
            return at, at + 1, "finite", "present", "", negative
        if before == "" and (at == 0 or words[at - 1] in {"please", "and", ",", "or", ":", "-", "•"}):
            follows = shapes[at + 1] if at + 1 < length else "x"
            if at == 0 and follows not in "dprxNat":
                return None
            return at, at + 1, "imperative" if at == 0 or words[at - 1] == "please" else "finite", "present", "", negative
        if before == "" and begin and words[begin - 1] in _RELATIVE:
            return at, at + 1, "finite", "present", "", negative
        if (
            before in {"N", "d", "z"}
            and not has_verb
            and words[previous] not in _DETERMINER
            and _plural_matches(words, previous, at)
            and not _finite_follows(shapes, words, at + 1)
        ):
            return at, at + 1, "finite", "present", "", negative
        if before == "d" and words[previous] in {"this", "that", "each", "one"} and words[at].endswith("s") and not _finite_follows(shapes, words, at + 1):
            return at, at + 1, "finite", "present", "", negative
    return None


def _is_verbal_s(shapes: list[str], words: list[str], at: int) -> bool:
    """Whether "'s" behind a noun is "is": a participle, adverb or determiner follows."""
    if at + 1 >= len(words):
        return False
    if words[at - 1] in {"it", "that", "there", "he", "she", "what", "here", "who", "where", "this"}:
        return True
    return shapes[at + 1] in "nd" and words[at + 1] not in {"own", "one", "two", "three"}


def _plural_matches(words: list[str], noun: int, verb: int) -> bool:
    """Whether noun and verb agree: "the tool refuses", "two people check"."""
    third = words[verb].endswith("s") and not words[verb].endswith("ss")
    plural = (words[noun].endswith("s") and not words[noun].endswith("ss")) or words[noun] in {
        "people",
        "staff",
        "men",
        "women",
        "children",
        "both",
        "team",
        "crew",
    }
    return third != plural


def _finite_follows(shapes: list[str], words: list[str], at: int) -> bool:
    for step in range(at, min(at + 8, len(shapes))):
        if shapes[step] in "xcs" or words[step] in _NOMINATIVE:
            return False
        if shapes[step] in "bhomV" and words[step] != "'s":
            return True
        if shapes[step] == "e" and shapes[step - 1] in "Nz" and words[step] != lemma(words[step]):
            return True
    return False


def _chain(words: list[str], shapes: list[str], at: int, form: Form) -> tuple[int, int, Form, Tense, str, bool]:
    """Follow a chain of auxiliaries to the verb it ends in."""
    length = len(words)
    modal, negative, tense = "", False, ""
    perfect = False
    verb = at
    step = at
    inverted = False
    while step < length:
        shape, word = shapes[step], words[step]
        if shape == "n":
            negative = True
        elif shape == "m":
            if word == "cannot":
                negative = True
            modal = {"'ll": "will", "wo": "will", "ca": "can", "sha": "shall", "'d": "would", "cannot": "can"}.get(word, word)
            verb = step
        elif shape == "h":
            perfect = perfect or not modal or modal != ""
            if word == "had" and not tense:
                tense = "past"
            verb = step
        elif shape == "o":
            if word == "did":
                tense = "past"
            elif word == "done":
                verb = step
                step += 1
                break
            verb = step
        elif shape == "b":
            if word in {"was", "were"}:
                tense = "past"
            verb = step
        elif shape == "a":
            pass
        elif shape == "t" and step > at and (shapes[step - 1] == "h" or words[step - 1] in {"going", "ought", "need", "used"}):
            if words[step - 1] in {"had", "has", "have"}:
                modal = "have-to"
            elif words[step - 1] == "going":
                modal = "will"
        elif shape == "p" and step == at + 1 and not inverted and at + 2 < length and (at == 0 or shapes[at - 1] in "xcs"):
            inverted = True
        elif shape in "veVzi":
            head = shapes[verb]
            if word == "going" and step + 1 < length and words[step + 1] == "to":
                modal = "will"
                step += 2
                verb = step if step < length else verb
                continue
            if head == "b" and shape == "z" and words[verb] not in {"be"}:
                break
            if head == "h" and shape in "zi":
                break
            if head == "b" and shape == "V":
                break
            verb = step
            step += 1
            break
        else:
            break
        step += 1
    stop = verb + 1
    lexical = verb
    if form == "to":
        result: Tense = "perfect" if perfect and shapes[lexical] != "h" else "none"
    elif modal in {"will", "shall"}:
        result = "future"
    elif modal in _CONDITIONAL and modal != "":
        result = "conditional"
    elif modal == "have-to":
        result = "past" if tense == "past" else "modal"
    elif modal:
        result = "modal"
    elif tense == "past":
        result = "past"
    elif perfect and shapes[lexical] != "h":
        result = "perfect"
    elif form == "finite" and shapes[lexical] == "V":
        result = "past"
    else:
        result = "present"
    if modal == "would" and words[at] == "'d" and shapes[lexical] == "e" and words[lexical] != lemma(words[lexical]):
        modal, result = "", "past"
    # A negation may stand right behind the last auxiliary ("is not", "had no").
    step = stop
    while step < length and shapes[step] in "an":
        if shapes[step] == "n":
            negative = True
            stop = step + 1
        step += 1
    return lexical, stop, form, result, modal, negative


def _subject(words: list[str], shapes: list[str], begin: int, at: int, form: Form) -> tuple[int, int]:
    """Return the words that stand as subject before a verb group."""
    stop = at
    while stop > begin and (shapes[stop - 1] in "an" or words[stop - 1] == "please"):
        stop -= 1
    if form in {"to", "ing", "participle", "imperative"}:
        return (stop, stop)
    start = begin
    # Words before the last noun group belong to an adverbial ("On Monday our server").
    for step in range(stop - 1, begin - 1, -1):
        if words[step] in _NOMINATIVE or (shapes[step] == "p" and step == stop - 1):
            start = step
            break
    else:
        if start < stop and shapes[start] in "ra":
            for step in range(stop - 1, start, -1):
                if shapes[step] == "d" and shapes[step - 1] not in "rd":
                    start = step
                    break
    return (start, stop)


def role(words: Sequence[str], sender: Collection[str] = (), customer: Collection[str] = ()) -> Role:
    """Return who a group of words stands for: by its pronoun, its possessive, a known name, then its head noun."""
    if not words:
        return Role.NOBODY
    first = words[0]
    last = words[-1]
    if last in {"i", "we", "me", "us", "mine", "ours", "myself", "ourselves"} or first in {"i", "we"}:
        return Role.SENDER
    if last in {"you", "yours", "yourself", "yourselves"} or first == "you":
        return Role.CUSTOMER
    if first in _NONE or (first == "no" and len(words) > 1 and words[1] == "one"):
        return Role.NOBODY
    if last in _OTHERS:
        return Role.PEOPLE
    if first in _THINGS and len(words) == 1:
        return Role.NOBODY if first == "there" else Role.THING
    owner, others = "", ""
    for word in words:
        sign = _sign(word)
        if not owner and (sign == "sender" or word in sender):
            owner = "sender"
        elif not owner and (sign == "customer" or word in customer):
            owner = "customer"
        if sign == "end":
            break
        if sign == "third" or (sign == "people" and not others):
            others = sign
    return _ROLES[others if others == "third" and owner != "customer" else owner or others or "thing"]


_ROLES: Mapping[str, Role] = {role.value: role for role in Role}


@remembered
def _sign(word: str) -> str:
    """Return whom a word within a group says that it stands for, or `end` where it ends the group."""
    if word in _SENDER:
        return "sender"
    if word in _CUSTOMER:
        return "customer"
    if word in _PREPOSITION and word != "of":
        return "end"
    names = classes(word)
    if "third_party" in names:
        return "third"
    return "people" if "our_staff" in names and singular(word) not in {"front", "floor", "shift", "support", "operation"} else ""


def _clause(
    words: list[str],
    shapes: list[str],
    found: list[Clause],
    places: tuple[int, int, int, int],
    subject: tuple[int, int],
    group: tuple[Form, Tense, str, bool],
    link: str,
    sender: Collection[str],
    customer: Collection[str],
) -> Clause:
    begin, at, verb, stop = places
    form, tense, modal, negative = group
    actor = role(words[subject[0] : subject[1]], sender, customer)
    passive = form != "ing" and form != "imperative" and _passive(words, shapes, at, verb)
    if subject[0] and subject[1] - subject[0] == 1 and words[subject[0]] == "who":
        subject = _antecedent(shapes, subject[0])
        actor = role(words[slice(*subject)], sender, customer)
    if subject[0] == subject[1]:
        # Inverted, inherited from the clause before, or nobody's.
        if "p" in shapes[at + 1 : verb]:
            inverted = shapes.index("p", at + 1)
            subject = (inverted, inverted + 1)
            actor = role(words[inverted : inverted + 1], sender, customer)
        elif link in {"which", "that"} and form == "finite" and begin >= 2:
            subject = _antecedent(shapes, begin - 1)
            actor = role(words[slice(*subject)], sender, customer)
        elif found and form != "imperative" and not (form == "finite" and link == ""):
            last = found[-1]
            if not (last.passive and form in {"to", "ing"}) or last.actor is not Role.NOBODY:
                subject, actor = last.subject, last.actor
            if (
                form == "to"
                and last.patient in {Role.CUSTOMER, Role.SENDER}
                and last.object[1] <= at
                and last.object[1] > last.object[0]
                and at - last.object[1] <= 1
            ):
                subject, actor = last.object, last.patient  # "we asked you to wait"
        elif form == "ing" and not found:
            actor = Role.NOBODY
    named = words[subject[0]]
    if named in {"nobody", "none", "neither"} or (named == "no" and words[subject[0] + 1 : subject[0] + 2] == ["one"]):
        negative = True
        if subject[1] - subject[0] > 1 and words[subject[1] - 1] in {"us", "team"}:
            actor = Role.SENDER
    start, end = _object(words, shapes, stop)
    patient = role(words[start:end], sender, customer)
    if start < end < len(words) and words[end] in {"nothing", "no", "nobody"}:
        negative = True
    if passive:
        patient = actor
        actor = Role.NOBODY
        by = next((step for step in range(verb + 1, min(verb + 6, len(words))) if words[step] == "by" or shapes[step] in "xcs"), None)
        if by is not None and words[by] == "by":
            start, end = _object(words, shapes, by + 1)
            actor = role(words[start:end], sender, customer)
    if start < end and words[start] in {"no", "nothing", "nobody", "neither"}:
        negative = True
    return _new_clause((begin, stop, verb, lemma(words[verb]), subject, actor, (start, end), patient, tense, modal, negative, passive, form, link))


def _antecedent(shapes: list[str], relative: int) -> tuple[int, int]:
    """Return the words that a relative pronoun stands for: the noun group before it."""
    start = max(relative - 1, 0)
    while start > 0 and shapes[start - 1] not in "xcsrbhomvVet" and relative - start < 5:
        start -= 1
    return (start, relative)


def _passive(words: list[str], shapes: list[str], at: int, verb: int) -> bool:
    """Whether a verb group is a form of be or get with a participle that is not an adjective of feeling."""
    if shapes[verb] != "e" or (shapes[verb] == "e" and words[verb] in _GET) or "feeling_word" in classes(words[verb]) or "shame_word" in classes(words[verb]):
        return False
    step = verb - 1
    while step > at and shapes[step] in "anp":
        step -= 1
    return step >= at and (shapes[step] == "b" or words[step] in _GET)


def _object(words: list[str], shapes: list[str], stop: int) -> tuple[int, int]:
    """Return the words that follow a verb up to its next border: the object, or the complement."""
    step = stop
    while step < len(words) and shapes[step] == "a":
        step += 1
    start = step
    while step < len(words) and step - start < 12:
        shape = shapes[step]
        if shape in "xcbhomVt" or (shape == "s" and step > start):
            break
        if shape == "r" and step > start:
            break
        if shape == "p" and step > start and words[step] != "it":
            break
        step += 1
        if shape == "p" or words[step - 1] in {"us", "me", "them", "him"}:
            break
    return (start, step)
