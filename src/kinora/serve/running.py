"""A server and its workers, from the first step to the last: what `kinora serve` and `kinora worker` do.

Told to stop, the server takes no more requests, lets answers under way end, then running jobs for `drain` seconds; what
is not done by then waits for whoever starts next.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from kinora.errors import Unavailable
from kinora.safety.people import can_tell
from kinora.safety.provenance import check_signing
from kinora.serve.settings import Settings
from kinora.serve.work.crew import Crew, Processes
from kinora.serve.work.desk import Desk, StoreDesk, open_desk
from kinora.serve.work.keeper import Keeper
from kinora.serve.work.supervisor import Supervisor

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until told to stop. Raises errors.KinoraError when something can't be opened."""
    from kinora.serve.app import create_app
    from kinora.serve.guarding import server
    from kinora.serve.logs import configure

    check_address(settings.host, settings.port)
    desk = open_desk(settings)
    desk.assets.check()
    configure()
    open_files()
    app = create_app(settings)
    with kept(desk), supervised(desk, crew(settings), settings) as supervisor:
        app.state.health.checks["workers"] = supervisor.fault
        server(app, settings).run()


def work(settings: Settings, *, url: str = "", key: str = "") -> None:
    """Run workers only, for the store of `settings` or for the server at `url`, until told to stop."""
    from kinora.serve.logs import configure

    configure()
    desk: Desk
    if url:
        from kinora.serve.work.remote import ServerDesk

        desk = ServerDesk(url, key)
        desk.check()
    else:
        desk = open_desk(settings)
        desk.store.database.upgrade()
        desk.assets.check()
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with supervised(desk, crew(settings, url=url, key=key), settings):
            stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_address(host: str, port: int) -> None:
    """Raise Unavailable where nobody can listen, or somebody does: else workers would begin jobs before it is seen."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn, after a restart
                probe.bind(address)
    except OSError as error:
        rule = f"can't be listened on ({(error.strerror or str(error)).lower()})"
        raise Unavailable(f"{host}:{port}", rule=rule, remedy="choose another --port or --host") from error


def open_files() -> None:
    """Let this process and its workers have as many files open as the system lets them: each connection is one."""
    if sys.platform == "win32":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def crew(settings: Settings, *, url: str = "", key: str = "") -> Crew:
    """Where workers come from: processes of this machine, or a Ray cluster.

    Raises Unavailable where files couldn't be signed.
    """
    if settings.ray:
        from kinora.serve.work.ray import Actors

        return Actors(settings)
    check_signing(settings.storage)  # else every job would fail at its end
    return Processes(settings, server=url, key=key)


def lacking(settings: Settings) -> list[str]:
    """What this server can't do for want of something optional, to be said when it starts."""
    if settings.keys and not can_tell():
        return ["NudeNet is not installed, so every role may upload people (pip install 'kinora[nudenet]')"]
    return []


@contextmanager
def supervised(desk: Desk, crew: Crew, settings: Settings) -> Iterator[Supervisor]:
    """Workers for as long as the block runs; afterwards running jobs have `drain` seconds."""
    supervisor = Supervisor(desk, crew, settings)
    supervisor.start()
    try:
        yield supervisor
    finally:
        log.info("draining", extra={"told": {"seconds": settings.drain}})
        supervisor.stop(settings.drain)


@contextmanager
def kept(desk: StoreDesk) -> Iterator[Keeper]:
    """The store in order for as long as the block runs."""
    keeper = Keeper(desk.store, desk.assets)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()
        desk.store.database.close()
