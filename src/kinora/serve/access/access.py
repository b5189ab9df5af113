"""Everything about accounts of one server, in `app.state.access`."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from kinora.safety.policy import Verdict
from kinora.serve.access.audit import Audit
from kinora.serve.access.caller import Caller
from kinora.serve.access.cases import Cases
from kinora.serve.access.keys import Keys
from kinora.serve.access.quotas import Quotas
from kinora.serve.store.jobs import JobStore


class Access:
    """Keys, quotas, the audit log and the cases of a store.

    access = access_of(request)
    await access.note(request, "videos.create", prompt=asked.prompt, verdict=verdict, subject=job.id)
    store.add(new, check=access.quotas.check(caller, seconds=4))
    """

    def __init__(self, store: JobStore, *, keep_prompts: bool = False) -> None:
        self.store, database = store, store.database
        self.keys = Keys(database)
        self.quotas = Quotas(database)
        self.audit = Audit(database, keep_prompts=keep_prompts)
        self.cases = Cases(database)

    async def note(
        self,
        request: Request,
        action: str,
        *,
        prompt: str | None = None,
        verdict: Verdict | None = None,
        subject: str | None = None,
        **details: object,
    ) -> None:
        """Add to the audit log what this request asked and what was said to it; `details` are plain JSON."""
        state, asking = request.state, request.state.caller
        assert isinstance(asking, Caller)

        def write() -> None:
            self.audit.record(
                asking, state.request_id, action, prompt=prompt, verdict=verdict, subject=subject, details=details
            )

        await run_in_threadpool(write)


def access_of(request: Request) -> Access:
    """The server's `Access`; fit for `Depends`."""
    found: Access = request.app.state.access
    return found
