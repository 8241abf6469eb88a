use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Changes, Db};
use crate::table::{Order, Read, ReadError, Row, Table};

/// A plain map: what the layered view must look like.
#[derive(Clone, Default)]
struct Plain(BTreeMap<Vec<u8>, Vec<u8>>);

impl Read for Plain {
    fn get(&self, _: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(
        &self,
        _: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let within = self.0.iter().filter(|(key, _)| key.starts_with(prefix));
        let mut rows: Vec<Row> = within.map(|(key, value)| (key.clone(), value.clone())).collect();
        if order == Order::Down {
            rows.reverse();
        }
        rows.retain(|(key, _)| match (from, order) {
            (None, _) => true,
            (Some(from), Order::Up) => key.as_slice() > from,
            (Some(from), Order::Down) => key.as_slice() < from,
        });
        rows.truncate(limit);
        Ok(rows)
    }
}

type Ops = Vec<(Vec<u8>, Option<u8>)>;

fn ops() -> impl Strategy<Value = Ops> {
    let key = proptest::collection::vec(0..3_u8, 0..4);
    proptest::collection::vec((key, proptest::option::of(any::<u8>())), 0..24)
}

fn apply(plain: &mut Plain, ops: &Ops) {
    for (key, value) in ops {
        match value {
            Some(value) => plain.0.insert(key.clone(), vec![*value]),
            None => plain.0.remove(key),
        };
    }
}

fn write(db: &mut Db<'_>, ops: &Ops) {
    for (key, value) in ops {
        match value {
            Some(value) => db.put_bytes(Table::Records, key, vec![*value]),
            None => db.remove(Table::Records, key),
        }
    }
}

proptest! {
    #[test]
    fn three_layers_read_as_one(
        (committed, before, now) in (ops(), ops(), ops()),
        prefix in proptest::collection::vec(0..3_u8, 0..2),
        from in proptest::option::of(proptest::collection::vec(0..3_u8, 0..3)),
        down in any::<bool>(),
        limit in 0..12_usize,
    ) {
        let mut base = Plain::default();
        apply(&mut base, &committed);
        let mut expected = base.clone();
        apply(&mut expected, &before);
        apply(&mut expected, &now);

        let nothing = Changes::default();
        let mut earlier = Db::new(&base, &nothing);
        write(&mut earlier, &before);
        let earlier = earlier.into_changes();
        let mut db = Db::new(&base, &earlier);
        write(&mut db, &now);
        // Rows of other tables are none of this one's.
        db.put_bytes(Table::Log, &prefix, vec![0]);

        let order = if down { Order::Down } else { Order::Up };
        let read = |view: &dyn Read| view.scan(Table::Records, &prefix, from.as_deref(), order, limit).unwrap();
        prop_assert_eq!(read(&db), read(&expected));
        for key in expected.0.keys().chain(now.iter().map(|(key, _)| key)) {
            prop_assert_eq!(db.get(Table::Records, key).unwrap(), expected.get(Table::Records, key).unwrap());
        }
    }
}
