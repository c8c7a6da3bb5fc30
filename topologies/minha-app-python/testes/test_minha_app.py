from minha_app import app, saudacao


def test_a_saudacao_diz_o_nome_e_a_visita():
    assert saudacao("Ana", 3) == "Olá, Ana! Esta é a visita número 3."


def test_as_visitas_sao_contadas(tmp_path):
    app.config["VISITAS"] = tmp_path / "visitas"
    cliente = app.test_client()
    cliente.get("/")
    assert "visita número 2" in cliente.get("/Ana").json["mensagem"]


def test_a_aplicacao_diz_que_esta_bem():
    assert app.test_client().get("/saude").status_code == 200
