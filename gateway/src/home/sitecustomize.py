"""Leads connections to the API's own host, and to those of the services that the gateway has, to
the gateway: in this process, and in every Python that it starts. Imported by the interpreter at
its start, by `PYTHONPATH`.

A name resolves to an address of no other meaning, and a connection to that goes to the gateway.
The `Host` that a client sends, or signs, and the name that it wants to see in the certificate stay.

Besides, bytecode of a file that was just saved is not kept.
"""

import os
import socket
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Seconds: bytecode knows its file by size and whole seconds.
JUST_SAVED = 2
# Never connected to; one for each place that a name leads to.
STAND_INS = {False: "127.71.84.%d", True: "fd67:6174:6573:7065::%x"}


def lead_home():
    # By host name, where it leads; the API's own name is the first.
    names, homes, stand_ins = [], {}, {}
    with open(os.path.join(FOLDER, "home.txt")) as file:
        for line in file.read().splitlines():
            name, host, port = line.split(" ")
            names.append(name)
            homes[name] = (host, int(port))
    for number, home in enumerate(sorted(set(homes.values())), 1):
        stand_ins[STAND_INS[":" in home[0]] % number] = home
    by_home = {home: stand_in for stand_in, home in stand_ins.items()}

    def home_of(host, port):
        if isinstance(host, bytes):
            host = host.decode("latin-1")
        if not isinstance(host, str):
            return None
        name = host.lower()
        name = name[:-1] if name.endswith(".") else name
        # `*.` of a custom domain stands for one label.
        home = homes.get(name) or homes.get("*." + name.partition(".")[2])
        if home is None:
            if name.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
                warn(name, names[0])
            return None
        return home if port in (None, 443, "443", "https", home[1], str(home[1])) else None

    resolve = socket.getaddrinfo

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        home = home_of(host, port)
        if home is not None:
            host = by_home[home]
        return resolve(host, port, family, type, proto, flags)

    def leading(connect):
        def lead(self, address):
            if isinstance(address, tuple) and len(address) >= 2:
                home = stand_ins.get(address[0]) or home_of(*address[:2])
                if home is not None:
                    address = home + address[2:]
            return connect(self, address)

        return lead

    socket.getaddrinfo = getaddrinfo
    socket.socket.connect = leading(socket.socket.connect)
    socket.socket.connect_ex = leading(socket.socket.connect_ex)


def warn(name, api):
    """Says once, for all processes, that AWS is called."""
    try:
        said = os.open(os.path.join(FOLDER, "said-" + name), os.O_CREAT | os.O_EXCL)
    except OSError:
        return
    os.close(said)
    what, help = "is not served here", ""
    if ".execute-api." in name:
        what = "is not the API of this stack (`%s`)" % api
        help = ". If this stack is meant, start the gateway with `--allow-host %s`" % name
    text = "gatespec: `%s` is called, which %s: the call leaves for the internet%s\n"
    os.write(2, (text % (name, what, help)).encode())


def keep_no_fresh_bytecode():
    """Lets no bytecode be written for a file that may be saved again in the same second: the next
    process would run it in place of the file."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import source_from_cache

    write = SourceFileLoader.set_data

    def set_data(self, path, data, **more):
        try:
            saved = os.stat(source_from_cache(path)).st_mtime
        except (OSError, ValueError, NotImplementedError):
            saved = 0
        if time.time() - saved > JUST_SAVED:
            write(self, path, data, **more)

    SourceFileLoader.set_data = set_data


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
keep_no_fresh_bytecode()
import_next()
