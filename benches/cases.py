"""What is measured: every command, what is put right before each of its runs, and on what. All work on the login of the
same profile; every program has a copy of its own, since wakeep's links change a file's ctime, by which others judge."""

import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sshd import Sshd

HERE = Path(__file__).parent
LOGIN = ["Default/IndexedDB", "Default/Local Storage"]
LATEST = "whatsapp_auth_latest.tar.gz"


@dataclass
class Case:
    """One command. `size` is what it leaves behind, to be weighed."""

    name: str
    command: str
    prepare: str = "true"
    size: Path | None = None


def shell(script):
    return shlex.join(["sh", "-c", script])


def quoted(*words):
    return shlex.join(str(word) for word in words)


def run(command, **how):
    subprocess.run(command, shell=isinstance(command, str), check=True, stdout=subprocess.DEVNULL, **how)


class Bench:
    """The folders of one run, and the cases on them."""

    def __init__(self, wakeep, profiles, place):
        self.wakeep, self.profiles, self.place = wakeep, profiles, place
        self.home, self.saved = place / "wakeep", place / "wakeep-saved"
        self.session = self.home / ".wwebjs_auth/session"
        self.login, self.out, self.remote = place / "login", place / "out", place / "remote"
        self.sshd = None
        os.environ |= {
            "RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(place / "restic/repo"),
            "RESTIC_CACHE_DIR": str(place / "restic/cache"),
            "BORG_REPO": str(place / "borg/repo"), "BORG_BASE_DIR": str(place / "borg/base"),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes", "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def mirror(self, *pairs):
        return quoted("python3", HERE / "mirror.py", *pairs)

    def of(self, verb):
        return f"{quoted(self.wakeep)} --session {quoted(self.session)} {verb}"

    def set_up(self):
        """Every program as it stands after its first backup of the profile `before`, with copies to go back to."""
        shutil.rmtree(self.place, ignore_errors=True)
        for folder in (self.out, self.session, self.remote, self.place / "restic", self.place / "borg"):
            folder.mkdir(parents=True)
        before = self.profiles / "before"
        shutil.copytree(before, self.session, symlinks=True, dirs_exist_ok=True)
        for part in LOGIN:
            shutil.copytree(before / part, self.login / part)
            shutil.copytree(self.profiles / "after" / part, self.place / "login-after" / part)
        shutil.copytree(self.login, self.place / "login-before")
        shutil.copytree(self.login, self.remote / "RemoteAuth-bench")
        run("restic init"), run(self.restic_backup), run("borg init -e none"), run(self.borg_create("before"))
        # Stamps younger than two seconds are not trusted: what is measured is the second look.
        run(self.of("archive")), time.sleep(3), run(self.of("archive"))
        for name in ("restic", "borg"):
            shutil.copytree(self.place / name, self.place / f"{name}-saved")
        self.saved.mkdir()
        run(self.mirror(self.home / ".wakeep", self.saved / ".wakeep"))
        os.link(self.home / LATEST, self.saved / LATEST)
        parts = quoted(*LOGIN)
        run(f"cd {self.login} && tar czf {self.out}/x.tar.gz {parts} && tar --zstd -cf {self.out}/x.tar.zst {parts}")
        run(self.remote_auth("compress"))

    @property
    def restic_backup(self):
        return f"restic backup -q {self.login}"

    def borg_create(self, name="x"):
        return f"borg create ::{name} {self.login}"

    def remote_auth(self, what):
        return quoted("node", HERE / "remote_auth.mjs", what, self.remote, self.out)

    def back(self, *names, state="before"):
        """Back to the first backup of these programs, with their session in this state."""
        pairs = []
        for name in names:
            pairs += [self.place / f"{name}-saved", self.place / name]
        return self.mirror(*pairs, self.place / f"login-{state}", self.login)

    def wakeep_back(self, state="before"):
        """wakeep's memory and archive as after its first archive, the session in this state."""
        return " && ".join([
            self.mirror(self.profiles / state, self.session, self.saved / ".wakeep", self.home / ".wakeep"),
            quoted("ln", "-f", self.saved / LATEST, self.home / LATEST),
        ])

    def limits(self):
        session, dd = quoted(self.session), f"dd if={self.saved / LATEST} of={self.out}/dd bs=1M conv=fsync status=none"
        return [
            Case("process start: `wakeep --version`", f"{self.wakeep} --version"),
            Case("process start: `find .`", "find / -maxdepth 0"),
            Case("walk and stat of the profile: `find -printf`", f"find {session} -printf '%i %s %T@ %p\\n'"),
            Case("read the login: `cat`", f"find {self.login} -type f -exec cat {{}} +"),
            Case("write and fsync the archive: `dd conv=fsync`", dd, f"rm -f {self.out}/dd"),
        ]

    def unchanged(self):
        touch = quoted("touch", self.session / "Default/Local Storage/leveldb/CURRENT")
        looked = f"{self.wakeep_back()} && {self.of('archive --round')}"
        return [
            Case("wakeep archive --round, as a keeper looks", self.of("archive --round"), looked),
            Case("wakeep archive --round, a file touched", self.of("archive --round"), f"{self.wakeep_back()} && {touch}"),
            Case("wakeep archive, which verifies the archive", self.of("archive"), looked),
            Case("restic backup", self.restic_backup, self.back("restic")),
            Case("borg create", self.borg_create(), self.back("borg")),
        ]

    def first(self):
        parts, out = quoted(*LOGIN), self.out
        clean = quoted("rm", "-rf", self.home / ".wakeep", self.home / LATEST)
        tar = lambda how: shell(f"cd {self.login} && tar {how}")
        return [
            Case("wakeep archive", self.of("archive"), clean, self.home / LATEST),
            Case("tar czf", tar(f"czf {out}/1.tar.gz {parts}"), f"rm -f {out}/1.*", out / "1.tar.gz"),
            Case("tar, pigz", tar(f"c {parts} | pigz > {out}/2.tar.gz"), f"rm -f {out}/2.*", out / "2.tar.gz"),
            Case("tar --zstd", tar(f"--zstd -cf {out}/3.tar.zst {parts}"), f"rm -f {out}/3.*", out / "3.tar.zst"),
            Case("tar --zstd, flushed", tar(f"--zstd -cf {out}/4.tar.zst {parts} && sync {out}/4.tar.zst"),
                 f"rm -f {out}/4.*", out / "4.tar.zst"),
            Case("restic backup", self.restic_backup,
                 f"rm -rf {self.place}/restic && mkdir {self.place}/restic && restic init -q", self.place / "restic/repo"),
            Case("borg create", self.borg_create(),
                 f"rm -rf {self.place}/borg && mkdir {self.place}/borg && borg init -e none", self.place / "borg/repo"),
            Case("RemoteAuth", self.remote_auth("compress"), "true", self.out / "RemoteAuth-bench.zip"),
        ]

    def changed(self):
        return [
            Case("wakeep archive", self.of("archive"), self.wakeep_back("after")),
            Case("restic backup", self.restic_backup, self.back("restic", state="after")),
            Case("borg create", self.borg_create(), self.back("borg", state="after")),
        ]

    def restore(self):
        out, new = self.out, f"rm -rf {self.out}/new && mkdir {self.out}/new"
        gone = f"{self.wakeep_back()} && rm -rf {self.session}"
        return [
            Case("wakeep restore, the session lost", self.of("restore"), gone),
            Case("wakeep restore --force, a good session backed up first", self.of("restore --force"), self.wakeep_back()),
            Case("tar xzf", f"tar xzf {out}/x.tar.gz -C {out}/new", new),
            Case("tar --zstd -x", f"tar --zstd -xf {out}/x.tar.zst -C {out}/new", new),
            Case("restic restore", f"restic restore -q latest --target {out}/new", f"{self.back('restic')} && {new}"),
            Case("borg extract", shell(f"cd {out}/new && borg extract ::before"), f"{self.back('borg')} && {new}"),
            Case("RemoteAuth", self.remote_auth("extract")),
        ]

    def check(self):
        archive = self.saved / LATEST
        return [
            Case("wakeep check", self.of("check"), self.wakeep_back()),
            Case("wakeep check FILE", f"{self.wakeep} check {archive}"),
            Case("wakeep verify FILE", f"{self.wakeep} verify {archive}"),
            Case("wakeep verify --quick FILE", f"{self.wakeep} verify --quick {archive}"),
            Case("gzip -t", f"gzip -t {archive}"),
            Case("restic check --read-data", "restic check -q --read-data", self.back("restic")),
            Case("borg check --verify-data", "borg check --verify-data", self.back("borg")),
        ]

    def set_up_push(self):
        """Everywhere lies the first archive; a second one has been made since. To be called last: the state that the other
        cases go back to is another one after it."""
        self.sshd = Sshd(self.place / "sshd")
        os.environ["WAKEEP_SSH_OPTIONS"] = f"-F {self.sshd.config}"
        self.folder, self.far, self.bare = (self.place / name for name in ("pushed", "far", "bare"))
        for place in (self.folder, self.far, self.bare):
            place.mkdir()
        os.symlink(self.wakeep, self.far / "wakeep")
        run(self.wakeep_back())
        for place in (self.folder, f"ssh://vps{self.far}", f"ssh://vps{self.bare}"):
            run(self.of(f"push {place}"))
        shutil.copy2(self.home / LATEST, self.place / "copied-before")
        for place in (self.far, self.bare):
            run(self.mirror(place, self.place / f"{place.name}-saved"))
        run(self.mirror(self.profiles / "after", self.session))
        run(self.of("archive"))
        run(self.mirror(self.home / ".wakeep", self.saved / ".wakeep"))
        os.replace(self.saved / LATEST, self.saved / "first")
        os.link(self.home / LATEST, self.saved / LATEST)

    def end(self):
        if self.sshd:
            self.sshd.end()

    def push(self):
        back = self.wakeep_back("after")
        copy = quoted("cp", self.home / LATEST, self.out / "copy")
        return [
            Case("wakeep push FOLDER", self.of(f"push {self.folder}"), f"{back} && rm -rf {self.folder} && mkdir {self.folder}"),
            Case("cp", copy, f"rm -f {self.out}/copy"),
            Case("cp, flushed", shell(f"{copy} && sync {self.out}/copy"), f"rm -f {self.out}/copy"),
        ]

    def push_change(self):
        back = self.wakeep_back("after")
        there = lambda place: f"{back} && {self.mirror(self.place / f'{place.name}-saved', place)}"
        copied = self.out / "copied"
        before = quoted("cp", "-p", self.place / "copied-before", copied)
        ssh = quoted("ssh", "-F", self.sshd.config)
        rsync = quoted("rsync", "-e", ssh, "--fsync", self.home / LATEST, f"vps:{copied}")
        return [
            Case("wakeep push, wakeep is there", self.of(f"push ssh://vps{self.far}"), there(self.far)),
            Case("wakeep push, no wakeep there", self.of(f"push ssh://vps{self.bare}"), there(self.bare)),
            Case("scp", quoted("scp", "-q", "-F", self.sshd.config, self.home / LATEST, f"vps:{copied}"), before),
            Case("rsync --fsync", rsync, before),
        ]
