"""What can be done to a picture or a clip: animate, extend, join, blend, loop, remix.

    request = Extend(video="ball.mp4", seconds=4)        # what the user asks; no model, no file touched
    draft = request.draft(limits)                        # files read, everything checked that a user can get wrong
    for event in edit(engine, draft): ...                # lowered to a Film, and filmed like any other

There is no pipeline per verb. All but blend and remix are one draft, new frames between given ones; every draft is
lowered to latent conditions on the one state, and frames that are given come out as they are given: they are never
decoded from latents, which is where clips that are extended again and again lose their colours elsewhere.
"""

from kinora.engine.edits.cast import Cast, Character
from kinora.engine.edits.drafts import Bridge, Draft, Fade, Ring, Variation
from kinora.engine.edits.planning import Options
from kinora.engine.edits.requests import Animate, Blend, Edit, Extend, Join, Loop, Remix
from kinora.engine.edits.sources import Source

__all__ = [
    "Animate",
    "Blend",
    "Bridge",
    "Cast",
    "Character",
    "Draft",
    "Edit",
    "Extend",
    "Fade",
    "Join",
    "Loop",
    "Options",
    "Remix",
    "Ring",
    "Source",
    "Variation",
]
