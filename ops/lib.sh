# What ops/up, ops/down and ops/test share. Sourced, never run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PORT=${PROPOPS_PORT:-8443}
HTTP_PORT=${PROPOPS_HTTP_PORT:-8080}
METRICS_PORT=${PROPOPS_METRICS_PORT:-9464}
DOMAIN=${PROPOPS_DOMAIN:-localhost}
BUILD=${PROPOPS_BUILD:-$ROOT/build}
BUILD_TYPE=${PROPOPS_BUILD_TYPE:-Release}
HOME_DIR=${PROPOPS_HOME:-$ROOT/var}
PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
die() {
    printf 'ops: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '     %s\n' "${@:2}" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The user that the server and PostgreSQL run as: never root.
if [ "$(id -u)" = 0 ]; then SERVICE_USER=propops; else SERVICE_USER=$(id -un); fi

as_service() {
    if [ "$(id -un)" = "$SERVICE_USER" ]; then "$@"; else runuser -u "$SERVICE_USER" -- "$@"; fi
}

# Installs the packages of the named lines of ops/packages that are missing.
install_packages() {
    local wanted missing=() line
    wanted=$(for line in "$@"; do sed -n "s/^$line: //p" "$ROOT/ops/packages"; done)
    for package in $wanted; do
        case $package in
        nodejs | npm) command -v "${package/nodejs/node}" >/dev/null && continue ;;
        esac
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    step "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    # PostgreSQL's package would start a cluster of its own, which nobody asked for.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        as_root mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    as_root apt-get update -qq || die "apt-get update failed" "Check the network and /etc/apt/sources.list, then run this again."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"/tmp/propops-apt.$$" 2>&1 ||
        { tail -n 20 "/tmp/propops-apt.$$" >&2; die "apt-get could not install the packages above" "Mend what it names, then run this again."; }
    rm -f "/tmp/propops-apt.$$"
    PG_BIN=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
}

make_service_user() {
    [ "$SERVICE_USER" = propops ] && ! id propops >/dev/null 2>&1 || return 0
    useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin propops
}

# A checkout that the service user cannot enter (below root's own folder, say) is copied to where it can, and run from there.
move_within_reach() {
    local script=$1 tree=/var/lib/propops/tree
    shift
    [ "$SERVICE_USER" != "$(id -un)" ] || return 0
    as_service test -r "$ROOT/ops/lib.sh" && return 0
    say "User $SERVICE_USER cannot reach $ROOT: working in a copy, $tree."
    mkdir -p "$tree"
    tar -C "$ROOT" --exclude=./var --exclude=./build --exclude=./build-sanitized -cf - . | tar -C "$tree" -xf -
    chmod 0755 /var/lib/propops "$tree"
    unset PROPOPS_HOME PROPOPS_BUILD
    exec "$tree/ops/$script" "$@"
}

