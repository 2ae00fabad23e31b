#!/bin/sh
# Takes the root certificate "@LABEL@" out of the Firefox profiles of this computer.
#   SHA-256 @FINGERPRINT@
#
#   sudo sh @SLUG@-firefox-remove.sh     the profiles of all users; without sudo, your own
#
# A policy puts a root into every profile, and none takes it out again. First take the root out of policies.json, and
# close Firefox. Needs certutil: libnss3-tools (Debian), nss-tools (Fedora), nss (Arch), mozilla-nss-tools (SUSE).
# Ends with 0 if no profile has the root any more, 1 if one still has it, 2 if there is no certutil.
set -u
if [ "$#" -gt 0 ]; then
    echo "usage: $0" >&2
    exit 2
fi
if ! command -v certutil >/dev/null; then
    echo "there is no certutil here" >&2
    exit 2
fi

root=$(mktemp) || exit 2
entry=$(mktemp) || exit 2
trap 'rm -f "$root" "$entry"' EXIT
cat >"$root" <<'CERTIFICATE'
@PEM@
CERTIFICATE

# What a profile calls the root is up to Firefox, so it is known by its contents.
named() {
    certutil -L -d "sql:$1" 2>/dev/null | sed -n '5,$s/  *[A-Za-z]*,[A-Za-z]*,[A-Za-z]* *$//p' | while IFS= read -r name; do
        if certutil -L -d "sql:$1" -n "$name" -a 2>/dev/null | tr -d '\r' >"$entry" && cmp -s "$root" "$entry"; then
            printf '%s\n' "$name"
        fi
    done
}

status=0
if [ "$(id -u)" = 0 ]; then homes=$(cut -d: -f6 /etc/passwd | sort -u); else homes=$HOME; fi
for home in $homes; do
    for profile in "$home"/.mozilla/firefox/*/ "$home"/.config/mozilla/firefox/*/ \
        "$home"/snap/firefox/common/.mozilla/firefox/*/ "$home"/snap/firefox/common/.config/mozilla/firefox/*/ \
        "$home"/.var/app/org.mozilla.firefox/.mozilla/firefox/*/ \
        "$home"/.var/app/org.mozilla.firefox/config/mozilla/firefox/*/; do
        if [ ! -f "$profile/cert9.db" ]; then continue; fi
        name=$(named "$profile")
        if [ -z "$name" ]; then continue; fi
        certutil -D -d "sql:$profile" -n "$name"
        if [ -z "$(named "$profile")" ]; then
            echo "does not have the root any more: $profile"
        else
            echo "failed: $profile" >&2
            status=1
        fi
    done
done
exit "$status"
