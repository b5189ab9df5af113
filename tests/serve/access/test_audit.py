"""The log says who asked what and what was said, with the words only where the operator keeps them."""

from sqlalchemy import text

from kinora.safety import ALLOWED, Verdict
from kinora.safety.provenance_record import prompt_hash
from kinora.serve.access import LOCAL
from kinora.serve.access.audit import Audit

PROMPT = "a red ball bounces in a meadow"
REFUSED = Verdict(False, ("violence",), "no", "block")


def test_a_line_holds_the_hash_that_a_files_credentials_hold_and_no_word(access, store):
    access.audit.record(LOCAL, "req_1", "videos.create", prompt=PROMPT, verdict=ALLOWED, subject="video_1")
    (line,) = access.audit.search(prompt_sha256=prompt_hash(PROMPT))
    assert (line.owner, line.role, line.action, line.subject) == ("local", "admin", "videos.create", "video_1")
    assert (line.verdict, line.categories, line.prompt) == ("allow", (), None)
    with store.database.read() as session:
        assert "ball" not in repr(session.execute(text("SELECT * FROM audit")).all())


def test_the_operator_can_keep_the_words(store):
    audit = Audit(store.database, keep_prompts=True)
    audit.record(LOCAL, "req_1", "videos.create", prompt=PROMPT)
    assert audit.search()[0].prompt == PROMPT


def test_a_refusal_is_there_with_its_categories(access):
    access.audit.record(LOCAL, "req_1", "videos.create", prompt="x", verdict=REFUSED)
    access.audit.record(LOCAL, "req_2", "videos.create", prompt="y", verdict=ALLOWED)
    (line,) = access.audit.search(verdict="block")
    assert (line.request_id, line.categories) == ("req_1", ("violence",))


def test_lines_come_newest_first_and_page_by_page(access):
    for number in range(5):
        access.audit.record(LOCAL, f"req_{number}", "videos.create")
    first = access.audit.search(limit=3)
    rest = access.audit.search(limit=3, before=first[-1].seq)
    assert [line.request_id for line in [*first, *rest]] == [f"req_{number}" for number in (4, 3, 2, 1, 0)]
