"""What goes without saying, for long captions: true of every picture of a kind, setting, light or weather."""

from collections.abc import Mapping

FEATURES: Mapping[str, str] = {
    "creature": "long ears, huge eyes and a bushy striped tail",
    "monster": "small horns, big eyes and an open mouth",
    "ball": "a smooth round shape",
    "cube": "flat sides with round dots",
    "snowman": "a carrot nose and a warm scarf",
    "mushroom": "a wide spotted cap on a pale stem",
    "candle": "a small flickering flame on top",
    "car": "four wheels and shiny windows",
    "robot": "a square head and an antenna",
    "cone": "a wide base and a pointed tip",
    "ring": "a round hole in the middle",
    "bird": "two wings and a pointed beak",
    "fish": "fins and a broad tail",
    "boat": "a mast and a sail",
    "lantern": "a warm light inside",
    "balloon": "a thin string below",
}
"""What every subject of a kind shows, for long captions."""

SCENERY: Mapping[str, str] = {
    "meadow": "grass and small flowers cover the ground",
    "forest": "trees with strange bright leaves stand around glowing flowers",
    "snowfield": "deep snow covers the ground",
    "room": "candles light the wooden room and its window",
    "beach": "the sea lies behind the sand",
    "desert": "dunes of sand reach to the horizon",
    "city": "lit windows shine above the wet ground",
    "moon": "craters lie under a starry sky",
}
"""What every picture of a setting shows, for long captions."""

SKIES: Mapping[str, tuple[str, ...]] = {
    "day": ("bright daylight falls on everything", "the daytime sky is bright"),
    "sunset": ("the setting sun gives a warm glow", "warm evening light falls on everything"),
    "night": ("the night is dark and calm", "it is a dark and quiet night"),
    "candles": ("warm candlelight fills the night", "candle flames give a warm light in the night"),
}
AIRS: Mapping[str, tuple[str, ...]] = {
    "clear": ("",),
    "snow": ("snowflakes drift down", "snow keeps falling"),
    "rain": ("rain pours down", "rain keeps falling"),
    "fog": ("thick fog hangs in the air", "mist veils the distance"),
}
