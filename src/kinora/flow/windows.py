"""Which latent frames are looked at together when a video is longer than the clips a model was trained on.

    plan([False] * 17, Reach())          # 9 at once; then 4 and 4, each seeing the sink, the latest 4 and itself

Forward the windows are those of a rolling key-value cache, so that one plan serves block-causal streaming
(`flow.rollout`) and full attention over sliding windows (`flow.sliding`). Where frames are given later in the video,
gaps are filled from their known ends; only sliding windows can do that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far a model sees, in latent frames.

    window: the most it sees at once, the length of its training clips. block: how many are made at a time beyond the
    first window. sink: how many of the first stay in sight for good; they hold look and light (arXiv 2309.17453).
    first: the size of the first block, for models trained in blocks from the start (Self-Forcing); 0: a whole window.
    """

    window: int = 9
    block: int = 4
    sink: int = 1
    first: int = 0

    def __post_init__(self) -> None:
        if self.window < 3 or self.block < 1 or self.sink < 0 or self.block + self.sink >= self.window:
            raise ValueError(f"{self}: window from 3, block from 1, sink from 0, and the last two less than the window")
        if not 0 <= self.first <= self.window:
            raise ValueError(f"{self}: the first block is at most the window")


@dataclass(frozen=True)
class Window:
    """Latent frames, by number: those looked at, in order, and those of them that are settled by it.

    A frame seen that is neither settled before nor by this window is solved along with it and thrown away: a model
    takes the leftmost frame for a still, since in training a clip begins with one.
    """

    seen: tuple[int, ...]
    made: range


def plan(known: Sequence[bool], reach: Reach, *, edges: Sequence[int] = (), backwards: bool = False) -> list[Window]:
    """Windows in the order in which they are to be solved; their `made` are the frames that aren't `known`.

    Without `backwards`, and if only a start is known, they cover the known frames too. No window's new frames reach
    across one of `edges`, the frames at which the prompt changes.
    """
    length = len(known)
    if length <= (reach.first or reach.window) and not any(0 < edge < length for edge in edges):
        return [Window(tuple(range(length)), range(length))]
    prefix = next((frame for frame in range(length) if not known[frame]), length)
    if prefix == length or not (backwards or any(known[prefix:])):
        return list(_forward(length, prefix, reach, edges))
    return list(_Gaps(known, reach, edges).fill(backwards))


def is_stream(windows: Sequence[Window]) -> bool:
    """Whether each window begins where the last one ended and none looks ahead: what a cache can do."""
    ends = [0, *(window.made.stop for window in windows)]
    return all(
        window.made.start == end and window.seen[-1] < window.made.stop
        for window, end in zip(windows, ends, strict=False)
    )


def _forward(length: int, prefix: int, reach: Reach, edges: Sequence[int]) -> Iterator[Window]:
    """A first window as long as in training, then blocks; or blocks from the start, after all that is known."""
    at, opening = 0, (prefix or reach.first) if reach.first else reach.window
    if prefix + reach.block > reach.window:  # too much is given to see it all: there is nothing to solve in it
        yield Window(tuple(range(prefix)), range(prefix))
        at = prefix
    while at < length:
        stop = at + reach.block if at else opening
        stop = min([length, stop, *(edge for edge in edges if edge > max(at, prefix))])
        sink = min(reach.sink, at)
        latest = range(max(sink, at - (reach.window - sink - (stop - at))), at)
        yield Window((*range(sink), *latest, *range(at, stop)), range(at, stop))
        at = stop


class _Gaps:
    """Fills what lies between known frames, from the sides that are known."""

    def __init__(self, known: Sequence[bool], reach: Reach, edges: Sequence[int]) -> None:
        self._settled, self._reach, self._edges = list(known), reach, edges

    def fill(self, backwards: bool) -> Iterator[Window]:
        """All gaps, the last one first if `backwards`."""
        gaps, start = [], None
        for frame, settled in enumerate([*self._settled, True]):
            if settled and start is not None:
                gaps.append((start, frame))
                start = None
            elif not settled and start is None:
                start = frame
        for start, stop in reversed(gaps) if backwards else gaps:
            yield from self._close(start, stop)

    def _close(self, start: int, stop: int) -> Iterator[Window]:
        """One gap: from both sides in turn until what is left can be bridged at once, or from the one known side."""
        from_left = True
        while start < stop:
            left, right = start > 0, stop < len(self._settled)
            if right and stop - start + left + right <= self._reach.window and not self._edge(start, stop):
                window = self._bridge(start, stop)
            elif left and (from_left or not right):
                window = self._onwards(start, stop)
            else:
                window = self._backwards(start, stop)
            for frame in window.made:
                self._settled[frame] = True
            yield window
            if window.made.start == start:
                start = window.made.stop
            else:
                stop = window.made.start
            from_left = not from_left

    def _bridge(self, start: int, stop: int) -> Window:
        """The whole gap, with as much of both sides as can be seen."""
        room, left, right = self._reach.window - (stop - start), self._run(start, -1), self._run(stop, 1)
        before = min(left, max(room - room // 2, room - right))
        return Window(tuple(range(start - before, stop + min(right, room - before))), range(start, stop))

    def _onwards(self, start: int, stop: int) -> Window:
        """New frames after the known ones, which are seen with a sink: the first of those."""
        reach, known = self._reach, self._run(start, -1)
        end = start + self._count(start, stop, known, room=reach.window - 1)
        edge = self._edge(start, end)
        end = edge[0] if edge else end
        nearest, sink = self._context(known, reach.window - (end - start))
        seen = (*range(start - known, start - known + sink), *range(start - nearest, end))
        return Window(seen, range(start, end))

    def _backwards(self, start: int, stop: int) -> Window:
        """New frames before the known ones, which are seen with a sink: the last of those."""
        reach, known = self._reach, self._run(stop, 1)
        begin = stop - self._count(start, stop, known + 1, room=reach.window - 2 if known else reach.window - 1)
        edge = self._edge(begin, stop)
        begin = edge[-1] if edge else begin
        scratch = 1 if begin > 0 and not self._settled[begin - 1] else 0
        nearest, sink = self._context(known, reach.window - (stop - begin) - scratch)
        seen = (*range(begin - scratch, stop + nearest), *range(stop + known - sink, stop + known))
        return Window(seen, range(begin, stop))

    def _context(self, known: int, room: int) -> tuple[int, int]:
        """Of `known` frames in a row, how many nearest ones and how many at the far end are seen."""
        nearest = known if known <= room else max(1, room - self._reach.sink)
        return nearest, min(known, room) - nearest

    def _count(self, start: int, stop: int, seen: int, *, room: int) -> int:
        """How many new frames: a block, or more while little is known; a block is left for the bridge."""
        count = min(stop - start, room, max(self._reach.block, self._reach.window - seen))
        both = start > 0 and stop < len(self._settled)
        return max(1, min(count, stop - start - self._reach.block)) if both else count

    def _edge(self, start: int, stop: int) -> list[int]:
        return [edge for edge in self._edges if start < edge < stop]

    def _run(self, at: int, step: int) -> int:
        """How many settled frames lie next to each other from `at` on (step 1) or before it (step -1)."""
        frame = at if step > 0 else at - 1
        count = 0
        while 0 <= frame < len(self._settled) and self._settled[frame]:
            count, frame = count + 1, frame + step
        return count
