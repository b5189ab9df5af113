"""What stands between the network and the routes.

    guarding.install(app, settings, store)          # once every route is there
    server = guarding.server(app, settings)         # a uvicorn server with our patience; server.run()

From the outside in: `protocol` (what uvicorn reads off the wire), `repeats` (the same poll again), `requests` (ids,
log, headers, no traces), `doors` (draining), the gate (keys; access/gate.py), `polls` (the short way for status, over
`board`), `bodies` (sizes, pace, time-outs), the routes.
"""

from kinora.serve.guarding.bodies import Pace
from kinora.serve.guarding.install import install
from kinora.serve.guarding.serving import server

__all__ = ["Pace", "install", "server"]
