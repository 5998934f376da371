//! What the ledger knows as rows of the document: dollars of day and month, budgets, what nothing told.

use crate::expose::sample::{Labels, Samples, Source};
use crate::ledger::attribution::Owner;
use crate::ledger::budget::Status;
use crate::ledger::spend::Spend;
use crate::ledger::{Column, Ledger};
use crate::metric::{Family, LedgerMetric, Metric};

/// Owners of a budget that become labels where that is wanted.
const FULLEST: usize = 20;

/// At one moment.
pub(super) struct LedgerRows {
    spends: Vec<Spend>,
    has_team: bool,
    /// Owner, environment that it is for, state.
    budgets: Vec<(String, String, Status)>,
    over: Vec<(String, f64, usize)>,
    missing: Vec<(Owner, u64)>,
    rows: usize,
}

impl LedgerRows {
    pub(super) fn new(ledger: &Ledger, now: i64) -> Self {
        let mut rows = Self {
            spends: ledger.spends(now),
            has_team: ledger.settings().attribution.is_on(Owner::Team),
            budgets: Vec::new(),
            over: Vec::new(),
            missing: ledger.missing().collect(),
            rows: ledger.sheet().len(),
        };
        for budget in ledger.budgets() {
            let config = budget.config();
            let environment = config.only.get(Column::Environment.label()).cloned().unwrap_or_default();
            if budget.per().is_empty() {
                rows.budgets.push((String::new(), environment, budget.status("", now)));
                continue;
            }
            if config.label {
                let fullest = budget.fullest(FULLEST, now).into_iter();
                let row =
                    |(names, status): (Vec<String>, Status)| (names.join("/"), environment.clone(), status);
                rows.budgets.extend(fullest.map(row));
            }
            rows.over.extend(config.warn.iter().map(|step| (config.name.clone(), *step, budget.over(*step))));
        }
        rows
    }

    fn spend(&self, value: impl Fn(&Spend) -> Option<f64>, to: &mut dyn Samples) {
        for spend in &self.spends {
            let labels =
                [("environment", &*spend.environment), ("provider", &spend.provider), ("team", &spend.team)];
            let count = if self.has_team { 3 } else { 2 };
            if let Some(value) = value(spend) {
                to.gauge(&labels[..count], value);
            }
        }
    }

    fn budget(&self, value: impl Fn(&Status) -> Option<f64>, to: &mut dyn Samples) {
        for (owner, environment, status) in &self.budgets {
            let fixed = [("budget", &*status.name), ("period", status.period), ("unit", status.unit)];
            let told = [("owner", &**owner), ("environment", environment)]
                .into_iter()
                .filter(|label| !label.1.is_empty());
            let labels: Vec<(&str, &str)> = fixed.into_iter().chain(told).collect();
            if let Some(value) = value(status) {
                to.gauge(&labels, value);
            }
        }
    }
}

impl Source for LedgerRows {
    fn write(&self, family: &'static Family, _: usize, to: &mut dyn Samples) {
        let Metric::Ledger(metric) = family.metric else { return };
        match metric {
            LedgerMetric::Day => self.spend(|spend| Some(spend.day.to_f64()), to),
            LedgerMetric::Month => self.spend(|spend| Some(spend.month.to_f64()), to),
            LedgerMetric::Forecast => {
                self.spend(|spend| spend.forecast.money().map(crate::ledger::Money::to_f64), to);
            }
            LedgerMetric::BudgetLimit => self.budget(|status| Some(status.limit), to),
            LedgerMetric::BudgetSpent => self.budget(|status| Some(status.spent), to),
            LedgerMetric::BudgetUsedRatio => self.budget(|status| Some(status.used), to),
            LedgerMetric::BudgetForecastRatio => {
                self.budget(|status| status.forecast.map(|forecast| forecast / status.limit), to);
            }
            LedgerMetric::BudgetOver => {
                for (budget, step, count) in &self.over {
                    to.gauge(&[("budget", budget), ("step", &step.to_string())], *count as f64);
                }
            }
            LedgerMetric::AttributionMissing => {
                for (owner, count) in &self.missing {
                    let labels = [("key", owner.label())];
                    to.counter(&Labels::plain(&labels), *count as f64, 0, None);
                }
            }
            LedgerMetric::Rows => to.gauge(&[], self.rows as f64),
        }
    }
}
