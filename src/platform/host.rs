//! This host: its name and make, its clock, its chance, and what it gives to this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
/// An open stream, which may be a terminal.
pub use std::os::fd::AsFd as Stream;
use std::path::Path;
use std::time::Duration;

/// The name of this host as `gethostname` says it, which is what Chromium writes into its lock.
pub fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The system and the machine, as `uname -sm` prints them: a program runs where both are the same.
pub fn make() -> String {
    let uname = rustix::system::uname();
    format!("{} {}", uname.sysname().to_string_lossy(), uname.machine().to_string_lossy())
}

/// The version of the system's kernel.
pub fn kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// The time since the host was booted, that in which it slept included.
pub fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (secs, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(secs.unwrap_or(0), nanos.unwrap_or(0))
}

/// So many bytes that nobody can guess, in hexadecimal.
pub fn random<const BYTES: usize>() -> String {
    let (mut bytes, mut filled) = ([0u8; BYTES], 0);
    while filled < bytes.len() {
        // Fails only where a signal came in between.
        let got = rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty());
        filled += got.unwrap_or(0);
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A path that leads to this very program, also where the user can't reach its folder, and after it was replaced.
pub fn this_program() -> &'static Path {
    Path::new("/proc/self/exe")
}

/// The columns of a terminal, where it knows them.
pub fn columns(terminal: &impl Stream) -> Option<usize> {
    rustix::termios::tcgetwinsize(terminal).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Raises the number of files that this process may have open, as far as the system lets this user. A limit that is enough
/// stays, since bots inherit it.
pub fn allow_open_files(needed: u64) {
    let limit = getrlimit(Resource::Nofile);
    if let Some(now) = limit.current.filter(|now| *now < needed) {
        let raised = limit.maximum.map_or(needed, |most| most.min(needed)).max(now);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_host_has_a_name() {
        let out = Command::new("uname").arg("-n").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), name());
        let out = Command::new("uname").arg("-sm").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), make());
    }

    #[test]
    fn chance_is_another_each_time() {
        let (a, b) = (random::<16>(), random::<16>());
        assert!(a != b && a.len() == 32 && a.bytes().all(|c| c.is_ascii_hexdigit()));
    }
}
