//! A client's file: read, merged, backed up, replaced in one step.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::connect::client::{Client, Form};
use crate::connect::{Change, Entry, json, toml};
use crate::error::Error;

/// The file can be read and changed.
pub(super) fn check(client: Client, path: &Path) -> Result<(), Error> {
    let text = read(path)?.unwrap_or_default();
    merged(client, path, &text, "http://127.0.0.1", "x").map(drop)
}

/// Puts address and token into it. What was there before is kept beside it.
pub(super) fn write(client: Client, path: &Path, url: &str, bearer: &str) -> Result<Change, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let before = read(path)?;
    let after = merged(client, path, before.as_deref().unwrap_or_default(), url, bearer)?;
    let change = match before {
        Some(before) if before == after => return Ok(Change::None),
        Some(before) => {
            let backup = backup(path);
            replace(&backup, &before).map_err(|source| Error::File { path: backup.clone(), source })?;
            Change::Changed(backup)
        }
        None => Change::Made,
    };
    replace(path, &after).map_err(failed)?;
    Ok(change)
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
    }
}

fn merged(client: Client, path: &Path, text: &str, url: &str, bearer: &str) -> Result<String, Error> {
    let wanted = client.wanted(&Entry { url, authorization: format!("Bearer {bearer}").into() });
    let merged = match client.form() {
        Form::Json => json::merge(text, &wanted),
        Form::Toml => toml::merge(text, &wanted),
    };
    merged.map_err(|why| Error::BadFile { path: path.to_owned(), why })
}

fn backup(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    name.into()
}

/// A reader sees the old file or the new one, and nobody else may read it: it holds a token. A link stays a link.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:8811/mcp";

    #[test]
    fn second_time_changes_nothing() {
        for client in clap::ValueEnum::value_variants() {
            let home = tempfile::tempdir().unwrap();
            let path = Client::file(*client, Some(home.path())).unwrap();
            assert_eq!(write(*client, &path, URL, "one").unwrap(), Change::Made);
            assert_eq!(write(*client, &path, URL, "one").unwrap(), Change::None);
            let before = std::fs::read_to_string(&path).unwrap();
            assert!(before.contains("Bearer one") && before.contains(URL), "{before}");
            let backup = PathBuf::from(format!("{}.bak", path.display()));
            assert_eq!(write(*client, &path, URL, "two").unwrap(), Change::Changed(backup.clone()));
            assert_eq!(std::fs::read_to_string(backup).unwrap(), before);
        }
    }

    #[test]
    fn broken_file_is_left_untouched() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mcp.json");
        std::fs::write(&path, "{\"mcpServers\": ").unwrap();
        let why = write(Client::Cursor, &path, URL, "one").unwrap_err().to_string();
        assert!(why.contains("mcp.json") && why.contains("left as it is"), "{why}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"mcpServers\": ");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it_and_a_link_stays_a_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let real = home.path().join("real.json");
        let link = home.path().join("mcp.json");
        std::fs::write(&real, "{}").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(Client::Cursor, &link, URL, "one").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
