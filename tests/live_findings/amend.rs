//! A printed fix, applied as its reader would: the diff to the proxy's files, the changes of the server to its command, and
//! those of the app to its settings.

use std::fs;

use serde_json::Value;

use crate::stage::Stage;

impl Stage<'_> {
    /// Applies a fix as a line of JSON has it. It counts from the next start on.
    ///
    /// # Errors
    /// What cannot be applied.
    pub(crate) fn amend(&mut self, fix: &Value) -> Result<(), String> {
        let diff = fix["diff"].as_str();
        if let Some(diff) = diff {
            patch(diff)?;
        }
        let changes = fix["changes"].as_array().filter(|changes| !changes.is_empty());
        for change in changes.ok_or("it is no more than advice")? {
            let (what, to) = (change["what"].as_str().unwrap_or_default(), change["to"].as_str());
            match (change["at"].as_str().unwrap_or_default(), what) {
                ("proxy", _) if diff.is_some() => {}
                ("server", option) => set(&mut self.server, option, to),
                ("app", "root-path") => {
                    self.environment.insert("APP_ROOT_PATH".to_owned(), to.unwrap_or_default().to_owned());
                }
                _ => return Err(format!("nothing says how this is done: {change}")),
            }
        }
        Ok(())
    }
}

/// Sets an option of a command, or takes it away.
fn set(command: &mut Vec<String>, option: &str, value: Option<&str>) {
    let (flag, opposite) = (format!("--{option}"), format!("--no-{option}"));
    command.retain(|word| *word != opposite);
    if let Some(at) = command.iter().position(|word| *word == flag) {
        command.remove(at);
        if command.get(at).is_some_and(|word| !word.starts_with("--")) {
            command.remove(at);
        }
    }
    let words = match value {
        Some("true") => vec![flag],
        Some(value) => vec![flag, value.to_owned()],
        None => Vec::new(),
    };
    command.extend(words);
}

/// Applies a unified diff to the files that it names.
///
/// # Errors
/// Where it does not fit.
fn patch(diff: &str) -> Result<(), String> {
    let mut lines = diff.lines().peekable();
    while let Some(line) = lines.next() {
        let path = line.strip_prefix("--- ").ok_or_else(|| format!("no head of a file: {line}"))?;
        lines.next_if(|line| line.starts_with("+++ ")).ok_or("half a head")?;
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let (mut old, mut new) = (text.lines().enumerate().peekable(), Vec::new());
        while let Some(hunk) = lines.next_if(|line| line.starts_with("@@ ")) {
            let start = hunk.strip_prefix("@@ -").and_then(|rest| rest.split([',', ' ']).next()?.parse().ok());
            let start: usize = start.ok_or_else(|| format!("no line number: {hunk}"))?;
            new.extend(std::iter::from_fn(|| old.next_if(|(at, _)| at + 1 < start)).map(|(_, line)| line));
            while let Some(line) = lines.next_if(|line| line.starts_with([' ', '-', '+'])) {
                let (sign, text) = line.split_at(1);
                if sign != "+" && old.next().map(|(_, line)| line) != Some(text) {
                    return Err(format!("{path} does not have: {text}"));
                }
                if sign != "-" {
                    new.push(text);
                }
            }
        }
        new.extend(old.map(|(_, line)| line));
        fs::write(path, new.join("\n") + "\n").map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}
