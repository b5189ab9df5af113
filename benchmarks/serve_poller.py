"""Asks the same again and again at a steady rate, for little processor time: a part of `serve_polling.py`.

    python benchmarks/serve_poller.py PORT RATE CONNECTIONS     < a pipe: a line of paths, and its end when it is over

The connections take turns, and share the paths. A question that is due while the one before on its connection is
unanswered waits for it, and this counts. Prints JSON: how long answers took from when they were due (seconds), how many
were not 200, and the processor time that the asking took.
"""

import json
import select
import socket
import sys
import time
from collections import deque

STEP = 0.001
"""Seconds: the least that epoll waits."""


class Line:
    """One connection: the times at which questions were due on it, and what has come of the answer to the first."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer any\r\n\r\n".encode()
        self.due: deque[float] = deque()
        self.got = b""

    def ask(self) -> None:
        """Send the question: shorter than any socket's buffer, so it goes at once."""
        self.got = b""
        self.socket.send(self.request)

    def hear(self) -> bool:
        """Whether the answer is here, by the length that it says it has."""
        self.got += self.socket.recv(65536)
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found:
            return False
        at = head.index(b"content-length: ") + 16
        return len(body) >= int(head[at : at + 10].partition(b"\r")[0])


def polled(lines: list[Line], rate: float) -> tuple[list[float], int]:
    """Ask until the input is closed; how long each answer took, and how many were errors."""
    waits: list[float] = []
    failed = turn = waiting = 0
    over, begun, clock = False, time.perf_counter(), time.perf_counter
    by_number = {line.socket.fileno(): line for line in lines}
    watched = select.epoll()
    for number in (*by_number, sys.stdin.fileno()):
        watched.register(number, select.EPOLLIN)
    while waiting or not over:
        while not over and (due := begun + turn / rate) <= clock():
            line = lines[turn % len(lines)]
            line.due.append(due)
            if len(line.due) == 1:
                line.ask()
            turn, waiting = turn + 1, waiting + 1
        for number, _ in watched.poll(max(STEP, due - clock())):
            if number not in by_number:
                over = True
                watched.unregister(number)
            elif (line := by_number[number]).hear():
                waits.append(clock() - line.due.popleft())
                failed += not line.got.startswith(b"HTTP/1.1 200")
                waiting -= 1
                if line.due:
                    line.ask()
    return waits, failed


def main() -> None:
    """Wait for the paths, open the connections, poll, and tell."""
    port, rate, count = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    paths = sys.stdin.readline().split()
    lines = [Line(port, paths[index % len(paths)]) for index in range(count)]
    before = time.process_time()
    waits, failed = polled(lines, rate)
    print(json.dumps({"waits": waits, "failed": failed, "processor": time.process_time() - before}))


if __name__ == "__main__":
    main()
