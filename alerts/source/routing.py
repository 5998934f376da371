"""Who hears of what: Alertmanager's configuration, for each set of receivers.

In: what inhibits what, and the receivers that somebody has. Out: one file a set. Knows no rule's expression.

One incident is one cause: pages of a provider group by environment and provider, pages of money by environment and
service or budget. An alert inhibits only what is no more severe: each row below is written for pages and for tickets.
"""

from .writers import represent_plain

PROVIDER = ["environment", "provider"]
MODEL = ["environment", "provider", "model"]
ROUTE = ["environment", "service_name", "provider"]
CALL = ["environment", "service_name", "provider", "model"]
LIMIT = ["provider", "model", "account", "resource", "window"]

# What explains, what it explains, and the labels that must agree.
INHIBITIONS = (
    # Without quota, access or the model everything fails: the consequences are not news.
    ("LLMQuotaExhausted|LLMAccessDenied|LLMModelGone", "LLMErrorRateHigh|LLMRetryStorm", CALL),
    ("LLMQuotaExhausted|LLMAccessDenied|LLMModelGone", "LLMServiceDown", ROUTE),
    ("LLMQuotaExhausted", "LLMRateLimitFilling|LLMRateLimitAlmostExhausted|LLMRateLimitExhaustionSoon", PROVIDER),
    ("LLMQuotaExhausted|LLMAccessDenied|LLMRateLimited", "LLMProviderFailing", PROVIDER),
    ("LLMRateLimited", "LLMErrorRateHigh", MODEL),
    # Failures that are told of explain what comes of them.
    ("LLMErrorRateHigh|LLMRateLimited", "LLMProviderOverloaded", MODEL),
    ("LLMProviderFailing", "LLMProviderOverloaded", PROVIDER),
    ("LLMErrorRateHigh", "LLMRetryStorm", CALL),
    ("LLMRateLimited", "LLMRetryStorm", MODEL),
    # The worse of two steps is enough.
    ("LLMRateLimitAlmostExhausted|LLMRateLimitExhaustionSoon", "LLMRateLimitFilling", LIMIT),
    ("LLMRateLimitExhaustionSoon", "LLMRateLimitAlmostExhausted", LIMIT),
    ("LLMContextVeryLarge", "LLMContextLarge", CALL),
    ("LLMSpendOverDailyBudget", "LLMSpendOnPaceToPassBudget", ["environment"]),
    ("LLMSpendRateAboveUsual", "LLMSpendOverDailyBudget|LLMSpendOnPaceToPassBudget", ["environment"]),
    ("LLMSpendRateAboveUsual", "LLMCallCostHigh", ["environment", "service_name"]),
    ("LLMBudgetSpent", "LLMBudgetFilling|LLMBudgetForecastOver", ["budget"]),
    # Where a budget covers an environment, its alerts stand for the thresholds of `thresholds.yaml` there.
    ("LLMBudgetSpent|LLMBudgetFilling|LLMBudgetForecastOver", "LLMSpendOverDailyBudget|LLMSpendOnPaceToPassBudget", ["environment"]),
    # Without Tollgate there is no data, and what is missing tells nothing.
    ("TollgateDown|TollgateMissing|TollgateLagging", "LLMServiceSilent|LLMCacheHitRateFallen", []),
    ("TollgateMissing", "TollgateDown|TollgateLagging", []),
)
# What a source of one severity may silence.
NO_MORE_SEVERE = {"page": "page|ticket|info", "ticket": "ticket|info"}

FILES = {
    "alertmanager.yml": (
        ("pagerduty", "slack"),
        ("slack",),
        """Pages to PagerDuty and Slack, tickets to Slack. It wants two files; without the second, tickets reach nobody:
take pagerduty-only.yml then.
  /etc/alertmanager/secrets/pagerduty-routing-key   the integration key of a PagerDuty service (Events API v2)
  /etc/alertmanager/secrets/slack-url               the address of a Slack incoming webhook""",
    ),
    "pagerduty-only.yml": (
        ("pagerduty",),
        ("pagerduty",),
        """Pages and tickets to PagerDuty: pages as `critical`, tickets as `warning`, the rest as `info`. Let the service's
urgency follow the severity, and only pages ring. It wants one file:
  /etc/alertmanager/secrets/pagerduty-routing-key   the integration key of a PagerDuty service (Events API v2)""",
    ),
    "teams.yml": (
        ("pagerduty", "teams"),
        ("teams",),
        """Pages to PagerDuty and Microsoft Teams, tickets to Teams. Alertmanager 0.28 or newer. It wants two files:
  /etc/alertmanager/secrets/pagerduty-routing-key   the integration key of a PagerDuty service (Events API v2)
  /etc/alertmanager/secrets/teams-url               the address of a Teams workflow `When a Teams webhook request is received`""",
    ),
}


