//! `report`: what somebody who helps needs to see, in one file, without a token in it.

mod archive;
mod contents;
mod redact;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::Report;
use crate::clock;
use crate::cluster::Cluster;
use crate::error::Error;

use redact::Redactor;

pub(crate) async fn run(cluster: &Cluster, wanted: &Report, out: &mut dyn Write) -> Result<(), Error> {
    let now = clock::now();
    let path = wanted.file.clone().unwrap_or_else(|| {
        PathBuf::from(format!("aurora-mcp-report-{}.tar.gz", now.strftime("%Y%m%d-%H%M%S")))
    });
    let redactor = Redactor::new(wanted.with_emails)?;
    let files: Vec<(String, String)> = contents::gather(cluster, wanted)
        .await
        .into_iter()
        .map(|(name, text)| (name, redactor.redact(&text)))
        .collect();
    let packed = archive::pack(&files, now)?;
    save(&path, &packed)?;
    for (name, text) in &files {
        writeln!(out, "  {name} ({} bytes)", text.len())?;
    }
    writeln!(
        out,
        "{}: {} files. It holds no token and no Secret's content; look through it before you share it.",
        path.display(),
        files.len()
    )?;
    Ok(())
}

/// What stands there is never overwritten, and only its owner may read it.
fn save(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(())
}
