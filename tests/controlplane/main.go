// Command controlplane is a Kubernetes control plane in one binary, for tests
// and the demo only. Its first argument says which part it plays: etcd,
// kube-apiserver, kube-controller-manager or kubectl, each with its own flags,
// or up, which runs the first three together.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's sign-in plugins
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics on /metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric on /metrics
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

const usage = `A Kubernetes control plane for tests, in one binary.

  controlplane up [--dir DIR]               run a control plane until standard input ends
  controlplane kubectl …                    kubectl of the same release
  controlplane etcd …                       the components, each with its own flags
  controlplane kube-apiserver …
  controlplane kube-controller-manager …
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	// The components read os.Args themselves; each finds there what it would
	// find if it were a program of its own.
	os.Args = os.Args[1:]
	os.Exit(run(os.Args[0]))
}

func run(name string) int {
	switch name {
	case "up":
		return up(os.Args[1:])
	case "etcd":
		etcdmain.Main(os.Args)
		return 0
	case "kube-apiserver":
		return cli.Run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		return cli.Run(controllermanager.NewControllerManagerCommand())
	case "kubectl":
		return runKubectl()
	case "help", "-h", "--help":
		fmt.Print(usage)
		return 0
	default:
		fmt.Fprintf(os.Stderr, "controlplane has no command %q.\n\n%s", name, usage)
		return 2
	}
}

func runKubectl() int {
	// kubectl logs while it builds its command, before any flag is parsed.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err) // prints it the way kubectl does, and exits
	}
	return 0
}
