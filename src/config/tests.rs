use super::*;

fn faults(text: &str) -> Vec<String> {
    parse("t.yaml", text, &[]).unwrap_err().0.iter().map(Fault::to_string).collect()
}

fn environment(variable: &str, value: &str) -> Vec<(String, String)> {
    vec![(variable.to_owned(), value.to_owned())]
}

#[test]
fn nothing_written_is_a_working_configuration() {
    for text in ["", "# only a comment\n", "listen:\n", "dimensions:\nseries: {}\n", "null\n"] {
        assert_eq!(parse("t.yaml", text, &[]), Ok(Settings::default()), "{text:?}");
    }
}

#[test]
fn every_key_is_read_from_the_file_and_from_its_variable() {
    for key in KEYS {
        let mut text = String::new();
        let mut steps = key.path.split('.').enumerate().peekable();
        while let Some((depth, step)) = steps.next() {
            let value = if steps.peek().is_none() { other_value(key) } else { String::new() };
            text.push_str(&format!("{}{step}: {value}\n", "  ".repeat(depth)));
        }
        let from_file = parse("t.yaml", &text, &[]).unwrap();
        let from_environment = parse("", "", &environment(&key.variable(), &other_value(key))).unwrap();
        assert_ne!(from_file, Settings::default(), "{}", key.path);
        assert_eq!(from_file, from_environment, "{}", key.path);
    }
}

/// A sound value that is not the default.
fn other_value(key: &Key) -> String {
    match key.field {
        keys::Field::Address(_) => "0.0.0.0:1".to_owned(),
        keys::Field::Count(least, ..) | keys::Field::Entries(least, ..) | keys::Field::Bytes(least, ..) => {
            least.to_string()
        }
        keys::Field::File(_) => "data/catalogue.json".to_owned(),
        keys::Field::Folder(_) => "/var/lib/tollgate".to_owned(),
        keys::Field::Durable(_) => "relaxed".to_owned(),
        keys::Field::Sampled(_) => "estimate".to_owned(),
        keys::Field::Names(_) => "tollgate.internal".to_owned(),
        keys::Field::Reported(_) => "always".to_owned(),
        keys::Field::Seconds(_, most, _) | keys::Field::Automatic(_, most, _) => most.to_string(),
        keys::Field::Switch(_) => "true".to_owned(),
        keys::Field::Text(_) => "other".to_owned(),
        keys::Field::Level(_) => "debug".to_owned(),
        keys::Field::Format(_) => "json".to_owned(),
    }
}

#[test]
fn all_faults_are_reported_at_once_with_their_places() {
    let text = "\
seires:
  max: 5
series:
  max: 0
  hold: 3
listen:
  grpc: localhost
receive: big
settle_seconds: [1, 2]
log: {level: verbose}
";
    assert_eq!(
        faults(text),
        [
            "t.yaml:1:1: seires: is not a key; did you mean `series`?",
            "t.yaml:4:8: series.max: `0` is not a whole number from 1 to 10000000",
            "t.yaml:5:3: series.hold: is not a key; known here: max, idle_seconds, hold_seconds",
            "t.yaml:7:9: listen.grpc: `localhost` is not an address such as 127.0.0.1:4317, 0.0.0.0:4317, [::1]:4317 or unix:/run/tollgate/otlp.sock",
            "t.yaml:8:10: receive: is a single value; a mapping with max_request_bytes, max_inflated_bytes, \
             max_in_flight_bytes, max_connections, request_timeout_seconds, idle_timeout_seconds, shutdown_seconds \
             would be right",
            "t.yaml:9:17: settle_seconds: `1,2` is not a number of seconds from 0 to 300",
            "t.yaml:10:14: log.level: `verbose` is not one of off, error, warn, info, debug, trace",
        ]
    );
}

#[test]
fn a_key_like_no_other_gets_the_list_of_what_is_known() {
    let found = faults("colour: blue\n");
    assert!(
        found[0].starts_with("t.yaml:1:1: colour: is not a key; known here: listen, receive, "),
        "{found:?}"
    );
    assert!(
        found[0]
            .ends_with("log, dimensions, vocabulary, otlp_metrics, ledger, attribution, budgets, credits"),
        "{found:?}"
    );
}

