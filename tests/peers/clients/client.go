// Says of one server per line of input whether its certificate is good for a host, trusting one root only.
//
// In: the root's file, the host, the port, separated by tabs. Out: accepted, refused or trouble, a tab, Go's own words.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

const patience = 10 * time.Second

func visit(root, host, port string) (string, string) {
	pem, err := os.ReadFile(root)
	if err != nil {
		return "trouble", err.Error()
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return "trouble", "no certificate in " + root
	}
	plain, err := net.DialTimeout("tcp", "127.0.0.1:"+port, patience)
	if err != nil {
		return "trouble", err.Error()
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(patience))
	// An address in ServerName is verified, and not sent (crypto/tls, Config.ServerName).
	secure := tls.Client(plain, &tls.Config{RootCAs: pool, ServerName: host})
	if err := secure.Handshake(); err != nil {
		words := err.Error()
		if strings.Contains(words, "x509: ") || strings.Contains(words, "failed to parse certificate") {
			return "refused", words
		}
		return "trouble", words
	}
	fmt.Fprint(secure, "GET / HTTP/1.0\r\n\r\n")
	status, err := bufio.NewReader(secure).ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/") {
		return "trouble", fmt.Sprintf("answered %q: %v", status, err)
	}
	return "accepted", status
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		asked := strings.Split(lines.Text(), "\t")
		verdict, says := visit(asked[0], asked[1], asked[2])
		fmt.Printf("%s\t%s\n", verdict, strings.Join(strings.Fields(says), " "))
	}
}
