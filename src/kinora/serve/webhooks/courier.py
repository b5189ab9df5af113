"""A thread of the server that sees to it that what is owed is delivered."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from kinora.errors import InvalidRequest
from kinora.serve.webhooks.outbox import Delivery, Outbox
from kinora.serve.webhooks.sending import Sender, Undelivered
from kinora.serve.webhooks.signing import signed

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at the store."""

AT_ONCE = 8
"""Deliveries under way at the same time: one slow endpoint must not hold up the others."""

TIDY = 3600.0


class Courier:
    """Collects, sends, and enters what came of it, until it is closed."""

    def __init__(self, outbox: Outbox, sender: Sender) -> None:
        self._outbox = outbox
        self._sender = sender
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kinora-courier", daemon=True)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kinora-delivery")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what is under way comes to its end."""
        self._closing.set()
        self._thread.join()
        self._pool.shutdown()

    def round(self) -> None:
        """Collect what has ended, and send what is due."""
        self._outbox.collect()
        list(self._pool.map(self._send, self._outbox.due()))

    def _run(self) -> None:
        tidied = time.monotonic()
        while not self._closing.wait(LOOK):
            try:
                self.round()
                if time.monotonic() - tidied > TIDY:
                    self._outbox.forget()
                    tidied = time.monotonic()
            except SQLAlchemyError as error:
                log.warning("the store did not answer the courier: %s", type(error).__name__)

    def _send(self, delivery: Delivery) -> None:
        headers = signed(delivery.event_id, int(time.time()), delivery.body, delivery.keys)
        status: int | None = None
        try:
            status = self._sender.post(delivery.url, delivery.body, headers)
        except (Undelivered, InvalidRequest) as error:
            log.info("attempt %d of %s failed: %s", delivery.attempt, delivery.event_id, error)
        self._outbox.sent(delivery, status)
