//! The command line.

/// The groups of cases, by the words that choose them.
pub(crate) const GROUPS: [&str; 4] = ["p8", "p9", "p10", "slow"];

/// More would need more ports and more patience.
const MOST_CONNECTIONS: usize = 50_000;
const MOST_ROUNDS: usize = 100;

/// The measurements that are asked for.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) connections: usize,
    pub(crate) rounds: usize,
    /// Some of [`GROUPS`].
    groups: Vec<String>,
}

impl Action {
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|wanted| wanted == group)
    }
}

/// Reads `[--connections N] [ROUNDS] [GROUP …]`.
pub(crate) fn parse(arguments: &[&str]) -> Result<Action, String> {
    let mut wish = Action { connections: 10_000, rounds: 9, groups: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(&argument) = rest.next() {
        if argument == "--connections" {
            wish.connections = within(argument, rest.next().unwrap_or(&"nothing"), MOST_CONNECTIONS)?;
        } else if argument.starts_with(|c: char| c.is_ascii_digit()) {
            wish.rounds = within("ROUNDS", argument, MOST_ROUNDS)?;
        } else if GROUPS.contains(&argument) {
            wish.groups.push(argument.into());
        } else {
            let groups = GROUPS.join(", ");
            return Err(format!("{argument:?} is not [--connections N] [ROUNDS] or one of {groups}"));
        }
    }
    Ok(wish)
}

fn within(name: &str, text: &str, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("{name} must be a number from 1 to {most}, not {text}"))
}
