//! The user's editor, at a line of a file.

use std::process::Command;

use crate::gateway::Place;

/// Where neither `VISUAL` nor `EDITOR` says otherwise.
const USUAL: &str = "vi";

/// Runs the editor on the terminal and waits for its end. `env` looks up a variable.
///
/// # Errors
/// A sentence, if it could not be started or did not end well.
pub(super) fn edit(place: &Place, env: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let (program, arguments) = command(place, env);
    let status = Command::new(&program).args(&arguments).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("cannot start {program}: {error}; EDITOR says which editor")),
    }
}

/// Program and arguments: the words of `VISUAL` or `EDITOR`, then `+LINE` (POSIX vi, and what came after it) and the file.
fn command(place: &Place, env: impl Fn(&str) -> Option<String>) -> (String, Vec<String>) {
    let said = ["VISUAL", "EDITOR"].into_iter().filter_map(env).find(|said| !said.trim().is_empty());
    let said = said.unwrap_or_else(|| USUAL.to_owned());
    let mut words = said.split_whitespace().map(str::to_owned);
    let program = words.next().unwrap_or_else(|| USUAL.to_owned());
    let target = [format!("+{}", place.line), place.file.to_string_lossy().into_owned()];
    (program, words.chain(target).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_editor_is_the_users() {
        let place = Place::new(Path::new("/etc/nginx/a b.conf"), 12);
        let typed = |said: &[(&str, &str)]| {
            let env = |name: &str| said.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let (program, arguments) = command(&place, env);
            format!("{program} {}", arguments.join("|"))
        };
        assert_eq!(typed(&[]), "vi +12|/etc/nginx/a b.conf");
        assert_eq!(typed(&[("EDITOR", "nano")]), "nano +12|/etc/nginx/a b.conf");
        assert_eq!(typed(&[("EDITOR", "nano"), ("VISUAL", "code --wait")]), "code --wait|+12|/etc/nginx/a b.conf");
        assert_eq!(typed(&[("EDITOR", " ")]), "vi +12|/etc/nginx/a b.conf");
    }
}
