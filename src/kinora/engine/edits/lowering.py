"""Drafts into films: which latents are held, where, and which frames are delivered."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from kinora.engine.edits.drafts import Bridge, Fade, Ring, Variation
from kinora.engine.edits.familiar import STRANGE, leaving, strangeness
from kinora.engine.edits.seam import apart, carried, edges, softened, stages
from kinora.engine.engine import Engine
from kinora.engine.film import Carry, Film, Matte, Shown, Span
from kinora.flow.conditions import Condition, Crossfade, NoiseStart, Prefix, Suffix
from kinora.flow.masks import token_mask
from kinora.request import Real

Frames = npt.NDArray[np.uint8]

UNKNOWN = "the model doesn't know such pictures: it leaves this one little by little for a scene of its own"


def lower(draft: Bridge | Fade | Variation, engine: Engine) -> Film:
    """The film of `draft` on the engine's model. Encodes what is given, and no more of it than the model looks at."""
    if isinstance(draft, Bridge):
        return _bridge(draft, engine)
    return _fade(draft, engine) if isinstance(draft, Fade) else _variation(draft, engine)


def start_sigma(strength: Real, shift: Real) -> float:
    """The noise a remix starts from: where the solver stands with `strength` of its steps still to go.

    The grid of steps is shifted towards noise (`flow.schedule.shifted`), and so is the slider: with a shift of 2,
    strength 0.3 is sigma 0.46, 0.6 is 0.75 and 0.8 is 0.89.
    """
    return float(shift * strength / (1 + (shift - 1) * strength))


