"""python-on-whales: python whales.py FOLDER PROJECT"""

import sys

from python_on_whales import DockerClient

folder, project = sys.argv[1:]
client = DockerClient(compose_files=[f"{folder}/compose.yaml"], compose_project_name=project)
compose = client.compose
assert compose.is_installed()
assert list(compose.config().services) == ["web"]
compose.build()
compose.create()
compose.up(detach=True, wait=True, quiet=True, remove_orphans=True, pull="missing")
assert [container.name for container in compose.ps()] == [f"{project}-web-1"]
assert project in [known.name for known in compose.ls()]
assert compose.port("web", 80)[1] > 0
assert compose.execute("web", ["cat", "/w/index.html"], tty=False) == "hello"
assert compose.run("web", ["echo", "once"], remove=True, tty=False) == "once"
assert list(compose.logs(stream=True, tail="1")) == [("stdout", b"web-1  | ready\n")]
compose.pause()
compose.unpause()
compose.restart(timeout=0)
compose.stop(timeout=0)
compose.start()
compose.kill()
compose.rm(stop=True, volumes=True)
compose.down(volumes=True, remove_orphans=True, timeout=0)
