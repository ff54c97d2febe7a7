package supervisor

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// contextName is what kubectl shows as the current context.
const contextName = "clusterwright-demo"

const kubeconfigTemplate = `apiVersion: v1
kind: Config
current-context: %[1]s
clusters:
- name: %[1]s
  cluster:
    server: https://127.0.0.1:%[2]d
    certificate-authority-data: %[3]s
users:
- name: %[1]s
  user:
    token: %[4]s
contexts:
- name: %[1]s
  context:
    cluster: %[1]s
    user: %[1]s
`

// writeKubeconfig writes the administrator's way in, for its owner only.
func (s *state) writeKubeconfig(port int) error {
	authority, err := readAuthority(s.path(certificateFile))
	if err != nil {
		return fmt.Errorf("the API server's certificate cannot be read: %w", err)
	}
	encoded := base64.StdEncoding.EncodeToString(authority)
	text := fmt.Sprintf(kubeconfigTemplate, contextName, port, encoded, s.token)
	if err := os.WriteFile(s.path(kubeconfigFile), []byte(text), 0o600); err != nil {
		return fmt.Errorf("the kubeconfig cannot be written: %w", err)
	}
	return nil
}

// readAuthority returns, as PEM, the certificate of the authority that signed
// the API server's own. The API server makes both, and puts both in one file.
func readAuthority(path string) ([]byte, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("it has no certificate of an authority")
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && certificate.IsCA {
			return pem.EncodeToMemory(block), nil
		}
	}
}
