import torch

from kinora.safety.heads import (
    BUCKETS,
    CATEGORIES,
    DIM,
    EVIDENCE,
    LISTED,
    STYLES,
    Classifier,
    evidence_rows,
    gram_rows,
)
from kinora.safety.lists import Hit
from kinora.safety.persons import SIGNS


def test_grams_stand_in_a_row_with_weights_of_length_one():
    grams, starts, weights = gram_rows(["a red ball", "", "a red ball bounces"])
    assert starts[0] == 0
    assert starts[1] == starts[2]  # an empty text has none
    assert grams.max() < BUCKETS
    assert torch.isclose(weights[: starts[1]].norm(), torch.tensor(1.0))
    assert set(grams[: starts[1]].tolist()) < set(grams[starts[2] :].tolist())


def test_list_hits_are_marked_by_category_and_severity_and_signs_stand_beside_them():
    rows = evidence_rows([[Hit("violence", 2, 0, 1, "x")], []], [[0.0] * SIGNS, [0.5] * SIGNS])
    assert rows.shape == (2, EVIDENCE)
    assert rows[0].nonzero().tolist() == [[3 * LISTED.index("violence") + 1]]
    assert rows[1].tolist() == [0.0] * (3 * len(LISTED)) + [0.5] * SIGNS


def test_the_shipped_heads_give_probabilities_for_both_styles():
    scores = Classifier.shipped().score(torch.randn(2, DIM), ["a red ball", ""], [0, 1], torch.zeros(2, EVIDENCE))
    assert set(scores) == set(STYLES)
    for score in scores.values():
        assert score.shape == (2, len(CATEGORIES))
        assert ((score >= 0) & (score <= 1)).all()


def test_a_text_is_judged_by_the_worst_of_its_pieces():
    classifier, states = Classifier.shipped(), torch.randn(3, DIM)
    pieces, evidence = ["a red ball", "blood and gore", "a lake"], torch.zeros(2, EVIDENCE)
    together = classifier.score(states, pieces, [0, 0, 1], evidence)["prompt"]
    apart = classifier.score(states, pieces, [0, 1, 2], torch.zeros(3, EVIDENCE))["prompt"]
    assert torch.allclose(together[0], apart[:2].amax(dim=0))
    assert torch.allclose(together[1], apart[2])
