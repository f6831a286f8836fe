//! Which file is read where none is named. On a server that was set up there is one for all: what a command in the
//! bot's folder reads is what the bot's services read.

use super::SYSTEM;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the configuration is looked for, the first that is there counts: the server's for the bot in this folder, the
/// folder's own, the server's of the folder's name, the server's first.
pub(super) fn usual_files() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let system = Path::new(SYSTEM);
    let of_server = of_server(system, &here);
    let rest = [Some("wakeep.toml".into()), named(system, &here), Some(system.join("wakeep.toml"))];
    of_server.into_iter().chain(rest.into_iter().flatten()).collect()
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
    paths.any(|p| Path::new(p).parent().is_some_and(|above| above == folder || real(above) == real(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
