//! Paired rounds, percentiles, and the table of results.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How long each case works in a round, at least: so that what it reads is in the caches.
const ROUND: Duration = Duration::from_millis(6);

/// A case: what it runs says how long the part that counts took.
struct Case<'a> {
    name: String,
    items: u32,
    /// How often it runs in a round.
    repeats: u32,
    run: Box<dyn FnMut() -> Duration + 'a>,
}

/// The cases, and what is to be read from them.
#[derive(Default)]
pub(crate) struct Bench<'a> {
    cases: Vec<Case<'a>>,
    lines: Vec<Line>,
    samples: HashMap<String, Vec<f64>>,
}

/// One line of the table.
struct Line {
    id: &'static str,
    stream: String,
    figure: Figure,
    must: f64,
    target: f64,
}

enum Figure {
    /// How many times as fast as `base` is `case`; more is better.
    Speed { case: String, base: String },
    /// How many times as long as `base` takes `case`; less is better.
    Time { case: String, base: String },
    /// Nanoseconds; less is better.
    Nanos { case: String },
}

impl<'a> Bench<'a> {
    /// Adds a case of `items` things, which gives any value that depends on all its work.
    pub(crate) fn case(&mut self, name: impl Into<String>, items: usize, mut work: impl FnMut() -> u64 + 'a) {
        self.timed(name, items, move || {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed()
        });
    }

    /// Adds a case that measures itself.
    pub(crate) fn timed(
        &mut self,
        name: impl Into<String>,
        items: usize,
        run: impl FnMut() -> Duration + 'a,
    ) {
        self.cases.push(Case { name: name.into(), items: items as u32, repeats: 1, run: Box::new(run) });
    }

    /// Prints how many times as fast as `base` `case` is.
    pub(crate) fn speed(
        &mut self,
        id: &'static str,
        stream: &str,
        [case, base]: [&str; 2],
        levels: [f64; 2],
    ) {
        self.line(id, stream, Figure::Speed { case: case.into(), base: base.into() }, levels);
    }

    /// Prints how many times as long as `base` `case` takes.
    pub(crate) fn time(&mut self, id: &'static str, stream: &str, [case, base]: [&str; 2], levels: [f64; 2]) {
        self.line(id, stream, Figure::Time { case: case.into(), base: base.into() }, levels);
    }

    /// Prints how many nanoseconds an item of `case` takes.
    pub(crate) fn nanos(&mut self, id: &'static str, stream: &str, case: &str, levels: [f64; 2]) {
        self.line(id, stream, Figure::Nanos { case: case.into() }, levels);
    }

    fn line(&mut self, id: &'static str, stream: &str, figure: Figure, [must, target]: [f64; 2]) {
        self.lines.push(Line { id, stream: stream.into(), figure, must, target });
    }

    /// Drops the cases whose names do not contain `part`.
    pub(crate) fn keep(&mut self, part: &str) {
        self.cases.retain(|case| case.name.contains(part));
    }

    /// Runs each case once a round, and before that once to see how long it takes.
    pub(crate) fn run(&mut self, rounds: usize) {
        for case in &mut self.cases {
            let once = (case.run)().max(Duration::from_nanos(1));
            case.repeats = (ROUND.as_nanos() / once.as_nanos()) as u32 + 1;
        }
        for _ in 0..rounds {
            for case in &mut self.cases {
                let taken: Duration = (0..case.repeats).map(|_| (case.run)()).sum();
                let nanos = taken.as_secs_f64() * 1e9 / f64::from(case.repeats) / f64::from(case.items);
                self.samples.entry(case.name.clone()).or_default().push(nanos);
            }
        }
        for samples in self.samples.values_mut() {
            samples.sort_unstable_by(f64::total_cmp);
        }
    }

    /// The 20th percentile, in nanoseconds an item.
    fn nanos_of(&self, case: &str) -> f64 {
        self.samples.get(case).map_or(f64::NAN, |samples| samples[samples.len() / 5])
    }

    pub(crate) fn print(&self) {
        println!("{:6} {:24} {:>9} {:>7} {:>7}", "id", "stream", "ratio", "must", "target");
        for line in &self.lines {
            let (value, more_is_better) = match &line.figure {
                Figure::Speed { case, base } => (self.nanos_of(base) / self.nanos_of(case), true),
                Figure::Time { case, base } => (self.nanos_of(case) / self.nanos_of(base), false),
                Figure::Nanos { case } => (self.nanos_of(case), false),
            };
            if value.is_nan() {
                // One of its cases was dropped.
                continue;
            }
            let missed = |level: f64| if more_is_better { value < level } else { value > level };
            let remark = if missed(line.must) {
                "  below must"
            } else if missed(line.target) {
                "  below target"
            } else {
                ""
            };
            let unit = if matches!(line.figure, Figure::Nanos { .. }) { " ns" } else { "" };
            let value = format!("{value:.2}{unit}");
            println!(
                "{:6} {:24} {:>9} {:>7} {:>7}{remark}",
                line.id, line.stream, value, line.must, line.target
            );
        }
        let mut table = String::from("\nnanoseconds an item, 20th percentile\n");
        for Case { name, .. } in &self.cases {
            let _ = writeln!(table, "{:9.1}  {name}", self.nanos_of(name));
        }
        print!("{table}");
    }
}