#[test]
fn a_malformed_variable_is_a_fault_that_names_it() {
    let faults = parse("", "", &environment("TOLLGATE_SERIES_MAX", "many")).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "environment variable TOLLGATE_SERIES_MAX: series.max: `many` is not a whole number from 1 to 10000000"
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let settings = parse("t.yaml", "series: {max: 7}", &environment("TOLLGATE_SERIES_MAX", "8")).unwrap();
    assert_eq!(settings.series.max, 8);
}

#[test]
fn a_slip_in_a_variable_is_noticed_and_kubernetes_variables_are_not() {
    let slip = |name: &str| suspicious_variables(&environment(name, "1"));
    assert_eq!(
        slip("TOLLGATE_SERIES_MAXX"),
        [("TOLLGATE_SERIES_MAXX".to_owned(), "TOLLGATE_SERIES_MAX".to_owned())]
    );
    assert!(slip("TOLLGATE_PORT_4317_TCP_ADDR").is_empty());
    assert!(slip("TOLLGATE_SERVICE_HOST").is_empty());
    assert!(slip("TOLLGATE_SERIES_MAX").is_empty());
}

#[test]
fn dimensions_are_read_with_a_default_bound() {
    let text = "dimensions:\n  - label: team\n    attributes: [team.id, user.team]\n    max_values: 9\n  - {label: region, attributes: cloud.region}\n";
    let settings = parse("t.yaml", text, &[]).unwrap();
    let dimension = |label: &str, attributes: &[&str], max_values| Dimension {
        label: label.to_owned(),
        attributes: attributes.iter().map(ToString::to_string).collect(),
        max_values,
    };
    assert_eq!(
        settings.dimensions,
        [
            dimension("team", &["team.id", "user.team"], 9),
            dimension("region", &["cloud.region"], DEFAULT_MAX_VALUES)
        ]
    );
}

#[test]
fn a_dimension_may_not_take_a_name_that_others_own() {
    for (label, reason) in [
        ("model", "a label that Tollgate sets"),
        ("job", "a label that the scraper sets"),
        ("__name__", "which Prometheus keeps"),
        ("team-id", "is not a label name"),
        ("1st", "is not a label name"),
    ] {
        let found = faults(&format!("dimensions:\n- label: {label}\n  attributes: [a]\n"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("t.yaml:2:10: dimensions[0].label:"), "{found:?}");
        assert!(found[0].contains(reason), "{found:?}");
    }
}

#[test]
fn every_fault_of_a_dimension_is_reported() {
    let text = "dimensions:\n- {label: team, attributes: [], max_values: 0}\n- {lable: team}\n- one\n";
    let found = faults(text);
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found[0].contains("dimensions[0].attributes"), "{found:#?}");
    assert!(found[1].contains("dimensions[0].max_values"), "{found:#?}");
    assert!(found.iter().any(|fault| fault.contains("did you mean `label`?")), "{found:#?}");
}

#[test]
fn a_reload_keeps_what_needs_a_restart_and_names_it() {
    let running = Settings::default();
    let wanted = parse("t.yaml", "listen: {grpc: 0.0.0.0:1}\nlog: {level: debug}\n", &[]).unwrap();
    assert_eq!(needs_restart(&running, &wanted), ["listen.grpc"]);
    let next = reloaded(&running, &wanted);
    assert_eq!((next.listen.grpc, next.log.level), (running.listen.grpc, LogLevel::Debug));
}

#[test]
fn a_reload_leaves_the_dimensions_as_they_are() {
    let wanted = parse("t.yaml", "dimensions: [{label: team, attributes: a}]", &[]).unwrap();
    assert_eq!(needs_restart(&Settings::default(), &wanted), ["dimensions"]);
    assert!(reloaded(&Settings::default(), &wanted).dimensions.is_empty());
}

#[test]
fn prices_are_read_and_their_faults_placed() {
    let sound = "prices:\n  models:\n    - model: acme\n      prices: {input: 1.5, output: 2}\n";
    assert_eq!(parse("t.yaml", sound, &[]).unwrap().prices.models.len(), 1);
    let text = "\
prices:
  models:
    - model: acme
      prices: {inputt: 1.5}
  discounts:
    - percent: 120
";
    let found = faults(text);
    assert!(found[0].starts_with("t.yaml:4:24: prices.models[0].prices.inputt: "), "{found:#?}");
    assert!(found[1].starts_with("t.yaml:6:16: prices.discounts[0].percent: "), "{found:#?}");
    let found = faults("listen: 1\nprices:\n  modles: []\n");
    assert!(found[0].starts_with("t.yaml:1:9: listen:"), "{found:#?}");
    assert_eq!(found[1], "t.yaml:3:3: prices.modles: is not a key; did you mean `models`?");
}

