package supervisor

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeAssets makes a folder of shell scripts in the place of the components.
func fakeAssets(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run returns what Run returned, and fails the test if it takes too long.
func run(t *testing.T, options Options) error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- Run(context.Background(), options) }()
	select {
	case err := <-result:
		return err
	case <-time.After(time.Minute):
		t.Fatal("Run did not return")
		return nil
	}
}

func TestAComponentThatDiesIsReportedWithItsLog(t *testing.T) {
	assets := fakeAssets(t, map[string]string{
		"etcd":           "i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line-$i; done; exit 7",
		"kube-apiserver": "exec sleep 600",
	})
	t.Setenv("TMPDIR", t.TempDir())
	silence, keepOpen := io.Pipe()
	defer keepOpen.Close()
	var stdout bytes.Buffer

	err := run(t, Options{Assets: assets, Stdin: silence, Stdout: &stdout})

	if err == nil {
		t.Fatal("a dead etcd is no error")
	}
	message := err.Error()
	for _, expected := range []string{"etcd ended unexpectedly", "exit status 7", "line-11\n", "line-30"} {
		if !strings.Contains(message, expected) {
			t.Errorf("%q is not in the error:\n%s", expected, message)
		}
	}
	if strings.Contains(message, "line-10\n") {
		t.Errorf("more than 20 lines of the log are in the error:\n%s", message)
	}
	if stdout.Len() > 0 {
		t.Errorf("announced as ready: %s", stdout.String())
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("the temporary directory is left behind: %v", left)
	}
}

func TestTheEndOfStdinStopsTheChildren(t *testing.T) {
	dir := t.TempDir()
	assets := fakeAssets(t, map[string]string{
		"etcd":           "echo $$ > etcd.pid; exec sleep 600",
		"kube-apiserver": "echo $$ > kube-apiserver.pid; exec sleep 600",
	})
	stdin, parent := io.Pipe()
	go func() {
		waitForFile(filepath.Join(dir, "etcd.pid"))
		waitForFile(filepath.Join(dir, "kube-apiserver.pid"))
		_ = parent.Close()
	}()

	err := run(t, Options{Dir: dir, Assets: assets, Stdin: stdin, Stdout: io.Discard})

	if err == nil || !strings.Contains(err.Error(), "stopped before the control plane was ready: standard input ended") {
		t.Errorf("unexpected result: %v", err)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if pid := readPID(t, filepath.Join(dir, name+".pid")); syscall.Kill(pid, 0) == nil {
			t.Errorf("%s is still running as %d", name, pid)
		}
	}
}

func TestAnAssetsFolderWithoutTheComponentsIsRefused(t *testing.T) {
	stdin, keepOpen := io.Pipe()
	defer keepOpen.Close()

	err := run(t, Options{Dir: t.TempDir(), Assets: t.TempDir(), Stdin: stdin, Stdout: io.Discard})

	if err == nil || !strings.Contains(err.Error(), "KUBEBUILDER_ASSETS names a folder without a program etcd") {
		t.Errorf("unexpected result: %v", err)
	}
}

// waitForFile returns when there is something in the file, or after a minute.
func waitForFile(path string) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func readPID(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
