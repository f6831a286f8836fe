"""An sshd of our own on the loopback address, with keys of its own, for what travels over SSH."""

import os
import socket
import subprocess
import time


class Sshd:
    """Runs until it is ended. `config` is for clients: the host `vps` is this server."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        os.makedirs("/run/sshd", exist_ok=True)
        (folder / "known_hosts").write_text(f"bench {(folder / 'host.pub').read_text()}")
        (folder / "sshd_config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nUsePAM no\n"
            "StrictModes no\nPidFile none\nSubsystem sftp internal-sftp\n")
        self.config = folder / "config"
        self.config.write_text(
            f"Host vps\n  HostName 127.0.0.1\n  Port {port}\n  HostKeyAlias bench\n  IdentityFile {folder}/user\n"
            f"  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {folder}/known_hosts\n")
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", folder / "sshd_config", "-E", folder / "log"])
        for _ in range(500):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError((folder / "log").read_text())

    def end(self):
        self.process.terminate()
        self.process.wait()
