//! Limits as they are kept on disk.
//!
//! In: a [`LimitStore`] or [`Configured`]. Out: all of it as bytes, and back. Both are small: at most as many entries as
//! the configuration allows, of some hundred bytes each.

use super::configured::{Configured, Key as MeterKey, Meter, STEPS};
use super::scope_named;
use super::state::{Point, State};
use super::store::{Key, LimitStore};
use crate::compact::{Damaged, Reader, Writer, at, sum};
use crate::record::kept::{RESOURCES, WINDOWS, place};

impl LimitStore {
    /// Everything that is known.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        for (key, state) in &self.states {
            [&key.provider, &key.model, &key.account].iter().for_each(|text| out.text(text));
            out.byte(place(&RESOURCES, &key.resource));
            out.byte(place(&WINDOWS, &key.window));
            out.text(key.scope);
            write_state(state, &mut out);
        }
        out.into_bytes()
    }

    /// Takes it back.
    ///
    /// # Errors
    /// It is something else.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let mut from = Reader::new(bytes);
        while !from.is_at_end() {
            let mut text = || from.text().map(str::to_owned);
            let (provider, model, account) = (text()?, text()?, text()?);
            let (resource, window) = (at(&RESOURCES, from.byte()?)?, at(&WINDOWS, from.byte()?)?);
            let scope = scope_named(from.text()?);
            let key = Key { provider, model, account, resource, window, scope };
            self.states.insert(key, read_state(&mut from)?);
        }
        Ok(())
    }
}

fn write_state(state: &State, out: &mut Writer) {
    for number in [state.limit, state.remaining, state.reset_at, state.reported, state.candidate] {
        out.option(number, Writer::number);
    }
    out.option(state.used_ratio, Writer::float);
    out.number(state.seen_at);
    out.number(state.stated_at);
    out.flag(state.from_message);
    out.size(state.points.len());
    for point in &state.points {
        out.number(point.at);
        out.float(point.used_ratio);
        out.float(point.peak);
    }
}

fn read_state(from: &mut Reader<'_>) -> Result<State, Damaged> {
    let mut number = || from.option(Reader::number);
    let (limit, remaining, reset_at) = (number()?, number()?, number()?);
    let (reported, candidate) = (number()?, number()?);
    let used_ratio = from.option(Reader::float)?;
    let (seen_at, stated_at, from_message) = (from.number()?, from.number()?, from.flag()?);
    let points = (0..from.size()?)
        .map(|_| Ok(Point { at: from.number()?, used_ratio: from.float()?, peak: from.float()? }))
        .collect::<Result<_, Damaged>>()?;
    Ok(State {
        limit,
        remaining,
        used_ratio,
        reset_at,
        seen_at,
        stated_at,
        from_message,
        points,
        reported,
        candidate,
    })
}

impl Configured {
    /// Everything that was counted, and against which limits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.number(u64::from(self.wording()));
        for (key, meter) in &self.meters {
            out.size(key.limit);
            out.text(&key.model);
            out.text(&key.account);
            out.byte(place(&RESOURCES, &key.resource));
            out.byte(place(&WINDOWS, &key.window));
            let Meter { ceiling, step_nanos, steps, newest, last_at, peak } = meter;
            [*ceiling, *step_nanos, *newest, *last_at, peak.0].iter().for_each(|number| out.number(*number));
            out.float(peak.1);
            steps.iter().for_each(|step| out.number(*step));
        }
        out.into_bytes()
    }

    /// Takes it back, unless other limits are configured now.
    ///
    /// # Errors
    /// It is something else.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let mut from = Reader::new(bytes);
        if from.number()? != u64::from(self.wording()) {
            return Ok(());
        }
        while !from.is_at_end() {
            let limit = from.small()?;
            let (model, account) = (from.text()?.to_owned(), from.text()?.to_owned());
            let (resource, window) = (at(&RESOURCES, from.byte()?)?, at(&WINDOWS, from.byte()?)?);
            let mut number = || from.number();
            let (ceiling, step_nanos, newest, last_at, peak_at) =
                (number()?, number()?.max(1), number()?, number()?, number()?);
            let peak = (peak_at, from.float()?);
            let mut steps = [0; STEPS];
            for step in &mut steps {
                *step = from.number()?;
            }
            let key = MeterKey { limit, model, account, resource, window };
            self.meters.insert(key, Meter { ceiling, step_nanos, steps, newest, last_at, peak });
        }
        Ok(())
    }

    /// Tells whether the same limits are configured.
    fn wording(&self) -> u32 {
        sum(format!("{:?}", self.limits).as_bytes())
    }
}
