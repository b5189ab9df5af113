import torch

from kinora.safety.heads import BUCKETS, CATEGORIES, LISTED, STYLES, Classifier, gram_rows, listed_rows
from kinora.safety.lists import Hit


def test_grams_stand_in_a_row_with_weights_of_length_one():
    grams, starts, weights = gram_rows(["a red ball", "", "a red ball bounces"])
    assert starts[0] == 0
    assert starts[1] == starts[2]  # an empty text has none
    assert grams.max() < BUCKETS
    assert torch.isclose(weights[: starts[1]].norm(), torch.tensor(1.0))
    assert set(grams[: starts[1]].tolist()) < set(grams[starts[2] :].tolist())


def test_list_hits_are_marked_by_category_and_severity():
    rows = listed_rows([[Hit("violence", 2, 0, 1, "x")], []])
    assert rows.shape == (2, 3 * len(LISTED))
    assert rows[0].nonzero().tolist() == [[3 * LISTED.index("violence") + 1]]
    assert rows[1].sum() == 0


def test_the_shipped_heads_give_probabilities_for_both_styles():
    classifier = Classifier.shipped()
    embedding = torch.nn.functional.normalize(torch.randn(2, 384), dim=-1)
    scores = classifier.score(embedding, ["a red ball", ""], [[], []])
    assert set(scores) == set(STYLES)
    for score in scores.values():
        assert score.shape == (2, len(CATEGORIES))
        assert ((score >= 0) & (score <= 1)).all()
