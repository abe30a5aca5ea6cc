"""The systemd unit: systemd reads it without a complaint, and it agrees with the configuration beside it."""
import configparser
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from agreement import ENDING_SECONDS
from manifests import DEPLOY, MASS

# On systemd's scale from 0 to 10.
MOST_EXPOSED = 1.5


def unit(text: str) -> dict:
    """Sections of a unit, each key with the list of its values."""
    sections, section = {}, None
    for line in text.splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(found[1], {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def analyze(*arguments, text: str) -> subprocess.CompletedProcess:
    """What systemd says of a unit, with the program where the tests have it."""
    with tempfile.TemporaryDirectory(prefix="mass-unit-") as folder:
        file = pathlib.Path(folder) / "mass.service"
        file.write_text(text.replace("/usr/local/bin/mass", str(pathlib.Path(MASS).resolve())))
        return subprocess.run(
            ["systemd-analyze", *arguments, str(file)], capture_output=True, text=True, timeout=60,
            env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"})


class Unit(unittest.TestCase):
    def setUp(self):
        self.text = (DEPLOY / "mass.service").read_text()
        self.service = unit(self.text)["Service"]
        self.configuration = json.loads((DEPLOY / "server.json").read_text())

    def test_it_starts_checks_reloads_and_ends_the_server(self):
        command = "/usr/local/bin/mass serve --config /etc/mass/server.json"
        check = command.replace(" serve ", " serve --check ")
        self.assertEqual(self.service["ExecStart"], [command])
        self.assertEqual(self.service["ExecStartPre"], [check])
        self.assertEqual(self.service["ExecReload"], [check, "/bin/kill -HUP $MAINPID"])
        self.assertEqual(self.service["KillSignal"], ["SIGTERM"])
        stop = int(self.service["TimeoutStopSec"][0])
        self.assertGreater(stop, self.configuration["drain_seconds"] + ENDING_SECONDS)

    def test_it_is_hardened(self):
        for key, value in {
            "DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
            "PrivateTmp": "yes", "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictNamespaces": "yes",
        }.items():
            self.assertEqual(self.service[key], [value], key)
        # Kernels are generated at run time: with this they could not run.
        self.assertNotIn("MemoryDenyWriteExecute", self.service)

    def test_what_the_configuration_writes_lies_in_its_folders(self):
        state, cache = (f"/var/{kind}/{self.service[key][0]}" for kind, key in
                        (("lib", "StateDirectory"), ("cache", "CacheDirectory")))
        for member in ("repository", "access", "audit_log"):
            self.assertTrue(pathlib.PurePath(self.configuration[member]).is_relative_to(state), member)
        self.assertTrue(pathlib.PurePath(self.configuration["plan_cache"]).is_relative_to(cache))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd here")
    def test_systemd_accepts_it(self):
        ran = analyze("verify", "--man=no", text=self.text)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        for line, other, said in (
            ("ProtectSystem=strict", "ProtectSystems=strict", "'ProtectSystems'"),
            ("Restart=on-failure", "Restart=sometimes", "Failed to parse"),
            ("/usr/local/bin/mass serve --config", "/usr/local/bin/nothing serve --config", "not executable"),
        ):
            self.assertIn(line, self.text)
            self.assertIn(said, analyze("verify", "--man=no", text=self.text.replace(line, other)).stderr)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd here")
    def test_it_exposes_little(self):
        arguments = ["security", "--offline=true", f"--threshold={int(MOST_EXPOSED * 10)}", "--no-pager"]
        ran = analyze(*arguments, text=self.text)
        self.assertEqual(ran.returncode, 0, ran.stdout[-300:])
        exposed = self.text.replace("DynamicUser=yes\nUser=mass\n", "").replace("ProtectSystem=strict\n", "")
        ran = analyze(*arguments, text=exposed)
        self.assertNotEqual(ran.returncode, 0, ran.stdout[-300:])


if __name__ == "__main__":
    unittest.main()
