"""What the pages say in German, by the same keys as in English."""

from __future__ import annotations

WORDS = {
    "title": "Sichere Verbindung zu {host}",
    "heading": "Eine sichere Verbindung zu diesem Gerät",
    "lead": "Importieren Sie eine Datei, einmal auf jedem Computer oder Telefon. Von da an öffnet sich jedes Gerät von "
    "{vendor} ohne Warnung, und Sie können sicher sein, dass Sie mit dem richtigen sprechen.",
    "lead-issuer": "Importieren Sie eine Datei, einmal auf jedem Computer oder Telefon. Von da an öffnet sich dieses "
    "Gerät ohne Warnung, ebenso alles andere, wofür sein Besitzer bürgt; und Sie können sicher sein, dass Sie mit dem "
    "richtigen Gerät sprechen.",
    "lead-own": "Dieses Gerät zeigt ein Zertifikat, das sein Besitzer gewählt hat. Ob Ihr Browser ihm vertraut, "
    "entscheidet Ihre Organisation: Fragen Sie deren Administratoren nach der Datei zum Importieren.",
    "other-language": "In English",
    "state": "Vertraut dieser Browser dem Gerät?",
    "state-wait": "Es wird geprüft, ob dieser Browser dem Gerät vertraut …",
    "state-trusted": "Dieser Browser vertraut dem Gerät.",
    "state-trusted-more": "Hier ist nichts mehr zu tun. Benutzen Sie von nun an die sichere Adresse.",
    "state-open": "{url} öffnen",
    "state-untrusted": "Dieser Browser vertraut dem Gerät noch nicht.",
    "state-untrusted-more": "Importieren Sie die Datei wie unten beschrieben. Wenn Sie auf diese Seite zurückkommen, "
    "prüft sie noch einmal. Bis dahin beginnt eine sichere Seite des Geräts mit einer Warnung: Kehren Sie dort um, "
    "und geben Sie kein Passwort ein.",
    "state-unknown": "Diese Seite konnte es nicht herausfinden.",
    "state-unknown-more": "Port {port} des Geräts ist von diesem Browser aus nicht oder nur teilweise erreichbar: "
    "Vielleicht ist eine Firewall oder ein Proxy dazwischen. Der Import wirkt trotzdem. Prüfen Sie danach von Hand: "
    "{check}",
    "state-again": "Noch einmal prüfen",
    "state-script": "Um es selbst herauszufinden, braucht diese Seite JavaScript. Prüfen Sie von Hand: {check}",
    "state-uncovered": "Sie haben diese Seite als {host} geöffnet.",
    "state-uncovered-more": "Dafür gilt das Zertifikat des Geräts nicht. Öffnen Sie die Seite so: {links}",
    "state-unprobed": "Dieses Gerät bietet keine Prüfung an.",
    "state-unprobed-more": "Prüfen Sie nach dem Import von Hand: {check}",
    "check-by-hand": "Öffnen Sie {link}. Erscheint eine Warnung, gehen Sie zurück: Die Datei ist noch nicht "
    "importiert.",
    "import": "Importieren: {platform}",
    "import-for": "Für {covers}.",
    "platforms": "Ein anderes System oder ein anderer Browser?",
    "file": "Zertifikat herunterladen",
    "file-more": "{file}, {size}. Die Datei ist öffentlich und enthält kein Geheimnis.",
    "file-warned": "Der Browser fragt vielleicht, ob er eine Datei behalten soll, die unverschlüsselt kam. Er fragt zu "
    "Recht: Dass es die richtige Datei ist, sagt Ihnen allein ihr Fingerabdruck.",
    "fingerprint": "Fingerabdruck (SHA-256)",
    "fingerprint-more": "Vergleichen Sie ihn mit dem Etikett am Gerät oder mit dessen Unterlagen. Nicht nur mit dieser "
    "Seite: Wer die Datei austauschen kann, kann auch die Seite austauschen.",
    "fingerprint-more-issuer": "Dieses Zertifikat ist nicht vom Hersteller, sondern vom Besitzer des Geräts; auf dem "
    "Etikett steht deshalb ein anderer Fingerabdruck. Fragen Sie den Besitzer oder die Administratoren nach diesem, wo "
    "in den Schritten vom Etikett die Rede ist.",
    "fingerprint-line": "In einer Zeile:",
    "notes": "Gut zu wissen",
    "warnings": "Was nicht geht",
    "apple-clock": "Das Gerät kennt das Datum nicht, und sein Zertifikat gilt länger, als Apple es annimmt. Safari, "
    "iPhones und iPads weisen es ab, bis das Gerät einen Zeitserver bekommt und neu gestartet wird.",
    "check": "Prüfen",
    "check-page": "Laden Sie diese Seite neu: Der Kasten ganz oben sagt, ob dieser Browser dem Gerät vertraut.",
    "remove": "Wieder entfernen",
    "remove-more": "Wenn Sie kein Gerät von {vendor} mehr haben oder der Hersteller Sie darum bittet.",
    "remove-more-issuer": "Wenn Sie dieses Gerät nicht mehr benutzen oder sein Besitzer Sie darum bittet.",
    "device": "Worauf dieses Gerät antwortet",
    "device-more": "Das Zertifikat gilt für diese Namen und Adressen und für keine anderen.",
    "names": "Namen",
    "addresses": "Adressen",
    "nothing": "keine",
    "until": "Zertifikat gültig bis",
    "clock": "Uhr des Geräts",
    "clock-synchronised": "von einem Zeitserver gestellt",
    "clock-kept": "von der Batterie des Geräts gehalten",
    "clock-unknown": "nicht gestellt: Niemand hat dem Gerät das Datum gesagt",
    "clock-hint": "von einem Browser übernommen",
    "root": "Zertifikat zum Importieren",
    "root-until": "{name}, gültig bis {until}",
    "left-out": "Weggelassen",
    "left-out-more": "Auch darauf sollte das Gerät antworten, aber ein Zertifikat kann oder darf es nicht nennen.",
    "left-out-what": "Name oder Adresse",
    "left-out-why": "Warum",
    "problems": "Was mit diesem Gerät nicht stimmt",
    "footer": "Diese Seiten kommen vom Gerät selbst und laden nichts von anderswo.",
    "profile": "Damit vertraut dieses iPhone, iPad oder dieser Mac den Geräten von {vendor}. Vergleichen Sie vor dem "
    "Installieren den SHA-256-Fingerabdruck mit dem Etikett am Gerät.",
    "starting": "Das Gerät ist noch nicht so weit",
    "starting-more": "Es hat noch kein Zertifikat. Wurde es gerade eingeschaltet, warten Sie eine Minute und laden Sie "
    "diese Seite neu. Bleibt es so, fragen Sie die, die es betreuen.",
}  # fmt: skip

REASONS = {
    "not-a-host-name": "das ist kein Hostname: er besteht aus Buchstaben, Ziffern und Bindestrichen dazwischen",
    "wildcard": "Zertifikate mit Platzhaltern werden nicht überall angenommen",
    "underscore": "kein Hostname hat einen Unterstrich",
    "trailing-dot": "er endet mit einem Punkt",
    "name-too-long": "für einen Hostnamen ist das zu lang",
    "idn": "Browser sind sich nicht einig, wie dieser Name geschrieben wird",
    "address-as-name": "Browser würden diesen Namen für eine Adresse halten",
    "not-an-address": "das ist keine Adresse",
    "zone": "der Teil nach % bedeutet auf einem anderen Computer nichts",
    "loopback": "damit ist der fragende Computer selbst gemeint",
    "unspecified": "kein Gerät hat diese Adresse",
    "multicast": "diese Adresse gehört vielen Geräten zugleich",
    "mapped-address": "das ist eine IPv4-Adresse im Kleid von IPv6",
    "outside-constraints": "die Zertifikate des Herstellers gelten nur für lokale Namen und private Adressen, und "
    "das ist keine",
    "too-many-names": "mehr Namen fasst ein Zertifikat nicht",
}
