//! A real Prometheus scrapes the keeper, and promtool reads the rules.

use crate::env::standin::StandIn;
use crate::env::{scratch, used};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn prometheus_scrapes_the_keeper() {
    used("prometheus");
    let bot = StandIn::stopped();
    let (ours, theirs, dir) = (free_port(), free_port(), scratch());
    let _keeper = bot.wakeep(["watch", "--interval", "1s", "--serve", &format!("127.0.0.1:{ours}")]).spawn();
    let config = dir.path().join("prometheus.yml");
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.yml");
    let text = format!(
        "global: {{scrape_interval: 1s}}\nrule_files: ['{}']\nscrape_configs:\n- job_name: wakeep\n  static_configs:\n  - targets: ['127.0.0.1:{ours}']\n",
        rules.display()
    );
    fs::write(&config, text).unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address=127.0.0.1:{theirs}"));
    command.arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()));
    let _prometheus = Ends(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Debian's prometheus"));
    let query = format!(
        "http://127.0.0.1:{theirs}/api/v1/query?query=wakeep_session_login_state%7Bstate%3D%22linked%22%7D%3D%3D1"
    );
    let start = Instant::now();
    loop {
        let answer = ureq::get(&query).call().ok().and_then(|mut a| a.body_mut().read_to_string().ok());
        if answer.as_ref().is_some_and(|a| a.contains("\"session\":\"session\"")) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "{answer:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn promtool_accepts_the_alert_rules() {
    used("promtool");
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.yml");
    let done = Command::new("promtool").args(["check", "rules"]).arg(rules).output().expect("Debian's prometheus");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What a keeper that has made a round serves to somebody who asks for nothing special.
fn figures(bot: &StandIn) -> String {
    let port = free_port();
    let _keeper = bot.wakeep(["watch", "--interval", "1s", "--serve", &format!("127.0.0.1:{port}")]).spawn();
    let start = Instant::now();
    loop {
        let url = format!("http://127.0.0.1:{port}/metrics");
        let text = ureq::get(&url).call().ok().and_then(|mut a| a.body_mut().read_to_string().ok());
        match text.filter(|t| t.contains("wakeep_last_good_round_age_seconds{") && t.contains("wakeep_archives_total{"))
        {
            Some(text) => return text,
            None => assert!(start.elapsed() < Duration::from_secs(90), "no round"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_figures_are_as_promtool_and_the_dashboard_want_them() {
    used("promtool");
    let text = figures(&StandIn::stopped());
    let mut promtool = Command::new("promtool");
    let promtool =
        promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().expect("Debian's prometheus");
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.is_empty(), "{said}\n{text}");

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let known: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut seen = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().unwrap();
            for name in
                expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| w.starts_with("wakeep_"))
            {
                let plain = name.strip_suffix("_bucket").unwrap_or(name);
                assert!(known.contains(&plain), "{name} of `{expr}` isn't in\n{text}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 5, "the dashboard shows {seen} figures");
}

#[test]
fn health_tells_of_rounds_that_stand_still() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let port = free_port();
    let _keeper = bot.wakeep(["watch", "--interval", "1s", "--serve", &format!("127.0.0.1:{port}")]).spawn();
    let ask = || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("http://127.0.0.1:{port}/healthz")).call().ok()?;
        Some((answer.status().as_u16(), answer.body_mut().read_to_string().unwrap()))
    };
    let wait_for = |code: u16| {
        let start = Instant::now();
        loop {
            match ask() {
                Some((status, text)) if status == code => return text,
                other => assert!(start.elapsed() < Duration::from_secs(60), "{other:?}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    assert_eq!(wait_for(200), "ok\n");
    // As a network file system that hangs: whoever opens this waits for ever.
    let state = bot.vault().join("state.json");
    fs::rename(&state, bot.vault().join("aside")).unwrap();
    assert!(Command::new("mkfifo").arg(&state).status().unwrap().success());
    assert!(wait_for(503).contains("no sign of life"));
}
