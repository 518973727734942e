//! A `.tar.gz` of texts.

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use crate::error::Error;

/// All of them below one folder, so that unpacking litters nothing.
const FOLDER: &str = "aurora-mcp-report";

pub(super) fn pack(files: &[(String, String)], now: Timestamp) -> Result<Vec<u8>, Error> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now.as_second()).unwrap_or(0));
        archive.append_data(&mut header, format!("{FOLDER}/{name}"), text.as_bytes())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_was_packed_comes_out_again() {
        let files = [("a.json".to_owned(), "{}".to_owned()), ("logs/b.log".to_owned(), "line\n".to_owned())];
        let packed = pack(&files, Timestamp::UNIX_EPOCH).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            found.push((entry.path().unwrap().display().to_string(), text));
        }
        let expected = files.map(|(name, text)| (format!("{FOLDER}/{name}"), text));
        assert_eq!(found, expected);
    }
}
