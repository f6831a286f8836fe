//! A smoke run of the fuzz targets' bodies: every seed as it is, then with a few bytes changed, cut or doubled. The real
//! runs are `scripts/fuzz`. `WAKEEP_FUZZED` = how many changed inputs each target gets (400).

#[path = "../../fuzz/bodies/archive.rs"]
mod archive;
#[path = "../../fuzz/bodies/sessions.rs"]
mod sessions;

use crate::env::told;
use std::fs;
use std::path::Path;

/// The same changes in every run: a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // xorshift64, Marsaglia 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.iter().map(|p| fs::read(p).unwrap()).collect()
}

fn changed(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(input.len());
        match dice.roll(4) {
            _ if input.is_empty() => {}
            0 => input[at] ^= 1 << dice.roll(8),
            1 => input[at] = [0, 0xff, 0x7f, 0x80][dice.roll(4)],
            2 => input.truncate(at),
            _ => {
                let piece = input[at..(at + 64).min(input.len())].to_vec();
                input.splice(at..at, piece);
            }
        }
    }
    input
}

fn smoke(target: &str, one: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(seeds.len() >= 4, "{target} has seeds");
    seeds.iter().for_each(|seed| one(seed));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let inputs: usize = told("WAKEEP_FUZZED").map_or(400, |n| n.parse().unwrap());
    for n in 0..inputs {
        one(&changed(&seeds[n % seeds.len()], &mut dice));
    }
}

#[test]
fn archives_of_any_bytes_crash_nothing() {
    smoke("archive", archive::one);
}

#[test]
fn sessions_of_any_bytes_crash_nothing() {
    smoke("sessions", sessions::one);
}
