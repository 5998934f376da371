//! Why a period cost more than the one before, in four parts that add up exactly.
//!
//! In: dollars and tokens of both by whatever tells them apart. Out: a [`Change`]. `new` is what only one of them had;
//! of the rest `volume` is what it would have changed had everything grown as the tokens did, `mix` that some grew more
//! than others, and `price` what a token came to cost.

use std::collections::BTreeMap;

use super::money::Money;

/// Dollars, and what they were paid for: tokens, or calls for fees.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amount {
    /// Dollars.
    pub cost: Money,
    /// Tokens or calls.
    pub quantity: u64,
}

/// The four parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What a token came to cost.
    pub price: Money,
    /// More or fewer tokens.
    pub volume: Money,
    /// Other models, other kinds of tokens, other owners.
    pub mix: Money,
    /// What was not there before, less what is there no more.
    pub new: Money,
}

impl Change {
    /// From one period to the next.
    #[must_use]
    pub fn between<K: Ord>(before: &BTreeMap<K, Amount>, now: &BTreeMap<K, Amount>) -> Self {
        let (mut old_cost, mut new_cost, mut at_old_price) = (0, 0, 0);
        let (mut old_quantity, mut new_quantity) = (0, 0);
        let mut fresh = 0;
        for (key, amount) in now {
            match before.get(key).filter(|old| old.quantity > 0 && amount.quantity > 0) {
                Some(old) => {
                    let (was, is) = (i128::from(old.quantity), i128::from(amount.quantity));
                    (old_quantity, new_quantity) = (old_quantity + was, new_quantity + is);
                    (old_cost, new_cost) = (old_cost + old.cost.0, new_cost + amount.cost.0);
                    at_old_price += share(old.cost.0, is, was);
                }
                None => fresh += amount.cost.0,
            }
        }
        let both =
            |key: &K, old: &Amount| old.quantity > 0 && now.get(key).is_some_and(|now| now.quantity > 0);
        let gone: i128 =
            before.iter().filter(|(key, old)| !both(key, old)).map(|(_, amount)| amount.cost.0).sum();
        let grown = if old_quantity > 0 { share(old_cost, new_quantity, old_quantity) } else { 0 };
        Self {
            price: Money(new_cost - at_old_price),
            volume: Money(grown - old_cost),
            mix: Money(at_old_price - grown),
            new: Money(fresh - gone),
        }
    }

    /// All of it.
    #[must_use]
    pub const fn total(&self) -> Money {
        Money(self.price.0 + self.volume.0 + self.mix.0 + self.new.0)
    }

    /// The parts and their names.
    #[must_use]
    pub const fn parts(&self) -> [(&'static str, Money); 4] {
        [("price", self.price), ("volume", self.volume), ("mix", self.mix), ("new", self.new)]
    }
}

/// `cost * is / was`, rounded; by floats where the product does not fit.
fn share(cost: i128, is: i128, was: i128) -> i128 {
    cost.checked_mul(is).map_or_else(|| (cost as f64 * (is as f64 / was as f64)) as i128, |all| all / was)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(rows: &[(&'static str, i128, u64)]) -> BTreeMap<&'static str, Amount> {
        rows.iter().map(|&(key, cost, quantity)| (key, Amount { cost: Money(cost), quantity })).collect()
    }

    /// Guarantees: a rise is put down to what caused it, and nothing is left over.
    #[test]
    fn each_cause_is_its_own_part() {
        let before = period(&[("small", 100, 100), ("large", 1000, 100)]);
        let change = |rows: &[(&'static str, i128, u64)]| Change::between(&before, &period(rows));
        let only = |price, volume, mix, new| Change {
            price: Money(price),
            volume: Money(volume),
            mix: Money(mix),
            new: Money(new),
        };
        assert_eq!(change(&[("small", 200, 200), ("large", 2000, 200)]), only(0, 1100, 0, 0));
        assert_eq!(change(&[("small", 200, 100), ("large", 1000, 100)]), only(100, 0, 0, 0));
        assert_eq!(change(&[("small", 50, 50), ("large", 1500, 150)]), only(0, 0, 450, 0));
        assert_eq!(change(&[("small", 100, 100), ("other", 70, 1)]), only(0, 0, 0, -930));
    }

    #[test]
    fn parts_add_up_to_the_last_digit() {
        let mut seed = 7_u64;
        let mut next = move |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for _ in 0..1000 {
            let mut random = || -> BTreeMap<u64, Amount> {
                let amount = |cost, quantity| Amount { cost: Money(i128::from(cost)), quantity };
                (0..next(9)).map(|_| (next(12), amount(next(1 << 31) << 20, next(5)))).collect()
            };
            let (before, now) = (random(), random());
            let sum = |period: &BTreeMap<u64, Amount>| period.values().map(|one| one.cost).sum::<Money>().0;
            assert_eq!(Change::between(&before, &now).total().0, sum(&now) - sum(&before));
        }
    }
}
