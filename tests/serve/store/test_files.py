"""Files stay as long as somebody needs them, and no longer."""

import io

import pytest

from kinora.errors import InvalidRequest
from kinora.serve.assets import AssetStore
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.rows import Rules

RESULT = {"frames": 8, "seconds": 1.0, "size": "64x64"}


@pytest.fixture
def assets(tmp_path):
    return AssetStore(tmp_path / "files")


@pytest.fixture
def uploaded(store, assets):
    def put(owner="ada", data=b"picture"):
        path = f"uploads/{len(data)}"
        id = store.enter(owner=owner, name="upload", path=path, type="image/png")
        asset = assets.put(io.BytesIO(data), path, type="image/png", id=id)
        store.ready(asset)
        return asset

    return put


def test_an_upload_is_its_owners_and_whole(store, assets, uploaded):
    asset = uploaded()
    assert store.asset(asset.id, "ada") == store.asset(asset.id) == asset
    assert store.asset(asset.id, "bob") is None
    with assets.open(asset) as file:
        assert file.read() == b"picture"
    half = store.enter(owner="ada", name="upload", path="uploads/half", type="image/png")
    assert store.asset(half) is None


def test_a_worker_gets_the_files_that_its_job_reads(store, new, hand, uploaded):
    asset = uploaded()
    store.add(new(inputs=(asset.id,)))
    assert store.claim(hand()).inputs == {asset.id: asset}


def test_a_file_is_not_removed_while_a_job_is_to_read_it(store, new, hand, uploaded):
    asset = uploaded()
    job = store.add(new(inputs=(asset.id,)))
    store.doom(asset.id)
    assert store.doomed() == []
    claim = store.claim(hand())
    assert claim.inputs[asset.id] == asset
    store.complete(claim, {}, RESULT)
    assert store.doomed() == [(asset.id, asset.path)]
    store.forget(asset.id)
    assert store.doomed() == []
    assert store.get(job.id).status == "completed"


def test_a_file_that_is_about_to_go_is_read_by_no_new_job(store, new, uploaded):
    asset = uploaded()
    store.doom(asset.id)
    for id in (asset.id, "file_unknown"):
        with pytest.raises(InvalidRequest, match="gone"):
            store.add(new(inputs=(id,)))
    assert store.page(None) == ([], False)


def test_an_upload_that_nobody_uses_goes_after_a_while(store, new, uploaded, clock):
    unused, used = uploaded(data=b"one"), uploaded(data=b"three")
    store.add(new(inputs=(used.id,)))
    assert store.expire() == 0
    clock.time += 3601
    assert store.expire() == 1
    assert store.doomed() == [(unused.id, unused.path)]


def test_finished_files_expire_if_the_operator_says_so(database, new, hand, assets, clock):
    store = JobStore(database, Rules(retention=100))
    job = store.add(new())
    claim = store.claim(hand())
    id, path = store.begin_file(claim, "video", "video/mp4")
    store.complete(claim, {"video": assets.put(io.BytesIO(b"x"), path, type="video/mp4", id=id)}, RESULT)
    assert store.get(job.id).expires_at == clock.time + 100
    clock.time += 99
    assert store.expire() == 0
    clock.time += 2
    assert store.expire() == 1
    assert store.doomed() == [(id, path)]
    expired = store.get(job.id)
    assert (expired.status, dict(expired.assets)) == ("completed", {})


def test_deleting_a_job_lets_its_files_go(store, new, hand, assets):
    job = store.add(new())
    claim = store.claim(hand())
    id, path = store.begin_file(claim, "video", "video/mp4")
    store.complete(claim, {"video": assets.put(io.BytesIO(b"x"), path, type="video/mp4", id=id)}, RESULT)
    store.delete(job.id)
    assert store.doomed() == [(id, path)]


def test_a_write_cut_short_is_cleared_away_but_not_while_it_may_go_on(store, new, hand, clock):
    store.add(new())
    claim = store.claim(hand())
    id, path = store.begin_file(claim, "video", "video/mp4")
    store.expire()
    store.lost("w1", fault=True)
    assert store.doomed() == []
    clock.time += 601
    assert store.doomed() == [(id, path)]
