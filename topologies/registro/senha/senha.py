import sys
from getpass import getpass

import bcrypt

if len(sys.argv) != 2:
    sys.exit("diga o nome do usuário")

# From a pipe, so that no password is in the shell's history; typed unseen in a terminal.
senha = getpass("Senha: ") if sys.stdin.isatty() else sys.stdin.read().strip()
# The registry checks the password at every request: a higher cost makes pushing slow.
print(f"{sys.argv[1]}:{bcrypt.hashpw(senha.encode(), bcrypt.gensalt(rounds=8)).decode()}")
