//! The server for real: a booted Debian with systemd and cron, a bot's unit whose process writes a real LevelDB, and
//! the commands of the earlier system's description as they are written there (`seed.txt`, "Установка на VPS" to
//! "Резервное копирование").

use crate::env::machine::{Machine, install, wait_for};
use crate::env::{scratch, told};
use std::fs;
use std::path::Path;
use std::process::Command;

const APP: &str = "/opt/nord-laundry-bot";

/// A bot that shows a QR code (and so says) where it finds no login, and else is ready and writes. Its process is
/// wakeep's stand-in, under another name. A file `scan` is the person with the phone.
const BOT: &str = "#!/bin/sh
cd /opt/nord-laundry-bot || exit 1
mkdir -p logs
if [ -d .wwebjs_auth/session/Default ] || [ -e scan ]; then
  rm -f scan
  echo ready | tee -a logs/combined.log /dev/shm/word
  # The unit's main process is the bot itself: it ends when it is told to. Its input never ends.
  [ -p logs/input ] || mkfifo logs/input
  exec ./stand-in demo --bot .wwebjs_auth/session <>logs/input >/dev/null
else
  echo qr | tee -a logs/combined.log /dev/shm/word
  exec sleep infinity
fi
";

const UNIT: &str = "[Unit]
Description=the bot
[Service]
User=bot
WorkingDirectory=/opt/nord-laundry-bot
ExecStart=/opt/nord-laundry-bot/bot.sh
[Install]
WantedBy=multi-user.target
";

/// A server on which the bot runs and is linked, and the unpacked release in root's home.
fn server(mut machine: Machine) -> Machine {
    let this = Path::new(env!("CARGO_BIN_EXE_wakeep"));
    machine.write(&format!("{APP}/bot.sh"), BOT, 0o755);
    machine.write("/etc/systemd/system/nord-laundry-bot.service", UNIT, 0o644);
    install(this, &machine, &format!("{APP}/stand-in"));
    unpack_release(&machine);
    fs::write(machine.at("/etc/hostname"), "vps\n").unwrap();
    machine.boot();
    machine.done("useradd --system --create-home bot && chown -R bot:bot /opt/nord-laundry-bot");
    machine.done(
        "cd /opt/nord-laundry-bot && su bot -s /bin/sh -c 'touch scan' && systemctl enable --now nord-laundry-bot",
    );
    wait_for("the bot's session", || {
        machine.at(&format!("{APP}/.wwebjs_auth/session/Default/IndexedDB")).exists().then_some(())
    });
    machine
}

/// The release as `scripts/release` packs it, unpacked in root's home.
fn unpack_release(machine: &Machine) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = scratch();
    let mut pack = Command::new("scripts/release");
    pack.current_dir(here).env("WAKEEP_BINARY", env!("CARGO_BIN_EXE_wakeep")).env("RELEASE_DIR", out.path());
    let packed = pack.output().unwrap();
    assert!(packed.status.success(), "{packed:?}");
    let tarball = here.join(String::from_utf8(packed.stdout).unwrap().trim());
    let unpacked = Command::new("tar").arg("xzf").arg(&tarball).arg("-C").arg(machine.at("/root")).status().unwrap();
    assert!(unpacked.success());
    let name = tarball.file_name().unwrap().to_string_lossy().replace(".tar.gz", "");
    fs::rename(machine.at("/root").join(&name), machine.at("/root").join("release")).unwrap();
}

/// A line in the bot's folder.
fn in_app(line: &str) -> String {
    format!("cd /opt/nord-laundry-bot && {line}")
}

fn last_word(machine: &Machine) -> String {
    let log = machine.done("grep -E '^(ready|qr)$' /opt/nord-laundry-bot/logs/combined.log | tail -1");
    log.trim().to_owned()
}

fn words(machine: &Machine) -> usize {
    machine.done("grep -cE '^(ready|qr)$' /opt/nord-laundry-bot/logs/combined.log").trim().parse().unwrap()
}

fn bot_pid(machine: &Machine) -> String {
    machine.done("systemctl show -p MainPID --value nord-laundry-bot")
}

