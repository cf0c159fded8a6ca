-- Stores a verdict; one that is given again replaces the one before.
insert into raw_training.pair_validations (
    candidate_id, catalog_hash, rules_version, verdict, reason, canonical_sql, fingerprint, row_count, elapsed_ms,
    parity, parity_basis, production_row_count
)
values (
    %(candidate_id)s, %(catalog_hash)s, %(rules_version)s, %(verdict)s, %(reason)s, %(canonical_sql)s, %(fingerprint)s,
    %(row_count)s, %(elapsed_ms)s, %(parity)s, %(parity_basis)s, %(production_row_count)s
)
on conflict (candidate_id, catalog_hash) do update set
    validated_at = now(),
    rules_version = excluded.rules_version,
    verdict = excluded.verdict,
    reason = excluded.reason,
    canonical_sql = excluded.canonical_sql,
    fingerprint = excluded.fingerprint,
    row_count = excluded.row_count,
    elapsed_ms = excluded.elapsed_ms,
    parity = excluded.parity,
    parity_basis = excluded.parity_basis,
    production_row_count = excluded.production_row_count
