//! Our archives read by everybody else's tools, and theirs by ours. A tool that is missing fails its test.

use crate::archive::{Folder, PREFIX, contents, noise, scratch, text, unpack};
use crate::env::disk::Disk;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use wakeep::archive::*;
use wakeep::tree;

/// Runs a shell line with `$archive`, `$out` and `$folder` set; it must succeed.
fn sh(line: &str, archive: &Path, out: &Path, folder: &Path) {
    let shell = ["bash", "-euo", "pipefail", "-c", line];
    let run = Command::new(shell[0])
        .args(&shell[1..])
        .env("archive", archive)
        .env("out", out)
        .env("folder", folder)
        .env("NODE_PATH", node_modules())
        // busybox and bsdtar refuse names that the locale can't say.
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(run.status.success(), "{line}\n{}", String::from_utf8_lossy(&run.stderr));
}

/// The Node packages that bots' authors use, fetched once per target folder.
fn node_modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zoo-node");
        let packages = ["tar@7.5.23", "tar-stream@3.2.2", "archiver@5.3.2", "fflate@0.8.3"];
        if !dir.join("complete").exists() {
            fs::create_dir_all(&dir).unwrap();
            let npm = Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(&dir)
                .args(packages)
                .output();
            let npm = npm.expect("npm is installed");
            assert!(npm.status.success(), "{}", String::from_utf8_lossy(&npm.stderr));
            fs::write(dir.join("complete"), "").unwrap();
        }
        dir.join("node_modules")
    })
}

/// What a tool must bring back: names and bytes, and times in whole seconds if it keeps them.
fn bytes_of(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    contents(root).into_iter().map(|(path, _, bytes, _)| (path, bytes)).collect()
}

const READERS: &[(&str, &str)] = &[
    ("gnu tar", "tar -xzf $archive -C $out"),
    ("gnu tar through gzip", "gzip -dc $archive | tar -xf - -C $out"),
    ("gnu tar through pigz", "pigz -dc $archive | tar -xf - -C $out"),
    ("bsdtar", "bsdtar -xf $archive -C $out"),
    ("busybox tar", "busybox tar -xzf $archive -C $out"),
    ("busybox tar through gunzip", "busybox gunzip -c < $archive | busybox tar -xf - -C $out"),
    ("python tarfile", "python3 -c \"import tarfile; tarfile.open('$archive').extractall('$out', filter='data')\""),
    ("7z", "7z x -so -tgzip $archive | 7z x -si -ttar -o$out > /dev/null"),
    ("node tar", "node -e \"require('tar').x({sync: true, strict: true, file: '$archive', cwd: '$out'})\""),
    (
        "node tar-stream",
        r#"node -e "
        const fs = require('fs'), path = require('path'), x = require('tar-stream').extract()
        x.on('entry', (h, s, next) => {
            const to = path.join('$out', h.name)
            if (h.type === 'directory') { fs.mkdirSync(to, {recursive: true}); s.resume(); return s.on('end', next) }
            s.pipe(fs.createWriteStream(to)).on('close', next)
        })
        x.on('error', e => { throw e })
        fs.createReadStream('$archive').pipe(require('zlib').createGunzip()).pipe(x)
        ""#,
    ),
];

/// Readers that stop after the first member: what `Form::Plain` is for.
const HASTY_READERS: &[(&str, &str)] = &[
    (
        "python r|gz",
        "python3 -c \"import tarfile; tarfile.open('$archive', 'r|gz').extractall('$out', filter='data')\"",
    ),
    ("perl", "perl -MIO::Uncompress::Gunzip=gunzip -e 'gunzip($ENV{archive} => \"-\") or die' | tar -xf - -C $out"),
    // fflate's gunzipSync makes room for as much as the file's last four bytes say, which are the last member's.
    (
        "fflate with room",
        r#"node -e "
        const bytes = require('fs').readFileSync('$archive'), out = new Uint8Array(64 << 20)
        process.stdout.write(require('fflate').gunzipSync(bytes, {out}))" | tar -xf - -C $out"#,
    ),
    (
        "fflate, streaming",
        r#"node -e "
        const g = new (require('fflate').Gunzip)(chunk => process.stdout.write(chunk))
        g.push(require('fs').readFileSync('$archive'), true)" | tar -xf - -C $out"#,
    ),
];

fn read_by_all(readers: &[(&str, &str)], form: Form) {
    let place = scratch();
    read_all(readers, &Folder::new(), form, &place.path().join("whatsapp_auth_latest.tar.gz"));
}

fn read_all(readers: &[(&str, &str)], folder: &Folder, form: Form, archive: &Path) {
    let place = scratch();
    write_with_long_label(folder, archive, form);
    sh("gzip -t $archive", archive, place.path(), place.path());
    for (name, line) in readers {
        let out = place.path().join(name.replace(' ', "-"));
        fs::create_dir(&out).unwrap();
        sh(line, archive, &out, place.path());
        assert!(bytes_of(&out.join(PREFIX)) == bytes_of(&folder.root()), "{name}");
        println!("read by {name}");
    }
}

