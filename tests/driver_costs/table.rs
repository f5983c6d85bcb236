//! Samples, what they are worth, and the table of results.

/// The measured values, by name, in the order in which each name first came.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<(String, Vec<f64>)>);

impl Samples {
    pub(crate) fn add(&mut self, name: String, sample: f64) {
        if let Some((_, samples)) = self.0.iter_mut().find(|(known, _)| *known == name) {
            samples.push(sample);
        } else {
            self.0.push((name, vec![sample]));
        }
    }

    /// The sample that is larger than this part of all; not a number if there is none.
    pub(crate) fn percentile(&self, name: &str, percent: usize) -> f64 {
        let Some((_, samples)) = self.0.iter().find(|(known, _)| known == name) else { return f64::NAN };
        let mut samples = samples.clone();
        samples.sort_unstable_by(f64::total_cmp);
        samples[(samples.len() * percent / 100).min(samples.len() - 1)]
    }

    /// The value of a case.
    pub(crate) fn worth(&self, name: &str) -> f64 {
        self.percentile(name, 20)
    }

    pub(crate) fn print(&self) {
        println!("\neach case, 20th percentile");
        for (name, _) in &self.0 {
            println!("{:9.1}  {name}", self.worth(name));
        }
    }
}

/// Prints the first line.
pub(crate) fn head() {
    println!("{:6} {:44} {:>9} {:>7} {:>7}", "id", "what", "value", "must", "target");
}

/// Prints a line of which less is better. A value that is not a number was not measured.
pub(crate) fn line(id: &str, what: &str, value: f64, unit: &str, levels: Option<[f64; 2]>) {
    let remark = match levels {
        _ if value.is_nan() => "  not measured",
        Some([must, _]) if value > must => "  below must",
        Some([_, target]) if value > target => "  below target",
        _ => "",
    };
    let digits = if unit == "B" || unit == "µs" { 0 } else { 2 };
    let value = format!("{value:.digits$} {unit}");
    let [must, target] =
        levels.map_or(["-".into(), "-".into()], |levels| levels.map(|level| level.to_string()));
    println!("{id:6} {what:44} {:>9} {must:>7} {target:>7}{remark}", value.trim_end());
}
