//! A table by connection.

use alloc::vec::Vec;

use hashbrown::HashTable;

use super::ConnId;

/// Something for each connection: what a driver keeps of its sockets.
///
/// Looking up costs the same however many there are. [`ConnId`]s are counted and never come again: who wastes
/// connections to choose them gains little, and no key is needed.
#[derive(Clone, Debug)]
pub struct ConnMap<T> {
    table: HashTable<(ConnId, T)>,
}

/// Neighbours stay neighbours in the lower bits, which choose a place; the upper seven, which tell apart
/// those that are close, are the lower ones again.
const fn hash(conn: ConnId) -> u64 {
    conn.0 ^ conn.0 << 57
}

impl<T> ConnMap<T> {
    /// An empty table, which holds no memory.
    pub const fn new() -> Self {
        Self { table: HashTable::new() }
    }

    /// How many connections have an entry.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no connection has one.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Whether this one has.
    pub fn contains(&self, conn: ConnId) -> bool {
        self.get(conn).is_some()
    }

    /// The entry of a connection.
    #[inline]
    pub fn get(&self, conn: ConnId) -> Option<&T> {
        self.table.find(hash(conn), |(other, _)| *other == conn).map(|(_, value)| value)
    }

    /// The entry of a connection, to be changed.
    #[inline]
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        self.table.find_mut(hash(conn), |(other, _)| *other == conn).map(|(_, value)| value)
    }

    /// Gives a connection an entry; returns the one that it had.
    pub fn insert(&mut self, conn: ConnId, value: T) -> Option<T> {
        if let Some(old) = self.get_mut(conn) {
            return Some(core::mem::replace(old, value));
        }
        self.table.insert_unique(hash(conn), (conn, value), |(other, _)| hash(*other));
        None
    }

    /// Takes out the entry of a connection.
    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        let entry = self.table.find_entry(hash(conn), |(other, _)| *other == conn).ok()?;
        Some(entry.remove().0.1)
    }

    /// The entries, in no particular order: for questions whose answer does not depend on it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.table.iter().map(|(conn, value)| (*conn, value))
    }

    /// The connections that have an entry, the oldest first.
    pub fn conns(&self) -> Vec<ConnId> {
        let mut conns: Vec<_> = self.table.iter().map(|(conn, _)| *conn).collect();
        conns.sort_unstable();
        conns
    }
}

impl<T> Default for ConnMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// Against a tree, with ids that come and go as connections do, and with ids far apart.
    #[test]
    fn is_a_map() {
        for step in [1, 3, 1 << 20] {
            let (mut map, mut tree) = (ConnMap::new(), BTreeMap::new());
            for n in 1..2000_u64 {
                let conn = ConnId(n * step);
                assert_eq!(map.insert(conn, n), tree.insert(conn, n));
                assert_eq!(map.insert(conn, n + 1), tree.insert(conn, n + 1));
                if n % 3 > 0 {
                    let gone = ConnId((n / 2) * step);
                    assert_eq!(map.remove(gone), tree.remove(&gone));
                    assert!(!map.contains(gone));
                }
                if let Some(value) = map.get_mut(ConnId((n / 3) * step)) {
                    *value += 1;
                }
                if let Some(value) = tree.get_mut(&ConnId((n / 3) * step)) {
                    *value += 1;
                }
                assert_eq!((map.len(), map.is_empty()), (tree.len(), false));
            }
            assert_eq!(map.conns(), tree.keys().copied().collect::<Vec<_>>());
            assert!(tree.iter().all(|(conn, value)| map.get(*conn) == Some(value)));
        }
    }
}
