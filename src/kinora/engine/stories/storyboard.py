"""Storyboard files: YAML or JSON, checked before anything is computed; an error says where and what to write instead.

    characters:
      Bobo: a blue fluffy creature
    shots:
      - prompt: Bobo hops in an enchanted forest
        seconds: 3
        camera: the camera slowly zooms in
      - prompt: Bobo walks to the left on a sandy beach at sunset
        seconds: 2.5

docs/stories.md describes every field.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from kinora.engine.stories.story import Card, Story, located
from kinora.errors import BadInputFile, InvalidRequest
from kinora.grid import parse_size
from kinora.media.fit import check_fit

LARGEST = 1_000_000
"""Bytes of a file: a storyboard is words."""

EXTENSIONS = (".yaml", ".yml", ".json")

HELD = ("setting", "light", "style")
"""What a story may say for its first shot, and any shot from there on."""

Kinds = tuple[type, ...]

SHOT: Mapping[str, tuple[Kinds, str]] = {
    "prompt": ((str,), "words"),
    "seconds": ((int, float), "a number"),
    "camera": ((str,), "words"),
    **dict.fromkeys(HELD, ((str,), "words")),
    "image": ((str,), "a file's name"),
    "clip": ((str,), "a file's name"),
}
STORY: Mapping[str, tuple[Kinds, str]] = {
    "shots": ((list,), "a list of shots"),
    "characters": ((dict,), "names with descriptions"),
    **dict.fromkeys(HELD, ((str,), "words")),
    "same_noise": ((bool,), "true or false"),
    "fit": ((str,), "cover, contain or stretch"),
    "size": ((str,), "WIDTHxHEIGHT"),
    "seed": ((int,), "a whole number"),
    "steps": ((int,), "a whole number"),
    "guidance": ((int, float), "a number"),
    "guidance_high": ((int, float), "a number"),
    "sampler": ((str,), "a sampler's name"),
    "shift": ((int, float), "a number"),
    "negative": ((str,), "words"),
    "model": ((str,), "a model's name"),
}
"""Every field, the types it may have, and how to say so."""


def is_storyboard(name: str) -> bool:
    """Whether a name is that of a storyboard file rather than a prompt."""
    return name.lower().endswith(EXTENSIONS)


def read_story(path: str | Path) -> Story:
    """Read a storyboard. Images and clips are named relative to its folder.

    Raises BadInputFile when it is missing or no YAML or JSON, InvalidRequest, naming file and line or shot, for a field
    that is unknown, missing or of the wrong kind.
    """
    path = Path(path)
    values, lines = _load(path)
    with located(str(path)):
        fields = _checked(values, STORY, "shots")
        shots, characters = fields.pop("shots"), fields.pop("characters", {})
        for name, description in characters.items():
            if not isinstance(name, str) or not isinstance(description, str):
                raise _wrong(f"character {name}", description, "a description in words")
        if "size" in fields:
            fields["size"] = parse_size(fields["size"])
        if "fit" in fields:
            fields["fit"] = check_fit(fields["fit"])
    held = {name: fields.pop(name) for name in HELD if name in fields}
    cards = []
    for number, shot in enumerate(shots, start=1):
        line = f":{lines[number - 1]}" if lines else ""
        where = f"{path}{line}, shot {number}"
        with located(where):
            found = {**held, **_checked(shot, SHOT, "prompt")}
        held = {}
        files = {name: path.parent / found.pop(name) for name in ("image", "clip") if name in found}
        cards.append(Card(where=where, **found, **files))
    try:
        return Story(cards=tuple(cards), characters=characters, **fields)
    except InvalidRequest as error:
        if error.value.startswith(str(path)):
            raise
        raise InvalidRequest(f"{path}: {error.value}", rule=error.rule, remedy=error.remedy) from error


def _load(path: Path) -> tuple[Any, list[int]]:
    """The file's values, and for YAML the line on which each shot begins."""
    remedy = "a storyboard is YAML or JSON; docs/stories.md has an example"
    try:
        if path.stat().st_size > LARGEST:
            raise BadInputFile(path, rule=f"more than {LARGEST:,} bytes", remedy=remedy)
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text, object_pairs_hook=partial(_said_once, path)), []
        return yaml.safe_load(text), _lines(yaml.compose(text, yaml.SafeLoader), path)
    except FileNotFoundError as error:
        raise BadInputFile(path, rule="no such file") from error
    except json.JSONDecodeError as error:
        raise BadInputFile(f"{path}:{error.lineno}", rule=f"no JSON ({error.msg})", remedy=remedy) from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise BadInputFile(f"{path}{line}", rule=f"no YAML ({error.problem})", remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise BadInputFile(path, rule="is not written in UTF-8", remedy=remedy) from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadInputFile(path, rule=f"can't be read ({type(error).__name__})", remedy=remedy) from error


def _said_once(path: Path, fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a JSON object. Raises InvalidRequest for one said twice, of which JSON would keep the last."""
    found = dict(fields)
    if len(found) < len(fields):
        ((name, _), *_) = Counter(name for name, _ in fields).most_common(1)
        raise _twice(str(path), name)
    return found


def _twice(where: str, name: str) -> InvalidRequest:
    return InvalidRequest(f"{where}: {name}", rule="stands here twice", remedy="keep one of them")


def _lines(node: yaml.Node | None, path: Path) -> list[int]:
    """Where each shot begins. Raises InvalidRequest for a field said twice, of which YAML would keep the last."""
    if not isinstance(node, yaml.MappingNode):
        return []
    shots: list[yaml.Node] = []
    for key, value in _unique(node, path):
        if key == "shots" and isinstance(value, yaml.SequenceNode):
            shots = list(value.value)
        elif key == "characters" and isinstance(value, yaml.MappingNode):
            _unique(value, path)
    for shot in shots:
        if isinstance(shot, yaml.MappingNode):
            _unique(shot, path)
    return [shot.start_mark.line + 1 for shot in shots]


def _unique(node: yaml.MappingNode, path: Path) -> list[tuple[str, yaml.Node]]:
    seen: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            raise _twice(f"{path}:{key.start_mark.line + 1}", name)
        seen[name] = value
    return list(seen.items())


def _checked(values: Any, fields: Mapping[str, tuple[Kinds, str]], needed: str) -> dict[str, Any]:
    """The values, each of a known name and the right type, those left empty left out."""
    known = ", ".join(fields)
    if not isinstance(values, dict):
        raise _wrong("this", values, f"fields: {known}")
    for name, value in values.items():
        if name not in fields:
            raise InvalidRequest(f"{name}", rule="no such field", remedy=f"there are {known}")
        kinds, meant = fields[name]
        if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            raise _wrong(name, value, meant)
    if not values.get(needed):
        raise InvalidRequest(needed, rule="is missing", remedy=f"say {fields[needed][1]}")
    return {name: value for name, value in values.items() if value is not None}


def _wrong(name: str, value: Any, meant: str) -> InvalidRequest:
    # Piece by piece, as far as it is shown: YAML's references make a value that is endless, or larger than any memory.
    encoder = json.JSONEncoder(ensure_ascii=False, skipkeys=True, check_circular=False, default=str)
    shown = "".join(islice(encoder.iterencode(value), 41))
    return InvalidRequest(f"{name} {shown if len(shown) <= 40 else shown[:37] + '...'}", rule=f"must be {meant}")
