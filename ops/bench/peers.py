"""Starts and stops the peers: the Node program, nginx with php-fpm, nginx with WebDAV, and pgbench as the limit."""
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent


def listens(port, process):
    """Waits until the process answers on its port; False when it ends before."""
    for _ in range(300):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


class Peer:
    """A process of ours, alone or with children; roots() are those whose CPU time counts as the server's."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, argv, port=None, **environment):
        """A connection of somebody else's may have just this port for its own end, so a second try is made."""
        log = self.folder / f"{Path(argv[0]).name}.log"
        for _ in range(3):
            with open(log, "a", encoding="utf-8") as out:
                process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **environment})
            if not port or listens(port, process):
                self.processes.append(process)
                return
            process.kill()
            process.wait()
            time.sleep(1)
        raise SystemExit(f"bench: nothing listens on port {port}; see {log}")

    def roots(self):
        return [p.pid for p in self.processes]

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []


class Node(Peer):
    def __init__(self, folder, port, plan, certificates, sockets):
        super().__init__(folder)
        self.port = port
        self.start(["node", str(BENCH / "node/server.js")], port, PORT=str(port), BENCH_PLAN=str(plan), SOCKETS=sockets, NODE_ENV="production",
                   TLS_KEY=str(certificates / "bench.key"), TLS_CERT=str(certificates / "bench.pem"))


NGINX = """daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {certificates}/bench.pem;
    ssl_certificate_key {certificates}/bench.key;
    ssl_protocols TLSv1.3;
    keepalive_requests 1000000000;
    client_max_body_size 100m;
    server {{
        listen 127.0.0.1:{port} ssl http2;
{location}
    }}
}}
"""

FPM = """[global]
daemonize = no
error_log = {folder}/fpm.log
[www]
listen = {folder}/fpm.sock
pm = static
pm.max_children = 8
pm.max_requests = 0
clear_env = yes
php_admin_value[opcache.enable] = 1
php_admin_value[opcache.validate_timestamps] = 0
"""

TO_PHP = """        location / {{
            fastcgi_pass unix:{folder}/fpm.sock;
            fastcgi_keep_conn on;
            fastcgi_param SCRIPT_FILENAME {script};
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param HTTP_HOST $host;
            fastcgi_param SOCKETS {sockets};
            fastcgi_param BENCH_PLAN {plan};
        }}"""

TO_DISK = """        location / {{
            root {folder}/files;
            dav_methods PUT;
            create_full_put_path on;
        }}"""


class Nginx(Peer):
    def _start_nginx(self, port, certificates, location):
        self.port = port
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=self.folder, certificates=certificates, port=port, location=location))
        self.start(["/usr/sbin/nginx", "-p", str(self.folder), "-e", str(self.folder / "nginx-error.log"), "-c", str(conf)], port)


class Php(Nginx):
    def __init__(self, folder, port, plan, certificates, sockets):
        super().__init__(folder)
        conf = folder / "fpm.conf"
        conf.write_text(FPM.format(folder=folder))
        self.start(["/usr/sbin/php-fpm8.2", "--nodaemonize", "--fpm-config", str(conf)])
        self._start_nginx(port, certificates, TO_PHP.format(folder=folder, script=BENCH / "php/job.php", sockets=sockets, plan=plan))


class WebDav(Nginx):
    def __init__(self, folder, port, certificates):
        super().__init__(folder)
        self.files = folder / "files"
        self.files.mkdir(exist_ok=True)
        self._start_nginx(port, certificates, TO_DISK.format(folder=folder))


def trusting_nobody():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


PROGRESS = re.compile(r"progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms")


def pgbench(scripts, variables, seconds, warm, database, snapshot):
    """Transactions in each second after the warm-up, and what snapshot() gave before and after them."""
    argv = ["pgbench", "-n", "-M", "prepared", "-c", "4", "-j", "1", "-P", "1", "-T", str(warm + seconds + 1), *database]
    for script in scripts:
        argv += ["-f", str(script)]
    for name, value in variables.items():
        argv += ["-D", f"{name}={value}"]
    environment = {**os.environ, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c jit=off"}
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    rates, pictures, said = [], [], []
    for line in process.stderr:
        said.append(line)
        found = PROGRESS.match(line)
        if found and round(float(found.group(1))) >= warm:
            pictures.append(snapshot())
            rates.append(float(found.group(2)))
    if process.wait() != 0 or len(rates) < 3:
        raise SystemExit("bench: pgbench failed:\n" + "".join(said[-10:]))
    # The last second may be told when its connections are gone.
    return rates[1:-1], pictures[0], pictures[-2]
