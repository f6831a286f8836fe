//! Any bytes as a session; the body stands in `bodies`, where the tests' smoke run finds it as well.
#![no_main]

#[path = "../bodies/sessions.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|input: &[u8]| body::one(input));
