"""Policy, screening and review: nothing leaves the engine without it."""

from kinora.safety.guard import WordGuard, default_guard
from kinora.safety.policy import ALLOWED, FrameBook, Guard, Verdict

__all__ = ["ALLOWED", "FrameBook", "Guard", "Verdict", "WordGuard", "default_guard"]
