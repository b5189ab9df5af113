"""Values of the wrong kind, as a program that no type checker has read passes them: in a process without beartype."""

import subprocess
import sys

ASK = """
import json
import sys
import numpy as np
from fractions import Fraction
from kinora.engine.edits import Remix
from kinora.errors import InvalidRequest
from kinora.request import Limits, Shot

LIMITS = Limits(size=(64, 64), fps=8, seconds=1, max_seconds=2, steps=2, guidance=2)

def refused(**asked):
    try:
        Shot(**{"prompt": "a ball", **asked})
    except InvalidRequest as error:
        return str(error)
    raise AssertionError(asked)

assert refused(prompt=None) == 'prompt None: is a text; for example "a red ball"' 
assert refused(prompt="a \\ud800").startswith(r"prompt 'a \\ud800': holds what is no character")
assert refused(model=3) == "model 3: is a text; give a str"
assert refused(negative=None).startswith("negative None: is a text")
assert refused(steps=2.5) == "steps 2.5: is a whole number; for example 7"
assert refused(seed="7") == "seed '7': is a whole number; for example 7"
assert refused(seed=True).startswith("seed True: is a whole number")
assert refused(fps=8.0).startswith("fps 8.0: is a whole number")
assert refused(seconds="4") == "seconds '4': is a number; for example 4 or 4.5"
assert refused(seconds=10**400) == "seconds 1" + 36 * "0" + "...: is a number; for example 4 or 4.5"
assert refused(guidance=[4]).startswith("guidance [4]: is a number")
for size in ([64, 64], (64, 64, 3), (64.0, 64.0), 64, ()):
    assert refused(size=size).startswith(f"size {size}: is WIDTHxHEIGHT or the tuple (height, width)")
try:
    Remix(video="a.mp4", prompt="a ball", strength="0.5")
except InvalidRequest as error:
    assert str(error).startswith("strength '0.5': is a number")

given = {"seconds": np.float32(1.5), "steps": np.int32(2), "seed": np.uint64(7), "guidance": np.float32(2.5)}
given["fps"] = np.int16(8)
plan = LIMITS.plan(Shot("a ball", **given, shift=Fraction(5, 2), size=(np.int64(64), np.int64(96))))
written = json.dumps([plan.frames, plan.fps, plan.steps, plan.seed, plan.guidance, plan.shift])
assert written == "[12, 8, 2, 7, 2.5, 2.5]", written
assert (type(plan.guidance), type(LIMITS.plan(Shot("a ball", guidance=3)).guidance)) == (float, int)
assert "torch" not in sys.modules
"""


def test_values_of_another_kind_are_refused_and_numpys_numbers_are_taken():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
