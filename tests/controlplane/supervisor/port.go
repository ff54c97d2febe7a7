package supervisor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// reservedPort is a loopback TCP port that nobody else is given while it is
// held. Its socket is bound but does not listen, so no connection reaches it;
// the API server shares the port by SO_REUSEPORT (--permit-port-sharing). A port
// that is merely found free and let go again can be lost before it is used.
type reservedPort struct {
	socket int
	number int
}

func reservePort() (reservedPort, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return reservedPort{}, fmt.Errorf("no socket for the API server's port: %w", err)
	}
	port := reservedPort{socket: socket}
	if port.number, err = bindLoopback(socket); err != nil {
		port.release()
		return reservedPort{}, fmt.Errorf("no loopback port for the API server: %w", err)
	}
	return port, nil
}

// bindLoopback binds socket to a port of the kernel's choice and returns it.
func bindLoopback(socket int) (int, error) {
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	address, err := unix.Getsockname(socket)
	if err != nil {
		return 0, err
	}
	return address.(*unix.SockaddrInet4).Port, nil
}

func (p reservedPort) release() {
	_ = unix.Close(p.socket)
}
