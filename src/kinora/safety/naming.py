"""What a text does with a name: shows its bearer, or only speaks of it.

The policy, for a generator of video (docs/safety.md, "Names"): a living person's likeness and a character that someone
owns are not shown. But nobody's likeness is taken, and nothing is copied, where a text

- names a manner ("in the style of", ", by"), or only places;
- names who died more than a hundred years ago or what nobody owns any more ([historic] in lists/names.toml), or a name
  that anybody may bear ([everyday] there);
- asks a question about a work or a person ("who wrote ...?") and not for a picture of it;
- introduces figures of its own ("a robot named Zib", "Pip the hedgehog", "Zorblax, a three-eyed alien", "my dog Rex",
  "Jo Doe, a baker in her forties", "Princess Oolaree", "Nico meets Mocheer", "Bobo walks and Mossy sleeps", "the ghost
  ship Marrigold", "Plumpsi soap"), or names private people at an occasion of theirs ("retirement of Ewald Trenkmann").

Then the classifier's word for a name is not enough; names in the lists count all the same, but in questions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from kinora.safety.lexicon import Lexicon, common, seldom_words
from kinora.safety.lists import Hit
from kinora.safety.normalise import plain_words
from kinora.safety.persons import first_names, full_names, is_strange

_STYLE = re.compile(
    r"\b(?:style|styled|manner) (?:of|by|like)\b|\binspired by\b|artstation|"
    r"(?:,|\b(?:art|artwork|painting|illustration|drawing|photograph\w*|portrait|render|design|directed)) by\b"
)
_QUESTION = re.compile(
    r"^(?:(?:in|on|at|from|of|with|to|for) )?"
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|has|have)\b"
)
_SHOWING = re.compile(
    r"\b(?:show\w*|ma[dk]e\w*|making|creat\w+|generat\w+|draw\w*|paint\w*|render\w*|animat\w+|looks?|looking|imagin\w+|if|"
    r"(?:film|video|clip|footage|picture|image|photo|scene)s? (?:of|where))\b"
)
_CALLED = re.compile(r"\b(?:named|called|nicknamed|by the name of) (\w+)(?: (\w+))?")
_APPOSED = re.compile(r"(?:^|[,:;.] |\b(?:and|of|with|show|named|called) )(\w+) the ([\w-]+)\b")
_RANKED = re.compile(
    r"\b(?:captain|princess|prince|queen|king|detective|inspector|sergeant|grandma|grandpa|granny|professor|sir|lady|lord|"
    r"aunt|auntie|uncle|doctor|dr|nurse|old|little|farmer|baron|baroness|wizard|witch|pirate|chef|mayor|mr|mrs|miss|ms|"
    r"brother|sister|father|mother|unit|robot|knight|madame|monsieur|senor|senora)\.? "
    r"(?:(?:mr|mrs|miss)\.? )?(\w+)(?: (\w+))?\b"
)
_INTRODUCED = re.compile(r"\b(?:an?|the|my|our) (?:[\w-]+ ){0,2}?([\w-]+), (\w+),")
_TOGETHER = re.compile(r"\b(\w+) (?:and|meets|visits|helps|with|befriends) (?:(?:her|his|their|my) \w+ )?(\w+)\b")
_BESIDE = re.compile(r"^(\w+) [a-z]+s\b[\w ,]*?,? (?:and|while|as|then) (\w+) [a-z]+s\b")
_DESCRIBED = re.compile(
    r"\b(\w+)(?: (\w+))?, (?:the|an?) (?:[\w-]+ ){0,2}?([\w-]+)"
    r"(?:,|$|(?= (?:in|at|of|from|on|with|without|who|whose|that|and|aged)\b))"
)
_AGED = re.compile(
    r"\b(\w+) (\w+)(?:, | \()(?:(?:aged? )?\d{1,2}\b|(?:in )?(?:her|his|their) (?:early |mid |late )?"
    r"(?:teens|twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties|\d0s)\b)"
)
_PAIR = re.compile(r"\b([A-Z][\w'’-]+) ([A-Z][\w'’-]+)\b")
_BELONGING = re.compile(
    r"\b(?:my|our|his|her|their) (?:\w+ )?(?:dog|cat|pet|parrot|pony|horse|hamster|rabbit|bunny|goldfish|turtle|"
    r"tortoise|teddy|bear|doll|robot|son|daughter|brother|sister|niece|nephew|cousin|grandson|granddaughter|grandma|"
    r"grandpa|grandmother|grandfather|aunt|uncle|friend|neighbou?r|wife|husband|mom|mum|dad|teacher|baby) (\w+)"
)


_ITEM = r"(?:[\w.'’-]+ ){0,3}[\w.'’-]+"
_DEED = "".join(
    rf"(?<!{deed} )" for deed in ("speech", "song", "talk", "played", "performed", "concert", "sung", "danced")
)
_END = r"(?=,|\.|;| and\b| &|$)"
_HEAP = re.compile(
    rf"\b{_DEED}(?:by|styles? of|manner of) "
    rf"({_ITEM}(?:(?: and|,|, and| &) {_ITEM}{_END}){{2,}}|{_ITEM} (?:and|&) {_ITEM}{_END})"
)


def heaps_of_masters(plain: str) -> list[str]:
    """Names in a row behind "by" or "in the style of", in lower case: two joined by "and", or three: painters are."""
    return [" ".join(plain_words(match[1])) for match in _HEAP.finditer(plain.lower())]


def asks_for_a_manner(plain: str) -> bool:
    """Whether a text names somebody for their manner, so that a name in it shows nobody."""
    return _STYLE.search(plain.lower()) is not None


def asks_a_question(plain: str) -> bool:
    """Whether a text is one question about something, and not about a picture to be made."""
    lower = plain.strip().lower()
    one = not re.search(r"[.!?:;]\s*\S", lower)
    return one and bool(_QUESTION.match(lower)) and lower.endswith("?") and not _SHOWING.search(lower)


def without_places(plain: str) -> str:
    """A text without the names of famous places, which look like those of somebody to who doesn't know them."""
    return _places().sub(" ", plain)


