import logging
import os
import time

import requests

API_URL = os.environ["API_URL"]
INTERVALO = float(os.environ.get("INTERVALO", "2"))

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")


def perguntar():
    try:
        resposta = requests.get(API_URL, timeout=2)
        logging.info("a API respondeu %s: %s", resposta.status_code, resposta.text.strip())
    except requests.RequestException as erro:
        logging.warning("a API não respondeu (%s)", type(erro).__name__)


while True:
    perguntar()
    time.sleep(INTERVALO)
