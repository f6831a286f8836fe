//! A real sshd on 127.0.0.1 with keys of its own, and what a client needs to reach it.

use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running sshd; ended when dropped.
pub struct Sshd {
    child: Child,
    folder: tempfile::TempDir,
    pub port: u16,
}

impl Sshd {
    pub fn new() -> Sshd {
        super::used("sshd");
        let folder = super::scratch();
        let at = |name: &str| folder.path().join(name);
        for name in ["host", "user", "stranger"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at(name)));
        }
        std::fs::create_dir_all("/run/sshd").unwrap();
        let port = super::proxy::free_port();
        let host_key = std::fs::read_to_string(at("host.pub")).unwrap();
        std::fs::write(at("known_hosts"), format!("wakeep-test {host_key}")).unwrap();
        std::fs::copy(at("user.pub"), at("authorized_keys")).unwrap();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nMaxStartups 100\n",
            folder.path().display()
        );
        std::fs::write(at("sshd_config"), config).unwrap();
        let child = start(folder.path(), port);
        Sshd { child, folder, port }
    }

    /// Kills it and all that runs over its lines.
    pub fn kill(&mut self) {
        for pid in below(self.child.id()) {
            // One that has ended by itself is as good.
            let _ = Pid::from_raw(pid as i32).map(|pid| kill_process(pid, Signal::KILL));
        }
        self.child.wait().unwrap();
    }

    /// Starts it again, with the same keys at the same port.
    pub fn start_again(&mut self) {
        self.child = start(self.folder.path(), self.port);
    }

    /// From now on it lets everybody in, keeps the line alive, and says nothing.
    pub fn make_mute(&self) {
        let key = std::fs::read_to_string(self.folder.path().join("user.pub")).unwrap();
        let mute = format!("command=\"exec sleep 100000\" {key}");
        std::fs::write(self.folder.path().join("authorized_keys"), mute).unwrap();
    }

    /// A configuration for clients: the host `vps` is this server, at this port.
    pub fn config(&self, port: u16) -> PathBuf {
        self.write_config("config", port, "user", "known_hosts")
    }

    /// The same with a key that the server doesn't know.
    pub fn strangers(&self) -> PathBuf {
        self.write_config("config-stranger", self.port, "stranger", "known_hosts")
    }

    /// The same where nobody has seen the server before.
    pub fn unseen(&self) -> PathBuf {
        self.write_config("config-unseen", self.port, "user", "no_known_hosts")
    }

    fn write_config(&self, name: &str, port: u16, key: &str, known: &str) -> PathBuf {
        let at = |name: &str| self.folder.path().join(name);
        let text = format!(
            "Host vps\n  HostName 127.0.0.1\n  Port {port}\n  HostKeyAlias wakeep-test\n  IdentityFile {}\n  \
             IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n",
            at(key).display(),
            at(known).display()
        );
        std::fs::write(at(name), text).unwrap();
        at(name)
    }

    /// Its folder, for files that the other side keeps.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }
}

/// Starts the server that the folder configures; returns once it listens.
fn start(folder: &Path, port: u16) -> Child {
    let at = |name: &str| folder.join(name);
    let mut command = Command::new("/usr/sbin/sshd");
    command.arg("-D").arg("-f").arg(at("sshd_config")).arg("-E").arg(at("log")).stdin(Stdio::null());
    let child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "{}", std::fs::read_to_string(at("log")).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// A process and all that descend from it, itself first: it starts no more then.
fn below(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|c| c.parse().ok());
    std::iter::once(pid).chain(children.flat_map(below)).collect()
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
