import datetime
import os
import stat
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kinora.errors import BadInputFile, OutputError, SigningFailed
from kinora.safety.certificates import anchors, make_chain, signing_identity
from kinora.safety.certificates_config import CredentialSettings, config_home, credential_settings

PEM = serialization.Encoding.PEM


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def write_own(home, *, years=10.0, mode=0o600):
    """A chain as a user would bring it: certificate, key and root in files."""
    root, leaf, key = make_chain("Someone's Studio", years=years)
    home.mkdir(parents=True)
    (home / "mine.pem").write_bytes(leaf.public_bytes(PEM))
    (home / "roots.pem").write_bytes(root.public_bytes(PEM))
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (home / "secret.pem").write_bytes(secret)
    (home / "secret.pem").chmod(mode)
    return leaf


def test_settings_lie_where_the_user_keeps_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("KINORA_HOME", str(tmp_path / "here"))
    assert config_home() == tmp_path / "here"
    monkeypatch.delenv("KINORA_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert config_home() == tmp_path / "xdg" / "kinora"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_home() == tmp_path / ".config" / "kinora"


def test_reading_makes_no_key(home):
    assert anchors() == ""
    assert not home.exists()


def test_the_first_signature_makes_a_chain_and_the_second_uses_it(home):
    first = signing_identity()
    assert signing_identity().chain == first.chain
    assert len(list((home / "identity").iterdir())) == 1
    leaf = x509.load_pem_x509_certificates(first.chain.encode())
    root = x509.load_pem_x509_certificates(anchors().encode())
    assert len(leaf) == 1, "the chain leaves the root out"
    leaf[0].verify_directly_issued_by(root[0])
    leaf[0].public_key().verify(first.sign(b"data"), b"data", ec.ECDSA(hashes.SHA256()))


@pytest.mark.skipif(os.name != "posix", reason="no modes on this system")
def test_the_key_is_its_owners_alone_and_the_roots_is_nowhere(home):
    signing_identity()
    folder = next((home / "identity").iterdir())
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sum(b"PRIVATE KEY" in path.read_bytes() for path in home.rglob("*.pem")) == 1
    (folder / "key.pem").chmod(0o644)
    with pytest.raises(BadInputFile, match="others may read this private key; run: chmod 600"):
        signing_identity()


def test_processes_that_start_together_sign_alike(home):
    program = "from kinora.safety.certificates import signing_identity; print(signing_identity().chain)"
    processes = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    chains = {process.communicate()[0] for process in processes}
    assert len(chains) == 1
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert [path.name for path in (home / "identity").iterdir()] == [today]


def test_a_chain_that_runs_out_is_replaced_and_its_root_still_trusted(home, monkeypatch):
    old = home / "identity" / "2020-01-01"
    old.mkdir(parents=True)
    root, leaf, key = make_chain("Kinora on this machine", years=0.5)
    (old / "root.pem").write_bytes(root.public_bytes(PEM))
    (old / "chain.pem").write_bytes(leaf.public_bytes(PEM))
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (old / "key.pem").write_bytes(secret)
    assert leaf.public_bytes(PEM).decode() != signing_identity().chain
    assert anchors().count("BEGIN CERTIFICATE") == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_no_place_for_a_key_is_said_with_the_remedy(home):
    home.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="set KINORA_HOME to a directory that can be written"):
        signing_identity()


def test_a_file_in_the_way_is_said_with_the_remedy(home):
    home.write_text("not a directory")
    with pytest.raises(OutputError, match="no place for the key that signs videos"):
        signing_identity()


def test_nothing_configured_is_the_default(home):
    assert credential_settings() == CredentialSettings()


def test_the_users_own_certificate_is_used(home):
    leaf = write_own(home)
    (home / "credentials.toml").write_text('certificate = "mine.pem"\nkey = "secret.pem"\nanchors = ["roots.pem"]\n')
    identity = signing_identity()
    leaf.public_key().verify(identity.sign(b"data"), b"data", ec.ECDSA(hashes.SHA256()))
    assert not (home / "identity").exists(), "no chain of our own is made beside it"
    assert anchors().encode() == (home / "roots.pem").read_bytes()


def test_a_command_signs_so_that_the_key_stays_in_its_vault(home):
    write_own(home)
    vault = home / "vault.py"
    vault.write_text("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])")
    command = f'["{sys.executable}", "{vault}"]'
    (home / "credentials.toml").write_text(f'certificate = "mine.pem"\ncommand = {command}\nalgorithm = "es384"\n')
    identity = signing_identity()
    assert (identity.sign(b"abc"), identity.algorithm) == (b"cba", "es384")


def test_a_vault_that_fails_is_reported_in_its_own_words(home):
    write_own(home)
    command = f"""["{sys.executable}", "-c", "raise SystemExit('the vault is sealed')"]"""
    (home / "credentials.toml").write_text(f'certificate = "mine.pem"\ncommand = {command}\n')
    with pytest.raises(SigningFailed, match="the vault is sealed"):
        signing_identity().sign(b"abc")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("certifcate = 'x'", "'certifcate' is no setting; there are certificate, key"),
        ("keep_prompt = 'yes'", "keep_prompt = 'yes' is of the wrong kind"),
        ("certificate = 'a.pem'", "either a key or a command"),
        ("certificate = 'a.pem'\nkey = 'k'\ncommand = ['x']", "either a key or a command"),
        ("key = 'k.pem'", "nothing without its certificate"),
        ("certificate = 'a.pem'\ncommand = ['x']\nalgorithm = 'md5'", "algorithm is one of es256"),
        ("certificate = ", "not readable as TOML"),
    ],
)
def test_a_mistake_in_the_settings_is_named(home, text, message):
    home.mkdir()
    (home / "credentials.toml").write_text(text)
    with pytest.raises(BadInputFile, match=message):
        signing_identity()


def test_a_key_that_is_not_the_certificates_is_refused(home):
    write_own(home)
    other = ec.generate_private_key(ec.SECP256R1())
    secret = other.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (home / "secret.pem").write_bytes(secret)
    (home / "credentials.toml").write_text('certificate = "mine.pem"\nkey = "secret.pem"\n')
    with pytest.raises(BadInputFile, match="is not the key of the first certificate in"):
        signing_identity()


@pytest.mark.parametrize("name", ["mine.pem", "secret.pem", "roots.pem"])
def test_a_file_that_is_no_pem_is_named(home, name):
    write_own(home)
    (home / name).write_text("nothing")
    (home / "credentials.toml").write_text('certificate = "mine.pem"\nkey = "secret.pem"\nanchors = ["roots.pem"]\n')
    with pytest.raises(BadInputFile, match=name):
        signing_identity(), anchors()
