"""Prometheus reads what happened to jobs and requests, each once."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kinora.safety import Verdict
from kinora.safety.policy import Finding, Policy
from kinora.serve.access import LOCAL
from kinora.serve.access.audit import Audit
from kinora.serve.metrics import Metrics, named
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import Hand, NewJob

RESULT = {
    "frames": 33,
    "seconds": 4.125,
    "size": "64x64",
    "steps": 8,
    "timings": {"denoise": 4.0, "decode": 3.3},
    "peak_memory": 123,
    "verdict": {"frames_reviewed": 33},
}


@pytest.fixture
def store(tmp_path):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    yield JobStore(database)
    database.close()


@pytest.fixture
def hand():
    return Hand(id="worker_1", host="elsewhere", pid=0, born=0.0)


def add(store):
    new = NewJob(owner="local", kind="generate", request={}, model="fake", size="64x64", seconds=4.0)
    return store.add(new)


def values(metrics: Metrics) -> dict:
    """Every sample by its name and labels."""
    return {
        (sample.name, *(label for _, label in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_a_finished_job_is_counted_once_with_its_times(store, hand):
    metrics = Metrics(store)
    metrics.text()
    add(store)
    claim = store.claim(hand)
    assert store.complete(claim, {}, RESULT)
    for _ in range(2):
        told = values(metrics)
    assert told["kinora_jobs_ended_total", "generate", "fake", "completed"] == 1
    assert told["kinora_queue_wait_seconds_count",] == 1
    assert told["kinora_step_seconds_sum", "fake"] == 0.5
    assert told["kinora_decode_frame_seconds_sum", "fake"] == pytest.approx(0.1)
    assert told["kinora_frames_reviewed_total", "fake"] == 33
    assert told["kinora_job_peak_memory_bytes", "fake"] == 123


def test_what_ended_before_the_server_began_is_not_counted(store, hand):
    add(store)
    store.complete(store.claim(hand), {}, RESULT)
    metrics = Metrics(store)
    assert ("kinora_jobs_ended_total", "generate", "fake", "completed") not in values(metrics)


def test_jobs_and_workers_are_told_as_they_are_now(store, hand):
    metrics = Metrics(store)
    add(store), add(store)
    store.claim(hand)
    told = values(metrics)
    assert (told["kinora_jobs", "queued"], told["kinora_jobs", "in_progress"]) == (1, 1)
    assert (told["kinora_workers",], told["kinora_workers_busy",]) == (1, 1)


def test_refusals_are_counted_by_category_at_the_door_and_in_jobs(store, hand):
    metrics, audit = Metrics(store), Audit(store.database)
    metrics.text()
    audit.record(LOCAL, "req_1", "videos.create", verdict=Verdict(False, ("violence", "hate"), "no", "block"))
    audit.record(LOCAL, "req_2", "videos.create", verdict=Verdict(True, ("violence",), "near", "warn"))
    add(store)
    store.fail(store.claim(hand), "moderation_blocked", "Kinora makes no video of this kind (sexual); describe another")
    for _ in range(2):
        told = values(metrics)
    refusals = {key[1:]: value for key, value in told.items() if key[0] == "kinora_refusals_total"}
    assert refusals == {("violence", "request"): 1, ("hate", "request"): 1, ("sexual", "job"): 1}
    assert told["kinora_jobs_ended_total", "generate", "fake", "moderation_blocked"] == 1


def test_categories_are_read_from_a_reason():
    found = [Finding(category, 1.0, "a rule", (0, 1)) for category in ("violence", "sexual/minors")]
    assert named(Policy.named("standard").judge(found).reason) == ["sexual/minors", "violence"]
    assert named("no reason") == ["unnamed"]


def test_requests_are_counted_by_route_and_status(live):
    with live.client as client:
        client.get("/videos/video_nobody")
        client.get("/videos/video_nobody2")
        text = client.get(live.url.removesuffix("/v1") + "/metrics").text
    assert 'kinora_requests_total{method="GET",route="/v1/videos/{video_id}",status="404"} ' in text
    assert "video_nobody" not in text
    assert "process_resident_memory_bytes" in text
