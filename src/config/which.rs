//! Which file is read where none is named. On a server that was set up there is one for all: what a command in the
//! bot's folder reads is what the bot's services read.

use super::SYSTEM;
use std::fs;
use std::path::{Path, PathBuf};

/// What a folder has in it that is a bot's own. Sources: LocalAuth's folder, wppconnect's, Baileys' example's, and ours.
const OF_A_BOT: [&str; 5] = [".wwebjs_auth", "tokens", "auth_info_baileys", ".wakeep", "whatsapp_auth_latest.tar.gz"];

/// Where the configuration is looked for, the first that is there counts: the server's for the bot in this folder, the
/// folder's own; and where no bot is in it the server's of the folder's name, the server's first.
pub(super) fn usual_files() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    // Named to people as they would.
    let near = |file: PathBuf| file.strip_prefix(&here).map(Path::to_owned).unwrap_or(file);
    files_for(Path::new(SYSTEM), &here).into_iter().map(near).collect()
}

fn files_for(system: &Path, here: &Path) -> Vec<PathBuf> {
    let own = of_server(system, here).into_iter().chain([here.join("wakeep.toml")]);
    // What is typed beside one bot's session is never meant for another's.
    let is_a_bots = OF_A_BOT.iter().any(|name| here.join(name).symlink_metadata().is_ok());
    let others = named(system, here).into_iter().chain([system.join("wakeep.toml")]);
    own.chain(others.filter(|_| !is_a_bots)).collect()
}

/// The server's configuration (in the folder `system`) for the bot in this folder: the one that names a session there.
pub fn of_server(system: &Path, folder: &Path) -> Option<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(system).into_iter().flatten().flatten().map(|e| e.path()).collect();
    all.retain(|file| file.extension().is_some_and(|e| e == "toml"));
    all.sort();
    named(system, folder).into_iter().chain(all).find(|file| is_for(file, folder))
}

/// A second bot on a server has a file that is named after its folder, where no other bot's is.
fn named(system: &Path, folder: &Path) -> Option<PathBuf> {
    folder.file_name().map(|n| system.join(format!("{}.toml", n.to_string_lossy())))
}

fn is_for(file: &Path, folder: &Path) -> bool {
    let table = fs::read_to_string(file).ok().and_then(|text| toml::from_str::<toml::Table>(&text).ok());
    let table = table.unwrap_or_default();
    let several = table.get("sessions").and_then(|s| s.as_array()).into_iter().flatten().map(|s| s.get("path"));
    let mut paths = several.chain([table.get("session")]).filter_map(|p| p?.as_str());
    let real = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_owned());
    let is_here = |above: &Path| above == folder || real(above) == real(folder);
    paths.any(|p| {
        let above = Path::new(p).parent();
        // The session itself is named, not the folder of sessions.
        let root = above.filter(|a| a.file_name().is_some_and(|n| OF_A_BOT[..2].iter().any(|root| n == *root)));
        above.is_some_and(is_here) || root.and_then(Path::parent).is_some_and(is_here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_one_bots_session_anothers_configuration_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let system = dir.path().join("etc");
        fs::create_dir(&system).unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        fs::create_dir_all(first.join(".wwebjs_auth/session")).unwrap();
        fs::create_dir_all(&second).unwrap();
        let configured = system.join("wakeep.toml");
        fs::write(&configured, format!("session = \"{}\"\n", first.join(".wwebjs_auth/session").display())).unwrap();
        let found = |here: &Path| files_for(&system, here).into_iter().find(|p| p.is_file());
        assert_eq!(found(&first), Some(configured.clone()));
        assert_eq!(found(&second), Some(configured.clone()), "nobody's folder");
        fs::create_dir(second.join(".wwebjs_auth")).unwrap();
        assert_eq!(found(&second), None);
        fs::write(second.join("wakeep.toml"), "").unwrap();
        assert_eq!(found(&second), Some(second.join("wakeep.toml")));
    }

    #[test]
    fn a_servers_file_is_for_the_folders_whose_sessions_it_names() {
        let dir = tempfile::tempdir().unwrap();
        let system = dir.path();
        fs::write(system.join("wakeep.toml"), "session = \"/opt/laundry/.wwebjs_auth\"\n").unwrap();
        fs::write(
            system.join("shop.toml"),
            "[[sessions]]\npath = \"/srv/shop/a\"\n[[sessions]]\npath = \"/srv/shop/b\"\n",
        )
        .unwrap();
        fs::write(system.join("y-shop.toml"), "session = \"/srv/y/shop/auth\"\n").unwrap();
        fs::write(system.join("torn.toml"), "session = ").unwrap();
        let of = |folder: &str| of_server(system, Path::new(folder));
        assert_eq!(of("/opt/laundry"), Some(system.join("wakeep.toml")));
        assert_eq!(of("/srv/shop"), Some(system.join("shop.toml")));
        assert_eq!(of("/srv/y/shop"), Some(system.join("y-shop.toml")), "another bot's folder has the same name");
        for stranger in ["/srv/other", "/opt", "/", "/opt/laundry/.wwebjs_auth", "/home/shop", "/srv/torn"] {
            assert_eq!(of(stranger), None, "{stranger}");
        }
    }
}
