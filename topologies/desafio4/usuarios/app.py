from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

USUARIOS = {
    1: {"id": 1, "nome": "Ana", "ativo_desde": 2021},
    2: {"id": 2, "nome": "João", "ativo_desde": 2023},
    3: {"id": 3, "nome": "Conceição", "ativo_desde": 2024},
}


@app.get("/usuarios")
def listar():
    return {"usuarios": list(USUARIOS.values())}


@app.get("/usuarios/<int:usuario_id>")
def mostrar(usuario_id):
    if usuario_id not in USUARIOS:
        return {"erro": f"não existe usuário com id {usuario_id}"}, 404
    return USUARIOS[usuario_id]


@app.get("/saude")
def saude():
    return {"estado": "ok"}
