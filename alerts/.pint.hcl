# Exceptions to Cloudflare's pint, each with its reason: pint -c alerts/.pint.hcl --offline lint alerts/prometheus

rule {
  match { name = "LLM(CallCostHigh|ContextLarge|ContextVeryLarge)" }
  # "Add `for`, or a restart of Prometheus causes false positives." Both sides are increases of one histogram, scraped
  # together: they lose and gain the same samples. A `for` longer than the window would hide a single dear call.
  disable = ["promql/fragile"]
}
