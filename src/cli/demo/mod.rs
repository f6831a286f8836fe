//! `wakeep demo`: the main job on a scratch session, by the product's own code. A child process is the bot; the real
//! keeper looks while it writes; the session is damaged; the check finds it; the restore brings it back.

mod bot;

use super::context::Context;
use super::exit::Exit;
use super::reading::Scratch;
use super::run::clock;
use super::show::{Show, Tone};
use crate::check;
use crate::config::{Config, Place};
use crate::error::{At, Error, Result};
use crate::keeper::Keeper;
use crate::keeper::ward::{Ward, wards};
use crate::restore::{Restoring, Source, Wish};
use crate::text::{Phrase, WayBack};
use crate::vault::journal::Event;
use crate::verdict::{Grade, Verdict};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// What the damage leaves of a table, in bytes.
const CUT_TO: u64 = 100;

/// The bot itself, in its own process.
pub fn bot(session: &Path) -> Result<Exit> {
    bot::live(session).map(|()| Exit::Done)
}

/// Runs the demonstration. Fails if anything is not as it must be.
pub fn demo(context: &Context) -> Result<Exit> {
    let scratch = Scratch::new()?;
    let session = scratch.dir().join(".wwebjs_auth/session");
    let config = Config { places: vec![Place { path: session.clone(), ..Place::default() }], ..Config::default() };
    let mut demo = Demo { context, config, session, step: 0, good: true };
    demo.run()?;
    Ok(if demo.good { Exit::Done } else { Exit::Failed })
}

struct Demo<'a> {
    context: &'a Context,
    config: Config,
    session: PathBuf,
    step: u32,
    good: bool,
}

impl Demo<'_> {
    fn run(&mut self) -> Result<()> {
        let show = &self.context.show;
        show.line(&show.paint(Tone::Strong, show.lang.phrase(Phrase::DemoTitle)));
        let mut bot = Bot::start(&self.session)?;
        self.heading(Phrase::DemoSession);
        let verdict = self.verdict()?;
        self.expect(verdict.is_good());
        self.rounds(&mut bot)?;
        bot.kill()?;
        self.damage()?;
        self.mend()?;
        self.end();
        Ok(())
    }

    /// Created while the bot writes, unchanged while it is idle, created when it goes on.
    fn rounds(&mut self, bot: &mut Bot) -> Result<()> {
        let config = self.config.clone();
        let (mut keeper, _) = Keeper::new(wards(&config)?, &config, &self.context.host, self.context.show.lang, clock);
        self.heading(Phrase::DemoRound);
        self.round(&mut keeper, true);
        bot.pause_or_go_on()?;
        self.heading(Phrase::DemoIdle);
        // What the bot wrote last; then nothing.
        self.round(&mut keeper, true);
        self.round(&mut keeper, false);
        bot.pause_or_go_on()?;
        self.heading(Phrase::DemoBusy);
        self.round(&mut keeper, true);
        Ok(())
    }

    fn round(&mut self, keeper: &mut Keeper, created: bool) {
        let mut event = None;
        keeper.round(&mut |_, seen, _| event = Some(seen.clone()));
        if let Some(event) = &event {
            self.say(&self.context.show.lang.event(event));
        }
        self.expect(event.is_some_and(|e| matches!(e, Event::Created { .. }) == created));
    }

    /// What a full disk or a careless copy does: a table of the database is gone, another one cut in half.
    fn damage(&mut self) -> Result<()> {
        self.heading(Phrase::DemoDamage);
        let dir = self.session.join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb");
        let tables = fs::read_dir(&dir).at("listing", &dir)?.flatten().map(|e| e.path());
        let is_table = |p: &PathBuf| p.extension().is_some_and(|e| e == "ldb" || e == "sst");
        for table in tables.filter(is_table).take(1) {
            let file = fs::OpenOptions::new().write(true).open(&table).at("opening", &table)?;
            file.set_len(CUT_TO).at("cutting", &table)?;
            let left = self.context.show.lang.bytes(CUT_TO);
            self.say(&format!("{} → {left}", table.file_name().unwrap_or_default().display()));
        }
        self.heading(Phrase::DemoCheck);
        let verdict = self.verdict()?;
        self.expect(verdict.grade == Grade::Broken);
        Ok(())
    }

    fn mend(&mut self) -> Result<()> {
        self.heading(Phrase::DemoRestore);
        let mut ward = self.ward()?;
        let mut restoring = Restoring {
            session: &ward.session,
            vault: &mut ward.vault,
            work: &ward.work,
            wish: Wish::IfNeeded,
            source: Source::Newest,
            shared: None,
            mode: self.config.session_mode,
            alone: true,
            qr_unseen: false,
            dry_run: false,
            host: &self.context.host,
        };
        let event = restoring.restore(clock())?;
        self.say(&self.context.show.lang.event(&event));
        self.expect(matches!(event, Event::Restored { .. }));
        self.heading(Phrase::DemoProof);
        let verdict = self.verdict()?;
        self.expect(verdict.is_good() && verdict.account.as_deref() == Some(bot::ACCOUNT));
        Ok(())
    }

    fn end(&self) {
        let show = &self.context.show;
        show.line("");
        let (phrase, tone) = if self.good { (Phrase::DemoEnd, Tone::Good) } else { (Phrase::DemoFailed, Tone::Bad) };
        show.line(&show.paint(tone, show.lang.phrase(phrase)));
        if self.good {
            show.line("  wakeep watch");
        }
    }

    fn ward(&self) -> Result<Ward> {
        let ward = wards(&self.config)?.into_iter().next();
        ward.ok_or_else(|| Error::SessionMissing { path: self.session.clone() })
    }

    fn verdict(&self) -> Result<Verdict> {
        let ward = self.ward()?;
        let verdict = check::session(&ward.session, &ward.vault.versions()?, &ward.work.snapshot())?.verdict;
        let show: &Show = &self.context.show;
        self.say(&show.lang.verdict(&verdict));
        for finding in verdict.findings.iter().take(1) {
            self.say(&show.lang.finding(finding, WayBack::Archive).what);
        }
        Ok(verdict)
    }

    fn heading(&mut self, phrase: Phrase) {
        self.step += 1;
        let show = &self.context.show;
        show.line(&format!("\n{}. {}", self.step, show.paint(Tone::Strong, show.lang.phrase(phrase))));
    }

    fn say(&self, text: &str) {
        let home = self.session.ancestors().nth(2).unwrap_or(&self.session).display().to_string();
        self.context.show.hung("   ", &text.replace(&format!("{home}/"), ""));
    }

    fn expect(&mut self, as_it_must_be: bool) {
        self.good &= as_it_must_be;
    }
}

/// The child process that plays the bot.
struct Bot {
    child: Child,
    input: ChildStdin,
}

impl Bot {
    fn start(session: &Path) -> Result<Bot> {
        let program = std::env::current_exe().at("finding", Path::new("wakeep"))?;
        let mut child = Command::new(&program)
            .args(["demo", "--bot"])
            .arg(session)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .at("starting", &program)?;
        let mut ready = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut ready).at("reading from", &program)?;
        }
        let input = child.stdin.take().expect("standard input was asked for");
        Ok(Bot { child, input })
    }

    fn pause_or_go_on(&mut self) -> Result<()> {
        self.input.write_all(b"\n").at("writing to", Path::new("the bot"))?;
        // Long enough for the bot to do as it was told.
        std::thread::sleep(Duration::from_millis(700));
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        self.child.kill().at("killing", Path::new("the bot"))?;
        self.child.wait().at("waiting for", Path::new("the bot")).map(drop)
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}
