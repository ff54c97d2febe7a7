package supervisor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAChildThatIgnoresTheRequestIsKilled(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	deaths := make(chan error, 1)
	command := exec.Command("/bin/sh", "-c", `trap "" TERM; echo deaf; while :; do sleep 1; done`)
	c, err := startChild("deaf", command, log, func(err error) { deaths <- err })
	if err != nil {
		t.Fatal(err)
	}
	waitForFile(log) // from here on the signal is ignored

	c.stop(50 * time.Millisecond)

	if err := <-deaths; !errors.Is(err, errDied) || !strings.Contains(err.Error(), "(signal: killed)") {
		t.Errorf("it was not killed: %v", err)
	}
}

func TestLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	long := strings.Repeat("x", 100) + "\n"
	for name, test := range map[string]struct{ text, expected string }{
		"empty":            {"", ""},
		"shorter":          {"a\nb\n", "a\nb"},
		"longer":           {"a\nb\nc\nd\n", "b\nc\nd"},
		"larger than read": {strings.Repeat(long, 1000) + "b\nc\nd\n", "b\nc\nd"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if lines := lastLines(path, 3); lines != test.expected {
				t.Errorf("%q", lines)
			}
		})
	}
}