#[test]
fn a_price_catalogue_that_is_not_there_is_a_fault() {
    let found = faults("prices: {catalogue_file: nowhere.json}\n");
    assert!(
        found[0].starts_with("t.yaml:1:26: prices.catalogue_file: `nowhere.json` cannot be read"),
        "{found:#?}"
    );
}

#[test]
fn limits_are_read_and_their_faults_placed() {
    let sound = "limits: {configured: [{provider: gcp.gemini, requests_per_minute: 10}], max_entries: 5}\n";
    let limits = parse("t.yaml", sound, &[]).unwrap().limits;
    assert_eq!((limits.configured.len(), limits.max_entries), (1, 5));
    let found = faults("limits:\n  max_entries: 0\n  configured:\n    - {provider: gcp.gemini}\n");
    assert!(found[0].starts_with("t.yaml:2:16: limits.max_entries: `0` is not a whole number"), "{found:#?}");
    assert!(found[1].starts_with("t.yaml:4:7: limits.configured[0]: no limit is given"), "{found:#?}");
}

#[test]
fn a_fault_of_a_file_named_by_a_variable_names_the_variable() {
    let found = parse("", "", &environment("TOLLGATE_PRICES_CATALOGUE_FILE", "nowhere.json")).unwrap_err();
    assert!(
        found.to_string().starts_with("environment variable TOLLGATE_PRICES_CATALOGUE_FILE: "),
        "{found}"
    );
}

#[test]
fn an_address_may_stand_in_a_mapping_with_what_guards_it() {
    let text = "listen:\n  grpc:\n    address: 0.0.0.0:1\n    tls: {cert: a.pem, key: a.key}\n  metrics: 0.0.0.0:2\n";
    let settings = parse("folder/t.yaml", text, &[]).unwrap();
    assert_eq!(settings.listen.grpc.to_string(), "0.0.0.0:1");
    assert_eq!(settings.listen.metrics.to_string(), "0.0.0.0:2");
    assert_eq!(settings.guards.grpc.cert, Some("folder/a.pem".into()));
    let found = faults("listen:\n  grpc: {adress: 1}\n");
    assert!(found[0].contains("listen.grpc.adress: is not a key"), "{found:?}");
}

#[test]
fn values_come_from_the_environment_and_from_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("name"), "from a file\n").unwrap();
    let path = folder.path().join("t.yaml").display().to_string();
    let environment = [("SHOP", "from outside"), ("MOST", "7"), ("PRICE", "2.5"), ("EMPTY", "")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let read = |text: &str| parse(&path, text, &environment).unwrap();
    assert_eq!(read("service: {default: '${env:SHOP}'}").default_service, "from outside");
    assert_eq!(read("service: {default: \"${file:name}\"}").default_service, "from a file");
    assert_eq!(
        read("service: {default: 'a $$ b ${env:NONE:-c} ${env:EMPTY:-d}'}").default_service,
        "a $ b c d"
    );
    assert_eq!(read("series: {max: '${env:MOST}'}").series.max, 7);
    let prices =
        read("prices:\n  models:\n    - model: acme\n      prices: {input: '${env:PRICE}', output: 2}\n");
    assert_eq!(prices.prices.models.len(), 1);
    let cost = |settings: &Settings| format!("{:?}", settings.prices);
    assert_eq!(
        cost(&prices),
        cost(&read("prices:\n  models:\n    - model: acme\n      prices: {input: 2.5, output: 2}\n"))
    );
}

