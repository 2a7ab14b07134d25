"""Leads connections to the API's own host to the gateway: in this process, and in every Python that
it starts. Imported by the interpreter at its start, by `PYTHONPATH`.

The name resolves to an address of no other meaning, and a connection to that goes to the gateway.
The `Host` that a client sends, or signs, and the name that it wants to see in the certificate stay.
"""

import os
import socket
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Never connected to.
STAND_IN = {socket.AF_INET: "127.71.84.83", socket.AF_INET6: "fd67:6174:6573:7065::1"}


def lead_home():
    with open(os.path.join(FOLDER, "home.txt")) as file:
        lines = file.read().split("\n")
    host, port = lines[0].split(" ")
    home = (host, int(port))
    own = [name for name in lines[1:] if name]
    stand_in = STAND_IN[socket.AF_INET6 if ":" in host else socket.AF_INET]
    ports = (None, 443, "443", "https", home[1], port)

    def is_own(host, port):
        if isinstance(host, bytes):
            host = host.decode("latin-1")
        if not isinstance(host, str):
            return False
        name = host.lower()
        name = name[:-1] if name.endswith(".") else name
        if name in own:
            return port in ports
        if is_api(name):
            warn(name, own[0])
        return False

    resolve = socket.getaddrinfo

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        if is_own(host, port):
            host = stand_in
        return resolve(host, port, family, type, proto, flags)

    def leading(connect):
        def lead(self, address):
            if isinstance(address, tuple) and len(address) >= 2:
                if address[0] == stand_in or is_own(*address[:2]):
                    address = home + address[2:]
            return connect(self, address)

        return lead

    socket.getaddrinfo = getaddrinfo
    socket.socket.connect = leading(socket.socket.connect)
    socket.socket.connect_ex = leading(socket.socket.connect_ex)


def is_api(name):
    ends = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
    return ".execute-api." in name and name.endswith(ends)


def warn(name, api):
    """Says once, for all processes, that another API is called."""
    try:
        said = os.open(os.path.join(FOLDER, "said-" + name), os.O_CREAT | os.O_EXCL)
    except OSError:
        return
    os.close(said)
    text = (
        "gatespec: `%s` is called, which is not the API of this stack (`%s`): the call leaves for "
        "the internet. If this stack is meant, start the gateway with `--allow-host %s`\n"
    )
    os.write(2, (text % (name, api, name)).encode())


def import_next():
    """Imports the `sitecustomize` that this one stands before."""
    own = sys.modules.pop(__name__, None)
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != FOLDER]
    try:
        __import__(__name__)
    except ImportError as error:
        if getattr(error, "name", __name__) != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, own)


lead_home()
import_next()