def files() -> dict[str, str]:
    """Name and text of each configuration."""
    return {
        name: represent_plain(f"Who hears of what.\n{head}", configuration(pages, tickets))
        for name, (pages, tickets, head) in FILES.items()
    }


def configuration(pages: tuple[str, ...], tickets: tuple[str, ...]) -> dict:
    return {
        "global": {"resolve_timeout": "5m"},
        "templates": ["tollgate.tmpl"],
        "route": route(),
        "inhibit_rules": [rule for row in INHIBITIONS for rule in inhibitions(*row)],
        "receivers": [receiver("pages", pages), receiver("tickets", tickets), receiver("informed", tickets)],
    }


def route() -> dict:
    return {
        "receiver": "tickets",
        "group_by": ["alertname", *PROVIDER, "service_name", "budget"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "12h",
        "routes": [page_route(), {"matchers": ["severity = info"], "receiver": "informed", "group_wait": "5m", "group_interval": "1h", "repeat_interval": "24h"}],
    }


def page_route() -> dict:
    """However many models and services an outage hits, it is one incident, and so is a loop that spends."""
    return {
        "matchers": ["severity = page"],
        "receiver": "pages",
        "group_by": PROVIDER,
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "4h",
        "routes": [
            {"matchers": ['alertname =~ "LLMSpend.+|LLMBudget.+"'], "group_by": ["environment", "service_name", "budget"]},
            {"matchers": ['alertname =~ "Tollgate.+"'], "group_by": ["job"]},
        ],
    }


def inhibitions(sources: str, targets: str, equal: list[str]) -> list[dict]:
    return [
        {
            "source_matchers": [f'alertname =~ "{sources}"', f"severity = {severity}"],
            "target_matchers": [f'alertname =~ "{targets}"', f'severity =~ "{silenced}"'],
            **({"equal": equal} if equal else {}),
        }
        for severity, silenced in NO_MORE_SEVERE.items()
    ]


# --- receivers


def receiver(name: str, kinds: tuple[str, ...]) -> dict:
    return {"name": name} | {f"{KIND_NAMES[kind]}_configs": [RECEIVERS[kind]] for kind in kinds}


KIND_NAMES = {"pagerduty": "pagerduty", "slack": "slack", "teams": "msteamsv2"}


def said(name: str) -> str:
    return f'{{{{ template "tollgate.{name}" . }}}}'


RECEIVERS = {
    "pagerduty": {
        "routing_key_file": "/etc/alertmanager/secrets/pagerduty-routing-key",
        "send_resolved": True,
        "client": "Tollgate",
        "client_url": said("dashboard"),
        "description": said("summary"),
        "severity": said("pagerduty.severity"),
        "class": said("class"),
        "component": said("component"),
        "group": said("group"),
        "links": [{"href": said("dashboard"), "text": "Dashboard"}, {"href": said("runbook"), "text": "Runbook"}],
        "details": {
            "what": said("details"),
            "causes": said("causes"),
            "error_class": "{{ .CommonLabels.error_class }}",
            "provider": "{{ .CommonLabels.provider }}",
            "model": "{{ .CommonLabels.model }}",
            "service": "{{ .CommonLabels.service_name }}",
            "environment": "{{ .CommonLabels.environment }}",
            "runbook": said("runbook"),
        },
    },
    "slack": {
        "api_url_file": "/etc/alertmanager/secrets/slack-url",
        "send_resolved": True,
        "color": said("slack.color"),
        "title": said("title"),
        "title_link": said("dashboard"),
        "text": said("slack.text"),
        "fallback": said("summary"),
        "mrkdwn_in": ["text"],
        "actions": [
            {"type": "button", "text": "Runbook", "url": said("runbook")},
            {"type": "button", "text": "Dashboard", "url": said("dashboard")},
        ],
    },
    "teams": {
        "webhook_url_file": "/etc/alertmanager/secrets/teams-url",
        "send_resolved": True,
        "title": said("title"),
        "text": said("teams.text"),
    },
}
