"""When things run by themselves: the whole road at night, monitoring every hour."""

import dagster as dg

from dagster_project.defs.jobs import monitoring, nightly


@dg.schedule(job=nightly, cron_schedule="0 2 * * *")
def nightly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """At two in the morning (UTC), up to and including the day that has just begun."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=day, partition_key=day)


hourly_monitoring = dg.ScheduleDefinition(name="hourly_monitoring", job=monitoring, cron_schedule="15 * * * *")
