-- Since format 3. What rows were before `tollgate reprice` gave them other prices, and when (seconds since the Unix epoch).
CREATE TABLE ledger_former AS SELECT 0 AS repriced_at, * FROM ledger_row WHERE 0;
CREATE INDEX ledger_former_hour ON ledger_former (hour);
CREATE VIEW ledger_repriced AS SELECT
    strftime('%Y-%m-%dT%H:%M:%SZ', repriced_at, 'unixepoch') AS repriced,
    strftime('%Y-%m-%dT%H:00:00Z', hour * 3600, 'unixepoch') AS time, hours,
    service_name, environment, provider, model, operation, account, price_source, price_key, team, feature, calls,
    (pico_input + pico_input_audio + pico_input_image + pico_input_video + pico_cache_read + pico_cache_read_audio + pico_cache_read_image + pico_cache_write + pico_cache_write_1h + pico_output + pico_output_audio + pico_output_image + pico_output_video + pico_reasoning + pico_request) AS former_pico_usd,
    unpriced_tokens AS former_unpriced_tokens
FROM ledger_former;
-- Rows by session, where sessions are on; `ledger_row` has the same calls without it.
CREATE TABLE ledger_session AS SELECT * FROM ledger_row WHERE 0;
CREATE UNIQUE INDEX ledger_session_key ON ledger_session (hour, hours, service_name, environment, provider, model, operation, account, price_source, price_key, team, "user", feature, agent, api_key, prompt, session);
