//! Counters and gauges in Prometheus' text form.

/// What `/metrics` said.
#[derive(Debug, Clone, Default)]
pub struct Counters(Vec<(String, f64)>);

impl Counters {
    /// Reads the series whose name begins with `prefix`.
    pub fn parse(text: &str, prefix: &str) -> Self {
        let lines = text.lines().filter(|line| line.starts_with(prefix));
        let series = lines.filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        });
        Self(series.collect())
    }

    /// The sum of the series with this name, whatever their labels; 0 without any.
    pub fn sum(&self, name: &str) -> f64 {
        let named = |series: &str| series.split('{').next() == Some(name);
        self.0.iter().filter(|(series, _)| named(series)).map(|(_, value)| value).sum()
    }

    /// All series, with their values.
    pub fn series(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(series, value)| (series.as_str(), *value))
    }
}

/// The value of a label.
pub fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    let labels = series.split_once('{')?.1;
    labels.split(',').find_map(|label| label.strip_prefix(name)?.strip_prefix("=\"")?.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summed_by_name_and_told_apart_by_label() {
        let text = "# TYPE calls counter\ncalls{verb=\"GET\",code=\"200\"} 3\ncalls{verb=\"PUT\"} 1\ncalls_other 7\n";
        let counters = Counters::parse(text, "calls");
        assert_eq!((counters.sum("calls"), counters.sum("none")), (4.0, 0.0));
        let verbs: Vec<_> = counters.series().filter_map(|(series, _)| label(series, "verb")).collect();
        assert_eq!(verbs, ["GET", "PUT"]);
    }
}
