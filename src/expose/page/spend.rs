//! Who spent it: the month and what it will be, day by day, by any column, and down into each.

use std::fmt::Write as _;

use super::html::{Day, bars, dollars, escape, foot, head, percent, tile};
use crate::ledger::attribution::Owner;
use crate::ledger::money::thousands;
use crate::ledger::question::Part;
use crate::ledger::report::{Report, moment};
use crate::ledger::{Answer, Column, Ledger, Money, Sums};

/// Parts with a colour of their own; the others share one.
const COLOURS: usize = 5;
/// Owners of a budget that are listed.
const OWNERS: usize = 10;

/// Columns that a page offers.
const OFFERED: [Column; 14] = [
    Column::Of(Owner::Team),
    Column::Of(Owner::User),
    Column::Of(Owner::Feature),
    Column::Model,
    Column::Provider,
    Column::Service,
    Column::Environment,
    Column::Operation,
    Column::Account,
    Column::PriceSource,
    Column::Of(Owner::Agent),
    Column::Of(Owner::ApiKey),
    Column::Of(Owner::Prompt),
    Column::Of(Owner::Session),
];

/// Times that a page offers, and what they are called.
const TIMES: [(&str, &str, &str); 6] = [
    ("today", "now", "today"),
    ("7d", "now", "the last 7 days"),
    ("month", "now", "this month"),
    ("last_month", "month", "the month before"),
    ("30d", "now", "the last 30 days"),
    ("90d", "now", "the last 90 days"),
];

/// What was asked, as it was written.
#[derive(Clone, Debug)]
pub(in crate::expose) struct Asked {
    /// First time.
    pub(in crate::expose) from: String,
    /// Last time.
    pub(in crate::expose) to: String,
    /// Persons may be shown.
    pub(in crate::expose) persons: bool,
    /// Whether rows outlive the process.
    pub(in crate::expose) kept: bool,
}

/// The page.
pub(in crate::expose) fn page(ledger: &Ledger, report: &Report, asked: &Asked, version: &str) -> String {
    let mut out = head("Spend · Tollgate", version, "");
    let page = Page { ledger, report, asked };
    page.form(&mut out);
    page.crumbs(&mut out);
    page.tiles(&mut out);
    page.why(&mut out);
    page.notes(&mut out);
    page.days(&mut out);
    page.table(&mut out);
    page.budgets(&mut out);
    page.credits(&mut out);
    page.untold(&mut out);
    page.switches(&mut out);
    out + &foot(&format!(
        "Days are those of {}. The same as <a href=\"/api/v1/spend?{}\">JSON</a> and <a href=\"/api/v1/spend?{}&amp;format=csv\">CSV</a>.",
        escape(&report.zone),
        page.address(&[], None),
        page.address(&[], None)
    ))
}

struct Page<'a> {
    ledger: &'a Ledger,
    report: &'a Report,
    asked: &'a Asked,
}

