import pytest

from kinora.errors import BadInputFile, InvalidRequest
from kinora.safety.policy import CATEGORIES, NEVER, PROFILES, Finding, Policy


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_something_about_every_category(name):
    policy = Policy.named(name)
    assert set(policy.rules) == set(CATEGORIES)
    assert all(rule.warn <= rule.block for rule in policy.rules.values())


def test_strict_never_lets_pass_what_standard_refuses():
    strict, standard = Policy.named("strict"), Policy.named("standard")
    assert all(strict.rules[name].block <= standard.rules[name].block for name in CATEGORIES)


@pytest.mark.parametrize("name", PROFILES)
def test_a_child_with_anything_sexual_is_refused_under_every_profile(name):
    verdict = Policy.named(name).judge([Finding(NEVER, 0.98, "rule")])
    assert (verdict.allowed, verdict.action, verdict.categories) == (False, "block", (NEVER,))


def test_a_score_is_allowed_warned_of_or_blocked():
    policy = Policy.named("standard")
    rule = policy.rules["violence"]
    answers = [policy.judge([Finding("violence", score, "x")]) for score in (0.0, rule.warn, rule.block)]
    assert [verdict.action for verdict in answers] == ["allow", "warn", "block"]
    assert [verdict.allowed for verdict in answers] == [True, True, False]
    assert answers[2].findings[0].remedy == rule.remedy
    assert rule.remedy in answers[2].reason
    assert answers[0].scores == {"violence": 0.0}


def test_an_operators_own_policy_changes_what_it_names_and_nothing_else(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[categories]\nviolence = {warn = 0.9, block = 2}\n")
    own, standard = Policy.named(path), Policy.named("standard")
    assert own.judge([Finding("violence", 1.0, "x")]).action == "warn"
    assert {name for name in CATEGORIES if own.rules[name] != standard.rules[name]} == {"violence"}
    assert own.frames == standard.frames
    assert own.rules["violence"].remedy == standard.rules["violence"].remedy


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("categories = 3 =", "no TOML"),
        ("[categories]\nfun = {warn = 1, block = 1}", "no category is called 'fun'"),
        ("[categories]\nviolence = {warn = 1}", "violence needs numbers warn and block"),
        ("[categories]\nviolence = {warn = 0.5, block = 0.9, blok = 0.1}", "violence needs numbers warn and block"),
        ("[categories]\nviolence = {warn = 0.5, block = -1}", "violence needs numbers warn and block"),
        ("[categories]\nviolence = 0.5", "violence needs numbers warn and block"),
        ("[category.violence]\nwarn = 0.1\nblock = 0.2", "has no 'category', only categories and frames"),
        ('[categories]\n"sexual/minors" = {warn = 0.9, block = 0.9}', "blocked under every policy"),
        ('[categories]\n"sexual/minors" = {warn = 0.9, block = nan}', "sexual/minors needs numbers"),
    ],
)
def test_a_broken_policy_is_refused_by_name(tmp_path, text, complaint):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(BadInputFile, match=complaint):
        Policy.named(path)


def test_a_file_that_is_no_text_is_no_policy(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputFile, match="can't be read as text"):
        Policy.named(path)


def test_a_policy_that_is_not_there_is_a_mistake():
    with pytest.raises(InvalidRequest, match="give one of strict, standard, research"):
        Policy.named("lenient")
