package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"clusterwright.dev/tests/controlplane/supervisor"
)

// up runs a control plane of child processes until standard input ends or a
// signal arrives.
func up(arguments []string) int {
	flags := flag.NewFlagSet("controlplane up", flag.ContinueOnError)
	dir := flags.String("dir", "", "state directory, kept at exit (default: a temporary one, removed at exit)")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "controlplane up takes no argument %q.\n", flags.Arg(0))
		return 2
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(os.Stderr, "controlplane up cannot find its own executable: %v\n", err)
		return 1
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err = supervisor.Run(ctx, supervisor.Options{
		Dir:    *dir,
		Self:   self,
		Assets: os.Getenv("KUBEBUILDER_ASSETS"),
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "controlplane up: %v\n", err)
		return 1
	}
	return 0
}
