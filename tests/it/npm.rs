//! The npm package, by its own tests (`node --test`): each file a test here, so that they run and count with all others.

use crate::env::s3::S3;
use crate::env::{must_succeed, real_parts};
use crate::lease;
use rustix::process::Signal;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs one file of `npm/test` where a bot would: in a folder with the real parts in its `node_modules`.
fn node_test(file: &str) {
    node_test_with(file, &[]);
}

fn node_test_with(file: &str, env: &[(&str, &OsStr)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/test").join(file);
    let mut node = Command::new("node");
    node.arg("--test").arg(path).current_dir(real_parts()).env("WAKEEP_BINARY", env!("CARGO_BIN_EXE_wakeep"));
    must_succeed(node.envs(env.iter().copied()));
}

#[test]
fn its_functions_do_as_the_program_does() {
    node_test("verbs.test.mjs");
}

#[test]
fn whatsapp_web_js_keeps_its_login() {
    node_test("wwebjs.test.mjs");
}

#[test]
fn remote_auth_keeps_its_login_in_the_vault() {
    node_test("remote-auth.test.mjs");
}

#[test]
fn a_remote_auth_bot_survives_the_programs_faults() {
    node_test("store-faults.test.mjs");
}

#[test]
fn baileys_keeps_its_login() {
    node_test("baileys.test.mjs");
}

#[test]
fn baileys_bots_may_ask_for_their_login_at_every_connect() {
    node_test("baileys-reuse.test.mjs");
}

#[test]
fn it_holds_no_bot_up_for_long() {
    node_test("start.test.mjs");
}

#[test]
fn a_lease_held_elsewhere_is_told_by_its_name() {
    let s3 = S3::moto();
    let (one, two) = (lease::app(&s3, "60s"), lease::app(&s3, "60s"));
    let holder = lease::run(one.path(), ["run", "--", "sh", "-c", lease::BOT]).spawn();
    lease::until("the other host's bot starts", || one.path().join("bot").exists());
    let key = OsStr::new("test");
    let env = [("WAKEEP_APP", two.path().as_os_str()), ("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", key)];
    node_test_with("lease.test.mjs", &env);
    holder.signal(Signal::TERM);
    assert_eq!(holder.wait().code, 3);
}

#[test]
fn its_examples_run_as_they_are() {
    node_test("examples.test.mjs");
}

#[test]
fn no_kill_costs_a_login() {
    node_test("kills.test.mjs");
}

#[test]
fn its_tarballs_install_offline() {
    node_test("install.test.mjs");
}
