"""The verbs that start from pictures and clips, and what each does with its request."""

import sys
import time
from typing import TYPE_CHECKING

from kinora.cli.filming import free_name, progress, tell
from kinora.cli.options import ToldOfSources

if TYPE_CHECKING:
    from kinora.engine.edits import Edit, Options


def options(told: ToldOfSources) -> "Options":
    """What every verb may be told. Raises InvalidRequest."""
    from kinora.engine.edits import Options
    from kinora.media import check_fit

    return Options(size=told.pixels, fit=check_fit(told.fit), **told.sampling)


def perform(request: "Edit", told: ToldOfSources) -> None:
    """Make what is asked, into a file, and print its path; what was done to the sources goes to the error stream."""
    start = time.perf_counter()
    expander = told.expander
    from kinora.engine.edits.verbs import draft, make
    from kinora.engine.runtime import Runtime
    from kinora.safety.release import check_release

    ready = draft(request)  # all that can be refused is, before the model is loaded
    path = check_release(told.output or free_name(ready.plan.prompt or request.verb, ready.plan.seed))
    if not told.as_json:
        for line in ready.info["report"]:
            print(f"kinora: {line}", file=sys.stderr)
    with progress(quiet=told.as_json) as watch:
        runtime = Runtime(watch=watch, expander=expander, tier=told.tier)
        clip = make(ready, request.options.model, runtime, to=path)
    tell(clip, path, total=time.perf_counter() - start, as_json=told.as_json)