#[test]
fn a_value_adds_no_keys_and_is_in_no_message() {
    let secret = [("KEY".to_owned(), "sk-very-secret\nseries: {max: 3}".to_owned())];
    let settings = parse("t.yaml", "service: {default: '${env:KEY}'}\n", &secret).unwrap();
    assert_eq!(settings.series.max, Settings::default().series.max);
    let shown = |text: &str| parse("t.yaml", text, &secret).unwrap_err().to_string();
    for text in [
        "series: {max: '${env:KEY}'}",
        "limits: {max_entries: '${env:KEY}'}",
        "prices: {use_reported: '${env:KEY}'}",
    ] {
        let message = shown(text);
        assert!(!message.contains("secret") && message.starts_with("t.yaml:1:"), "{message}");
    }
    let unset = shown("listen: 1\nservice: {default: '${env:NOBODY}'}");
    assert!(unset.contains("t.yaml:2:20: the environment variable NOBODY is not set"), "{unset}");
    assert!(shown("service: {default: '${HOME}'}").contains("`${env:NAME}`"));
}

#[test]
#[cfg(unix)]
fn a_configuration_that_is_no_regular_file_holds_nobody() {
    let found = load(Some(Path::new("/dev/null")), &[]).unwrap_err().to_string();
    assert!(found.contains("not a regular file"), "{found}");
}

/// Guarantees: in a section that holds secrets written out, no fault quotes a value, whether the YAML or its meaning is
/// wrong.
#[test]
fn a_fault_in_a_section_of_secrets_quotes_nothing() {
    for rest in [
        "headers: {authorization: \"Bearer hunter2hunter2}",
        "headers: {authorization: *hunter2hunter2}",
        "headers: Bearer hunter2hunter2",
        "headers: {authorization: Bearer: hunter2hunter2}",
        "headers: {authorization: \"Bearer \\hunter2hunter2\"}",
        "headers: {hunter2hunter2: 1, hunter2hunter2: 1}",
        "headers: {authorization: %hunter2hunter2}",
        "headers: {authorization: [hunter2hunter2]}",
        "headers: {authorization: !!int hunter2hunter2}",
        "headers: |hunter2hunter2",
        "interval: hunter2hunter2",
        "protocol: hunter2hunter2",
        "hunter2hunter2: a",
        "names: {hunter2hunter2: a}",
        "endpoint: hunter2hunter2",
        "endpoint: ftp://me:hunter2hunter2@store",
    ] {
        let endpoint = if rest.starts_with("endpoint") { "" } else { "  endpoint: http://c:4317\n" };
        let text = format!("otlp_metrics:\n{endpoint}  {rest}\n");
        let found = parse("t.yaml", &text, &[]).unwrap_err().to_string();
        assert!(!found.contains("hunter2") && found.starts_with("t.yaml:"), "{rest}: {found}");
    }
}

#[test]
fn every_fault_of_prices_and_limits_is_told_in_one_go() {
    let text = "\
prices:
  modles: []
  models:
    - model: acme
      prices: {input: 400k, outptu: 2}
    - prices: {input: -1}
      match: {equal: x}
  discounts:
    - percent: 20 %
    - provider: openai
  use_reported: sometimes
limits:
  max_entries: 10k
  accounts: [{hash: xyz, name: a}]
  configured:
    - {provider: openai, tokens_per_minute: 400k}
    - {requests_per_minute: many, tokens_per_day: 0}
";
    let found = faults(text);
    let begins = [
        "t.yaml:2:3: prices.modles: is not a key; did you mean `models`?",
        "t.yaml:5:23: prices.models[0].prices.input: `400k` is not a decimal number of 0 or more, such as 0.25; write 400000",
        "t.yaml:5:37: prices.models[0].prices.outptu: is not a kind of token; expected input, input_audio",
        "t.yaml:6:7: prices.models[1].model: is missing",
        "t.yaml:6:23: prices.models[1].prices.input: `-1` is not a decimal number of 0 or more, such as 0.25",
        "t.yaml:7:15: prices.models[1].match.equal: is not a key; did you mean `equals`?",
        "t.yaml:9:16: prices.discounts[0].percent: `20 %` is not a number of per cent, such as 12.5, or -5 for a mark-up; write 20",
        "t.yaml:10:7: prices.discounts[1].percent: is missing",
        "t.yaml:11:17: prices.use_reported: `sometimes` is not one of when_unpriced, always, never",
        "t.yaml:13:16: limits.max_entries: `10k` is not a whole number; write 10000",
        "t.yaml:14:21: limits.accounts[0].hash: `xyz` can match no account",
        "t.yaml:16:45: limits.configured[0].tokens_per_minute: `400k` is not a whole number; write 400000",
        "t.yaml:17:7: limits.configured[1].provider: is missing",
        "t.yaml:17:29: limits.configured[1].requests_per_minute: `many` is not a whole number",
        "t.yaml:17:51: limits.configured[1].tokens_per_day: is 0; remove it",
    ];
    assert_eq!(found.len(), begins.len(), "{found:#?}");
    for (line, begin) in found.iter().zip(begins) {
        assert!(line.starts_with(begin), "{begin}\n{line}\n{found:#?}");
    }
}

