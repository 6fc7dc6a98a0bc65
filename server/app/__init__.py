"""The composition root: the only place that knows which adapter fulfils which port, and what runs in which process.

Decides what is built, in which order, and what ends first. Every connection is opened and closed in here.
"""

from server.app.verbs import run_dead_letters as run_dead_letters
from server.app.verbs import run_fetch as run_fetch
from server.app.verbs import run_migrations as run_migrations
from server.app.verbs import run_status as run_status
from server.app.verbs import run_web as run_web
from server.app.verbs import run_worker as run_worker