impl Page<'_> {
    fn by(&self) -> Column {
        self.report.question.by.first().copied().unwrap_or(Column::Model)
    }

    fn offered(&self) -> impl Iterator<Item = Column> + '_ {
        let shown = |column: &Column| self.asked.persons || !column.is_personal();
        let on = |column: &Column| match column {
            Column::Of(owner) => self.ledger.settings().attribution.is_on(*owner),
            _ => true,
        };
        OFFERED.into_iter().filter(shown).filter(on)
    }

    /// The query of an address with further filters, and perhaps another column; escaped.
    fn address(&self, further: &[(Column, &str)], by: Option<Column>) -> String {
        let by = by.unwrap_or_else(|| self.by()).label();
        let mut out =
            format!("by={by}&amp;from={}&amp;to={}", percent(&self.asked.from), percent(&self.asked.to));
        let only = self.report.question.only.iter().map(|(column, name)| (*column, name.as_str()));
        for (column, name) in only.chain(further.iter().copied()) {
            let _ = write!(out, "&amp;{}={}", column.label(), percent(name));
        }
        out
    }

    fn form(&self, out: &mut String) {
        out.push_str(
            "<form action=/spend method=get aria-label=\"what to show\"><label>split by<select name=by>",
        );
        for column in self.offered() {
            let selected = if column == self.by() { " selected" } else { "" };
            let _ = write!(
                out,
                "<option value={0}{selected}>{1}</option>",
                column.label(),
                column.label().replace('_', " ")
            );
        }
        out.push_str("</select></label><label>time<select name=from>");
        let known = TIMES.iter().any(|(from, ..)| *from == self.asked.from);
        if !known {
            let from = escape(&self.asked.from);
            let _ = write!(out, "<option value=\"{from}\" selected>since {from}</option>");
        }
        for (from, _, name) in TIMES {
            let selected = if from == self.asked.from { " selected" } else { "" };
            let _ = write!(out, "<option value={from}{selected}>{name}</option>");
        }
        out.push_str("</select></label>");
        for (column, name) in &self.report.question.only {
            let _ = write!(out, "<input type=hidden name={} value=\"{}\">", column.label(), escape(name));
        }
        out.push_str("<button>show</button></form>");
    }

    fn crumbs(&self, out: &mut String) {
        if self.report.question.only.is_empty() {
            return;
        }
        out.push_str("<p>Only ");
        for (at, (column, name)) in self.report.question.only.iter().enumerate() {
            let separator = if at > 0 { ", " } else { "" };
            let _ =
                write!(out, "{separator}{} <b>{}</b>", column.label().replace('_', " "), escape(told(name)));
        }
        out.push_str(" · <a href=\"/spend\">show all</a></p>");
    }

    fn tiles(&self, out: &mut String) {
        let total = &self.report.answer.total;
        let time =
            TIMES.iter().find(|(from, ..)| *from == self.asked.from).map_or("this time", |(.., name)| name);
        out.push_str("<ul class=tiles>");
        tile(out, &total.cost().short(), time, "");
        if time != "this month" {
            tile(out, &self.report.month.short(), "this month so far", "");
        }
        let forecast = self.report.forecast.money().map_or_else(|| "–".to_owned(), Money::short);
        tile(out, &forecast, &format!("this month's forecast ({})", self.report.forecast.method()), "");
        tile(out, &thousands(&total.calls.to_string()), "calls", "");
        let class = if total.failed_cost > Money::ZERO { "bad" } else { "" };
        tile(
            out,
            &total.failed_cost.short(),
            &format!("on {} failed calls", thousands(&total.failed().to_string())),
            class,
        );
        tile(out, &total.saved.short(), "saved by prompt caches", "");
        out.push_str("</ul>");
    }

    fn why(&self, out: &mut String) {
        out.push_str("<h2>Why it changed</h2>");
        let Some((before, change)) = &self.report.change else {
            let _ = write!(
                out,
                "<p class=soft>The period before is not known whole: the ledger begins at {}.</p>",
                moment(self.report.since)
            );
            return;
        };
        let total = change.total();
        let more = if total.0 < 0 { "less" } else { "more" };
        let _ = write!(
            out,
            "<p><b>{} {more}</b> than the period before ({}):</p><table><caption class=skip>the four parts of the change</caption><tbody>",
            Money(total.0.abs()).short(),
            before.total.cost().short()
        );
        for (name, money) in change.parts() {
            let what = match name {
                "price" => "price: what a token costs",
                "volume" => "volume: how many tokens",
                "mix" => "mix: which models, kinds of tokens, owners",
                _ => "new: what was not there before, less what is gone",
            };
            let _ = write!(out, "<tr><th scope=row class=name>{what}<td>{}", signed(money));
        }
        out.push_str("</tbody></table>");
        self.movers(out);
    }

    /// What rose or fell most.
    fn movers(&self, out: &mut String) {
        let by = self.by().label().replace('_', " ");
        let _ = write!(
            out,
            "<h3>What changed most</h3><ul class=movers aria-label=\"what changed most, by {by} and model\">"
        );
        for (names, more) in &self.report.movers {
            let mut names = names.iter().map(|name| escape(told(name)));
            let (first, rest) = (names.next().unwrap_or_default(), names.collect::<Vec<_>>().join(" · "));
            let _ = write!(out, "<li><b>{}</b> {first} <span class=soft>{rest}</span>", signed(*more));
        }
        out.push_str("</ul>");
    }

    fn notes(&self, out: &mut String) {
        let mut lines = self.report.warnings();
        if !self.asked.kept {
            lines.push(format!(
                "this ledger lives in memory since {} and ends with the process; `data_dir: /var/lib/tollgate` keeps it",
                moment(self.report.since)
            ));
        }
        if !self.asked.persons {
            lines.push("persons are not shown: this port is open to other machines; listen.metrics.tokens_file guards it".to_owned());
        }
        for line in lines {
            let _ = write!(out, "<p class=note>{}</p>", escape(&line));
        }
    }

    fn days(&self, out: &mut String) {
        let by = self.by();
        let parts = &self.report.answer.parts;
        let named: Vec<&str> = parts.iter().take(COLOURS).map(|part| part.names[0].as_str()).collect();
        let columns: Vec<Day> = self
            .report
            .days
            .iter()
            .map(|(date, split)| {
                let mut stack: Vec<(usize, String, Money)> = Vec::new();
                let mut rest = Money::ZERO;
                for (name, money) in split {
                    match named.iter().position(|known| known == name) {
                        Some(colour) => stack.push((colour, told(name).to_owned(), *money)),
                        None => rest.0 += money.0,
                    }
                }
                stack.sort_by_key(|part| part.0);
                if rest > Money::ZERO {
                    stack.push((COLOURS, "all others".to_owned(), rest));
                }
                (date.to_string(), stack)
            })
            .collect();
        let name = format!("dollars a day by {}", by.label().replace('_', " "));
        let _ = write!(
            out,
            "<h2>Day by day</h2><div class=\"wide days\" tabindex=0 role=region aria-label=\"day by day\">{}</div><ul class=key>",
            bars(&columns, &name)
        );
        for (colour, name) in named.iter().enumerate() {
            let _ = write!(
                out,
                "<li><svg width=12 height=12 aria-hidden=true><rect class=c{colour} width=12 height=12 /></svg>{}",
                escape(told(name))
            );
        }
        if parts.len() + self.report.answer.rest.0 > COLOURS {
            let _ = write!(
                out,
                "<li><svg width=12 height=12 aria-hidden=true><rect class=c{COLOURS} width=12 height=12 /></svg>all others"
            );
        }
        out.push_str("</ul><details><summary>as a table</summary><table><caption class=skip>day by day</caption><thead><tr><th scope=col class=name>day<th scope=col>dollars</thead><tbody>");
        for (day, parts) in &columns {
            let sum: Money = parts.iter().map(|part| part.2).sum();
            let _ = write!(out, "<tr><th scope=row class=name>{day}<td>{}", sum.short());
        }
        out.push_str("</tbody></table></details>");
    }

    fn table(&self, out: &mut String) {
        let by = self.by();
        let label = by.label().replace('_', " ");
        let changed = if self.report.change.is_some() { "<th scope=col>than before" } else { "" };
        let _ = write!(
            out,
            "<h2>By {label}</h2><div class=wide tabindex=0 role=region aria-label=\"by {label}\"><table><caption class=skip>by {label}</caption><thead><tr><th scope=col class=name>{label}<th scope=col>dollars<th scope=col class=less>part{changed}<th scope=col class=less>calls<th scope=col class=less>failed<th scope=col class=less>tokens</thead><tbody>"
        );
        let answer = &self.report.answer;
        for part in &answer.parts {
            let name = part.names.first().map_or("", String::as_str);
            let down = self.below(by).map(|next| self.address(&[(by, name)], Some(next)));
            let shown = escape(told(name));
            let cell = down
                .map_or_else(|| shown.clone(), |address| format!("<a href=\"/spend?{address}\">{shown}</a>"));
            self.row(out, &cell, &part.sums, |before| {
                let known = before.parts.iter().find(|known| known.names == part.names);
                known.map_or(Money::ZERO, |known| known.sums.cost())
            });
        }
        if answer.rest.0 > 0 {
            let named = |known: &&Part| answer.parts.iter().any(|part| part.names == known.names);
            self.row(out, &format!("{} more", answer.rest.0), &answer.rest.1, |before| {
                let others = before.parts.iter().filter(|known| !named(known));
                others.map(|known| known.sums.cost()).sum()
            });
        }
        out.push_str("</tbody><tfoot>");
        self.row(out, "all", &answer.total, |before| before.total.cost());
        out.push_str("</tfoot></table></div>");
    }

    /// A row of the table; `before` finds what it was in the period before.
    fn row(&self, out: &mut String, name: &str, sums: &Sums, before: impl Fn(&Answer) -> Money) {
        let (cost, all) = (sums.cost(), self.report.answer.total.cost().to_f64());
        let part = if all > 0.0 { format!("{:.1} %", cost.to_f64() / all * 100.0) } else { "–".to_owned() };
        let changed = self.report.change.as_ref().map_or_else(String::new, |(answer, _)| {
            let more = Money(cost.0 - before(answer).0);
            format!("<td>{}", signed(more))
        });
        let [calls, failed, tokens] =
            [sums.calls, sums.failed(), sums.tokens()].map(|count| thousands(&count.to_string()));
        let _ = write!(
            out,
            "<tr><th scope=row class=name>{name}<td>{}<td class=less>{part}{changed}<td class=less>{calls}<td class=less>{failed}<td class=less>{tokens}",
            dollars(cost, sums.unpriced_tokens)
        );
    }

    /// What to split by next: team, user, model, service, in this order, whatever is not chosen yet.
    fn below(&self, by: Column) -> Option<Column> {
        let way = [
            Column::Of(Owner::Team),
            Column::Of(Owner::User),
            Column::Model,
            Column::Of(Owner::Session),
            Column::Service,
        ];
        let chosen = |column: &Column| {
            *column == by || self.report.question.only.iter().any(|(known, _)| known == column)
        };
        let on = |column: &Column| match column {
            Column::Of(owner) => self.ledger.settings().attribution.is_on(*owner),
            _ => true,
        };
        let shown = |column: &Column| self.asked.persons || !column.is_personal();
        let begin = way.iter().position(|column| *column == by).map_or(0, |at| at + 1);
        let after = way[begin..].iter().chain(&way[..begin]);
        after.copied().find(|column| !chosen(column) && on(column) && shown(column))
    }

    fn budgets(&self, out: &mut String) {
        out.push_str("<h2>Budgets</h2>");
        if self.ledger.budgets().is_empty() {
            out.push_str(
                "<p>None is set. <code>tollgate check --suggest-budgets</code> prints two to begin with.</p>",
            );
            return;
        }
        out.push_str("<div class=wide tabindex=0 role=region aria-label=budgets><table><caption class=skip>budgets</caption><thead><tr><th scope=col class=name>budget<th scope=col>used<th scope=col>spent<th scope=col class=less>of<th scope=col class=less>begins anew</thead><tbody>");
        for budget in self.ledger.budgets() {
            let personal = budget.per().iter().any(|column| column.is_personal());
            if budget.per().is_empty() {
                budget_row(out, "", &budget.status("", self.report.now));
            } else if personal && !self.asked.persons {
                let over = budget.over(1.0);
                let _ = write!(
                    out,
                    "<tr><th scope=row class=name>{}<td colspan=4>{over} have used all of it",
                    escape(&budget.config().name)
                );
            } else {
                for (names, status) in budget.fullest(OWNERS, self.report.now) {
                    budget_row(out, &names.join(" / "), &status);
                }
            }
        }
        out.push_str("</tbody></table></div>");
    }

    fn credits(&self, out: &mut String) {
        if self.report.credits.is_empty() {
            return;
        }
        out.push_str("<h2>Credits</h2><p class=soft>They pay a part of the dollars above, which are shown whole.</p><div class=wide tabindex=0 role=region aria-label=credits><table><caption class=skip>credits</caption><thead><tr><th scope=col class=name>credit<th scope=col class=less>used<th scope=col>of<th scope=col>left<th scope=col class=less>runs out</thead><tbody>");
        for credit in &self.report.credits {
            let end = if credit.hours.1 == u32::MAX { "never".to_owned() } else { moment(credit.hours.1) };
            let _ = write!(
                out,
                "<tr><th scope=row class=name>{}<td class=less>{}<td>{}<td>{}<td class=less>{end}",
                escape(&credit.name),
                credit.used.short(),
                credit.amount.short(),
                credit.left().short(),
            );
        }
        out.push_str("</tbody></table></div>");
    }

    /// Owners that calls do not tell, and the line that makes them.
    fn untold(&self, out: &mut String) {
        let missing: Vec<_> = self.ledger.missing().filter(|(_, count)| *count > 0).collect();
        if missing.is_empty() {
            return;
        }
        out.push_str("<h2>Calls that do not tell whose they are</h2><ul>");
        for (owner, count) in missing {
            let (label, count) = (owner.label().replace('_', " "), thousands(&count.to_string()));
            let _ = write!(
                out,
                "<li>{label}: {count} since the start tell none. <code>{}</code>",
                escape(owner.line())
            );
        }
        out.push_str("</ul>");
    }

    fn switches(&self, out: &mut String) {
        let seen: Vec<_> = self.ledger.seen().filter(|(_, count)| *count > 0).collect();
        if seen.is_empty() {
            return;
        }
        out.push_str("<h2>Seen, and off</h2><ul>");
        for (owner, count) in seen {
            let (label, values) = (owner.label(), if count == 1 { "value" } else { "values" });
            let _ = write!(
                out,
                "<li>{label}: {count} {values}. <code>attribution: {{{label}: {{on: true}}}}</code> keeps it."
            );
        }
        out.push_str("</ul>");
    }
}

