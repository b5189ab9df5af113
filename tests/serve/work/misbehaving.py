"""A worker whose fake engine does what the prompt says: the process that the supervisor's tests begin."""

import time

from kinora.engine.fake import FakeEngine
from kinora.serve.work import child

MIB = 1 << 20
held: list[bytes] = []
film = FakeEngine.film


def misbehaving(engine: FakeEngine, wanted):
    prompt = wanted.plan.prompt
    if "out of memory" in prompt:
        raise MemoryError
    if "broken" in prompt:
        raise ValueError("an error that nobody meant to raise")
    while "eat" in prompt:
        held.append(b"\1" * (16 * MIB))
        time.sleep(0.02)
    while "stuck" in prompt:
        time.sleep(60)
    return film(engine, wanted)


FakeEngine.film = misbehaving
child.main()