#[test]
fn one_port_twice_is_a_fault() {
    let found = faults("listen: {grpc: '127.0.0.1:4317', http: '0.0.0.0:4317'}\n");
    assert_eq!(
        found,
        ["t.yaml:1:40: listen.http: `0.0.0.0:4317` is taken by listen.grpc; each wants one of its own"]
    );
    for sound in [
        "listen: {grpc: '127.0.0.1:0', http: '127.0.0.1:0'}",
        "listen: {grpc: '127.0.0.1:1', http: '127.0.0.2:1'}",
    ] {
        assert!(parse("t.yaml", sound, &[]).is_ok(), "{sound}");
    }
}

#[test]
fn words_that_a_person_writes_are_answered_with_numbers() {
    let ends = |text: &str, end: &str| assert!(faults(text)[0].ends_with(end), "{:?}", faults(text));
    ends("series: {max: 100k}", "; write 100000");
    ends("settle_seconds: 2m", "; write 120");
    ends("settle_seconds: soon", "from 0 to 300");
}

#[test]
fn what_is_sound_and_probably_not_meant_is_doubted() {
    let doubted = |text: &str| {
        let settings = parse("t.yaml", text, &[]).expect(text);
        doubts(&settings)
            .into_iter()
            .map(|doubt| format!("{}: {}", doubt.key, doubt.problem))
            .collect::<Vec<_>>()
    };
    let text = "\
prices:
  models:
    - {model: gpt-5, provider: openai, prices: {input: 0.0000025, output: 20}}
    - {model: llama-at-home, provider: our-cluster, prices: {input: 0, output: 0.000002}}
    - {model: gpt-5-mini, provider: openai, prices: {input: 900, output: 2}}
  discounts:
    - {provider: opnai, percent: 10}
    - {provider: openai, model: {equals: [gpt5]}, percent: 10}
  aliases:
    - {name: fast, model: gpt-5-mni}
    - {name: slow, model: gpt-5, priced_as: nobody}
limits:
  configured:
    - {provider: google, requests_per_minute: 1}
    - {provider: our-cluster, model: 'lama*', requests_per_minute: 1, account: team-a}
";
    let begins = [
        "prices.models[0].prices.input: is $0.0000025 a million tokens; prices lie between",
        "prices.models[1].prices.output: is $0.000002 a million tokens",
        "prices.discounts[0].provider: `opnai` is no provider that is known; did you mean `openai`?",
        "prices.discounts[1].model: fits no model of openai that has a price",
        "prices.aliases[0].model: `gpt-5-mni` has no price: its calls will count as unpriced; did you mean `gpt-5-mini`?",
        "prices.aliases[1].priced_as: `nobody` is no provider that is known; it has an effect only if",
        "limits.configured[0].provider: no call is labelled `google`; the convention's name is `gcp.gemini`",
        "limits.configured[1].model: `lama*` fits no model that has a price",
        "limits.configured[1].account: `team-a` is neither a name from limits.accounts nor a hash",
    ];
    let found = doubted(text);
    assert_eq!(found.len(), begins.len() + 1, "{found:#?}");
    for begin in begins {
        assert!(found.iter().any(|line| line.starts_with(begin)), "{begin}: {found:#?}");
    }
    assert!(
        found.iter().any(|line| line.contains("3600 times more than the catalogue's $0.25")),
        "{found:#?}"
    );
    assert!(doubted("").is_empty());
    let sound = "prices: {models: [{model: llama-at-home, provider: our-cluster, prices: {input: 0.2}}], \
                 discounts: [{provider: our-cluster, percent: 5}, {provider: azure.ai.openai, model: {starts_with: [gpt-]}, percent: 5}], \
                 aliases: [{name: smart, model: gpt-5}, {name: home, model: llama-at-home}]}";
    assert!(doubted(sound).is_empty(), "{:#?}", doubted(sound));
}
