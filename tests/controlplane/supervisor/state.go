package supervisor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The files of a state directory, besides the components' data and logs.
const (
	lockFile        = "lock"
	accountKeyFile  = "sa.key"
	tokensFile      = "tokens.csv"
	kubeconfigFile  = "kubeconfig"
	certificateDir  = "certificates"
	certificateFile = certificateDir + "/apiserver.crt"
)

// state is a directory with everything that a control plane writes. A directory
// that has been used before is continued: same objects, same signing key, but a
// new token.
type state struct {
	dir       string
	temporary bool
	lock      *os.File
	token     string
}

// openState opens dir, or makes a temporary directory if dir is empty.
func openState(dir string) (*state, error) {
	s := &state{token: rand.Text()}
	var err error
	if dir == "" {
		s.temporary = true
		s.dir, err = os.MkdirTemp("", "controlplane-")
	} else if s.dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(s.dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("the state directory cannot be made: %w", err)
	}
	if err := s.fill(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *state) fill() error {
	if err := s.acquire(); err != nil {
		return err
	}
	if err := writeAccountKey(s.path(accountKeyFile)); err != nil {
		return fmt.Errorf("the service accounts' signing key cannot be written: %w", err)
	}
	// The API server lets no RBAC rule stand in the way of system:masters.
	tokens := s.token + `,admin,1,"system:masters"` + "\n"
	if err := os.WriteFile(s.path(tokensFile), []byte(tokens), 0o600); err != nil {
		return fmt.Errorf("the token file cannot be written: %w", err)
	}
	return nil
}

// acquire keeps a second control plane out of the directory: its etcd would
// take the first one's socket away.
func (s *state) acquire() (err error) {
	if s.lock, err = os.OpenFile(s.path(lockFile), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("the state directory cannot be locked: %w", err)
	}
	err = unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("another control plane is running in %s; stop it, or choose another --dir", s.dir)
	}
	return err
}

func (s *state) path(name string) string {
	return filepath.Join(s.dir, name)
}

func (s *state) close() {
	_ = s.lock.Close()
	if s.temporary {
		_ = os.RemoveAll(s.dir)
	}
}

// writeAccountKey makes the key that signs service account tokens, unless there
// is one, whose tokens then stay valid.
func writeAccountKey(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}
