"""The suite with a fake world: the "clips" carry their own words, and the recogniser reads them back."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from kinora.errors import BadInputFile, OutputError
from kinora.evals import suites
from kinora.evals.attributes import CORE, NAMES
from kinora.evals.recogniser import Reading
from kinora.evals.report import report
from kinora.evals.suites import Run, Setting, Trial, claim, perform, world_cases, world_runs
from kinora.world.split import is_held_out, is_held_out_wording


def signed(words, length=9):
    """A grey clip whose first pixels are the indices of its words."""
    frames = np.full((length, 64, 64, 3), 128, np.uint8)
    frames[:, 0, : len(NAMES), 0] = [CORE[name].index(words[name]) for name in NAMES]
    return frames


CHECKED = {"renders": dict.fromkeys(NAMES, 1.0)}


class Reader:
    """Reads `signed` clips."""

    def read(self, frames):
        words = {name: CORE[name][frames[0, 0, i, 0]] for i, name in enumerate(NAMES)}
        rng = np.random.default_rng(int(frames[0, 0, : len(NAMES), 0].sum()))
        features, masks = rng.normal(size=16).astype(np.float32), np.zeros((len(frames), 32, 32), np.float32)
        return Reading(words=words, confidence=dict.fromkeys(NAMES, 1.0), features=features, masks=masks)


def obedient(cases):
    """A model that shows what is asked."""
    by_prompt = {case.prompt: case.commanded for case in cases}

    def film(prompts, seeds, setting):
        assert len(prompts) == len(seeds)
        nothing = {name: CORE[name][0] for name in NAMES}
        return (signed(by_prompt.get(prompt, nothing)) for prompt in prompts)

    return film


@pytest.fixture(scope="module")
def cases():
    return world_cases(16)


def test_cases_alternate_between_what_training_showed_and_what_it_did_not(cases):
    for n, case in enumerate(cases):
        words = case.commanded
        assert is_held_out(words["subject"], words["colour"], words["action"]) == case.unseen == (n % 2 == 1)
    assert [case.unread for case in cases[:4]] == [False, False, True, True]
    assert world_cases(8) == cases[:8]
    assert world_cases(8, seed=1) != cases[:8]


def test_unread_wordings_are_those_kept_from_training():
    numbers = suites.unread_wordings()
    assert 200 < len(numbers) < 700
    assert all(is_held_out_wording("long", number) for number in numbers)


def test_every_prompt_names_every_attribute(cases):
    from kinora.world import vocabulary as v

    for case in cases:
        said, prompt = case.commanded, case.prompt.lower()
        assert any(phrase in prompt for phrase in v.SUBJECTS[said["subject"]].phrases)
        assert any(phrase in prompt for phrase in v.COLOURS[said["colour"]].phrases)
        assert "camera" in prompt or "view" in prompt


def test_a_model_that_obeys_scores_full_marks_and_a_mute_one_chance(cases, tmp_path):
    runs = {run.name: run for run in world_runs(cases, obedient(cases), curve=8, guidances=(1.0, 4.0), steps=(2,))}
    assert list(runs) == ["renders", "generated", "empty", "guidance-1", "guidance-4", "steps-2"]
    trials = {name: perform(run, Reader(), tmp_path) for name, run in runs.items() if name != "renders"}
    result = report("fake 1", trials, CHECKED)
    assert set(result.rates["generated"].values()) == {1.0}
    assert set(result.rates["unseen"].values()) == {1.0}
    assert result.rates["empty"]["subject"] < 0.5
    assert 0 < result.rates["chance"]["subject"] < 0.4
    assert result.clips["generated"] == 16
    assert result.clips["guidance-4"] == 8


def test_settings_reach_the_model_and_the_autoencoder_sees_renders(cases, monkeypatch):
    asked = []

    def film(prompts, seeds, setting):
        asked.append((prompts[0], setting))
        return [signed(case.commanded) for case in cases[: len(prompts)]]

    monkeypatch.setattr(suites, "renders", lambda some: (signed(case.commanded) for case in some))
    runs = {r.name: r for r in world_runs(cases, film, rebuilt=lambda f: f + 1, guidances=(3.0,), steps=(8,))}
    for name in ("generated", "empty", "guidance-3", "steps-8"):
        list(runs[name].source(runs[name].cases[:2]))
    first = cases[0].prompt
    assert asked == [
        (first, Setting()),
        ("", Setting()),
        (first, Setting(guidance=3.0)),
        (first, Setting(steps=8)),
    ]
    rebuilt = next(iter(runs["rebuilt"].source(cases[:1])))
    np.testing.assert_array_equal(rebuilt, signed(cases[0].commanded, length=8) + 1)


def test_a_stopped_run_goes_on_where_it_was(cases, tmp_path):
    filmed = []

    def film(some):
        for case in some:
            filmed.append(case.prompt)
            yield signed(case.commanded)

    some = cases[:6]
    whole = perform(Run(name="generated", cases=some, source=film, batch=4), Reader(), tmp_path / "whole")
    perform(Run(name="generated", cases=some[:3], source=film), Reader(), tmp_path / "cut")
    lines = tmp_path / "cut" / "generated.jsonl"
    lines.write_text(lines.read_text() + '{"prompt": "cut sho')
    filmed.clear()
    steps = []
    run = Run(name="generated", cases=some, source=film)
    again = perform(run, Reader(), tmp_path / "cut", lambda: steps.append(1))
    assert filmed == [case.prompt for case in some[3:]]
    assert again == whole
    assert len(steps) == 6
    assert [Trial.from_dict(json.loads(line)) for line in lines.read_text().splitlines()] == whole
    assert sorted(p.name for p in (tmp_path / "cut" / "strips").iterdir()) == [
        f"generated-{n:03}.png" for n in range(6)
    ]


def test_results_of_another_model_or_other_prompts_are_not_mixed_in(cases, tmp_path):
    claim(tmp_path, model="a", version="1", seed=0)
    claim(tmp_path, model="a", version="1", seed=0)
    with pytest.raises(BadInputFile, match="another model or seed; choose another --out"):
        claim(tmp_path, model="b", version="1", seed=0)
    with pytest.raises(OutputError, match="can't be written"):
        claim(tmp_path / "evaluation.json" / "below", model="a", version="1", seed=0)
    film = lambda some: (signed(case.commanded) for case in some)  # noqa: E731
    perform(Run(name="generated", cases=cases[:2], source=film), Reader(), tmp_path)
    with pytest.raises(BadInputFile, match="other prompts"):
        perform(Run(name="generated", cases=cases[2:5], source=film), Reader(), tmp_path)


def test_the_report_is_written_for_people_and_for_machines(cases, tmp_path):
    film = lambda some: (signed(case.commanded) for case in some)  # noqa: E731
    runs = [Run(name=name, cases=cases, source=film) for name in ("generated", "renders", "guidance-4")]
    result = report("fake 1", {run.name: perform(run, Reader(), tmp_path) for run in runs}, CHECKED)
    result.save(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == asdict(result)
    text = (tmp_path / "report.md").read_text()
    assert "# fake 1 on 16 held-out prompts" in text
    assert "| subject | 100.0" in text
    assert "## By guidance" in text
    assert result.fd_own["generated"] == pytest.approx(result.fd_own["renders"])
