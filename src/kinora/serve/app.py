"""The server as one ASGI app: routes over the store, guarded on the way in.

    app = create_app(Settings())                # opens the store, creating or upgrading it
    guarding.server(app, settings).run()        # what `kinora serve` does, with workers beside it

Nothing is made here: workers take jobs from the same store, on this machine or another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from kinora import __version__
from kinora.safety.policy import Policy
from kinora.serve import errors, guarding, openapi
from kinora.serve.assets import AssetStore
from kinora.serve.ordering.reception import Reception
from kinora.serve.routes import (
    characters,
    content,
    images,
    models,
    moderations,
    provenance,
    videos,
    watching,
    webhooks,
    works,
)
from kinora.serve.routes.parts import known_query
from kinora.serve.settings import Settings
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.webhooks.courier import Courier
from kinora.serve.webhooks.endpoints import Endpoints
from kinora.serve.webhooks.outbox import Outbox
from kinora.serve.webhooks.sending import Sender
from kinora.serve.work import door

ROUTERS = (
    # Fixed names before /v1/videos/{video_id}, which would take them for ids.
    characters.router,
    works.router,
    videos.router,
    content.router,
    watching.router,
    images.router,
    models.router,
    moderations.router,
    provenance.router,
    webhooks.router,
    door.router,
)


def create_app(settings: Settings) -> FastAPI:
    """Open the store and the files of `settings`, and put the API over them.

    Raises errors.KinoraError when the store, the storage, a model or the policy can't be opened.
    """
    Policy.named(settings.policy)  # read here, so that it is not the first request that finds it missing
    database = Database(settings.database)
    database.upgrade()
    store, assets = JobStore(database, settings.rules), AssetStore(settings.storage)
    sender = Sender(private=not settings.keys)

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        courier = Courier(Outbox(store), sender)
        courier.start()
        try:
            yield
        finally:
            courier.close()
            app.state.reception.close()
            database.close()

    app = FastAPI(
        title="Kinora",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind TLS it would send clients, and their keys, to http
        lifespan=living,
        dependencies=[Depends(known_query)],
    )
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    guarding.install(app, settings, store)
    app.state.settings, app.state.store, app.state.assets = settings, store, assets
    app.state.reception = Reception(settings, store, assets, app.state.access)
    app.state.endpoints, app.state.sender = Endpoints(database), sender
    openapi.install(app, keys=settings.keys)
    return app