# A home below a folder that the service user cannot enter is of no use to it.
choose_home() {
    mkdir -p "$HOME_DIR"
    HOME_DIR=$(cd "$HOME_DIR" && pwd)
    if [ "$SERVICE_USER" != "$(id -un)" ]; then
        if ! as_service test -x "$HOME_DIR" || ! as_service test -r "$BUILD/.."; then
            say "User $SERVICE_USER cannot reach $HOME_DIR: taking /var/lib/propops instead."
            HOME_DIR=/var/lib/propops
            mkdir -p "$HOME_DIR"
        fi
        chown "$SERVICE_USER:" "$HOME_DIR"
    fi
    chmod 0755 "$HOME_DIR"
    export PROPOPS_HOME=$HOME_DIR
    SOCKETS=$HOME_DIR/run
    # A unix socket's path ends at 107 bytes.
    if [ ${#SOCKETS} -gt 85 ]; then SOCKETS=/tmp/propops-$(id -u "$SERVICE_USER")-$(printf %s "$HOME_DIR" | cksum | cut -d' ' -f1); fi
    as_service mkdir -p "$SOCKETS" "$HOME_DIR/log" "$HOME_DIR/certificates"
    if [ -n "${PROPOPS_DATABASE_URL:-}" ]; then OWN_CLUSTER=no; else
        OWN_CLUSTER=yes
        export PROPOPS_DATABASE_URL="postgresql:///propops?host=$SOCKETS&user=$SERVICE_USER"
    fi
    export PROPOPS_PORT=$PORT PROPOPS_HTTP_PORT=$HTTP_PORT PROPOPS_METRICS_PORT=$METRICS_PORT PROPOPS_DOMAIN=$DOMAIN
    export PROPOPS_CONSOLE=${PROPOPS_CONSOLE:-$ROOT/branding/console/dist}
    export PROPOPS_MIGRATIONS=$ROOT/migrations
}

propops() { as_service "$BUILD/propops" "$@"; }

# Builds the named targets; without one, everything, the C suites too (which need cmocka).
build_server() {
    local log=$BUILD/ops-build.log
    mkdir -p "$BUILD"
    if [ ! -f "$BUILD/build.ninja" ]; then
        cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE="$BUILD_TYPE" -DPROPOPS_SANITIZE="${SANITIZE:-OFF}" >"$log" 2>&1 ||
            { tail -n 20 "$log" >&2; die "cmake failed" "The whole output is in $log."; }
    fi
    ninja -C "$BUILD" "$@" >"$log" 2>&1 || { grep -E 'error|FAILED' "$log" | head -n 20 >&2; die "the build failed" "The whole output is in $log."; }
}

# The console is built again only when its sources changed.
build_console() {
    local console=$ROOT/branding/console sum log
    [ -f "$console/package-lock.json" ] || return 0
    sum=$(cd "$console" && find . \( -name node_modules -o -name dist \) -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum | cut -c1-32)
    [ "$(cat "$console/dist/.built-from" 2>/dev/null)" = "$sum" ] && return 0
    step "Building the console"
    log=$BUILD/ops-console.log
    (cd "$console" && npm ci --no-audit --no-fund && npm run build) >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; die "the console could not be built" "The whole output is in $log."; }
    printf %s "$sum" >"$console/dist/.built-from"
}

start_cluster() {
    local data=$HOME_DIR/postgres log=$HOME_DIR/log/postgres.log
    if [ ! -f "$data/PG_VERSION" ]; then
        step "Making a private PostgreSQL cluster in $data"
        as_service "$PG_BIN/initdb" -D "$data" -U "$SERVICE_USER" -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=reject --data-checksums >"$HOME_DIR/log/initdb.log" 2>&1 ||
            { tail -n 5 "$HOME_DIR/log/initdb.log" >&2; die "initdb failed"; }
        as_service tee "$data/pg_hba.conf" >/dev/null <<CONF
local all propops_app scram-sha-256
local all all         peer
CONF
        as_service tee -a "$data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = scram-sha-256
shared_buffers = 512MB
max_connections = 100
max_locks_per_transaction = 256
random_page_cost = 1.1
jit = off
timezone = 'UTC'
CONF
    fi
    as_service "$PG_BIN/pg_ctl" -D "$data" status >/dev/null 2>&1 && return 0
    as_service "$PG_BIN/pg_ctl" -D "$data" -l "$log" -w -t 60 -o "-k '$SOCKETS'" start >/dev/null ||
        { tail -n 10 "$log" >&2; die "PostgreSQL did not start" "Its log is $log."; }
    as_service psql -h "$SOCKETS" -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'propops'" | grep -q 1 ||
        as_service createdb -h "$SOCKETS" propops
}

stop_cluster() {
    local data=$HOME_DIR/postgres
    [ -f "$data/PG_VERSION" ] || return 0
    as_service "$PG_BIN/pg_ctl" -D "$data" status >/dev/null 2>&1 || return 0
    as_service "$PG_BIN/pg_ctl" -D "$data" -m fast -w -t 60 stop >/dev/null
}

make_master_key() {
    [ -e "$HOME_DIR/master.key" ] && return 0
    as_service sh -c 'umask 377 && head -c 32 /dev/urandom >"$1.new" && mv "$1.new" "$1"' sh "$HOME_DIR/master.key"
}

# A local authority and one certificate per host: browsers refuse wildcards below localhost.
make_certificate() {
    local host=$1 ca=$HOME_DIR/ca folder=$HOME_DIR/certificates
    [ -f "$folder/$host.pem" ] && return 0
    as_service bash -s "$host" "$ca" "$folder" <<'MAKE' || die "openssl could not make the certificate of $host"
set -euo pipefail
host=$1 ca=$2 folder=$3
umask 077
if [ ! -f "$ca/ca.pem" ]; then
    mkdir -p "$ca"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=PropOps local authority' \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$ca/ca.key" -out "$ca/ca.pem" 2>/dev/null
fi
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" -keyout "$folder/$host.key.new" -out "$folder/$host.csr" 2>/dev/null
openssl x509 -req -in "$folder/$host.csr" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" -set_serial "0x$(openssl rand -hex 16)" -days 825 -out "$folder/$host.pem.new" \
    -extfile <(printf 'subjectAltName=DNS:%s\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' "$host") 2>/dev/null
rm "$folder/$host.csr"
mv "$folder/$host.key.new" "$folder/$host.key"
mv "$folder/$host.pem.new" "$folder/$host.pem"
chmod 0755 "$ca"
chmod 0644 "$ca/ca.pem"
MAKE
}

server_pid() {
    local pid
    pid=$(cat "$HOME_DIR/run/server.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && case $(readlink "/proc/$pid/exe" 2>/dev/null) in
    */propops | */propops" (deleted)") echo "$pid" ;; # a rebuild leaves the running one without a file
    *) return 1 ;;
    esac
}

