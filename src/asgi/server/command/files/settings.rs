//! What a configuration file sets, with the lines, and what in it could not be understood.

use toml::de::{DeTable, DeValue};

/// One setting, by its name in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::asgi::server::command) struct Setting {
    pub(in crate::asgi::server::command) name: String,
    pub(in crate::asgi::server::command) line: usize,
    /// The value as the command line would have it, lists joined by commas; `None` for one that is not there (`None` in
    /// Python), `Err` for what only the program itself could compute.
    pub(in crate::asgi::server::command) value: Result<Option<String>, String>,
}

/// What a file sets: of several settings of one name the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::asgi::server::command) struct Settings {
    pub(in crate::asgi::server::command) settings: Vec<Setting>,
    /// Sentences about the rest of the file, with the line.
    pub(in crate::asgi::server::command) unread: Vec<(usize, String)>,
}

impl Settings {
    pub(super) fn set(&mut self, setting: Setting) {
        self.settings.retain(|known| known.name != setting.name);
        self.settings.push(setting);
    }
}

/// Reads the top level of a TOML file. Names that are not `wanted` are passed over.
///
/// # Errors
/// What is wrong with it, with the line.
pub(in crate::asgi::server::command) fn toml_settings(text: &str, wanted: &[&str]) -> Result<Settings, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let mut found = Settings::default();
    for (name, value) in table.get_ref() {
        if wanted.contains(&name.get_ref().as_ref()) {
            let line = text.bytes().take(name.span().start).filter(|byte| *byte == b'\n').count() + 1;
            let value = toml_text(value.get_ref()).map(Some).ok_or_else(|| "is no simple value".to_owned());
            found.set(Setting { name: name.get_ref().to_string(), line, value });
        }
    }
    Ok(found)
}

fn toml_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| toml_text(item.get_ref())).collect();
            Some(items?.join(","))
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_values_with_their_lines() {
        let text = "# comment\nroot_path = \"/x\"\nbind = [\"a:1\", 'b:2']\nworkers = 2\nother = 1\n[logging]\nroot_path = 'no'\n";
        let found = toml_settings(text, &["root_path", "bind", "workers"]).unwrap();
        let mut told: Vec<_> =
            found.settings.into_iter().map(|s| (s.line, s.name, s.value.unwrap().unwrap())).collect();
        told.sort();
        let told: Vec<_> = told.iter().map(|(line, name, value)| (*line, name.as_str(), value.as_str())).collect();
        assert_eq!(told, [(2, "root_path", "/x"), (3, "bind", "a:1,b:2"), (4, "workers", "2")]);
        assert!(toml_settings("root_path = ", &["root_path"]).is_err());
        assert!(toml_settings("root_path = {}", &["root_path"]).unwrap().settings[0].value.is_err());
    }
}