def _bridge(draft: Bridge, engine: Engine) -> Film:
    """[context | new ...... | context]: what is given is held, in latents of its last and first frames.

    Between two scenes the one turns into the other; within one, the model finds the way from end to start.
    """
    grid, plan, chosen = engine.model.limits.grid, draft.plan, engine.model.defaults
    group = grid.stride[0]
    # At the very start of a film the first latent frame is a single frame, and what is too much is left off.
    new = -(-draft.made // group) if draft.before is not None else grid.latents_for(draft.made)
    opening, closing = _contexts(draft, engine, new)
    conditions: list[Condition] = []
    carry: list[Carry] = []
    shown: list[Shown] = []
    begin = 0 if draft.before is not None else grid.frames_of(new) - draft.made
    if draft.before is not None:
        held = _Opening(engine, draft.before[-grid.frames_of(opening) :])
        conditions.append(Prefix(held.latents))
        shown.append(Shown(at=0, frames=held.frames))
        begin = len(held.frames)
        if not draft.recalls:  # a cut follows what is only recalled: nothing of its last frame goes on
            carry.append(held.carry(plan.fps, room=draft.made))
    if draft.after is not None:
        lead = _Closing(engine, draft.after[: group * closing])
        conditions.append(Suffix(lead.latents))
        shown.append(Shown(at=opening + new, frames=lead.frames))
        carry.append(lead.carry(begin + draft.made, plan.fps, room=draft.made))
        closing = lead.latents.shape[2]
    info = dict(draft.info)
    picture = draft.after is None and not draft.recalls and draft.before is not None and len(draft.before) == 1
    if picture and chosen.holds == "tokens" and strangeness(engine, held.latents) > STRANGE:
        still = engine.encode_groups(np.repeat(held.frames, group, axis=0))
        conditions.append(leaving(still, at=1, count=min(new, chosen.window - 1)))
        info["warnings"] = [UNKNOWN]
    before = None if draft.recalls else draft.before
    spans: tuple[Span, ...] = (Span(prompt=plan.prompt, latents=opening + new + closing),)
    seams, turn = edges(before, draft.after, begin, draft.made, plan.fps, closes=draft.closes), None
    turns = before is not None and draft.after is not None and chosen.holds != "channels" and _turns(draft)
    if turns:
        spans = _halves(draft.words or (plan.prompt, plan.prompt), opening, new, closing)
        turn, seams = range(opening, opening + new), (*seams, *stages(begin, draft.made, group))
    return Film(
        plan=plan,
        spans=spans,
        conditions=tuple(conditions),
        backwards=draft.before is None,
        turn=turn,
        seams=seams,
        keep=(begin, begin + draft.made),
        before=before,
        after=None if draft.closes else draft.after,
        carry=tuple(carry),
        shown=tuple(shown),
        info=info,
    )


def _turns(draft: Bridge) -> bool:
    """Whether its two ends show different scenes; a loop's never do."""
    assert draft.before is not None
    assert draft.after is not None
    return bool(draft.words) or (not draft.closes and apart(draft.before[-1], draft.after[0]))


def _halves(words: tuple[str, str], opening: int, new: int, closing: int) -> tuple[Span, ...]:
    """Each side's words over its half; where they are the same, one span."""
    half, length = opening + new // 2, opening + new + closing
    if words[0] == words[1]:
        return (Span(prompt=words[0], latents=length),)
    return Span(prompt=words[0], latents=half), Span(prompt=words[1], latents=length - half)


def around(draft: Ring, engine: Engine) -> Film | None:
    """The ring of latent frames that `draft` is, if its frames come out even and the model sees them all at once."""
    group, chosen = engine.model.limits.grid.stride[0], engine.model.defaults
    count, rest = divmod(draft.plan.frames, group)
    if rest or count >= (chosen.first or chosen.window) or chosen.holds == "channels":
        return None
    span = Span(prompt=draft.plan.prompt, latents=count)
    return Film(plan=draft.plan, spans=(span,), ring=True, info=draft.info)


def _contexts(draft: Bridge, engine: Engine, new: int) -> tuple[int, int]:
    """How many latent frames are held before and after the new ones: what the model sees beside them, if there are."""
    group, chosen = engine.model.limits.grid.stride[0], engine.model.defaults
    longest, room = chosen.window - chosen.block, chosen.window - new
    if chosen.long == "once":  # what is given has to fit beside all that is made
        longest = max(1, min(longest, room))
    if draft.before is None or draft.after is None:
        opening = closing = longest
    elif room >= 2:
        opening, closing = room - room // 2, room // 2  # it is seen at once, with both its ends
    else:
        opening, closing = longest, chosen.block
    if draft.before is not None:
        opening = min(opening, (len(draft.before) - 1) // group + 1)
    if draft.after is not None:
        closing = min(closing, max(1, len(draft.after) // group))
    return opening if draft.before is not None else 0, closing if draft.after is not None else 0


def _fade(draft: Fade, engine: Engine) -> Film:
    """[end of the first | both, mixed under noise | start of the second]."""
    grid, plan, window = engine.model.limits.grid, draft.plan, engine.model.defaults.window
    group = grid.stride[0]
    mixed = draft.overlap // group
    first, second = draft.first[: -draft.overlap], draft.second[draft.overlap :]
    closing = min(max(1, (window - mixed) // 2), max(1, len(second) // group))
    opening = min(max(1, window - mixed - closing), (len(first) - 1) // group + 1)
    held = _Opening(engine, first[-grid.frames_of(opening) :])
    lead = _Closing(engine, second[: group * closing])
    turning = Crossfade(
        before=engine.encode_groups(draft.first[-draft.overlap :]),
        after=engine.encode_groups(draft.second[: draft.overlap]),
        at=opening,
    )
    begin = len(held.frames)
    turns = engine.model.defaults.holds != "channels"
    return Film(
        plan=plan,
        spans=_halves(draft.prompts, opening, mixed, closing),
        turn=range(opening, opening + mixed) if turns else None,
        seams=(*edges(first, second, begin, draft.overlap, plan.fps), *stages(begin, draft.overlap, group)),
        conditions=(Prefix(held.latents), turning, Suffix(lead.latents)),
        shown=(Shown(at=0, frames=held.frames), Shown(at=opening + mixed, frames=lead.frames)),
        keep=(begin, begin + draft.overlap),
        before=first,
        after=second,
        carry=(
            held.carry(plan.fps, room=draft.overlap),
            lead.carry(begin + draft.overlap, plan.fps, room=draft.overlap),
        ),
        info=draft.info,
    )


def _variation(draft: Variation, engine: Engine) -> Film:
    """The whole clip under noise; what the mask keeps is held in latents, and its pixels put back."""
    grid, plan = engine.model.limits.grid, draft.plan
    frames = _filled(draft.clip, grid.frames_for(plan.seconds, plan.fps))
    mask = None
    if draft.mask is not None:
        painted = draft.mask if len(draft.mask) == 1 else _filled(draft.mask, len(frames))
        mask = token_mask(torch.from_numpy(painted.astype(np.float32)), (grid.stride[0], *grid.multiple))
        # A token of several latents has one sigma: they are made, or held, together.
        mask = mask.repeat_interleave(grid.patch[1], dim=3).repeat_interleave(grid.patch[2], dim=4)
    sigma = start_sigma(draft.strength, plan.shift)
    latents = engine.encode(frames)
    return Film(
        plan=plan,
        spans=(Span(prompt=plan.prompt, latents=latents.shape[2]),),
        conditions=(NoiseStart(latents, sigma, mask),),
        shown=(Shown(at=0, frames=frames),),
        matte=None if draft.mask is None else Matte(given=draft.clip, made=softened(draft.mask)),
        info=dict(draft.info) | {"sigma": round(sigma, 4)},
    )


class _Opening:
    """Given frames, 4n+1 of them, that a film opens on."""

    def __init__(self, engine: Engine, frames: Frames) -> None:
        self.frames = frames
        self.latents: Float[Tensor, "1 c n h w"] = engine.encode(frames)
        self._decoded = engine.decode(self.latents)

    def carry(self, fps: int, *, room: int) -> Carry:
        """What is lost of the last of them."""
        at = len(self.frames) - 1
        return carried(self.frames[at], self._decoded[at], at=at, fps=fps, onwards=True, room=room)


class _Closing:
    """Given frames that a film ends on, in whole groups; fewer than one are filled up with the last."""

    def __init__(self, engine: Engine, frames: Frames) -> None:
        group = engine.model.limits.grid.stride[0]
        self.frames = _filled(frames, max(group, len(frames) // group * group))
        self.latents: Float[Tensor, "1 c n h w"] = engine.encode_groups(self.frames)
        # A decoder takes what comes first for a single frame: it gets one, so that the first group is decoded whole.
        still = engine.encode(self.frames[:1])
        self._decoded = engine.decode(torch.cat((still, self.latents[:, :, :1]), dim=2))[1:]

    def carry(self, at: int, fps: int, *, room: int) -> Carry:
        """What is lost of the first of them, which is pixel frame `at` of the film."""
        return carried(self.frames[0], self._decoded[0], at=at, fps=fps, onwards=False, room=room)


def _filled(frames: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """`count` frames: the last one stays on if there are fewer."""
    return frames[np.minimum(np.arange(count), len(frames) - 1)]
