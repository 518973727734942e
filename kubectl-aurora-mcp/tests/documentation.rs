//! Where the doctor sends people, there is a page with that headline.

use std::path::Path;

/// A headline's address, as hosts of Markdown make it.
fn slug(headline: &str) -> String {
    let text = headline.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-'));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn every_address_of_a_hint_leads_somewhere() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for entry in std::fs::read_dir(here.join("src/doctor")).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for address in source.split("\"docs/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (page, anchor) = address.split_once('#').unwrap_or((address, ""));
            if page.is_empty() {
                continue;
            }
            let text = std::fs::read_to_string(here.join("../docs").join(page)).unwrap();
            let headlines = text.lines().filter(|line| line.starts_with('#')).map(slug);
            assert!(anchor.is_empty() || headlines.into_iter().any(|found| found == anchor), "{address}");
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} addresses were found");
}
