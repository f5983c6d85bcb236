//! A configuration as numbered fields.

use std::collections::BTreeSet;
use std::time::Duration;

use satwire_core::wire::{Command, Services};
use satwire_core::{Config, Magic};

use super::codec::{Fields, put_bytes, put_duration, put_varint};
use super::input::Unsupported;
use super::prologue::Unknown;
use super::{ErrorKind, MAX_REMEMBERED};

/// The most fields that are passed over because this program does not know them.
const MAX_UNKNOWN: usize = 256;

/// The fields that a configuration of format 1.0 has: the first ones, one after the other.
const FIELDS_1_0: u64 = 16;

/// One field.
struct Field {
    /// Its number, never used for another.
    number: u64,
    name: &'static str,
    put: fn(&Config, &mut Vec<u8>),
    take: fn(&mut Config, &mut Fields<'_>, &'static str) -> Result<(), ErrorKind>,
    /// Gives the field the value under which a node acts as nodes did before there was the field. The fields of
    /// format 1.0 are always written, and have none.
    set_absent: Option<fn(&mut Config)>,
    /// Whether it has that value: then it is not written.
    is_absent: fn(&Config) -> bool,
}

/// Makes the table from `number field;` for the fields of format 1.0, `number field absent value;` for later ones.
macro_rules! fields {
    ($($number:literal $field:ident $(absent $absent:expr)?;)*) => {
        &[$(Field {
            number: $number,
            name: stringify!($field),
            put: |config, out| config.$field.put(out),
            take: |config, fields, name| {
                config.$field = Value::take(fields, name)?;
                Ok(())
            },
            set_absent: fields!(@set $field $($absent)?),
            is_absent: fields!(@is $field $($absent)?),
        }),*]
    };
    (@set $field:ident) => { None };
    (@set $field:ident $absent:expr) => { Some(|config| config.$field = $absent) };
    (@is $field:ident) => { |_| false };
    (@is $field:ident $absent:expr) => { |config| config.$field == $absent };
}

/// A new field of [`Config`] is a row here, with the next number. A test compares the table with the struct.
const FIELDS: &[Field] = fields! {
    1 magic;
    2 user_agent;
    3 services;
    4 connect_timeout;
    5 outbound_handshake_timeout;
    6 inbound_handshake_timeout;
    7 ping_interval;
    8 ping_timeout;
    9 request_timeout;
    10 tolerated_malformed;
    11 max_unsent;
    12 inbound_slots;
    13 max_announcements;
    14 remembered_ids;
    15 redial_min;
    16 redial_max;
    17 inbound_per_address absent usize::MAX;
    18 inbound_per_group absent usize::MAX;
    19 request_transactions absent true;
    20 max_requests absent usize::MAX;
    21 deliver absent BTreeSet::new();
    22 unrequested_per_minute absent u32::MAX;
    23 count_messages absent false;
    24 verdicts absent false;
    25 inv_timeout absent Duration::MAX;
    26 propagation_age absent Duration::MAX;
    27 relay absent true;
};

/// The configuration of a program that knew none of the later fields.
fn oldest() -> Config {
    let mut config = Config::default();
    FIELDS.iter().filter_map(|field| field.set_absent).for_each(|set| set(&mut config));
    config
}

/// Appends number · length · value of each field that is to be written, by ascending number.
pub(super) fn put_config(out: &mut Vec<u8>, config: &Config) -> Result<(), Unsupported> {
    if config.remembered_ids > MAX_REMEMBERED {
        return Err(Unsupported);
    }
    let mut value = Vec::new();
    for field in FIELDS.iter().filter(|field| !(field.is_absent)(config)) {
        value.clear();
        (field.put)(config, &mut value);
        put_varint(out, field.number);
        put_bytes(out, &value);
    }
    Ok(())
}

/// Takes what [`put_config`] writes, up to the end. Fields that this program does not know go to `unknown`.
pub(super) fn take_config(fields: &mut Fields<'_>, unknown: &mut Vec<Unknown>) -> Result<Config, ErrorKind> {
    let mut config = oldest();
    let mut numbers = Vec::new();
    fields.each_numbered("configuration field", |number, value| {
        match FIELDS.iter().find(|field| field.number == number) {
            Some(field) => {
                numbers.push(number);
                (field.take)(&mut config, value, field.name)
            }
            None => Unknown::note(unknown, "configuration field", number, value, MAX_UNKNOWN),
        }
    })?;
    if !numbers.contains(&1) {
        return Err(ErrorKind::Missing("the network's magic"));
    }
    checked(config)
}

/// Takes a configuration of format 1.0: a count, and the values without numbers and lengths.
pub(super) fn take_config_1_0(fields: &mut Fields<'_>) -> Result<Config, ErrorKind> {
    let count = fields.varint("number of configuration fields")?;
    if count != FIELDS_1_0 {
        return Err(ErrorKind::not("number of configuration fields", count, FIELDS_1_0));
    }
    let mut config = oldest();
    for field in FIELDS.iter().take(FIELDS_1_0 as usize) {
        (field.take)(&mut config, fields, field.name)?;
    }
    checked(config)
}

/// The node reserves memory for what it remembers at the start: a number in a file must not decide how much.
fn checked(config: Config) -> Result<Config, ErrorKind> {
    if config.remembered_ids > MAX_REMEMBERED {
        let (found, most) = (config.remembered_ids as u64, MAX_REMEMBERED as u64);
        return Err(ErrorKind::above("remembered_ids", found, most));
    }
    Ok(config)
}

