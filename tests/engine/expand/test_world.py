"""What people write, and what the small world is asked to show."""

import pytest

from kinora.engine.expand import Expander
from kinora.engine.expand.resolve import resolve
from kinora.engine.expand.world import WorldExpander, choose, scene
from kinora.evals.attributes import words
from kinora.world.captions import canonical, captions
from kinora.world.sample import core_places, sample_scene

CREATURE = (
    "A small round fluffy creature, half rabbit and half squirrel, with soft blue fur, a bushy striped tail and "
    "huge shining eyes, hops along a glittering brook through an enchanted forest. Flowers glow and change "
    "colour, the leaves of the trees are violet and silver, and little lights drift about like fireflies. It "
    "stops to play with tiny fairy folk dancing in a ring of mushrooms, then looks up in wonder at one great "
    "glowing tree in the heart of the wood. 3D animation."
)
MONSTER = (
    "Close-up of a short fluffy monster kneeling next to a red candle that is slowly melting. It stares at the "
    "flame with wide eyes and an open mouth, curious and innocent, as if it were seeing the world for the first "
    "time. Realistic 3D animation, rich texture, warm colours, dramatic candlelight, a cosy mood."
)
TOKYO = (
    "A stylish woman walks down a Tokyo street filled with warm glowing neon and animated city signage. She wears "
    "a black leather jacket, a long red dress, and black boots, and carries a black purse."
)
MAMMOTHS = (
    "Several giant wooly mammoths approach treading through a snowy meadow, their long wooly fur lightly blows in "
    "the wind as they walk, snow covered trees in the distance, mid afternoon light."
)

# Each prompt with the ids it must get, and words that some note must hold.
PROMPTS = [
    (CREATURE, "creature blue forest hop", "mushrooms"),
    (MONSTER, "monster room night stand zoom_in", "candle"),
    (TOKYO, "", "woman"),
    (MAMMOTHS, "snowfield day", "mammoths"),
    ("a scared bunny in the woods at dusk", "creature forest sunset", "scared"),
    ("a hare in the woods", "creature forest", ""),
    ("automobile in the dark, the camera pushes in", "car night zoom_in", ""),
    ("bunny hopping in snow", "creature snowfield hop", ""),
    ("A black cat walks across the street in Tokyo at night", "creature night", "tokyo"),
    ("can you please make a video of a yellow taxi driving through the snow?", "car yellow snowfield", ""),
    ("a snowman without snow", "snowman clear", ""),
    ("no snow, a purple mushroom in the forest growing", "mushroom purple forest clear grow", ""),
    ("a dark blue car drives left", "car blue move_left day", ""),
    ("the ball is blue and it bounces on the beach", "ball blue bounce beach", ""),
    ("a ball, red and shiny, rolls to the right", "ball red move_right", "shiny"),
    ("make me a vid of a lil green monster dancing at midnight pls", "monster green spin night", ""),
    ("a rabit hops in the medow", "creature hop meadow", 'read "rabit" as "rabbit"'),
    ("purpel moster jumping in teh forrest", "monster purple hop forest", 'read "moster" as "monster"'),
    ("two red balls bounce in the grass", "ball red bounce meadow", 'not "two"'),
    ("a dog next to a red cube", "creature", "cube"),
    ("a green cube on a red ball", "cube green", "ball"),
    ("A robot walks on the moon", "monster", "on the moon"),
    ("Bonjour! A red ball bounces on the beach.", "ball red bounce beach", "bonjour"),
    ("Hola, a blue car drives right at sunset", "car blue move_right sunset", "hola"),
    ("candle", "candle room night", ""),
    ("sunset on the beach", "beach sunset", "chosen: a ball"),
    ("snow falls", "snow snowfield", "chosen: a snowman"),
    ("A pink toadstool in a snowy forest, slow orbit shot", "mushroom pink forest snow orbit", ""),
    ("don't move the camera. a white candle flickers in a dark room", "candle white room night stand static", ""),
    ("camera pans to the left as an orange block spins", "cube orange spin pan_left", ""),
    ("a car that is not red speeds along the shore in the morning", "car beach day", ""),
    ("An ice cream truck rolls from right to left on the sand", "car move_left beach", "ice cream"),
    ("drone shot of waves crashing on a beach", "beach static", "drone shot"),
    ("asdf qwerty", "", '"asdf", "qwerty"'),
    ("THE HORNED BEAST LEAPS!!! in a blizzard", "monster hop snow", ""),
    ("a tiny purple dragon sleeps by the fireplace", "monster purple stand room night", "tiny"),
    ("A yellow ball in a green meadow under a blue sky", "ball yellow meadow day", ""),
    ("a house with a red roof and a blue mushroom in front of it", "mushroom blue room", "roof"),
    ("it's a rainy day and a frog jumps around", "creature hop day clear", "rainy"),
    ("a ball grows bigger then spins", "ball grow", "spins"),
    ("balloon floating away at dawn", "ball sunset", 'took "dawn" for sunset'),
    ("slow zoom out from a lit candle, cozy cabin, winter night outside", "candle room night zoom_out", ""),
    ("a toy car turns around and around while the view widens", "car spin zoom_out", ""),
    ("A crimson crate revolves amid sand dunes at daybreak", "cube red spin beach sunset", ""),
    ("the camera circles an ivory snowman twirling in a wintry landscape", "snowman white spin snowfield orbit", ""),
    ("a golden retriever runs through a park on a sunny afternoon", "creature meadow day", "retriever"),
    ("hedgehog trundles over the lawn, 4k, ultra detailed, masterpiece", "creature meadow", 'took "hedgehog"'),
    ("the orange sun sets behind a grey cube at the seaside", "cube white beach sunset", 'took "grey" for white'),
    ("a boy kicks a red ball in the garden", "ball red meadow", "boy"),
    ("silent night, a silver car glides past glowing trees", "car white night forest", ""),
    ("a red candle by day in the room", "candle red room night", "lit by candles"),
    ("a white rabbit, seen from above, hopping leftwards", "creature white hop", ""),
    ("snow falls on a meadow where a pink cube stands still", "cube pink meadow stand clear", "can't snow"),
]


