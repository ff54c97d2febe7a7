package supervisor

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// Every component runs in the state directory, so that paths are relative:
// a socket's path may have no more than 107 characters.
const etcdSocket = "unix://etcd.sock"

func etcdFlags() []string {
	return []string{
		"--data-dir=etcd",
		"--unsafe-no-fsync", // nothing here outlives a power failure
		"--log-level=warn",
		// With the default of 1000 ms it waits a second for other members.
		"--heartbeat-interval=20",
		"--election-timeout=100",
		// A socket of our own cannot be anyone else's etcd, as a port could be.
		"--listen-client-urls=" + etcdSocket,
		// etcd refuses to advertise a socket. Nobody asks for this address.
		"--advertise-client-urls=http://127.0.0.1:0",
		"--listen-peer-urls=http://127.0.0.1:0",
	}
}

func apiServerFlags(port int) []string {
	return []string{
		"--etcd-servers=" + etcdSocket,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1", // otherwise a machine without a network has none
		fmt.Sprintf("--secure-port=%d", port),
		"--permit-port-sharing", // with the socket that reserves the port
		"--cert-dir=" + certificateDir,
		"--authorization-mode=RBAC",
		"--token-auth-file=" + tokensFile,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + accountKeyFile,
		"--service-account-signing-key-file=" + accountKeyFile,
		"--service-cluster-ip-range=10.0.0.0/24",
		"--shutdown-send-retry-after",     // ends open watches after 2 s instead of 60 s
		"--endpoint-reconciler-type=none", // there is no pod to reach the API server from
		"--profiling=false",
	}
}

// controllerManagerFlags enable the controllers without which namespaces never
// finish deleting, owner references are not collected, namespaces have no
// service account, and the roles admin, edit and view are empty.
func controllerManagerFlags() []string {
	return []string{
		"--kubeconfig=" + kubeconfigFile,
		"--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,clusterrole-aggregation-controller",
		"--leader-elect=false",
		"--secure-port=0", // serves nothing
		"--profiling=false",
		// Deleting a namespace lists every kind in it; with the default of 20
		// requests a second that alone takes seconds.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	}
}

// programs says which executable plays a component.
type programs struct {
	self   string
	assets string
}

// command prefers the program in the assets folder. etcd and kube-apiserver
// must be there if a folder is named at all: who names it wants that version.
func (p programs) command(component string, flags []string) (*exec.Cmd, error) {
	if p.assets != "" {
		path, err := exec.LookPath(filepath.Join(p.assets, component))
		if err == nil {
			return exec.Command(path, flags...), nil
		}
		if component != "kube-controller-manager" {
			return nil, fmt.Errorf("KUBEBUILDER_ASSETS names a folder without a program %s: %w", component, err)
		}
	}
	return exec.Command(p.self, append([]string{component}, flags...)...), nil
}
