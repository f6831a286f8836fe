//! Hosts on one machine: each a network and a name of its own, with a link to a switch where a server listens. Gone with
//! the processes that hold them. Needs root.

use super::must_succeed;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The switch's address on each link is 10.77.N.1, the host's 10.77.N.2.
pub struct Nets {
    switch: Namespace,
    hosts: Vec<Namespace>,
}

impl Nets {
    /// So many hosts, all links up.
    pub fn new(hosts: usize) -> Nets {
        super::used("network namespace");
        let nets = Nets {
            switch: Namespace::new("switch"),
            hosts: (0..hosts).map(|n| Namespace::new(&format!("host{n}"))).collect(),
        };
        nets.switch.ip("link set lo up");
        for (n, host) in nets.hosts.iter().enumerate() {
            let peer = host.0.id();
            nets.switch.ip(&format!("link add to{n} type veth peer name eth0 netns {peer}"));
            nets.switch.ip(&format!("addr add 10.77.{n}.1/24 dev to{n}"));
            nets.switch.ip(&format!("link set to{n} up"));
            host.ip(&format!("addr add 10.77.{n}.2/24 dev eth0"));
            host.ip("link set eth0 up");
            host.ip("link set lo up");
        }
        nets
    }

    /// A program at the switch.
    pub fn at_switch(&self, program: impl AsRef<Path>) -> Command {
        self.switch.program(program.as_ref())
    }

    /// A program on a host.
    pub fn on(&self, host: usize, program: impl AsRef<Path>) -> Command {
        self.hosts[host].program(program.as_ref())
    }

    /// The words before a program's that let it run on a host.
    pub fn words(&self, host: usize) -> Vec<String> {
        self.hosts[host].words()
    }

    /// What a host calls the switch.
    pub fn switch_of(host: usize) -> String {
        format!("10.77.{host}.1")
    }

    /// Takes a host's link down, or up again.
    pub fn link(&self, host: usize, up: bool) {
        self.switch.ip(&format!("link set to{host} {}", if up { "up" } else { "down" }));
    }
}

/// One host, held by a process that sleeps.
struct Namespace(Child);

impl Namespace {
    fn new(name: &str) -> Namespace {
        let mut command = Command::new("unshare");
        command.args(["--net", "--uts", "sh", "-c", "hostname \"$0\" && echo ready && exec sleep infinity", name]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n", "a network of its own needs root");
        Namespace(child)
    }

    fn words(&self) -> Vec<String> {
        vec![format!("--target={}", self.0.id()), "--net".to_owned(), "--uts".to_owned(), "--".to_owned()]
    }

    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.args(self.words()).arg(program);
        command
    }

    fn ip(&self, words: &str) {
        must_succeed(self.program(Path::new("ip")).args(words.split(' ')));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
