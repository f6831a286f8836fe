//! Whatever goes wrong: a whole session or the untouched one, a whole archive at its path, a readable vault, a sentence
//! that says what happened, and a next run that succeeds without help. Faults are drawn by a seed; a failure prints the
//! one that brings it back: `WAKEEP_SEED=… WAKEEP_FAULTS=1 cargo nextest run -E 'test(random_faults)'`.

mod fault;
pub mod scene;
pub mod whole;

use crate::env::disk::Disk;
use crate::env::scratch;
use crate::env::told;
use crate::env::wakeep::Wakeep;
use fault::{Dice, Fault};
use scene::{SCENES, Scene, Stands, copy};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use whole::{require_next_run, require_sentence, require_whole};

/// How many faults CI draws.
const FAULTS: u64 = 200;

/// The first of them.
const SEED: u64 = 1000;

#[test]
fn random_faults_cost_nothing() {
    let told_number = |name| told(name).map(|text| text.parse::<u64>().unwrap());
    // The same ones each time, so that a change is judged by what it changed; `scripts/soak faults` draws others.
    let (first, runs) = (told_number("WAKEEP_SEED").unwrap_or(SEED), told_number("WAKEEP_FAULTS").unwrap_or(FAULTS));
    println!("{runs} faults from WAKEEP_SEED={first}");
    // A failure has told its seed; the others are still run.
    let failed = |n| std::panic::catch_unwind(|| one(first.wrapping_add(n), n)).is_err();
    let failures: usize = std::thread::scope(|scope| {
        let half = |half| scope.spawn(move || (half..runs).step_by(2).filter(|n| failed(*n)).count());
        [half(0), half(1)].into_iter().map(|half| half.join().unwrap()).sum()
    });
    assert_eq!(failures, 0, "of {runs} faults");
}

fn one(seed: u64, n: u64) {
    let mut dice = Dice(seed);
    let scene = &SCENES[dice.roll(SCENES.len() as u64) as usize];
    let fault = Fault::of(&mut dice);
    let far = dice.roll(4) == 0;
    if n % 500 == 499 {
        println!("{} faults so far", n + 1);
    }
    let _ = falls_into(
        scene,
        fault,
        far,
        &format!("WAKEEP_SEED={seed} WAKEEP_FAULTS=1: {}, {fault:?}, far {far}", scene.name),
    );
}

/// How a command that a fault was meant for ended.
struct Fell {
    code: i32,
    /// Whether a call was refused: a command may make fewer than the fault waits for.
    refused: bool,
}

/// `far`: the vault lies on another file system.
fn falls_into(scene: &'static Scene, fault: Fault, far: bool, what: &str) -> Fell {
    let (home, other) = (scratch(), tempfile::tempdir_in("/dev/shm").unwrap());
    copy(scene.folder(), home.path());
    let vault = if far {
        let there = other.path().join("vault");
        if home.path().join(".wakeep").is_dir() {
            std::fs::create_dir(&there).unwrap();
            copy(&home.path().join(".wakeep"), &there);
        }
        there
    } else {
        home.path().join(".wakeep")
    };
    let session = home.path().join(scene.session);
    let command = || {
        let vault = if far { vec!["--vault", vault.to_str().unwrap()] } else { Vec::new() };
        Wakeep::new(home.path(), scene.args.iter().copied().chain(vault))
    };
    let mounts =
        if scene.mounted { format!("mkdir -p {0} && mount --bind {0} {0}", session.display()) } else { String::new() };
    let calls = other.path().join("calls");
    let outcome = fault.strike(command(), &mounts, home.path(), &session, &calls);
    let silent = outcome.code == 127 || format!("{}{}", outcome.stdout, outcome.stderr).trim().is_empty();
    if !(silent && fault.may_silence()) {
        require_sentence(&outcome, what);
    }
    let free = fault.is_by_the_bot();
    // What a kill left between the moves of a mount point or a database is put right before anything else starts.
    if scene.mounted || home.path().join(".wakeep").join(name(&session)).join("restore.json").exists() {
        let before = Wakeep::new(home.path(), ["restore", "--before-start"]);
        let before = if scene.mounted { before.in_mounts(&mounts) } else { before }.run();
        assert_eq!(before.code, 0, "{what}: before a start: {before:?}\nafter {outcome:?}");
    }
    require_whole(scene, home.path(), &vault, free, &format!("{what}\n{outcome:?}"));
    require_next_run(scene, &command, &mounts, home.path(), &vault, free, &format!("{what}\n{outcome:?}"));
    let refused = std::fs::read_to_string(&calls).is_ok_and(|told| told.contains("(INJECTED)"));
    Fell { code: outcome.code, refused }
}

/// Kills a journey before each of its durable steps. Returns how many there are.
pub fn killed_before_each_step(name: &str) -> u64 {
    let scene = SCENES.iter().find(|s| s.name == name).unwrap();
    let killed =
        |n: &u64| falls_into(scene, Fault::Killed(*n), false, &format!("{name}, killed before step {n}")).code == -9;
    let steps = (1..).take_while(killed).last().unwrap_or(0);
    println!("{name}: {steps} steps");
    steps
}