@pytest.fixture(scope="module")
def expander(encoder):
    return WorldExpander(encoder)


def shown(expander, prompt):
    """The ids that the caption of a prompt asks for."""
    return choose(resolve(expander.page(prompt)), prompt, {}).values


@pytest.mark.parametrize(("prompt", "ids", "note"), PROMPTS, ids=[prompt[:40] for prompt, _, _ in PROMPTS])
def test_words_find_their_place(expander, prompt, ids, note):
    expansion = expander.expand(prompt, seconds=4)
    values = shown(expander, prompt)
    assert set(ids.split()) <= set(values.values()), f"{values} of {expansion}"
    assert note in " | ".join(expansion.notes)
    assert expansion.changed
    assert expansion.prompt == canonical(scene(values, 4.0))
    assert any(
        (one.setting, one.light, one.weather) == (values["setting"], values["light"], values["weather"])
        for one in core_places()
    )


def test_nothing_is_taken_from_a_thing_to_its_neighbour(expander):
    for prompt in (MONSTER, "a dog next to a red cube", "a creature with a red hat"):
        assert shown(expander, prompt)["colour"] != "red"
    assert shown(expander, "a car that is not red")["colour"] != "red"
    assert shown(expander, "a snowman without snow")["setting"] != "snowfield"


@pytest.mark.slow
@pytest.mark.parametrize("image", [False, True], ids=["clips", "stills"])
def test_every_training_caption_is_read_back(expander, image):
    asked, right, missing = 0, 0, []
    for seed in range(300):
        truth = sample_scene(40_000 + seed, image=image, split="any")
        ids = words(truth)
        ids["verb"] = ids.pop("action")
        for caption in captions(truth, 2 if image else 5, seed, split="any"):
            wish = resolve(expander.page(caption.text))
            read = {factor: wish.value(factor) for factor in ids}
            read["verb"] = wish.value("way") if read["verb"] == "move" else read["verb"]
            stated = {factor for factor, value in read.items() if value is not None}
            must = {"subject", "colour"} | (set() if image else {"verb"})
            must |= {"setting", "light", "camera"} if caption.kind == "long" else set()
            for factor in stated | must:
                if factor == "light" and ids["setting"] == "room":
                    continue  # "a room lit by candles" says it
                asked += 1
                right += read[factor] == ids[factor]
                if read[factor] != ids[factor]:
                    missing.append((factor, ids[factor], read[factor], caption.text))
    assert asked > 2000
    assert right / asked >= 0.98, missing[:10]


def test_the_training_captions_that_say_all_stay_as_they_are(expander):
    for seed in range(20):
        truth = sample_scene(50_000 + seed, split="any")
        medium, long = captions(truth, 3, seed, split="any")[0].text, captions(truth, 3, seed, split="any")[2].text
        for text in (medium, long):
            assert expander.expand(text, seconds=4).prompt == text
            assert expander.expand(text, seconds=4).changed is False


def test_a_caption_that_leaves_something_open_is_completed(expander):
    expansion = expander.expand("a red ball bounces", seconds=4)
    assert expansion.prompt.startswith("A red ball bounces on the ground ")
    assert expansion.prompt.endswith("The camera stays still. 3D animation.")
    assert expansion.notes[0].startswith("chosen: ")


def test_the_same_words_always_give_the_same_caption_and_spaces_are_no_words(expander, encoder):
    once = expander.expand("some  happy thing", seconds=4)
    assert once == WorldExpander(encoder).expand("some  happy thing", seconds=4)
    assert once.prompt == expander.expand("Some happy thing", seconds=4).prompt
    several = {expander.expand(f"a bunny, take {word}", seconds=4).prompt for word in ("one", "two", "three", "four")}
    assert len(several) > 1


def test_a_still_has_neither_action_nor_camera(expander):
    expansion = expander.expand("a red ball bounces on the beach, zoom in", seconds=0.125, image=True)
    assert expansion.prompt == "A red ball on a sandy beach by day. 3D animation."


def test_what_a_shot_leaves_unsaid_holds_from_the_one_before(expander):
    first = expander.expand("a green car drives left on the beach at sunset", seconds=4).prompt
    then = expander.expand("it spins, the camera zooms out", seconds=4, previous=first).prompt
    assert (
        then
        == "A green car spins around in place on a sandy beach at sunset. The camera slowly zooms out. 3D animation."
    )
    other = expander.expand("a blue ball bounces", seconds=4, previous=first).prompt
    assert (
        other == "A blue ball bounces on the ground on a sandy beach at sunset. The camera stays still. 3D animation."
    )
    inside = expander.expand("it stands in a room", seconds=4, previous=first)
    assert "in a cosy candlelit room at night" in inside.prompt
    outside = expander.expand("it stands in the forest", seconds=4, previous=inside.prompt)
    assert "in an enchanted forest by day" in outside.prompt


def test_it_is_an_expander(expander):
    assert isinstance(expander, Expander)
