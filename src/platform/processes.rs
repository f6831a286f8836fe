//! Processes of this host as `/proc` shows them (proc(5)): their numbers, programs, owners and ages.

use crate::error::{At, Result};
use rustix::process::Pid;
use std::fs;
use std::path::{Path, PathBuf};

/// All processes that can be seen, this one left out.
///
/// # Errors
/// `/proc` can't be listed.
pub fn all() -> Result<Vec<u32>> {
    let proc = Path::new("/proc");
    let names = fs::read_dir(proc).at("listing", proc)?.flatten().map(|e| e.file_name());
    let mut pids: Vec<u32> = names.filter_map(|n| n.to_str()?.parse().ok()).collect();
    pids.retain(|&pid| pid != std::process::id());
    pids.sort_unstable();
    Ok(pids)
}

/// Kernel threads and zombies have no files. The flag is PF_KTHREAD of the kernel's sched.h.
pub(super) fn can_hold_files(pid: u32) -> bool {
    match stat_fields(pid) {
        Some(fields) => {
            let flags: u64 = fields.get(6).and_then(|f| f.parse().ok()).unwrap_or(0);
            fields.first().is_some_and(|state| state != "Z" && state != "X") && flags & 0x0020_0000 == 0
        }
        None => Path::new(&format!("/proc/{pid}")).exists(),
    }
}

/// The fields of `/proc/<pid>/stat` from the state on; the program's name before them may hold spaces and brackets.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

/// The user a process acts as on files (the fourth number of `Uid:`), where that is shown.
pub fn uid_of(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|l| l.strip_prefix("Uid:"))?.split_ascii_whitespace().nth(3)?.parse().ok()
}

/// When a process started, in seconds since 1970, from its start after boot (field 22 of `/proc/<pid>/stat`, in ticks
/// that Linux fixes at 100 a second) and the time of boot. `None` where it isn't shown.
pub fn started_at(pid: u32) -> Option<i64> {
    let ticks: i64 = stat_fields(pid)?.get(19)?.parse().ok()?;
    let text = fs::read_to_string("/proc/stat").ok()?;
    let boot: i64 = text.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + ticks / 100)
}

/// Children of this process that have ended and that nobody has waited for yet.
pub fn zombies() -> Vec<u32> {
    let ours = std::process::id().to_string();
    let is_dead_child = |pid: &u32| stat_fields(*pid).is_some_and(|f| f.len() > 1 && f[0] == "Z" && f[1] == ours);
    all().unwrap_or_default().into_iter().filter(is_dead_child).collect()
}

/// The processes this one was started by, from its parent up.
pub fn ancestors() -> Vec<u32> {
    ancestors_of(std::process::id())
}

/// The processes that process was started by, from its parent up; the first one of all is left out.
pub fn ancestors_of(pid: u32) -> Vec<u32> {
    let parent = |pid: &u32| stat_fields(*pid)?.get(1)?.parse().ok().filter(|&p: &u32| p > 1);
    std::iter::successors(parent(&pid), parent).collect()
}

/// Whether a process of this number runs. A zombie doesn't: it has let go of everything.
pub fn is_alive(pid: u32) -> bool {
    let lives = |fields: Vec<String>| fields.first().is_none_or(|state| state != "Z" && state != "X");
    exists(pid) && stat_fields(pid).is_none_or(lives)
}

/// The folder a process works in, where that is shown: not for those of other users.
pub fn folder_of(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The words of a process's command line, or the title it gave itself. Empty where nothing is shown.
pub fn words_of(pid: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|&b| b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect()
}

/// Whether a process of this number is there, a zombie included, whoever's it is and whatever is shown of it.
pub fn exists(pid: u32) -> bool {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    number.is_some_and(|n| rustix::process::test_kill_process(n) != Err(rustix::io::Errno::SRCH))
}

/// The program a process runs: its file's name, else the first word of its command line, else the name it gave
/// itself. Empty where nothing is shown.
pub fn program_of(pid: u32) -> String {
    let base = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    if let Some(name) = fs::read_link(format!("/proc/{pid}/exe")).ok().as_deref().and_then(base) {
        // The file of an upgraded program is gone, the program runs on.
        return name.trim_end_matches(" (deleted)").to_owned();
    }
    let first = words_of(pid).into_iter().next().unwrap_or_default();
    let comm = || fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned();
    base(Path::new(&first)).unwrap_or_else(comm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_zombie_is_not_alive() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        while stat_fields(pid).unwrap()[0] != "Z" {
            std::thread::yield_now();
        }
        assert!(!is_alive(pid) && zombies().contains(&pid));
        child.wait().unwrap();
        assert!(!is_alive(pid) && is_alive(std::process::id()) && is_alive(1));
    }

    #[test]
    fn kernel_threads_hold_no_files() {
        // Number 2 is kthreadd on a real host; in a container it may be anything or nothing.
        let kthreadd = fs::read_to_string("/proc/2/comm").is_ok_and(|c| c.trim() == "kthreadd");
        assert!(!kthreadd || !can_hold_files(2));
        assert!(can_hold_files(std::process::id()));
    }
}
