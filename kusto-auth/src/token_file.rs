//! Tokens that outlive the program, in a file that only its owner may read.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use azure_core::time::OffsetDateTime;
use kusto_protocol::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{AuthError, AuthErrorKind};
use crate::flow::Tokens;

/// A file of tokens, as JSON: by the hash of what they are for, so that it names nobody.
///
/// It is written anew with the rights of its owner alone and moved into place, so that two programs that write at the
/// same time leave one whole file; the later one wins. On Windows, the folder's own rights have to do.
#[derive(Clone, Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

/// The tokens of one identity.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Entry {
    access_token: String,
    /// Seconds since 1970.
    expires_on: i64,
    refresh_token: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
struct Content {
    version: u32,
    tokens: BTreeMap<String, Entry>,
}

impl TokenFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The name of an entry.
    pub(crate) fn key(parts: &[&str]) -> String {
        let digest = Sha256::digest(parts.join("\n"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What the file has under a name.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Missing`] if others may read the file, or if it cannot be read. A file that was cut is
    /// taken as an empty one: it holds nothing that could not be had again.
    pub(crate) fn read(&self, key: &str) -> Result<Option<Entry>, AuthError> {
        Ok(self.content()?.tokens.remove(key))
    }

    /// Puts tokens under a name; without any, what is there is dropped.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), or if the file cannot be written.
    pub(crate) fn write(&self, key: &str, tokens: Option<&Tokens>) -> Result<(), AuthError> {
        let mut content = self.content()?;
        content.version = VERSION;
        match tokens {
            Some(tokens) => content.tokens.insert(key.to_owned(), Entry::from(tokens)),
            None => content.tokens.remove(key),
        };
        self.replace(&content)
            .map_err(|error| self.failed("written", error))
    }

    fn content(&self) -> Result<Content, AuthError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(self.failed("read", error)),
        };
        if !is_private(&file).map_err(|error| self.failed("read", error))? {
            return Err(AuthError::new(
                AuthErrorKind::Missing,
                format!(
                    "others may read the token file {}; say `chmod 600` for it, or delete it and sign in again",
                    self.path.display()
                ),
            ));
        }
        let mut text = String::new();
        io::Read::read_to_string(&mut file, &mut text).map_err(|error| self.failed("read", error))?;
        let content: Content = serde_json::from_str(&text).unwrap_or_default();
        Ok(if content.version == VERSION {
            content
        } else {
            Content::default()
        })
    }

    fn replace(&self, content: &Content) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            make_private_folder(folder)?;
        }
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = self.path.with_file_name(name);
        // Left over from a program that was killed.
        let _ = fs::remove_file(&new);
        let written = (|| {
            let mut file = create_private(&new)?;
            file.write_all(&serde_json::to_vec(content)?)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn failed(&self, verb: &str, error: io::Error) -> AuthError {
        AuthError::new(
            AuthErrorKind::Missing,
            format!("the token file {} cannot be {verb}: {error}", self.path.display()),
        )
    }
}

impl Entry {
    /// The access token, if it is good for a while yet.
    pub(crate) fn access_token(&self, now: OffsetDateTime) -> Option<(Secret, OffsetDateTime)> {
        let expires_on = OffsetDateTime::from_unix_timestamp(self.expires_on).ok()?;
        let is_fresh = expires_on - now >= crate::cache::REFRESH_AHEAD;
        is_fresh.then(|| (Secret::new(&*self.access_token), expires_on))
    }

    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        self.refresh_token.as_deref().map(Secret::from)
    }
}

impl From<&Tokens> for Entry {
    fn from(tokens: &Tokens) -> Self {
        Self {
            access_token: tokens.access_token.expose().to_owned(),
            expires_on: tokens.expires_on.unix_timestamp(),
            refresh_token: tokens
                .refresh_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
        }
    }
}

#[cfg(unix)]
fn is_private(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_file: &File) -> io::Result<bool> {
    Ok(true)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(refresh: &str) -> Tokens {
        let mut tokens = Tokens::new("at", OffsetDateTime::from_unix_timestamp(3600).unwrap());
        tokens.refresh_token = Some(refresh.into());
        tokens
    }

    #[test]
    fn tokens_are_kept_by_name_and_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("made/tokens.json"));
        let (one, other) = (TokenFile::key(&["a", "b"]), TokenFile::key(&["a", "c"]));
        assert!(file.read(&one).unwrap().is_none());
        file.write(&one, Some(&tokens("r1"))).unwrap();
        file.write(&other, Some(&tokens("r2"))).unwrap();
        let entry = file.read(&one).unwrap().unwrap();
        assert_eq!(entry.refresh_token(), Some("r1".into()));
        let at = |second| OffsetDateTime::from_unix_timestamp(second).unwrap();
        assert_eq!(entry.access_token(at(3300)).unwrap().0, "at".into());
        assert!(entry.access_token(at(3301)).is_none());
        file.write(&one, None).unwrap();
        assert!(file.read(&one).unwrap().is_none() && file.read(&other).unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path().join("made")).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_was_cut_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let file = TokenFile::new(path.clone());
        file.write("k", Some(&tokens("r"))).unwrap();
        let text = fs::read(&path).unwrap();
        for length in 0..text.len() {
            fs::write(&path, &text[..length]).unwrap();
            assert!(file.read("k").unwrap().is_none());
        }
        file.write("k", Some(&tokens("r"))).unwrap();
        assert!(file.read("k").unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/tokens.json");
        let file = TokenFile::new(path.clone());
        file.write("k", Some(&tokens("r"))).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(
            fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777,
            0o700
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let Err(error) = file.read("k") else { panic!() };
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
