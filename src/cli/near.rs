//! Paths as they look from the folder that a person is in.

use std::path::Path;

/// A path as it looks from here: relative where that is shorter.
pub fn near(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let short = path.strip_prefix(&here).ok().filter(|p| !p.as_os_str().is_empty());
    short.unwrap_or(path).display().to_string()
}

/// A sentence with the paths in it as they look from here; where the current folder is gone or is the root, as they are.
pub fn nearer(sentence: &str) -> String {
    let here = std::env::current_dir().ok().filter(|here| here.parent().is_some());
    here.map_or_else(|| sentence.to_owned(), |here| without_folder(sentence, &format!("{}/", here.display())))
}

/// The sentence without the folder, wherever a path begins with it: within another path it is another folder's name.
fn without_folder(sentence: &str, folder: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(at) = rest.find(folder) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let begins = out.chars().next_back().is_none_or(|c| c.is_whitespace() || "`\"'«(:=".contains(c));
        if !begins {
            out.push_str(folder);
        }
        rest = &after[folder.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_path_is_the_current_folder() {
        let near = |sentence| without_folder(sentence, "/srv/bot/");
        assert_eq!(near("restored from /srv/bot/a.tar.gz (/srv/bot/b)"), "restored from a.tar.gz (b)");
        assert_eq!(near("/mnt/srv/bot/a and `/srv/bot/c`"), "/mnt/srv/bot/a and `c`");
    }
}
