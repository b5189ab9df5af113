import math
from pathlib import Path

import pytest

from kinora.engine.fake import LIMITS
from kinora.engine.stories.scenes import scenes, story_from_prompt
from kinora.engine.stories.story import Card, Story, described, spread
from kinora.errors import InvalidRequest

BOBO = {"Bobo": "a blue fluffy creature"}

TEXTS = {
    "A red ball bounces on a beach. The camera zooms in. Cut to a forest at night. Then it rolls to the left.": [
        "A red ball bounces on a beach. The camera zooms in.",
        "a forest at night.",
        "it rolls to the left.",
    ],
    "A blue bunny hops in the woods. A red car drives on the beach at sunset.": [
        "A blue bunny hops in the woods.",
        "A red car drives on the beach at sunset.",
    ],
    "1. A snowman spins in the snow\n2. a candle burns in a room": [
        "A snowman spins in the snow",
        "a candle burns in a room",
    ],
    "A monster stands in a meadow, then cut to: a close-up of it in the snow; cut to a black cat": [
        "A monster stands in a meadow",
        "a close-up of it in the snow",
        "a black cat",
    ],
    "Shot 1: a ball. Shot 2: a cube!": ["a ball.", "a cube!"],
    "A car drives to the left on a beach. The sea lies behind the sand. The camera stays still. 3D animation.": [
        "A car drives to the left on a beach. The sea lies behind the sand. The camera stays still. 3D animation."
    ],
    "A bunny hops in the forest, then looks up at one great tree. Flowers glow.": [
        "A bunny hops in the forest, then looks up at one great tree. Flowers glow."
    ],
}


@pytest.mark.parametrize(("text", "found"), TEXTS.items(), ids=[text[:30] for text in TEXTS])
def test_a_text_is_cut_where_it_says_so_and_where_the_scene_changes(text, found):
    assert scenes(text) == found


def test_a_style_at_the_end_is_said_of_every_shot():
    story = story_from_prompt("A bunny hops in the woods. Cut to a car on the beach. Pencil sketch.")
    assert [card.prompt for card in story.cards] == ["A bunny hops in the woods.", "a car on the beach."]
    assert story.texts(holding=False) == [
        "A bunny hops in the woods. Pencil sketch.",
        "A car on the beach. Pencil sketch.",
    ]


def test_descriptions_stand_where_names_do():
    assert described("Bobo hops, then Bobo's ears droop", BOBO) == (
        "A blue fluffy creature hops, then the blue fluffy creature's ears droop"
    )
    assert described("Bobolink sings", BOBO) == "Bobolink sings"
    assert described("Mo meets Jo", {"Mo": "a red ball", "Jo": "one green cube"}) == "A red ball meets one green cube"


def test_what_a_story_says_holds_until_a_shot_says_otherwise():
    story = Story(
        cards=(
            Card(prompt="Bobo hops", setting="in a forest", light="at night", camera="the camera zooms in"),
            Card(prompt="Bobo spins", light="at sunset"),
            Card(prompt="Bobo stands still"),
        ),
        characters=BOBO,
    )
    assert story.texts(holding=False) == [
        "A blue fluffy creature hops. The camera zooms in. In a forest at night.",
        "A blue fluffy creature spins. In a forest at sunset.",
        "A blue fluffy creature stands still. In a forest at sunset.",
    ]
    assert story.texts(holding=True)[2] == "A blue fluffy creature stands still."


def test_the_shots_of_one_character_are_known():
    cards = [Card(prompt=prompt) for prompt in ("Bobo hops", "a car drives", "Bobo spins", "it rests")]
    story = Story(cards=tuple(cards), characters=BOBO)
    assert [story.first_with(index) for index in range(4)] == [0, 1, 0, 3]


def test_seconds_are_shared_out_in_whole_frames():
    story = spread(Story(cards=(Card(prompt="a"), Card(prompt="b"), Card(prompt="c"))), 5, LIMITS)
    assert [card.seconds for card in story.cards] == [1.625, 1.75, 1.625]
    with pytest.raises(InvalidRequest, match=r"0\.25 seconds: too short for 3 shots; at least 0\.375"):
        spread(story, 0.25, LIMITS)
    for odd, message in ((5.1, "nearest: 5 or 5"), (math.nan, "nan sec"), (math.inf, "inf sec"), (0, "0 sec")):
        with pytest.raises(InvalidRequest, match=message):
            spread(story, odd, LIMITS)


def test_all_shots_share_one_seed_and_one_size():
    story = Story(cards=(Card(prompt="a", seconds=1), Card(prompt="b")), size=(64, 96))
    first, second = story.plans(LIMITS)
    assert (first.seed, first.size) == (second.seed, second.size)
    assert (first.frames, second.frames) == (8, 32)


BAD = [
    (lambda: Story(cards=()), "a story without shots: it has at least one"),
    (lambda: Story(cards=(Card(prompt="a"), Card(prompt=" "))), "shot 2: empty prompt"),
    (lambda: Story(cards=(Card(prompt="a", seconds=-1),)), "shot 1: -1 seconds: a clip lasts longer than 0"),
    (
        lambda: Story(cards=(Card(prompt="a", image=Path("x.png"), clip=Path("y.mp4")),)),
        "shot 1: image and clip: a shot opens on one",
    ),
    (lambda: Story(cards=(Card(prompt="a"),), characters=BOBO), "character Bobo: is in no shot's prompt"),
    (lambda: Story(cards=(Card(prompt="Bobo"),), characters={"Bobo": ""}), "character Bobo: has no description"),
    (
        lambda: Story(cards=(Card(prompt="a", seconds=1.3),)).plans(LIMITS),
        "shot 1: 1.3 seconds: a clip is whole frames",
    ),
    (lambda: Story(cards=(Card(prompt="a", seconds=40),) * 2).plans(LIMITS), "80 seconds in 2 shots: this model makes"),
]


@pytest.mark.parametrize(("make", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_what_can_not_be_told_is_refused_with_the_shot(make, message):
    with pytest.raises(InvalidRequest) as raised:
        make()
    assert message in str(raised.value)
