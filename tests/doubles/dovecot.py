"""A real IMAP server, Dovecot: the machine's own, or Debian's packages unpacked beside it and never installed."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.doubles.npm import free_port, wait_for

PACKAGES = (
    "dovecot-core",
    "dovecot-imapd",
    "libexttextcat-2.0-0",
    "libexttextcat-data",
    "liblua5.4-0",
    "libwrap0",
)
PASSWORD = "a long p\u00e4ssword"
USERS = tuple(f"bounces-{number}@acme.example" for number in range(50))
"""Each test takes one of its own."""


@dataclass(frozen=True)
class Dovecot:
    """A running server: its ports in the open and encrypted, the authority that vouches for it, its folders."""

    port: int
    tls_port: int
    authority: Path
    home: Path

    def maildir(self, user: str) -> Path:
        """Where a user's INBOX lies."""
        return self.home / user / "Maildir"

    def deliver(self, user: str, name: str, mail: str | bytes) -> None:
        """Puts a mail into an INBOX, as a mail server would."""
        raw = mail.encode() if isinstance(mail, str) else mail
        folder = self.maildir(user)
        for part in (self.home / user, folder, *(folder / part for part in ("cur", "new", "tmp"))):
            part.mkdir(parents=True, exist_ok=True)
            part.chmod(0o777)
        (folder / "tmp" / name).write_bytes(raw)
        (folder / "tmp" / name).chmod(0o666)
        (folder / "tmp" / name).rename(folder / "new" / name)


def program() -> list[str]:
    """How to start it; skips where it cannot be had."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which("dovecot", path=path)
    if found:
        return [found]
    if os.geteuid() != 0 or not all(map(shutil.which, ("apt-get", "dpkg-deb", "unshare"))):
        pytest.skip("dovecot is not installed (apt-get install dovecot-imapd), and only root can do without")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchbase-tests" / "dovecot"
    if not (cache / "usr" / "sbin" / "dovecot").exists():
        _unpack(cache)
    # Its own paths are compiled in, so that it sees the unpacked files there, and nobody else does.
    script = f'mount -t overlay overlay -o "lowerdir={cache}/usr:/usr" /usr && exec dovecot "$@"'
    start = ["unshare", "--mount", "sh", "-c", script, "dovecot"]
    tried = subprocess.run([*start, "--version"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"dovecot does not run here: {tried.stderr.strip()[-200:]}")
    return start


def _unpack(cache: Path) -> None:
    parcels = cache.with_name(f"dovecot-{os.getpid()}")
    parcels.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["apt-get", "download", *PACKAGES], cwd=parcels, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        pytest.skip(f"dovecot cannot be brought in: {done.stderr.strip()[-200:]}")
    unpacked = parcels / "unpacked"
    for parcel in sorted(parcels.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(parcel), str(unpacked)], check=True)
    with contextlib.suppress(OSError):  # Another worker was faster.
        unpacked.rename(cache)
    shutil.rmtree(parcels, ignore_errors=True)


@contextlib.contextmanager
def dovecot() -> Iterator[Dovecot]:
    """A server for USERS with the one password, until the block ends."""
    start = program()
    with tempfile.TemporaryDirectory(prefix="touchbase-dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # The server reads mails as another user.
        with _serving(start, folder) as server:
            yield server


@contextlib.contextmanager
def _serving(start: list[str], folder: Path) -> Iterator[Dovecot]:
    _certify(folder)
    (folder / "home").mkdir()
    (folder / "home").chmod(0o777)
    server = Dovecot(free_port(), free_port(), folder / "cert.pem", folder / "home")
    (folder / "users").write_text(
        "".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in USERS), encoding="utf-8"
    )
    (folder / "dovecot.conf").write_text(_configuration(folder, server), encoding="utf-8")
    command = [*start, "-F", "-c", str(folder / "dovecot.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(server.port, process)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _certify(folder: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *request.split(), *made], check=True, capture_output=True)


def _configuration(folder: Path, server: Dovecot) -> str:
    root = os.geteuid() == 0
    own = pwd.getpwuid(os.geteuid())
    # A mail server does nothing as root but begin.
    other = pwd.getpwnam("nobody") if root else own
    group = grp.getgrgid(other.pw_gid).gr_name
    return f"""
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
default_internal_user = {other.pw_name}
default_internal_group = {group}
default_login_user = {other.pw_name}
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
first_valid_uid = 0
mail_location = maildir:~/Maildir
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {server.port}
  }}
  inet_listener imaps {{
    port = {server.tls_port}
    ssl = yes
  }}
}}
service auth {{
  user = {own.pw_name}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={other.pw_uid} gid={other.pw_gid} home={server.home}/%u
}}
"""