/// The value of a field. Its form is the same in all formats.
trait Value: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind>;
}

impl Value for Magic {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.array(name).map(Self)
    }
}

impl Value for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.as_bytes());
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.text(name)
    }
}

impl Value for Services {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.0);
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.varint(name).map(Self)
    }
}

impl Value for Duration {
    fn put(&self, out: &mut Vec<u8>) {
        put_duration(out, *self);
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.duration(name)
    }
}

impl Value for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.byte(name)
    }
}

impl Value for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(*self));
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.u32(name)
    }
}

/// Names of messages, as they stand in a header, one after the other.
impl Value for BTreeSet<Command> {
    fn put(&self, out: &mut Vec<u8>) {
        for command in self {
            out.extend_from_slice(&command.to_wire());
        }
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        let mut commands = Self::new();
        while fields.left() > 0 {
            commands.insert(Command::from_wire(fields.array(name)?).ok_or(ErrorKind::Text(name))?);
        }
        Ok(commands)
    }
}

impl Value for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push((*self).into());
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        fields.flag(name)
    }
}

impl Value for usize {
    /// The largest stands for no limit, whatever its size is on this machine.
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, if *self == Self::MAX { u64::MAX } else { *self as u64 });
    }

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, ErrorKind> {
        match fields.varint(name)? {
            u64::MAX => Ok(Self::MAX),
            value => Self::try_from(value).map_err(|_| ErrorKind::above(name, value, Self::MAX as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::FORMAT;
    use crate::tests::field_names;

    #[test]
    fn the_table_has_every_field_once() {
        let mut ours: Vec<_> = FIELDS.iter().map(|field| field.name.to_owned()).collect();
        let mut theirs = field_names(&Config::default());
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs);
        assert!(FIELDS.iter().map(|field| field.number).eq(1..=FIELDS.len() as u64));
        let required = FIELDS.iter().take_while(|field| field.set_absent.is_none()).count();
        assert_eq!(required as u64, FIELDS_1_0);
        assert!(FIELDS[required..].iter().all(|field| field.set_absent.is_some()));
    }

    /// Without a field its node acts as one did that had no such field.
    #[test]
    fn a_missing_field_has_the_value_of_before() {
        let oldest = oldest();
        assert_eq!((oldest.inbound_per_address, oldest.request_transactions), (usize::MAX, true));
        assert_eq!((oldest.verdicts, oldest.inv_timeout), (false, Duration::MAX));
        let mut bytes = Vec::new();
        put_config(&mut bytes, &oldest).unwrap();
        let mut unknown = Vec::new();
        let found = take_config(&mut Fields::new(&bytes, FORMAT), &mut unknown).unwrap();
        assert_eq!(found, oldest);
        assert!(unknown.is_empty());
        // The later fields are not even there.
        let mut numbers = Vec::new();
        let each = |number, value: &mut Fields<'_>| {
            numbers.push(number);
            value.rest();
            Ok(())
        };
        Fields::new(&bytes, FORMAT).each_numbered("field", each).unwrap();
        assert!(numbers.into_iter().eq(1..=FIELDS_1_0));
        // Of the others a missing one has today's default; the magic cannot be missing.
        let magic = [1, 4, 1, 2, 3, 4];
        let found = take_config(&mut Fields::new(&magic, FORMAT), &mut unknown).unwrap();
        let mut expected = oldest;
        expected.magic = Magic([1, 2, 3, 4]);
        assert_eq!(found, expected);
        let nothing = take_config(&mut Fields::new(&[], FORMAT), &mut unknown).unwrap_err();
        assert_eq!(nothing.to_string(), "the network's magic is missing");
    }

    #[test]
    fn unknown_fields_are_noted_and_passed_over() {
        let mut bytes = Vec::new();
        put_config(&mut bytes, &Config::default()).unwrap();
        bytes.extend([99, 3, 7, 7, 7, 0x80, 1, 0]);
        let mut unknown = Vec::new();
        let found = take_config(&mut Fields::new(&bytes, FORMAT), &mut unknown).unwrap();
        assert_eq!(found, Config::default());
        let said: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["configuration field 99", "configuration field 128"]);
        let mut error = |bytes: &[u8]| {
            let mut fields = Fields::new(bytes, FORMAT);
            take_config(&mut fields, &mut unknown).unwrap_err().to_string()
        };
        assert_eq!(error(&[1, 4, 1, 2, 3, 4, 1, 0]), "configuration field is 1, expected more than 1");
        assert_eq!(error(&[1, 5, 1, 2, 3, 4, 5]), "bytes after the value of a field, expected none");
        assert_eq!(error(&[1, 4, 1, 2, 3, 4, 19, 1, 2]), "request_transactions is 2, expected at most 1");
        assert_eq!(
            error(&[1, 0xff, 0xff, 0x7f, 1]),
            "a record that ends inside its configuration field: 2097151 bytes expected, 1 left"
        );
        let many: Vec<_> = (100..100 + 300_u64).fold(vec![1, 4, 1, 2, 3, 4], |mut bytes, number| {
            put_varint(&mut bytes, number);
            bytes.push(0);
            bytes
        });
        assert!(error(&many).starts_with("unknown fields is 257, expected at most 256"), "{}", error(&many));
    }
}
