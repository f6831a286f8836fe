//! A booted Debian: systemd as the first process of a container of its own, over a bare tree that `scripts/vps-tree`
//! makes. Root only. What a test changes lies in an overlay that goes with the test.

use super::wakeep::Outcome;
use super::{scratch, used};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A machine, running or switched off.
pub struct Machine {
    disk: tempfile::TempDir,
    name: String,
    container: Option<(Child, u32)>,
}

impl Machine {
    /// A fresh machine, switched off; its disk is `root()`.
    pub fn new() -> Machine {
        let tree = Command::new("scripts/vps-tree").current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let disk = scratch();
        for part in ["upper", "work", "root"] {
            fs::create_dir(disk.path().join(part)).unwrap();
        }
        let at = |part: &str| disk.path().join(part).display().to_string();
        let parts = format!("lowerdir={},upperdir={},workdir={}", tree.trim(), at("upper"), at("work"));
        run(Command::new("mount").args(["-t", "overlay", "overlay", "-o", &parts]).arg(disk.path().join("root")));
        let name =
            format!("wakeep-{}", disk.path().file_name().unwrap().to_string_lossy().replace('_', "-").to_lowercase());
        used("booted Debian (systemd-nspawn)");
        Machine { disk, name, container: None }
    }

    /// The machine's root folder as this host sees it.
    pub fn root(&self) -> PathBuf {
        self.disk.path().join("root")
    }

    /// Where a path of the machine lies on this host.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Writes a file with a mode.
    pub fn write(&self, path: &str, text: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(&at, text).unwrap();
        fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Puts `/opt` on an ext4 of its own, so that the power can be cut and the disk filled. Before the first boot.
    pub fn with_own_disk(&mut self, megabytes: u64) {
        let image = self.image();
        let file = fs::File::create(&image).unwrap();
        file.set_len(megabytes << 20).unwrap();
        run(Command::new("mkfs.ext4").arg("-q").arg(&image));
        self.mount_disk();
    }

    fn image(&self) -> PathBuf {
        self.disk.path().join("opt.img")
    }

    /// Until it lives: as long as another machine that is being started has a copy of this host's mounts, the disk that
    /// lost its power is still there, dead, and would be mounted once more.
    fn mount_disk(&self) {
        let probe = self.at("/opt/probe");
        wait_for("the disk", || {
            run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.at("/opt")));
            let lives = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).is_ok();
            if !lives {
                run(Command::new("umount").arg(self.at("/opt")));
            }
            lives.then_some(())
        });
    }

    /// Takes the power away: what wasn't flushed is lost.
    pub fn cut_power(&mut self) {
        run(Command::new("xfs_io").args(["-F", "-x", "-c", "shutdown"]).arg(self.at("/opt")));
        self.kill();
        wait_for("the disk to be let go", || {
            Command::new("umount").arg(self.at("/opt")).status().unwrap().success().then_some(())
        });
        self.mount_disk();
    }

    /// Starts a shell line and doesn't wait for it.
    pub fn start(&self, line: &str) {
        self.done(&format!("({line}) >/dev/null 2>&1 </dev/null &"));
    }

    /// Switches it on and waits until it has started.
    pub fn boot(&mut self) {
        let mut nspawn = Command::new("systemd-nspawn");
        nspawn.args(["--quiet", "--register=no", "--keep-unit", "--console=pipe", "-b"]);
        nspawn.arg(format!("--machine={}", self.name)).arg("-D").arg(self.root());
        let child = nspawn.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let first = wait_for("the machine's first process", || first_process(child.id()));
        self.container = Some((child, first));
        wait_for("the machine to start", || {
            let state = self.run("systemctl is-system-running");
            ["running", "degraded"].contains(&state.stdout.trim()).then_some(())
        });
    }

    /// Runs a shell line as root, from root's home, as after `sudo -i`.
    pub fn run(&self, line: &str) -> Outcome {
        let (_, first) = self.container.as_ref().expect("the machine is on");
        let mut command = Command::new("nsenter");
        command.args(["-t", &first.to_string(), "-a", "env", "-i", "HOME=/root", "USER=root", "LANG=C.UTF-8"]);
        command.args(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", line]);
        let out = command.stdin(Stdio::null()).output().unwrap();
        let said = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Outcome { code: out.status.code().unwrap_or(-1), stdout: said(&out.stdout), stderr: said(&out.stderr) }
    }

    /// The same; it must succeed. Returns what it said on standard output.
    pub fn done(&self, line: &str) -> String {
        let outcome = self.run(line);
        assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
        outcome.stdout
    }

    /// Switches it off in order.
    pub fn shut_down(&mut self) {
        // The command loses its machine while it runs.
        let _ = self.run("systemctl poweroff");
        if let Some((mut child, _)) = self.container.take() {
            wait_for("the machine to stop", || child.try_wait().unwrap());
        }
    }

    /// Takes the power away. What was written is there afterwards, since the disk is this host's.
    pub fn kill(&mut self) {
        if let Some((mut child, first)) = self.container.take() {
            let _ = Command::new("kill").args(["-9", &first.to_string()]).status();
            let _ = child.wait();
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
        if self.image().exists() {
            let _ = Command::new("umount").arg("-l").arg(self.at("/opt")).status();
        }
        let _ = Command::new("umount").arg("-l").arg(self.root()).status();
    }
}

/// The child that is the first process of its own namespace; the one that makes it comes and goes before.
fn first_process(nspawn: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children")).ok()?;
    let is_first = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let numbers = status.lines().find_map(|l| l.strip_prefix("NSpid:")).unwrap_or_default();
        numbers.split_ascii_whitespace().skip(1).last() == Some("1")
    };
    children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).find(is_first)
}

fn run(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {out:?}");
}

/// Asks until there is an answer, for minutes: the machine this runs on may be busy.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(300), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Copies a program into the machine.
pub fn install(from: &Path, machine: &Machine, path: &str) {
    let at = machine.at(path);
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    run(Command::new("install").args(["-m", "755"]).arg(from).arg(at));
}