fn budget_row(out: &mut String, owner: &str, status: &crate::ledger::budget::Status) {
    let class = if status.used >= 1.0 {
        "bad"
    } else if status.used >= 0.8 {
        "warn"
    } else {
        ""
    };
    let amount = |amount: f64| match status.unit {
        "usd" => Money::from_f64(amount).short(),
        unit => format!("{} {unit}", thousands(&format!("{amount:.0}"))),
    };
    let resets = moment(u32::try_from(status.resets_at / 3600).unwrap_or(0));
    let owner = if owner.is_empty() { String::new() } else { format!(": {}", escape(owner)) };
    let _ = write!(
        out,
        "<tr><th scope=row class=name>{}{owner} <span class=soft>{}</span><td class=\"{class}\"><meter aria-label=used min=0 max=1 low=0.8 high=0.99 optimum=0 value={:.3}></meter> {:.0} %<td>{}<td class=less>{}<td class=less>{resets}",
        escape(&status.name),
        status.period.replace('_', " "),
        status.used.min(1.0),
        status.used * 100.0,
        amount(status.spent),
        amount(status.limit),
    );
}

/// With its sign.
fn signed(more: Money) -> String {
    format!("{}{}", if more.0 > 0 { "+" } else { "" }, more.short())
}

/// A name, or that there is none.
fn told(name: &str) -> &str {
    if name.is_empty() { "(not told)" } else { name }
}
