insert into raw_serving.adapter_events (
    event_id, alias, adapter_id, serving_adapter_id, event, reason, canaries_asked, canaries_passed, seconds
)
values (
    %(event_id)s, %(alias)s, %(adapter_id)s, %(serving_adapter_id)s, %(event)s, %(reason)s, %(canaries_asked)s,
    %(canaries_passed)s, %(seconds)s
)
