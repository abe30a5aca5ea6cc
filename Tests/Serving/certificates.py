"""Makes authorities and certificates with the command line of OpenSSL."""
import pathlib
import subprocess

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = {folder}/index.txt
new_certs_dir = {folder}
default_md = sha256
rand_serial = yes
policy = policy
[policy]
commonName = supplied
"""
NAMES = "DNS:localhost,IP:127.0.0.1"


def openssl(*arguments):
    ran = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


class Authority:
    """A certificate that vouches for others; `path` is its PEM file."""

    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder)
        self.configuration = self.folder / "openssl.cnf"
        self.configuration.write_text(CONFIGURATION.format(folder=self.folder))
        (self.folder / "index.txt").touch()
        self.path, self.key = self._make(
            name, ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"), ())

    def issue(self, name, names=NAMES):
        """A new certificate of this name: the paths of it and of its key."""
        return self._make(
            name, ("basicConstraints=critical,CA:FALSE", f"subjectAltName={names}"),
            ("-CA", self.path, "-CAkey", self.key))

    def issue_expired(self, name):
        """As `issue`, valid for a day long ago."""
        certificate, key, request = (self.folder / f"{name}.{suffix}" for suffix in ("pem", "key", "csr"))
        openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            request, "-subj", f"/CN={name}", "-config", self.configuration)
        openssl(
            "ca", "-batch", "-notext", "-config", self.configuration, "-cert", self.path, "-keyfile", self.key, "-in",
            request, "-out", certificate, "-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
        return certificate, key

    def _make(self, name, extensions, issuer):
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        words = [word for extension in extensions for word in ("-addext", extension)]
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            certificate, "-days", 2, "-subj", f"/CN={name}", "-config", self.configuration, *words, *issuer)
        return certificate, key


def serial(path):
    """The number of a certificate, as an integer."""
    return int(openssl("x509", "-in", path, "-noout", "-serial").strip().split("=")[1], 16)
