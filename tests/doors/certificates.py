"""Certificates by openssl: an authority, and leaves of it for this machine and for clients."""

import subprocess
from pathlib import Path

EXTENSIONS = "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n"
AUTHORITY = """[ca]
default_ca = it
[it]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.pem, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        (self.folder / "index").touch()
        (self.folder / "extensions").write_text(EXTENSIONS)
        (self.folder / "ca.conf").write_text(AUTHORITY.format(folder=self.folder))
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-days", "3", "-keyout", self.key, "-out", self.pem)

    def leaf(self, name, begins=None, ends=None):
        """The paths of a certificate and its key; by default it is valid now."""
        cert, key, request = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        dates = ["-startdate", begins, "-enddate", ends] if ends else ["-days", "2"]
        openssl("ca", "-config", self.folder / "ca.conf", "-batch", "-notext", "-in", request, "-out", cert, "-cert", self.pem,
                "-keyfile", self.key, "-extfile", self.folder / "extensions", *dates)
        return cert, key