/// The bot has started once more since `before`; what it said.
fn started_again(machine: &Machine, before: usize) -> String {
    wait_for("the bot's word", || (words(machine) > before).then_some(()));
    last_word(machine)
}

/// Everything that isn't a session, an archive, a backup or the bot's log: names, modes, owners and digests.
fn picture(machine: &Machine) -> String {
    machine.done(
        "find /etc /usr/local /opt /var/log -xdev \\( -path '*/.wwebjs_auth' -o -path '*/logs' -o -path '*/.wakeep' \
         -o -path /opt/whatsapp-auth-backup -o -path /var/log/journal -o -name 'whatsapp_auth_*' -o -name 'btmp*' \
         -o -name 'wtmp*' -o -name lastlog -o -name .pwd.lock -o -name 'ld.so.cache' \\) -prune \
         -o -type f -printf '%p %m %u ' -exec md5sum {} \\; | sort",
    )
}

#[test]
fn the_description_holds_on_a_booted_server() {
    let mut machine = server(Machine::new());
    beside_the_bot_first(&machine);
    let before = picture(&machine);
    let pid = bot_pid(&machine);
    set_up(&machine);
    assert_eq!(bot_pid(&machine), pid, "setting up never restarts the bot");
    one_configuration(&machine);
    units_are_sound(&machine);
    the_commands_as_written(&machine);
    a_deleted_session_comes_back(&machine);
    force_and_backups(&machine);
    the_bots_unit_has_the_drop_in(&machine);
    an_archive_is_brought_along(&machine);
    the_check_fires(&machine);
    a_reboot(&mut machine);
    everything_is_the_bots(&machine);
    machine.done("cd ~/release && sudo ./setup-auto-restore.sh --undo");
    assert_eq!(picture(&machine), before, "nothing of ours is left, everything of theirs is");
    assert!(machine.at("/opt/whatsapp-auth-backup/whatsapp_auth_latest.tar.gz").exists(), "backups stay");
    assert_eq!(machine.run("systemctl is-active nord-laundry-bot").stdout.trim(), "active");
    by_hand(&machine);
}

/// What README says for any machine, before what it says for a server.
fn beside_the_bot_first(machine: &Machine) {
    let said = machine.done(&as_bot("./stand-in setup"));
    assert!(said.contains("wrote: wakeep.toml"), "{said}");
    machine.done(&as_bot("echo 'interval = \"3m\"' >>wakeep.toml"));
}

/// A line in the bot's folder, as the bot's user.
fn as_bot(line: &str) -> String {
    format!("su bot -s /bin/sh -c '{}'", in_app(line).replace('\'', "'\\''"))
}

/// One configuration for services, scripts and commands, also when somebody sets up beside the bot once more.
fn one_configuration(machine: &Machine) {
    let own = machine.at(&format!("{APP}/wakeep.toml"));
    assert!(!own.exists() && own.with_file_name("wakeep.toml.set-aside").exists());
    machine.done("grep '^interval = \"3m\"$' /etc/wakeep/wakeep.toml");
    let said = machine.done(&as_bot("wakeep setup"));
    assert!(said.contains("stands already: /etc/wakeep/wakeep.toml") && !own.exists(), "{said}");
    // One that comes to stand there all the same decides nothing.
    machine.done(&as_bot("cp wakeep.toml.set-aside wakeep.toml"));
    let doctor = machine.run(&in_app("wakeep doctor"));
    assert_eq!(doctor.code, 0, "the keeper's own vault is looked at: {doctor:?}");
    fs::remove_file(own).unwrap();
}

/// `sudo ./setup-auto-restore.sh`: finds the bot by its unit, although it runs from another folder.
fn set_up(machine: &Machine) {
    let planned = machine.done("cd ~/release && sudo ./setup-auto-restore.sh --dry-run");
    assert!(planned.contains("would write: /etc/cron.d/whatsapp-auth-check"), "{planned}");
    let said = machine.done("cd ~/release && sudo ./setup-auto-restore.sh");
    assert!(said.contains("proved: +79•••••4567"), "{said}");
    assert!(said.contains("sudo systemctl restart nord-laundry-bot"), "{said}");
    let again = machine.done("cd ~/release && sudo ./setup-auto-restore.sh");
    assert!(!again.contains("wrote:"), "{again}");
}

