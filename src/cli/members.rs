//! `wakeep receive --members`: what `wakeep push` runs on the other side of an SSH line. Standard input and output are
//! the talk with the other wakeep, not a person's.

use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::receive::judge;
use crate::archive::{self, Depth};
use crate::disk;
use crate::error::Result;
use crate::keeper::ward::Ward;
use crate::sync::arrival::{Arrival, stored};
use crate::text::WayBack;
use crate::verdict::Verdict;
use std::io;
use std::path::Path;

/// Takes the archive that is named so and stands in this folder. Another layout is told by the exit code; the other
/// side then puts the file there whole.
pub fn take(context: &Context, name: &Path) -> Result<Exit> {
    let mut wards = context.wards()?.into_iter();
    let Some(mut ward) = wards.find(|ward| same_place(ward.vault.archive(), name)) else { return Ok(Exit::Usage) };
    let archive = ward.vault.archive().to_owned();
    // Not under the work lock: the line may be slow, or silent.
    let mut arrival = Arrival::look(&archive, &ward.vault.dir().join("sync").join("arriving"))?;
    arrival.offer(&mut io::stdout().lock())?;
    if !arrival.collect(&mut io::stdin().lock())? {
        return Ok(Exit::Done);
    }
    let work = ward.work.work("receive")?;
    ward.vault.refresh()?;
    let temp = disk::unfinished(&archive, "arriving")?;
    let verdict = publish(context, &mut ward, &arrival, &temp);
    disk::remove_file(&temp)?;
    drop(work);
    // A piece that isn't what it was would hinder every further try, too.
    arrival.clear()?;
    let verdict = verdict?;
    if !verdict.is_good() {
        context.show.verdict(&near(&archive), &verdict, WayBack::Archive);
        return Ok(Exit::of_verdict(&verdict));
    }
    stored(&mut io::stdout().lock(), &archive)?;
    Ok(Exit::Done)
}

fn publish(context: &Context, ward: &mut Ward, arrival: &Arrival, temp: &Path) -> Result<Verdict> {
    arrival.require_unchanged()?;
    arrival.assemble(temp)?;
    let verified = archive::verify(temp, Depth::Content)?;
    let verdict = judge(temp, ward)?;
    if verdict.is_good() {
        ward.vault.adopt(&verified, context.now)?;
    }
    Ok(verdict)
}

fn same_place(archive: &Path, name: &Path) -> bool {
    let whole = |path: &Path| Some(disk::parent(path).canonicalize().ok()?.join(path.file_name()?));
    whole(archive).is_some_and(|place| Some(place) == whole(name))
}
