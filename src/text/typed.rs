//! Names as they are typed into a shell: whoever copies a command that a sentence holds means this file, whatever its name.

use std::path::Path;

/// The name, in single quotes where a shell would read something into it. What is no UTF-8 has replacement characters.
pub fn typed(name: impl AsRef<Path>) -> String {
    let name = name.as_ref().to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,%=".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        name.into_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ailment::Ailment;
    use crate::text::Lang;

    #[test]
    fn a_shell_takes_every_name_for_what_it_is() {
        let odd = ["", "/opt/my bot", "it's", "a;b", "$HOME", "~", "*", "(x)", "a\nb", "кот и пёс"];
        for name in odd.into_iter().chain(["/opt/бот/.wwebjs_auth/session-a@2", "ssh://u@h/opt/bot"]) {
            let echo = format!("printf %s {}", typed(name));
            let out = std::process::Command::new("sh").args(["-c", &echo]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&out.stdout), name);
        }
        assert_eq!(typed("/opt/бот/.wwebjs_auth"), "/opt/бот/.wwebjs_auth");
    }

    #[test]
    fn a_command_that_is_told_can_be_copied() {
        let odd = Ailment::NotExecutable { path: "/opt/my bot/check.sh".into() };
        for lang in [Lang::En, Lang::Ru] {
            assert_eq!(lang.ailment(&odd).next.unwrap(), "chmod 755 '/opt/my bot/check.sh'");
        }
    }
}
