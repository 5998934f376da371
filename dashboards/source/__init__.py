"""The source of Tollgate's dashboards."""
