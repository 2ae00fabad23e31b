"""What the pages say in German; English has the same keys."""

from __future__ import annotations

WORDS = {
    # around every page
    "title": "{page} · {host}",
    "other-language": "In English",
    "overview": "Übersicht",
    "sign-out": "Abmelden",
    "footer": "Diese Seiten kommen vom Gerät selbst und laden nichts von anderswo. Schlüssel verlassen das Gerät nie.",
    "nothing": "keine",
    # signing in
    "login": "Anmelden",
    "login-lead": "Diese Seiten ändern, welches Zertifikat dieses Gerät zeigt. Sie sind für diejenigen, die es "
    "betreuen.",
    "password": "Kennwort der Verwaltung",
    "login-button": "Anmelden",
    "login-wrong": "Das ist nicht das Kennwort.",
    "login-wait": "Zu viele Versuche. Versuchen Sie es in {seconds} Sekunden wieder.",
    "login-expired": "Diese Seite war zu lange offen. Versuchen Sie es noch einmal.",
    "login-unset": "Es ist noch kein Kennwort gesetzt. An der Konsole des Geräts setzt man eines so:",
    "login-elsewhere": "Sie sind an der Weboberfläche dieses Geräts nicht angemeldet.",
    "login-elsewhere-link": "Dort anmelden",
    "insecure": "Diese Seiten gibt es nur über HTTPS.",
    # overview
    "heading": "Das Zertifikat dieses Geräts",
    "lead": "Verwenden Sie ein Zertifikat Ihrer Organisation, oder bleiben Sie bei dem des Herstellers. Was Sie "
    "mitbringen, wird erst geprüft, dann auf Probe verwendet, und geht von selbst zurück, wenn es niemand nutzen kann.",
    "served-certificate": "Ihr eigenes Zertifikat ist in Gebrauch.",
    "served-issuer": "Zertifikate unter Ihrer eigenen CA sind in Gebrauch.",
    "served-vendor": "Das Zertifikat des Herstellers ist in Gebrauch.",
    "served-": "Das Gerät hat noch kein Zertifikat.",
    "served-more": "Gültig bis {until}, für {names}.",
    "on-probation": "Ein neues Zertifikat ist auf Probe.",
    "on-probation-more": "Es ist schon in Gebrauch, und geht am Ende seiner Zeit zurück, wenn niemand es bestätigt.",
    "on-probation-open": "Bestätigen oder zurück",
    "findings": "Was Aufmerksamkeit braucht",
    "order": "Was das Gerät hat, der Reihe nach",
    "order-more": "Das erste, das verwendet werden kann, zeigt das Gerät.",
    "order-what": "Zertifikat",
    "order-state": "Zustand",
    "order-until": "Gültig bis",
    "slot-candidate": "Auf Probe",
    "slot-certificate": "Ihr eigenes Zertifikat",
    "slot-issuer": "Ihre eigene CA, mit frischen Zertifikaten von ihr",
    "slot-vendor": "Das des Herstellers, mit frischen Zertifikaten von ihm",
    "slot-by": "von {issuer}",
    "state-served": "in Gebrauch",
    "state-usable": "bereit",
    "state-expired": "abgelaufen",
    "state-early": "noch nicht gültig",
    "state-unfit": "für andere Namen",
    "state-damaged": "beschädigt",
    "ways": "Eigenes mitbringen",
    "way-request": "Ihre CA fragen",
    "way-request-more": "Das Gerät macht einen Schlüssel und einen Antrag; Ihre CA unterschreibt, Sie laden die "
    "Antwort hoch.",
    "way-import": "Ein Zertifikat hochladen",
    "way-import-more": "Die Antwort Ihrer CA, oder ein Zertifikat mit seinem Schlüssel, das Sie schon haben.",
    "way-alone": "Eine Wurzel nur für dieses Gerät",
    "way-alone-more": "Für alle ohne CA: eine Datei in die Browser einspielen, für dieses eine Gerät.",
    "way-issuer": "Ihre CA anstelle des Herstellers",
    "way-issuer-more": "Ihre CA unterschreibt eine begrenzte CA des Geräts, das sich darunter bei jedem Start ein "
    "frisches Zertifikat macht.",
    "way-acme": "Von einem ACME-Server",
    "way-acme-more": "Das Gerät holt sein Zertifikat von einem Server in Ihrem Netz, und erneuert es von selbst.",
    "back": "Zurück",
    "back-more": "Zurück zu dem, was vorher in Gebrauch war, oder zum Zertifikat des Herstellers. Dabei geht nichts "
    "verloren.",
    "back-open": "Zurück …",
    "anchor": "Wurzel für Browser",
    "anchor-more": "Browser, die diese Wurzel haben, vertrauen dem Gerät.",
    "anchor-get": "Wurzel herunterladen",
    # requests
    "request": "Ihre CA fragen",
    "request-lead": "Das Gerät macht einen Schlüssel, der es nie verlässt, und einen Antrag für Ihre CA. Deren "
    "Antwort wird danach hochgeladen.",
    "names": "Namen",
    "names-hint": "Einer pro Zeile. Es müssen Namen sein, unter denen Browser dieses Gerät öffnen.",
    "addresses": "Adressen",
    "addresses-hint": "IPv4 oder IPv6, eine pro Zeile. Browser, die eine Adresse öffnen, brauchen sie im Zertifikat.",
    "request-make": "Antrag erstellen",
    "request-again": "Neuen Schlüssel und Antrag erstellen",
    "request-waiting": "Ein Antrag wartet auf seine Antwort",
    "request-waiting-more": "Er gilt für {names}. Ein Antrag für andere Namen bekommt einen neuen Schlüssel; die "
    "Antwort auf diesen ist dann nicht mehr zu gebrauchen.",
    "request-get": "Antrag herunterladen",
    "request-next": "Geben Sie ihn Ihrer CA. Laden Sie dann hoch, was zurückkommt:",
    "upload-open": "Antwort hochladen",
    "other-request": "Etwas anderes beantragen",
    # upload
    "import": "Ein Zertifikat hochladen",
    "import-lead": "Geben Sie alle Dateien, die Sie haben, in beliebiger Reihenfolge: das Zertifikat, die CAs "
    "darüber, den Schlüssel, wenn ihn nicht das Gerät gemacht hat. PEM, DER, PKCS#7 (.p7b) oder PKCS#12 (.pfx, .p12), "
    "bis 1 MB.",
    "files": "Dateien",
    "files-hint": "Mehrere können auf einmal gewählt werden. Geändert wird nichts, bevor Sie gesehen haben, was "
    "gefunden wurde.",
    "pasted": "Oder Text zum Einfügen (PEM)",
    "passphrase": "Passphrase",
    "passphrase-hint": "Nur für einen verschlüsselten Schlüssel oder eine PKCS#12-Datei. Sie wird einmal benutzt und "
    "nicht behalten.",
    "check": "Prüfen",
    # review
    "review": "Was gefunden wurde",
    "review-good": "Nichts spricht dagegen.",
    "review-warned": "Es kann verwendet werden. Lesen Sie vorher dies.",
    "review-refused": "Es kann nicht verwendet werden. Nichts wurde geändert.",
    "review-gone": "Das Hochgeladene ist nicht mehr da. Laden Sie es noch einmal hoch.",
    "review-for": "Namen",
    "review-until": "Gültig bis",
    "review-from": "Unterschrieben von",
    "review-key": "Schlüssel",
    "errors": "Was nicht stimmt",
    "warnings": "Was Sie wissen sollten",
    "notes": "Zu Ihrer Information",
    "accept": "Ich habe das gelesen, und will es trotzdem verwenden.",
    "minutes": "Zeit zum Bestätigen",
    "minutes-count": "{count} Minuten",
    "minutes-hint": "Es wird sofort verwendet. Bestätigt es in dieser Zeit niemand, geht das Gerät von selbst zurück.",
    "use": "Verwenden, auf Probe",
    "again": "Etwas anderes hochladen",
    # self-signed
    "alone": "Eine Wurzel nur für dieses Gerät",
    "alone-lead": "Das Gerät macht eine Wurzel, die für nichts bürgen kann als für es selbst: seine eigenen Namen, "
    "und das private Netz, in dem es steht. Spielen Sie sie einmal in Ihre Browser ein; was das Gerät zeigt, entsteht "
    "darunter immer frisch.",
    "alone-have": "Das Gerät hat schon eine, und macht keine weitere, wenn Sie es nicht verlangen.",
    "within": "Darf bürgen für",
    "within-hint": "DNS-Endungen und Adressbereiche, einer pro Zeile. Leer gelassen: die eigenen Namen, und der "
    "private Bereich, in dem es steht.",
    "years": "Jahre",
    "years-hint": "Wie lange die Wurzel lebt. Danach müssen die Browser eine andere bekommen.",
    "alone-force": "Eine weitere Wurzel machen, auch wenn es eine gibt. Browser müssen dann auch diese bekommen.",
    "alone-make": "Erstellen und auf Probe verwenden",
    # issuer
    "issuer": "Ihre CA anstelle des Herstellers",
    "issuer-lead": "Ihre CA unterschreibt eine CA dieses Geräts, die auf Ihre Namen und Adressen begrenzt ist. Das "
    "Gerät macht sich darunter bei jedem Start ein frisches Zertifikat, und niemand braucht mehr die Wurzel des "
    "Herstellers.",
    "issuer-ask": "1. Der Antrag",
    "issuer-ask-more": "Leer gelassen, gilt er für die Namen des Geräts und den privaten Bereich, in dem es steht.",
    "issuer-waiting": "Der Antrag gilt für {names}. Für eine CA, die aus einem Antrag nichts übernimmt, gibt es einen "
    "Abschnitt für OpenSSL.",
    "issuer-get": "Antrag herunterladen",
    "issuer-section": "Abschnitt für OpenSSL",
    "issuer-bring": "2. Die Antwort",
    "issuer-bring-more": "Das CA-Zertifikat, und die CAs darüber, in beliebiger Reihenfolge.",
    "issuer-key": "eine begrenzte CA dieses Geräts",
    # ACME
    "acme": "Von einem ACME-Server",
    "acme-lead": "Jeder Server, der ACME spricht (RFC 8555), in Ihrem Netz oder anderswo. Das Gerät holt dort ein "
    "Zertifikat und erneuert es rechtzeitig.",
    "acme-status": "Wie es steht",
    "acme-directory": "Adresse des Verzeichnisses (directory) auf dem Server",
    "acme-directory-hint": "Sie beginnt mit https://",
    "acme-roots": "Wurzel des Zertifikats, das dieser Server selbst hat (PEM)",
    "acme-roots-hint": "Dem Server wird wegen dieser Wurzel vertraut, und wegen keiner anderen.",
    "acme-system": "Stattdessen den Wurzeln vertrauen, die das Betriebssystem des Geräts hat",
    "acme-challenge": "Wie der Server sich überzeugen darf",
    "acme-as-made": "So, wie dieses Gerät dafür gemacht ist",
    "acme-http-01": "Über HTTP, an Port 80 dieses Geräts",
    "acme-tls-alpn-01": "Über TLS, an Port 443 dieses Geräts",
    "acme-contact": "E-Mail-Adresse für die CA, wenn Sie mögen",
    "acme-eab": "Externes Konto, falls die CA eines verlangt",
    "acme-kid": "Kennung des Schlüssels",
    "acme-mac": "Schlüssel",
    "acme-mac-hint": "Er bleibt im Gerät und wird nicht wieder angezeigt.",
    "acme-terms": "Ich stimme den Nutzungsbedingungen der CA zu.",
    "acme-start": "Ein Zertifikat holen, auf Probe",
    "acme-renew": "Jetzt erneuern",
    "acme-change": "Neu einrichten",
    "acme-server": "Server",
    "acme-for": "Für",
    "acme-until": "Zertifikat bis",
    "acme-next": "Nächster Versuch",
    "acme-next-in": "in {hours} Stunden; das Gerät weiß nicht, wie spät es ist",
    "acme-last": "Letzter Erfolg",
    "acme-ended": "Etwas anderes ist an seine Stelle getreten; es wird nicht mehr erneuert.",
    "acme-failed": "Der letzte Versuch ist gescheitert",
    # probation
    "probation": "Auf Probe",
    "probation-lead": "Das neue Zertifikat ist schon in Gebrauch. Wenn Sie diese Seite damit lesen, bestätigen Sie.",
    "probation-left": "Das Gerät geht von selbst zurück in {time}.",
    "probation-none": "Nichts ist auf Probe",
    "probation-none-more": "Es wurde bestätigt, oder das Gerät ging zurück. Die Übersicht sagt, was davon.",
    "look-again": "Neu nachsehen",
    "switched-root": "Die Wurzel, falls Ihr Browser sie nicht hat",
    "switched-root-more": "Laden Sie sie jetzt herunter: die nächste Seite dieses Geräts kommt mit dem neuen "
    "Zertifikat, und ein Browser ohne diese Wurzel wird davor warnen.",
    "switched-open": "Das Gerät neu öffnen, und bestätigen",
    "switched-open-more": "Unter einem davon. Wo Ihr Browser warnt, ist das Zertifikat von dort noch nicht zu "
    "gebrauchen: kehren Sie um, und spielen Sie erst die Wurzel ein.",
    "switched-nothing": "Wenn Sie nichts tun, geht das Gerät von selbst zurück.",
    "went-back-more": "{now} Die nächste Seite kommt damit.",
    "confirm": "Bestätigen und behalten",
    "confirm-proved": "Dieser Browser hat das Gerät mit dem neuen Zertifikat erreicht. Sie können es behalten.",
    "confirm-other": "Diese Verbindung entstand mit einem anderen Zertifikat, vor der Änderung. Öffnen Sie das Gerät "
    "neu unter einem seiner Namen, am besten in einem neuen Fenster, und melden Sie sich dort an:",
    "confirm-old": "Diese Verbindung gab es schon vor der Änderung, also beweist sie nichts. Schließen Sie andere "
    "Seiten des Geräts, warten Sie eine Minute und laden Sie diese Seite neu, oder öffnen Sie das Gerät neu unter "
    "einem seiner Namen:",
    "confirm-resumed": "Ihr Browser setzt eine sichere Sitzung von vorher fort, hat also auf dieser Verbindung das "
    "neue Zertifikat nicht angesehen. Schließen Sie seine Fenster und kommen Sie wieder, oder öffnen Sie das Gerät in "
    "einem privaten Fenster:",
    "confirm-untold": "Diese Seiten können nicht sehen, mit welchem Zertifikat Ihre Verbindung entstand. Öffnen Sie "
    "das Gerät unter einem seiner Namen; wenn das ohne Warnung geht, bestätigen Sie an seiner Konsole:",
    "confirm-repeated": "Ein anderes Zertifikat hat dieselbe Seriennummer, deshalb können diese Seiten nicht sehen, "
    "mit welchem der beiden Ihre Verbindung entstand. Öffnen Sie das Gerät unter einem seiner Namen; wenn das ohne "
    "Warnung geht, bestätigen Sie an seiner Konsole:",
    "confirm-warned": "Warnt Ihr Browser vor dem Zertifikat? Dann bestätigen Sie nicht. Spielen Sie erst die Wurzel "
    "ein, oder gehen Sie zurück.",
    "give-up": "Jetzt zurück",
    # back
    "revert": "Zurück",
    "revert-lead": "Wählen Sie, was das Gerät von nun an zeigt. Was beiseitegelegt wird, bleibt erhalten und kann "
    "zurückgeholt werden.",
    "revert-candidate": "Was vor der Probe in Gebrauch war",
    "revert-previous": "Das Zertifikat vor diesem",
    "revert-issuer": "Frische Zertifikate unter Ihrer CA",
    "revert-vendor": "Das Zertifikat des Herstellers",
    "revert-do": "Zurückgehen",
    "revert-nothing": "Es gibt nichts, von dem man zurückgehen könnte.",
    # while something is under way
    "busy": "Einen Moment …",
    "busy-more": "Das Gerät ist dabei: {what}. Es geht von selbst weiter, auch wenn Sie diese Seite verlassen.",
    "job-take": "das neue Zertifikat geht in Gebrauch",
    "job-acme": "das Gerät bittet den ACME-Server um ein Zertifikat; das kann eine Minute dauern",
    "job-confirm": "das Zertifikat wird behalten",
    "job-revert": "das Gerät geht zurück",
    # what is said once
    "told-confirmed": "Bestätigt. Das Zertifikat bleibt, bis es endet, oder bis Sie es ändern.",
    "told-reverted": "Das Gerät ging zurück.",
    "told-renewed": "Der ACME-Server wurde gefragt, und das Gerät ist auf dem neuesten Stand.",
    "told-refused": "Das ging nicht. Nichts wurde geändert.",
    "told-too-large": "Das war mehr als 1 MB. Ein Zertifikat mit Kette und Schlüssel hat einige tausend Zeichen: das "
    "hier ist etwas anderes.",
    "time-minutes": "{minutes} min {seconds} s",
    "time-seconds": "{seconds} s",
    # what went wrong at the door
    "forbidden": "Das kam von einer anderen Seite als unserer, oder von einer, die zu lange offen war. Nichts wurde "
    "getan.",
    "forbidden-back": "Gehen Sie zur Übersicht und versuchen Sie es noch einmal",
}  # fmt: skip