def long_dead(plain: str, hits: Sequence[Hit]) -> frozenset[str]:
    """The words of names in a text that are nobody's any more, or anybody's."""
    words = plain_words(plain)
    return frozenset(word for hit in hits if hit.category == "historic" for word in words[hit.start : hit.stop])


def own_figures(plain: str) -> frozenset[str]:
    """The words by which a text names figures that it introduces as its own, in lower case.

    Who is described by a plain noun is introduced ("Pip the hedgehog"); who is known needs no such words, or is in the
    lists with them.
    """
    lower = plain.lower()
    groups = [match.groups() for match in _CALLED.finditer(lower)]
    groups += [match.groups() for match in _BELONGING.finditer(lower)]
    for pattern in (_APPOSED, _DESCRIBED):
        groups += [match.groups()[:-1] for match in pattern.finditer(lower) if _is_ordinary(match.groups()[-1])]
    groups += [match.groups() for match in _AGED.finditer(lower)]
    for match in _RANKED.finditer(lower):
        if _is_made_up(match[1]):
            groups.append((match[1],))
        elif match[2] and _is_first_name(match[1]) and _is_made_up(match[2]):
            groups.append(match.groups())
    groups += [(match[2],) for match in _INTRODUCED.finditer(lower) if _is_ordinary(match[1]) and _is_made_up(match[2])]
    if beside := _BESIDE.search(lower):
        groups += [beside.groups()] if all(map(_may_be_a_name, beside.groups())) else []
    for match in _TOGETHER.finditer(lower):
        one, other = match.groups()
        given, made_up = [_is_first_name(one), _is_first_name(other)], [_is_made_up(one), _is_made_up(other)]
        if (any(given) and any(made_up)) or all(made_up) or (all(given) and not full_names(plain)):
            groups.append((one, other))
    groups += [(match[1],) for match in _kinds().finditer(lower) if _is_made_up(match[1])]
    groups += [(match[1],) for match in _wares().finditer(lower) if _is_made_up(match[1])]
    if _occasions().search(lower):
        words = plain_words(plain)
        groups += [tuple(words[start:stop]) for start, stop in full_names(plain)] + _capitals(plain)
    groups += [match.groups() for match in _trades().finditer(lower) if any(map(_is_given_or_made_up, match.groups()))]
    groups += [match.groups() for match in _trades_behind().finditer(lower) if _is_first_name(match[1])]
    return frozenset(word for group in groups for word in group if word and _may_be_a_name(word))


def _may_be_a_name(word: str) -> bool:
    if word.endswith(("s", "ed", "ing")):  # more often a verb
        return _is_made_up(word) or _is_first_name(word)
    return Lexicon.dictionary().is_rare(word) or _is_first_name(word)


def _is_made_up(word: str) -> bool:
    return is_strange(word, Lexicon.dictionary())


def _is_first_name(word: str) -> bool:
    return word in first_names() or word in common("names", "first")


def _is_ordinary(noun: str) -> bool:
    """Whether a noun says what somebody is without saying that they are known: a baker, a hedgehog, and no singer."""
    return (noun in Lexicon.dictionary() or noun in seldom_words()) and noun not in common("people", "public")


def _is_given_or_made_up(word: str) -> bool:
    return _is_first_name(word) or _is_made_up(word)


def _capitals(plain: str) -> list[tuple[str, ...]]:
    """Two capitalised words in a row, one of them no word: a full name of a first name that is not known."""
    pairs = (match.groups() for match in _PAIR.finditer(plain))
    return [(one.lower(), two.lower()) for one, two in pairs if _is_made_up(one.lower()) or _is_made_up(two.lower())]


@cache
def _kinds() -> re.Pattern[str]:
    """What people name, before its name: "the ghost ship Marrigold", "the kingdom of Thessoria", "my goldfish Finn"."""
    kinds = "|".join(sorted(map(re.escape, common("own", "kinds")), key=len, reverse=True))
    return re.compile(rf"\b(?:{kinds})(?: (?:of|called|named|{kinds}))? (\w+)")


@cache
def _wares() -> re.Pattern[str]:
    """The same behind it: "Plumpsi soap"."""
    return re.compile(rf"\b(\w+)(?:'s)? (?:{'|'.join(sorted(map(re.escape, common('own', 'wares'))))})\b")


@cache
def _occasions() -> re.Pattern[str]:
    """Occasions of private people."""
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, common('own', 'occasions'))))})\b")


@cache
def _trades_behind() -> re.Pattern[str]:
    """The same behind it: "Ines Carvalheiro, cork farmer"."""
    return re.compile(rf"\b(\w+) (\w+), (?:[\w-]+ ){{0,2}}?(?:{'|'.join(sorted(common('people', 'trades')))})\b")


@cache
def _trades() -> re.Pattern[str]:
    """An ordinary trade before a name: "the baker Sarah Miller"."""
    return re.compile(rf"\b(?:{'|'.join(sorted(common('people', 'trades')))}) (\w+) (\w+)")


@cache
def _places() -> re.Pattern[str]:
    table = tomllib.loads((files("kinora.safety") / "lists" / "names.toml").read_text(encoding="utf-8"))
    names = sorted(table["places"]["names"], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE)
