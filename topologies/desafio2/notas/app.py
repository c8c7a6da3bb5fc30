import os
import sqlite3

from flask import Flask, g, request

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

BANCO = os.environ["BANCO"]


def banco():
    if "banco" not in g:
        g.banco = sqlite3.connect(BANCO)
        g.banco.row_factory = sqlite3.Row
    return g.banco


@app.teardown_appcontext
def fechar_banco(_erro):
    if "banco" in g:
        g.banco.close()


with app.app_context(), banco() as conexao:
    conexao.execute("CREATE TABLE IF NOT EXISTS notas (id INTEGER PRIMARY KEY, texto TEXT NOT NULL)")


@app.get("/notas")
def listar():
    linhas = banco().execute("SELECT id, texto FROM notas ORDER BY id")
    return {"notas": [dict(linha) for linha in linhas]}


@app.post("/notas")
def criar():
    texto = (request.get_json(silent=True) or {}).get("texto")
    if not texto:
        return {"erro": 'envie um JSON como {"texto": "comprar pão"}'}, 400
    with banco() as conexao:
        criada = conexao.execute("INSERT INTO notas (texto) VALUES (?)", [texto])
    return {"id": criada.lastrowid, "texto": texto}, 201


@app.get("/saude")
def saude():
    return {"estado": "ok"}
