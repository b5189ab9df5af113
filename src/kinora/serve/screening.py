"""Words at the door: judged by the guard before a job is accepted, and again by the engine's own before it is made.

screening = Screening(settings.guard)
verdict = await screening.words("standard", ["a red ball bounces"], negative="rain")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from kinora.safety.guard import PolicyGuard
from kinora.safety.policy import Guard, Verdict, screen_words

AT_ONCE = 2
"""Texts judged at the same time: each takes a core for some hundredths of a second."""

Value = TypeVar("Value")


class Screening:
    """Judges words by the guard of a policy; guards are loaded with the first words."""

    def __init__(self, guard: Callable[[str], Guard]) -> None:
        self._guard = guard
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def words(self, policy: str, prompts: Sequence[str], negative: str = "") -> Verdict:
        """The verdict on all the words of one request, together and each alone. Raises InvalidRequest if too long."""
        return await self._apart(lambda: screen_words(self._guard(policy), prompts, negative))

    async def texts(self, policy: str, texts: Sequence[str]) -> list[Verdict]:
        """A verdict on each text by itself."""

        def judge() -> list[Verdict]:
            guard = self._guard(policy)
            assert isinstance(guard, PolicyGuard), f"{guard=}"
            return guard.screen_many(texts)

        return await self._apart(judge)

    async def _apart(self, judge: Callable[[], Value]) -> Value:
        async with self._turns:
            return await asyncio.to_thread(judge)