/// A label over many extra fields.
fn write_with_long_label(folder: &Folder, to: &Path, form: Form) {
    let root = folder.root();
    let entries = tree::walk(&root, &|_| true).unwrap();
    let content = Content { root: &root, prefix: Path::new(PREFIX), entries: &entries, immutable: &|_| false };
    let label = noise(8, 200_000);
    write(to, &content, &label, None, form).unwrap();
    assert_eq!(verify(to, Depth::Content).unwrap().label(), Some(&label[..]));
}

#[test]
fn everybody_reads_our_archives() {
    read_by_all(READERS, Form::Members);
}

/// Thousands of empty deflate blocks fill members up to whole blocks of the disk.
#[test]
fn everybody_reads_archives_whose_blocks_are_shared() {
    let (disk, folder) = (Disk::xfs(), Folder::new());
    folder.put("Default/leveldb/000007.ldb", &noise(7, 9 << 20));
    let archive = disk.at().join("whatsapp_auth_latest.tar.gz");
    read_all(READERS, &folder, Form::Members, &archive);
    assert_eq!(crate::archive::data(&archive).len() % 4096, 0, "members fill whole blocks");
}

#[test]
fn everybody_and_the_hasty_read_plain_ones() {
    read_by_all(READERS, Form::Plain);
    read_by_all(HASTY_READERS, Form::Plain);
}

