#!/usr/bin/env python3
"""Uses `mass key`, `mass tenant` and `mass audit` as operators would.

    python3 Tests/CLI/test_access.py [MASS]      by default .build/release/mass
"""
import concurrent.futures
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MASS = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / ".build/release/mass").resolve())
KEY = re.compile(r"^mass_([a-z0-9]{12})_([A-Za-z0-9]{43})\n$")
ZEROS = "0" * 64


def mass(*arguments, **environment):
    return subprocess.run(
        [MASS, *map(str, arguments)], capture_output=True, text=True, timeout=120, env={**os.environ, **environment})


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mass-access-"))
        self.access = self.folder / "access.json"
        self.addCleanup(shutil.rmtree, self.folder)

    def succeed(self, *arguments) -> str:
        ran = mass(*arguments)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def json(self, *arguments) -> dict:
        return json.loads(self.succeed(*arguments, "--json"))

    def fail(self, status: int, pattern: str, *arguments):
        ran = mass(*arguments)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        self.assertRegex(ran.stderr.splitlines()[0], "^mass: .*" + pattern)


class Keys(Commands):
    def key(self, verb, *arguments):
        return self.succeed("key", verb, *arguments, "--access", self.access)

    def listed(self) -> list:
        return self.json("key", "list", "--access", self.access)["keys"]

    def test_create_prints_the_key_alone_and_keeps_its_hash(self):
        ran = mass("key", "create", "--access", self.access, "--name", "ci", "--grant", "predictor:acme-*",
                   "--grant", "reader", "--rate", 100, "--expires", "90d")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertRegex(ran.stdout, KEY)
        id, secret = KEY.match(ran.stdout).groups()
        self.assertIn("predictor:acme-*,reader", ran.stderr)
        self.assertNotIn(secret, ran.stderr)
        self.assertEqual(stat.S_IMODE(self.access.stat().st_mode), 0o600)
        entry, = json.loads(self.access.read_text())["keys"]
        self.assertEqual(entry["sha256"], hashlib.sha256(b"mass-key-v1\0" + secret.encode()).hexdigest())
        self.assertEqual((entry["id"], entry["name"], entry["limit"]), (id, "ci", {"rate": 100.0, "burst": 100}))
        self.assertEqual(
            entry["grants"], [{"role": "predictor", "models": "acme-*"}, {"role": "reader", "models": "*"}])
        created, expires = (datetime.datetime.fromisoformat(entry[name].replace("Z", "+00:00"))
                            for name in ("created", "expires"))
        self.assertEqual(expires - created, datetime.timedelta(days=90))
        self.assertNotIn(secret, self.access.read_text() + self.key("list"))
        self.assertIn(id, self.key("list"))

    def test_json(self):
        made = self.json("key", "create", "--access", self.access, "--name", "ci", "--grant", "admin")
        self.assertRegex(made["key"] + "\n", KEY)
        listed, = self.listed()
        self.assertEqual(listed, {name: value for name, value in made.items() if name != "key"})
        self.assertEqual((listed["expires"], listed["expired"], listed["tenant"]), (None, False, None))

    def test_rotate_and_revoke(self):
        first = KEY.match(self.key("create", "--name", "ci", "--grant", "publisher", "--quiet"))[1]
        second = KEY.match(self.key("rotate", "ci", "--grace", "0s"))[1]
        self.assertEqual({key["id"]: key["expired"] for key in self.listed()}, {first: True, second: False})
        self.fail(1, "has expired", "key", "rotate", first, "--access", self.access)
        self.assertIn(first, self.key("revoke", "--expired"))
        third = KEY.match(self.key("rotate", second))[1]
        self.fail(1, "several keys are called 'ci'", "key", "rotate", "ci", "--access", self.access)
        self.assertEqual([key["id"] for key in self.listed()], [second, third])
        self.assertIn(second, self.key("revoke", second))
        self.assertIn(third, self.key("revoke", "ci"))
        self.assertEqual(self.key("list"), "no keys\n")
        self.fail(1, "no key has the id or name 'ci'", "key", "revoke", "ci", "--access", self.access)

    def test_tenants(self):
        self.fail(1, "no tenant 'acme'", "key", "create", "--access", self.access, "--name", "x", "--grant", "reader",
                  "--tenant", "acme")
        self.succeed("tenant", "set", "acme", "--models", "acme-*", "--models", "shared", "--rate", "0.5", "--burst",
                     7, "--quota", 1000, "--period", "1d", "--access", self.access)
        self.key("create", "--name", "x", "--grant", "admin", "--tenant", "acme")
        tenant, = self.json("tenant", "list", "--access", self.access)["tenants"]
        self.assertEqual(tenant, {
            "name": "acme", "models": ["acme-*", "shared"], "limit": {"rate": 0.5, "burst": 7},
            "quota": {"requests": 1000, "period_s": 86400}, "keys": 1})
        self.fail(1, "has keys; revoke them first", "tenant", "remove", "acme", "--access", self.access)
        self.key("revoke", "x")
        self.succeed("tenant", "remove", "acme", "--access", self.access)
        self.assertEqual(self.succeed("tenant", "list", "--access", self.access), "no tenants\n")

    def test_what_is_refused(self):
        create = ("key", "create", "--access", self.access, "--name", "ci")
        self.fail(64, "--grant", *create)
        self.fail(64, "root", *create, "--grant", "root")
        self.fail(64, r"reader:a/b", *create, "--grant", "reader:a/b")
        self.fail(64, "--expires", *create, "--grant", "reader", "--expires", "soon")
        self.fail(64, "--rate: expected", *create, "--grant", "reader", "--rate", "0")
        self.fail(64, "--burst: expected --rate", *create, "--grant", "reader", "--burst", "1")
        self.fail(1, "expired already", *create, "--grant", "reader", "--expires", "2001-01-01")
        self.assertFalse(self.access.exists())
        self.fail(64, "expected --access FILE, or MASS_ACCESS", "key", "list")
        self.fail(1, "access.json: No such file", "key", "list", "--access", self.access)
        self.assertEqual(mass("key", "create", "--name", "ci", "--grant", "reader", MASS_ACCESS=str(self.access)).returncode, 0)
        self.fail(1, "called 'ci' already", *create, "--grant", "reader")
        self.access.write_text('{"key": []}')
        self.fail(1, "access.json: unknown member 'key'; did you mean 'keys'", "key", "list", "--access", self.access)
        self.fail(1, "unknown member", *create, "--grant", "reader")
        self.assertEqual(self.access.read_text(), '{"key": []}')
        self.access.chmod(0o666)
        self.fail(1, "everybody may write it", "key", "list", "--access", self.access)

    def test_changes_of_many_processes_all_count(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda i: self.key("create", "--name", f"key {i}", "--grant", "reader"), range(24)))
        self.assertEqual({key["id"] for key in self.listed()}, {KEY.match(text)[1] for text in made})
        self.assertEqual(len(set(made)), 24)