fn units_are_sound(machine: &Machine) {
    for unit in ["whatsapp-auth-restore", "wakeep"] {
        let verified = machine.run(&format!("systemd-analyze verify /etc/systemd/system/{unit}.service"));
        assert_eq!((verified.code, verified.stderr.as_str()), (0, ""), "{unit}");
        let score = machine.run(&format!("systemd-analyze security --no-pager {unit}.service"));
        let exposure: f64 =
            score.stdout.rsplit_once(": ").and_then(|(_, e)| e.split(' ').next()?.parse().ok()).unwrap();
        assert!(exposure <= 3.0, "{unit}: {exposure}");
        machine.done(&format!("systemctl is-active {unit}"));
    }
}

fn the_commands_as_written(machine: &Machine) {
    for line in [
        "sudo systemctl status whatsapp-auth-restore",
        "cd /opt/nord-laundry-bot\n./auto-restore-auth.sh check",
        "cd /opt/nord-laundry-bot && ./auto-restore-auth.sh check",
        "sudo systemctl restart whatsapp-auth-restore",
        "cd /opt/nord-laundry-bot && sudo cp whatsapp-auth-restore.service /etc/systemd/system/\nsudo systemctl daemon-reload\nsudo systemctl restart whatsapp-auth-restore",
        "df -h",
    ] {
        machine.done(line);
    }
    for line in [
        "ls -lh whatsapp_auth_latest.tar.gz",
        "ls -la whatsapp_auth_latest.tar.gz",
        "ls -la .wwebjs_auth/",
        "ls -la auto-restore-auth.sh",
        "du -sh .wwebjs_auth/",
        "./cleanup-old-archives.sh",
    ] {
        machine.done(&in_app(line));
    }
    for log in [
        "tail -f /var/log/whatsapp-auth-restore.log",
        "tail -f /var/log/whatsapp-auth-check.log",
        "journalctl -u whatsapp-auth-restore",
    ] {
        let shown = machine.run(&format!("timeout 1 {log}"));
        assert!(shown.stdout.lines().count() > 0, "{log}: {shown:?}");
    }
    let grep = machine.run(&in_app("timeout 1 tail -f logs/combined.log | grep \"Архив авторизации\""));
    assert!(grep.stdout.contains("Архив авторизации"), "{grep:?}");
    machine.done("logrotate --force /etc/logrotate.d/whatsapp-auth");
    assert_eq!(fs::metadata(machine.at("/var/log/whatsapp-auth-restore.log")).unwrap().len(), 0, "truncated in place");
    // The two that can't hold here, and what replaces them.
    assert_eq!(machine.run("sudo crontab -l").code, 1);
    assert!(!machine.at("/var/log/cron").exists());
    machine.done("cat /etc/cron.d/whatsapp-auth-check && journalctl -u cron");
    let status = machine.done(&in_app("wakeep status"));
    assert!(status.contains("safe") && status.contains("runs"), "{status}");
    assert!(status.contains("wakeep.service active, whatsapp-auth-restore.service active"), "{status}");
    let doctor = machine.run(&in_app("wakeep doctor"));
    assert_eq!(doctor.code, 0, "{doctor:?}");
}

fn a_deleted_session_comes_back(machine: &Machine) {
    let before = words(machine);
    machine.done(&in_app("rm -rf .wwebjs_auth; sudo systemctl restart nord-laundry-bot"));
    assert_eq!(started_again(machine, before), "ready", "no QR");
    let log = machine.done("cat /var/log/whatsapp-auth-restore.log");
    assert!(log.contains("session restored from"), "{log}");
}

/// The drop-in is the bot's own now: each stop looks for its browser first, and each start has time for the restore.
fn the_bots_unit_has_the_drop_in(machine: &Machine) {
    let times = machine.done("systemctl show -p TimeoutStartUSec -p TimeoutStopUSec nord-laundry-bot");
    assert_eq!(times, "TimeoutStartUSec=10min\nTimeoutStopUSec=45s\n");
    let journal = machine.done("journalctl -u nord-laundry-bot --no-pager");
    assert!(journal.contains("session: no browser works on it"), "{journal}");
}

