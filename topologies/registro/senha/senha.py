import sys
from getpass import getpass

import bcrypt

if len(sys.argv) != 2:
    sys.exit("diga o nome do usuário")

# Por um pipe, para que nenhuma senha fique no histórico do shell; no terminal, digitada sem aparecer.
senha = getpass("Senha: ") if sys.stdin.isatty() else sys.stdin.read().strip()
# O registro confere a senha a cada pedido: com um custo maior, o envio ficaria lento.
print(f"{sys.argv[1]}:{bcrypt.hashpw(senha.encode(), bcrypt.gensalt(rounds=8)).decode()}")
