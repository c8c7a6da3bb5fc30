import os

import requests
from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

USUARIOS_URL = os.environ["USUARIOS_URL"]


def buscar(caminho):
    resposta = requests.get(USUARIOS_URL + caminho, timeout=2)
    resposta.raise_for_status()
    return resposta.json()


def perfil(usuario):
    return {"id": usuario["id"], "perfil": f"{usuario['nome']}: na casa desde {usuario['ativo_desde']}"}


@app.get("/perfis")
def listar():
    return {"perfis": [perfil(usuario) for usuario in buscar("/usuarios")["usuarios"]]}


@app.get("/perfis/<int:usuario_id>")
def mostrar(usuario_id):
    return perfil(buscar(f"/usuarios/{usuario_id}"))


@app.errorhandler(requests.HTTPError)
def repassar(erro):
    resposta = erro.response
    return resposta.content, resposta.status_code, {"Content-Type": resposta.headers["Content-Type"]}


@app.errorhandler(requests.RequestException)
def indisponivel(_erro):
    return {"erro": "o serviço de usuários não respondeu"}, 503


@app.get("/saude")
def saude():
    return {"estado": "ok"}
