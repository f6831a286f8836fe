//! Two hosts with a network each: the link of the one that runs the bot goes down for longer than its lease lives, and
//! comes up again.

use crate::env::nets::Nets;
use crate::env::s3::{BUCKET, S3};
use crate::env::wakeep::Wakeep;
use crate::lease::{BOT, app_at, body, require_one_writer, until};
use rustix::process::Signal;
use std::path::Path;

#[test]
fn a_host_that_was_cut_off_stops_its_bot_when_it_hears_of_the_other() {
    let nets = Nets::new(2);
    let s3 = S3::moto_at("0.0.0.0", 0, |python| nets.at_switch(python));
    let home = |n| app_at(&format!("http://{}:{}", Nets::switch_of(n), s3.port), "2s");
    let (one, two) = (home(0), home(1));
    let run = |n: usize, home: &Path, args: &[&str]| {
        let words = nets.words(n);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let wakeep = Wakeep::new(home, args.iter().copied()).env("AWS_ACCESS_KEY_ID", "test");
        wakeep.env("AWS_SECRET_ACCESS_KEY", "test").wrapped("nsenter", &words)
    };
    let said = |home: &Path| std::fs::read_to_string(home.join("bot")).unwrap_or_default();
    let bot = ["run", "--take-over", "--", "sh", "-c", BOT];
    let first = run(0, one.path(), &bot).spawn();
    until("the first bot starts", || said(one.path()).contains("started"));
    nets.link(0, false);
    let second = run(1, two.path(), &bot).spawn();
    until("the second bot starts", || said(two.path()).contains("started"));
    // Nobody has told the first one, and a line that is down stops no bot by itself.
    assert_eq!(said(one.path()), "started\n");
    nets.link(0, true);
    let ended = first.wait();
    assert_eq!((ended.code, said(one.path()).as_str()), (3, "started\nstopped\n"), "{ended:?}");
    second.signal(Signal::TERM);
    assert_eq!(second.wait().code, 3);
    let ours = format!("PUT /{BUCKET}/app/session.lease? 200 ");
    let log = s3.log();
    let accepted: Vec<_> = log.iter().filter_map(|l| l.strip_prefix(&ours)).map(|l| body(l.as_bytes())).collect();
    require_one_writer(&accepted);
    assert_eq!(accepted.last().map(|(generation, _)| *generation), Some(2), "{accepted:?}");
}
