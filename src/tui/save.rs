//! Writing what would be copied to a file, for terminals that take no clipboard from a program.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Files of one run in one folder at most.
const MOST: u32 = 10_000;

/// Writes `text` to a new file in `folder` that only the user can read; gives its path.
pub(super) fn save(folder: &Path, text: &str) -> io::Result<PathBuf> {
    let (path, mut file) = create(folder)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

/// A file that was not there before: nobody can have put a link in its place.
fn create(folder: &Path) -> io::Result<(PathBuf, File)> {
    for number in 1..=MOST {
        let path = folder.join(format!("hopscope-{}-{number}.md", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (path, file)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn each_file_is_new_and_the_users_own() {
        let folder = std::env::temp_dir();
        let (first, second) = (save(&folder, "one").unwrap(), save(&folder, "two").unwrap());
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "two");
        assert_eq!(std::fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        for path in [first, second] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