heartbeat() {
    curl -sf --max-time 2 --cacert "$HOME_DIR/ca/ca.pem" --resolve "acme.$DOMAIN:$PORT:127.0.0.1" "https://acme.$DOMAIN:$PORT/api/system/heartbeat?health_check=1" >/dev/null
}

# The binary is compared, so that a new build is what runs.
start_server() {
    local pid log=$HOME_DIR/log/propops.log
    if pid=$(server_pid); then
        [ "$(stat -Lc %Y "$BUILD/propops")" -le "$(stat -c %Y "$HOME_DIR/run/server.pid")" ] && heartbeat && return 0
        stop_server
    fi
    as_service bash -c 'cd /; setsid "$0" serve >>"$1" 2>&1 </dev/null & echo $! >"$2"' "$BUILD/propops" "$log" "$HOME_DIR/run/server.pid"
    for _ in $(seq 150); do
        heartbeat && return 0
        [ -d "/proc/$(cat "$HOME_DIR/run/server.pid")" ] || { tail -n 5 "$log" >&2; die "the server stopped while starting" "Its log is $log."; }
        sleep 0.2
    done
    tail -n 5 "$log" >&2
    die "the server did not answer within 30 s" "Its log is $log; is port $PORT taken?"
}

stop_server() {
    local pid
    pid=$(server_pid) || return 0
    kill -TERM "$pid"
    for _ in $(seq 200); do
        [ -d "/proc/$pid" ] || { rm -f "$HOME_DIR/run/server.pid"; return 0; }
        sleep 0.2
    done
    die "the server (process $pid) did not stop within 40 s" "Look at $HOME_DIR/log/propops.log; kill -9 $pid as a last resort."
}

# Makes a demo org, unless it is there.
create_org() {
    org_exists "$1" && return 0
    case $1 in
    acme) propops org create acme --name "Acme Lettings" --operator ;;
    birch) propops org create birch --name "Birch & Partners" ;;
    *) propops org create "$1" --name "$1" ;;
    esac
}

# All of the list is read: who stops at the first find makes the writer fail.
org_exists() { propops org list 2>/dev/null | cut -f1 | grep -x "$1" >/dev/null; }
