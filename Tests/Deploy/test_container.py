"""The container file: a linter reads it without a complaint, and the image has what the program needs, no more."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from manifests import DEPLOY, MASS, ROOT, Manifests

FILE = DEPLOY / "Containerfile"
# In every image of Debian, or brought by another package that is named.
GIVEN = {"libc6", "libgcc-s1"}
DEBIAN = pathlib.Path("/etc/os-release").exists() and "bookworm" in pathlib.Path("/etc/os-release").read_text()


def lint(text: str) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory(prefix="mass-container-") as folder:
        file = pathlib.Path(folder) / "Containerfile"
        file.write_text(text)
        linter = pathlib.Path(sys.executable).with_name("hadolint")
        return subprocess.run([linter, "--no-color", str(file)], capture_output=True, text=True, timeout=60)


def instructions(text: str) -> list:
    """Each instruction with its arguments on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines()]


def stages(text: str) -> list:
    found = []
    for name, rest in instructions(text):
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def packages(stage: list) -> set:
    found = set()
    for name, rest in stage:
        for command in re.findall(r"apt-get install ([^&|;]*)", rest if name == "RUN" else ""):
            found |= {word for word in command.split() if not word.startswith("-")}
    return found


class Containerfile(unittest.TestCase):
    def setUp(self):
        self.text = FILE.read_text()
        self.build, self.run = stages(self.text)

    def test_the_linter_accepts_it(self):
        ran = lint(self.text)
        self.assertEqual((ran.returncode, ran.stdout), (0, ""))
        for line, other, rule in (
            ("debian:12-slim", "debian", "DL3006"),
            ("--no-install-recommends ", "", "DL3015"),
            ('ENTRYPOINT ["/usr/local/bin/mass"]', "ENTRYPOINT /usr/local/bin/mass", "DL3025"),
            ("COPY --from=build", "COPI --from=build", "unexpected"),
        ):
            self.assertIn(line, self.text)
            ran = lint(self.text.replace(line, other))
            self.assertIn(rule, ran.stdout + ran.stderr)
            self.assertNotEqual(ran.returncode, 0)

    def test_it_builds_as_people_do_and_runs_as_nobody(self):
        self.assertEqual(self.build[0][1], "swift:6.3-bookworm AS build")
        self.assertEqual(self.run[0][1], "debian:12-slim")
        instructions = dict(self.run)
        self.assertEqual(instructions["ENTRYPOINT"], '["/usr/local/bin/mass"]')
        user = int(instructions["USER"].partition(":")[0])
        self.assertEqual(user, Manifests().pod["securityContext"]["runAsUser"])
        ports = [str(port["containerPort"]) for port in Manifests().container["ports"]]
        self.assertEqual(instructions["EXPOSE"].split(), ports)
        self.assertEqual(instructions["STOPSIGNAL"], "SIGTERM")
        self.assertEqual(instructions["ENV"], "XDG_CACHE_HOME=/var/cache")

    def test_what_it_copies_exists_and_is_not_ignored(self):
        ignored = [line for line in FILE.with_name("Containerfile.dockerignore").read_text().splitlines()
                   if line and not line.startswith("#")]
        for name in ("Package.swift", "Package.resolved", "Makefile", "Sources", "scripts/setup", "models"):
            self.assertTrue((ROOT / name).exists(), name)
            self.assertFalse(any(pathlib.PurePath(name).match(pattern) for pattern in ignored), name)
        for name, rest in self.build:
            if name == "COPY":
                self.assertTrue((ROOT / rest.split()[0]).exists(), rest)
        manifest = (ROOT / "Package.swift").read_text()
        for pattern in ignored:
            self.assertNotIn(f'path: "{pattern}', manifest)

    @unittest.skipUnless(DEBIAN and shutil.which("readelf"), "not Debian 12")
    def test_the_image_has_the_libraries_that_the_program_links_to(self):
        dynamic = subprocess.run(["readelf", "-d", MASS], capture_output=True, text=True, check=True).stdout
        if "libswift" in dynamic:
            self.skipTest("a program for debugging links to the toolchain")
        needed = set()
        for library in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
            needed |= self.owner(library)
        self.assertEqual(needed - GIVEN, packages(self.run))

    def owner(self, library: str) -> set:
        """The package of a library; alternatives are followed to the one in use."""
        found = subprocess.run(["ldd", MASS], capture_output=True, text=True, check=True).stdout
        path = re.search(rf"^\s*{re.escape(library)} => (\S+)", found, re.MULTILINE)
        if path is None:  # the dynamic linker
            return set()
        real = pathlib.Path(path[1]).resolve()
        for name in (real, str(real).removeprefix("/usr"), f"*/{library}"):
            ran = subprocess.run(["dpkg", "-S", str(name)], capture_output=True, text=True)
            if ran.returncode == 0:
                return {ran.stdout.split(":")[0]}
        self.fail(f"no package has {real}")

    @unittest.skipUnless(shutil.which("apt-cache"), "there is no apt here")
    def test_every_package_exists(self):
        names = packages(self.run)
        self.assertGreater(len(names), 5)
        ran = subprocess.run(["apt-cache", "show", "--no-all-versions", *names], capture_output=True, text=True)
        if not ran.stdout:
            self.skipTest("there are no package lists here")
        self.assertEqual(set(re.findall(r"^Package: (\S+)", ran.stdout, re.MULTILINE)), names, ran.stderr)


if __name__ == "__main__":
    unittest.main()
