"""The root CA's ceremony: plan, rehearse, run, sign, transcript."""
