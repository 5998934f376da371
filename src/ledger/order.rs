//! What may be done to a ledger while Tollgate runs, or while it does not: the same words in an address and at a terminal.
//!
//! In: a name and pairs. Out: an [`Order`], or what would be right. It changes nothing itself.

use super::attribution::Owner;
use super::calendar::Calendar;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Rows of these hours get the prices of today.
    Reprice {
        /// First hour, and the one after the last.
        hours: (u32, u32),
        /// Write it; else tell what would change.
        apply: bool,
    },
    /// Rows of an owner are put down to `forgotten`.
    Forget {
        /// Of which kind.
        owner: Owner,
        /// Who.
        name: String,
        /// Only rows of hours before this one.
        before: u32,
    },
}

impl Order {
    /// Reads `reprice` with `from`, `to`, `apply`, and `forget` with an owner and `before`.
    ///
    /// # Errors
    /// In words: what would be right.
    pub fn read(
        name: &str,
        pairs: &[(String, String)],
        calendar: &Calendar,
        now: i64,
    ) -> Result<Self, String> {
        let last =
            |name: &str| pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let hour =
            |key: &str| last(key).filter(|text| !text.is_empty()).map(|text| calendar.hour_of(text, now));
        match name {
            "reprice" => {
                let from =
                    hour("from").ok_or("`from` is missing; a day such as 2026-11-01 would be right")??;
                let to = hour("to").unwrap_or_else(|| calendar.hour_of("now", now))?;
                if from >= to {
                    return Err("`from` is not before `to`".to_owned());
                }
                Ok(Self::Reprice { hours: (from, to), apply: last("apply") == Some("true") })
            }
            "forget" => {
                let before = hour("before").unwrap_or_else(|| calendar.hour_of("now", now))?;
                let whom = Owner::ALL.into_iter().find_map(|owner| Some((owner, last(owner.label())?)));
                let (owner, name) = whom.filter(|(_, name)| !name.is_empty()).ok_or_else(|| {
                    let known: Vec<&str> = Owner::ALL.into_iter().map(Owner::label).collect();
                    format!("nobody is named; OWNER=NAME with one of {} would be right", known.join(", "))
                })?;
                Ok(Self::Forget { owner, name: name.to_owned(), before })
            }
            _ => Err("there are /api/v1/ledger/reprice and /api/v1/ledger/forget".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, pairs: &[(&str, &str)]) -> Result<Order, String> {
        let pairs: Vec<_> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Order::read(name, &pairs, &Calendar::default(), 1_795_000_000)
    }

    /// Guarantees: nothing is written unless it is asked for, and nobody is forgotten by a slip.
    #[test]
    fn an_order_says_what_it_is_for() {
        let hour = |day: &str| Calendar::default().hour_of(day, 0).unwrap();
        let now = 1_795_000_000 / 3600 + 1;
        let from = ("from", "2026-11-01");
        let hours = (hour("2026-11-01"), now);
        assert_eq!(read("reprice", &[from]), Ok(Order::Reprice { hours, apply: false }));
        assert_eq!(read("reprice", &[from, ("apply", "true")]), Ok(Order::Reprice { hours, apply: true }));
        assert!(read("reprice", &[]).unwrap_err().contains("2026-11-01"));
        assert!(read("reprice", &[from, ("to", "2026-10-01")]).unwrap_err().contains("not before"));
        let alice = Order::Forget { owner: Owner::User, name: "alice".to_owned(), before: now };
        assert_eq!(read("forget", &[("user", "alice")]), Ok(alice));
        for nobody in [&[("user", "")][..], &[("usr", "alice")], &[]] {
            assert!(read("forget", nobody).unwrap_err().contains("team, user"));
        }
    }
}
