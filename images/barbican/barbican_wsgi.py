"""Barbican's API as a WSGI application.

The packaged entry point, barbican.wsgi.api, reads its paste file from /etc/barbican and from nowhere else. This one
takes the same file from where the package installed it, so that nothing is written into /etc.
"""

import os

from paste import deploy

application = deploy.loadapp("config:" + os.environ["BARBICAN_PASTE_FILE"])
