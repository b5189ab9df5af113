"""The guard Kinora starts with: a word list for prompts, technical checks for frames.

It is a beginning. Its word list reads English, knows common disguises and the plainest wordings of what is never
made; it can be talked around. Its look at the frames finds broken pictures, not unwanted ones: the shipped model has
only ever seen Kinora's own rendered world and can't draw such. A guard with trained classifiers replaces this one
before any model that can draw more than that world is offered.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from kinora.safety.policy import ALLOWED, FrameBook, Frames, Verdict
from kinora.safety.prompts import WordList

STILL = 8
"""So many equal frames in a row are reported as frozen (one second of the shipped model)."""

DARK = 6
"""A frame whose brightest value is at most this (of 255) counts as black."""


class WordGuard:
    """Screens prompts by a `WordList` and counts, and checks for damage, every frame."""

    def __init__(self, words: WordList) -> None:
        self._words = words

    def screen(self, prompt: str) -> Verdict:
        """Refuse a prompt in which the word list finds a category."""
        found = self._words.categories(prompt)
        if not found:
            return ALLOWED
        return Verdict(False, found, f"Kinora makes no video of this kind ({', '.join(found)})")

    def review(self, frames: Frames, book: FrameBook) -> Verdict:
        """Count every frame; warn, once a clip, of black and of frozen ones."""
        for frame in frames:
            book.reviewed += 1
            book.still = book.still + 1 if book.last is not None and np.array_equal(frame, book.last) else 0
            book.dark += int(frame.max() <= DARK)
            book.last = frame
            if book.still == STILL:
                _warn(book, f"the picture stands still for {STILL} frames or more")
            if book.dark == 1:
                _warn(book, "some frames are black")
        return ALLOWED


@cache
def default_guard() -> WordGuard:
    """The guard with the word list that ships in the package."""
    return WordGuard(WordList.shipped())


def _warn(book: FrameBook, text: str) -> None:
    if text not in book.warnings:
        book.warnings.append(text)
