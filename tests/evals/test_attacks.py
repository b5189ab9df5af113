import numpy as np
import pytest

from kinora.evals.attacks import attacks, cropped, retimed, scaled, trimmed

FRAMES = np.random.default_rng(0).integers(60, 200, (9, 1, 1, 3)).astype(np.uint8) + np.indices((64, 96))[0].astype(
    np.uint8
)[None, :, :, None] // np.uint8(2)


@pytest.mark.parametrize("attack", attacks(8), ids=lambda attack: f"{attack.name} {attack.strength}".strip())
def test_every_attack_gives_frames_and_changes_none_of_its_input(attack):
    before = FRAMES.copy()
    after = attack.apply(FRAMES)
    assert after.dtype == np.uint8
    assert after.ndim == 4
    assert after.shape[-1] == 3
    assert np.array_equal(FRAMES, before)


def test_rows_of_the_table_have_names_of_their_own():
    names = [(attack.name, attack.strength) for attack in attacks(8)]
    assert len(set(names)) == len(names)


def test_shapes_are_as_asked():
    assert scaled(FRAMES, 0.5).shape == (9, 32, 48, 3)
    assert cropped(FRAMES, 0.75).shape == (9, 48, 72, 3)
    assert len(trimmed(FRAMES, 4)) == 4
    assert np.array_equal(retimed(FRAMES, 1.0), FRAMES)
    assert len(retimed(FRAMES, 3.0)) == 27
    assert np.array_equal(retimed(FRAMES, 3.0)[::3], FRAMES)
