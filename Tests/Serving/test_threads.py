"""The threads of a server while they wait: which it keeps, and which of them sleep."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import tempfile
import time
import unittest

from harness import SLOW_SECONDS, Server, ServingCase, serving, write_models
from tensors import one
from wire import infer_path, request_bytes

THREADS = 2


def threads_of(server, model):
    """The threads of the model's instances and the workers that bear their names."""
    count = 0
    for file in pathlib.Path(f"/proc/{server.pid}/task").glob("*/comm"):
        with contextlib.suppress(OSError):
            count += re.fullmatch(rf"\d+ {model}/1\n", file.read_text()) is not None
    return count


class Teams(ServingCase):
    """The OpenMP workers of instances."""

    def start(self, instances):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mass-threads-")))
        write_models(folder / "models", ("slow",))
        (folder / "models/slow/model.json").write_text(json.dumps({"threads": THREADS, "instances": instances}))
        self.server = self.enterContext(Server(folder / "models", "--cache", folder / "plans"))

    def ask(self):
        self.succeed(self.server.infer("slow", one(), timeout=SLOW_SECONDS))

    def wait_for(self, count):
        end = time.monotonic() + 10
        while threads_of(self.server, "slow") != count and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(threads_of(self.server, "slow"), count)

    def test_instances_that_rest_together_give_their_workers_up(self):
        self.start(instances=2)
        for _ in range(3):
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda _: self.ask(), range(2)))
            # Whichever of the two is not woken for this one still rests.
            self.ask()
            self.wait_for(2)

    def test_an_idle_instance_gives_its_workers_up_and_gets_them_back(self):
        self.start(instances=1)
        self.wait_for(1)
        for _ in range(2):
            with self.server.connect(SLOW_SECONDS) as connection:
                connection.send(request_bytes("POST", infer_path("slow"), (), json.dumps(one()).encode()))
                self.wait_for(THREADS)
                self.succeed(connection.read("POST"))
            self.wait_for(1)


class Polling(unittest.TestCase):
    """Event loops that look for the next request before they sleep."""

    REQUESTS = 300

    def loops(self, microseconds):
        """Starts a server; gives it with the folders of its event loops' threads."""
        server = self.enterContext(serving(("scale",), "--busy-poll-us", microseconds, "--threads", 1))
        tasks = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
        return server, [task for task in tasks if (task / "comm").read_text().startswith("NIO-ELT")]

    def sleeps(self, loops):
        """How often the loops have gone to sleep."""
        texts = [(loop / "status").read_text() for loop in loops]
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1]) for text in texts)

    def processor_seconds(self, loops):
        fields = [(loop / "stat").read_text().rsplit(")", 1)[1].split() for loop in loops]
        return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")

    def sleeps_between_requests(self, server, loops):
        with server.connect() as connection:
            before = self.sleeps(loops)
            for i in range(self.REQUESTS):
                answer = connection.request("POST", infer_path("scale"), (), json.dumps(one(i)).encode())
                self.assertEqual(answer.outputs()["y"].tolist(), [[3 * i]])
            return self.sleeps(loops) - before

    def test_the_loop_of_a_busy_client_stays_awake(self):
        awake, asleep = self.loops(10_000), self.loops(0)
        sleeps = [[self.sleeps_between_requests(*loops) for loops in (awake, asleep)] for _ in range(2)]
        self.assertLess(2 * sum(first for first, _ in sleeps), sum(second for _, second in sleeps), sleeps)

    def test_an_idle_server_sleeps(self):
        server, loops = self.loops(10_000)
        self.sleeps_between_requests(server, loops)
        time.sleep(0.1)
        before = self.processor_seconds(loops)
        time.sleep(1)
        self.assertLess(self.processor_seconds(loops) - before, 0.1)

    def test_it_ends_when_it_does_not_pay(self):
        server, loops = self.loops(10_000)
        before = self.processor_seconds(loops)
        with server.connect() as connection:
            for _ in range(40):
                connection.request("GET", "/v2/health/live")
                time.sleep(0.03)
        # Polling after each of them would have taken 0.4 s, after one in 1, 2, 4 and so on it takes 0.06.
        self.assertLess(self.processor_seconds(loops) - before, 0.25)


if __name__ == "__main__":
    unittest.main()
