// Package supervisor runs etcd, kube-apiserver and kube-controller-manager as
// child processes that live no longer than it does. It imports nothing of
// Kubernetes, so that its tests need none of Kubernetes built.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// readyWithin is how long a control plane may take to become ready. It takes a
// few seconds; the rest is for machines that are busy building.
const readyWithin = 120 * time.Second

var errStdinEnded = errors.New("standard input ended")

// Options say where a control plane lives and what it is made of.
type Options struct {
	// Dir keeps the state, and is itself kept. Where it is empty a temporary
	// directory is made, and removed at the end.
	Dir string
	// Self is the executable that plays every component Assets does not have.
	Self string
	// Assets, where not empty, is a folder as KUBEBUILDER_ASSETS names it: with
	// etcd, kube-apiserver and perhaps kube-controller-manager.
	Assets string
	// Stdin asks for the end when it ends. A parent that is killed cannot ask
	// in any other way.
	Stdin io.Reader
	// Stdout receives one line, "ready" and the path of the kubeconfig.
	Stdout io.Writer
}

// Run starts a control plane, announces it, and returns when it has stopped
// again: after Stdin has ended or ctx is done, with nil if it was ready by
// then; or with an error because a component died or was not ready in time.
func Run(ctx context.Context, options Options) error {
	// The kernel takes a child's parent to be the thread that started it, and
	// kills the child when that thread ends. This one does not end before Run.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	state, err := openState(options.Dir)
	if err != nil {
		return err
	}
	defer state.close()
	port, err := reservePort()
	if err != nil {
		return err
	}
	defer port.release()

	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, options.Stdin)
		cancel(errStdinEnded)
	}()
	plane := &controlPlane{
		programs: programs{self: options.Self, assets: options.Assets},
		state:    state,
		port:     port.number,
		died:     cancel,
	}
	defer plane.stop()
	defer cancel(nil) // before stop: a child that we stop has not died unexpectedly

	if err := plane.start(ctx); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(options.Stdout, "ready %s\n", state.path(kubeconfigFile)); err != nil {
		return fmt.Errorf("nobody reads that the control plane is ready: %w", err)
	}

	<-ctx.Done()
	if cause := context.Cause(ctx); errors.Is(cause, errDied) {
		return cause
	}
	return nil
}

// controlPlane is a set of children, in the order in which they were started.
type controlPlane struct {
	programs programs
	state    *state
	port     int
	died     func(error)
	children []*child
}

// start returns when the API server is ready and the default namespace has its
// service account, which every namespace in use is expected to have.
func (p *controlPlane) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()

	if err := p.run("etcd", etcdFlags()); err != nil {
		return err
	}
	if err := p.run("kube-apiserver", apiServerFlags(p.port)); err != nil {
		return err
	}
	api := &apiClient{port: p.port, token: p.state.token, certificate: p.state.path(certificateFile)}
	if err := p.await(ctx, api, "/readyz", "kube-apiserver"); err != nil {
		return err
	}
	if err := p.state.writeKubeconfig(p.port); err != nil {
		return err
	}
	if err := p.run("kube-controller-manager", controllerManagerFlags()); err != nil {
		return err
	}
	return p.await(ctx, api, "/api/v1/namespaces/default/serviceaccounts/default", "kube-controller-manager")
}

func (p *controlPlane) run(component string, flags []string) error {
	command, err := p.programs.command(component, flags)
	if err != nil {
		return err
	}
	command.Dir = p.state.dir
	c, err := startChild(component, command, p.state.path(component+".log"), p.died)
	if err != nil {
		return err
	}
	p.children = append(p.children, c)
	return nil
}

// await waits for path to answer 200. If it never does, the log of the
// component responsible for it is part of the error.
func (p *controlPlane) await(ctx context.Context, api *apiClient, path, component string) error {
	err := api.await(ctx, path)
	cause := context.Cause(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(cause, errDied):
		return cause
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		log := p.state.path(component + ".log")
		return fmt.Errorf("the control plane was not ready within %v: %w\n%s", readyWithin, err, describeLog(log))
	default:
		return fmt.Errorf("stopped before the control plane was ready: %w", cause)
	}
}

// stop ends the children, those first that depend on the others, and returns
// when none is left.
func (p *controlPlane) stop() {
	for i := len(p.children) - 1; i >= 0; i-- {
		p.children[i].stop(stopWithin)
	}
}
