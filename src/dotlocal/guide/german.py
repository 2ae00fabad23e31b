"""The instructions in German, by the same keys as in English. The words in ** ** are those that the systems show."""

from __future__ import annotations

from dotlocal.guide.told import Told

_OPENS = (
    "Öffnen Sie `https://{host}`. Die Seite kommt ohne Warnung, und in der Adresszeile steht nicht mehr **Nicht "
    "sicher**."
)

TOLD = {
    "windows": Told(
        name="Windows",
        covers="Chrome, Edge, Firefox und fast alle anderen Programme auf diesem Computer",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben herunter. Die Datei liegt dann im Ordner **Downloads**.",
        given="Speichern Sie `{file}` auf diesem Computer.",
        install=(
            "Vergleichen Sie den Fingerabdruck: Öffnen Sie den Ordner mit der Datei, tippen Sie `powershell` in dessen "
            "Adresszeile und drücken Sie die Eingabetaste, dann `Get-FileHash {file}`. Die lange Zahl ist der "
            "Fingerabdruck der Datei. Weicht sie in einem Zeichen vom Etikett des Geräts ab: nicht weitermachen, Datei "
            "löschen.",
            "Öffnen Sie die Datei mit einem Doppelklick und wählen Sie **Zertifikat installieren**.",
            "Wählen Sie **Aktueller Benutzer** (oder **Lokaler Computer**, für alle, die ihn benutzen), dann "
            "**Weiter**.",
            "Wählen Sie **Alle Zertifikate in folgendem Speicher speichern**, dann **Durchsuchen** und dort "
            "**Vertrauenswürdige Stammzertifizierungsstellen**. Von selbst legt Windows die Datei dorthin, wo sie "
            "nichts bewirkt.",
            "**Weiter**, **Fertig stellen**. Windows fragt, ob Sie „{root}“ installieren möchten: **Ja**.",
            "Schließen Sie alle Fenster des Browsers und öffnen Sie ihn wieder.",
        ),
        check=(_OPENS,),
        remove=(
            "Drücken Sie die Windows-Taste und R, tippen Sie `certmgr.msc` (nach **Lokaler Computer**: `certlm.msc`) "
            "und drücken Sie die Eingabetaste.",
            "Öffnen Sie **Vertrauenswürdige Stammzertifizierungsstellen**, dann **Zertifikate**.",
            "Wählen Sie „{root}“ aus, drücken Sie **Entf** und bestätigen Sie.",
        ),
        notes=(
            "Windows selbst zeigt eine kürzere Zahl, den **Fingerabdruck** nach SHA-1. Das ist eine andere Zahl; mit "
            "dem Etikett lässt sie sich nicht vergleichen.",
            "Wird der Computer von Ihrer Firma betreut, fragen Sie deren Administratoren: Sie können das für alle "
            "Computer auf einmal tun.",
        ),
    ),
    "macos": Told(
        name="Mac",
        covers="Safari, Chrome, Firefox und fast alle anderen Programme auf diesem Mac",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben. Die Datei liegt dann im Ordner **Downloads**.",
        given="Sichern Sie `{file}` auf diesem Mac.",
        install=(
            "Öffnen Sie die Datei mit einem Doppelklick. Fragt der Mac nach dem Programm, wählen Sie "
            "**Schlüsselbundverwaltung öffnen**; fragt er nach dem Schlüsselbund, **Anmeldung** und **Hinzufügen**.",
            "Wählen Sie in der **Schlüsselbundverwaltung** die **Zertifikate** und öffnen Sie „{root}“ mit einem "
            "Doppelklick.",
            "Vergleichen Sie den Fingerabdruck: Er steht ganz am Ende von **Details**, als **SHA-256**. Weicht er in "
            "einem Zeichen vom Etikett des Geräts ab: nicht weitermachen, Zertifikat löschen.",
            "Öffnen Sie **Vertrauen** und stellen Sie **Bei Verwendung dieses Zertifikats** auf **Immer vertrauen**.",
            "Schließen Sie das Fenster. Der Mac fragt nach Ihrem Passwort.",
            "Beenden Sie den Browser und öffnen Sie ihn wieder.",
        ),
        check=(_OPENS,),
        remove=(
            "Öffnen Sie die **Schlüsselbundverwaltung** (suchen Sie mit Spotlight danach) und wählen Sie "
            "**Anmeldung**, dann **Zertifikate**.",
            "Wählen Sie „{root}“ aus, dann **Löschen** im Menü **Bearbeiten**, und bestätigen Sie.",
        ),
        notes=(
            "Ist das ein iPad, das Seiten wie ein Mac zeigt? Dann sind die Schritte für iPhone und iPad die richtigen.",
            "Die Datei allein bewirkt auf einem Mac nichts: erst die Wahl **Immer vertrauen**.",
        ),
    ),
    "ios": Told(
        name="iPhone und iPad",
        covers="Safari, alle anderen Browser darauf und die meisten Apps",
        fetch="Öffnen Sie diese Seite in Safari und tippen Sie auf die Schaltfläche oben. Safari fragt nach einem "
        "Konfigurationsprofil: **Zulassen**, dann **Schließen**.",
        given="Öffnen Sie `{file}` auf dem iPhone oder iPad: in Safari, aus einer E-Mail oder aus der App Dateien. Es "
        "erscheint **Profil geladen**.",
        install=(
            "Öffnen Sie die **Einstellungen** und tippen Sie auf **Profil geladen**. (Nach einer Weile steht es unter "
            "**Allgemein**, **VPN und Geräteverwaltung**.)",
            "Vergleichen Sie den Fingerabdruck: Tippen Sie auf **Mehr Details**, dann auf das Zertifikat, und suchen "
            "Sie fast am Ende **SHA-256**. Weicht er in einem Zeichen vom Etikett des Geräts ab, gehen Sie zurück "
            "und tippen Sie auf **Entfernen**.",
            "Tippen Sie auf **Installieren**, geben Sie Ihren Code ein, tippen Sie noch einmal auf **Installieren**, "
            "dann auf **Fertig**.",
            "Das war die eine Hälfte. Jetzt **Einstellungen**, **Allgemein**, **Info**, und ganz am Ende "
            "**Zertifikatsvertrauenseinstellungen**.",
            "Schalten Sie „{root}“ ein und tippen Sie auf **Fortfahren**.",
        ),
        check=(_OPENS,),
        remove=(
            "Öffnen Sie **Einstellungen**, **Allgemein**, **VPN und Geräteverwaltung** und tippen Sie auf das Profil "
            "von „{root}“.",
            "Tippen Sie auf **Profil entfernen** und geben Sie Ihren Code ein.",
        ),
        notes=(
            "iOS nennt das Profil **Nicht signiert**. Das gilt für jedes Profil, das nicht eine Firma für ihre eigenen "
            "iPhones gemacht hat; dass es das richtige ist, sagt der Fingerabdruck.",
            "Dort gibt es keine **Zertifikatsvertrauenseinstellungen**? Dann ist das Profil noch nicht installiert.",
        ),
    ),
    "android": Told(
        name="Android",
        covers="Chrome, Edge, Samsung Internet und die meisten anderen Browser darauf",
        fetch="Tippen Sie auf die Schaltfläche oben, um `{file}` zu speichern.",
        given="Speichern Sie `{file}` auf dem Telefon oder Tablet.",
        install=(
            "Öffnen Sie die **Einstellungen** und suchen Sie nach **CA-Zertifikat**. Auf vielen Telefonen steht es "
            "unter **Sicherheit & Datenschutz**, **Weitere Sicherheits- & Datenschutzeinstellungen**, "
            "**Verschlüsselung & Anmeldedaten**, **Zertifikat installieren**; auf denen von Samsung unter "
            "**Sicherheit und Datenschutz**, **Weitere Sicherheitseinstellungen**, **Von Telefonspeicher "
            "installieren**.",
            "Tippen Sie auf **CA-Zertifikat**, lesen Sie, was Android dazu sagt, und tippen Sie auf **Trotzdem "
            "installieren**. Gibt es noch keine Displaysperre, verlangt Android eine.",
            "Wählen Sie `{file}`, meist unter **Downloads**.",
            "Vergleichen Sie den Fingerabdruck: Suchen Sie in den Einstellungen nach **Vertrauenswürdige "
            "Anmeldedaten**, öffnen Sie **Nutzer** und tippen Sie auf „{root}“. Dort steht der "
            "**SHA-256-Fingerabdruck**. Weicht er in einem Zeichen vom Etikett des Geräts ab, tippen Sie dort auf "
            "**Entfernen**.",
        ),
        check=(_OPENS,),
        remove=(
            "Suchen Sie in den Einstellungen nach **Vertrauenswürdige Anmeldedaten** und öffnen Sie **Nutzer**.",
            "Tippen Sie auf „{root}“ und am Ende auf **Entfernen** oder **Deinstallieren**.",
        ),
        notes=(
            "Keine Seite und keine App kann damit für Sie anfangen: Android nimmt solche Dateien nur in seinen "
            "Einstellungen an.",
            "Android sagt von nun an, das Netzwerk werde möglicherweise überwacht. Das sagt es bei jedem Zertifikat, "
            "das von Hand hinzugefügt wurde.",
            "Auf manchen Telefonen heißen die Menüs anders. Die Suche der Einstellungen findet sie.",
        ),
        warnings=(
            "Apps vertrauen Zertifikaten, die Sie hinzufügen, meist nicht, und Sie können das nicht ändern: Der "
            "Hersteller der App muss es erlauben. Der Browser funktioniert trotzdem.",
            "Android vor Version 12 findet Namen nicht, die auf `.local` enden. Nehmen Sie dort die Adresse des "
            "Geräts.",
        ),
    ),
    "firefox-android": Told(
        name="Firefox auf Android",
        covers="Firefox auf einem Telefon oder Tablet mit Android",
        fetch="Tippen Sie auf die Schaltfläche oben, um `{file}` zu speichern.",
        given="Speichern Sie `{file}` auf dem Telefon oder Tablet.",
        install=(
            "Fügen Sie es zuerst Android hinzu: Öffnen Sie die **Einstellungen**, suchen Sie nach **CA-Zertifikat** "
            "(meist unter **Sicherheit & Datenschutz**, **Verschlüsselung & Anmeldedaten**, **Zertifikat "
            "installieren**), tippen Sie auf **Trotzdem installieren** und wählen Sie `{file}`.",
            "Vergleichen Sie den Fingerabdruck: Suchen Sie in den Einstellungen nach **Vertrauenswürdige "
            "Anmeldedaten**, öffnen Sie **Nutzer** und tippen Sie auf „{root}“. Dort steht der "
            "**SHA-256-Fingerabdruck**. Weicht er in einem Zeichen vom Etikett des Geräts ab, tippen Sie dort auf "
            "**Entfernen**.",
            "Öffnen Sie in Firefox das Menü, **Einstellungen**, und ganz am Ende **Über Firefox**. Tippen Sie "
            "siebenmal auf das Logo.",
            "Gehen Sie zurück zu den **Einstellungen**. Dort steht neu **Secret Settings**: Öffnen Sie es und schalten "
            "Sie **Use third party CA certificates** ein.",
            "Schließen Sie Firefox ganz und öffnen Sie es wieder.",
        ),
        check=(_OPENS,),
        remove=(
            "Suchen Sie in den Einstellungen von Android nach **Vertrauenswürdige Anmeldedaten**, öffnen Sie "
            "**Nutzer**, tippen Sie auf „{root}“ und auf **Entfernen**.",
            "Schalten Sie in Firefox **Use third party CA certificates** wieder aus.",
        ),
        notes=("Chrome auf demselben Telefon braucht nur die ersten beiden Schritte.",),
        warnings=(
            "Manche Versionen von Firefox für Android beachten diese Einstellung nicht. Wenn nichts hilft, nehmen Sie "
            "dort Chrome.",
        ),
    ),
    "linux": Told(
        name="Chrome auf Linux",
        covers="Chrome, Chromium, Edge und ihre Verwandten auf Linux",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben herunter.",
        given="Speichern Sie `{file}` auf diesem Computer.",
        install=(
            "Vergleichen Sie den Fingerabdruck: Tippen Sie in einem Terminal, im Ordner mit der Datei, "
            "`openssl x509 -in {file} -noout -fingerprint -sha256`. Weicht er in einem Zeichen vom Etikett des Geräts "
            "ab: nicht weitermachen, Datei löschen.",
            "Tippen Sie `chrome://certificate-manager` in die Adresszeile. (Dasselbe steht unter **Einstellungen**, "
            "**Datenschutz und Sicherheit**, **Sicherheit**, **Zertifikate verwalten**.)",
            "Wählen Sie **Lokale Zertifikate**, dann **Von dir installiert**.",
            "Wählen Sie neben **Vertrauenswürdige Zertifikate** die Schaltfläche **Importieren**, und die Datei.",
        ),
        check=(_OPENS,),
        remove=(
            "Tippen Sie `chrome://certificate-manager` in die Adresszeile und wählen Sie **Lokale Zertifikate**, **Von "
            "dir installiert**.",
            "Wählen Sie den Papierkorb neben „{root}“, dann **Löschen**.",
        ),
        notes=(
            "Firefox auf Linux hat einen eigenen Ort für Zertifikate, ebenso die Programme des Terminals: Sie haben "
            "eigene Anleitungen.",
            "Vor Version 134 steht es unter `chrome://settings/certificates`, **Zertifizierungsstellen**, "
            "**Importieren**, mit einem Haken bei **Diesem Zertifikat zur Identifizierung von Websites vertrauen**.",
        ),
    ),
    "firefox": Told(
        name="Firefox auf Linux",
        covers="Firefox auf Linux und überall, wo es dem System nicht folgt",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben herunter.",
        given="Speichern Sie `{file}` auf diesem Computer.",
        install=(
            "Öffnen Sie in Firefox **Einstellungen**, **Datenschutz & Sicherheit**, **Zertifikate verwalten** "
            "(**Zertifikate anzeigen** in älteren Versionen) und dort **Zertifizierungsstellen**.",
            "Wählen Sie **Importieren**, dann die Datei. Firefox fragt, ob es einer neuen Zertifizierungsstelle "
            "vertrauen soll.",
            "Vergleichen Sie den Fingerabdruck: Wählen Sie in dieser Frage **Ansicht**. Er steht in der Zeile "
            "**SHA-256** unter **Fingerabdrücke**. Weicht er in einem Zeichen vom Etikett des Geräts ab, gehen Sie "
            "zurück und wählen Sie **Abbrechen**.",
            "Gehen Sie zurück zur Frage und setzen Sie den Haken bei **Dieser CA vertrauen, um Websites zu "
            "identifizieren**. Den anderen lassen Sie weg. Dann **OK**.",
        ),
        check=(_OPENS,),
        remove=(
            "Öffnen Sie in Firefox **Einstellungen**, **Datenschutz & Sicherheit**, **Zertifikate verwalten** "
            "(**Zertifikate anzeigen** in älteren Versionen), **Zertifizierungsstellen**.",
            "Wählen Sie „{root}“ aus, dann **Löschen oder Vertrauen entziehen**, dann **OK**.",
        ),
        notes=(
            "Auf Windows und Mac folgt Firefox ab Version 120 dem System und braucht nichts Eigenes.",
            "Chrome auf demselben Computer hat einen eigenen Ort und eine eigene Anleitung.",
        ),
    ),
    "chromeos": Told(
        name="Chromebook",
        covers="Chrome auf ChromeOS",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben herunter. Die Datei liegt dann unter **Dateien**, "
        "**Downloads**.",
        given="Speichern Sie `{file}` auf diesem Chromebook.",
        install=(
            "Tippen Sie `chrome://certificate-manager` in die Adresszeile und wählen Sie **Lokale Zertifikate**, **Von "
            "dir installiert**.",
            "Wählen Sie neben **Vertrauenswürdige Zertifikate** die Schaltfläche **Importieren**, und die Datei.",
            "Vergleichen Sie den Fingerabdruck: Die Liste zeigt ihn neben „{root}“. Weicht er in einem Zeichen vom "
            "Etikett des Geräts ab, löschen Sie das Zertifikat mit dem Papierkorb daneben.",
        ),
        check=(_OPENS,),
        remove=(
            "Tippen Sie `chrome://certificate-manager` in die Adresszeile und wählen Sie **Lokale Zertifikate**, **Von "
            "dir installiert**.",
            "Wählen Sie den Papierkorb neben „{root}“, dann **Löschen**.",
        ),
        notes=(
            "Vor Version 134 steht es unter `chrome://settings/certificates`, **Zertifizierungsstellen**, "
            "**Importieren**, mit einem Haken bei **Diesem Zertifikat zur Identifizierung von Websites vertrauen**.",
            "Auf einem Chromebook, das eine Schule oder Firma betreut, können das nur deren Administratoren.",
        ),
        warnings=("Linux-Programme und Android-Apps auf einem Chromebook folgen dem nicht.",),
    ),
    "terminal": Told(
        name="Programme auf Linux",
        covers="curl, wget, Git, Python und andere, die die Zertifikate des Systems benutzen",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben herunter.",
        given="Speichern Sie `{file}` auf diesem Computer.",
        install=(
            "Vergleichen Sie den Fingerabdruck mit dem Etikett des Geräts: "
            "`openssl x509 -in {file} -noout -fingerprint -sha256`",
            "Debian, Ubuntu: `sudo cp {file} /usr/local/share/ca-certificates/{alias}.crt && sudo "
            "update-ca-certificates`",
            "Fedora, RHEL: `sudo cp {file} /etc/pki/ca-trust/source/anchors/{alias}.pem && sudo update-ca-trust`",
            "Arch: `sudo trust anchor {file}`",
            "SUSE: `sudo cp {file} /usr/share/pki/trust/anchors/{alias}.pem && sudo update-ca-certificates`",
        ),
        check=("`curl https://{host}` endet ohne Fehler.",),
        remove=(
            "Debian, Ubuntu: `sudo rm /usr/local/share/ca-certificates/{alias}.crt && sudo update-ca-certificates "
            "--fresh`",
            "Fedora, RHEL: `sudo rm /etc/pki/ca-trust/source/anchors/{alias}.pem && sudo update-ca-trust`",
            "Arch: `sudo trust anchor --remove {file}`",
            "SUSE: `sudo rm /usr/share/pki/trust/anchors/{alias}.pem && sudo update-ca-certificates`",
        ),
        notes=(
            "Nur eine der Zeilen ist nötig, die Ihrer Distribution.",
            "Die Browser auf Debian und Ubuntu sehen dort nicht nach: Sie haben eigene Anleitungen.",
        ),
    ),
    "java": Told(
        name="Java",
        covers="Programme, die mit einer bestimmten Java-Installation laufen",
        fetch="Laden Sie `{file}` mit der Schaltfläche oben herunter.",
        given="Speichern Sie `{file}` auf diesem Computer.",
        install=(
            "Importieren: `keytool -importcert -cacerts -alias {alias} -file {file}`. Wenn niemand es geändert hat, "
            "ist das Passwort `changeit`.",
            "Vergleichen Sie den Fingerabdruck: `keytool` zeigt ihn, als **SHA256**, bevor es fragt, ob es dem "
            "Zertifikat vertrauen soll. Weicht er in einem Zeichen vom Etikett des Geräts ab, antworten Sie `nein`.",
            "Starten Sie das Programm neu.",
        ),
        check=("`keytool -list -cacerts -alias {alias}` zeigt es.",),
        remove=("`keytool -delete -cacerts -alias {alias}`",),
        notes=(
            "Jede Java-Installation hat ihre eigene Liste, und viele Programme bringen ein Java mit: Nehmen Sie das "
            "`keytool` der richtigen.",
        ),
        warnings=(
            "Java hält ein importiertes Stammzertifikat nicht an die Grenzen, die in ihm stehen. Die in den "
            "Zertifikaten des Geräts gelten trotzdem.",
        ),
    ),
}