#[test]
fn gnu_tar_says_the_same_as_we() {
    let (folder, place) = (Folder::new(), scratch());
    let archive = place.path().join("a");
    folder.write(&archive, None, Form::Members);
    let tar =
        Command::new("tar").args(["--full-time", "--utc", "--quoting-style=literal", "-tvzf"]).arg(&archive).output();
    let tar = tar.unwrap();
    assert!(tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
    let lines: Vec<_> = String::from_utf8(tar.stdout).unwrap().lines().map(str::to_owned).collect();
    let listed = list(&archive).unwrap();
    assert_eq!(lines.len(), listed.len());
    for (line, entry) in lines.iter().zip(listed) {
        let slash = if line.starts_with("drwx------ 0/0") { "/" } else { "" };
        assert!(slash == "/" || line.starts_with("-rw------- 0/0"), "{line}");
        assert!(line.ends_with(&format!(" {}{slash}", entry.path.display())), "{line}");
        assert!(line.contains(&format!(" {} ", entry.size)), "{line}");
    }
}

const WRITERS: &[(&str, &str)] = &[
    ("the old scripts", "tar -czf $archive -C $folder .wwebjs_auth"),
    ("gnu tar, pax", "tar --format=pax -czf $archive -C $folder .wwebjs_auth"),
    ("gnu tar, ustar names", "tar --format=gnu -czf $archive -C $folder ./.wwebjs_auth"),
    ("gnu tar through pigz", "tar -cf - -C $folder .wwebjs_auth | pigz > $archive"),
    ("bsdtar", "bsdtar -czf $archive -C $folder .wwebjs_auth"),
    ("busybox tar", "cd $folder; busybox tar -czf $archive ./.wwebjs_auth"),
    (
        "python tarfile",
        "python3 -c \"import tarfile; t = tarfile.open('$archive', 'w:gz'); t.add('$folder/.wwebjs_auth', '.wwebjs_auth'); t.close()\"",
    ),
    (
        "node tar",
        "node -e \"require('tar').c({sync: true, gzip: true, file: '$archive', cwd: '$folder'}, ['.wwebjs_auth'])\"",
    ),
    ("7z", "cd $folder; 7z a -ttar -so x .wwebjs_auth | 7z a -tgzip -si $archive > /dev/null"),
    ("7z zip", "cd $folder; 7z a -tzip $archive .wwebjs_auth > /dev/null"),
    ("info-zip", "cd $folder; zip -qr $archive .wwebjs_auth"),
    ("python zipfile", "cd $folder; python3 -m zipfile -c $archive .wwebjs_auth"),
];

#[test]
fn we_read_everybodys_archives() {
    let (folder, place) = (Folder::new(), scratch());
    let home = place.path().join("home");
    fs::create_dir_all(home.join(".wwebjs_auth")).unwrap();
    wakeep::disk::move_to(&folder.root(), &home.join(PREFIX)).unwrap();
    // As Chromium leaves them; they must not hinder a restore that doesn't want them.
    let singleton = home.join(PREFIX).join("SingletonLock");
    for (name, line) in WRITERS {
        let is_zip = line.contains("zip $archive") || line.contains("-qr") || line.contains("zipfile");
        let archive =
            place.path().join(format!("{}.{}", name.replace([' ', ','], "-"), if is_zip { "zip" } else { "tar.gz" }));
        if !is_zip {
            std::os::unix::fs::symlink("host-1234", &singleton).unwrap();
        }
        sh(line, &archive, place.path(), &home);
        let _ = fs::remove_file(&singleton);
        let verified = verify(&archive, Depth::Index).unwrap();
        let origin = if is_zip { Origin::Zip } else { Origin::TarGz };
        assert_eq!((verified.label(), verified.origin(), verified.depth()), (None, origin, Depth::Content), "{name}");
        let out = place.path().join(name);
        fs::create_dir(&out).unwrap();
        let wanted =
            |p: &Path| p.strip_prefix(PREFIX).ok().filter(|p| *p != Path::new("SingletonLock")).map(Path::to_owned);
        extract(&archive, &out, &wanted, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(bytes_of(&out) == bytes_of(&home.join(PREFIX)), "{name}");
        let listed = list(&archive).unwrap();
        let log = listed.iter().find(|l| l.path.ends_with("leveldb/000003.log")).expect(name);
        let mtime = fs::metadata(home.join(PREFIX).join("Default/leveldb/000003.log")).unwrap().modified().unwrap();
        let mtime = mtime.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        // A zip counts in steps of two seconds, and some round up.
        assert!((log.mtime.0 - mtime).abs() <= 2, "{name}: {} and {mtime}", log.mtime.0);
        println!("{name} read");
    }
}

#[test]
fn a_remote_auth_zip_is_read() {
    let (folder, place) = (Folder::new(), scratch());
    let archive = place.path().join("RemoteAuth-shop.zip");
    // As RemoteAuth.compressSession does it.
    let line = "node -e \"
        const archive = require('archiver')('zip'), out = require('fs').createWriteStream('$archive')
        archive.pipe(out); archive.directory('$folder', false); archive.finalize()\"";
    sh(line, &archive, place.path(), &folder.root());
    assert_eq!(verify(&archive, Depth::Index).unwrap().origin(), Origin::Zip);
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    extract(&archive, &out, &|p| Some(p.to_owned()), &Limits::default()).unwrap();
    // archiver leaves empty folders out.
    let files = |root: &Path| {
        bytes_of(root).into_iter().filter(|(p, b)| !b.is_empty() || p.ends_with("sizes/0")).collect::<Vec<_>>()
    };
    assert!(files(&out) == files(&folder.root()));
    let mut log = Vec::new();
    cat(&archive, Path::new("Default/leveldb/000003.log"), &mut log).unwrap();
    assert!(log == text(3, 900_000));
}

#[test]
fn an_old_scripts_archive_of_the_folder_itself_is_read() {
    let (folder, place) = (Folder::new(), scratch());
    let archive = place.path().join("a.tar.gz");
    sh("tar -czf $archive -C $folder .", &archive, place.path(), &folder.root());
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    extract(&archive, &out, &|p| Some(p.to_owned()), &Limits::default()).unwrap();
    assert_eq!(contents(&out).len(), contents(&folder.root()).len());
    assert!(list(&archive).unwrap().iter().all(|l| !l.path.starts_with(".") && !l.path.as_os_str().is_empty()));
}

#[test]
fn a_newer_or_headless_archive_of_ours_is_still_a_tar() {
    let (folder, place) = (Folder::new(), scratch());
    let archive = place.path().join("a");
    folder.write(&archive, None, Form::Members);
    fs::write(&archive, crate::archive::data(&archive)).unwrap();
    assert_eq!(verify(&archive, Depth::Index).unwrap().origin(), Origin::TarGz);
    let done = unpack(&archive, &place.path().join("out"));
    assert!(done.files > 300);
}

/// Python's BLAKE3, so that the reader of the document checks the digests too.
fn python_blake3() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zoo-python");
    if !dir.join("blake3").exists() {
        let pip = Command::new("python3")
            .args(["-m", "pip", "install", "-q", "blake3==1.0.8", "--target"])
            .arg(&dir)
            .output();
        let pip = pip.expect("python3 is installed");
        assert!(pip.status.success(), "{}", String::from_utf8_lossy(&pip.stderr));
    }
    dir
}

#[test]
fn a_reader_by_the_document_alone_reads_all_of_it() {
    let (folder, place) = (Folder::new(), scratch());
    for form in [Form::Members, Form::Plain] {
        let archive = place.path().join(format!("{form:?}"));
        let written = folder.write(&archive, None, form);
        let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_archive.py");
        let run =
            Command::new("python3").arg(reader).arg(&archive).env("PYTHONPATH", python_blake3()).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let lines: Vec<serde_json::Value> =
            run.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let head = serde_json::json!({"members": written.members, "digests": true, "label": "{\"label\":1}"});
        assert_eq!(lines[0], head);
        let listed = list(&archive).unwrap();
        assert_eq!(lines.len(), listed.len() + 1);
        for (line, entry) in lines[1..].iter().zip(listed) {
            assert_eq!((line["name"].as_str(), line["size"].as_u64()), (entry.path.to_str(), Some(entry.size)));
            assert_eq!(line["mtime"], serde_json::json!([entry.mtime.0, entry.mtime.1]));
        }
    }
}

#[test]
fn an_archive_with_nothing_in_it() {
    let (folder, place) = (Folder::empty(), scratch());
    let archive = place.path().join("a");
    folder.write(&archive, None, Form::Members);
    verify(&archive, Depth::Content).unwrap();
    for (name, line) in READERS {
        let out = place.path().join(name.replace(' ', "-"));
        fs::create_dir(&out).unwrap();
        sh(line, &archive, &out, place.path());
        assert!(out.join(PREFIX).is_dir(), "{name}");
    }
}
