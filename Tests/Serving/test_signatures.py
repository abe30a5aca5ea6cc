"""Signed models: `mass sign`, its check, and servers that load what is signed and nothing else."""
import contextlib
import hashlib
import json
import pathlib
import struct
import subprocess
import tempfile
import unittest

import numpy as np
import onnx

import make_models
from certificates import openssl
from harness import MASS, serving
from tensors import one

COMMAND_SECONDS = 120


def mass(*arguments):
    return subprocess.run([MASS, *map(str, arguments)], capture_output=True, text=True, timeout=COMMAND_SECONDS)


def message(signature):
    """The bytes that are signed, as the documentation has it."""
    def text(value):
        return struct.pack(">I", len(value.encode())) + value.encode()

    data = b"mass-signature-v1\0" + text(signature.get("model", "")) + struct.pack(">I", len(signature["files"]))
    for file in signature["files"]:
        data += text(file["name"]) + struct.pack(">Q", file["size"]) + bytes.fromhex(file["sha256"])
    return data


def write_external(folder):
    """A model whose weights are in a file of their own; gives the paths of both."""
    weights = np.arange(32, dtype=np.float32).reshape(8, 4)
    made = make_models.model(
        [make_models.node("MatMul", ["x", "w"], ["y"])], [("x", make_models.FLOAT, ["N", 8])],
        [("y", make_models.FLOAT, ["N", 4])], [("w", weights)])
    onnx.save(made, folder / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    return folder / "model.onnx", folder / "weights.bin"


class SigningCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for name in ("release", "other"):
            ran = mass("sign", "--new-key", cls.keys / name)
            assert ran.returncode == 0, ran.stderr
        cls.key, cls.public = cls.keys / "release.pem", cls.keys / "release.pub.pem"

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def succeed(self, *arguments):
        ran = mass(*arguments)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        return ran.stdout

    def refuse(self, pattern, *arguments, status=1):
        ran = mass(*arguments)
        self.assertEqual((ran.returncode, ran.stdout), (status, ""), ran.stderr)
        self.assertRegex(ran.stderr, pattern)

    def sign(self, *arguments, key=None):
        return json.loads(self.succeed("sign", *arguments, "--key", key or self.key, "--json"))


class Commands(SigningCase):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "scale.onnx"
        onnx.save(make_models.scale(2.0), self.model)
        self.signature = self.folder / "scale.onnx.sig"

    def verify(self, *arguments, signer=None):
        return self.succeed("verify-signature", self.model, "--signer", signer or self.public, *arguments)

    def test_keys(self):
        self.assertEqual(self.key.stat().st_mode & 0o777, 0o600)
        self.assertIn("ED25519 Private-Key", openssl("pkey", "-in", self.key, "-noout", "-text"))
        command = ["openssl", "pkey", "-pubin", "-in", self.public, "-outform", "DER"]
        der = subprocess.run(command, capture_output=True, check=True).stdout
        identity = hashlib.sha256(der[-32:]).hexdigest()[:16]
        self.assertEqual(self.sign(self.model)["key"], identity)
        self.assertIn(identity, self.verify())
        self.refuse("release.pem.*exists", "sign", "--new-key", self.keys / "release")

    def test_the_signature(self):
        """OpenSSL finds it right for the bytes that the documentation says are signed."""
        signature = self.sign(self.model, "--model", "scale")
        self.assertEqual(signature, json.loads(self.signature.read_text()))
        data = self.model.read_bytes()
        self.assertEqual(
            signature["files"], [{"name": "", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}])
        text, sum = self.folder / "message", self.folder / "sum"
        text.write_bytes(message(signature))
        sum.write_bytes(bytes.fromhex(signature["signature"]))
        openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", self.public, "-in", text, "-sigfile", sum)

    def test_a_key_of_openssl(self):
        key, public = self.folder / "k.pem", self.folder / "k.pub"
        openssl("genpkey", "-algorithm", "ed25519", "-out", key)
        openssl("pkey", "-in", key, "-pubout", "-out", public)
        self.sign(self.model, key=key)
        self.verify(signer=public)
        self.refuse("not accepted", "verify-signature", self.model, "--signer", self.public)
        self.verify("--signer", public)

    def test_keys_of_no_use(self):
        rsa, locked, text = self.folder / "rsa.pem", self.folder / "locked.pem", self.folder / "text.pem"
        openssl("genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:1024", "-out", rsa)
        openssl("pkey", "-in", self.key, "-aes256", "-passout", "pass:secret", "-out", locked)
        text.write_text("no key\n")
        for key, pattern in (
            (rsa, "Ed25519"), (locked, "not encrypted"), (text, "PEM"), (self.public, "private"),
            ("/nowhere", "nowhere"),
        ):
            with self.subTest(key):
                self.refuse(pattern, "sign", self.model, "--key", key)
                self.assertFalse(self.signature.exists())
        self.sign(self.model)
        self.refuse("public key", "verify-signature", self.model, "--signer", self.key)

    def test_what_was_changed(self):
        self.sign(self.model, "--model", "scale")
        text, data = self.signature.read_text(), self.model.read_bytes()
        other = ("verify-signature", self.model, "--signer", self.public, "--model", "else")
        self.refuse("for model 'scale', not for 'else'", *other)
        self.verify("--model", "scale")
        value = json.loads(text)
        other = json.loads(json.dumps(value))
        other["files"][0]["sha256"] = "0" * 64
        flipped = value | {"signature": ("0" if value["signature"][0] != "0" else "1") + value["signature"][1:]}
        for what, content, pattern in (
            ("another digest", other, "no signature by"),
            ("another signature", flipped, "no signature by"),
            ("another model", value | {"model": "else"}, "no signature by"),
            ("another key", value | {"key": "0" * 16}, "not accepted"),
            ("another algorithm", value | {"algorithm": "rsa"}, "ed25519"),
            ("a short signature", value | {"signature": "00"}, "128"),
            ("no files", value | {"files": []}, "files"),
            ("a further member", value | {"extra": 1}, "extra"),
            ("a path", value | {"files": value["files"] + [{"name": "../x", "size": 0, "sha256": "0" * 64}]}, "files"),
            ("a list", [], "object"),
        ):
            with self.subTest(what):
                self.signature.write_text(json.dumps(content))
                self.refuse(pattern, "verify-signature", self.model, "--signer", self.public)
        for what, content in (
            ("nothing", b""), ("no text", b"\xff" * 50), ("depth", b"[" * 5000), ("much", b" " * (2 << 20))):
            with self.subTest(what):
                self.signature.write_bytes(content)
                self.refuse("scale.onnx.sig", "verify-signature", self.model, "--signer", self.public)
        self.signature.write_text(text)
        self.verify()
        for place in (0, len(data) // 2, len(data) - 1):
            changed = bytearray(data)
            changed[place] ^= 1
            self.model.write_bytes(changed)
            self.refuse("SHA-256", "verify-signature", self.model, "--signer", self.public)
        self.model.write_bytes(data + b"x")
        self.refuse("bytes", "verify-signature", self.model, "--signer", self.public)
        self.model.write_bytes(data)
        self.verify()
        self.signature.unlink()
        self.refuse("not signed", "verify-signature", self.model, "--signer", self.public)

    def test_external_data(self):
        model, weights = write_external(self.folder)
        self.refuse("external data", "sign", model, "--key", self.key)
        signature = self.sign(model, weights)
        self.assertEqual([file["name"] for file in signature["files"]], ["", "weights.bin"])
        self.succeed("verify-signature", model, "--signer", self.public)
        weights.write_bytes(bytes(128))
        self.refuse("weights.bin.*SHA-256", "verify-signature", model, "--signer", self.public)
        elsewhere = self.keys / "elsewhere.bin"
        elsewhere.write_bytes(b"x")
        self.refuse("beside", "sign", model, elsewhere, "--key", self.key)


class Serving(SigningCase):
    """Servers that are given the key `release`."""

    @contextlib.contextmanager
    def server(self, *names):
        with serving(names, "--signer", self.public, "--watch", 1) as server:
            yield server

    def put(self, server, name, version, factor, *signed, key=None):
        """A version of a model; signed with these words unless there are none."""
        place = server.repository / name / str(version)
        place.mkdir(parents=True)
        path = place / "model.onnx"
        onnx.save(make_models.scale(factor), path)
        if signed:
            self.sign(path, *signed[1:], key=key)
        return path

    def load(self, server, name):
        return server.post(f"/v2/repository/models/{name}/load", {}, timeout=60)

    def reasons(self, server, name):
        entries = [entry for entry in server.post("/v2/repository/index").json() if entry["name"] == name]
        return {entry["version"]: (entry["state"], entry.get("reason", "")) for entry in entries}

    def answer(self, server, name):
        answer = server.infer(name, one(2.0), timeout=30)
        return answer.outputs()["y"].tolist() if answer.status == 200 else answer.status

    def test_who_is_served(self):
        with self.server("scale") as server:
            self.assertRegex(self.reasons(server, "scale")["1"][1], "model.onnx: not signed.*mass sign")
            for what, signed, key, pattern in (
                ("strange", (True,), self.keys / "other.pem", "not accepted"),
                ("elsewhere", (True, "--model", "scale"), None, "for model 'scale', not for 'elsewhere'"),
            ):
                with self.subTest(what):
                    self.put(server, what, 1, 3.0, *signed, key=key)
                    answer = self.load(server, what)
                    self.assertEqual(answer.status, 403, answer)
                    self.assertRegex(answer.error(), pattern)
            self.put(server, "good", 1, 3.0, True, "--model", "good")
            self.assertEqual(self.load(server, "good").status, 200)
            self.assertEqual(self.answer(server, "good"), [[6]])
            # A further version that is not signed changes nothing.
            path = self.put(server, "good", 2, 5.0)
            self.assertEqual(self.load(server, "good").status, 403)
            self.assertEqual(self.answer(server, "good"), [[6]])
            self.assertRegex(self.reasons(server, "good")["2"][1], "not signed")
            self.sign(path)
            self.assertEqual(self.load(server, "good").status, 200)
            self.assertEqual(self.answer(server, "good"), [[10]])

    def test_what_lies_beside(self):
        """External data is signed too, and nothing that is not can be read."""
        with self.server() as server:
            place = server.repository / "external" / "1"
            place.mkdir(parents=True)
            model, weights = write_external(place)
            self.sign(model, weights)
            (place / "labels.txt").write_text("a\n")
            self.assertEqual(self.load(server, "external").status, 200)
            (place / "more.bin").write_bytes(b"x")
            answer = self.load(server, "external")
            self.assertEqual(answer.status, 403)
            self.assertRegex(answer.error(), "more.bin: not signed")
            (place / "more.bin").unlink()
            good = weights.read_bytes()
            weights.write_bytes(bytes(len(good)))
            answer = self.load(server, "external")
            self.assertRegex(answer.error(), "weights.bin.*SHA-256")
            weights.write_bytes(good)
            self.assertEqual(self.load(server, "external").status, 200)

    def test_publishing(self):
        """The signature goes along, whatever the file is called; what has none is refused before anybody sees it."""
        path = self.folder / "new.onnx"
        onnx.save(make_models.scale(4.0), path)
        with self.server() as server:
            url = f"http://{server.http}"
            self.refuse("not signed", "model", "publish", "new", path, "--server", url)
            self.assertEqual(self.reasons(server, "new"), {})
            self.sign(path)
            self.succeed("model", "publish", "new", path, "--activate", "--server", url)
            self.assertEqual(self.answer(server, "new"), [[8]])
            self.assertTrue((server.repository / "new/1/model.onnx.sig").exists())
            files = (path, f"{path}.sig")
            self.succeed("model", "publish", "new", *files, "--activate", "--repository", server.repository)
            self.assertTrue((server.repository / "new/2/model.onnx.sig").exists())

    def test_plans(self):
        source, plan = self.folder / "scale.onnx", self.folder / "scale.plan"
        onnx.save(make_models.scale(2.0), source)
        self.succeed("compile", source, "-o", plan, "--quiet")
        self.sign(plan)
        with self.server() as server:
            place = server.repository / "planned" / "1"
            place.mkdir(parents=True)
            (place / "model.plan").write_bytes(plan.read_bytes())
            (place / "notes.txt").write_text("A plan is one file.")
            self.assertEqual(self.load(server, "planned").status, 403)
            (place / "model.plan.sig").write_bytes((self.folder / "scale.plan.sig").read_bytes())
            self.assertEqual(self.load(server, "planned").status, 200)
            self.assertEqual(self.answer(server, "planned"), [[4]])

    def test_keys_of_no_use(self):
        for path in (self.key, "/nowhere.pem"):
            self.refuse(
                str(path), "serve", "--repository", self.folder, "--http-port", 0, "--grpc-port", 0, "--signer", path)


if __name__ == "__main__":
    unittest.main()