/// `force` on a busy bot stops it and starts it again; the archive used is kept in the system's folder.
fn force_and_backups(machine: &Machine) {
    for line in [
        "./auto-restore-auth.sh force",
        "./restore-auth-manual.sh --yes",
        "cp whatsapp_auth_latest.tar.gz backup_$(date +%Y%m%d_%H%M%S).tar.gz",
        "cp backup_*.tar.gz whatsapp_auth_latest.tar.gz\n./auto-restore-auth.sh force",
    ] {
        let before = words(machine);
        let said = machine.done(&in_app(line));
        if line.starts_with("cp whatsapp") {
            continue;
        }
        assert!(said.contains("systemctl stop nord-laundry-bot") && said.contains("restored from"), "{line}: {said}");
        assert_eq!(started_again(machine, before), "ready", "{line}");
    }
    assert!(machine.at("/opt/whatsapp-auth-backup/whatsapp_auth_latest.tar.gz").exists());
    machine.done(&in_app("rm backup_*.tar.gz"));
}

fn an_archive_is_brought_along(machine: &Machine) {
    machine.done(&in_app("cp whatsapp_auth_latest.tar.gz /tmp/"));
    let said = machine.done(&in_app("./upload-auth-archive.sh --yes"));
    assert!(said.contains("linked") && said.contains("restore-auth-manual.sh"), "{said}");
    machine.done("rm /tmp/whatsapp_auth_latest.tar.gz");
    everything_is_the_bots(machine);
}

/// The check of every 6 hours, made to come at the next minute: a running bot on a broken session is stopped, its
/// session restored, and started again.
fn the_check_fires(machine: &Machine) {
    let before = words(machine);
    machine.done(&in_app("for f in .wwebjs_auth/session/Default/IndexedDB/*/*.ldb; do truncate -s 100 $f; done"));
    machine.done("sed -i 's|^0 [*]/6|* *|' /etc/cron.d/whatsapp-auth-check && cat /etc/cron.d/whatsapp-auth-check");
    let fired = wait_for("the check", || {
        let log = machine.done("cat /var/log/whatsapp-auth-check.log");
        log.contains("session restored from").then_some(log)
    });
    assert!(fired.contains("broken") && fired.contains("systemctl stop nord-laundry-bot"), "{fired}");
    assert_eq!(started_again(machine, before), "ready");
    machine.done("sed -i 's|^\\* \\*|0 */6|' /etc/cron.d/whatsapp-auth-check");
    let line = "0 */6 * * * root cd /opt/nord-laundry-bot && /usr/local/bin/wakeep --config /etc/wakeep/wakeep.toml \
                --log-to /var/log/whatsapp-auth-check.log restore --if-needed --tell\n";
    assert_eq!(machine.done("cat /etc/cron.d/whatsapp-auth-check"), line);
}

/// Keeper after bot at the way down; restore before bot at the way up.
fn a_reboot(machine: &mut Machine) {
    let before = words(machine);
    machine.shut_down();
    fs::remove_dir_all(machine.at(&format!("{APP}/.wwebjs_auth"))).unwrap();
    machine.boot();
    assert_eq!(started_again(machine, before), "ready");
    let order = machine.done("journalctl -b -u whatsapp-auth-restore --no-pager");
    assert!(order.contains("session restored from"), "{order}");
    machine.done("systemctl is-active wakeep whatsapp-auth-restore nord-laundry-bot");
}

fn everything_is_the_bots(machine: &Machine) {
    let foreign = machine.done("find /opt/nord-laundry-bot /opt/whatsapp-auth-backup ! -user bot");
    assert_eq!(foreign, "");
    let open = machine.done("find /opt/nord-laundry-bot /opt/whatsapp-auth-backup -name '*.tar.gz' -perm /077");
    assert_eq!(open, "");
}