def log(count: int) -> list:
    """The lines of a log, made as docs/security.md says."""
    lines, previous = [], ZEROS
    for seq in range(1, count + 1):
        members = {
            "seq": seq, "time": "2031-05-01T12:00:00.250Z", "actor": "ci (k1)", "action": "model.publish",
            "target": f"digits/{seq}", "outcome": "success", "detail": "", "previous": previous}
        body = json.dumps(members).encode()[:-1]
        previous = hashlib.sha256(b"mass-audit-v1\0" + body).hexdigest()
        lines.append(body + b',"hash":"' + previous.encode() + b'"}\n')
    return lines


class Audit(Commands):
    def setUp(self):
        super().setUp()
        self.log = self.folder / "audit.log"
        self.lines = log(5)
        self.log.write_bytes(b"".join(self.lines))
        self.hashes = [json.loads(line)["hash"] for line in self.lines]

    def test_verify(self):
        self.assertEqual(self.succeed("audit", "verify", self.log), f"{self.log}: 5 entries, head {self.hashes[-1]}\n")
        found = self.json("audit", "verify", self.log, "--head", self.hashes[2])
        self.assertEqual((found["ok"], found["entries"], found["noted_entry"], found["fault"]), (True, 5, 3, None))
        self.assertEqual(found["head"], self.hashes[-1])
        self.log.write_bytes(b"")
        self.assertEqual(self.json("audit", "verify", self.log)["head"], ZEROS)

    def test_what_was_done_to_it_shows(self):
        text = b"".join(self.lines)
        for i in range(0, len(text), 97):
            self.log.write_bytes(text[:i] + bytes([text[i] ^ 1]) + text[i + 1:])
            self.fail(1, r"audit\.log: line \d+: ", "audit", "verify", self.log)
        self.log.write_bytes(b"".join(self.lines[:2] + self.lines[3:]))
        self.fail(1, r"line 3: .* entries were changed, removed or moved; 2 entries before it verify", "audit",
                  "verify", self.log)
        ran = mass("audit", "verify", self.log, "--json")
        self.assertEqual((ran.returncode, json.loads(ran.stdout)["fault"]["line"]), (1, 3))
        self.log.write_bytes(b"".join(self.lines[:4]))
        self.succeed("audit", "verify", self.log)
        self.fail(1, "no entry has the hash of --head", "audit", "verify", self.log, "--head", self.hashes[4])
        self.fail(64, "--head: expected 64 digits", "audit", "verify", self.log, "--head", "abc")
        self.fail(1, "none.log: No such file", "audit", "verify", self.folder / "none.log")

    def test_show(self):
        self.assertEqual(len(self.succeed("audit", "show", self.log).splitlines()), 6)
        shown = self.json("audit", "show", self.log, "--last", 2)["entries"]
        self.assertEqual([entry["seq"] for entry in shown], [4, 5])
        self.assertEqual((shown[1]["hash"], shown[1]["peer"], shown[1]["target"]), (self.hashes[4], None, "digits/5"))
        self.assertEqual(self.json("audit", "show", self.log, "--actor", "nobody")["entries"], [])
        self.assertEqual(len(self.json("audit", "show", self.log, "--actor", "k1")["entries"]), 5)
        self.log.write_bytes(b"".join(self.lines[:3]) + b"rubbish\n")
        ran = mass("audit", "show", self.log)
        self.assertEqual((ran.returncode, len(ran.stdout.splitlines())), (1, 4))
        self.assertIn("line 4: not an entry", ran.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
