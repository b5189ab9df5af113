"""Where Kinora keeps keys, and what `credentials.toml` there says about signing.

    certificate = "chain.pem"          # yours: the signer's certificate first, then what it hangs on, without the root
    key = "key.pem"                    # its key (PEM, unencrypted, mode 600), or:
    command = ["sign-with-vault"]      # reads what is to be signed, writes the signature: the key stays in its vault
    algorithm = "es256"                # what the command signs with
    timestamp_url = "http://..."       # an RFC 3161 server, so that files outlive the certificate
    anchors = ["roots.pem"]            # whose signatures are trusted here, besides this machine's own
    keep_prompt = false                # true: files carry the prompt itself, not its hash

Every line may be left out, and so may the file: then this machine signs with a chain of its own.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from kinora.errors import BadInputFile, OutputError

Algorithm = Literal["es256", "es384", "es512", "ed25519", "ps256"]


@dataclass(frozen=True)
class CredentialSettings:
    """What `credentials.toml` says; every field may be left out."""

    certificate: Path | None = None
    key: Path | None = None
    command: tuple[str, ...] = ()
    algorithm: Algorithm = "es256"
    timestamp_url: str | None = None
    keep_prompt: bool = False
    anchors: tuple[Path, ...] = ()


def config_home() -> Path:
    """Where Kinora keeps keys and settings: $KINORA_HOME, else kinora in the user's configuration directory (XDG).

    Raises OutputError for a user without a home: of a service or a container, often.
    """
    if home := os.environ.get("KINORA_HOME"):
        return Path(home)
    if configured := os.environ.get("XDG_CONFIG_HOME"):
        return Path(configured) / "kinora"
    try:
        return Path.home() / ".config" / "kinora"
    except RuntimeError as error:
        rule = "this user has none, and the key that signs videos needs a place"
        raise OutputError("home directory", rule=rule, remedy="set KINORA_HOME to a directory") from error


def credential_settings() -> CredentialSettings:
    """Read `credentials.toml`; paths in it are relative to it.

    Raises BadInputFile for a line that means nothing: a misspelt one must not leave a file signed by somebody else.
    """
    path = config_home() / "credentials.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return CredentialSettings()
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise BadInputFile(path, rule=f"not readable as TOML ({error})") from error
    known = CredentialSettings.__dataclass_fields__
    for name, value in table.items():
        if name not in known:
            raise BadInputFile(path, rule=f"{name!r} is no setting", remedy=f"there are {', '.join(known)}")
        if not isinstance(value, _KINDS.get(name, str)):
            raise BadInputFile(path, rule=f"{name} = {value!r} is of the wrong kind")
    if table.get("algorithm", "es256") not in get_args(Algorithm):
        raise BadInputFile(path, rule=f"algorithm is one of {', '.join(get_args(Algorithm))}")
    if "certificate" in table and ("key" in table) == ("command" in table):
        raise BadInputFile(path, rule="a certificate goes with either a key or a command that signs")
    if "certificate" not in table and {"key", "command", "algorithm"} & set(table):
        raise BadInputFile(path, rule="a key, command or algorithm is nothing without its certificate")
    values: dict[str, Any] = dict(table)
    for name in ("certificate", "key"):
        if name in values:
            values[name] = path.parent / Path(values[name]).expanduser()
    values["command"] = tuple(values.get("command", ()))
    values["anchors"] = tuple(path.parent / Path(one).expanduser() for one in values.get("anchors", ()))
    return CredentialSettings(**values)


_KINDS: dict[str, type] = {"keep_prompt": bool, "command": list, "anchors": list}
