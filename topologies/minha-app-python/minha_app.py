import os
from pathlib import Path

from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False
app.config["VISITAS"] = Path(os.environ.get("DADOS", "/dados")) / "visitas"


def saudacao(nome, visita):
    return f"Olá, {nome}! Esta é a visita número {visita}."


@app.get("/")
@app.get("/<nome>")
def visitar(nome="mundo"):
    arquivo = app.config["VISITAS"]
    visita = int(arquivo.read_text()) + 1 if arquivo.exists() else 1
    arquivo.write_text(str(visita))
    app.logger.warning("visita %s, de %s", visita, nome)
    return {"mensagem": saudacao(nome, visita)}


@app.get("/saude")
def saude():
    return {"estado": "ok"}
