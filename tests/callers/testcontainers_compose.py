"""The compose module of testcontainers: python testcontainers_compose.py FOLDER PROJECT"""

import os
import sys

from testcontainers.compose import DockerCompose

folder, os.environ["COMPOSE_PROJECT_NAME"] = sys.argv[1:]
with DockerCompose(folder, wait=True, build=True) as compose:
    assert compose.get_service_port("web", 80) > 0
    assert compose.exec_in_container(["cat", "/w/index.html"], "web") == ("hello\n", "", 0)
    assert compose.get_logs()[0] == "web-1  | ready\n"
    [web] = compose.get_containers()
    assert (web.State, web.Health) == ("running", "healthy"), web
with DockerCompose(folder, services=["web"], keep_volumes=True):
    pass
