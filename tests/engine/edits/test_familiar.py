import torch

from kinora.engine.edits import Animate, Options, lowering
from kinora.engine.edits.familiar import STRANGE, leaving, strangeness
from kinora.engine.edits.perform import edit
from kinora.engine.events import collect
from kinora.engine.script import Script
from kinora.flow.conditions import Region


def test_a_guess_is_measured_by_what_it_is_off_in_the_picture(engine, moving, monkeypatch):
    """A model that always answers with the true velocity is not off at all, and one that says nothing is."""
    still = engine.encode(moving(1))
    seen = []

    def knowing(_script, prompt, sight=None):
        assert (prompt, sight) == ("", None)
        return lambda x, sigma: (seen.append(sigma), (x - still) / sigma[0, 0])[1]

    monkeypatch.setattr(Script, "velocity", knowing)
    assert strangeness(engine, still) < 0.01
    assert [float(sigma) for sigma in seen] == [0.5]
    monkeypatch.setattr(Script, "velocity", lambda *_: lambda x, sigma: torch.zeros_like(x))
    assert strangeness(engine, still) > 1


def test_a_picture_is_left_under_more_and_more_noise():
    still = torch.arange(4.0).view(1, 4, 1, 1, 1).expand(1, 4, 1, 2, 2)
    left = leaving(still, at=1, count=6)
    assert left.at == 1
    assert torch.equal(left.latent, still.expand(-1, -1, 6, -1, -1))
    noise = left.mask.flatten()
    assert noise.shape == (6,)
    assert noise[0] == 0.25
    assert (noise.diff() > 0).all()
    assert noise[-1] < 1
    assert leaving(still, at=1, count=1).mask.flatten().tolist() == [0.25]


def test_strange_pictures_are_left_slowly_and_the_clip_says_so(engine, moving, monkeypatch):
    request = Animate(image=moving(1)[0], prompt="it moves", seconds=1.5, options=Options(seed=3))
    for off, strange in ((STRANGE + 1, True), (STRANGE - 1, False)):
        monkeypatch.setattr(lowering, "strangeness", lambda *_, off=off: off)
        film = lowering.lower(request.draft(engine.model.limits), engine)
        regions = [condition for condition in film.conditions if isinstance(condition, Region)]
        assert bool(regions) == strange
        clip = collect(edit(engine, request.draft(engine.model.limits)), "animate")
        assert (lowering.UNKNOWN in clip.info["warnings"]) == strange
        assert (clip.frames[0] == moving(1)[0]).all()
