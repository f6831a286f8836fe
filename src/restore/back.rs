//! Whether a restore goes back: to an older archive of the same login than the newest that is known here. It only says
//! so; whether that is allowed is decided elsewhere.

use crate::error::Result;
use crate::vault::Vault;
use crate::vault::journal::{Back, Point};
use crate::vault::label::Label;

/// From where to where a restore of the archive with this label goes back, if it does.
pub fn goes_back(vault: &Vault, label: &Label) -> Result<Option<Back>> {
    let newest = vault.newest()?.map(|(_, newest)| newest).filter(|newest| newest.same_lineage(label));
    Ok(newest.filter(|newest| is_older(label, newest)).map(|newest| Back { since: point(&newest), to: point(label) }))
}

/// Generations count on one host only as long as archives aren't brought from another; then times tell.
fn is_older(label: &Label, newest: &Label) -> bool {
    if label.host == newest.host { label.generation < newest.generation } else { label.made < newest.made }
}

fn point(label: &Label) -> Point {
    Point { generation: label.generation, made: label.made }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Grade, Login};

    fn label(host: &str, generation: u64, made: &str) -> Label {
        Label {
            session: "session".into(),
            prefix: "session".into(),
            kind: "chromium".into(),
            generation,
            made: made.parse().unwrap(),
            host: host.into(),
            verdict: Grade::Sound,
            login: Login::Paired,
            doubts: Vec::new(),
            account: None,
            vector: Default::default(),
            identity: None,
            versions: Default::default(),
        }
    }

    #[test]
    fn generations_tell_on_one_host_and_times_between_two() {
        let newest = label("a", 7, "2026-11-24T12:00:00Z");
        assert!(is_older(&label("a", 6, "2026-11-24T13:00:00Z"), &newest), "a clock that was set back");
        assert!(!is_older(&newest, &newest));
        assert!(is_older(&label("b", 9, "2026-11-24T11:00:00Z"), &newest));
        assert!(!is_older(&label("b", 3, "2026-11-24T13:00:00Z"), &newest));
    }
}