fn name(session: &Path) -> String {
    session.file_name().unwrap().to_string_lossy().into_owned()
}

/// The exhaustive walk that `scripts/soak` takes: every scene, every call it makes refused once, whatever its place.
/// `WAKEEP_SCENES` names some of them (a part of the name, or several with commas).
#[test]
#[ignore = "hours; scripts/soak runs it"]
fn every_call_may_be_refused() {
    let wanted = told("WAKEEP_SCENES").unwrap_or_default();
    let of_interest = |s: &&Scene| wanted.split(',').any(|part| s.name.contains(part));
    let walks: Vec<_> = SCENES
        .iter()
        .filter(of_interest)
        .flat_map(|scene| fault::CALLS.iter().map(move |calls| (scene, *calls)))
        .collect();
    let (next, refused, failed) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let walk = || {
        while let Some((scene, calls)) = walks.get(next.fetch_add(1, Ordering::Relaxed)) {
            for error in ["ENOSPC", "EIO"] {
                let (of_scene, of_those) = refused_at_each_place(scene, calls, error);
                println!("{}: {calls}: {error}: {of_scene} refused, {of_those} of them failed", scene.name);
                refused.fetch_add(of_scene, Ordering::Relaxed);
                failed.fetch_add(of_those, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(walk))));
    let (refused, failed) = (refused.into_inner(), failed.into_inner());
    println!("{refused} refused calls, {failed} of them failed");
    assert!(refused > 0 && failed == 0, "{failed} of {refused}");
}

/// Refuses a journey's first call of a group, its second, … up to its last. Returns how many, and after how many of them
/// something didn't hold (which has been told).
fn refused_at_each_place(scene: &'static Scene, calls: &'static str, error: &'static str) -> (u64, u64) {
    let mut failed = 0;
    for n in 1.. {
        let fault = Fault::Refused { calls, error, n, on: false };
        let what = format!("{}, {fault:?}", scene.name);
        match std::panic::catch_unwind(|| falls_into(scene, fault, false, &what)) {
            Ok(fell) if !fell.refused => return (n - 1, failed),
            Ok(_) => {}
            Err(_) => failed += 1,
        }
        // Where nothing holds, what a refusal costs isn't the question.
        if failed > 20 {
            return (n, failed);
        }
    }
    unreachable!("a command makes no endless number of calls")
}

/// The walk of `tests/it/crash.rs` through all journeys.
#[test]
#[ignore = "minutes; scripts/soak runs it"]
fn every_step_may_be_the_last() {
    for scene in SCENES {
        killed_before_each_step(scene.name);
    }
}

/// A real ext4 that fills up: with nothing left, and with a little more each time, until the command gets through.
#[test]
fn a_small_disk_that_fills_costs_nothing() {
    for name in ["archive of a change", "difference", "forced restore", "receive"] {
        let scene = SCENES.iter().find(|s| s.name == name).unwrap();
        let steps = [0, 64, 1200];
        let codes: Vec<i32> = steps.iter().map(|kb| on_a_disk_with(scene, *kb)).collect();
        assert!(codes.contains(&1), "{name}: it never filled: {codes:?}");
    }
}

fn on_a_disk_with(scene: &'static Scene, free_kb: u64) -> i32 {
    let disk = Disk::ext4(40);
    let home = disk.at();
    copy(scene.folder(), home);
    let filler = home.join("filler");
    let free = wakeep::disk::free_space(home).unwrap().saturating_sub(free_kb << 10);
    // Free space counts blocks that the file's own map takes, too.
    let mut file = std::fs::File::create(&filler).unwrap();
    let _ = std::io::copy(&mut std::io::Read::take(std::io::repeat(1), free), &mut file);
    drop(file);
    let command = || Wakeep::new(home, scene.args.iter().copied());
    let outcome = command().run();
    let what = format!("{} with {free_kb} KB free", scene.name);
    require_sentence(&outcome, &what);
    let staged = home.join(".wakeep/session/stage");
    assert!(!staged.exists(), "{what}: what was unpacked keeps the disk full: {outcome:?}");
    std::fs::remove_file(&filler).unwrap();
    let vault = home.join(".wakeep");
    require_whole(scene, home, &vault, false, &format!("{what}: {outcome:?}"));
    require_next_run(scene, &command, "", home, &vault, false, &format!("{what}: {outcome:?}"));
    outcome.code
}

#[test]
fn scenes_stand_as_they_say() {
    for scene in SCENES {
        let stands = whole::stands(scene.folder(), scene.session);
        assert_eq!(stands, scene.before, "{}", scene.name);
        assert_eq!(scene.folder().join("whatsapp_auth_latest.tar.gz").exists(), scene.archived, "{}", scene.name);
    }
    assert!(SCENES.iter().any(|s| s.before == Stands::Broken));
}
