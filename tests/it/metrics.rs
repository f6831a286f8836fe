//! A real Prometheus scrapes the keeper, and promtool reads the rules.

use crate::env::standin::StandIn;
use crate::env::{scratch, used};
use std::fs;
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
