//! Archives that were made on a Mac or on Windows, as their programs write them: they restore here. Python writes them byte
//! for byte so; the systems themselves are not at hand.

use crate::env::standin::{ACCOUNT, StandIn};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What all scripts begin with: the session's files as `(name with slashes, path)`, folders before what is in them.
const FILES: &str = r"
import io, os, sys, tarfile, zipfile
root, to = sys.argv[1:]
found = []
for at, folders, files in os.walk(os.path.join(root, '.wwebjs_auth')):
    for name in [at] + [os.path.join(at, f) for f in files]:
        if os.path.isfile(name) or os.path.isdir(name):
            found.append((os.path.relpath(name, root), name))
";

/// An archive of the bot's session that the script made.
fn made(bot: &StandIn, name: &str, script: &str) -> PathBuf {
    let to = bot.home().join(name);
    let run =
        Command::new("python3").args(["-c", &format!("{FILES}{script}")]).arg(bot.home()).arg(&to).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    to
}

/// Restores it in place of a session that is gone, and expects the login whole and its owner's alone.
fn comes_back(bot: &StandIn, archive: &Path) {
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let told = bot.wakeep(["restore", "--json", "--from", archive.to_str().unwrap()]).json(0);
    assert_eq!(told["outcome"], "restored", "{told}");
    let check = bot.wakeep(["check", "--json"]).json(0);
    assert_eq!((check["verdict"].as_str(), check["account"].as_str()), (Some("sound"), Some(ACCOUNT)), "{check}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let current = bot.session().join("Default/Local Storage/leveldb/CURRENT");
    assert_eq!((mode(&bot.session()), mode(&current)), (0o700, 0o600));
}

#[test]
fn a_tar_without_modes_or_owners_comes_back() {
    let bot = StandIn::stopped();
    let script = r"
with tarfile.open(to, 'w:gz', format=tarfile.USTAR_FORMAT) as tar:
    for name, path in found:
        entry = tar.gettarinfo(path, name)
        entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, '', ''
        tar.addfile(entry, open(path, 'rb') if entry.isfile() else None)
";
    comes_back(&bot, &made(&bot, "windows.tar.gz", script));
}

#[test]
fn a_macs_tar_with_its_shadow_files_comes_back() {
    let bot = StandIn::stopped();
    // What the Mac's own tar puts before each file that has attributes, and the Finder into each folder.
    let script = r"
shadow = b'\0\5\x16\7\0\2\0\0Mac OS X        ' + b'\0' * 138
with tarfile.open(to, 'w:gz', format=tarfile.PAX_FORMAT) as tar:
    for name, path in found:
        entry = tar.gettarinfo(path, name)
        entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = 501, 20, 'me', 'staff', 0o644
        entry.pax_headers = {'LIBARCHIVE.xattr.com.apple.provenance': 'AQIA', 'mtime': '1795000000.123456789'}
        above, own = os.path.split(name)
        twin = tarfile.TarInfo(os.path.join(above, '._' + own))
        twin.size = len(shadow)
        tar.addfile(twin, io.BytesIO(shadow))
        tar.addfile(entry, open(path, 'rb') if entry.isfile() else None)
        if entry.isdir():
            tar.addfile(tarfile.TarInfo(os.path.join(name, '.DS_Store')), None)
";
    comes_back(&bot, &made(&bot, "mac.tar.gz", script));
    let left =
        Command::new("find").arg(bot.session()).args(["-name", "._*", "-o", "-name", ".DS_Store"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "none of the shadows is in the profile");
}

#[test]
fn a_zip_with_backslashes_comes_back() {
    let bot = StandIn::stopped();
    // As `Compress-Archive` of Windows PowerShell 5.1 writes it: made on FAT, no modes, backslashes between the parts.
    let script = r"
with zipfile.ZipFile(to, 'w', zipfile.ZIP_DEFLATED) as zip:
    for name, path in found:
        entry = zipfile.ZipInfo('x')
        entry.filename = name.replace('/', '\\') + ('\\' if os.path.isdir(path) else '')
        entry.create_system, entry.external_attr, entry.compress_type = 0, 0x20, zipfile.ZIP_DEFLATED
        zip.writestr(entry, open(path, 'rb').read() if os.path.isfile(path) else b'')
";
    comes_back(&bot, &made(&bot, "windows.zip", script));
}

#[test]
fn tars_with_backslashes_come_back() {
    // As programs write them that give a system's own path as the name: with entries for the folders, and without.
    for (format, folders) in [("GNU", "True"), ("PAX", "False")] {
        let bot = StandIn::stopped();
        let script = format!(
            r"
with tarfile.open(to, 'w:gz', format=tarfile.{format}_FORMAT) as tar:
    for name, path in found:
        entry = tar.gettarinfo(path, name.replace('/', '\\'))
        if entry.isfile() or {folders}:
            tar.addfile(entry, open(path, 'rb') if entry.isfile() else None)
"
        );
        comes_back(&bot, &made(&bot, "windows.tar.gz", &script));
    }
}

#[test]
fn a_configuration_with_windows_line_ends_is_read() {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("wakeep.toml"), "# мой бот\r\nsession = \".wwebjs_auth\"\r\nlang = \"ru\"\r\n").unwrap();
    let told = bot.wakeep(["archive"]).run();
    assert!(told.code == 0 && told.stdout.contains("архив"), "{told:?}");
}
