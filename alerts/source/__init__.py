"""The source of Tollgate's recording and alert rules."""