/// "Ручная установка", as written, after the one step that brings the program.
fn by_hand(machine: &Machine) {
    machine.done("cd ~/release && sudo install -m755 wakeep /usr/local/bin/");
    machine.done(
        "cd ~/release\nsudo cp auto-restore-auth.sh /opt/nord-laundry-bot/\n\
         sudo cp whatsapp-auth-restore.service /etc/systemd/system/\nsudo systemctl daemon-reload\n\
         sudo systemctl enable whatsapp-auth-restore.service\n\
         echo \"0 */6 * * * root cd /opt/nord-laundry-bot && ./auto-restore-auth.sh check\" | sudo tee /etc/cron.d/whatsapp-auth-check",
    );
    machine.done("sudo systemctl stop nord-laundry-bot && rm -rf /opt/nord-laundry-bot/.wwebjs_auth");
    machine.done("sudo systemctl start whatsapp-auth-restore");
    assert!(machine.at(&format!("{APP}/.wwebjs_auth/session/Default")).is_dir(), "restored by the static unit");
    everything_is_the_bots_session(machine);
    machine.done("cd /opt/nord-laundry-bot && ./auto-restore-auth.sh check");
    // Written so by hand, root runs what the bot's user may write: the doctor says so.
    let doctor = machine.run(&in_app("wakeep doctor"));
    assert!(doctor.stdout.contains("has root run /opt/nord-laundry-bot/auto-restore-auth.sh"), "{doctor:?}");
}

fn everything_is_the_bots_session(machine: &Machine) {
    assert_eq!(machine.done("find /opt/nord-laundry-bot/.wwebjs_auth ! -user bot"), "");
}

