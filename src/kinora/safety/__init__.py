"""Policy, screening and review: nothing leaves the engine without it."""

from kinora.safety.given import screen_given
from kinora.safety.guard import PolicyGuard, default_guard, lists_only_guard
from kinora.safety.policy import ALLOWED, Finding, FrameBook, Guard, Policy, Verdict, reviewed_by, screen_words

__all__ = [
    "ALLOWED",
    "Finding",
    "FrameBook",
    "Guard",
    "Policy",
    "PolicyGuard",
    "Verdict",
    "default_guard",
    "lists_only_guard",
    "reviewed_by",
    "screen_given",
    "screen_words",
]
