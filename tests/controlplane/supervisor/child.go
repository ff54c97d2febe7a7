package supervisor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopWithin is how long a component may take to end by itself.
const stopWithin = 10 * time.Second

// child is a component's process. It is in a process group of its own, so that
// Ctrl-C in a terminal reaches the supervisor only, which stops the components
// in order; and the kernel kills it if the supervisor is killed.
type child struct {
	process *os.Process
	exited  chan struct{}
}

// errDied is what is wrong with a component that ended unasked.
var errDied = errors.New("ended unexpectedly")

// startChild starts command with its output going to the file log. Whenever and
// however the process ends, died is told.
func startChild(component string, command *exec.Cmd, log string, died func(error)) (*child, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the log of %s cannot be written: %w", component, err)
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", component, err)
	}

	c := &child{process: command.Process, exited: make(chan struct{})}
	go func() {
		_ = command.Wait() // what it says is in ProcessState
		// The log is read now: it may be removed before anybody reads the error.
		died(fmt.Errorf("%s %w (%v). %s", component, errDied, command.ProcessState, describeLog(log)))
		close(c.exited)
	}()
	return c, nil
}

// stop asks the process to end, kills it after the given time, and returns when
// it has gone.
func (c *child) stop(within time.Duration) {
	_ = c.process.Signal(syscall.SIGTERM) // fails only if it has ended
	select {
	case <-c.exited:
	case <-time.After(within):
		_ = c.process.Kill()
		<-c.exited
	}
}

func describeLog(path string) string {
	return fmt.Sprintf("The last lines of %s:\n%s", filepath.Base(path), lastLines(path, 20))
}

// lastLines returns at most count lines from the end of a file, as far as they
// are in its last 64 KiB, or why it cannot be read.
func lastLines(path string, count int) string {
	const most = 64 << 10
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if _, err := file.Seek(-most, io.SeekEnd); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err.Error() // EINVAL: the file is shorter than that
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