/// What the bot said since the machine was switched on: logs may have lost it with the power, `/dev/shm` is new.
fn word_of_this_boot(machine: &Machine) -> String {
    let start = std::time::Instant::now();
    loop {
        let said = machine.run("tail -n 1 /dev/shm/word").stdout;
        if !said.trim().is_empty() {
            return said.trim().to_owned();
        }
        if start.elapsed() > std::time::Duration::from_secs(300) {
            let units = "systemctl status --no-pager nord-laundry-bot whatsapp-auth-restore wakeep";
            panic!("the bot says nothing: {:?}", machine.run(&format!("{units}; systemctl list-jobs; ps axf")));
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// How often the power is cut: few times in CI, more by `scripts/vps-test`.
fn cuts() -> u64 {
    told("WAKEEP_POWER_CUTS").and_then(|n| n.parse().ok()).unwrap_or(2)
}

/// The power goes in the middle of an archive and of a restore: after the next boot the bot has its login, no QR, and
/// the archive at its path is whole.
#[test]
fn a_power_cut_costs_nothing() {
    let mut machine = Machine::new();
    machine.with_own_disk(1500);
    let mut machine = server(machine);
    machine.done("cd ~/release && sudo ./setup-auto-restore.sh");
    for n in 0..cuts() {
        let work = if n % 2 == 0 { "wakeep archive --force" } else { "./auto-restore-auth.sh force" };
        // What the test itself put there is not what is tried.
        machine.done("sync");
        machine.start(&in_app(&format!("while :; do {work}; done")));
        std::thread::sleep(std::time::Duration::from_millis(300 + n * 137 % 900));
        machine.cut_power();
        machine.boot();
        let said = word_of_this_boot(&machine);
        let told = format!("cut {n} in `{work}`");
        assert_eq!(said, "ready", "{told}");
        machine.done(&in_app("wakeep verify whatsapp_auth_latest.tar.gz"));
        wait_for("a good session", || (machine.run(&in_app("wakeep check")).code == 0).then_some(()));
        println!("{told}: {}", machine.done(&in_app("wakeep list --events | tail -1")).trim());
    }
}

/// A full disk: said clearly, the archive that stands stays whole, and when there is space again all goes on.
#[test]
fn a_full_disk_costs_nothing() {
    let mut machine = Machine::new();
    machine.with_own_disk(300);
    let machine = server(machine);
    machine.done("cd ~/release && sudo ./setup-auto-restore.sh && systemctl stop wakeep nord-laundry-bot");
    machine.run("dd if=/dev/zero of=/opt/filler bs=64k 2>/dev/null; dd if=/dev/zero of=/opt/filler2 bs=1k 2>/dev/null");
    let archived = machine.run(&in_app("wakeep archive --force"));
    assert!(archived.code == 1 && archived.stderr.contains("disk is full"), "{archived:?}");
    machine.done(&in_app("wakeep verify whatsapp_auth_latest.tar.gz"));
    let restored = machine.run(&in_app("./auto-restore-auth.sh force"));
    assert_eq!(restored.code, 1, "{restored:?}");
    machine.run("rm /opt/filler2");
    let doctor = machine.run(&in_app("wakeep doctor"));
    assert!(doctor.stdout.contains("free on the disk"), "{doctor:?}");
    machine.done("rm /opt/filler");
    machine.done(&in_app("./auto-restore-auth.sh force && wakeep check && wakeep archive --force"));
    let before = words(&machine);
    machine.done("systemctl start wakeep nord-laundry-bot");
    assert_eq!(started_again(&machine, before), "ready");
}

/// A check that was missed while the machine was off is made up for; a session that is missing then comes back.
#[test]
fn the_timer_makes_up_for_a_missed_check() {
    let machine = server(Machine::new());
    machine.done("cd ~/release && sudo ./wakeep setup --schedule timer");
    assert!(!machine.at("/etc/cron.d/whatsapp-auth-check").exists());
    machine.done(
        "systemctl stop wakeep nord-laundry-bot whatsapp-auth-check.timer && rm -rf /opt/nord-laundry-bot/.wwebjs_auth",
    );
    machine.done("touch -d '1 day ago' /var/lib/systemd/timers/stamp-whatsapp-auth-check.timer");
    machine.done("systemctl start whatsapp-auth-check.timer");
    let status = machine.run(&in_app("wakeep status")).stdout;
    assert!(status.contains("wakeep.service inactive") && status.contains("check.timer active"), "{status}");
    wait_for("the check", || machine.at(&format!("{APP}/.wwebjs_auth/session/Default")).exists().then_some(()));
    let log = wait_for("the log", || {
        Some(machine.done("cat /var/log/whatsapp-auth-check.log")).filter(|l| l.contains("restored"))
    });
    assert!(log.contains("missing"), "{log}");
}

/// The package: installed, upgraded (the keeper goes on with the new program, the bot isn't touched), removed, purged.
#[test]
#[ignore = "needs the package: scripts/vps-test makes it"]
fn the_package_comes_and_goes() {
    let package = told("WAKEEP_DEB").expect("WAKEEP_DEB names the package; scripts/vps-test makes it");
    let machine = server(Machine::new());
    fs::copy(&package, machine.at("/root").join("wakeep.deb")).unwrap();
    machine.done("dpkg -i ~/wakeep.deb && sudo wakeep setup");
    assert!(!machine.at("/usr/local/bin/wakeep").exists(), "the package's program is used");
    assert!(machine.at("/usr/share/man/man1/wakeep.1.gz").exists(), "what people look up");
    assert!(machine.at("/usr/share/bash-completion/completions/wakeep").exists(), "what the tab key asks");
    let (bot, keeper) = (bot_pid(&machine), machine.done("systemctl show -p MainPID --value wakeep"));
    machine.done("dpkg -i ~/wakeep.deb");
    assert_eq!(bot_pid(&machine), bot, "an upgrade never restarts the bot");
    assert_ne!(machine.done("systemctl is-active wakeep && systemctl show -p MainPID --value wakeep"), keeper);
    a_deleted_session_comes_back(&machine);
    let before = words(&machine);
    machine.done("dpkg -r wakeep");
    for gone in ["/etc/systemd/system/wakeep.service", "/etc/cron.d/whatsapp-auth-check", "/usr/bin/wakeep"] {
        assert!(!machine.at(gone).exists(), "{gone}");
    }
    machine.done("systemctl restart nord-laundry-bot");
    assert_eq!(started_again(&machine, before), "ready", "the bot needs none of it");
    machine.done("dpkg --purge wakeep");
    assert!(!machine.at("/etc/wakeep").exists() && machine.at("/opt/whatsapp-auth-backup/session").is_dir());
}
