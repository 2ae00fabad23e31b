#!/bin/sh
# Puts the root certificate "@LABEL@" among this system's trust anchors, or takes it out again.
#   SHA-256 @FINGERPRINT@
#
#   sudo sh @SLUG@.sh            Debian, Ubuntu, Alpine, Fedora, RHEL, Arch, SUSE and their relatives
#   sudo sh @SLUG@.sh remove     takes it out again
#
# For curl, wget, Python, Git and the like. On Debian and its relatives browsers don't look there.
# Ends with 0 if all is well, 1 if something failed, 2 if the system is not known.
set -eu
action=${1:-install}

if [ -d /usr/local/share/ca-certificates ] && command -v update-ca-certificates >/dev/null; then
    place=/usr/local/share/ca-certificates
    update=debian
elif [ -d /etc/pki/ca-trust/source/anchors ] && command -v update-ca-trust >/dev/null; then
    place=/etc/pki/ca-trust/source/anchors
    update='update-ca-trust'
elif [ -d /etc/ca-certificates/trust-source/anchors ] && command -v update-ca-trust >/dev/null; then
    place=/etc/ca-certificates/trust-source/anchors
    update='update-ca-trust'
elif [ -d /etc/pki/trust/anchors ] && command -v update-ca-certificates >/dev/null; then
    place=/etc/pki/trust/anchors
    update='update-ca-certificates'
else
    echo "this system keeps its trust anchors in a place that is not known here" >&2
    exit 2
fi
anchor=$place/@ENTRY@.crt

case $action in
install)
    cat >"$anchor.new" <<'CERTIFICATE'
@PEM@
CERTIFICATE
    chmod 0644 "$anchor.new"
    mv "$anchor.new" "$anchor"
    if [ "$update" = debian ]; then update-ca-certificates; else "$update"; fi
    ;;
remove)
    rm -f "$anchor"
    if [ "$update" = debian ]; then
        update-ca-certificates --fresh
        # Java's store is told what was added and never what --fresh left out
        for hook in /etc/ca-certificates/update.d/*; do
            if [ -x "$hook" ]; then echo "-/etc/ssl/certs/@ENTRY@.pem" | "$hook"; fi
        done
    else
        "$update"
    fi
    ;;
*)
    echo "usage: $0 [install | remove]" >&2
    exit 2
    ;;
esac
