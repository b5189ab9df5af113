import numpy as np

from kinora.engine.edits.seam import carried, softened
from kinora.engine.frames.projector import restored


def test_what_decoding_lost_comes_back_and_fades_over_half_a_second():
    given = np.full((4, 4, 3), 100, np.uint8)
    decoded = np.full((12, 4, 4, 3), 80, np.uint8)
    carry = carried(given, decoded[3], at=3, fps=8, onwards=True, room=8)
    levels = restored(decoded.copy(), 0, (carry,))[:, 0, 0, 0].tolist()
    assert levels == [80, 80, 80, 100, 96, 92, 88, 84, 80, 80, 80, 80]
    back = carried(given, decoded[8], at=8, fps=8, onwards=False, room=8)
    assert restored(decoded.copy(), 0, (back,))[:, 0, 0, 0].tolist() == levels[::-1]


def test_nothing_is_carried_into_what_is_given_again():
    given, decoded = np.full((4, 4, 3), 100, np.uint8), np.full((6, 4, 4, 3), 80, np.uint8)
    carry = carried(given, decoded[0], at=0, fps=8, onwards=True, room=2)
    assert restored(decoded.copy(), 0, (carry,))[3:].max() == 80


def test_a_soft_edge_lies_inside_the_mask():
    mask = np.zeros((1, 16, 16), bool)
    mask[0, 4:, 4:] = True
    soft = softened(mask, width=4)
    assert (soft[~mask] == 0).all()
    assert soft[0, 10, 4:9].tolist() == [0.25, 0.5, 0.75, 1, 1]
    assert soft[0, 15, 15] == 1  # the picture's border is no edge
    assert soft.max() == 1
