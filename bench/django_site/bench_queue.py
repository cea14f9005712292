"""Make the one queue, whose mails wait as files in a directory."""

import os
from pathlib import Path

import django

django.setup()

from helpdesk.models import Queue  # noqa: E402

Queue.objects.create(
    title="Support",
    slug="support",
    email_address="support@desk.example",
    allow_email_submission=True,
    email_box_type="local",
    email_box_local_dir=str(Path(os.environ["BENCH_HOME"]) / "mail"),
    email_box_interval=0,
    enable_notifications_on_email_events=False,
    logging_type="none",
)
