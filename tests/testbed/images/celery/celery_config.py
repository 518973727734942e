"""A worker with the settings of Aurora's own: application name, JSON only, one queue, everything else default."""

import os

from celery import Celery

app = Celery("aurora_tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(
    accept_content=["json"],
    enable_utc=True,
    result_expires=3600,
    result_serializer="json",
    task_serializer="json",
    task_time_limit=3 * 3600,
    worker_max_tasks_per_child=50,
    worker_prefetch_multiplier=1,
)


@app.task
def wait(seconds):
    """Keeps a worker process busy, so that a queue can be seen to grow."""
    import time

    time.sleep(min(seconds, 300))
