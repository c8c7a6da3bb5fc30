"""pytest-docker: pytest test_web.py; COMPOSE_DIRECTORY and COMPOSE_PROJECT say what is brought up."""

import os
import urllib.request

import pytest


@pytest.fixture(scope="session")
def docker_compose_file():
    return f"{os.environ['COMPOSE_DIRECTORY']}/compose.yaml"


@pytest.fixture(scope="session")
def docker_compose_project_name():
    return os.environ["COMPOSE_PROJECT"]


def test_the_service_answers(docker_ip, docker_services):
    address = f"http://{docker_ip}:{docker_services.port_for('web', 80)}/"
    docker_services.wait_until_responsive(timeout=60, pause=0.1, check=lambda: answers(address))


def answers(address):
    try:
        return urllib.request.urlopen(address).read() == b"hello\n"
    except OSError:
        return False
