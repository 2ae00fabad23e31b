#!/bin/sh
# Puts the root certificate "@LABEL@" into the trust store of every Java on this computer, or takes it out again.
#   SHA-256 @FINGERPRINT@
#
#   sudo sh @SLUG@-java.sh            import
#   sudo sh @SLUG@-java.sh remove     take it out again
#
# JAVA_HOME names a Java that is somewhere else, JAVA_STOREPASS another password than the usual one.
# As root it runs no Java that is not root's own: whoever owns that would decide what root does. Its owner runs this.
# Ends with 0 if all is well, 1 if a store could not be changed, 2 if there is no Java.
set -u
alias=@ENTRY@
action=${1:-install}
JAVA_STOREPASS=${JAVA_STOREPASS:-changeit}
export JAVA_STOREPASS

case $action in
install | remove) ;;
*)
    echo "usage: $0 [install | remove]" >&2
    exit 2
    ;;
esac

file=$(mktemp) || exit 2
trap 'rm -f "$file"' EXIT
cat >"$file" <<'CERTIFICATE'
@PEM@
CERTIFICATE

keytool_path=
has() { "$keytool_path" -list -keystore "$1" -storepass:env JAVA_STOREPASS -alias "$alias" >/dev/null 2>&1; }

# Whether a file, and every folder above it, is root's, and nobody else may put another one in its place.
roots() {
    path=$(readlink -f "$1") || return 1
    while [ "$(find "$path" -prune -user 0 \( ! -perm -0002 -o -perm -1000 \))" = "$path" ]; do
        if [ "$path" = / ]; then return 0; fi
        path=$(dirname "$path")
    done
    return 1
}

seen=' '
found=0
failed=0
for java in "${JAVA_HOME:-}" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/*jdk* /opt/*jre* \
    "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -z "$java" ] || [ ! -x "$java/bin/keytool" ]; then continue; fi
    java=$(readlink -f "$java") # a link on the way could lead somewhere else by the time it is run
    keytool_path=$java/bin/keytool
    store=
    for inside in lib/security/cacerts jre/lib/security/cacerts; do
        if [ -f "$java/$inside" ]; then
            store=$(readlink -f "$java/$inside")
            break
        fi
    done
    [ -n "$store" ] || continue
    # many Javas of one distribution share a store
    case $seen in *" $store "*) continue ;; esac
    seen="$seen$store "
    found=$((found + 1))
    if [ "$(id -u)" = 0 ] && ! { roots "$java/lib" && roots "$keytool_path" && roots "$store"; }; then
        echo "left alone, for it is not root's own; run this without sudo as whoever owns it: $java" >&2
        failed=1
        continue
    fi
    case $store in
    /etc/pki/ca-trust/extracted/* | /var/lib/ca-certificates/*)
        # made anew from the system's anchors whenever one changes: what keytool wrote would be lost
        echo "follows the system's anchors, install the root there: $store"
        continue
        ;;
    esac
    if [ "$action" = remove ]; then
        if has "$store"; then
            "$keytool_path" -delete -keystore "$store" -storepass:env JAVA_STOREPASS -alias "$alias" >/dev/null 2>&1
        fi
        if has "$store"; then
            echo "failed: $store" >&2
            failed=1
        else
            echo "does not have the root: $store"
        fi
    else
        if ! has "$store"; then
            "$keytool_path" -importcert -noprompt -keystore "$store" -storepass:env JAVA_STOREPASS -alias "$alias" \
                -file "$file" >/dev/null 2>&1
        fi
        if has "$store"; then
            echo "has the root: $store"
        else
            echo "failed: $store" >&2
            failed=1
        fi
    fi
done
if [ "$found" = 0 ]; then
    echo "no Java was found; JAVA_HOME names one that is somewhere else" >&2
    exit 2
fi
exit "$failed"
