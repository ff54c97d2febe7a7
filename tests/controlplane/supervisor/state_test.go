package supervisor

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

func TestTheKubeconfigLeadsToTheServer(t *testing.T) {
	s, err := openState(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	authority, server := newCertificate(t, true), newCertificate(t, false)
	if err := os.Mkdir(s.path(certificateDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(certificateFile), append(server, authority...), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := s.writeKubeconfig(6443); err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile(s.path(kubeconfigFile))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string `json:"server"`
				Authority []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Token string `json:"token"`
			} `json:"user"`
		} `json:"users"`
		Current string `json:"current-context"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if config.Clusters[0].Cluster.Server != "https://127.0.0.1:6443" {
		t.Errorf("server: %s", config.Clusters[0].Cluster.Server)
	}
	if !bytes.Equal(config.Clusters[0].Cluster.Authority, authority) {
		t.Errorf("authority: %s", config.Clusters[0].Cluster.Authority)
	}
	if config.Users[0].User.Token != s.token {
		t.Error("the token is another one than the server's")
	}
	if config.Current != "clusterwright-demo" {
		t.Errorf("current context: %s", config.Current)
	}
}

func TestSecretsAreForTheOwnerOnly(t *testing.T) {
	s, err := openState(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, name := range []string{accountKeyFile, tokensFile} {
		info, err := os.Stat(s.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestADirectoryIsContinuedButNotShared(t *testing.T) {
	dir := t.TempDir()
	first, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(first.path(accountKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openState(dir); err == nil || !strings.Contains(err.Error(), "another control plane is running in "+dir) {
		t.Errorf("a second control plane was let in: %v", err)
	}
	first.close()

	again, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if kept, err := os.ReadFile(again.path(accountKeyFile)); err != nil || !bytes.Equal(key, kept) {
		t.Errorf("the signing key is another one: %v", err)
	}
	if again.token == first.token {
		t.Error("the token is the same again")
	}
}

func newCertificate(t *testing.T, authority bool) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotAfter:              time.Now().Add(time.Hour),
		BasicConstraintsValid: true,
		IsCA:                  authority,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
